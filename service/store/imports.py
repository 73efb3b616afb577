"""SQL about imports: how far a file came, and what of it is here already."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from service.store.comments import AnyRow
from service.store.tables import articles, comments, imports

_OURS: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def find_import(connection: Connection, site_id: str, digest: str) -> AnyRow | None:
    """What is known of the import of a file."""
    query = sa.select(imports).where(imports.c.site_id == site_id, imports.c.digest == digest)
    return connection.execute(query).one_or_none()


def insert_import(connection: Connection, row: Mapping[str, Any]) -> None:
    """Note that an import begins."""
    connection.execute(sa.insert(imports), [dict(row)])


def update_import(connection: Connection, import_id: str, changes: Mapping[str, Any]) -> None:
    """Note how far it came."""
    connection.execute(sa.update(imports).where(imports.c.id == import_id).values(**changes))


def insert_articles(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """Store articles seen for the first time."""
    if rows:
        connection.execute(sa.insert(articles), rows)


def own_ids(connection: Connection, site_id: str, names: Sequence[str]) -> set[str]:
    """Those of some names that are ids of our own for comments of the site."""
    wanted = [name for name in names if _OURS.fullmatch(name)]
    if not wanted:
        return set()
    query = sa.select(comments.c.id).where(comments.c.site_id == site_id, comments.c.id.in_(wanted))
    return set(connection.execute(query).scalars())


def count_orphans(connection: Connection, site_id: str) -> int:
    """How many comments of a site answer one that is not there."""
    parent = comments.alias("parent")
    there = sa.exists().where(parent.c.site_id == site_id, parent.c.external_id == comments.c.parent_external_id)
    query = sa.select(sa.func.count()).where(
        comments.c.site_id == site_id, comments.c.parent_external_id.is_not(None), ~there
    )
    return int(connection.execute(query).scalar_one())
