"""From which score on a site may reject by itself: a line that its moderators' rulings prove.

Counted are honest comments, those that a person approved, by the score they had **before** a person looked. A line is
proved when the share of honest comments at or above it is below the limit with the wanted confidence (the one-sided
Clopper-Pearson bound). Lines are tried from the strictest down in fixed steps, and the first that fails ends it, so
that trying many lines does not use up the confidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, lgamma, log, log1p
from typing import Final

#: The lines that are tried, the strictest first.
LINES: Final = tuple(round(0.995 - 0.005 * step, 3) for step in range(100))
#: Of the honest comments that people ruled on, at most so many may be at or above a line. These are the doubtful ones,
#: as people are asked about few others, so of all honest comments it is far fewer.
LIMIT: Final = 0.01
CONFIDENCE: Final = 0.95
#: A line that would have caught fewer is not worth having.
FEWEST_CAUGHT: Final = 5


@dataclass(frozen=True, slots=True)
class Proof:
    """A line and what proves it: ``wrong`` of ``honest`` comments reach it, and ``caught`` of those rejected for this.

    ``waiting`` comments that nobody ruled on yet reach it too, and count as honest ones. ``bound`` is the most that the
    share of wrong ones may be, with ``confidence``.
    """

    line: float
    honest: int
    wrong: int
    waiting: int
    caught: int
    bound: float
    confidence: float


def prove(
    honest: Sequence[float],
    rejected: Sequence[float],
    waiting: Sequence[float] = (),
    *,
    limit: float = LIMIT,
    confidence: float = CONFIDENCE,
) -> Proof | None:
    """The lowest line that is proved, if one is; each argument holds the scores of comments."""
    best: Proof | None = None
    for line in LINES:
        wrong, unknown = _reaching(honest, line), _reaching(waiting, line)
        bound = most_likely_share(wrong + unknown, len(honest) + unknown, confidence)
        if bound > limit:
            break
        caught = _reaching(rejected, line)
        if caught >= FEWEST_CAUGHT:
            best = Proof(line, len(honest), wrong, unknown, caught, bound, confidence)
    return best


def needed(limit: float = LIMIT, confidence: float = CONFIDENCE) -> int:
    """How many honest comments prove a line that none of them reaches."""
    return int(log1p(-confidence) / log1p(-limit)) + 1


def most_likely_share(hits: int, total: int, confidence: float) -> float:
    """The one-sided upper Clopper-Pearson bound of a share."""
    if hits >= total:
        return 1.0
    low, high = hits / total, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if _at_most(hits, total, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def _at_most(hits: int, total: int, share: float) -> float:
    """The chance of at most so many hits."""
    if share <= 0.0:
        return 1.0
    if share >= 1.0:
        return 0.0
    whole = lgamma(total + 1)
    terms = (
        whole - lgamma(count + 1) - lgamma(total - count + 1) + count * log(share) + (total - count) * log1p(-share)
        for count in range(hits + 1)
    )
    return sum(map(exp, terms))


def _reaching(scores: Sequence[float], line: float) -> int:
    return sum(score >= line for score in scores)
