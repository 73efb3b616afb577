"""Where rulings come from, and which one a ruling takes back.

Revision: 0005, after 0004.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("rulings", sa.Column("source", sa.String(length=10), nullable=False, server_default="api"))
    op.add_column("rulings", sa.Column("undoes", sa.String(length=36)))


def downgrade() -> None:
    op.drop_column("rulings", "undoes")
    op.drop_column("rulings", "source")
