"""Indexes over comments, most of them over some rows only; whoever imports this has all tables in the metadata.

Apart from the tables, because naming PostgreSQL's options loads all of its dialect, which every start would pay for
and only migrations need.
"""

from __future__ import annotations

import sqlalchemy as sa

from service.store import tables_hooks  # noqa: F401 - its tables join the metadata
from service.store.tables import comments
from service.store.tables_desk import review_items

sa.Index(
    "uq_comments_site_id_external_id",
    comments.c.site_id,
    comments.c.external_id,
    unique=True,
    sqlite_where=comments.c.external_id.is_not(None),
    postgresql_where=comments.c.external_id.is_not(None),
)
# Keyset pages of one status and of all.
sa.Index("ix_comments_site_id_status_id", comments.c.site_id, comments.c.status, comments.c.id)
sa.Index("ix_comments_site_id_id", comments.c.site_id, comments.c.id)
# What else an author wrote; the key is of one site.
sa.Index(
    "ix_comments_author_key",
    comments.c.author_key,
    comments.c.id,
    sqlite_where=comments.c.author_key.is_not(None),
    postgresql_where=comments.c.author_key.is_not(None),
)
# What still has to be decided: small however many comments there are.
sa.Index(
    "ix_comments_undecided",
    comments.c.waiting_since,
    sqlite_where=sa.text("status = 'pending' OR held_late"),
    postgresql_where=sa.text("status = 'pending' OR held_late"),
)
# Retention walks by age over what it has not erased yet.
for _column in ("author_email", "author_ip", "author_user_agent", "referrer"):
    sa.Index(
        f"ix_comments_keeps_{_column}",
        comments.c.received_at,
        sqlite_where=comments.c[_column].is_not(None),
        postgresql_where=comments.c[_column].is_not(None),
    )
# The queue of a site.
sa.Index(
    "ix_review_items_open",
    review_items.c.site_id,
    review_items.c.opened_at,
    review_items.c.comment_id,
    sqlite_where=review_items.c.closed_at.is_(None),
    postgresql_where=review_items.c.closed_at.is_(None),
)
