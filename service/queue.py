"""The waiting list, the doorbell and the replies, all in Redis; the only place in ``service`` that talks to RQ.

Redis holds ids and nothing else, and the database is the truth: whatever is lost here, upkeep finds again.

* ``waiting`` lists ids that workers should decide, each with the reply list of whoever waits for it.
* The **bell** is one RQ job that says "look at the list". ``bell`` is set while one is on its way and expires by
  itself, so a bell that died with its worker is silent for seconds, not for RQ's minutes.
* A worker that answers the bell keeps **listening** for a while; as long as it does, nobody needs to ring. It takes
  its mark away *before* its last look at the list, so an id pushed meanwhile is either seen by that look or its
  pusher sees no mark and rings.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final, cast

import redis
from redis.commands.core import Script
from rq import Queue as JobQueue
from rq.serializers import JSONSerializer

import config.logs
from service.together import Piece, Together

WAITING: Final = "sluice:waiting"
BELL: Final = "sluice:bell"
LISTENING: Final = "sluice:listening"
WORKERS: Final = "sluice:workers"
#: Which model each worker uses.
MODELS: Final = "sluice:worker-models"
#: Held by the one host that does upkeep.
LEADER: Final = "sluice:upkeep-leader"

CLASSIFY_QUEUE: Final = "classify"
CLASSIFY_JOB: Final = "workers.classify.answer_the_bell"
#: A job may take this long; RQ ends it then.
JOB_TIMEOUT: Final = 15
BELL_SECONDS: Final = 5
LISTENING_SECONDS: Final = 3
#: The mark of who listens is renewed this often.
RENEWAL_SECONDS: Final = 1.0
REPLY_SECONDS: Final = 60
#: After Redis failed to answer, it is left alone for so long.
AWAY_SECONDS: Final = 1.0
#: A worker that has not reported for so long is not counted.
WORKER_SECONDS: Final = 15

# One command each: a pipeline of two costs our side twice as much. A loop, because unpack() has a limit.
_ANNOUNCE: Final = """
for _, entry in ipairs(ARGV) do redis.call('RPUSH', KEYS[1], entry) end
return redis.call('EXISTS', KEYS[2])
"""
_REPLY: Final = """
redis.call('RPUSH', KEYS[1], ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[2])
"""

log = config.logs.get("queue")


class Queue:
    """Tells workers what waits."""

    def __init__(self, connection: redis.Redis) -> None:
        self._redis = connection
        self._jobs = JobQueue(CLASSIFY_QUEUE, connection=connection, serializer=JSONSerializer)
        self._together = Together(partial(_push, connection.register_script(_ANNOUNCE)))
        self._away_until = float("-inf")

    def announce(self, ids: Sequence[str], reply_to: str | None = None) -> None:
        """Put ids on the waiting list and make sure that a worker looks; threads that do so at once share the trip.

        Raises:
            redis.RedisError: Redis is away; the comments are safe in the database and upkeep announces them later.
        """
        if time.monotonic() < self._away_until:
            raise redis.ConnectionError("Redis was away a moment ago.")
        try:
            if not self._together.do(ids if reply_to is None else [f"{comment_id}|{reply_to}" for comment_id in ids]):
                self.ring()
        except redis.RedisError:
            # Others need not wait for the same time-out; upkeep announces whatever is left out meanwhile.
            self._away_until = time.monotonic() + AWAY_SECONDS
            raise

    def ring(self) -> None:
        """Queue one bell, unless one is on its way."""
        if self._redis.set(BELL, 1, nx=True, ex=BELL_SECONDS):
            self._jobs.enqueue(CLASSIFY_JOB, job_timeout=JOB_TIMEOUT, result_ttl=0, failure_ttl=3600, ttl=60)

    def waiting(self) -> int:
        """How many ids are on the list."""
        return self._redis.llen(WAITING)

    def workers(self) -> int:
        """How many workers have a model and have reported lately."""
        return self._redis.zcount(WORKERS, time.time(), "+inf")

    def models(self) -> dict[str, int]:
        """How many of these workers use which model."""
        alive = cast("list[bytes]", self._redis.zrangebyscore(WORKERS, time.time(), "+inf"))
        used = cast("list[bytes | None]", self._redis.hmget(MODELS, [name.decode() for name in alive]) if alive else [])
        return dict(Counter(name.decode() for name in used if name is not None))

    def ping(self) -> bool:
        """Whether Redis answers."""
        try:
            return bool(self._redis.ping())
        except redis.RedisError:
            return False


def _push(announce: Script, pieces: Sequence[Piece]) -> None:
    """Put the ids of all pieces on the waiting list; each is told whether a worker listens."""
    listening = bool(announce(keys=[WAITING, LISTENING], args=[entry for piece in pieces for entry in piece.item]))
    for piece in pieces:
        piece.answer = listening


class WaitingList:
    """The workers' end."""

    def __init__(self, connection: redis.Redis) -> None:
        self._redis = connection
        self._reply = connection.register_script(_REPLY)
        self._renew_at = float("-inf")

    def answer_bell(self) -> None:
        """From now on new work needs a new bell or sees our mark."""
        self._redis.delete(BELL)

    def take(self, limit: int, wait_seconds: int = 0) -> list[tuple[str, str | None]]:
        """Up to ``limit`` waiting ids, each with its reply list; waits for the first one if asked to."""
        entries = self._take_what_is_there(limit, listen=wait_seconds > 0)
        if not entries and wait_seconds:
            first = _pop(self._redis, WAITING, wait_seconds)
            if first is None:
                return []
            entries = [first, *self._take_what_is_there(limit - 1, listen=True)]
        pairs = (entry.decode().partition("|") for entry in entries)
        return [(comment_id, reply_to or None) for comment_id, _, reply_to in pairs]

    def _take_what_is_there(self, limit: int, *, listen: bool) -> list[bytes]:
        if not listen or time.monotonic() < self._renew_at:
            return cast("list[bytes] | None", self._redis.lpop(WAITING, limit)) or []
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.set(LISTENING, 1, ex=LISTENING_SECONDS)
        pipeline.lpop(WAITING, limit)
        entries = cast("list[bytes] | None", pipeline.execute()[1])
        self._renew_at = time.monotonic() + RENEWAL_SECONDS
        return entries or []

    def stop_listening(self) -> None:
        """Take our mark away; the caller looks at the list once more after this."""
        self._renew_at = float("-inf")
        self._redis.delete(LISTENING)

    def reply(self, replies: Iterable[tuple[str, str | None]]) -> None:
        """Tell those who wait that their comments are decided."""
        by_address: dict[str, list[str]] = {}
        for comment_id, reply_to in replies:
            if reply_to:
                by_address.setdefault(reply_to, []).append(comment_id)
        for reply_to, ids in by_address.items():
            self._reply(keys=[reply_to], args=[",".join(ids), REPLY_SECONDS])

    def report_alive(self, worker: str, model: str) -> None:
        """Let others see that this worker lives, and which model it uses."""
        now = time.time()
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.zadd(WORKERS, {worker: now + WORKER_SECONDS})
        pipeline.zremrangebyscore(WORKERS, "-inf", now)
        pipeline.hset(MODELS, worker, model)
        pipeline.zrange(WORKERS, 0, -1)
        pipeline.hkeys(MODELS)
        *_, alive, known = pipeline.execute()
        if dead := set(known) - set(alive):
            self._redis.hdel(MODELS, *dead)

    def report_gone(self, worker: str) -> None:
        """Let others see that this worker stopped."""
        self._redis.zrem(WORKERS, worker)
        self._redis.hdel(MODELS, worker)


