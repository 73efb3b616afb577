"""Which comments of a history a person is asked about, and how they are shown."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.domain import Action
from classifier.interview import HANDFUL, Interview, Said, pool_of
from classifier.lessons import RulingReason, labels_for
from classifier.registry import load_default
from classifier.scoring import Scorer
from service.commands.asking import shown
from service.imports.start import _of_hundred

WAVE = "Buy the finest garden hoses and tulip bulbs from our little shop around the corner, delivered today"
ORDINARY = (
    "I never understood why the council painted the railings of the harbour green.",
    "My grandmother used to sell apples on that market every Saturday morning.",
    "Does anybody know whether the library will open again before Christmas?",
    "The photograph must be older than the article says, the tower is missing.",
    "Thank you for explaining the new timetable so patiently to all of us.",
    "Complete nonsense, the bakery closed three years after the flood and not before.",
    "We heard the orchestra rehearse through the open windows of the theatre.",
    "If trams ran at night, fewer people would drive home from the stadium.",
    "A correction: the mayor resigned because of his health, not over the budget.",
    "Children from both schools planted these trees during the spring holidays.",
)


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    """The shipped model."""
    return load_default()


def cases(*, labelled: bool = False) -> list[Said]:
    """A wave of near copies among ordinary comments."""
    good = labels_for(Action.APPROVE, None) if labelled else {}
    wave = labels_for(Action.REJECT, RulingReason.SPAM) if labelled else {}
    ordinary = [Said(text, good, 0.25) for text in ORDINARY]
    return [*ordinary, *(Said(f"{WAVE} {number}", wave, 0.5) for number in range(12))]


def test_a_wave_of_copies_is_asked_about_once(scorer):
    """Whatever was answered, and never what was answered already."""
    interview = Interview(scorer, cases())
    asked: list[int] = []
    while handful := interview.next():
        assert len(handful) <= HANDFUL
        for place in handful:
            interview.answer(place, labels_for(Action.APPROVE, None) if place < 10 else {"spam": 1.0})
            asked.append(place)

    assert len(asked) == len(set(asked))
    assert sorted(place for place in asked if place < 10) == list(range(10))
    assert len([place for place in asked if place >= 10]) == 1


def test_labels_of_the_history_do_not_keep_a_comment_from_being_asked_about(scorer):
    """They are weak; a skipped question does not come again, one that was taken back does."""
    interview = Interview(scorer, cases(labelled=True))
    everything = interview.next()
    skipped = everything[0]

    interview.answer(skipped, {})
    without = interview.next()
    interview.forget(skipped)

    assert len(everything) == HANDFUL
    assert skipped not in without
    assert interview.next() == everything


def test_the_pool_is_half_doubt_and_half_chance_and_one_of_each_group():
    """The same history gives the same pool."""
    logits = np.array([[float(at), 50.0] for at in range(100)])
    groups = [at // 2 * 2 for at in range(100)]

    pool = pool_of(logits, groups, size=20)

    assert pool == pool_of(logits, groups, size=20)
    assert len(pool) == 20
    assert set(range(0, 20, 2)) <= set(pool)
    assert all(at % 2 == 0 for at in pool)
    assert pool_of(logits[:3], [0, 0, 2], size=20) == [0, 2]


@given(st.text(max_size=2_000))
def test_a_comment_cannot_speak_to_the_terminal(text: str):
    """Whatever it holds: nothing but printable characters in lines of bounded length and number."""
    lines = shown(text)

    assert len(lines) <= 11
    assert all(len(line) <= 100 for line in lines)
    assert all(not unicodedata.category(each).startswith("C") for line in lines for each in line)


def test_escape_sequences_and_reversed_text_are_drawn():
    """As what they are."""
    assert shown("\x1b[31mred\u202eder\r\nnext") == ["\\x1b[31mred\\x202eder", "next"]


@given(st.tuples(*(st.integers(0, 5_000) for _ in range(3))))
def test_shares_come_to_a_hundred(counts: tuple[int, int, int]):
    """And none is off by one or more."""
    found = _of_hundred(dict(zip(Action, counts, strict=True)))

    if not sum(counts):
        assert set(found.values()) == {0}
        return
    assert sum(found.values()) == 100
    for action, count in zip(Action, counts, strict=True):
        assert abs(found[action] - 100 * count / sum(counts)) < 1.0
