"""SQL about who answers whom."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from service.store.tables import comments, revisions


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
