"""The use cases of delivering: try once, note how it went, decide what becomes of it; and how it all stands.

A delivery may happen twice (a sender can die between sending and noting), always under the same id. A later event of a
comment never overtakes an earlier one on the way to the same webhook.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from importlib.metadata import version
from typing import Any, Final

from sqlalchemy.engine import Connection

import config.logs
from service import callbacks, webhooks
from service.attempts import PURPOSE, Attempt, Post, attempted
from service.metrics import WEBHOOKS
from service.sealing import UnsealedError, unseal
from service.store import deliveries as store
from service.store import hooks
from service.store.comments import AnyRow
from service.store.engine import Store, tell_when_committed

log = config.logs.get("webhooks")

#: Seconds to wait after the first failure, the second, and so on: a little over a day in all, then it is dead.
GAPS: Final = (5, 30, 120, 600, 1_800, 5_400, 14_400, 28_800, 36_000)
#: A gap is stretched by up to this share, so that what failed together does not come back together.
JITTER: Final = 0.2
#: From so many failures in a row on, a receiver is left alone for a while, whatever else waits for it.
PAUSE_AFTER: Final = 3
LONGEST_PAUSE: Final = 900
#: A webhook that fails for so long without one success is disabled.
DISABLE_AFTER: Final = timedelta(days=3)
#: What a sender needs beyond the time of the attempt itself; then another may take the delivery.
LEASE_SECONDS: Final = 60
GONE: Final = 410


class Outcome(StrEnum):
    """How one attempt went."""

    DELIVERED = "delivered"
    FAILED = "failed"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Done:
    """A delivery that was tried: how, and which one of the same comment is next."""

    outcome: Outcome
    following: str | None


def deliver(
    database: Store, secret: bytes, post: Post, delivery_id: str, *, clock: Callable[[], datetime], chance: float
) -> Done | None:
    """Send one delivery if it is due and its turn; nothing when it is not.

    Safe to run twice: only one of two finds it due. ``chance`` (0 to 1) spreads the next try.
    """
    began = clock()
    lease = began + timedelta(seconds=LEASE_SECONDS)
    claimed = database.write(lambda connection: store.claim(connection, delivery_id, now=began, lease=lease))
    if claimed is None:
        return None
    live = secrets_of(secret, claimed)
    if claimed.speaks == hooks.AKISMET:
        attempt = callbacks.attempt_to(database, claimed, live, post)
    else:
        attempt = attempt_to(claimed.url, claimed.event_id, claimed.payload, live, post=post, now=began)
    done = database.write(lambda connection: _settle(connection, claimed, attempt, clock(), chance))
    WEBHOOKS.labels(done.outcome.value).inc()
    log.info(
        "webhook.attempted",
        delivery=delivery_id,
        webhook=claimed.webhook_id,
        outcome=done.outcome.value,
        status=attempt.status,
        attempt=claimed.attempts,
    )
    return done


def attempt_to(
    url: str, message_id: str, payload: Mapping[str, Any], live_secrets: Sequence[str], *, post: Post, now: datetime
) -> Attempt:
    """Sign a message and send it once."""
    body = json.dumps(payload, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"Sluice/{version('sluice-moderation')}",
        **webhooks.headers(live_secrets, message_id, int(now.timestamp()), body),
    }
    if not live_secrets:
        return Attempt(None, "The secret cannot be opened with the installation's secret; rotate it.")
    return attempted(post, url, body, headers)


def secrets_of(secret: bytes, row: AnyRow) -> list[str]:
    """A webhook's live secrets, the newest first; those that cannot be opened are left out."""
    found = []
    for sealed in (row.secret, row.previous_secret):
        if sealed is not None:
            try:
                found.append(unseal(secret, sealed, PURPOSE))
            except UnsealedError:
                log.error("webhook.sealed", webhook=row.webhook_id if hasattr(row, "webhook_id") else row.id)
    return found


def gap_after(attempts: int, chance: float) -> float | None:
    """Seconds until the next try after so many; nothing when there is none."""
    if attempts > len(GAPS):
        return None
    return GAPS[attempts - 1] * (1 + JITTER * chance)


def pause_after(failures: int) -> float:
    """Seconds for which a receiver is left alone after so many failures in a row."""
    return 0.0 if failures < PAUSE_AFTER else min(15.0 * 2 ** min(failures - PAUSE_AFTER, 10), LONGEST_PAUSE)


