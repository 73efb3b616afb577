"""The tables of other services' protocols: what was asked in them, what came of it, and whom we trust."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from service.store.tables import Id, UTCDateTime, metadata

# Comments that were asked about in another service's protocol, which may not name them by an id.
checks: Final = sa.Table(
    "checks",
    metadata,
    # What the client was told to call this check; a comment asked about again has several.
    sa.Column("guid", Id, primary_key=True),
    sa.Column("site_id", Id, sa.ForeignKey("sites.id", ondelete="CASCADE"), nullable=False),
    sa.Column("comment_id", Id, sa.ForeignKey("comments.id", ondelete="CASCADE"), nullable=False, index=True),
    # A keyed digest of the text, by which feedback finds its comment; erased with the text.
    sa.Column("digest", sa.String(64)),
    # "spam" or "ham", once the client was answered.
    sa.Column("answer", sa.String(4)),
    sa.Column("checked_at", UTCDateTime, nullable=False),
    sa.Index(None, "site_id", "digest", "guid"),
)

# What came of a site's checks, by month (2026-11).
check_counts: Final = sa.Table(
    "check_counts",
    metadata,
    sa.Column("site_id", Id, sa.ForeignKey("sites.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("month", sa.String(7), primary_key=True),
    sa.Column("spam", sa.Integer, nullable=False),
    sa.Column("ham", sa.Integer, nullable=False),
    sa.Column("missed_spam", sa.Integer, nullable=False),
    sa.Column("false_positives", sa.Integer, nullable=False),
)

# Secrets with which a Coral signs its requests; two while one takes over from the other.
coral_secrets: Final = sa.Table(
    "coral_secrets",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("site_id", Id, sa.ForeignKey("sites.id", ondelete="CASCADE"), nullable=False, index=True),
    # Encrypted under the installation's own secret.
    sa.Column("sealed", sa.Text, nullable=False),
    sa.Column("hint", sa.String(4), nullable=False),
    sa.Column("created_at", UTCDateTime, nullable=False),
)
