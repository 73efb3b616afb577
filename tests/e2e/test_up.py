"""`sluice up` as people use it: first start with demo, second start, stopping, and what happens when parts die."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from config.paths import socket_path
from service.process.children import birth, group_members
from service.process.runfile import read_record

pytestmark = pytest.mark.slow

SLUICE = str(Path(sys.executable).with_name("sluice"))
QUIET = {name: value for name, value in os.environ.items() if not name.startswith("SLUICE_")}
LOCAL = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def eventually(condition: Callable[[], object], seconds: float = 20.0) -> bool:
    """Whether a condition comes true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


def processes_of(data_dir: Path) -> list[int]:
    """Every living process that names a data folder or its socket on its command line."""
    words = [os.fsencode(data_dir), os.fsencode(socket_path(data_dir))]
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if any(word in line for word in words) and birth(int(process.name)):
            found.append(int(process.name))
    return found


class Running:
    """One `sluice up`."""

    def __init__(self, data_dir: Path, *options: str, **environment: str) -> None:
        self.data_dir = data_dir
        self.began = time.monotonic()
        self.log = Path(tempfile.mkstemp(suffix=".log", dir="/tmp", prefix="up-")[1])
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [SLUICE, "up", "--data-dir", str(data_dir), "--port", "0", *options],
                stdout=log,
                stderr=log,
                env=QUIET | environment,
                start_new_session=True,
            )

    @property
    def words(self) -> str:
        """Everything printed so far."""
        return self.log.read_text(encoding="utf-8")

    @property
    def url(self) -> str:
        """Where it said that it is ready."""
        return re.search(r"Sluice is ready at (\S+)", self.words)[1]

    def wait_ready(self) -> Running:
        """Wait for the last line of the start."""
        assert eventually(lambda: "Sluice is ready" in self.words or self.process.poll() is not None, 60), self.words
        assert self.process.poll() is None, self.words
        return self

    def children(self) -> dict[str, int]:
        """Pids by name."""
        return read_record(self.data_dir / "run")

    def command(self, *arguments: str) -> str:
        """What another command prints about the same data folder."""
        line = [SLUICE, *arguments, "--data-dir", str(self.data_dir)]
        return subprocess.run(line, capture_output=True, text=True, check=True, env=QUIET, timeout=60).stdout

    def new_key(self) -> str:
        """The API key of a new site."""
        name = f"site-{time.monotonic_ns()}"
        return json.loads(self.command("site", "add", name, "--url", "https://blog.example", "--json"))["key"]

    def post(self, key: str, text: str = "I read this twice.", wait: int = 10) -> dict[str, Any] | None:
        """The answer to a comment, or nothing when the service could not answer."""
        body = {"article": {"url": "https://blog.example/1"}, "comment": {"text": text}}
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", "Prefer": f"wait={wait}"}
        request = urllib.request.Request(f"{self.url}/v1/comments", json.dumps(body).encode(), headers)
        try:
            with LOCAL.open(request, timeout=20) as response:
                return json.load(response)
        except (urllib.error.URLError, OSError):
            return None

    def stop(self) -> float:
        """SIGTERM; returns the seconds it took."""
        began = time.monotonic()
        self.process.terminate()
        self.process.wait(30)
        return time.monotonic() - began

    def clean_up(self) -> None:
        """Leave nothing behind, whatever the test did."""
        self.process.kill()
        for pid in self.children().values():
            for member in group_members(pid):
                os.kill(member, signal.SIGKILL)
        self.process.wait()
        self.log.unlink()


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder with a short name."""
    with tempfile.TemporaryDirectory(prefix="up-", dir="/tmp") as name:
        yield Path(name)


@pytest.fixture
def up(folder: Path) -> Iterator[Callable[..., Running]]:
    """Starts `sluice up`; ends what is left."""
    started: list[Running] = []

    def start(data_dir: Path, *options: str, **environment: str) -> Running:
        started.append(Running(data_dir, *options, **environment))
        return started[-1]

    yield start
    for running in started:
        running.clean_up()


@pytest.fixture(scope="module")
def service(folder: Path) -> Iterator[tuple[Running, str]]:
    """One running service for the tests that break a part of it, and an API key."""
    running = Running(folder / "shared", "--no-demo")
    try:
        running.wait_ready()
        yield running, running.new_key()
    finally:
        running.clean_up()


def test_first_start_shows_decisions_and_the_second_does_not(up, folder: Path):
    """From an empty folder to a table of decisions, a URL, a key and a command that works as printed."""
    first = up(folder / "demo").wait_ready()
    took = time.monotonic() - first.began
    words = first.words

    assert took < 60
    assert all(action in words for action in ("approve", "hold", "reject"))
    assert first.url in words
    printed = next(line for line in words.splitlines() if line.startswith("curl "))
    shells = [shell for shell in ("sh", "bash", "dash", "zsh", "fish", "csh") if shutil.which(shell)]
    for shell in shells:
        answer = subprocess.run([shell, "-c", printed], capture_output=True, text=True, check=True, env=QUIET).stdout
        assert json.loads(answer)["action"] in {"approve", "hold", "reject"}
    link = re.search(rf"{first.url}(/desk/link/[\w-]+)", words)[0]
    with LOCAL.open(link, timeout=10) as page:
        assert "You are the first here" in page.read().decode()
    assert first.stop() < 10
    assert processes_of(first.data_dir) == []

    second = up(folder / "demo").wait_ready()

    assert "curl " not in second.words
    assert "Marek" not in second.words


def test_the_first_admin_is_asked_for_until_there_is_one(up, folder: Path):
    """Each start prints a new link while there is nobody, also without a demo; then only where the desk is."""
    running = up(folder / "people", "--no-demo").wait_ready()
    first = re.search(r"/desk/link/[\w-]+", running.words)[0]
    running.stop()
    running = up(folder / "people", "--no-demo").wait_ready()
    assert first not in running.words
    assert "/desk/link/" in running.words
    running.command("user", "add", "Ada", "--role", "admin")
    for _ in range(2):  # the second time without asking the database
        running.stop()
        running = up(folder / "people", "--no-demo").wait_ready()
        assert "/desk/link/" not in running.words
        assert f"The moderators' desk is at {running.url}/desk/" in running.words


def test_no_demo_makes_no_site(up, folder: Path):
    """Production starts with an empty list of sites."""
    running = up(folder / "plain", "--no-demo").wait_ready()

    assert json.loads(running.command("site", "list", "--json")) == {"sites": []}


def test_very_long_data_folder_works(up, folder: Path):
    """150 characters: too long for a socket's path, and nobody needs to know."""
    running = up(folder / ("long-" + "d" * 145), "--no-demo").wait_ready()

    answer = running.post(running.new_key())

    assert answer is not None
    assert answer["action"] == "approve"


