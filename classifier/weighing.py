"""One comment weighed: what the model says, signals and the owner's demands, made into an action by the policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import exp

from classifier.domain import HEADS, Action, Context, Signal
from classifier.owner import Demand
from classifier.policy import Policy, Ruled, Thresholds, decide, reason_of
from classifier.relevance import language_in
from classifier.signals import UNREAD, find_signals
from classifier.text import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """A judgement with all that went into it. ``logits`` are those of the model, ``sums`` with signals and rules."""

    context: Context
    document: Document
    policy: Policy
    logits: Mapping[str, float]
    signals: tuple[Signal, ...]
    demands: tuple[Demand, ...]
    sums: Mapping[str, float]
    scores: Mapping[str, float]
    ruled: Ruled

    @property
    def action(self) -> Action:
        """What comes out."""
        return self.ruled.action

    @property
    def language(self) -> str | None:
        """The language of the text, if it is plain."""
        return language_in(self.document)

    @property
    def codes(self) -> frozenset[str]:
        """The codes of its reasons."""
        return frozenset(reason.code for reason in self.ruled.reasons)


def weigh(
    context: Context, document: Document, logits: Mapping[str, float], policy: Policy, *, without: str = ""
) -> Weighed:
    """Add signals and rules about a head to its logit, then let the policy decide.

    ``without`` is the code of a demand of the owner that is left out, as if it were not in the policy.
    """
    signals = find_signals(context, document)
    demands: tuple[Demand, ...] = ()
    if policy.wishes is not None:
        moment = context.created_at or context.now or datetime.now(UTC)
        found = policy.wishes.find(context, document, moment)
        demands = tuple(demand for demand in found if demand.signal.code != without)
        if policy.wishes.allows_links(document):
            signals = tuple(signal for signal in signals if not signal.code.startswith("links."))
    sums = dict(logits)
    for signal in (*signals, *(demand.signal for demand in demands)):
        if signal.head is not None:
            sums[signal.head] += signal.weight
    scores = {head: round(chance(sums[head]), 6) for head in HEADS}
    return Weighed(
        context=context,
        document=document,
        policy=policy,
        logits=logits,
        signals=signals,
        demands=demands,
        sums=sums,
        scores=scores,
        ruled=_read_whole(decide(policy, signals, scores, demands), signals),
    )


def _read_whole(ruled: Ruled, signals: Sequence[Signal]) -> Ruled:
    """A text of which only a part was read is for a person, whatever that part says."""
    unread = next((signal for signal in signals if signal.code == UNREAD), None)
    if unread is None or ruled.action is Action.HOLD:
        return ruled
    others = (reason for reason in ruled.reasons if reason.code != UNREAD)
    return Ruled(Action.HOLD, (reason_of(unread), *others))


def lines_of(thresholds: Thresholds | None) -> Sequence[float]:
    """The scores from which on a head is acted on, the lowest first."""
    found = (thresholds.hold_at, thresholds.reject_at) if thresholds else ()
    return sorted(line for line in found if line is not None)


def chance(logit: float) -> float:
    """The probability that a logit stands for."""
    if not -60.0 <= logit <= 60.0:
        logit = min(max(logit, -60.0), 60.0)
    return 1.0 / (1.0 + exp(-logit))
