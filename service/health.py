"""How Sluice does, for the people who moderate: what works, since when something does not, and what that means."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

import redis
from sqlalchemy.engine import Connection

from service import deliveries
from service.brain import Brain
from service.deliveries import Standing
from service.queue import Queue
from service.store import comments as store
from service.store import deliveries as messages
from service.store import hooks
from service.store.comments import AnyRow

#: Waiting longer than this for the machine is worth saying.
SLOW_SECONDS: Final = 30.0
#: Dead deliveries that are listed.
SHOWN: Final = 20


class Step(StrEnum):
    """How much of the brain decides; each step down is safe, and makes more work for people."""

    FULL = "full"
    FALLBACK = "fallback"
    """The promoted model cannot be used; the one before it decides."""
    HOLD_ALL = "hold_all"
    """No model, or nobody to ask it: every comment is held."""


@dataclass(frozen=True, slots=True)
class Health:
    """What the page says."""

    step: Step
    redis: bool
    workers: int
    models: dict[str, int]
    fault: str | None
    undecided: int
    oldest: datetime | None
    slow: bool
    webhooks: Standing
    hooks: list[AnyRow]
    dead: list[AnyRow]

    @property
    def well(self) -> bool:
        """Whether there is nothing to do."""
        return (
            self.step is Step.FULL
            and self.redis
            and not self.slow
            and not self.webhooks.dead
            and not self.webhooks.disabled
        )


def health(connection: Connection, site_id: str, queue: Queue, brain: Brain, now: datetime) -> Health:
    """How things stand now; webhooks are those of the site."""
    undecided, oldest = store.undecided_since(connection)
    try:
        workers, models, answers = queue.workers(), queue.models(), True
    except redis.RedisError:
        workers, models, answers = 0, {}, False
    step = Step.FULL
    if brain.model is None or (answers and not workers):
        step = Step.HOLD_ALL
    elif brain.fault is not None:
        step = Step.FALLBACK
    waited = 0.0 if oldest is None else (now - oldest).total_seconds()
    return Health(
        step=step,
        redis=answers,
        workers=workers,
        models=models,
        fault=brain.fault,
        undecided=undecided,
        oldest=oldest,
        slow=waited > SLOW_SECONDS,
        webhooks=deliveries.how_it_stands(connection, site_id),
        hooks=hooks.webhooks_of(connection, site_id),
        dead=messages.records(connection, site_id=site_id, state=messages.DEAD, limit=SHOWN),
    )
