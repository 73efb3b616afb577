"""What a worker process holds, made once and shared by its jobs."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any

import redis

import config.logs
from config import Settings
from service.attempts import Post
from service.brain import Brain
from service.deliver_queue import DeliverQueue
from service.history import History
from service.hooks import sender
from service.pace import Pace
from service.policies import PolicyBook
from service.pseudonyms import Pseudonyms
from service.queue import WORKER_SECONDS, Queue, WaitingList, connect
from service.store.engine import Store

log = config.logs.get("worker")


@dataclass(frozen=True)
class Runtime:
    """The parts a job needs."""

    store: Store
    queue: Queue
    waiting: WaitingList
    brain: Brain
    policies: PolicyBook
    history: History


@dataclass(frozen=True)
class Outgoing:
    """The parts that telling webhooks needs; no model among them."""

    store: Store
    secret: bytes
    post: Post


_current: list[Runtime] = []
_outgoing: list[Outgoing] = []


def current() -> Runtime:
    """The runtime of this process."""
    return _current[0]


def start(settings: Settings) -> Runtime:
    """Build the parts and make them those of this process."""
    client = connect(settings.redis_address, block_seconds=1)
    store = Store(settings.database_address, pool_size=2)
    store.after_commit = DeliverQueue(client).announce
    runtime = Runtime(
        store=store,
        queue=Queue(client),
        waiting=WaitingList(client),
        brain=Brain(store, settings.models_dir),
        policies=PolicyBook(store),
        history=History(store, Pace(client), Pseudonyms(settings.secret)),
    )
    _current[:] = [runtime]
    return runtime


def outgoing() -> Outgoing:
    """What this process delivers with."""
    return _outgoing[0]


def start_outgoing(settings: Settings, database: Store | None = None) -> Outgoing:
    """Build the parts that deliver and make them those of this process."""
    parts = Outgoing(
        store=database or Store(settings.database_address, pool_size=2),
        secret=settings.secret,
        post=sender(settings),
    )
    _outgoing[:] = [parts]
    return parts


class Heartbeat:
    """A thread that tells others that this worker lives and has a model."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        with contextlib.suppress(redis.RedisError):
            self._runtime.waiting.report_gone(self._name)

    def _beat(self) -> None:
        while True:
            try:
                model = self._runtime.brain.model
                if model is not None:
                    self._runtime.waiting.report_alive(self._name, model)
            except redis.RedisError as error:
                log.warning("heartbeat.unheard", error=type(error).__name__)
            if self._ended.wait(WORKER_SECONDS / 3):
                return


@contextlib.contextmanager
def noticing_stop() -> Iterator[threading.Event]:
    """An event that is set when this process is asked to stop, without taking the request from RQ."""
    stop = threading.Event()
    previous: Any = signal.getsignal(signal.SIGTERM)

    def notice(number: int, frame: FrameType | None) -> None:
        stop.set()
        if callable(previous):
            previous(number, frame)

    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    signal.signal(signal.SIGTERM, notice)
    try:
        yield stop
    finally:
        if not stop.is_set():  # else RQ has put its own handler there meanwhile
            signal.signal(signal.SIGTERM, previous)
