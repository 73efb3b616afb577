"""The use cases of webhooks: add, rotate, test, enable, remove, replay. The caller commits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy.engine import Connection

from config import Settings
from service import deliveries, webhooks
from service.attempts import PURPOSE, Attempt, Post
from service.egress import RefusedError, Rules, post, rules_of, target_of
from service.events import EventKind, moment
from service.sealing import seal
from service.store import deliveries as store
from service.store import hooks
from service.store.accounts import Site, new_id
from service.store.comments import AnyRow
from service.store.facts import forget_fact, read_fact, write_fact

#: Each is told everything, and every attempt costs a delivery.
MOST_WEBHOOKS: Final = 10
#: Deliveries that are replayed at once.
REPLAY_LIMIT: Final = 10_000
TEST_KIND: Final = "webhook.test"


class HookError(Exception):
    """Something about a webhook cannot be as asked; ``code`` is in the error catalogue and the message a sentence."""

    code = "webhook.conflict"


class NoSuchHookError(HookError):
    """The site has no such webhook or delivery."""

    code = "not_found"


class BadAddressError(HookError):
    """We do not send to this address."""

    code = "webhook.address"


class EmptyEventError(HookError):
    """The comment was erased, and with it what the event said."""

    code = "comment.erased"


@dataclass(frozen=True, slots=True)
class Made:
    """A webhook and the secret that it got, which is shown this once."""

    webhook: AnyRow
    secret: str


def rules_from(settings: Settings) -> Rules:
    """Where webhooks may be sent to."""
    return rules_of(
        settings.webhook_ports,
        settings.webhook_allowed_networks,
        plain_http=settings.webhook_plain_http,
        seconds=settings.webhook_timeout_seconds,
    )


def sender(settings: Settings) -> Post:
    """What sends, under the settings' rules."""
    rules = rules_from(settings)
    return lambda url, body, headers: post(url, body, headers, rules)


def add(
    connection: Connection,
    site: Site,
    url: str,
    kinds: Sequence[EventKind],
    *,
    secret: bytes,
    rules: Rules,
    now: datetime,
) -> Made:
    """Make a webhook; without ``kinds`` it is told everything.

    Raises:
        BadAddressError: we do not send there. HookError: the site has too many.
    """
    try:
        target_of(url, rules)
    except RefusedError as error:
        raise BadAddressError(str(error)) from None
    if len(hooks.webhooks_of(connection, site.id)) >= MOST_WEBHOOKS:
        raise HookError(f"The site has {MOST_WEBHOOKS} webhooks already; remove one first.")
    signing = webhooks.new_secret()
    webhook_id = new_id()
    row = {
        "id": webhook_id,
        "site_id": site.id,
        "url": url,
        "events": [kind.value for kind in EventKind if kind in kinds or not kinds],
        "secret": seal(secret, signing, PURPOSE),
        "created_at": now,
        "failures": 0,
    }
    hooks.insert_webhook(connection, row)
    return Made(find(connection, webhook_id, site), signing)


def find(connection: Connection, webhook_id: str, site: Site | None = None) -> AnyRow:
    """The webhook with this id, of this site if one is named.

    Raises:
        NoSuchHookError: there is none.
    """
    row = hooks.find_webhook(connection, webhook_id)
    if row is None or (site is not None and row.site_id != site.id):
        raise NoSuchHookError("There is no such webhook; `sluice webhook list` shows them.")
    return row


def rotate(connection: Connection, webhook_id: str, *, secret: bytes, site: Site | None = None) -> Made:
    """Make a new secret beside the newest one: both sign from now on, and an older one no longer does."""
    row = find(connection, webhook_id, site)
    signing = webhooks.new_secret()
    changes = {"secret": seal(secret, signing, PURPOSE), "previous_secret": row.secret}
    hooks.update_webhook(connection, webhook_id, changes)
    return Made(find(connection, webhook_id), signing)


def enable(connection: Connection, webhook_id: str, site: Site | None = None) -> AnyRow:
    """Tell a disabled webhook again what happens from now on; what is dead is replayed when asked for."""
    find(connection, webhook_id, site)
    afresh = dict.fromkeys(("disabled_at", "disabled_reason", "failing_since", "paused_until"))
    hooks.update_webhook(connection, webhook_id, {**afresh, "failures": 0})
    return find(connection, webhook_id)


def remove(connection: Connection, webhook_id: str, site: Site | None = None) -> AnyRow:
    """Delete a webhook with its deliveries; what it was."""
    row = find(connection, webhook_id, site)
    hooks.delete_webhook(connection, webhook_id)
    forget_fact(connection, _test_fact(webhook_id))
    return row


def try_out(row: AnyRow, *, secret: bytes, send: Post, now: datetime) -> Attempt:
    """Send a message of the kind ``webhook.test`` now, once, signed like every other."""
    payload: dict[str, Any] = {"id": new_id(), "type": TEST_KIND, "timestamp": moment(now)}
    payload["data"] = {"site_id": row.site_id, "webhook_id": row.id}
    return deliveries.attempt_to(
        row.url, payload["id"], payload, deliveries.secrets_of(secret, row), post=send, now=now
    )


def note_test(connection: Connection, webhook_id: str, attempt: Attempt, now: datetime) -> None:
    """Remember how a test went until the next one; a test is no delivery and disables nothing."""
    if attempt.succeeded:
        forget_fact(connection, _test_fact(webhook_id))
    else:
        write_fact(connection, _test_fact(webhook_id), f"{now.isoformat()} {attempt.error}")


def in_words(connection: Connection, row: AnyRow) -> str:
    """How a webhook does; that it works is said of one that took something."""
    if row.disabled_at is not None:
        return f"disabled since {row.disabled_at.isoformat(timespec='seconds')}"
    if row.failing_since is not None:
        return f"fails since {row.failing_since.isoformat(timespec='seconds')}"
    last = store.last_delivered(connection, row.id)
    when, _, why = (read_fact(connection, _test_fact(row.id)) or "").partition(" ")
    said = "nothing told yet" if last is None else "works"
    if when and (last is None or last < datetime.fromisoformat(when)):
        return f"{said}; the last test was not taken: {why}"
    return said


def _test_fact(webhook_id: str) -> str:
    return f"webhook.test.{webhook_id}"


def replay_one(connection: Connection, delivery_id: str, now: datetime, site: Site | None = None) -> AnyRow:
    """Send a delivery again, whether it is dead, delivered or still waiting for its time.

    Raises:
        NoSuchHookError, EmptyEventError; HookError: its webhook is disabled.
    """
    row = store.record(connection, delivery_id)
    if row is None or (site is not None and row.site_id != site.id):
        raise NoSuchHookError("There is no such delivery; `sluice webhook deliveries` shows them.")
    if not row.has_payload:
        raise EmptyEventError("The comment was erased, and with it what this event said.")
    if row.disabled_at is not None:
        raise HookError("The webhook is disabled; enable it first.")
    deliveries.replay(connection, [delivery_id], now)
    return row


def replay_dead(
    connection: Connection, now: datetime, *, site: Site | None = None, webhook_id: str | None = None
) -> int:
    """Send again what was given up, of all webhooks that are not disabled; how many that are (10,000 at most)."""
    ids = store.ids_of_dead(connection, None if site is None else site.id, webhook_id, REPLAY_LIMIT)
    for start in range(0, len(ids), 500):
        deliveries.replay(connection, ids[start : start + 500], now)
    return len(ids)
