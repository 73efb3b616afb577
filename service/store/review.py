"""SQL about the queue's items: opening, closing and holding them. Pages of them are read by ``service.store.pages``."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from service.store.comments import CHUNK, AnyRow
from service.store.tables_desk import notes, review_items, skips

_NEW: Final = sa.insert(review_items)
_NOBODY: Final[Mapping[str, None]] = {"claimed_by": None, "claimed_name": None, "claimed_until": None}
NO_PROPOSAL: Final[Mapping[str, None]] = {
    "proposed_action": None,
    "proposed_reason": None,
    "proposed_by": None,
    "proposed_name": None,
}


def open_items(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Put comments into the queue, in the place of what was known of them there."""
    if rows:
        drop_items(connection, [row["comment_id"] for row in rows])
        connection.execute(_NEW, list(rows))


def drop_items(connection: Connection, ids: Sequence[str]) -> None:
    """Forget items, open or closed."""
    for chunk in _chunks(ids):
        connection.execute(sa.delete(review_items).where(review_items.c.comment_id.in_(chunk)))


def close_items(connection: Connection, ids: Sequence[str], now: datetime) -> set[str]:
    """Take comments out of the queue; those that were in it."""
    was_open: set[str] = set()
    for chunk in _chunks(sorted(ids)):
        open_ones = review_items.c.comment_id.in_(chunk) & review_items.c.closed_at.is_(None)
        was_open |= set(connection.execute(sa.select(review_items.c.comment_id).where(open_ones)).scalars())
        connection.execute(sa.update(review_items).where(open_ones).values(closed_at=now, **_NOBODY))
    return was_open


def reopen_items(connection: Connection, ids: Sequence[str]) -> None:
    """Put comments back where they were in the queue."""
    for chunk in _chunks(ids):
        connection.execute(
            sa.update(review_items).where(review_items.c.comment_id.in_(chunk)).values(closed_at=None, **_NOBODY)
        )


def items_of(connection: Connection, ids: Collection[str]) -> dict[str, AnyRow]:
    """Items by comment, open or closed."""
    found: dict[str, AnyRow] = {}
    for chunk in _chunks(sorted(ids)):
        rows = connection.execute(sa.select(review_items).where(review_items.c.comment_id.in_(chunk)))
        found |= {row.comment_id: row for row in rows}
    return found


def change_item(connection: Connection, comment_id: str, changes: Mapping[str, Any]) -> None:
    """Change one item; the caller holds the lock of its comment."""
    connection.execute(sa.update(review_items).where(review_items.c.comment_id == comment_id).values(**changes))


def claim(connection: Connection, comment_id: str, user_id: str, name: str, *, now: datetime, until: datetime) -> bool:
    """Take or renew the lease of an open item; false when somebody else holds it or it is not open."""
    free = (
        review_items.c.claimed_by.is_(None)
        | (review_items.c.claimed_by == user_id)
        | (review_items.c.claimed_until <= now)
    )
    changed = connection.execute(
        sa.update(review_items)
        .where(review_items.c.comment_id == comment_id, review_items.c.closed_at.is_(None), free)
        .values(claimed_by=user_id, claimed_name=name, claimed_until=until)
    )
    return changed.rowcount == 1


def release(connection: Connection, comment_id: str, user_id: str) -> None:
    """Give the lease back."""
    connection.execute(
        sa.update(review_items)
        .where(review_items.c.comment_id == comment_id, review_items.c.claimed_by == user_id)
        .values(**_NOBODY)
    )


def insert_note(connection: Connection, row: Mapping[str, Any]) -> None:
    """Add a note."""
    connection.execute(sa.insert(notes), [dict(row)])


def retract_note(connection: Connection, note_id: str, now: datetime) -> None:
    """Take a note back; it is kept and no longer shown."""
    connection.execute(sa.update(notes).where(notes.c.id == note_id).values(retracted_at=now))


def notes_on(connection: Connection, comment_id: str) -> list[AnyRow]:
    """What moderators wrote about a comment, the first note first; what was taken back is not among it."""
    query = sa.select(notes).where(notes.c.comment_id == comment_id, notes.c.retracted_at.is_(None))
    return list(connection.execute(query.order_by(notes.c.id)))


def skip(connection: Connection, user_id: str, comment_id: str, now: datetime) -> None:
    """Leave a comment to others for now."""
    unskip(connection, user_id, comment_id)
    connection.execute(sa.insert(skips).values(user_id=user_id, comment_id=comment_id, skipped_at=now))


def unskip(connection: Connection, user_id: str, comment_id: str) -> None:
    """Take a comment back into one's own queue."""
    connection.execute(sa.delete(skips).where(skips.c.user_id == user_id, skips.c.comment_id == comment_id))


def unskip_for_all(connection: Connection, comment_id: str) -> None:
    """Bring a comment back into everybody's queue: there is something new about it."""
    connection.execute(sa.delete(skips).where(skips.c.comment_id == comment_id))


def forget_comment(connection: Connection, comment_id: str) -> None:
    """Erase what the desk knows of a comment: its item with the reasons, notes and skips."""
    for table in (review_items, notes, skips):
        connection.execute(sa.delete(table).where(table.c.comment_id == comment_id))


def _chunks(values: Sequence[str]) -> Iterable[Sequence[str]]:
    return (values[start : start + CHUNK] for start in range(0, len(values), CHUNK))
