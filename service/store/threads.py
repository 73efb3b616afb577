"""SQL about what a comment stands under: its article, and the comment that it answers."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from service.store.tables import articles, comments, revisions

_ARTICLES: Final = sa.select(
    articles.c.key,
    articles.c.url,
    articles.c.title,
    sa.func.substr(articles.c.text, 1, sa.bindparam("most_chars")).label("text"),
    articles.c.published_at,
    articles.c.tags,
).where(articles.c.site_id == sa.bindparam("site_id"), articles.c.key.in_(sa.bindparam("keys", expanding=True)))


def articles_of(
    connection: Connection, site_id: str, keys: Collection[str], most_chars: int
) -> dict[str, dict[str, Any]]:
    """What is known of a site's articles with these keys, by key; of their texts only the beginning."""
    if not keys:
        return {}
    wanted = {"site_id": site_id, "keys": sorted(keys), "most_chars": most_chars}
    rows = connection.execute(_ARTICLES, wanted).mappings()
    return {row["key"]: {name: value for name, value in row.items() if name != "key"} for row in rows}


def parents_of(
    connection: Connection, wanted: Iterable[tuple[str, str]], most_chars: int
) -> dict[tuple[str, str], str]:
    """The beginning of what other comments answer, by site and the blog's id of the comment answered."""
    pairs = sorted(set(wanted))
    if not pairs:
        return {}
    rows = connection.execute(
        sa.select(comments.c.site_id, comments.c.external_id, sa.func.substr(revisions.c.text, 1, most_chars))
        .join(revisions, sa.and_(revisions.c.comment_id == comments.c.id, revisions.c.number == comments.c.revision))
        .where(comments.c.external_id.is_not(None))
        .where(sa.tuple_(comments.c.site_id, comments.c.external_id).in_(pairs))
    )
    return {(row[0], row[1]): row[2] for row in rows}
