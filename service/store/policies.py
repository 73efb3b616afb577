"""SQL about policies: one function per question; rows are added, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from service.store.tables import policies, sites

AnyRow: TypeAlias = Row[*tuple[Any, ...]]


def lock_site(connection: Connection, site_id: str) -> None:
    """Let nobody else set a policy of this site until this transaction ends."""
    connection.execute(sa.select(sites.c.id).where(sites.c.id == site_id).with_for_update())


def newest_change(connection: Connection, site_id: str) -> tuple[int, str] | None:
    """What tells this state of the site's policies from any other: the last change's number and time."""
    row = connection.execute(
        sa.select(policies.c.number, policies.c.created_at)
        .where(policies.c.site_id == site_id)
        .order_by(policies.c.number.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else (row.number, row.created_at.isoformat())


def current(connection: Connection, site_id: str, scope: str) -> AnyRow | None:
    """The scope's newest version."""
    query = sa.select(policies).where(policies.c.site_id == site_id, policies.c.scope == scope)
    return connection.execute(query.order_by(policies.c.version.desc()).limit(1)).one_or_none()


def current_of_all(connection: Connection, site_id: str) -> list[AnyRow]:
    """The newest version of each scope, by scope."""
    newest = sa.select(sa.func.max(policies.c.number)).where(policies.c.site_id == site_id).group_by(policies.c.scope)
    query = sa.select(policies).where(policies.c.site_id == site_id, policies.c.number.in_(newest))
    return list(connection.execute(query.order_by(policies.c.scope)))


def versions(connection: Connection, site_id: str, scope: str, before: int | None, limit: int) -> list[AnyRow]:
    """The scope's versions below a number, newest first."""
    query = sa.select(policies).where(policies.c.site_id == site_id, policies.c.scope == scope)
    if before is not None:
        query = query.where(policies.c.version < before)
    return list(connection.execute(query.order_by(policies.c.version.desc()).limit(limit)))


def insert_policy(connection: Connection, row: Mapping[str, Any]) -> None:
    """Add a version."""
    connection.execute(sa.insert(policies), dict(row))
