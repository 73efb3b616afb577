"""What a moderator's ruling teaches the model: only what it says about the text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from classifier.domain import HEADS, Action


class RulingReason(StrEnum):
    """Why a moderator ruled; the first ones are heads of the model."""

    SPAM = "spam"
    TOXICITY = "toxicity"
    SEVERE_TOXICITY = "severe_toxicity"
    INSULT = "insult"
    THREAT = "threat"
    IDENTITY_ATTACK = "identity_attack"
    OBSCENE = "obscene"
    SEXUAL = "sexual"
    OFF_TOPIC = "off_topic"
    DUPLICATE = "duplicate"
    PRIVACY = "privacy"
    EXCEPTION = "exception"
    """Right here, but no example for other comments."""
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """A text with the labels that a person gave it, how much they count, and where they come from."""

    text: str
    labels: Mapping[str, float]
    weight: float = 1.0
    origin: str = ""


#: A text that may appear is neither spam nor abuse.
_GOOD: Final = MappingProxyType(dict.fromkeys(HEADS, 0.0))
_NOTHING: Final[Mapping[str, float]] = MappingProxyType({})
#: These are toxic too. An attack on a group is not among them: identity words must not turn toxic.
_TOXIC: Final = frozenset({RulingReason.SEVERE_TOXICITY, RulingReason.INSULT, RulingReason.THREAT})


def labels_for(action: Action, reason: RulingReason | None) -> Mapping[str, float]:
    """What a ruling says of each head; a head that is not there stays unknown.

    Approving says that a text is neither spam nor abuse. Rejecting says only what its reason names: without one, or as
    off topic, a duplicate or private, it says nothing about the words.
    """
    if reason is RulingReason.EXCEPTION:
        return _NOTHING
    if action is Action.APPROVE:
        return _GOOD
    if action is Action.HOLD or reason is None or reason.value not in HEADS:
        return _NOTHING
    return {reason.value: 1.0, "toxicity": 1.0} if reason in _TOXIC else {reason.value: 1.0}
