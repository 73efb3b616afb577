"""Which pile of the moderators' queue a held comment belongs on: probably fine, uncertain, or probably bad."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from classifier.domain import Verdict

#: From this probability of spam or abuse on, a comment is probably bad; below the other one it is probably fine.
BAD_FROM: Final = 0.9
FINE_BELOW: Final = 0.4
#: Risk of a comment that nobody could score.
UNKNOWN_RISK: Final = 0.5


class Lane(StrEnum):
    """A pile of the queue."""

    FINE = "fine"
    """Held for a rule, a gate or a fact; the text itself looks harmless. A pile to rest in."""
    UNCERTAIN = "uncertain"
    BAD = "bad"


def risk_of(verdict: Verdict) -> float:
    """The highest calibrated probability of any kind of spam or abuse, in 0..1."""
    return max(verdict.scores.values(), default=UNKNOWN_RISK)


def lane_of(verdict: Verdict) -> Lane:
    """The pile for a verdict; what should be seen first is never taken for harmless."""
    risk = risk_of(verdict)
    if risk >= BAD_FROM:
        return Lane.BAD
    if risk < FINE_BELOW and not verdict.escalate:
        return Lane.FINE
    return Lane.UNCERTAIN
