"""The comment state machine: every standing and event, and a status that can be rebuilt from its history."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from classifier.domain import Action, Status
from classifier.lifecycle import (
    ACTION_OF_STATUS,
    DECIDED,
    STATUS_OF_ACTION,
    TABLE,
    Event,
    Standing,
    next_status,
    standing,
)

# Written out by hand from the table of states in the architecture guide: where, what happens, what becomes of it.
PROMISED = """
pending    decided_approve  approved
pending    decided_hold     held
pending    decided_reject   rejected
pending    late             held
pending    ruled_approve    approved
pending    ruled_reject     rejected
pending    ruled_hold       held
pending    reported         -
pending    edited           pending
pending    unruled          -
pending    erased           erased
held_late  decided_approve  approved
held_late  decided_hold     held
held_late  decided_reject   rejected
held_late  late             -
held_late  ruled_approve    approved
held_late  ruled_reject     rejected
held_late  ruled_hold       held
held_late  reported         -
held_late  edited           pending
held_late  unruled          -
held_late  erased           erased
decided    decided_approve  -
decided    decided_hold     -
decided    decided_reject   -
decided    late             -
decided    ruled_approve    approved
decided    ruled_reject     rejected
decided    ruled_hold       held
decided    reported         -
decided    edited           pending
decided    unruled          -
decided    erased           erased
published  decided_approve  -
published  decided_hold     -
published  decided_reject   -
published  late             -
published  ruled_approve    approved
published  ruled_reject     rejected
published  ruled_hold       held
published  reported         held
published  edited           pending
published  unruled          -
published  erased           erased
ruled      decided_approve  -
ruled      decided_hold     -
ruled      decided_reject   -
ruled      late             -
ruled      ruled_approve    approved
ruled      ruled_reject     rejected
ruled      ruled_hold       held
ruled      reported         -
ruled      edited           pending
ruled      unruled          pending
ruled      erased           erased
erased     decided_approve  -
erased     decided_hold     -
erased     decided_reject   -
erased     late             -
erased     ruled_approve    -
erased     ruled_reject     -
erased     ruled_hold       -
erased     reported         -
erased     edited           -
erased     unruled          -
erased     erased           -
"""
ROWS = [line.split() for line in PROMISED.strip().splitlines()]


@pytest.mark.parametrize(("where", "event", "becomes"), ROWS)
def test_what_each_event_makes_of_a_comment(where, event, becomes):
    """The whole table, so that a changed cell is a changed test."""
    expected = None if becomes == "-" else Status(becomes)

    assert next_status(Standing(where), Event(event)) is expected


def test_the_table_above_names_every_standing_and_event():
    """A new event or standing is promised something here before it ships."""
    assert {(where, event) for where, event, _ in ROWS} == {(s.value, e.value) for s in Standing for e in Event}
    assert set(TABLE) == set(Standing)


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("ruled", [False, True])
def test_where_a_comment_stands(status, late, ruled):
    """Erasure is final, then a person's word counts, then whether the machine has spoken."""
    found = standing(status, late=late, ruled=ruled)

    if status is Status.ERASED:
        assert found is Standing.ERASED
    elif ruled:
        assert found is Standing.RULED
    elif status is Status.PENDING:
        assert found is Standing.PENDING
    elif late:
        assert found is Standing.HELD_LATE
    else:
        assert found is (Standing.PUBLISHED if status is Status.APPROVED else Standing.DECIDED)


def test_actions_and_statuses_are_one_to_one():
    """What the blog should do follows from where the comment stands; only pending and erased say nothing."""
    assert set(STATUS_OF_ACTION) == set(DECIDED) == set(Action)
    assert {ACTION_OF_STATUS[status] for status in STATUS_OF_ACTION.values()} == set(Action)
    assert set(Status) - set(ACTION_OF_STATUS) == {Status.PENDING, Status.ERASED}


@dataclass(frozen=True)
class Comment:
    """What the database keeps beside the history."""

    status: Status = Status.PENDING
    late: bool = False
    ruled: bool = False


def step(comment: Comment, event: Event) -> Comment:
    """One event, as the use cases apply it."""
    status = next_status(standing(comment.status, late=comment.late, ruled=comment.ruled), event)
    if status is None:
        return comment
    if event is Event.EDITED:
        return Comment()
    ruled = comment.ruled or event in {Event.RULED_APPROVE, Event.RULED_REJECT, Event.RULED_HOLD}
    return replace(comment, status=status, late=event is Event.LATE, ruled=ruled)


def rebuilt(history: list[Event]) -> Status:
    """The status as anybody would tell it from the history, without the table."""
    if Event.ERASED in history:
        return Status.ERASED
    edits = [index for index, event in enumerate(history) if event is Event.EDITED]
    current = history[edits[-1] + 1 :] if edits else history
    rulings = [event for event in current if event in {Event.RULED_APPROVE, Event.RULED_REJECT, Event.RULED_HOLD}]
    if rulings:
        by_person = {Event.RULED_APPROVE: Status.APPROVED, Event.RULED_REJECT: Status.REJECTED}
        return by_person.get(rulings[-1], Status.HELD)
    by_machine = {event: STATUS_OF_ACTION[action] for action, event in DECIDED.items()}
    decisions = [by_machine[event] for event in current if event in by_machine]
    if decisions:
        first = next(at for at, event in enumerate(current) if event in by_machine)
        flagged = decisions[0] is Status.APPROVED and Event.REPORTED in current[first:]
        return Status.HELD if flagged else decisions[0]
    return Status.HELD if Event.LATE in current else Status.PENDING


class History(RuleBasedStateMachine):
    """A comment to which anything may happen in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.comment = Comment()
        self.history: list[Event] = []

    @rule(event=st.sampled_from([event for event in Event if event not in {Event.ERASED, Event.UNRULED}]))
    def happens(self, event: Event) -> None:
        """Everything but the end, and a ruling taken back: that replays the history, as a contract test shows."""
        self.comment = step(self.comment, event)
        self.history.append(event)

    @rule(really=st.integers(0, 9))
    def erased(self, really: int) -> None:
        """The end, now and then."""
        if really == 0:
            self.comment = step(self.comment, Event.ERASED)
            self.history.append(Event.ERASED)

    @invariant()
    def the_status_can_be_rebuilt(self) -> None:
        """Status is a cache of history."""
        assert self.comment.status is rebuilt(self.history)

    @invariant()
    def late_means_held_by_the_clock(self) -> None:
        """Only a comment that a person has not ruled on, and the machine not decided, waits for the machine still."""
        assert not self.comment.late or (self.comment.status in {Status.HELD, Status.ERASED} and not self.comment.ruled)


TestHistory = History.TestCase
