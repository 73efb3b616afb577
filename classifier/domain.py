"""The vocabulary of the brain: frozen values, no behaviour beyond their own shape.

Words are those of ``docs/explanation/architecture.md``; nothing here knows of Flask, Redis, RQ or SQL.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

#: The scores of every answer, in this order; each is a calibrated probability in 0..1.
HEADS: Final = (
    "spam",
    "toxicity",
    "severe_toxicity",
    "insult",
    "threat",
    "identity_attack",
    "obscene",
    "sexual",
)

#: Longest text that is scored, in code points.
MAX_TEXT_CHARS: Final = 65_536


class Action(StrEnum):
    """What the blog should do with a comment."""

    APPROVE = "approve"
    HOLD = "hold"
    REJECT = "reject"


class Status(StrEnum):
    """Where a comment stands."""

    PENDING = "pending"
    APPROVED = "approved"
    HELD = "held"
    REJECTED = "rejected"
    ERASED = "erased"


class TextFormat(StrEnum):
    """How to read a comment's text."""

    TEXT = "text"
    HTML = "html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """The commenter, as the blog described them; every field may be unknown."""

    id: str | None = None
    name: str | None = None
    email: str | None = None
    url: str | None = None
    ip: str | None = None
    user_agent: str | None = None
    role: str | None = None
    verified: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """The page commented on."""

    url: str = ""
    title: str | None = None
    text: str | None = None
    published_at: datetime | None = None
    tags: tuple[str, ...] = ()


class Identity(StrEnum):
    """How sure a site is that two comments come from the same person, the strongest first."""

    SIGNED = "signed"
    """The blog's own id of an author who signed in."""
    VERIFIED = "verified"
    """An email address that the blog verified."""
    TYPED = "typed"
    """An email address that anybody could have typed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorRecord:
    """How often this author's earlier comments on this site ended where; rulings are counted among them.

    ``earned`` counts approved comments that were more than a greeting and like no other: only these earn trust.
    """

    identity: Identity = Identity.TYPED
    approved: int = 0
    held: int = 0
    rejected: int = 0
    ruled_approved: int = 0
    ruled_rejected: int = 0
    earned: int = 0
    first_seen: datetime | None = None
    last_seen: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """How many comments came within ten minutes up to this one, itself included; ``None`` where nobody counts.

    ``site_usual`` is what the site gets in ten minutes of an ordinary day.
    """

    author: int | None = None
    network: int | None = None
    site: int | None = None
    site_usual: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """Earlier comments on this site that read the same or nearly so, from others or under other articles.

    ``same`` counts word-for-word copies, ``similar`` these and those with a few words exchanged.
    """

    same: int = 0
    similar: int = 0
    rejected: int = 0
    approved: int = 0
    days: int = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainRecord:
    """How often comments that link to a domain were approved or rejected on this site, rulings among them."""

    approved: int = 0
    rejected: int = 0
    ruled_approved: int = 0
    ruled_rejected: int = 0
    first_seen: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Everything the brain may look at when it judges one revision of one comment."""

    text: str
    format: TextFormat = TextFormat.TEXT
    author: Author = field(default_factory=Author)
    article: Article = field(default_factory=Article)
    parent_text: str | None = None
    lang: str | None = None
    created_at: datetime | None = None
    referrer: str | None = None
    honeypot: str | None = None
    form_seconds: float | None = None
    record: AuthorRecord | None = None
    """``None`` when nothing identifies the author."""
    rates: Rates | None = None
    likeness: Likeness | None = None
    domains: Mapping[str, DomainRecord] | None = None
    """What the site knows of the domains linked to; ``None`` where nobody looked, and a domain without an entry is new.
    """
    now: datetime | None = None
    """When this is judged."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the **raw** text, in code points; ``end`` is exclusive."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One named piece of evidence.

    ``weight`` is in logits towards trouble (negative speaks for the comment), added to the score of ``head`` when one
    is named. ``forces`` names an action that this evidence asks for whatever the scores say; ``caps`` the gravest one
    that the score of ``head`` may ask for. A ruling by a person is never subject to either. ``escalate`` marks what a
    person should see before anything else: a threat, a home address given away, a call to self-harm.
    """

    code: str
    message: str
    weight: float
    spans: tuple[Span, ...] = ()
    head: str | None = None
    forces: Action | None = None
    escalate: bool = False
    caps: Action | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a verdict came out as it did: a stable code, a sentence for people, a weight in logits.

    ``escalate``: a person should see this comment before others.
    """

    code: str
    message: str
    weight: float
    spans: tuple[Span, ...] = ()
    escalate: bool = False
    head: str | None = None
    """The score that the weight is part of, if it is part of one."""


class Change(StrEnum):
    """What a counterfactual takes away or puts in."""

    RULE = "rule"
    """A rule, a list or a gate of the owner is left out."""
    FACT = "fact"
    """Something about the author, the form or the site's past is left out."""
    LINKS = "links"
    """The links are cut out of the text: ``spans`` of the raw text."""
    WORDS = "words"
    """One word, wherever it stands, or one telling passage is cut out of the text: ``spans`` of the raw text."""
    KNOWN_AUTHOR = "known_author"
    """The author has signed in and many comments of theirs were approved before."""
    NONE = "none"
    """Nothing tried; ``spans`` show what weighs most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterfactual:
    """The smallest single change that would make a comment approved, or else the one that comes closest.

    ``action`` is what is decided on the changed comment; ``code`` names the rule or signal that was left out.
    """

    change: Change
    action: Action
    message: str
    code: str | None = None
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What ``assess`` returns for one comment; recorded by the service as a decision.

    ``scores`` has exactly the keys of ``HEADS``, or is empty when no model could score the comment. ``model`` and
    ``policy`` name the versions that judged.
    """

    action: Action
    scores: Mapping[str, float]
    reasons: tuple[Reason, ...]
    model: str | None
    policy: str
    counterfactual: Counterfactual | None = None
    """For a comment that was held or rejected and could be judged."""

    @property
    def escalate(self) -> bool:
        """Whether a person should see this comment before others."""
        return any(reason.escalate for reason in self.reasons)
