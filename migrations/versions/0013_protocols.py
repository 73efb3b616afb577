"""What a site wants of other services' protocols, what was asked in them, and what came of it.

Revision: 0013, after 0012.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sites", sa.Column("options", sa.JSON()))
    op.add_column("webhooks", sa.Column("speaks", sa.String(length=10), nullable=False, server_default="sluice"))
    op.create_table(
        "checks",
        sa.Column("guid", sa.String(length=36), nullable=False),
        sa.Column("site_id", sa.String(length=36), nullable=False),
        sa.Column("comment_id", sa.String(length=36), nullable=False),
        sa.Column("digest", sa.String(length=64)),
        sa.Column("answer", sa.String(length=4)),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_checks_site_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["comment_id"], ["comments.id"], name="fk_checks_comment_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("guid", name="pk_checks"),
    )
    op.create_index("ix_checks_comment_id", "checks", ["comment_id"])
    op.create_index("ix_checks_site_id_digest_guid", "checks", ["site_id", "digest", "guid"])
    op.create_table(
        "check_counts",
        sa.Column("site_id", sa.String(length=36), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("spam", sa.Integer(), nullable=False),
        sa.Column("ham", sa.Integer(), nullable=False),
        sa.Column("missed_spam", sa.Integer(), nullable=False),
        sa.Column("false_positives", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_check_counts_site_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("site_id", "month", name="pk_check_counts"),
    )
    op.create_table(
        "coral_secrets",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("site_id", sa.String(length=36), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("hint", sa.String(length=4), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_coral_secrets_site_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_coral_secrets"),
    )
    op.create_index("ix_coral_secrets_site_id", "coral_secrets", ["site_id"])


def downgrade() -> None:
    op.drop_table("coral_secrets")
    op.drop_table("check_counts")
    op.drop_table("checks")
    op.drop_column("webhooks", "speaks")
    op.drop_column("sites", "options")
