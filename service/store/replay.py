"""Stored comments as the brain may see them again, to try a model or a policy on them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from classifier.domain import Action, Article, Author, Context, Status, TextFormat
from service.store.tables import articles, comments, revisions

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


def last_decided(connection: Connection, site_id: str | None, limit: int) -> Iterator[Decided]:
    """The newest comments of a site, or of all, that have a decision and a text; newest first.

    What a site remembers of an author, his pace and copies of a text is as of another day and therefore not in them.
    """
    query = (
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
        .where(comments.c.decision_id.is_not(None))
        .order_by(comments.c.id.desc())
        .limit(limit)
    )
    if site_id is not None:
        query = query.where(comments.c.site_id == site_id)
    for row in connection.execute(query.execution_options(yield_per=256)):
        context = Context(
            text=row.text,
            format=TextFormat(row.format),
            author=Author(
                id=row.author_external_id,
                name=row.author_name,
                email=row.author_email,
                url=row.author_url,
                ip=row.author_ip,
                user_agent=row.author_user_agent,
                role=row.author_role,
                verified=row.author_verified,
            ),
            article=Article(
                url=row.url,
                title=row.title,
                text=row.article_text,
                published_at=row.published_at,
                tags=tuple(row.tags),
            ),
            created_at=row.created_at,
            referrer=row.referrer,
            honeypot=row.honeypot,
            form_seconds=row.form_seconds,
            now=row.received_at,
        )
        ruled = _RULED.get(row.status) if row.ruled else None
        yield Decided(row.id, row.site_id, context, ruled, Status(row.status), row.author_key, row.earns)
