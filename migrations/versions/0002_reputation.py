"""What a site remembers of authors, links and texts.

Revision: 0002, after 0001. Comments stored before have no pseudonym and no fingerprint, and count for nobody.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("comments", sa.Column("author_key", sa.String(length=40)))
    op.add_column("comments", sa.Column("earns", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("comments", sa.Column("link_domains", sa.JSON()))
    op.create_table(
        "authors",
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("site_id", sa.String(length=36), nullable=False),
        sa.Column("approved", sa.Integer(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column("ruled_approved", sa.Integer(), nullable=False),
        sa.Column("ruled_rejected", sa.Integer(), nullable=False),
        sa.Column("earned", sa.Integer(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_authors_site_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_authors")),
    )
    op.create_index(op.f("ix_authors_site_id"), "authors", ["site_id"])
    op.create_table(
        "domains",
        sa.Column("site_id", sa.String(length=36), nullable=False),
        sa.Column("domain", sa.String(length=255), nullable=False),
        sa.Column("approved", sa.Integer(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column("ruled_approved", sa.Integer(), nullable=False),
        sa.Column("ruled_rejected", sa.Integer(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_domains_site_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("site_id", "domain", name=op.f("pk_domains")),
    )
    op.create_table(
        "fingerprints",
        sa.Column("comment_id", sa.String(length=36), nullable=False),
        sa.Column("article_id", sa.String(length=36), nullable=False),
        sa.Column("poster", sa.String(length=40), nullable=False),
        sa.Column("campaign", sa.String(length=36), nullable=False),
        sa.Column("exact", sa.BigInteger(), nullable=False),
        sa.Column("signature", sa.LargeBinary(length=48), nullable=False),
        *(sa.Column(f"band_{band}", sa.BigInteger()) for band in range(6)),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comments.id"], name=op.f("fk_fingerprints_comment_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("comment_id", name=op.f("pk_fingerprints")),
    )
    op.create_index("ix_fingerprints_campaign_seen_at", "fingerprints", ["campaign", "seen_at"])
    op.create_index(op.f("ix_fingerprints_seen_at"), "fingerprints", ["seen_at"])
    for band in range(6):
        op.create_index(
            f"ix_fingerprints_band_{band}",
            "fingerprints",
            [f"band_{band}"],
            sqlite_where=sa.text(f"band_{band} IS NOT NULL"),
            postgresql_where=sa.text(f"band_{band} IS NOT NULL"),
        )


def downgrade() -> None:
    op.drop_table("fingerprints")
    op.drop_table("domains")
    op.drop_table("authors")
    for column in ("link_domains", "earns", "author_key"):
        op.drop_column("comments", column)
