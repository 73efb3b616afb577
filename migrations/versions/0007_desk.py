"""The moderators' desk: what waits for a person, what was done, notes and skips.

Revision: 0007, after 0006.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.engine import Connection

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

CHUNK = 500


def upgrade() -> None:
    items = op.create_table(
        "review_items",
        sa.Column("comment_id", sa.String(length=36), nullable=False),
        sa.Column("site_id", sa.String(length=36), nullable=False),
        sa.Column("article_id", sa.String(length=36), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("origin", sa.String(length=10), nullable=False),
        sa.Column("lane", sa.String(length=10), nullable=False),
        sa.Column("risk", sa.Float(), nullable=False),
        sa.Column("escalated", sa.Boolean(), nullable=False),
        sa.Column("codes", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=10)),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.Column("claimed_by", sa.String(length=36)),
        sa.Column("claimed_name", sa.String(length=200)),
        sa.Column("claimed_until", sa.DateTime(timezone=True)),
        sa.Column("proposed_action", sa.String(length=10)),
        sa.Column("proposed_reason", sa.String(length=100)),
        sa.Column("proposed_by", sa.String(length=36)),
        sa.Column("proposed_name", sa.String(length=200)),
        sa.Column("not_for", sa.String(length=36)),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comments.id"], name=op.f("fk_review_items_comment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_review_items_site_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("comment_id", name=op.f("pk_review_items")),
    )
    op.create_index(
        "ix_review_items_open",
        "review_items",
        ["site_id", "opened_at", "comment_id"],
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "acts",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("site_id", sa.String(length=36)),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.String(length=36)),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("source", sa.String(length=10), nullable=False),
        sa.Column("verb", sa.String(length=20), nullable=False),
        sa.Column("comment_id", sa.String(length=36)),
        sa.Column("revision", sa.Integer()),
        sa.Column("reason", sa.String(length=100)),
        sa.Column("ruling_id", sa.String(length=36)),
        sa.Column("decision_id", sa.String(length=36)),
        sa.Column("status_before", sa.String(length=10)),
        sa.Column("status_after", sa.String(length=10)),
        sa.Column("batch_id", sa.String(length=36)),
        sa.Column("undoes", sa.String(length=36)),
        sa.Column("detail", sa.JSON()),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_acts_site_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acts")),
    )
    op.create_index("ix_acts_site_id_id", "acts", ["site_id", "id"])
    op.create_index("ix_acts_comment_id", "acts", ["comment_id"])
    op.create_index("ix_acts_batch_id", "acts", ["batch_id"])
    op.create_index("ix_acts_undoes", "acts", ["undoes"])
    op.create_table(
        "notes",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("comment_id", sa.String(length=36), nullable=False),
        sa.Column("author_id", sa.String(length=36)),
        sa.Column("author", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retracted_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["comment_id"], ["comments.id"], name=op.f("fk_notes_comment_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notes")),
    )
    op.create_index("ix_notes_comment_id", "notes", ["comment_id"])
    op.create_table(
        "skips",
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("comment_id", sa.String(length=36), nullable=False),
        sa.Column("skipped_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["comment_id"], ["comments.id"], name=op.f("fk_skips_comment_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "comment_id", name=op.f("pk_skips")),
    )
    op.create_index("ix_skips_comment_id", "skips", ["comment_id"])
    connection = op.get_bind()
    for rows in _held(connection):
        connection.execute(sa.insert(items), rows)


def downgrade() -> None:
    for table in ("skips", "notes", "acts", "review_items"):
        op.drop_table(table)


def _held(connection: Connection) -> Iterator[list[dict[str, Any]]]:
    """Items for what is held already, as the code of this version would make them."""
    comments = sa.table(
        "comments",
        *(sa.column(name) for name in ("id", "site_id", "article_id", "revision", "status", "decision_id")),
        sa.column("received_at", sa.DateTime(timezone=True)),
    )
    decisions = sa.table(
        "decisions",
        sa.column("id"),
        sa.column("scores", sa.JSON),
        sa.column("reasons", sa.JSON),
    )
    query = (
        sa.select(
            comments.c.id,
            comments.c.site_id,
            comments.c.article_id,
            comments.c.revision,
            comments.c.received_at,
            decisions.c.scores,
            decisions.c.reasons,
        )
        .select_from(comments.outerjoin(decisions, comments.c.decision_id == decisions.c.id))
        .where(comments.c.status == "held")
        .order_by(comments.c.id)
        .limit(CHUNK)
    )
    after = ""
    while found := list(connection.execute(query.where(comments.c.id > after))):
        after = found[-1].id
        yield [_item(row) for row in found]


def _item(row: Any) -> dict[str, Any]:
    scores, reasons = row.scores or {}, row.reasons or []
    risk = max(scores.values(), default=0.5)
    escalated = any(reason.get("escalate") for reason in reasons)
    lane = "bad" if risk >= 0.9 else "fine" if risk < 0.4 and not escalated else "uncertain"
    return {
        "comment_id": row.id,
        "site_id": row.site_id,
        "article_id": row.article_id,
        "revision": row.revision,
        "origin": "hold",
        "lane": lane,
        "risk": risk,
        "escalated": escalated,
        "codes": " " + "".join(f"{reason['code']} " for reason in reasons),
        "opened_at": row.received_at,
    }
