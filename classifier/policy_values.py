"""A policy as it is applied: thresholds per head, what is done about harm, and the owner's wishes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from classifier.domain import Action
from classifier.owner import Wishes


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """From which score on a head asks for an action; ``None`` means never."""

    hold_at: float | None = None
    reject_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """When model and owner's rules disagree so strongly that a person decides; ``None`` means never.

    A rule that approves meets a score of at least ``approve_over``; a rule that rejects meets a model that finds
    nothing: every score that this policy acts on is below ``reject_under``.
    """

    approve_over: float | None = 0.95
    reject_under: float | None = 0.05


#: What a policy may do about direct threats, private addresses and calls to kill oneself or a group, by the codes of
#: the signals.
HARMS: Final = {
    "threat": ("threat.direct",),
    "doxing": ("privacy.address", "privacy.phone"),
    "self_harm": ("harm.self",),
    "group": ("harm.group",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A named, versioned policy; ``version`` is what decisions record, such as ``default@2`` or ``site@4+sports@2``.

    ``harms`` names the signals that do more than hold.
    """

    name: str
    version: str
    heads: Mapping[str, Thresholds]
    harms: Mapping[str, Action] = field(default_factory=dict)
    conflict: Conflict = Conflict()
    wishes: Wishes | None = None
