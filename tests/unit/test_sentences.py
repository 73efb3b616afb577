"""Sentences and UTF-16 units: every stretch counted, in no time."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.protocols.sentences import MOST_SENTENCES, sentences, utf16_offsets


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One.", ["One."]),
        ("One. Two! Three? Four… Five", ["One. ", "Two! ", "Three? ", "Four… ", "Five"]),
        ('He said "no." Then he left.', ['He said "no." ', "Then he left."]),
        ("Version 2.5 costs 3.50 now", ["Version 2.5 costs 3.50 now"]),
        ("Wait... what?! Yes.", ["Wait... ", "what?! ", "Yes."]),
        ("line one\nline two\n\n line three", ["line one\n", "line two\n\n ", "line three"]),
        ("橋は美しい。でも高い!本当", ["橋は美しい。", "でも高い!本当"]),
        ("  . . Hello. World ", ["  . . Hello. ", "World "]),
        ("😀. 😀", ["😀. ", "😀"]),
    ],
)
def test_sentences(text, parts):
    """What people take for sentences, with the space behind them."""
    assert [text[begin:end] for begin, end in sentences(text)] == parts


@given(st.text(min_size=1, max_size=300))
def test_stretches_cover_the_text(text):
    """From the first to the last code point, without a gap, never too many; the last one reaches the end."""
    found = sentences(text)

    assert "".join(text[begin:end] for begin, end in found) == text
    assert found[0][0] == 0
    assert found[-1][1] == len(text)
    assert 1 <= len(found) <= MOST_SENTENCES


def test_many_sentences_are_joined():
    """A text of thousands costs no more judgements than one of a hundred."""
    assert MOST_SENTENCES // 2 < len(sentences("a. " * 6_000)) <= MOST_SENTENCES


@pytest.mark.parametrize("flood", [".", " ", "\n", '"', ". ", "。", "!?", ".\u2028"])
def test_floods_take_linear_time(flood):
    """Nothing that is sent makes the splitter slow."""
    began = time.process_time()
    sentences(flood * 200_000)

    assert time.process_time() - began < 2


def test_offsets_are_those_of_javascript():
    """An emoji counts two, a letter beyond Latin one."""
    text = "é😀橋x"

    assert utf16_offsets(text) == [0, 1, 3, 4, 5]
    assert utf16_offsets(text)[-1] == len(text.encode("utf-16-le")) // 2
