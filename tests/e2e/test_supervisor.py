"""The supervisor with small stand-in children and a real Redis: restarts, orphans, stopping, refusing."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config.paths import direct_socket_path, fits, short_socket_path, socket_path
from service.process import redis_server, runfile
from service.process.children import birth, group_members
from service.process.up import Plan

pytestmark = pytest.mark.slow

# Answers /readyz, and like granian has a worker of its own that inherits the listening socket and ends when told to.
WEB = """
import http.server, os, signal, sys, time
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
    def log_message(self, *_): pass
server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Ready)
worker = os.fork()
if worker == 0:
    time.sleep(600)
def stop(*_):
    os.kill(worker, signal.SIGTERM)
    sys.exit()
signal.signal(signal.SIGTERM, stop)
server.serve_forever()
"""
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
SLEEP = "import time; time.sleep(600)"


def python(code: str, *arguments: str) -> list[str]:
    """A command line that runs a bit of Python."""
    return [sys.executable, "-c", code, *arguments]


class Up:
    """One supervisor, started in a process of its own."""

    def __init__(self, folder: Path, data_dir: Path, **changes: object) -> None:
        direct = direct_socket_path(data_dir)
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = int(server.getsockname()[1])
        values: dict[str, object] = {
            "data_dir": str(data_dir),
            "host": "127.0.0.1",
            "port": port,
            "web": python(WEB, str(port)),
            "work": python(SLEEP),
            "workers": 2,
            "upkeep": python(SLEEP),
            "demo": None,
            "redis_program": str(redis_server.find_program()),
            "redis_socket": str(direct if fits(direct) else short_socket_path(data_dir)),
        }
        self.plan = Plan(**(values | changes))
        self.data_dir = data_dir
        # Files, not pipes: an orphan that inherited a pipe would keep us waiting for its end.
        name = secrets.token_hex(4)
        self.output, self.errors = folder / f"{name}.out", folder / f"{name}.err"
        command = [sys.executable, "-P", "-m", "service.process.up", self.plan.to_json()]
        with self.output.open("w") as output, self.errors.open("w") as errors:
            self.process = subprocess.Popen(command, stdout=output, stderr=errors)

    def children(self) -> dict[str, int]:
        """Pids by name, as the supervisor noted them."""
        return runfile.read_record(self.data_dir / "run")

    def wait_ready(self) -> dict[str, int]:
        """Wait for the last line of the start; returns the children."""
        assert eventually(lambda: "Sluice is ready" in self.output.read_text()), self.errors.read_text()
        return self.children()

    def result(self, timeout: float = 20) -> tuple[int, str, str]:
        """Wait for the end: status, output, errors."""
        status = self.process.wait(timeout)
        return status, self.output.read_text(), self.errors.read_text()


def eventually(condition: Callable[[], object], seconds: float = 10.0) -> bool:
    """Whether a condition comes true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


@pytest.fixture
def start() -> Iterator[Callable[..., Up]]:
    """Starts supervisors; whatever is left of them ends with the test."""
    with tempfile.TemporaryDirectory(prefix="sup-", dir="/tmp") as folder:
        started: list[Up] = []

        def starter(data_dir: Path | None = None, **changes: object) -> Up:
            started.append(Up(Path(folder), data_dir or Path(folder) / "data", **changes))
            return started[-1]

        yield starter
        for up in started:
            up.process.kill()
            for pid in up.children().values():
                os.killpg(pid, signal.SIGKILL)
            up.process.wait()


def test_sigterm_ends_everything_cleanly(start):
    """Every child, and what children started, is gone when the supervisor is; the status says success."""
    up = start()
    children = up.wait_ready()
    assert set(children) == {"redis", "web", "work-1", "work-2", "upkeep"}

    up.process.send_signal(signal.SIGTERM)
    status, _, _ = up.result()

    assert status == 0
    assert not any(group_members(pid) for pid in children.values())


def test_ctrl_c_reaches_children_through_the_supervisor_only(start):
    """Children lead groups of their own, so the terminal's SIGINT cannot end Redis before the workers."""
    up = start()
    children = up.wait_ready()
    assert {os.getpgid(pid) for pid in children.values()} == set(children.values())

    up.process.send_signal(signal.SIGINT)

    assert up.result()[0] == 0


def test_deaf_child_is_killed_in_the_end(start):
    """A worker that ignores SIGTERM delays the stop by seconds, not for ever."""
    up = start(work=python(DEAF))
    children = up.wait_ready()
    began = time.monotonic()

    up.process.send_signal(signal.SIGTERM)
    status, _, errors = up.result()

    assert status == 0
    assert time.monotonic() - began < 12
    assert "children.killed" in errors
    assert not any(birth(pid) for pid in children.values())


def test_second_ctrl_c_kills_at_once(start):
    """Whoever presses again does not want to wait."""
    up = start(work=python(DEAF))
    up.wait_ready()
    up.process.send_signal(signal.SIGINT)
    time.sleep(0.8)
    began = time.monotonic()

    up.process.send_signal(signal.SIGINT)
    up.result()

    assert time.monotonic() - began < 2


@pytest.mark.parametrize("name", ["web", "work-1", "upkeep", "redis"])
def test_killed_child_comes_back(start, name: str):
    """SIGKILL of any child: a new one soon does its work, with nothing left of the old one's group."""
    up = start()
    old = up.wait_ready()[name]

    os.kill(old, signal.SIGKILL)

    assert eventually(lambda: up.children().get(name, old) != old)
    assert group_members(old) == []
    if name == "redis":
        assert eventually(lambda: redis_server.answers(socket_path(up.data_dir)))


