"""A measured number: its target, its interval, its count, and whether it is where it should be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from classifier.evaluation import proportion
from classifier.scoring import Floats

DRAWS = 300
Drawn = TypeVar("Drawn", bound=np.generic)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the result; ``at_most`` or ``at_least`` is its target, without which it is there for the record."""

    group: str
    name: str
    value: float
    column: str = ""
    """Figures with a column stand in one table: a row for each name."""
    low: float | None = None
    high: float | None = None
    of: int | None = None
    at_least: float | None = None
    at_most: float | None = None
    kind: str = "share"  # or "number"
    note: str = ""

    @property
    def reached(self) -> str:
        """``yes``, ``no``, ``within error`` when only the interval reaches the target, or nothing without a target."""
        if self.at_least is None and self.at_most is None:
            return ""
        low = self.value if self.low is None else self.low
        high = self.value if self.high is None else self.high
        if _between(self.value, self.at_least, self.at_most):
            return "yes"
        touches = (self.at_least is None or high >= self.at_least) and (self.at_most is None or low <= self.at_most)
        return "within error" if touches else "no"

    def as_json(self) -> dict[str, Any]:
        """For the file."""
        return {**asdict(self), "reached": self.reached}

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Figure:
        """From the file."""
        return cls(**{name: value for name, value in fields.items() if name != "reached"})


def _between(value: float, low: float | None, high: float | None) -> bool:
    return (low is None or value >= low) and (high is None or value <= high)


def counted(group: str, name: str, hits: int, total: int, **more: Any) -> Figure:
    """A share with its 95% Clopper-Pearson interval; of ``at_most`` figures the upper end is the bound to look at."""
    share = proportion(hits, total)
    return Figure(
        group=group, name=name, value=hits / max(total, 1), low=share["low"], high=share["high"], of=total, **more
    )


def drawn(
    group: str,
    name: str,
    statistic: Callable[[np.random.Generator | None], float],
    *,
    of: int | None = None,
    **more: Any,
) -> Figure:
    """A statistic with its 95% bootstrap interval; it is called without a generator for the value itself."""
    rng = np.random.default_rng(0)
    values = [statistic(rng) for _ in range(DRAWS)]
    low, high = np.quantile(values, [0.025, 0.975])
    return Figure(group=group, name=name, value=statistic(None), low=float(low), high=float(high), of=of, **more)


def resampled(values: npt.NDArray[Drawn], rng: np.random.Generator | None) -> npt.NDArray[Drawn]:
    """The values, or as many drawn from them with replacement."""
    return values if rng is None else values[rng.integers(0, len(values), len(values))]


def auc(positive: Floats, negative: Floats) -> float:
    """Area under the ROC curve; ties count half."""
    ranks = rankdata(np.concatenate([positive, negative]))[: len(positive)]
    return float((ranks.sum() - len(positive) * (len(positive) + 1) / 2) / (len(positive) * len(negative)))


def caught(positive: Floats, negative: Floats, passing: float) -> float:
    """Share of positives above the threshold that this share of negatives passes."""
    return float((positive > np.quantile(negative, 1 - passing)).mean())
