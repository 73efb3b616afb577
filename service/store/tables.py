"""The tables, as SQLAlchemy Core sees them; ``migrations/`` builds them and a test holds the two together.

Indexes that only some rows are in stand in ``service.store.indexes``, the people who moderate in
``service.store.tables_people``.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

metadata: Final = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UTCDateTime(TypeDecorator[datetime]):
    """Aware UTC in, aware UTC out, whatever the database keeps."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Id = sa.String(36)  # UUIDv7 as text: sorts by time, the same in every database

sites = sa.Table(
    "sites",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("name", sa.String(200), nullable=False, unique=True),
    sa.Column("url", sa.String(2000), nullable=False),
    sa.Column("created_at", UTCDateTime, nullable=False),
    # What the site wants otherwise (service.site_options).
    sa.Column("options", sa.JSON(none_as_null=True)),
)

api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("site_id", Id, sa.ForeignKey("sites.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("digest", sa.String(64), nullable=False, unique=True),
    # The last four characters: enough to tell two keys apart, far from enough to guess one.
    sa.Column("hint", sa.String(4), nullable=False),
    sa.Column("created_at", UTCDateTime, nullable=False),
    sa.Column("revoked_at", UTCDateTime),
    # What it may do, with spaces between (service.scopes); nothing means everything.
    sa.Column("scopes", sa.String(100)),
)

articles = sa.Table(
    "articles",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("site_id", Id, sa.ForeignKey("sites.id", ondelete="CASCADE"), nullable=False),
    # "id:" and the blog's own id, else "url:" and the address.
    sa.Column("key", sa.String(2100), nullable=False),
    sa.Column("url", sa.String(2000), nullable=False),
    sa.Column("title", sa.Text),
    sa.Column("text", sa.Text),
    sa.Column("published_at", UTCDateTime),
    sa.Column("tags", sa.JSON, nullable=False),
    sa.Column("updated_at", UTCDateTime, nullable=False),
    sa.UniqueConstraint("site_id", "key"),
)

comments = sa.Table(
    "comments",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("site_id", Id, sa.ForeignKey("sites.id", ondelete="CASCADE"), nullable=False),
    sa.Column("article_id", Id, sa.ForeignKey("articles.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("external_id", sa.String(500)),
    sa.Column("parent_external_id", sa.String(500)),
    # State: changed only by service.moderation, always guarded by revision and standing.
    sa.Column("status", sa.String(10), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("held_late", sa.Boolean, nullable=False),
    sa.Column("ruled", sa.Boolean, nullable=False),
    sa.Column("decision_id", Id),
    sa.Column("ruling_id", Id),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("waiting_since", UTCDateTime, nullable=False),
    sa.Column("received_at", UTCDateTime, nullable=False),
    sa.Column("created_at", UTCDateTime),
    # The commenter, as the blog described them. Email and IP are erased after their retention.
    sa.Column("author_external_id", sa.String(500)),
    sa.Column("author_name", sa.Text),
    sa.Column("author_email", sa.Text),
    sa.Column("author_url", sa.Text),
    sa.Column("author_ip", sa.String(45)),
    sa.Column("author_user_agent", sa.Text),
    sa.Column("author_role", sa.String(100)),
    sa.Column("author_verified", sa.Boolean, nullable=False),
    sa.Column("referrer", sa.Text),
    sa.Column("honeypot", sa.Text),
    sa.Column("form_seconds", sa.Float),
    # What the comment counts for: its author by a keyed pseudonym, whether it earns trust, the domains it links to.
    sa.Column("author_key", sa.String(40)),
    sa.Column("earns", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("link_domains", sa.JSON(none_as_null=True)),
)
revisions = sa.Table(
    "revisions",
    metadata,
    sa.Column("comment_id", Id, sa.ForeignKey("comments.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("format", sa.String(4), nullable=False),
    sa.Column("received_at", UTCDateTime, nullable=False),
)

decisions = sa.Table(
    "decisions",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("comment_id", Id, sa.ForeignKey("comments.id", ondelete="CASCADE"), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    # "machine", "late" (held because the deadline passed) or "failed" (held because deciding kept failing).
    sa.Column("kind", sa.String(10), nullable=False),
    sa.Column("action", sa.String(10), nullable=False),
    sa.Column("scores", sa.JSON, nullable=False),
    sa.Column("reasons", sa.JSON, nullable=False),
    sa.Column("model", sa.String(100)),
    sa.Column("policy", sa.String(100), nullable=False),
    sa.Column("decided_at", UTCDateTime, nullable=False),
    # What single change would have it approved.
    sa.Column("counterfactual", sa.JSON(none_as_null=True)),
    # A revision is decided once by the machine, whatever runs twice.
    sa.UniqueConstraint("comment_id", "revision", "kind"),
)

rulings = sa.Table(
    "rulings",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("comment_id", Id, sa.ForeignKey("comments.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("action", sa.String(10), nullable=False),
    sa.Column("reason", sa.String(100)),
    sa.Column("note", sa.Text),
    sa.Column("moderator", sa.String(200), nullable=False),
    sa.Column("ruled_at", UTCDateTime, nullable=False),
    # "api", "cli", "desk" or "import".
    sa.Column("source", sa.String(10), nullable=False, server_default="api"),
    # The ruling that this row takes back; its action is "undo".
    sa.Column("undoes", Id),
    # How much an imported one counts as a label; nothing means wholly.
    sa.Column("weight", sa.Float),
)

idempotency_keys = sa.Table(
    "idempotency_keys",
    metadata,
    sa.Column("site_id", Id, sa.ForeignKey("sites.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("key", sa.String(255), primary_key=True),
    sa.Column("body_digest", sa.String(64), nullable=False),
    sa.Column("comment_id", Id, sa.ForeignKey("comments.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("created_at", UTCDateTime, nullable=False, index=True),
)

# What an owner asks for: append-only, every version of every scope. ``number`` counts a site's changes of any scope,
# so that one look at the highest tells whether anything changed.
policies = sa.Table(
    "policies",
    metadata,
    sa.Column("site_id", Id, sa.ForeignKey("sites.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    # "site", "section:" and its name, "article:" and its path.
    sa.Column("scope", sa.String(700), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("document", sa.JSON, nullable=False),
    sa.Column("note", sa.Text),
    sa.Column("made_by", sa.String(200), nullable=False),
    sa.Column("created_at", UTCDateTime, nullable=False),
    sa.UniqueConstraint("site_id", "scope", "version"),
)

# Model versions of our own. The database holds each one whole, so that every host can fetch what is promoted.
models = sa.Table(
    "models",
    metadata,
    sa.Column("version", sa.String(48), primary_key=True),
    # "global", or "site": an adaptation of a global version (its base) to one site.
    sa.Column("kind", sa.String(10), nullable=False),
    sa.Column("site_id", Id, sa.ForeignKey("sites.id", ondelete="CASCADE"), index=True),
    sa.Column("base", sa.String(48)),
    sa.Column("manifest", sa.JSON, nullable=False),
    sa.Column("report", sa.JSON, nullable=False),
    sa.Column("note", sa.Text),
    sa.Column("made_by", sa.String(200), nullable=False),
    sa.Column("created_at", UTCDateTime, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    # Last, so that SQLite need not walk over it to read the others.
    sa.Column("archive", sa.LargeBinary, nullable=False),
)

# Who let which version decide, and when: append-only. A scope's newest row holds; the highest number of all tells
# whether anything changed. ``version`` names no foreign key, since history outlives the versions it names.
promotions = sa.Table(
    "promotions",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    # The site whose adaptation this is; nothing means the model of all sites.
    sa.Column("site_id", Id, sa.ForeignKey("sites.id", ondelete="CASCADE"), index=True),
    # Nothing means the shipped model, and for a site no adaptation.
    sa.Column("version", sa.String(48)),
    sa.Column("previous", sa.String(48)),
    sa.Column("note", sa.Text),
    sa.Column("promoted_by", sa.String(200), nullable=False),
    sa.Column("promoted_at", UTCDateTime, nullable=False),
)

# Small facts of the installation: which secret hashed the keys, whether erased bytes still wait for a checkpoint.
facts = sa.Table(
    "facts",
    metadata,
    sa.Column("name", sa.String(50), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

# What a site remembers. Counters say where comments stand now: whatever moves a comment moves them with it.
authors = sa.Table(
    "authors",
    metadata,
    # A keyed hash of the site and the blog's id or the email address; its first letter says which.
    sa.Column("key", sa.String(40), primary_key=True),
    sa.Column("site_id", Id, sa.ForeignKey("sites.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("approved", sa.Integer, nullable=False),
    sa.Column("held", sa.Integer, nullable=False),
    sa.Column("rejected", sa.Integer, nullable=False),
    # Of these, how many by a person.
    sa.Column("ruled_approved", sa.Integer, nullable=False),
    sa.Column("ruled_rejected", sa.Integer, nullable=False),
    # Of the approved ones, how many had substance and were like no other.
    sa.Column("earned", sa.Integer, nullable=False),
    sa.Column("first_seen", UTCDateTime, nullable=False),
    sa.Column("last_seen", UTCDateTime, nullable=False),
)

domains = sa.Table(
    "domains",
    metadata,
    sa.Column("site_id", Id, sa.ForeignKey("sites.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("domain", sa.String(255), primary_key=True),
    sa.Column("approved", sa.Integer, nullable=False),
    sa.Column("held", sa.Integer, nullable=False),
    sa.Column("rejected", sa.Integer, nullable=False),
    sa.Column("ruled_approved", sa.Integer, nullable=False),
    sa.Column("ruled_rejected", sa.Integer, nullable=False),
    sa.Column("first_seen", UTCDateTime, nullable=False),
    sa.Column("last_seen", UTCDateTime, nullable=False),
)

# How far the import of a file came: written with each batch, so that one that was killed goes on where it was.
imports = sa.Table(
    "imports",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("site_id", Id, sa.ForeignKey("sites.id", ondelete="CASCADE"), nullable=False),
    # Of the file's bytes and of how they are read.
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("format", sa.String(10), nullable=False),
    # Things read so far, odd ones among them.
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("counts", sa.JSON, nullable=False),
    sa.Column("made_by", sa.String(200), nullable=False),
    sa.Column("started_at", UTCDateTime, nullable=False),
    sa.Column("updated_at", UTCDateTime, nullable=False),
    sa.Column("finished_at", UTCDateTime),
    sa.UniqueConstraint("site_id", "digest"),
)

# What lets a text be known again for some weeks (classifier.campaigns); the bands are those of leaders only.
fingerprints = sa.Table(
    "fingerprints",
    metadata,
    sa.Column("comment_id", Id, sa.ForeignKey("comments.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("article_id", Id, nullable=False),
    # The author's pseudonym, else the network's, else the comment's own id.
    sa.Column("poster", sa.String(40), nullable=False),
    # The comment that leads the campaign, perhaps this one.
    sa.Column("campaign", Id, nullable=False),
    sa.Column("exact", sa.BigInteger, nullable=False),
    sa.Column("signature", sa.LargeBinary(48), nullable=False),
    *(sa.Column(f"band_{band}", sa.BigInteger) for band in range(6)),
    sa.Column("seen_at", UTCDateTime, nullable=False, index=True),
)
sa.Index("ix_fingerprints_campaign_seen_at", fingerprints.c.campaign, fingerprints.c.seen_at)
for _band in range(6):
    sa.Index(
        f"ix_fingerprints_band_{_band}",
        fingerprints.c[f"band_{_band}"],
        sqlite_where=fingerprints.c[f"band_{_band}"].is_not(None),
        postgresql_where=fingerprints.c[f"band_{_band}"].is_not(None),
    )

from service.store import tables_people, tables_protocols  # noqa: E402, F401 - they add their tables to our metadata
