"""Baseline B: one RQ job per comment, a forking worker, scikit-learn's own pipeline, the same SQL writes.

``python -m benchmarks.baseline REDIS_URL DATABASE`` is its worker: it imports scikit-learn and loads the pipeline once,
then RQ forks a child for each comment, which is how RQ is used out of the box.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import redis
from rq import Queue, SimpleWorker, Worker

from benchmarks import stack
from classifier.domain import HEADS, Verdict
from classifier.policy import DEFAULT_POLICY
from classifier.policy import decide as apply_policy
from classifier.registry import load_default
from service import moderation
from service.schemas import Submission
from service.store import comments
from service.store.engine import Store

QUEUE = "baseline"
_held: dict[str, Any] = {}


def decide(comment_id: str) -> str:
    """The job."""
    store, brain = _held["store"], _held["brain"]
    with store.read() as connection:
        comment = comments.undecided(connection, [comment_id])[0]
    verdict = brain.judge(comment.context.text)
    verdicts = {(comment.id, comment.revision): verdict}
    store.write(lambda connection: moderation.record_decisions(connection, verdicts, datetime.now(UTC)))
    return str(verdict.action.value)


class PlainBrain:
    """The shipped model as a scikit-learn pipeline, and the default policy on its probabilities."""

    def __init__(self) -> None:
        # Imports scikit-learn, which only the worker needs.
        from classifier.features import build_pipeline  # noqa: PLC0415

        self._pipeline = build_pipeline(load_default().weights)

    def judge(self, text: str) -> Verdict:
        """A verdict on one text."""
        scores = dict(zip(HEADS, map(float, self._pipeline.predict_proba([text])[0]), strict=True))
        ruled = apply_policy(DEFAULT_POLICY, [], scores)
        return Verdict(
            action=ruled.action, scores=scores, reasons=ruled.reasons, model="plain", policy=DEFAULT_POLICY.version
        )


class Baseline:
    """Its worker process and its database; ``decide`` feeds comments and waits until all are decided."""

    def __init__(self, folder: Path, redis_url: str) -> None:
        folder.mkdir()
        database = folder / "sluice.db"
        self._site = stack.add_site(folder)[0]
        self._store = Store(f"sqlite:///{database}", pool_size=1)
        self._queue = Queue(QUEUE, connection=redis.Redis.from_url(redis_url))
        self._reader = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
        command = stack.module("benchmarks.baseline", redis_url, str(database))
        self._feed(_submission("Decided by the parent before it forks, so that all its caches are warm."))
        self._process = subprocess.Popen(command, env=stack.environment())
        stack.wait_until_decided(self._reader)
        self.rate(["The first one that is decided in a child."])

    def rate(self, texts: list[str]) -> float:
        """Decisions per second, from the first comment stored to the last decided."""
        began = time.perf_counter()
        for text in texts:
            self._feed(_submission(text))
        stack.wait_until_decided(self._reader)
        return len(texts) / (time.perf_counter() - began)

    def _feed(self, submission: Submission) -> None:
        now = datetime.now(UTC)
        stored = self._store.write(lambda connection: moderation.submit(connection, self._site, [submission], now))
        self._queue.enqueue(decide, stored[0].id)

    def stop(self) -> None:
        """End the worker."""
        self._process.terminate()
        self._process.wait(timeout=10)
        self._reader.close()
        self._store.close()


def _submission(text: str) -> Submission:
    return Submission.model_validate({"article": {"url": "https://news.example/story/1"}, "comment": {"text": text}})


def work(redis_url: str, database: str) -> None:
    """The worker process: everything is imported, loaded and warm before the first fork."""
    _held["store"] = Store(f"sqlite:///{database}", pool_size=1)
    _held["brain"] = PlainBrain()
    connection = redis.Redis.from_url(redis_url)
    SimpleWorker([QUEUE], connection=connection).work(logging_level="ERROR", burst=True)
    _held["store"].close()  # children connect for themselves, as they must
    Worker([QUEUE], connection=connection).work(logging_level="ERROR")


if __name__ == "__main__":
    sys.modules["benchmarks.baseline"] = sys.modules["__main__"]  # jobs find what was loaded here
    work(*sys.argv[1:])
