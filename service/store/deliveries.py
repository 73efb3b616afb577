"""SQL about events and their deliveries: one function per question."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from service.store.comments import AnyRow, Rows
from service.store.tables import articles, comments
from service.store.tables_hooks import deliveries, events, webhooks

WAITING: Final = "waiting"
DELIVERED: Final = "delivered"
DEAD: Final = "dead"
STATES: Final = (WAITING, DELIVERED, DEAD)

_EARLIER: Final = deliveries.alias("earlier")
#: Whether nothing that happened before to the same comment is still on its way to the same webhook.
_ITS_TURN: Final = ~sa.exists().where(
    _EARLIER.c.webhook_id == deliveries.c.webhook_id,
    _EARLIER.c.comment_id == deliveries.c.comment_id,
    _EARLIER.c.event_id < deliveries.c.event_id,
    _EARLIER.c.state == WAITING,
)
_RECEIVES: Final = sa.exists().where(
    webhooks.c.id == deliveries.c.webhook_id,
    webhooks.c.disabled_at.is_(None),
    sa.or_(webhooks.c.paused_until.is_(None), webhooks.c.paused_until <= sa.bindparam("now")),
)

# --- What happened ------------------------------------------------------------------------------------------------

_SUBJECTS: Final = (
    sa.select(
        comments.c.id,
        comments.c.external_id,
        comments.c.article_id,
        articles.c.key.label("article_key"),
        articles.c.url.label("article_url"),
    )
    .join(articles, articles.c.id == comments.c.article_id)
    .where(comments.c.id.in_(sa.bindparam("ids", expanding=True)))
)
_LAST: Final = (
    sa.select(events.c.comment_id, sa.func.max(events.c.id).label("id"))
    .where(events.c.comment_id.in_(sa.bindparam("ids", expanding=True)))
    .group_by(events.c.comment_id)
)


def subjects(connection: Connection, ids: Collection[str]) -> dict[str, AnyRow]:
    """What events say of comments beside how they stand: their ids, and the article."""
    return {row.id: row for row in connection.execute(_SUBJECTS, {"ids": sorted(ids)})}


def last_events(connection: Connection, ids: Collection[str]) -> dict[str, str]:
    """The id of the latest event of each of these comments."""
    return {row.comment_id: row.id for row in connection.execute(_LAST, {"ids": sorted(ids)})}


def last_delivered(connection: Connection, webhook_id: str) -> datetime | None:
    """When a webhook last took something, as far as deliveries are kept."""
    query = sa.select(deliveries.c.delivered_at).where(
        deliveries.c.webhook_id == webhook_id, deliveries.c.state == DELIVERED
    )
    return connection.execute(query.order_by(deliveries.c.delivered_at.desc()).limit(1)).scalar()


def insert_events(connection: Connection, happened: Rows, to_tell: Rows) -> None:
    """Note what happened, and whom to tell."""
    connection.execute(sa.insert(events), happened)
    connection.execute(sa.insert(deliveries), to_tell)


def forget_events(connection: Connection, comment_id: str) -> None:
    """Erase what events say of a comment; what was not delivered of that never will be."""
    connection.execute(
        sa.delete(deliveries).where(deliveries.c.comment_id == comment_id, deliveries.c.state != DELIVERED)
    )
    connection.execute(sa.update(events).where(events.c.comment_id == comment_id).values(payload=None))


def forget_old_events(connection: Connection, before: datetime, limit: int) -> int:
    """Delete events of before a moment that wait for nobody, with their deliveries; how many went."""
    waiting = sa.exists().where(deliveries.c.event_id == events.c.id, deliveries.c.state == WAITING)
    old = (
        sa.select(events.c.id)
        .where(events.c.occurred_at < before, ~waiting)
        .order_by(events.c.occurred_at)
        .limit(limit)
    )
    return connection.execute(sa.delete(events).where(events.c.id.in_(old.scalar_subquery()))).rowcount


# --- Telling ------------------------------------------------------------------------------------------------------

_CLAIM: Final = (
    sa.update(deliveries)
    .where(deliveries.c.id == sa.bindparam("delivery"), deliveries.c.state == WAITING)
    .where(deliveries.c.next_at <= sa.bindparam("now"), _ITS_TURN, _RECEIVES)
    .values(attempts=deliveries.c.attempts + 1, next_at=sa.bindparam("lease"), tried_at=sa.bindparam("now"))
)
_CLAIMED: Final = (
    sa.select(
        deliveries.c.id,
        deliveries.c.event_id,
        deliveries.c.webhook_id,
        deliveries.c.comment_id,
        deliveries.c.attempts,
        events.c.kind,
        events.c.payload,
        webhooks.c.url,
        webhooks.c.secret,
        webhooks.c.previous_secret,
        webhooks.c.speaks,
    )
    .join(events, events.c.id == deliveries.c.event_id)
    .join(webhooks, webhooks.c.id == deliveries.c.webhook_id)
    .where(deliveries.c.id == sa.bindparam("delivery"))
)


def claim(connection: Connection, delivery_id: str, *, now: datetime, lease: datetime) -> AnyRow | None:
    """Take a delivery that is due and whose turn it is, so that nobody else sends it before ``lease`` has passed."""
    taken = connection.execute(_CLAIM, {"delivery": delivery_id, "now": now, "lease": lease}).rowcount
    return connection.execute(_CLAIMED, {"delivery": delivery_id}).one_or_none() if taken else None


def settle(connection: Connection, delivery_id: str, attempts: int, changes: Mapping[str, Any]) -> bool:
    """Note how an attempt went; false when the delivery is gone, or was tried again elsewhere meanwhile."""
    query = sa.update(deliveries).where(
        deliveries.c.id == delivery_id, deliveries.c.attempts == attempts, deliveries.c.state == WAITING
    )
    return connection.execute(query.values(**changes)).rowcount == 1


def next_of(connection: Connection, webhook_id: str, comment_id: str) -> str | None:
    """The delivery that waits next of this comment's to this webhook."""
    query = (
        sa.select(deliveries.c.id)
        .where(deliveries.c.webhook_id == webhook_id, deliveries.c.comment_id == comment_id)
        .where(deliveries.c.state == WAITING)
        .order_by(deliveries.c.event_id)
        .limit(1)
    )
    return connection.execute(query).scalar()


