"""Stored comments as the brain may see them again, to try a model or a policy on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from classifier.domain import Action, Article, Context, Status
from classifier.lessons import RulingReason
from service.store.comments import AnyRow, context_of
from service.store.tables import articles, comments, revisions, rulings

_RULED = {Status.APPROVED.value: Action.APPROVE, Status.REJECTED.value: Action.REJECT}


@dataclass(frozen=True, slots=True)
class Decided:
    """A comment that was decided, with what the blog said of it, and how a person ruled, if one did."""

    id: str
    site_id: str
    context: Context
    ruled: Action | None
    status: Status
    author_key: str | None
    earns: bool


@dataclass(frozen=True, slots=True)
class Past:
    """A comment as it stands, and what its ruling says, if there is one."""

    id: str
    revision: int
    context: Context
    status: Status
    received_at: datetime
    source: str | None
    action: Action | None
    reason: RulingReason | None
    weight: float


def last_decided(connection: Connection, site_id: str | None, limit: int) -> Iterator[Decided]:
    """The newest comments of a site, or of all, that have a decision and a text; newest first.

    What a site remembers of an author, his pace and copies of a text is as of another day and therefore not in them.
    """
    query = _WITH_TEXT.where(comments.c.decision_id.is_not(None)).order_by(comments.c.id.desc()).limit(limit)
    if site_id is not None:
        query = query.where(comments.c.site_id == site_id)
    for row in connection.execute(query.execution_options(yield_per=256)):
        ruled = _RULED.get(row.status) if row.ruled else None
        yield Decided(row.id, row.site_id, _context(row), ruled, Status(row.status), row.author_key, row.earns)


def has_decided_before(connection: Connection, site_id: str, moment: datetime) -> bool:
    """Whether a site has a decided comment that came before a moment."""
    query = sa.select(comments.c.id).where(comments.c.site_id == site_id, comments.c.received_at < moment)
    return connection.execute(query.where(comments.c.decision_id.is_not(None)).limit(1)).first() is not None


def newest(connection: Connection, site_id: str, limit: int) -> Iterator[Past]:
    """The newest comments of a site by the blog's own dates, decided or not; newest first.

    The connection has to be a snapshot: rows come as they are asked for.
    """
    query = _PAST.where(comments.c.site_id == site_id)
    query = query.order_by(comments.c.received_at.desc(), comments.c.id.desc()).limit(limit)
    yield from map(_past, connection.execute(query.execution_options(yield_per=256)))


def past_of(connection: Connection, ids: Sequence[str]) -> dict[str, Past]:
    """Some comments by id."""
    found = map(_past, connection.execute(_PAST.where(comments.c.id.in_(ids))))
    return {past.id: past for past in found}


_WITH_TEXT: Final = (
    sa.select(
        comments,
        revisions.c.text,
        revisions.c.format,
        articles.c.url,
        articles.c.title,
        articles.c.text.label("article_text"),
        articles.c.published_at,
        articles.c.tags,
    )
    .join(revisions, sa.and_(revisions.c.comment_id == comments.c.id, revisions.c.number == comments.c.revision))
    .join(articles, articles.c.id == comments.c.article_id)
)
_PAST: Final = _WITH_TEXT.add_columns(
    rulings.c.source.label("ruling_source"),
    rulings.c.action.label("ruling_action"),
    rulings.c.reason.label("ruling_reason"),
    rulings.c.weight.label("ruling_weight"),
).outerjoin(rulings, rulings.c.id == comments.c.ruling_id)


def _past(row: AnyRow) -> Past:
    return Past(
        id=row.id,
        revision=row.revision,
        context=_context(row),
        status=Status(row.status),
        received_at=row.received_at,
        source=row.ruling_source,
        action=row.ruling_action and Action(row.ruling_action),
        reason=RulingReason(row.ruling_reason) if row.ruling_reason in set(RulingReason) else None,
        weight=1.0 if row.ruling_weight is None else row.ruling_weight,
    )


def _context(row: AnyRow) -> Context:
    article = Article(
        url=row.url,
        title=row.title,
        text=row.article_text,
        published_at=row.published_at,
        tags=tuple(row.tags),
    )
    return replace(context_of(row, article), now=row.received_at)