def test_killed_supervisor_leaves_nobody(start):
    """The kernel tells the children; Redis closes its file; a new supervisor starts on the same folder."""
    first = start()
    children = first.wait_ready()

    first.process.kill()

    assert eventually(lambda: not any(group_members(pid) for pid in children.values()), seconds=5)
    start().wait_ready()


def test_orphans_of_a_killed_web_server_free_the_port(start):
    """Supervisor and web server killed together: the web worker, which nobody told to end, holds the port."""
    first = start()
    web = first.wait_ready()["web"]
    os.kill(web, signal.SIGSTOP)
    first.process.kill()
    os.kill(web, signal.SIGKILL)
    first.process.wait()
    assert group_members(web)

    start(port=first.plan.port, web=first.plan.web).wait_ready()

    assert not group_members(web)


def test_deaf_orphans_are_ended_by_the_next_start(start):
    """A child that ignored the kernel's word would work on beside its successor."""
    first = start(work=python(DEAF))
    children = first.wait_ready()
    first.process.kill()
    first.process.wait()
    assert birth(children["work-1"])

    start().wait_ready()

    assert not any(birth(pid) for pid in children.values())


def test_hung_redis_of_a_killed_supervisor_is_ended(start):
    """Two Redis on one folder would write over each other; even a stopped one makes way."""
    first = start()
    redis = first.wait_ready()["redis"]
    os.kill(redis, signal.SIGSTOP)
    first.process.kill()
    first.process.wait()
    (first.data_dir / "run" / "up.json").unlink()

    second = start()

    assert second.wait_ready()["redis"] != redis
    assert birth(redis) is None


def test_second_start_on_the_same_folder_refuses(start):
    """One sentence names the folder and the process; the first one keeps running."""
    first = start()
    children = first.wait_ready()

    status, output, errors = start().result()

    assert status == 1
    assert output == ""
    assert errors.count("\n") == 1
    assert f"Sluice already runs on {first.data_dir} (process {first.process.pid})" in errors
    assert all(birth(pid) for pid in children.values())


def test_taken_port_is_one_sentence(start):
    """Nothing is started when somebody else listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        status, _, errors = start(port=server.getsockname()[1]).result()

    assert status == 1
    assert "something else listens there" in errors
    assert errors.count("\n") == 1


def test_unusable_data_folder_is_one_sentence(start, tmp_path: Path):
    """A file where the folder should be, for instance."""
    (tmp_path / "data").write_text("not a folder")

    status, _, errors = start(tmp_path / "data").result()

    assert status == 1
    assert errors.startswith(f"The data folder {tmp_path / 'data'} cannot be used: ")
    assert errors.count("\n") == 1


def test_very_long_data_folder(start):
    """Redis would cut a long socket path off in silence; the socket lives elsewhere and a link points there."""
    with tempfile.TemporaryDirectory(prefix="sup-", dir="/tmp") as folder:
        data_dir = Path(folder) / ("d" * 150)
        up = start(data_dir)
        up.wait_ready()

        assert socket_path(data_dir) == Path(up.plan.redis_socket)
        assert not Path(up.plan.redis_socket).is_relative_to(data_dir)
        assert (data_dir / "run" / "redis.sock").is_symlink()
        assert redis_server.answers(socket_path(data_dir))
        assert Path(up.plan.redis_socket).parent.stat().st_mode & 0o777 == 0o700

        up.process.terminate()
        up.result()


def test_redis_with_unreadable_file_starts_empty(start):
    """The database is the truth: Redis' broken file is set aside and the service starts."""
    with tempfile.TemporaryDirectory(prefix="sup-", dir="/tmp") as folder:
        data_dir = Path(folder) / "data"
        redis_folder = data_dir / "redis"
        redis_folder.mkdir(parents=True)
        (redis_folder / "appendonly.aof").write_bytes(b"this is not what Redis wrote\r\n" * 20)
        up = start(data_dir, redis_program=str(redis_server.bundled_program()))
        up.wait_ready()

        assert redis_server.answers(socket_path(data_dir))
        assert [path.name.split("-")[0] for path in data_dir.glob("redis.*")] == ["redis.unreadable"]

        up.process.terminate()
        up.result()


def test_killed_redis_keeps_its_data(start):
    """Only Redis' own giving up says that its file is unreadable; being killed again and again does not."""
    up = start()
    up.wait_ready()
    for _ in range(4):
        redis = up.children()["redis"]
        os.kill(redis, signal.SIGKILL)
        assert eventually(lambda old=redis: up.children().get("redis", old) != old)
        assert eventually(lambda: redis_server.answers(socket_path(up.data_dir)))

    assert list(up.data_dir.glob("redis.*")) == []


def test_web_that_never_becomes_ready_is_given_up(start):
    """A broken setting would otherwise print the same words for ever."""
    up = start(web=python("raise SystemExit('no such setting')"))

    status, output, errors = up.result(30)

    assert status == 1
    assert "ended 5 times before it was ready" in output
    assert "no such setting" in errors


def test_demo_runs_before_the_last_word(start):
    """What the demo prints comes first; its failure does not end the service."""
    up = start(demo=python("import sys; print('demo words', flush=True); sys.exit(3)"))
    up.wait_ready()
    lines = up.output.read_text().splitlines()

    assert lines[0] == "demo words"
    assert lines[1].startswith("Sluice is ready at http://127.0.0.1:")
    assert up.process.poll() is None


def test_supervisor_stays_small(start):
    """It waits for months: settings, SQL, Flask and numbers are not in it."""
    up = start()
    up.wait_ready()

    rollup = Path(f"/proc/{up.process.pid}/smaps_rollup").read_text()
    pss = next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))

    assert pss < 20_000
