"""The processes behind `sluice work` and `sluice upkeep`."""

from __future__ import annotations

import signal
import threading

from rq import SimpleWorker
from rq.serializers import JSONSerializer

import config.logs
from config import Settings
from service.queue import CLASSIFY_QUEUE, connect
from workers import runtime
from workers.upkeep import Upkeep

log = config.logs.get("worker")

#: Jobs after which a worker process ends and is started afresh, so that no leak lives long.
MAX_JOBS = 10_000


def work(settings: Settings, *, with_upkeep: bool) -> None:
    """Decide comments until asked to stop."""
    here = runtime.start(settings)
    log.info("worker.started", model=here.brain.model)
    stop = threading.Event()
    upkeep: threading.Thread | None = None
    if with_upkeep:
        upkeep = threading.Thread(target=Upkeep(settings).run, args=(stop,), name="upkeep", daemon=True)
        upkeep.start()
    worker = SimpleWorker([CLASSIFY_QUEUE], connection=connect(settings.redis_address), serializer=JSONSerializer)
    with runtime.Heartbeat(here):
        worker.work(logging_level="WARNING", with_scheduler=False, max_jobs=MAX_JOBS)
    stop.set()
    here.brain.close()
    if upkeep is not None:
        upkeep.join(timeout=5)


def keep_up(settings: Settings) -> None:
    """Do upkeep until asked to stop."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    log.info("upkeep.started")
    Upkeep(settings).run(stop)
