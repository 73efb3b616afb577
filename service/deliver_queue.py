"""The queue of deliveries in RQ: one job for one delivery, by its id.

Unlike comments, deliveries are few and slow, so a job each costs nothing that matters. As everywhere the database is
the truth: a job that is lost is found by upkeep, and one too many finds nothing to do.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

import redis
from rq import Queue as JobQueue
from rq.serializers import JSONSerializer

import config.logs
from service.queue import AWAY_SECONDS

DELIVER_QUEUE: Final = "deliver"
DELIVER_JOB: Final = "workers.deliver.deliver"
#: RQ ends a job after so long; it takes no new delivery after half of that.
JOB_TIMEOUT: Final = 90
#: A job that nobody took for so long is dropped, since upkeep makes another.
JOB_LIVES: Final = 600
CHUNK: Final = 500

log = config.logs.get("queue")


class DeliverQueue:
    """Tells whoever delivers what there is to deliver."""

    def __init__(self, connection: redis.Redis) -> None:
        self._jobs = JobQueue(DELIVER_QUEUE, connection=connection, serializer=JSONSerializer)
        self._away_until = float("-inf")

    def enqueue(self, ids: Sequence[str]) -> None:
        """Make a job for each delivery.

        Raises:
            redis.RedisError: Redis is away; the deliveries are safe in the database.
        """
        for start in range(0, len(ids), CHUNK):
            jobs = [
                JobQueue.prepare_data(
                    DELIVER_JOB,
                    args=(delivery_id,),
                    timeout=JOB_TIMEOUT,
                    result_ttl=0,
                    failure_ttl=3600,
                    ttl=JOB_LIVES,
                )
                for delivery_id in ids[start : start + CHUNK]
            ]
            self._jobs.enqueue_many(jobs)

    def announce(self, ids: Sequence[str]) -> None:
        """The same for a transaction that was just committed: when Redis is away, upkeep finds them later."""
        if time.monotonic() < self._away_until:
            return
        try:
            self.enqueue(ids)
        except redis.RedisError as error:
            self._away_until = time.monotonic() + AWAY_SECONDS
            log.warning("deliveries.unannounced", deliveries=len(ids), error=type(error).__name__)

    def waiting(self) -> int:
        """How many jobs nobody has taken yet."""
        return self._jobs.count
