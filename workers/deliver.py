"""The job that tells webhooks what happened: one delivery, and whatever of the same comment waits behind it."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

import config.logs
from service import deliveries
from service.deliver_queue import JOB_TIMEOUT
from workers import runtime

log = config.logs.get("deliver")

#: How long a job goes on with the next event of the same comment; RQ would end it at JOB_TIMEOUT.
STAY_SECONDS: Final = JOB_TIMEOUT / 2


def deliver(delivery_id: str) -> None:
    """The job: send what is due. Safe to run twice; a receiver may get an event twice, under the same id."""
    here = runtime.outgoing()
    ends = time.monotonic() + STAY_SECONDS
    following: str | None = delivery_id
    while following is not None and time.monotonic() < ends:
        try:
            done = deliveries.deliver(
                here.store,
                here.secret,
                here.post,
                following,
                clock=lambda: datetime.now(UTC),
                chance=random.random(),  # noqa: S311 - spreads tries in time, guards nothing
            )
        except SQLAlchemyError as error:
            # The delivery is where it was; upkeep makes another job for it.
            log.error("store.unavailable", error=type(error).__name__)
            return
        following = None if done is None else done.following
