"""Two model versions side by side: their recipes, their reports, and how they judge the same comments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt
from typing import Any, Final

from classifier.adaptation import Adaptation
from classifier.assess import assess
from classifier.domain import Action, Context, Verdict
from classifier.policy import Policy
from classifier.scoring import Scorer

#: So many comments are judged as one batch.
PORTION: Final = 256
#: So many comments of each kind of flip are named.
EXAMPLES: Final = 10
_Z: Final = 1.959964
_BEFORE_OR_AFTER: Final = " / auc_"


@dataclass(frozen=True, slots=True)
class Case:
    """A comment to judge, the policy it stands under, and how a person ruled on it, if one did."""

    id: str
    context: Context
    policy: Policy
    ruled: Action | None = None


@dataclass(frozen=True, slots=True)
class Judge:
    """A model, perhaps with what one site's moderators taught."""

    scorer: Scorer
    adaptation: Adaptation | None = None

    @property
    def version(self) -> str:
        """The version that `sluice models` names it by."""
        return self.scorer.version if self.adaptation is None else self.adaptation.version

    def judge(self, cases: Sequence[Case]) -> list[Verdict]:
        """A verdict on each, all taken to be of the site that taught."""
        contexts, policies = [case.context for case in cases], [case.policy for case in cases]
        return assess(contexts, self.scorer, policies, None, [self.adaptation] * len(cases))


@dataclass(slots=True)
class Comparison:
    """How two models judged the same comments."""

    judged: int = 0
    #: How often the one said this and the other that.
    counts: Counter[tuple[Action, Action]] = field(default_factory=Counter)
    #: Ids of the first comments of each kind of flip.
    examples: dict[tuple[Action, Action], list[str]] = field(default_factory=dict)
    ruled: int = 0
    #: How many rulings each of the two agreed with.
    agreed: list[int] = field(default_factory=lambda: [0, 0])

    @property
    def same(self) -> int:
        """How many comments both judged alike."""
        return sum(count for (one, other), count in self.counts.items() if one is other)

    def add(self, cases: Sequence[Case], one: Judge, other: Judge) -> None:
        """Judge some more comments by both."""
        for case, first, second in zip(cases, one.judge(cases), other.judge(cases), strict=True):
            flip = (first.action, second.action)
            self.judged += 1
            self.counts[flip] += 1
            if flip[0] is not flip[1] and len(self.examples.setdefault(flip, [])) < EXAMPLES:
                self.examples[flip].append(case.id)
            if case.ruled is not None:
                self.ruled += 1
                for at, action in enumerate(flip):
                    self.agreed[at] += action is case.ruled


def interval(hits: int, of: int) -> tuple[float, float]:
    """Where a share lies with 95% confidence (Wilson)."""
    if not of:
        return 0.0, 1.0
    share, z = hits / of, _Z**2 / of
    middle = (share + z / 2) / (1 + z)
    half = _Z / (1 + z) * sqrt(share * (1 - share) / of + z / (4 * of))
    return max(0.0, middle - half), min(1.0, middle + half)


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """Where two nested documents differ: path, what the one says, what the other says."""
    left, right = dict(_leaves(one)), dict(_leaves(other))
    paths = dict.fromkeys([*left, *right])
    return [(path, left.get(path), right.get(path)) for path in paths if left.get(path) != right.get(path)]


def areas(report: Mapping[str, Any]) -> dict[str, float]:
    """Every area under a curve that a report has, by its path; an adaptation's has one before and one after it."""
    found = {}
    for path, value in _leaves(report):
        name = path.removesuffix(" / auc") if path.endswith(" / auc") else path.removesuffix(" / value")
        if name != path and (path.endswith(" / auc") or _BEFORE_OR_AFTER in name) and isinstance(value, int | float):
            found[name] = float(value)
    return found


def key_numbers(report: Mapping[str, Any]) -> dict[str, tuple[float, int]]:
    """The mean area of each group of a report, and of how many."""
    groups: dict[str, list[float]] = {}
    for path, value in areas(report).items():
        parts = path.split(" / ")
        groups.setdefault(parts[-1 if _BEFORE_OR_AFTER in path else 0], []).append(value)
    return {name: (sum(values) / len(values), len(values)) for name, values in groups.items()}


def _leaves(document: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in document.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{path}{name} / ")
        else:
            yield f"{path}{name}", value
