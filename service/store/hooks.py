"""SQL about webhooks: one function per question."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from service.store.comments import AnyRow
from service.store.tables_hooks import webhooks

#: What speaks so was added by an owner; the others come and go with what WordPress says.
SLUICE: Final = "sluice"
AKISMET: Final = "akismet"

_LIVE: Final = sa.select(webhooks.c.id, webhooks.c.site_id, webhooks.c.events, webhooks.c.speaks).where(
    webhooks.c.disabled_at.is_(None), webhooks.c.site_id.in_(sa.bindparam("sites", expanding=True))
)


def live_webhooks(connection: Connection, site_ids: Collection[str]) -> list[AnyRow]:
    """The webhooks of these sites that are to be told what happens: id, site_id, events, speaks."""
    return list(connection.execute(_LIVE, {"sites": sorted(site_ids)}))


def webhooks_of(connection: Connection, site_id: str | None = None) -> list[AnyRow]:
    """All webhooks that owners added, of a site or of every site, oldest first."""
    query = sa.select(webhooks).where(webhooks.c.speaks == SLUICE).order_by(webhooks.c.id)
    return list(connection.execute(query if site_id is None else query.where(webhooks.c.site_id == site_id)))


def find_webhook(connection: Connection, webhook_id: str) -> AnyRow | None:
    """The webhook with this id, if an owner added it."""
    query = sa.select(webhooks).where(webhooks.c.id == webhook_id, webhooks.c.speaks == SLUICE)
    return connection.execute(query).one_or_none()


def callback_of(connection: Connection, site_id: str) -> AnyRow | None:
    """Where the site's WordPress wants to be told what moderators decide."""
    query = sa.select(webhooks).where(webhooks.c.site_id == site_id, webhooks.c.speaks == AKISMET)
    return connection.execute(query.order_by(webhooks.c.id).limit(1)).one_or_none()


def lock_webhook(connection: Connection, webhook_id: str) -> AnyRow | None:
    """The same, which nobody else can change until this transaction ends."""
    # Not against those who only refer to it: whoever notes an event holds other locks meanwhile.
    query = sa.select(webhooks).where(webhooks.c.id == webhook_id).with_for_update(key_share=True)
    return connection.execute(query).one_or_none()


def insert_webhook(connection: Connection, row: Mapping[str, Any]) -> None:
    """Store a new webhook."""
    connection.execute(sa.insert(webhooks), [dict(row)])


def update_webhook(connection: Connection, webhook_id: str, changes: Mapping[str, Any]) -> None:
    """Change one webhook's row."""
    connection.execute(sa.update(webhooks).where(webhooks.c.id == webhook_id).values(**changes))


def delete_webhook(connection: Connection, webhook_id: str) -> None:
    """Delete a webhook with its deliveries."""
    connection.execute(sa.delete(webhooks).where(webhooks.c.id == webhook_id))


def disabled_webhooks(connection: Connection) -> list[AnyRow]:
    """What owners added and is disabled, with when and why."""
    query = sa.select(webhooks).where(webhooks.c.disabled_at.is_not(None), webhooks.c.speaks == SLUICE)
    return list(connection.execute(query))
