"""Upkeep: find lost work, hold what is late, erase what is due.

It is a loop of its own and no RQ job, because it is what mends RQ. One host does it at a time, by a lock in Redis;
when Redis is away every host does the part that only needs the database, which is safe to do twice.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import redis
from rq import Queue as JobQueue
from rq.registry import FailedJobRegistry, StartedJobRegistry
from rq.serializers import JSONSerializer
from sqlalchemy.exc import SQLAlchemyError

import config.logs
from config import Settings
from service import moderation
from service.deliver_queue import DELIVER_QUEUE, DeliverQueue
from service.queue import CLASSIFY_QUEUE, LEADER, Queue, connect
from service.store import campaigns, deliveries
from service.store import comments as store
from service.store.backup import forget_old_backups
from service.store.engine import Store

log = config.logs.get("upkeep")

LEADER_SECONDS: Final = 15
#: A comment that is neither decided nor on the waiting list after this long has lost its place.
LOST_SECONDS: Final = 3
SWEEP_LIMIT: Final = 10_000
DELIVER_LIMIT: Final = 1_000
#: How often the slow duties are done.
RETENTION_SECONDS: Final = 600
RETENTION_CHUNK: Final = 1_000
IDEMPOTENCY_DAYS: Final = 30
#: How long texts are known again; copies are looked for in a shorter time.
FINGERPRINT_DAYS: Final = 30

_RENEW: Final = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('EXPIRE', KEYS[1], ARGV[2]) end
return redis.call('SET', KEYS[1], ARGV[1], 'NX', 'EX', ARGV[2]) and 1 or 0
"""


class Upkeep:
    """The duties, and when each was last done."""

    def __init__(self, settings: Settings, database: Store | None = None) -> None:
        self._settings = settings
        self._store = database or Store(settings.database_address, pool_size=2)
        self._redis = connect(settings.redis_address)
        self._queue = Queue(self._redis)
        self._deliver_queue = DeliverQueue(self._redis)
        self._store.after_commit = self._deliver_queue.announce
        self._jobs = [
            JobQueue(name, connection=self._redis, serializer=JSONSerializer)
            for name in (CLASSIFY_QUEUE, DELIVER_QUEUE)
        ]
        self._renew = self._redis.register_script(_RENEW)
        self._name = secrets.token_hex(8)
        self._retention_at = float("-inf")

    def run(self, stop: threading.Event) -> None:
        """Go round until asked to stop."""
        self.once()
        while not stop.wait(self._settings.upkeep_seconds):
            self.once()
        try:
            if self._redis.get(LEADER) == self._name.encode():
                self._redis.delete(LEADER)
        except redis.RedisError as error:
            log.warning("upkeep.no_redis", error=type(error).__name__)

    def once(self) -> None:
        """One round; a duty that fails is logged and does not keep the others from being done."""
        try:
            leading = bool(self._renew(keys=[LEADER], args=[self._name, LEADER_SECONDS]))
            redis_answers = True
        except redis.RedisError as error:
            log.warning("upkeep.no_redis", error=type(error).__name__)
            leading, redis_answers = True, False
        if not leading:
            return
        self._duty(self.hold_what_is_late)
        if redis_answers:
            self._duty(self.announce_what_is_lost)
            self._duty(self.deliver_what_is_due)
        self._duty(self.scrub_files)
        if time.monotonic() - self._retention_at >= RETENTION_SECONDS:
            self._duty(self.forget_what_is_old)
            if redis_answers:
                self._duty(self.clear_dead_bells)
            self._retention_at = time.monotonic()

    def hold_what_is_late(self) -> int:
        """Hold comments whose deadline passed, and those that were tried too often."""
        now = datetime.now(UTC)
        before = now - timedelta(seconds=self._settings.decision_deadline_seconds)
        late = self._store.write(lambda connection: moderation.hold_late(connection, before, now))
        given_up = self._store.write(lambda connection: moderation.hold_given_up(connection, now))
        if late or given_up:
            log.warning("comments.held_by_clock", late=late, given_up=given_up)
        return late + given_up

    def announce_what_is_lost(self) -> int:
        """Put comments back on the waiting list that lost their place on it, and ring."""
        if self._queue.waiting():
            self._queue.ring()
            return 0
        before = datetime.now(UTC) - timedelta(seconds=LOST_SECONDS)
        with self._store.read() as connection:
            lost = store.ids_waiting_since(connection, before, max_attempts=moderation.MAX_ATTEMPTS, limit=SWEEP_LIMIT)
        if not lost:
            return 0
        self._store.write(lambda connection: store.count_attempt(connection, lost))
        self._queue.announce(lost)
        self._queue.ring()
        log.warning("comments.announced_again", comments=len(lost))
        return len(lost)

    def deliver_what_is_due(self) -> int:
        """Make jobs for deliveries whose time has come, or whose job was lost, once the queue is done with the last."""
        if self._deliver_queue.waiting():
            return 0
        now = datetime.now(UTC)
        with self._store.read() as connection:
            due = deliveries.due(connection, now, DELIVER_LIMIT)
        if due:
            self._deliver_queue.enqueue(due)
        return len(due)

    def clear_dead_bells(self) -> None:
        """Drop RQ's records of jobs whose worker died; bells expire by themselves and are not held up by them."""
        for jobs in self._jobs:
            StartedJobRegistry(queue=jobs, serializer=JSONSerializer).cleanup()
            FailedJobRegistry(queue=jobs, serializer=JSONSerializer).cleanup()

    def scrub_files(self) -> None:
        """Drop the bytes of erased comments from the database's files."""
        with self._store.read() as connection:
            due = store.scrub_is_due(connection)
        if due and self._store.scrub():
            self._store.write(store.scrub_done)

    def forget_what_is_old(self) -> int:
        """Erase personal fields after their retention, in small steps that let others write in between."""
        now = datetime.now(UTC)
        kept_for = {
            "author_email": self._settings.retention_email_days,
            "author_ip": self._settings.retention_ip_days,
            "author_user_agent": self._settings.retention_user_agent_days,
            "referrer": self._settings.retention_referrer_days,
        }
        forgotten = 0
        for field, days in kept_for.items():
            before = now - timedelta(days=days)
            while count := self._forget(field, before):
                forgotten += count
        if forgotten:
            self._store.write(store.ask_for_scrub)
            log.info("retention.forgotten", fields=forgotten)
        forget_old_backups(self._settings, now)
        keys_before = now - timedelta(days=IDEMPOTENCY_DAYS)
        self._store.write(lambda connection: store.forget_idempotency_keys(connection, keys_before))
        self._forget_fingerprints(now - timedelta(days=FINGERPRINT_DAYS))
        self._forget_events(now - timedelta(days=self._settings.retention_webhook_days))
        return forgotten

    def _forget_events(self, before: datetime) -> None:
        while self._store.write(lambda c: deliveries.forget_old_events(c, before, RETENTION_CHUNK)):
            pass

    def _forget_fingerprints(self, before: datetime) -> None:
        while self._store.write(lambda c: campaigns.forget_old_fingerprints(c, before, RETENTION_CHUNK)):
            pass

    def _forget(self, field: str, before: datetime) -> int:
        return self._store.write(lambda connection: store.forget_field(connection, field, before, RETENTION_CHUNK))

    def _duty(self, duty: Callable[[], object]) -> None:
        try:
            duty()
        except (SQLAlchemyError, redis.RedisError, OSError) as error:
            log.error("upkeep.failed", duty=duty.__name__, error=type(error).__name__)
