"""The other comments of an author, for the moderators' queue.

Revision: 0012, after 0011.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

KNOWN = sa.text("author_key IS NOT NULL")


def upgrade() -> None:
    op.create_index(
        "ix_comments_author_key",
        "comments",
        ["author_key", "id"],
        sqlite_where=KNOWN,
        postgresql_where=KNOWN,
    )


def downgrade() -> None:
    op.drop_index("ix_comments_author_key", table_name="comments")
