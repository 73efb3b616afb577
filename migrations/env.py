"""How Alembic reaches the database; ``service.store.migrate`` hands it an open connection."""

from __future__ import annotations

from alembic import context

from service.store import indexes  # noqa: F401 - they join the tables' metadata
from service.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite changes a table by copying it
    compare_type=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
