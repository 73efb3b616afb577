"""SQL about comments as a list of some of them shows each: who said what, where, and how it stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from service.store.comments import CHUNK, AnyRow
from service.store.tables import articles, comments, revisions
from service.store.tables_desk import review_items

#: So much of a text is shown in a list.
MOST_CHARS: Final = 700
_OF_NOW: Final = sa.and_(revisions.c.comment_id == comments.c.id, revisions.c.number == comments.c.revision)
_ROWS: Final = (
    sa.select(
        comments.c.id.label("comment_id"),
        comments.c.status,
        comments.c.revision,
        comments.c.author_name,
        comments.c.received_at,
        sa.case((comments.c.ruled, comments.c.ruling_id), else_=None).label("seen"),
        sa.func.substr(revisions.c.text, 1, MOST_CHARS).label("text"),
        (sa.func.length(revisions.c.text) > MOST_CHARS).label("cut"),
        articles.c.title.label("article_title"),
        articles.c.url.label("article_url"),
        review_items.c.risk,
        review_items.c.language,
    )
    .join(revisions, _OF_NOW)
    .join(articles, articles.c.id == comments.c.article_id)
    .outerjoin(review_items, review_items.c.comment_id == comments.c.id)
)


def shown(connection: Connection, site_id: str, ids: Sequence[str]) -> list[AnyRow]:
    """These comments of a site, in this order; those that are gone are left out."""
    found: dict[str, AnyRow] = {}
    for start in range(0, len(ids), CHUNK):
        query = _ROWS.where(comments.c.site_id == site_id, comments.c.id.in_(ids[start : start + CHUNK]))
        found |= {row.comment_id: row for row in connection.execute(query)}
    return [found[each] for each in ids if each in found]
