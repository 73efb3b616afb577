"""The processes behind `sluice work` and `sluice upkeep`.

Deciding comes before telling. A process that does upkeep also delivers to webhooks; `sluice up` therefore has workers
that only decide, and one upkeep process that delivers, so that a slow receiver keeps no comment waiting.
"""

from __future__ import annotations

import signal
import threading

import redis
from rq import SimpleWorker
from rq.serializers import JSONSerializer

import config.logs
from config import Settings
from service.deliver_queue import DELIVER_QUEUE
from service.queue import AWAY_SECONDS, CLASSIFY_QUEUE, connect
from workers import runtime
from workers.upkeep import Upkeep

log = config.logs.get("worker")

#: Jobs after which a worker process ends and is started afresh, so that no leak lives long.
MAX_JOBS = 10_000


def work(settings: Settings, *, with_upkeep: bool) -> None:
    """Decide comments until asked to stop; with upkeep also deliver to webhooks, when no comment waits."""
    here = runtime.start(settings)
    queues = [CLASSIFY_QUEUE]
    log.info("worker.started", model=here.brain.model)
    stop = threading.Event()
    upkeep: threading.Thread | None = None
    if with_upkeep:
        queues.append(DELIVER_QUEUE)
        runtime.start_outgoing(settings, here.store)
        upkeep = threading.Thread(target=Upkeep(settings).run, args=(stop,), name="upkeep", daemon=True)
        upkeep.start()
    worker = SimpleWorker(queues, connection=connect(settings.redis_address), serializer=JSONSerializer)
    with runtime.Heartbeat(here):
        worker.work(logging_level="WARNING", with_scheduler=False, max_jobs=MAX_JOBS)
    stop.set()
    here.brain.close()
    if upkeep is not None:
        upkeep.join(timeout=5)


def keep_up(settings: Settings) -> None:
    """Do upkeep, and deliver to webhooks, until asked to stop."""
    stop = threading.Event()
    runtime.start_outgoing(settings)
    # Upkeep goes on when Redis is away, and while a receiver takes its time.
    upkeep = threading.Thread(target=Upkeep(settings).run, args=(stop,), name="upkeep", daemon=True)
    upkeep.start()
    log.info("upkeep.started")
    while not stop.is_set():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        try:
            worker = SimpleWorker(
                [DELIVER_QUEUE], connection=connect(settings.redis_address), serializer=JSONSerializer
            )
            worker.work(logging_level="WARNING", with_scheduler=False, max_jobs=MAX_JOBS)
        except redis.RedisError as error:
            log.warning("deliver.no_redis", error=type(error).__name__)
            stop.wait(AWAY_SECONDS)
        else:
            break
    stop.set()
    upkeep.join(timeout=5)
