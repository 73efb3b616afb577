"""Pulling plugs on a whole running service: no comment is lost, none is decided twice."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import random
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis

from config.paths import socket_path
from service.process.redis_server import find_program

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

SLUICE = [str(Path(sys.executable).with_name("sluice"))]


class Service:
    """Processes of ours over one data folder."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.log = folder.parent / "log.txt"
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.port = server.getsockname()[1]
        self.environment = {**os.environ, "SLUICE_DATA_DIR": str(folder), **environment}
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Run a command of ours."""
        return self.run([*SLUICE, *arguments])

    def run(self, command: list[str]) -> subprocess.Popen[bytes]:
        """Run any command with the service's environment."""
        with self.log.open("ab") as log:
            process = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log, start_new_session=True)
        self._processes.append(process)
        return process

    def add_site(self) -> str:
        """A new site's key."""
        done = subprocess.run(
            [*SLUICE, "site", "add", "blog", "--url", "https://blog.example", "--json"],
            env=self.environment,
            capture_output=True,
            check=True,
        )
        return json.loads(done.stdout)["key"]

    def call(self, method: str, path: str, key: str = "", body: object = None, **headers: str) -> tuple[int, dict]:
        """One request; the status and the JSON."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json", **headers},
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")

    def wait_until(self, what, seconds: float) -> None:
        """Wait until something holds, or fail."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            with contextlib.suppress(OSError, ValueError):
                if what():
                    return
            time.sleep(0.1)
        pytest.fail(f"not within {seconds} s\n{self.log.read_text()[-4000:]}")

    def wait_ready(self) -> None:
        """Wait until the web process answers that it is ready."""
        self.wait_until(lambda: self.call("GET", "/readyz")[0] == 200, 30)

    def pids(self, word: str) -> list[int]:
        """Processes of this service whose command line has a word in it."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if f"SLUICE_DATA_DIR={self.folder}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                    line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    if re.search(word, line):
                        found.append(int(entry.name))
        return found

    def rows(self, query: str) -> list[tuple]:
        """What the database says."""
        with contextlib.closing(sqlite3.connect(self.folder / "sluice.db", timeout=10)) as connection:
            return connection.execute(query).fetchall()

    def stop(self) -> None:
        """End everything."""
        for process in self._processes:
            if process.poll() is None:
                process.terminate()
        for process in self._processes:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A service, not started yet."""
    made = Service(tmp_path / "data")
    yield made
    made.stop()


def submission(number: int) -> dict[str, object]:
    """A comment of its own."""
    return {
        "article": {"url": "https://news.example/a", "title": "A long night"},
        "comment": {"id": f"c-{number}", "text": f"Comment {number}: I did not expect that from the council at all."},
    }


def test_no_comment_is_lost_and_none_is_decided_twice(service):
    """Workers, web workers, upkeep and Redis are killed and Redis is emptied, at random, while comments come in."""
    service.start("up", "--no-demo", "--port", str(service.port), "--workers", "2")
    service.wait_ready()
    key = service.add_site()
    chance = random.Random(7)
    ended = threading.Event()
    killed = []
    numbers = itertools.count()

    def pull_plugs() -> None:
        while not ended.wait(0.7):
            kind = chance.choice([" work ", " work ", "spawn_main", " upkeep ", r"^\S*redis-server", "flush"])
            if kind == "flush":
                with contextlib.suppress(redis.RedisError):
                    redis.Redis(unix_socket_path=str(socket_path(service.folder))).flushall()
                killed.append(kind)
                continue
            for pid in service.pids(kind)[:1]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    killed.append(kind)

    def send(number: int) -> None:
        for _ in range(200):
            try:
                status, _ = service.call("POST", "/v1/comments", key, submission(number), Prefer="wait=1")
            except OSError:
                time.sleep(0.1)
                continue
            if status in {200, 202}:
                return
            assert status == 503, status
            time.sleep(0.1)
        pytest.fail("never accepted")

    def send_until_enough_is_broken(_: int) -> int:
        sent = 0
        while len(killed) < 8:
            send(next(numbers))
            sent += 1
            time.sleep(0.02)
        return sent

    plugs = threading.Thread(target=pull_plugs)
    plugs.start()
    try:
        with ThreadPoolExecutor(8) as pool:
            sent = sum(pool.map(send_until_enough_is_broken, range(8)))
    finally:
        ended.set()
        plugs.join()

    service.wait_until(lambda: not service.rows("SELECT id FROM comments WHERE status = 'pending' OR held_late"), 60)
    assert service.rows("SELECT count(*) FROM comments") == [(sent,)]
    machine = "SELECT comment_id FROM decisions WHERE kind = 'machine' GROUP BY comment_id, revision"
    assert len(service.rows(machine)) == sent
    assert service.rows(f"{machine} HAVING count(*) > 1") == []
    assert service.rows("SELECT count(*) FROM comments WHERE status NOT IN ('approved', 'held', 'rejected')") == [(0,)]


