"""SQL about the secrets with which a Coral signs its requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from service.store.comments import AnyRow
from service.store.tables_protocols import coral_secrets


def secrets_of(connection: Connection, site_id: str) -> list[AnyRow]:
    """The site's secrets, sealed, the oldest first."""
    query = sa.select(coral_secrets).where(coral_secrets.c.site_id == site_id).order_by(coral_secrets.c.id)
    return list(connection.execute(query))


def insert_secret(connection: Connection, row: Mapping[str, Any]) -> None:
    """Store a secret."""
    connection.execute(sa.insert(coral_secrets), [dict(row)])


def delete_secret(connection: Connection, secret_id: str) -> None:
    """Forget a secret."""
    connection.execute(sa.delete(coral_secrets).where(coral_secrets.c.id == secret_id))