def due(connection: Connection, now: datetime, limit: int) -> list[str]:
    """Deliveries that should be sent now, those that wait longest first."""
    query = (
        sa.select(deliveries.c.id)
        .where(deliveries.c.state == WAITING, deliveries.c.next_at <= sa.bindparam("now"), _ITS_TURN, _RECEIVES)
        .order_by(deliveries.c.next_at, deliveries.c.event_id)
        .limit(limit)
    )
    return list(connection.execute(query, {"now": now}).scalars())


def lay_down(connection: Connection, reason: str, webhook_id: str | None = None) -> int:
    """Give up what waits, for one webhook or for all, with a reason; how many that were."""
    query = sa.update(deliveries).where(deliveries.c.state == WAITING)
    if webhook_id is not None:
        query = query.where(deliveries.c.webhook_id == webhook_id)
    return connection.execute(query.values(state=DEAD, last_error=reason)).rowcount


def take_up(connection: Connection, ids: Sequence[str], now: datetime) -> None:
    """Let deliveries be sent (again), from their first try on, and receivers not be left alone any longer."""
    theirs = sa.select(deliveries.c.webhook_id).where(deliveries.c.id.in_(ids))
    connection.execute(sa.update(webhooks).where(webhooks.c.id.in_(theirs)).values(paused_until=None))
    afresh = {"state": WAITING, "attempts": 0, "next_at": now, "delivered_at": None}
    connection.execute(sa.update(deliveries).where(deliveries.c.id.in_(ids)).values(**afresh))


# --- How it stands ------------------------------------------------------------------------------------------------

_RECORDS: Final = (
    sa.select(
        deliveries,
        events.c.kind,
        events.c.revision,
        events.c.occurred_at,
        events.c.payload.is_not(None).label("has_payload"),
        webhooks.c.site_id,
        webhooks.c.disabled_at,
    )
    .join(events, events.c.id == deliveries.c.event_id)
    .join(webhooks, webhooks.c.id == deliveries.c.webhook_id)
)


def records(
    connection: Connection,
    *,
    site_id: str | None = None,
    webhook_id: str | None = None,
    state: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> list[AnyRow]:
    """One page of deliveries with their events, newest first, by key."""
    query = _RECORDS
    for column, value in ((webhooks.c.site_id, site_id), (webhooks.c.id, webhook_id), (deliveries.c.state, state)):
        if value is not None:
            query = query.where(column == value)
    if after is not None:
        query = query.where(deliveries.c.id < after)
    return list(connection.execute(query.order_by(deliveries.c.id.desc()).limit(limit)))


def record(connection: Connection, delivery_id: str) -> AnyRow | None:
    """One delivery with its event."""
    return connection.execute(_RECORDS.where(deliveries.c.id == delivery_id)).one_or_none()


def ids_of_dead(connection: Connection, site_id: str | None, webhook_id: str | None, limit: int) -> list[str]:
    """Deliveries given up that could be sent again: their webhook lives and their event still says something."""
    query = (
        sa.select(deliveries.c.id)
        .join(events, events.c.id == deliveries.c.event_id)
        .join(webhooks, webhooks.c.id == deliveries.c.webhook_id)
        .where(deliveries.c.state == DEAD, events.c.payload.is_not(None), webhooks.c.disabled_at.is_(None))
        .order_by(deliveries.c.id)
        .limit(limit)
    )
    for column, value in ((webhooks.c.site_id, site_id), (webhooks.c.id, webhook_id)):
        if value is not None:
            query = query.where(column == value)
    return list(connection.execute(query).scalars())


def count_by_state(connection: Connection, site_id: str | None = None) -> dict[str, int]:
    """How many deliveries stand where."""
    query = sa.select(deliveries.c.state, sa.func.count()).group_by(deliveries.c.state)
    if site_id is not None:
        query = query.join(webhooks, webhooks.c.id == deliveries.c.webhook_id).where(webhooks.c.site_id == site_id)
    return {row[0]: row[1] for row in connection.execute(query)}


def oldest_waiting(connection: Connection, site_id: str | None = None) -> datetime | None:
    """When the oldest event happened that is still on its way."""
    query = (
        sa.select(sa.func.min(events.c.occurred_at))
        .join(deliveries, deliveries.c.event_id == events.c.id)
        .where(deliveries.c.state == WAITING)
    )
    if site_id is not None:
        query = query.where(events.c.site_id == site_id)
    return connection.execute(query).scalar()


def last_failure(connection: Connection, site_id: str | None = None) -> AnyRow | None:
    """The latest attempt that failed and has not succeeded since: tried_at, last_status, last_error, url."""
    query = (
        sa.select(deliveries.c.tried_at, deliveries.c.last_status, deliveries.c.last_error, webhooks.c.url)
        .join(webhooks, webhooks.c.id == deliveries.c.webhook_id)
        .where(deliveries.c.state != DELIVERED, deliveries.c.last_error.is_not(None))
        .where(deliveries.c.tried_at.is_not(None))
        .order_by(deliveries.c.tried_at.desc())
        .limit(1)
    )
    if site_id is not None:
        query = query.where(webhooks.c.site_id == site_id)
    return connection.execute(query).one_or_none()
