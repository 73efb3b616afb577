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


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorRecord:
    """How often this author's earlier comments on this site ended where."""

    approved: int = 0
    held: int = 0
    rejected: int = 0


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
    that the score of ``head`` may ask for. A ruling by a person is never subject to either.
    """

    code: str
    message: str
    weight: float
    spans: tuple[Span, ...] = ()
    head: str | None = None
    forces: Action | None = None
    caps: Action | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a verdict came out as it did: a stable code, a sentence for people, a weight in logits."""

    code: str
    message: str
    weight: float
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
