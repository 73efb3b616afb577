"""Counters and timings for Prometheus, summed over the processes of one host."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, multiprocess
from sqlalchemy.exc import SQLAlchemyError

from service.brain import Brain
from service.limits import FAILED_OPEN
from service.queue import Queue
from service.store import comments as store
from service.store import deliveries
from service.store.engine import Store

REQUESTS: Final = Counter("sluice_requests_total", "HTTP requests", ["operation", "status"])
SECONDS: Final = Histogram(
    "sluice_request_seconds",
    "Time to answer",
    ["operation"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
DECISIONS: Final = Counter("sluice_decisions_total", "Decisions made by the machine", ["action"])
WEBHOOKS: Final = Counter("sluice_webhook_attempts_total", "Attempts to deliver an event to a webhook", ["outcome"])
UNANNOUNCED: Final = Counter("sluice_unannounced_total", "Comments stored while Redis was away; upkeep announces them")


def exposition(directory: str | None, database: Store, queue: Queue, brain: Brain, now: float) -> bytes:
    """The metrics page: what the processes of this host counted, and how the queue stands."""
    counted = CollectorRegistry()
    if directory:
        multiprocess.MultiProcessCollector(counted, path=directory)  # type: ignore[no-untyped-call]
    else:
        for metric in (REQUESTS, SECONDS, DECISIONS, WEBHOOKS, UNANNOUNCED, FAILED_OPEN):
            counted.register(metric)
    return generate_latest(counted) + generate_latest(_standing(database, queue, brain, now))


def _standing(database: Store, queue: Queue, brain: Brain, now: float) -> CollectorRegistry:
    registry = CollectorRegistry()
    up = Gauge("sluice_up", "Whether a part answers", ["part"], registry=registry)
    comments = Gauge("sluice_comments", "Comments by status", ["status"], registry=registry)
    age = Gauge("sluice_undecided_oldest_seconds", "Age of the oldest comment without a decision", registry=registry)
    waiting = Gauge("sluice_waiting", "Ids on the waiting list", registry=registry)
    workers = Gauge("sluice_workers", "Workers with a model", registry=registry)
    models = Gauge("sluice_worker_models", "Workers by the model that they use", ["model"], registry=registry)
    promoted = Gauge("sluice_model_promoted", "Whether this host uses the promoted model", registry=registry)
    told = Gauge("sluice_webhook_deliveries", "Events for webhooks by state", ["state"], registry=registry)
    told_age = Gauge("sluice_webhook_oldest_seconds", "Age of the oldest event not yet delivered", registry=registry)
    promoted.set(int(brain.model is not None and brain.fault is None))
    try:
        with database.read() as connection:
            for status, count in store.count_by_status(connection).items():
                comments.labels(status).set(count)
            _, oldest = store.undecided_since(connection)
            counts = deliveries.count_by_state(connection)
            untold = deliveries.oldest_waiting(connection)
        age.set(_age(oldest, now))
        told_age.set(_age(untold, now))
        for state in deliveries.STATES:
            told.labels(state).set(counts.get(state, 0))
        up.labels("database").set(1)
    except SQLAlchemyError:
        up.labels("database").set(0)
    redis_answers = queue.ping()
    up.labels("redis").set(int(redis_answers))
    if redis_answers:
        waiting.set(queue.waiting())
        workers.set(queue.workers())
        for model, count in queue.models().items():
            models.labels(model).set(count)
    return registry


def _age(since: datetime | None, now: float) -> float:
    return 0.0 if since is None else max(0.0, now - since.timestamp())
