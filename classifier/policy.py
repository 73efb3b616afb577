"""How signals, scores and the owner's demands become an action under a policy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Final

from classifier.domain import HEADS, Action, Reason, Signal
from classifier.owner import Demand, Source
from classifier.policy_document import DEFAULT_POLICY, PolicyError, load_policy, parse_policy
from classifier.policy_values import Conflict, Policy, Thresholds

__all__ = [
    "DEFAULT_POLICY",
    "Conflict",
    "Policy",
    "PolicyError",
    "Ruled",
    "Thresholds",
    "decide",
    "load_policy",
    "parse_policy",
    "reason_of",
]

_NO_LINES: Final = Thresholds()
_SEVERITY: Final = {Action.APPROVE: 0, Action.HOLD: 1, Action.REJECT: 2}

_HEAD_MESSAGES: Final = {
    "spam": "The text reads like spam",
    "toxicity": "The text reads as abusive",
    "severe_toxicity": "The text reads as severely abusive",
    "insult": "The text reads as an insult",
    "threat": "The text reads as a threat",
    "identity_attack": "The text reads as an attack on a group of people",
    "obscene": "The text reads as obscene",
    "sexual": "The text reads as sexual",
}


@dataclass(frozen=True, slots=True)
class Ruled:
    """What a policy makes of the evidence."""

    action: Action
    reasons: tuple[Reason, ...]


def decide(
    policy: Policy, signals: Sequence[Signal], scores: Mapping[str, float], demands: Sequence[Demand] = ()
) -> Ruled:
    """Weigh signals and scores under a policy, then the owner's demands.

    Without a demand the gravest action that anything asks for wins; a signal may cap what the score of its head can
    ask for. A rule or list that approves overrules model, signals and premoderation, but neither what escalates nor a
    closed article. Where model and rules, or two rules, disagree strongly, a person decides. Reasons are given for what
    asked for an action, the weightiest first, and then for what spoke beside it.
    """
    action = Action.APPROVE
    reasons: list[Reason] = []
    caps = {signal.head: signal for signal in signals if signal.caps is not None}
    for head in HEADS:
        asked = _asked(policy.heads.get(head, _NO_LINES), scores.get(head))
        if asked is Action.APPROVE:
            continue
        cap = caps.get(head)
        if cap is not None and cap.caps is not None and _SEVERITY[asked] > _SEVERITY[cap.caps]:
            asked = cap.caps
            reasons.append(reason_of(cap))
        if asked is not Action.APPROVE:
            action = _graver(action, asked)
            reasons.append(_score_reason(head, scores[head]))
    by_model = action
    for signal in signals:
        if signal.forces is not None:
            action = _graver(action, policy.harms.get(signal.code, signal.forces))
    if not demands and action is Action.APPROVE:
        return Ruled(action, ())
    reasons += [reason_of(signal) for signal in signals if signal.caps is None]
    if demands:
        hurts = any(signal.escalate for signal in signals)
        machine = _Machine(action, by_model, scores, tuple(reasons), hurts=hurts)
        return _with_demands(policy, machine, demands)
    return Ruled(action, _ordered(reasons))


@dataclass(frozen=True, slots=True)
class _Machine:
    """What came out before the owner was asked."""

    action: Action
    by_model: Action
    scores: Mapping[str, float]
    reasons: tuple[Reason, ...]
    hurts: bool


def _with_demands(policy: Policy, machine: _Machine, demands: Sequence[Demand]) -> Ruled:
    rules = [demand for demand in demands if demand.source in (Source.RULE, Source.LIST)]
    approving = [demand for demand in rules if demand.signal.forces is Action.APPROVE]
    against = [demand for demand in rules if demand.signal.forces in (Action.HOLD, Action.REJECT)]
    gates = [demand for demand in demands if demand.source is Source.PREMODERATION]
    closed = [demand for demand in demands if demand.source is Source.CLOSED]
    conflict: Reason | None = None
    if approving and not machine.hurts:
        conflict = _rules_disagree(approving, against) or _model_objects(policy, approving, machine)
        action = Action.APPROVE if conflict is None else Action.HOLD
        gates = []
    else:
        conflict = _model_sees_nothing(policy, against, machine)
        asked = Action.HOLD if conflict else _gravest(against)
        action = _graver(_graver(machine.action, asked), _gravest(gates))
    action = _graver(action, _gravest(closed))
    if action is Action.APPROVE:
        return Ruled(action, tuple(reason_of(demand.signal) for demand in approving))
    weighing = [demand for demand in rules if demand.signal.forces is None]
    first = [reason_of(demand.signal) for demand in (*closed, *against, *approving, *gates)]
    beside = [*machine.reasons, *(reason_of(demand.signal) for demand in weighing)]
    return Ruled(action, (*(() if conflict is None else (conflict,)), *first, *_ordered(beside)))


def _rules_disagree(approving: Sequence[Demand], against: Sequence[Demand]) -> Reason | None:
    if not against:
        return None
    return _conflict(f"{_named(approving)} asks to approve and {_named(against)} to {_gravest(against)}")


def _model_objects(policy: Policy, approving: Sequence[Demand], machine: _Machine) -> Reason | None:
    limit = policy.conflict.approve_over
    if limit is None or all(demand.final for demand in approving):
        return None
    acted_on = _acted_on(policy, machine.scores)
    head = max(acted_on, key=acted_on.__getitem__, default=None)
    if head is None or (acted_on[head] < limit and machine.by_model is not Action.REJECT):
        return None
    return _conflict(f"{_named(approving)} asks to approve, but the model's {head} is {acted_on[head]:.0%}")


def _model_sees_nothing(policy: Policy, against: Sequence[Demand], machine: _Machine) -> Reason | None:
    """Rules about words that reject what neither model nor signals find anything in; lists know who, not what."""
    limit = policy.conflict.reject_under
    rejecting = [demand for demand in against if demand.signal.forces is Action.REJECT]
    if limit is None or not rejecting or any(demand.final for demand in rejecting):
        return None
    if machine.action is not Action.APPROVE:
        return None
    acted_on = _acted_on(policy, machine.scores)
    worst = max(acted_on.values(), default=None)
    if worst is None or worst >= limit:
        return None
    return _conflict(f"{_named(rejecting)} asks to reject, but the model finds nothing (at most {worst:.0%})")


def _acted_on(policy: Policy, scores: Mapping[str, float]) -> dict[str, float]:
    """The scores that this policy acts on."""
    return {
        head: scores[head]
        for head, thresholds in policy.heads.items()
        if head in scores and (thresholds.hold_at is not None or thresholds.reject_at is not None)
    }


def _conflict(what: str) -> Reason:
    return Reason(code="policy.conflict", message=f"{what}; a person should decide.", weight=0.0)


def _named(demands: Sequence[Demand]) -> str:
    return ", ".join(dict.fromkeys(demand.signal.code for demand in demands))


def _gravest(demands: Iterable[Demand]) -> Action:
    actions = (demand.signal.forces or Action.APPROVE for demand in demands)
    return max(actions, key=_SEVERITY.__getitem__, default=Action.APPROVE)


def _asked(thresholds: Thresholds, score: float | None) -> Action:
    if score is None:
        return Action.APPROVE
    if thresholds.reject_at is not None and score >= thresholds.reject_at:
        return Action.REJECT
    if thresholds.hold_at is not None and score >= thresholds.hold_at:
        return Action.HOLD
    return Action.APPROVE


def _graver(first: Action, second: Action) -> Action:
    return max(first, second, key=_SEVERITY.__getitem__)


def _ordered(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    return tuple(sorted(reasons, key=lambda reason: -abs(reason.weight)))


def reason_of(signal: Signal) -> Reason:
    """A signal as a reason."""
    return Reason(
        code=signal.code,
        message=signal.message,
        weight=signal.weight,
        spans=signal.spans,
        escalate=signal.escalate,
        head=signal.head,
    )


def _score_reason(head: str, score: float) -> Reason:
    return Reason(
        code=f"model.{head}", message=f"{_HEAD_MESSAGES[head]} ({score:.0%}).", weight=_logit(score), head=head
    )


def _logit(score: float) -> float:
    clipped = min(max(score, 1e-9), 1 - 1e-9)
    return log(clipped / (1 - clipped))
