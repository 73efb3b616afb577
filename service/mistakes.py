"""How many mistakes to expect of ruling alike on everything in a range of risk, as far as people's own rulings tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy.engine import Connection

from classifier.domain import Action
from classifier.proof import most_likely_share
from service.proofs import model_on
from service.store.looks import ruled_one_by_one

#: With fewer rulings in the range nothing is said of it.
FEWEST: Final = 20
CONFIDENCE: Final = 0.95


@dataclass(frozen=True, slots=True)
class Mistakes:
    """Of ``looked`` comments in the range on which people ruled one by one, ``wrong`` went the other way.

    ``expected``, ``least`` and ``most`` are for the whole set; nothing when too few were looked at.
    """

    looked: int
    wrong: int
    expected: float | None = None
    least: float | None = None
    most: float | None = None


def expected_mistakes(
    connection: Connection, site_id: str, *, risk_from: float, risk_to: float, count: int
) -> dict[Action, Mistakes]:
    """What approving and what rejecting ``count`` comments of such a risk would get wrong."""
    ruled = ruled_one_by_one(connection, site_id, model_on(connection, site_id))
    approved = [good for good, scores in ruled if risk_from <= max(scores.values()) <= risk_to]
    good = sum(approved)
    return {
        Action.REJECT: mistakes_of(good, len(approved), count),
        Action.APPROVE: mistakes_of(len(approved) - good, len(approved), count),
    }


def mistakes_of(wrong: int, looked: int, count: int) -> Mistakes:
    """The same from numbers; the interval is Clopper and Pearson's, which never promises too much."""
    if looked < FEWEST:
        return Mistakes(looked, wrong)
    beyond = 1 - (1 - CONFIDENCE) / 2
    most = most_likely_share(wrong, looked, beyond)
    least = 1 - most_likely_share(looked - wrong, looked, beyond)
    return Mistakes(looked, wrong, count * wrong / looked, count * least, count * most)
