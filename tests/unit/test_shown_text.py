"""A comment's text in pieces: nothing is lost, nothing is made up, and what is hidden is named."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from service.desk.shown_text import (
    GLANCE,
    MOST_SHOWN,
    Mark,
    as_it_is,
    as_seen,
    at_a_glance,
    hides_anything,
    shown,
)

TEXTS = st.text(max_size=400) | st.lists(
    st.sampled_from(
        ["<b>", "</a>", "<a href='https://evil.example'>", "&amp;", "\u200b", "Вuy", "𝓯", "word ", "\u202e", "\n"]
    ),
    max_size=40,
).map("".join)
MARKS = st.lists(st.builds(Mark, st.integers(0, 500), st.integers(0, 500), st.just("why"), st.booleans()), max_size=8)


@given(TEXTS, MARKS)
def test_pieces_are_the_text(raw: str, marks: list[Mark]):
    """Put together they are what a reader sees, whatever is marked."""
    for text_format in ("text", "html"):
        text = shown(raw, text_format)

        assert "".join(piece.text for piece in as_seen(text, marks)) == text.base
        assert len("".join(piece.text for piece in at_a_glance(text, marks))) <= GLANCE + 1
        drawn = as_it_is(raw, text, marks)
        kept = "".join(piece.text for piece in drawn if piece.kind in {"text", "look"})
        assert all(char in text.base for char in kept)
        assert all(piece.text for piece in drawn)


@given(TEXTS)
def test_marks_of_html_are_on_what_they_were_about(raw: str):
    """A span of the raw text marks the same words where markup is gone."""
    marked = f"{raw}<b>needle</b>"
    at = marked.rindex("needle")

    pieces = as_seen(shown(marked, "html"), [Mark(at, at + 6, "why")])

    assert "".join(piece.text for piece in pieces if piece.why) == "needle"


def test_what_nobody_sees_has_a_name():
    """Control characters without one are called by their number."""
    pieces = as_it_is("a\u200bb\x07c", shown("a\u200bb\x07c", "text"), [])

    assert [(piece.text, piece.kind) for piece in pieces] == [
        ("a", "text"),
        ("ZERO WIDTH SPACE", "box"),
        ("b", "text"),
        ("U+0007", "box"),
        ("c", "text"),
    ]
    assert not hides_anything(as_it_is("plain", shown("plain", "text"), []))


def test_letters_of_other_scripts_are_no_disguise():
    """A Cyrillic word is a word; a Latin one with a Cyrillic letter in it is not."""
    honest = "Привет, это просто слово"

    assert not hides_anything(as_it_is(honest, shown(honest, "text"), []))
    (look,) = [piece for piece in as_it_is("Pаy", shown("Pаy", "text"), []) if piece.kind == "look"]
    assert (look.text, look.trick) == ("а", "a")


def test_links_lead_where_they_say():
    """Behind its words a link's whole address, behind an address its host, in letters that cannot be mistaken."""
    raw = 'See <a href="https://xn--e1awd7f.example/a">the bank</a> or https://bank.example/login now'

    pieces = as_it_is(raw, shown(raw, "html"), [])
    told = "".join(piece.text for piece in pieces)

    assert told.index("the bank") < told.index("[https://xn--e1awd7f.example/a]") < told.index("[bank.example]")


def test_an_address_hides_nothing_and_is_no_link():
    """Characters that nobody sees are named in it; another script's host is said in plain letters too."""
    raw = '<a href="https://bаnk.example/lo\u200bgin?next=/a">here</a>'

    (host,) = [piece.text for piece in as_it_is(raw, shown(raw, "html"), []) if piece.kind == "host"]

    assert "/lo<ZERO WIDTH SPACE>gin?next=/a" in host
    assert "xn--" in host


def test_a_long_text_is_cut_and_its_length_known():
    """Sixty thousand characters are not put into a page unasked."""
    text = shown("x" * 60_000, "text")

    assert sum(len(piece.text) for piece in as_seen(text, [])) == MOST_SHOWN
    assert text.length == 60_000
