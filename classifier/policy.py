"""Policies: thresholds per head, and how signals and scores become an action."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from classifier.domain import HEADS, Action, Reason, Signal

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """From which score on a head asks for an action; ``None`` means never."""

    hold_at: float | None = None
    reject_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A named, versioned set of thresholds; ``version`` is what decisions record, such as ``default@1``."""

    name: str
    version: str
    heads: Mapping[str, Thresholds]


@dataclass(frozen=True, slots=True)
class Ruled:
    """What a policy makes of the evidence."""

    action: Action
    reasons: tuple[Reason, ...]


def decide(policy: Policy, signals: Sequence[Signal], scores: Mapping[str, float]) -> Ruled:
    """Weigh signals and scores under a policy: the gravest action that anything asks for wins.

    A signal may cap what the score of its head can ask for.

    Reasons are given for what asked for an action, the weightiest first, and then for what spoke beside it.
    """
    action = Action.APPROVE
    reasons: list[Reason] = []
    caps = {signal.head: signal for signal in signals if signal.caps is not None}
    for head in HEADS:
        asked = _asked(policy.heads.get(head, Thresholds()), scores.get(head))
        cap = caps.get(head)
        if cap is not None and cap.caps is not None and _SEVERITY[asked] > _SEVERITY[cap.caps]:
            asked = cap.caps
            reasons.append(_reason(cap))
        if asked is not Action.APPROVE:
            action = _graver(action, asked)
            reasons.append(_score_reason(head, scores[head]))
    for signal in signals:
        if signal.forces is not None:
            action = _graver(action, signal.forces)
    if action is not Action.APPROVE:
        reasons += [_reason(signal) for signal in signals if signal.caps is None]
    return Ruled(action, tuple(sorted(reasons, key=lambda reason: -abs(reason.weight))))


def load_policy(path: Path) -> Policy:
    """Read a policy file (TOML)."""
    return parse_policy(tomllib.loads(path.read_text(encoding="utf-8")))


def parse_policy(fields: Mapping[str, Any]) -> Policy:
    """A policy from the fields of its file; a wrong one raises ``ValueError`` with the field named."""
    heads = {}
    for head, values in fields.get("heads", {}).items():
        if head not in HEADS:
            message = f"heads.{head}: no such head; the heads are {', '.join(HEADS)}."
            raise ValueError(message)
        unknown = set(values) - {"hold_at", "reject_at"}
        if unknown or not all(isinstance(value, int | float) and 0 <= value <= 1 for value in values.values()):
            message = f"heads.{head}: give hold_at and reject_at as numbers from 0 to 1."
            raise ValueError(message)
        heads[head] = Thresholds(**values)
    name = str(fields.get("name", "default"))
    return Policy(name=name, version=f"{name}@{fields.get('version', 1)}", heads=MappingProxyType(heads))


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


def _reason(signal: Signal) -> Reason:
    return Reason(code=signal.code, message=signal.message, weight=signal.weight, spans=signal.spans)


def _score_reason(head: str, score: float) -> Reason:
    return Reason(code=f"model.{head}", message=f"{_HEAD_MESSAGES[head]} ({score:.0%}).", weight=_logit(score))


def _logit(score: float) -> float:
    clipped = min(max(score, 1e-9), 1 - 1e-9)
    return log(clipped / (1 - clipped))


#: The policy of a site that has set none.
DEFAULT_POLICY: Final = load_policy(Path(__file__).parent / "policies" / "default.toml")
