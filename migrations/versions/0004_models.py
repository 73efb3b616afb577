"""Model versions in the database, and who promoted which.

Revision: 0004, after 0003.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "models",
        sa.Column("version", sa.String(length=48), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("site_id", sa.String(length=36), nullable=True),
        sa.Column("base", sa.String(length=48), nullable=True),
        sa.Column("manifest", sa.JSON(), nullable=False),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("made_by", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("archive", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_models_site_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_models")),
    )
    op.create_index(op.f("ix_models_site_id"), "models", ["site_id"])
    op.create_table(
        "promotions",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("site_id", sa.String(length=36), nullable=True),
        sa.Column("version", sa.String(length=48), nullable=True),
        sa.Column("previous", sa.String(length=48), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("promoted_by", sa.String(length=200), nullable=False),
        sa.Column("promoted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_promotions_site_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_promotions")),
    )
    op.create_index(op.f("ix_promotions_site_id"), "promotions", ["site_id"])


def downgrade() -> None:
    op.drop_table("promotions")
    op.drop_table("models")
