"""First tables: sites, keys, articles, comments with their revisions, decisions and rulings.

Revision: 0001, the first.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "facts",
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_facts")),
    )
    op.create_table(
        "sites",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sites")),
        sa.UniqueConstraint("name", name=op.f("uq_sites_name")),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("site_id", sa.String(length=36), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("hint", sa.String(length=4), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_api_keys_site_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_keys_digest")),
    )
    with op.batch_alter_table("api_keys", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_api_keys_site_id"), ["site_id"], unique=False)

    op.create_table(
        "articles",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("site_id", sa.String(length=36), nullable=False),
        sa.Column("key", sa.String(length=2100), nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_articles_site_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_articles")),
        sa.UniqueConstraint("site_id", "key", name=op.f("uq_articles_site_id_key")),
    )
    op.create_table(
        "comments",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("site_id", sa.String(length=36), nullable=False),
        sa.Column("article_id", sa.String(length=36), nullable=False),
        sa.Column("external_id", sa.String(length=500), nullable=True),
        sa.Column("parent_external_id", sa.String(length=500), nullable=True),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("held_late", sa.Boolean(), nullable=False),
        sa.Column("ruled", sa.Boolean(), nullable=False),
        sa.Column("decision_id", sa.String(length=36), nullable=True),
        sa.Column("ruling_id", sa.String(length=36), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("waiting_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("author_external_id", sa.String(length=500), nullable=True),
        sa.Column("author_name", sa.Text(), nullable=True),
        sa.Column("author_email", sa.Text(), nullable=True),
        sa.Column("author_url", sa.Text(), nullable=True),
        sa.Column("author_ip", sa.String(length=45), nullable=True),
        sa.Column("author_user_agent", sa.Text(), nullable=True),
        sa.Column("author_role", sa.String(length=100), nullable=True),
        sa.Column("author_verified", sa.Boolean(), nullable=False),
        sa.Column("referrer", sa.Text(), nullable=True),
        sa.Column("honeypot", sa.Text(), nullable=True),
        sa.Column("form_seconds", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(
            ["article_id"], ["articles.id"], name=op.f("fk_comments_article_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_comments_site_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comments")),
    )
    with op.batch_alter_table("comments", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_comments_article_id"), ["article_id"], unique=False)
        batch_op.create_index(
            "ix_comments_keeps_author_email",
            ["received_at"],
            unique=False,
            sqlite_where=sa.text("author_email IS NOT NULL"),
            postgresql_where=sa.text("author_email IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_comments_keeps_author_ip",
            ["received_at"],
            unique=False,
            sqlite_where=sa.text("author_ip IS NOT NULL"),
            postgresql_where=sa.text("author_ip IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_comments_keeps_author_user_agent",
            ["received_at"],
            unique=False,
            sqlite_where=sa.text("author_user_agent IS NOT NULL"),
            postgresql_where=sa.text("author_user_agent IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_comments_keeps_referrer",
            ["received_at"],
            unique=False,
            sqlite_where=sa.text("referrer IS NOT NULL"),
            postgresql_where=sa.text("referrer IS NOT NULL"),
        )
        batch_op.create_index("ix_comments_site_id_id", ["site_id", "id"], unique=False)
        batch_op.create_index("ix_comments_site_id_status_id", ["site_id", "status", "id"], unique=False)
        batch_op.create_index(
            "ix_comments_undecided",
            ["waiting_since"],
            unique=False,
            sqlite_where=sa.text("status = 'pending' OR held_late"),
            postgresql_where=sa.text("status = 'pending' OR held_late"),
        )
        batch_op.create_index(
            "uq_comments_site_id_external_id",
            ["site_id", "external_id"],
            unique=True,
            sqlite_where=sa.text("external_id IS NOT NULL"),
            postgresql_where=sa.text("external_id IS NOT NULL"),
        )

    op.create_table(
        "decisions",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("comment_id", sa.String(length=36), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("action", sa.String(length=10), nullable=False),
        sa.Column("scores", sa.JSON(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("model", sa.String(length=100), nullable=True),
        sa.Column("policy", sa.String(length=100), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comments.id"], name=op.f("fk_decisions_comment_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
        sa.UniqueConstraint("comment_id", "revision", "kind", name=op.f("uq_decisions_comment_id_revision_kind")),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("site_id", sa.String(length=36), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("body_digest", sa.String(length=64), nullable=False),
        sa.Column("comment_id", sa.String(length=36), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comments.id"], name=op.f("fk_idempotency_keys_comment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.id"], name=op.f("fk_idempotency_keys_site_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("site_id", "key", name=op.f("pk_idempotency_keys")),
    )
    with op.batch_alter_table("idempotency_keys", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_idempotency_keys_comment_id"), ["comment_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_idempotency_keys_created_at"), ["created_at"], unique=False)

    op.create_table(
        "revisions",
        sa.Column("comment_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("format", sa.String(length=4), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comments.id"], name=op.f("fk_revisions_comment_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("comment_id", "number", name=op.f("pk_revisions")),
    )
    op.create_table(
        "rulings",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("comment_id", sa.String(length=36), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=100), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("moderator", sa.String(length=200), nullable=False),
        sa.Column("ruled_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comments.id"], name=op.f("fk_rulings_comment_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rulings")),
    )
    with op.batch_alter_table("rulings", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_rulings_comment_id"), ["comment_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("rulings", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_rulings_comment_id"))

    op.drop_table("rulings")
    op.drop_table("revisions")
    with op.batch_alter_table("idempotency_keys", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_idempotency_keys_created_at"))
        batch_op.drop_index(batch_op.f("ix_idempotency_keys_comment_id"))

    op.drop_table("idempotency_keys")
    op.drop_table("decisions")
    with op.batch_alter_table("comments", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_comments_site_id_external_id",
            sqlite_where=sa.text("external_id IS NOT NULL"),
            postgresql_where=sa.text("external_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_comments_undecided",
            sqlite_where=sa.text("status = 'pending' OR held_late"),
            postgresql_where=sa.text("status = 'pending' OR held_late"),
        )
        batch_op.drop_index("ix_comments_site_id_status_id")
        batch_op.drop_index("ix_comments_site_id_id")
        batch_op.drop_index(
            "ix_comments_keeps_referrer",
            sqlite_where=sa.text("referrer IS NOT NULL"),
            postgresql_where=sa.text("referrer IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_comments_keeps_author_user_agent",
            sqlite_where=sa.text("author_user_agent IS NOT NULL"),
            postgresql_where=sa.text("author_user_agent IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_comments_keeps_author_ip",
            sqlite_where=sa.text("author_ip IS NOT NULL"),
            postgresql_where=sa.text("author_ip IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_comments_keeps_author_email",
            sqlite_where=sa.text("author_email IS NOT NULL"),
            postgresql_where=sa.text("author_email IS NOT NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_comments_article_id"))

    op.drop_table("comments")
    op.drop_table("articles")
    with op.batch_alter_table("api_keys", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_api_keys_site_id"))

    op.drop_table("api_keys")
    op.drop_table("sites")
    op.drop_table("facts")
