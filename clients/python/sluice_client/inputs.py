"""What you send. Names and limits are those of the API; what you leave out is not sent."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from typing import Any, Final, Literal, TypedDict


class _Anything:
    """The wish to rule whatever ruling stands."""

    def __repr__(self) -> str:
        return "ANY"


ANY: Final = _Anything()


@dataclass(frozen=True, slots=True)
class Article:
    """The page commented on. Without an ``id`` the address identifies it; times need a zone."""

    url: str
    id: str | None = None
    title: str | None = None
    text: str | None = None
    published_at: datetime | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Author:
    """The commenter. Email and IP never come back in any answer."""

    name: str | None = None
    email: str | None = None
    url: str | None = None
    ip: str | None = None
    user_agent: str | None = None
    id: str | None = None
    role: str | None = None
    verified: bool = False


@dataclass(frozen=True, slots=True)
class NewComment:
    """What a reader wrote. With an ``id`` of yours the same comment sent again is the same comment."""

    text: str
    id: str | None = None
    author: Author | None = None
    format: Literal["text", "html"] = "text"
    parent_id: str | None = None
    created_at: datetime | None = None
    referrer: str | None = None
    honeypot: str | None = None
    form_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """A comment and the article it stands under: an item of a batch."""

    article: Article
    comment: NewComment


@dataclass(frozen=True, slots=True)
class Seen:
    """A comment as its moderator saw it: ``seen`` is the ruling that stood then, ``None`` for none.

    If another one stands by now, the comment is left alone and told of; without ``seen`` the last word wins.
    """

    id: str
    revision: int
    seen: str | _Anything | None = ANY


class QueueFilters(TypedDict, total=False):
    """What part of the queue is wanted, as ``GET /v1/queue`` names it."""

    view: str
    sort: str
    reason: str
    language: str
    article: str
    author: str
    domain: str
    campaign: str
    q: str
    risk_from: float
    risk_to: float
    before: datetime
    moderator: str


def as_json(value: Any) -> Any:
    """The JSON of an input; what is ``None`` or empty in a dataclass is left out, except where null says something."""
    if isinstance(value, Seen):
        written = {"id": value.id, "revision": value.revision}
        return written if isinstance(value.seen, _Anything) else {**written, "seen": value.seen}
    if is_dataclass(value):
        named = ((each.name, getattr(value, each.name)) for each in fields(value))
        return {name: as_json(part) for name, part in named if part is not None and part != ()}
    if isinstance(value, dict):
        return {name: as_json(part) for name, part in value.items() if part is not None}
    if isinstance(value, list | tuple):
        return [as_json(part) for part in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return value