def disable(connection: Connection, webhook_id: str, reason: str, now: datetime) -> None:
    """Tell a webhook nothing any more; what waits for it is dead and can be replayed once it is enabled again."""
    hooks.update_webhook(connection, webhook_id, {"disabled_at": now, "disabled_reason": reason})
    store.lay_down(connection, f"The webhook was disabled: {reason}", webhook_id)
    log.warning("webhook.disabled", webhook=webhook_id)


def replay(connection: Connection, ids: Sequence[str], now: datetime) -> None:
    """Send deliveries again, from their first try on, under the ids that they had; the caller knows they may be."""
    store.take_up(connection, ids, now)
    tell_when_committed(connection, ids)


@dataclass(frozen=True, slots=True)
class Standing:
    """How deliveries stand, for the page on health."""

    waiting: int
    delivered: int
    dead: int
    oldest_waiting: datetime | None
    last_failure: str | None
    last_failure_at: datetime | None
    disabled: int

    @property
    def sentence(self) -> str:
        """The plain sentence to begin with."""
        if self.disabled:
            return f"{self.disabled} webhook{'s are' if self.disabled > 1 else ' is'} disabled."
        if self.dead:
            return f"{self.dead:,} event{'s' if self.dead > 1 else ''} could not be delivered."
        if self.waiting:
            return f"{self.waiting:,} event{'s are' if self.waiting > 1 else ' is'} on the way."
        return "Every webhook was told everything."


def how_it_stands(connection: Connection, site_id: str | None = None) -> Standing:
    """Counts by state, the oldest that waits, and the last failure in words; of a site, or of all."""
    counts = store.count_by_state(connection, site_id)
    failure = store.last_failure(connection, site_id)
    disabled = [row for row in hooks.disabled_webhooks(connection) if site_id in (None, row.site_id)]
    return Standing(
        waiting=counts.get(store.WAITING, 0),
        delivered=counts.get(store.DELIVERED, 0),
        dead=counts.get(store.DEAD, 0),
        oldest_waiting=store.oldest_waiting(connection, site_id),
        last_failure=None if failure is None else failure.last_error,
        last_failure_at=None if failure is None else failure.tried_at,
        disabled=len(disabled),
    )


def _settle(connection: Connection, claimed: AnyRow, attempt: Attempt, now: datetime, chance: float) -> Done:
    hook = hooks.lock_webhook(connection, claimed.webhook_id)
    noted: dict[str, Any] = {"last_status": attempt.status, "last_error": attempt.error}
    gap = gap_after(claimed.attempts, chance)
    if attempt.succeeded:
        outcome = Outcome.DELIVERED
        noted |= {"state": store.DELIVERED, "delivered_at": now}
    elif gap is None:
        outcome = Outcome.DEAD
        noted |= {"state": store.DEAD}
    else:
        outcome = Outcome.FAILED
        noted |= {"next_at": now + timedelta(seconds=gap)}
    ours = store.settle(connection, claimed.id, claimed.attempts, noted)
    if hook is not None and hook.disabled_at is None and ours and _learn(connection, hook, attempt, now):
        outcome = Outcome.DEAD
    following = None
    if outcome is not Outcome.FAILED:
        following = store.next_of(connection, claimed.webhook_id, claimed.comment_id)
    return Done(outcome, following)


def _learn(connection: Connection, hook: AnyRow, attempt: Attempt, now: datetime) -> bool:
    """Remember how the receiver does, and leave it alone for a while; whether it was given up altogether."""
    if attempt.succeeded:
        if hook.failures:
            well = {"failures": 0, "failing_since": None, "paused_until": None}
            hooks.update_webhook(connection, hook.id, well)
        return False
    since = hook.failing_since or now
    pause = pause_after(hook.failures + 1)
    changes = {
        "failures": hook.failures + 1,
        "failing_since": since,
        "paused_until": now + timedelta(seconds=pause) if pause else None,
    }
    hooks.update_webhook(connection, hook.id, changes)
    if attempt.status == GONE:
        disable(connection, hook.id, "The receiver answered 410: it wants nothing any more.", now)
        return True
    if now - since >= DISABLE_AFTER:
        days = (now - since).days
        disable(connection, hook.id, f"Nothing could be delivered for {days} days; at last: {attempt.error}", now)
        return True
    return False
