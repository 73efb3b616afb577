"""SQL about how moderation goes: what was decided per day, by whom, and whether machine and people agreed."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from service.store.comments import AnyRow
from service.store.tables import comments, decisions
from service.store.tables_desk import acts

#: Acts of people that are looked at, the newest first.
MOST_ACTS: Final = 20_000
DAY: Final = 86_400


def decided_per_day(connection: Connection, site_id: str, since: datetime) -> dict[int, dict[str, int]]:
    """For each day (counted from 1970, in UTC) how many comments the machine approved, held and rejected."""
    day = _day(decisions.c.decided_at).label("day")
    query = (
        sa.select(day, decisions.c.action, sa.func.count())
        .join(comments, comments.c.id == decisions.c.comment_id)
        .where(comments.c.site_id == site_id, decisions.c.decided_at >= since)
        .group_by(day, decisions.c.action)
    )
    found: dict[int, dict[str, int]] = {}
    for number, action, count in connection.execute(query):
        found.setdefault(int(number), {})[action] = count
    return found


def ruled_per_day(connection: Connection, site_id: str, since: datetime) -> dict[int, int]:
    """For each day how many rulings people made."""
    day = _day(acts.c.at).label("day")
    query = (
        sa.select(day, sa.func.count())
        .where(acts.c.site_id == site_id, acts.c.at >= since, acts.c.verb.in_(("approve", "reject")))
        .group_by(day)
    )
    return {int(number): count for number, count in connection.execute(query)}


def ruled_with_decisions(connection: Connection, site_id: str, since: datetime) -> list[AnyRow]:
    """Rulings of people with what the machine had said of the same text, newest first; without those taken back."""
    undoing = acts.alias("undoing")
    query = (
        sa.select(
            acts.c.comment_id,
            acts.c.verb,
            acts.c.at,
            comments.c.received_at,
            decisions.c.action,
            decisions.c.scores,
            decisions.c.reasons,
        )
        .join(comments, comments.c.id == acts.c.comment_id)
        .join(decisions, decisions.c.id == acts.c.decision_id)
        .where(acts.c.site_id == site_id, acts.c.at >= since, acts.c.verb.in_(("approve", "reject")))
        .where(~sa.exists().where(undoing.c.undoes == acts.c.id))
        .order_by(acts.c.id.desc())
        .limit(MOST_ACTS)
    )
    return list(connection.execute(query))


def moments_of_acts(connection: Connection, site_id: str, since: datetime, limit: int) -> list[tuple[str, datetime]]:
    """Who ruled and when, act by act outside of batches, in order: what a moderator's pace is taken from."""
    query = (
        sa.select(acts.c.actor, acts.c.at)
        .where(acts.c.site_id == site_id, acts.c.at >= since, acts.c.batch_id.is_(None))
        .where(acts.c.verb.in_(("approve", "reject", "hold", "skip")))
        .order_by(acts.c.id.desc())
        .limit(limit)
    )
    return [(row.actor, row.at) for row in connection.execute(query)][::-1]


def _day(column: Any) -> sa.ColumnElement[Any]:
    seconds = sa.extract("epoch", column)
    return (seconds - seconds % DAY) / DAY