class Reply:
    """What one thread waits for."""

    __slots__ = ("_arrived", "_found", "comment_id")

    def __init__(self, comment_id: str) -> None:
        self.comment_id = comment_id
        self._arrived = threading.Lock()
        self._arrived.acquire()
        self._found: Any = None

    def give(self, found: Any) -> None:
        """Wake who waits; a worker that decides twice may also reply twice."""
        if self._arrived.locked():
            self._found = found
            self._arrived.release()

    def wait(self, seconds: float) -> Any:
        """What was found when the decision came; ``None`` when time is up, or when nothing could be found."""
        return self._found if self._arrived.acquire(timeout=seconds) else None


class Replies:
    """The web process' end: one reply list and one thread that wakes whoever waits for an id on it."""

    def __init__(self, connection: redis.Redis, find: Callable[[Sequence[str]], Mapping[str, Any]]) -> None:
        """``connection`` must allow commands that block for a second; ``find`` reads what those who wait want to see.

        It is asked once for all that a worker decided together, and may leave out what it cannot find.
        """
        self._redis = connection
        self._find = find
        self.address = f"sluice:reply:{secrets.token_hex(8)}"
        self._expected: dict[str, list[Reply]] = {}
        self._mutex = threading.Lock()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._closed = threading.Event()

    def expect(self, comment_id: str) -> Reply:
        """The reply about a comment, to wait for; ``forget`` it afterwards."""
        if self._thread is None:
            self._start()
        reply = Reply(comment_id)
        with self._mutex:
            self._expected.setdefault(comment_id, []).append(reply)
        return reply

    def forget(self, reply: Reply) -> None:
        """Nobody waits for this reply any longer."""
        with self._mutex:
            others = self._expected[reply.comment_id]
            others.remove(reply)
            if not others:
                del self._expected[reply.comment_id]

    def close(self) -> None:
        """Stop listening; takes up to a second."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._listen, name="replies", daemon=True)
                self._thread.start()

    def _listen(self) -> None:
        while not self._closed.is_set():
            try:
                decided = _pop(self._redis, self.address, 1)
            except redis.RedisError as error:
                log.warning("replies.unavailable", error=type(error).__name__)
                time.sleep(0.5)
                continue
            if decided is not None:
                self._hand_out(decided.decode().split(","))

    def _hand_out(self, ids: Sequence[str]) -> None:
        with self._mutex:
            waiting = [reply for comment_id in ids for reply in self._expected.get(comment_id, ())]
        found = self._find([reply.comment_id for reply in waiting]) if waiting else {}
        for reply in waiting:
            reply.give(found.get(reply.comment_id))


def _pop(connection: redis.Redis, name: str, seconds: int) -> bytes | None:
    """The first entry of a list, waiting for one; not ``blpop``, whose checks of its arguments cost more than it."""
    found: list[bytes] | None = connection.execute_command("BLPOP", name, seconds)  # type: ignore[no-untyped-call]
    return found[1] if found else None


def connect(url: str, *, block_seconds: float = 0) -> redis.Redis:
    """A client that gives up quickly when Redis is away, or after ``block_seconds`` more for blocking commands."""
    return redis.Redis.from_url(
        url,
        socket_connect_timeout=1,
        socket_timeout=2 + block_seconds,
        health_check_interval=0,
        retry=redis.retry.Retry(redis.backoff.NoBackoff(), 1),
    )
