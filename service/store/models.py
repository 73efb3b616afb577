"""SQL about model versions and their promotions: one function per question; promotions are added, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from service.store.tables import models, promotions

AnyRow: TypeAlias = Row[*tuple[Any, ...]]

_NEWEST: Final = sa.select(promotions.c.number, promotions.c.promoted_at).order_by(promotions.c.number.desc()).limit(1)
#: All of a version but its archive, which is large.
_ABOUT: Final = sa.select(*(column for column in models.columns if column.name != "archive"))


def newest_promotion(connection: Connection) -> tuple[int, str] | None:
    """What tells this state of all promotions from any other: the last one's number and time."""
    row = connection.execute(_NEWEST).one_or_none()
    return None if row is None else (row.number, row.promoted_at.isoformat())


def in_force(connection: Connection) -> dict[str | None, AnyRow]:
    """The newest promotion of each scope; the key is the site's id, ``None`` for the model of all sites."""
    newest = sa.select(sa.func.max(promotions.c.number)).group_by(promotions.c.site_id)
    rows = connection.execute(sa.select(promotions).where(promotions.c.number.in_(newest)))
    return {row.site_id: row for row in rows}


def promotions_of(connection: Connection, site_id: str | None, limit: int) -> list[AnyRow]:
    """A scope's promotions, newest first."""
    query = sa.select(promotions).where(promotions.c.site_id.is_not_distinct_from(site_id))
    return list(connection.execute(query.order_by(promotions.c.number.desc()).limit(limit)))


def promotions_to(connection: Connection, version: str, limit: int) -> list[AnyRow]:
    """The promotions of a version, newest first."""
    query = sa.select(promotions).where(promotions.c.version == version)
    return list(connection.execute(query.order_by(promotions.c.number.desc()).limit(limit)))


def ever_promoted(connection: Connection) -> set[str]:
    """Every version that was promoted once."""
    query = sa.select(promotions.c.version).where(promotions.c.version.is_not(None)).distinct()
    return set(connection.execute(query).scalars())


def lock_promotions(connection: Connection) -> None:
    """Let nobody else promote until this transaction ends; SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("LOCK TABLE promotions IN SHARE ROW EXCLUSIVE MODE")


def insert_promotion(connection: Connection, row: Mapping[str, Any]) -> None:
    """Append a promotion under the next number; callers hold the lock."""
    newest = newest_promotion(connection)
    connection.execute(sa.insert(promotions), {"number": 1 if newest is None else newest[0] + 1, **row})


def find_model(connection: Connection, version: str) -> AnyRow | None:
    """What is known of a version, without its archive."""
    return connection.execute(_ABOUT.where(models.c.version == version)).one_or_none()


def all_models(connection: Connection, site_id: str | None = None) -> list[AnyRow]:
    """All versions, or those for one site, newest first, without their archives."""
    query = _ABOUT if site_id is None else _ABOUT.where(models.c.site_id == site_id)
    return list(connection.execute(query.order_by(models.c.created_at.desc(), models.c.version)))


def read_archive(connection: Connection, version: str) -> bytes | None:
    """The version itself."""
    found = connection.execute(sa.select(models.c.archive).where(models.c.version == version)).scalar_one_or_none()
    return None if found is None else bytes(found)


def insert_model(connection: Connection, row: Mapping[str, Any]) -> None:
    """Add a version."""
    connection.execute(sa.insert(models), dict(row))


def delete_model(connection: Connection, version: str) -> None:
    """Forget a version; who promoted it when stays."""
    connection.execute(sa.delete(models).where(models.c.version == version))