def test_a_killed_worker_leaves_its_comments_to_the_next(service):
    """SIGKILL in the middle of a job: the bell's record says started, and still the rest is decided soon."""
    service.start("up", "--no-demo", "--port", str(service.port), "--workers", "1")
    service.wait_ready()
    key = service.add_site()
    for batch in range(4):
        service.call("POST", "/v1/comments/batch", key, [submission(batch * 500 + n) for n in range(500)])
        for pid in service.pids(" work "):
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.3)

    service.wait_until(lambda: not service.rows("SELECT id FROM comments WHERE status = 'pending'"), 60)
    assert service.rows("SELECT count(*) FROM decisions WHERE kind = 'machine'") == [(2000,)]


def test_waiting_clients_never_take_all_threads(service):
    """With no worker at all, 200 clients wait and a plain POST is still answered in 200 ms."""
    folder = socket_path(service.folder).parent
    folder.mkdir(parents=True, mode=0o700)
    service.run([_redis_server(), "--port", "0", "--unixsocket", str(socket_path(service.folder)), "--save", ""])
    service.start("serve", "--port", str(service.port))
    service.wait_until(lambda: service.call("GET", "/healthz")[0] == 200, 30)
    key = service.add_site()
    with ThreadPoolExecutor(200) as pool:
        waiting = [
            pool.submit(service.call, "POST", "/v1/comments", key, submission(number), Prefer="wait=6")
            for number in range(200)
        ]
        time.sleep(2)
        took = []
        for number in range(20):
            began = time.monotonic()
            assert service.call("POST", "/v1/comments", key, submission(1000 + number))[0] == 202
            took.append(time.monotonic() - began)
        still = sum(not future.done() for future in waiting)
        assert {future.result()[0] for future in waiting} == {202}

    assert still == 32
    assert sorted(took)[10] < 0.2


def test_the_app_runs_under_gunicorn_too(service):
    """Any WSGI server will do."""
    service.start("migrate").wait(30)
    service.run(
        [
            sys.executable,
            "-m",
            "gunicorn",
            "--threads",
            "4",
            "--bind",
            f"127.0.0.1:{service.port}",
            "service.app:create_app()",
        ]
    )
    service.wait_until(lambda: service.call("GET", "/healthz")[0] == 200, 30)
    key = service.add_site()

    assert service.call("POST", "/v1/comments", key, submission(1))[0] == 202
    assert service.call("POST", "/v1/score", key, submission(1))[1]["action"] in {"approve", "hold", "reject"}


def test_nothing_personal_is_logged(service):
    """Email, IP, name, text and key are nowhere in the log, whatever goes wrong."""
    service.environment["SLUICE_LOG_LEVEL"] = "debug"
    service.start("up", "--no-demo", "--port", str(service.port), "--workers", "1")
    service.wait_ready()
    key = service.add_site()
    secret = submission(1)
    secret["comment"] |= {
        "text": "quixotic-text",
        "author": {"name": "quixotic-name", "email": "quixotic@example.org", "ip": "203.0.113.99"},
    }
    assert service.call("POST", "/v1/comments", key, secret, Prefer="wait=5")[0] == 200
    service.call("POST", "/v1/comments", key, {**secret, "odd": "quixotic-field"})
    service.call("POST", "/v1/comments", "quixotickey1", secret)
    for pid in service.pids(r"^\S*redis-server"):
        os.kill(pid, signal.SIGKILL)
    service.call("POST", "/v1/comments", key, {**secret, "comment": {**secret["comment"], "id": "other"}})
    time.sleep(1)
    service.stop()

    log = service.log.read_text()
    assert log
    for word in ("quixotic", "203.0.113.99", key):
        assert word not in log


def _redis_server() -> str:
    return str(find_program())
