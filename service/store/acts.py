"""SQL about acts: what anybody did; rows are added, never changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from service.store.comments import CHUNK, AnyRow
from service.store.tables_desk import acts

_NEW: Final = sa.insert(acts)


def insert_acts(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Append acts."""
    if rows:
        connection.execute(_NEW, list(rows))


def act_of(connection: Connection, act_id: str) -> AnyRow | None:
    """One act."""
    return connection.execute(sa.select(acts).where(acts.c.id == act_id)).one_or_none()


def acts_on(connection: Connection, comment_id: str) -> list[AnyRow]:
    """Everything done about a comment, the first act first."""
    query = sa.select(acts).where(acts.c.comment_id == comment_id).order_by(acts.c.id)
    return list(connection.execute(query))


def acts_of_site(
    connection: Connection,
    site_id: str,
    *,
    limit: int,
    comment_id: str | None = None,
    verb: str | None = None,
    actor: str | None = None,
    before: str | None = None,
) -> list[AnyRow]:
    """A site's acts, the newest first, those before an id; every filter that is set must fit."""
    query = sa.select(acts).where(acts.c.site_id == site_id)
    given = {acts.c.comment_id: comment_id, acts.c.verb: verb, acts.c.actor: actor}
    for column, value in given.items():
        if value is not None:
            query = query.where(column == value)
    if before is not None:
        query = query.where(acts.c.id < before)
    return list(connection.execute(query.order_by(acts.c.id.desc()).limit(limit)))


def members_of(connection: Connection, batch_id: str) -> list[AnyRow]:
    """The acts of a batch."""
    query = sa.select(acts).where(acts.c.batch_id == batch_id).order_by(acts.c.id)
    return list(connection.execute(query))


def act_of_ruling(connection: Connection, comment_id: str, ruling_id: str) -> AnyRow | None:
    """The act that made a ruling; rulings from before acts were kept have none."""
    made = acts.c.comment_id == comment_id, acts.c.ruling_id == ruling_id, acts.c.undoes.is_(None)
    return connection.execute(sa.select(acts).where(*made).order_by(acts.c.id).limit(1)).one_or_none()


def undone_among(connection: Connection, ids: Collection[str]) -> set[str]:
    """Which of these acts were taken back."""
    found: set[str] = set()
    for chunk in _chunks(sorted(ids)):
        found |= set(connection.execute(sa.select(acts.c.undoes).where(acts.c.undoes.in_(chunk))).scalars())
    return found


def last_acts_of(connection: Connection, site_id: str, actor_id: str, limit: int) -> list[AnyRow]:
    """A moderator's newest acts on a site, those in batches left out; newest first."""
    query = (
        sa.select(acts)
        .where(acts.c.site_id == site_id, acts.c.actor_id == actor_id, acts.c.batch_id.is_(None))
        .order_by(acts.c.id.desc())
        .limit(limit)
    )
    return list(connection.execute(query))


def _chunks(values: Sequence[str]) -> Iterable[Sequence[str]]:
    return (values[start : start + CHUNK] for start in range(0, len(values), CHUNK))
