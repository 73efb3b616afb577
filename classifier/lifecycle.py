"""The comment state machine as one table.

Every change of a comment's status in the product goes through ``next_status``; an event that has no row for a status
changes nothing.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from classifier.domain import Action, Status


class Event(StrEnum):
    """What can happen to a comment after it was submitted."""

    DECIDED_APPROVE = "decided_approve"
    DECIDED_HOLD = "decided_hold"
    DECIDED_REJECT = "decided_reject"
    LATE = "late"
    RULED_APPROVE = "ruled_approve"
    RULED_REJECT = "ruled_reject"
    RULED_HOLD = "ruled_hold"
    REPORTED = "reported"
    UNRULED = "unruled"
    EDITED = "edited"
    ERASED = "erased"


class Standing(StrEnum):
    """A status, with the two facts beside it that decide what may happen next."""

    PENDING = "pending"
    HELD_LATE = "held_late"
    DECIDED = "decided"
    PUBLISHED = "published"
    """Decided too: approved, and no person has spoken."""
    RULED = "ruled"
    ERASED = "erased"


DECIDED: Final = {
    Action.APPROVE: Event.DECIDED_APPROVE,
    Action.HOLD: Event.DECIDED_HOLD,
    Action.REJECT: Event.DECIDED_REJECT,
}
STATUS_OF_ACTION: Final = {
    Action.APPROVE: Status.APPROVED,
    Action.HOLD: Status.HELD,
    Action.REJECT: Status.REJECTED,
}
ACTION_OF_STATUS: Final = {status: action for action, status in STATUS_OF_ACTION.items()}

_DECISIONS: Final = {
    Event.DECIDED_APPROVE: Status.APPROVED,
    Event.DECIDED_HOLD: Status.HELD,
    Event.DECIDED_REJECT: Status.REJECTED,
}
_RULINGS: Final = {
    Event.RULED_APPROVE: Status.APPROVED,
    Event.RULED_REJECT: Status.REJECTED,
    # A person puts it back into the queue; the machine does not take it out again.
    Event.RULED_HOLD: Status.HELD,
}
RULED: Final = {
    Action.APPROVE: Event.RULED_APPROVE,
    Action.REJECT: Event.RULED_REJECT,
    Action.HOLD: Event.RULED_HOLD,
}
_LEAVING: Final = {Event.EDITED: Status.PENDING, Event.ERASED: Status.ERASED}

#: What each event makes of a comment, by where it stands on its current revision.
TABLE: Final = {
    Standing.PENDING: _DECISIONS | {Event.LATE: Status.HELD} | _RULINGS | _LEAVING,
    # A machine's answer that comes after the deadline still counts, as long as no person has spoken.
    Standing.HELD_LATE: _DECISIONS | _RULINGS | _LEAVING,
    Standing.DECIDED: _RULINGS | _LEAVING,
    # So many readers flagged it that it comes down until a person has looked. What a person ruled stays up.
    Standing.PUBLISHED: _RULINGS | _LEAVING | {Event.REPORTED: Status.HELD},
    # A decision never overturns a ruling on the same revision; it is only recorded.
    # A ruling taken back leaves the comment as if no person had spoken; what else is on record is then applied again.
    Standing.RULED: _RULINGS | _LEAVING | {Event.UNRULED: Status.PENDING},
    Standing.ERASED: {},
}


def standing(status: Status, *, late: bool, ruled: bool) -> Standing:
    """Where a comment stands, from its status, whether it was held for lateness, and whether a person ruled."""
    if status is Status.ERASED:
        return Standing.ERASED
    if ruled:
        return Standing.RULED
    if status is Status.PENDING:
        return Standing.PENDING
    if late:
        return Standing.HELD_LATE
    return Standing.PUBLISHED if status is Status.APPROVED else Standing.DECIDED


def next_status(current: Standing, event: Event) -> Status | None:
    """The status after an event, or ``None`` when the event changes nothing."""
    return TABLE[current].get(event)
