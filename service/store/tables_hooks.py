"""The tables of webhooks: whom to tell, what happened, and what was told.

Beside ``service.store.tables`` and in the same metadata; ``service.store.indexes`` imports both, so that migrations see
all of them.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from service.store.tables import Id, UTCDateTime, comments, metadata

#: A secret that signs, as it is kept: sealed, and so longer than it is.
_Sealed: Final = sa.String(400)

webhooks = sa.Table(
    "webhooks",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("site_id", Id, sa.ForeignKey("sites.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("url", sa.String(2000), nullable=False),
    # The kinds of events that it wants.
    sa.Column("events", sa.JSON, nullable=False),
    # They must sign, so they are sealed with the installation's secret and not hashed.
    sa.Column("secret", _Sealed, nullable=False),
    sa.Column("previous_secret", _Sealed),
    sa.Column("created_at", UTCDateTime, nullable=False),
    # Nothing is noted for it and nothing sent to it while this is set; the reason is a sentence.
    sa.Column("disabled_at", UTCDateTime),
    sa.Column("disabled_reason", sa.Text),
    # How it has answered lately: failures without a success between, since when, and until when it is left alone.
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("failing_since", UTCDateTime),
    sa.Column("paused_until", UTCDateTime),
    # "sluice", or "akismet": WordPress' plugin, which named the address itself and knows its API key as the secret.
    sa.Column("speaks", sa.String(10), nullable=False, server_default="sluice"),
)

#: Beside a comment's row: whether a webhook of its site is to be told.
HOOKED: Final = (
    sa.exists().where(webhooks.c.site_id == comments.c.site_id, webhooks.c.disabled_at.is_(None)).label("hooked")
)

# What happened to comments, for sites that have a webhook: written in the transaction in which it happened.
events = sa.Table(
    "events",
    metadata,
    # Those of one comment sort in the order in which they happened, whatever the clocks of our hosts say.
    sa.Column("id", Id, primary_key=True),
    sa.Column("site_id", Id, sa.ForeignKey("sites.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("comment_id", Id, sa.ForeignKey("comments.id", ondelete="CASCADE"), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("kind", sa.String(30), nullable=False),
    sa.Column("occurred_at", UTCDateTime, nullable=False, index=True),
    # Without text, name, email or IP. Nothing is left of it once the comment is erased.
    sa.Column("payload", sa.JSON(none_as_null=True)),
)
sa.Index("ix_events_comment_id_id", events.c.comment_id, events.c.id)

# An event on its way to a webhook, or arrived there, or given up.
deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("event_id", Id, sa.ForeignKey("events.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("webhook_id", Id, sa.ForeignKey("webhooks.id", ondelete="CASCADE"), nullable=False),
    # The event's, again: a later event of a comment waits for an earlier one.
    sa.Column("comment_id", Id, nullable=False),
    # "waiting", "delivered" or "dead".
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    # While one is being sent this is the moment at which its sender must have died.
    sa.Column("next_at", UTCDateTime, nullable=False),
    sa.Column("last_status", sa.Integer),
    sa.Column("last_error", sa.Text),
    sa.Column("tried_at", UTCDateTime),
    sa.Column("delivered_at", UTCDateTime),
)
sa.Index("ix_deliveries_state_next_at", deliveries.c.state, deliveries.c.next_at)
sa.Index(
    "ix_deliveries_webhook_id_comment_id_event_id",
    deliveries.c.webhook_id,
    deliveries.c.comment_id,
    deliveries.c.event_id,
)
