"""Another model is promoted while comments come in: seen within seconds everywhere, and no comment notices."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from factories import a_model
from servers import Sluice

from classifier.packing import pack
from service.models import shipped_version

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

#: The promise of the documentation: within seconds.
SECONDS = 5.0


def rows(service: Sluice, query: str) -> list[tuple[Any, ...]]:
    """What the database says."""
    with closing(sqlite3.connect(service.data_dir / "sluice.db", timeout=10)) as connection:
        return connection.execute(query).fetchall()


def within(seconds: float, condition: Callable[[], bool]) -> bool:
    """Whether a condition comes true in time."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if condition():
            return True
        time.sleep(0.05)
    return False


def used_by_workers(service: Sluice) -> set[str]:
    """The models of the last few decisions."""
    return {row[0] for row in rows(service, "SELECT model FROM decisions ORDER BY id DESC LIMIT 5")}


def used_by_web(service: Sluice) -> str:
    """The model of a stateless score."""
    body = {"article": {"url": "https://blog.example/1"}, "comment": {"text": "What a night."}}
    return str(service.http.post("/v1/score", json=body).json()["model"])


def test_no_comment_notices_a_promotion(start_sluice, tmp_path: Path):
    """Comments flow all the time: every one is decided, once, by a model that was promoted at that time."""
    service = start_sluice("--workers", "2")
    first, second = (a_model(tmp_path / name, name) for name in ("first", "second"))
    stop, numbers = threading.Event(), count()
    sent: list[str] = []

    def send() -> None:
        with httpx.Client(base_url=service.url, headers=service.http.headers, timeout=30) as client:
            while not stop.is_set():
                number = next(numbers)
                comment = {"id": f"c{number}", "text": f"Comment {number}: what a long night that was."}
                body = {"article": {"url": "https://blog.example/1"}, "comment": comment}
                answer = client.post("/v1/comments", json=body, headers={"Prefer": f"wait={number % 2}"})
                assert answer.status_code in {200, 202}, answer.text
                sent.append(answer.json()["id"])
                time.sleep(0.01)

    def promotes(*command: str, version: str) -> None:
        service.command("models", *command)
        began = time.monotonic()
        assert within(SECONDS, lambda: used_by_web(service) == version)
        assert within(SECONDS - (time.monotonic() - began), lambda: used_by_workers(service) == {version})

    with ThreadPoolExecutor(3) as threads:
        sending = [threads.submit(send) for _ in range(3)]
        assert within(20, lambda: len(sent) > 20)
        promotes("promote", str(first), version=pack(first).version)
        promotes("promote", str(second), version=pack(second).version)
        promotes("rollback", version=pack(first).version)
        promotes("promote", "shipped", version=shipped_version())
        stop.set()
    assert [each.exception() for each in sending] == [None] * 3

    assert within(20, lambda: not rows(service, "SELECT 1 FROM comments WHERE status = 'pending'"))
    assert len(set(sent)) == len(sent) == rows(service, "SELECT count(*) FROM comments")[0][0]
    assert rows(service, "SELECT comment_id FROM decisions GROUP BY comment_id HAVING count(*) > 1") == []
    used = rows(service, "SELECT model, kind, count(*) FROM decisions GROUP BY model, kind")
    assert {(model, kind) for model, kind, _ in used} == {
        (version, "machine") for version in (shipped_version(), pack(first).version, pack(second).version)
    }
    assert sum(number for *_, number in used) == len(sent)


def test_a_broken_model_changes_nothing_but_the_signals(start_sluice, tmp_path: Path):
    """The last good one decides; readiness, metrics and doctor tell; a roll back mends it."""
    service = start_sluice()
    good, bad = (a_model(tmp_path / name, name) for name in ("good", "bad"))
    service.command("models", "promote", str(good))
    assert within(SECONDS, lambda: used_by_web(service) == pack(good).version)
    service.command("models", "add", str(bad))
    with closing(sqlite3.connect(service.data_dir / "sluice.db", timeout=10)) as connection:
        connection.execute("UPDATE models SET archive = x'00' WHERE version = ?", (pack(bad).version,))
        connection.commit()

    service.command("models", "promote", pack(bad).version)

    assert within(SECONDS, lambda: "model_promoted" in service.http.get("/readyz").json()["degraded"])
    assert used_by_web(service) == pack(good).version
    assert "sluice_model_promoted 0.0" in service.http.get("/metrics").text
    doctor = service.command("doctor", check=False)
    assert doctor.returncode == 1
    assert f"{pack(bad).version} was promoted but cannot be used" in doctor.stdout
    service.command("models", "rollback")
    assert within(SECONDS, lambda: service.http.get("/readyz").json()["degraded"] == [])
    assert service.command("doctor").returncode == 0
