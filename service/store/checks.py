"""SQL about checks: comments that were asked about in another service's protocol, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from classifier.domain import Status
from service.store.comments import AnyRow
from service.store.tables import comments
from service.store.tables_protocols import check_counts, checks

COUNTERS: Final = ("spam", "ham", "missed_spam", "false_positives")
#: Checks of one text that are looked at, the newest first.
MOST_ALIKE: Final = 50


@dataclass(frozen=True, slots=True)
class Earlier:
    """A check of before and how its comment stands now."""

    guid: str
    answer: str | None
    comment_id: str
    status: Status
    name: str | None
    email: str | None
    ip: str | None


_EARLIER: Final = sa.select(
    checks.c.guid,
    checks.c.answer,
    comments.c.id,
    comments.c.status,
    comments.c.author_name,
    comments.c.author_email,
    comments.c.author_ip,
).join(comments, comments.c.id == checks.c.comment_id)
_WHO: Final = {"name": comments.c.author_name, "email": comments.c.author_email, "ip": comments.c.author_ip}


def insert_checks(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Remember checks."""
    connection.execute(sa.insert(checks), [dict(row) for row in rows])


def check_named(connection: Connection, site_id: str, guid: str) -> Earlier | None:
    """The site's check that was called so."""
    row = connection.execute(_EARLIER.where(checks.c.guid == guid, checks.c.site_id == site_id)).one_or_none()
    return None if row is None else _earlier(row)


def checks_alike(connection: Connection, site_id: str, digest: str, who: Mapping[str, str]) -> list[Earlier]:
    """The site's checks of a text, the newest first: those whose author is not known to be somebody else.

    ``who`` gives name, email and ip as far as they are known.
    """
    query = _EARLIER.where(checks.c.site_id == site_id, checks.c.digest == digest)
    for field, value in who.items():
        query = query.where(sa.or_(_WHO[field] == value, _WHO[field].is_(None)))
    rows = connection.execute(query.order_by(checks.c.guid.desc()).limit(MOST_ALIKE))
    return [_earlier(row) for row in rows]


def guids_of(connection: Connection, comment_ids: Sequence[str]) -> dict[str, list[str]]:
    """What clients were told to call the checks of these comments, the newest first."""
    query = sa.select(checks.c.comment_id, checks.c.guid).where(checks.c.comment_id.in_(comment_ids))
    found: dict[str, list[str]] = {}
    for comment_id, guid in connection.execute(query.order_by(checks.c.guid.desc())):
        found.setdefault(comment_id, []).append(guid)
    return found


def set_answer(connection: Connection, guid: str, answer: str) -> None:
    """Remember what the client was told."""
    connection.execute(sa.update(checks).where(checks.c.guid == guid).values(answer=answer))


def forget_checks(connection: Connection, comment_id: str) -> None:
    """Erase by what a text could be known again; that it was checked stays."""
    connection.execute(sa.update(checks).where(checks.c.comment_id == comment_id).values(digest=None))


def add_to_counts(connection: Connection, site_id: str, month: str, **counted: int) -> None:
    """Add to a site's counters of a month (``2026-11``)."""
    row = {"site_id": site_id, "month": month, **dict.fromkeys(COUNTERS, 0), **counted}
    connection.execute(_ADD[connection.dialect.name], row)


def counts_since(connection: Connection, site_id: str, month: str) -> list[AnyRow]:
    """A site's counters from a month on, the oldest first."""
    query = sa.select(check_counts).where(check_counts.c.site_id == site_id, check_counts.c.month >= month)
    return list(connection.execute(query.order_by(check_counts.c.month)))


def _earlier(row: AnyRow) -> Earlier:
    return Earlier(row[0], row[1], row[2], Status(row[3]), *row[4:])


def _adding(dialect: Any) -> Any:
    statement = dialect.insert(check_counts)
    changes = {name: check_counts.c[name] + statement.excluded[name] for name in COUNTERS}
    return statement.on_conflict_do_update(index_elements=["site_id", "month"], set_=changes)


_ADD: Final = {"sqlite": _adding(sqlite), "postgresql": _adding(postgresql)}
