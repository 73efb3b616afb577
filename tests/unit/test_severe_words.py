"""What is hidden of a grave text: the words that make it so."""

from __future__ import annotations

import pytest

from service.desk.severe_words import MOST_HIDDEN, hide_severe
from service.desk.shown_text import Mark


def hidden(raw: str, *spans: tuple[int, int], text_format: str = "text") -> list[str]:
    """What of a text is hidden when these stretches of it are severe."""
    marks = [Mark(*span, "It threatens.", severe=True) for span in spans or ((0, len(raw)),)]
    return [raw[mark.start : mark.end] for mark in hide_severe(raw, text_format, marks) if mark.severe]


def test_small_words_stay_open():
    """Whoever reads sees who speaks to whom."""
    assert hidden("Hello, I will rip off your head", (7, 31)) == ["rip", "head"]


def test_profane_words_are_hidden_wherever_they_stand():
    """Also outside of what a reason points at."""
    assert hidden("You cunt, I will find you", (10, 25)) == ["cunt", "find"]
    assert hidden("What a cunt the mayor is") == ["cunt"]


@pytest.mark.parametrize("text", ["Die", "kill", "Murder everybody", "x", "!!!", "", "杀死你们"])
def test_never_all_of_a_text_is_hidden(text: str):
    """Of a text of nothing else the first letters are seen."""
    assert sum(map(len, hidden(text))) < max(1, len(text))


def test_markup_is_no_word():
    """A text is all of what its readers see, without the tags."""
    assert hidden("<b>kill</b>", text_format="html") == ["ill"]


def test_a_long_text_is_hidden_to_its_end():
    """However many words there are."""
    text = "kill, " * (2 * MOST_HIDDEN) + "then I go"
    found = hide_severe(text, "text", [Mark(0, len(text) - 10, "", severe=True)])
    severe = [mark for mark in found if mark.severe]

    assert len(severe) == MOST_HIDDEN
    assert severe[-1].end == text.rindex("kill") + 4