def test_second_up_refuses_in_one_sentence(service, up):
    """Nothing of the first is disturbed."""
    running, key = service

    second = up(running.data_dir)

    assert second.process.wait(20) == 1
    assert second.words.count("\n") == 1
    assert f"already runs on {running.data_dir}" in second.words
    assert running.post(key)["action"] == "approve"


@pytest.mark.parametrize(
    "name",
    ["web", "web worker", "work-1", "upkeep", "redis"],
)
def test_killed_part_comes_back_and_comments_are_decided(service, name: str):
    """SIGKILL any process: soon there is a new one and a comment gets its decision over HTTP."""
    running, key = service
    assert eventually(lambda: len(running.children()) == 5)
    children = running.children()
    web_workers = [pid for pid in group_members(children["web"]) if pid != children["web"]]
    victim = web_workers[0] if name == "web worker" else children[name]

    os.kill(victim, signal.SIGKILL)

    assert eventually(lambda: birth(victim) is None)
    tries = count(1)  # each with a text of its own, or they would look like copies
    assert eventually(
        lambda: (
            (running.post(key, f"The village was never asked about the bypass, {name} {next(tries)}.") or {}).get(
                "action"
            )
            == "approve"
        ),
        40,
    )
    assert eventually(lambda: len(running.children()) == 5 and victim not in running.children().values())
    if name == "web worker":
        assert running.children()["web"] == children["web"]


def test_killed_supervisor_leaves_nobody_and_a_new_one_goes_on(up, folder: Path):
    """The kernel ends the children; what was stored is there after the next start."""
    first = up(folder / "orphans", "--no-demo").wait_ready()
    key = first.new_key()
    stored = first.post(key, "Before the kill.")

    first.process.kill()
    first.process.wait()

    assert eventually(lambda: processes_of(first.data_dir) == [], 40), processes_of(first.data_dir)
    second = up(folder / "orphans", "--no-demo").wait_ready()
    request = urllib.request.Request(
        f"{second.url}/v1/comments/{stored['id']}", headers={"Authorization": f"Bearer {key}"}
    )
    with LOCAL.open(request, timeout=10) as response:
        assert json.load(response)["status"] == "approved"
    assert second.post(key)["action"] == "approve"


def test_ctrl_c_ends_everything(up, folder: Path):
    """SIGINT to the supervisor's process group, as a terminal sends it."""
    running = up(folder / "interrupted", "--no-demo").wait_ready()

    os.killpg(running.process.pid, signal.SIGINT)

    assert running.process.wait(15) == 0
    assert processes_of(running.data_dir) == []


def test_everything_stays_under_400_mb(service):
    """Web, two workers, upkeep, Redis and the supervisor together, by proportional set size."""
    running, key = service
    assert eventually(lambda: running.post(key) is not None)

    def pss(pid: int) -> int:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))

    total = sum(pss(pid) for pid in processes_of(running.data_dir))

    assert total < 400_000, f"{total} kB"


@pytest.mark.parametrize(
    ("options", "environment", "sentence"),
    [
        (["--host", "192.0.2.1", "--port", "8000"], {}, "Cannot listen on 192.0.2.1:8000"),
        ([], {"SLUICE_WORKRES": "3"}, "Did you mean workers?"),
        ([], {"SLUICE_REDIS_URL": "http://redis"}, "redis_url"),
        ([], {"SLUICE_REDIS_URL": "redis://192.0.2.1"}, "set SLUICE_SECRET_KEY"),
    ],
)
def test_what_cannot_work_is_said_at_once(up, folder: Path, options, environment, sentence: str):
    """One line, no traceback, status 1, nothing started."""
    running = up(folder / "wrong", *options, **environment)

    assert running.process.wait(20) == 1
    assert sentence in running.words
    assert running.words.count("\n") == 1
