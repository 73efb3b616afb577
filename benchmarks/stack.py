"""The real stack in a folder of its own, started by the command that users type."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import psutil

from benchmarks import client
from config.paths import socket_path
from service.process.cli import free_port, sluice_command

#: The limits stay on the path, but out of the way: one client here stands for many blogs.
ENVIRONMENT = {
    "SLUICE_WRITE_RATE_PER_SECOND": "1000000",
    "SLUICE_WRITE_BURST": "1000000",
    "SLUICE_READ_RATE_PER_SECOND": "1000000",
    "SLUICE_READ_BURST": "1000000",
    "SLUICE_LOG_LEVEL": "warning",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
HOST = "127.0.0.1"


@contextmanager
def folder() -> Iterator[Path]:
    """A temporary folder with a short name, gone afterwards."""
    path = Path(tempfile.mkdtemp(prefix="sluice-bench-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def environment(**more: str) -> dict[str, str]:
    """The environment of measured processes: ours, nothing of the operator's."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SLUICE_")}
    return {**inherited, **ENVIRONMENT, **more}


def sluice(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of ours to its end."""
    return subprocess.run(
        [*sluice_command(), *arguments], env=environment(), capture_output=True, text=True, check=True
    )


def add_site(data_dir: Path) -> tuple[str, str]:
    """A new site's id and key."""
    made = sluice(
        "site", "add", f"bench {time.time_ns()}", "--url", "https://news.example", "--json", "--data-dir", str(data_dir)
    )
    document = json.loads(made.stdout)
    return document["site"]["id"], document["key"]


class Process:
    """A measured server: started, waited for, ended with all its children."""

    def __init__(self, argv: list[str], address: client.Address, *, path: str, env: Mapping[str, str]) -> None:
        self.address = address
        began = time.perf_counter()
        self._process = subprocess.Popen(argv, env=dict(env), stdout=subprocess.DEVNULL)
        self._wait(path)
        self.ready_seconds = time.perf_counter() - began

    def _wait(self, path: str) -> None:
        message = client.request(self.address, "GET", path, b"", {"Connection": "close"})
        for _ in range(6000):
            if self._process.poll() is not None:
                break
            try:
                if client.once(self.address, message)[0] == 200:
                    return
            except OSError:
                pass
            time.sleep(0.01)
        self.stop()
        raise RuntimeError(f"not ready: {self._process.args}")

    @property
    def tree(self) -> list[psutil.Process]:
        """The process and all below it."""
        top = psutil.Process(self._process.pid)
        return [top, *top.children(recursive=True)]

    def stop(self) -> None:
        """End it; its children too, should it not have done that itself."""
        tree = self.tree if self._process.poll() is None else []
        self._process.terminate()
        try:
            self._process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for child in psutil.wait_procs(tree, timeout=2)[1]:
            child.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class Stack(Process):
    """`sluice up` without demo, with a site and a key."""

    def __init__(self, data_dir: Path, workers: int = 2, **env: str) -> None:
        self.data_dir = data_dir
        port = free_port(HOST)
        arguments = ["--data-dir", str(data_dir), "--host", HOST, "--port", str(port), "--workers", str(workers)]
        command = [*sluice_command(), "up", "--no-demo", *arguments]
        super().__init__(command, (HOST, port), path="/readyz", env=environment(**env))
        try:
            self.site_id, self.key = add_site(data_dir)
        except subprocess.CalledProcessError:
            self.stop()
            raise
        self._pending = sqlite3.connect(f"file:{data_dir / 'sluice.db'}?mode=ro", uri=True)

    @property
    def redis_url(self) -> str:
        """Its embedded Redis."""
        return f"unix://{socket_path(self.data_dir)}"

    def post(self, path: str, body: object, **headers: str) -> bytes:
        """A request of this site."""
        return client.post_json(self.address, path, body, {"Authorization": f"Bearer {self.key}", **headers})

    def wait_until_decided(self, timeout: float = 120) -> None:
        """Return as soon as no comment waits for the machine."""
        wait_until_decided(self._pending, timeout)

    def stop(self) -> None:
        super().stop()
        if hasattr(self, "_pending"):
            self._pending.close()


def wait_until_decided(connection: sqlite3.Connection, timeout: float = 120) -> None:
    """Look every 5 ms whether any comment still waits; the question costs microseconds.

    Raises:
        TimeoutError: some comment was not decided in time.
    """
    deadline = time.monotonic() + timeout
    question = "SELECT 1 FROM comments WHERE status = 'pending' OR held_late LIMIT 1"
    while connection.execute(question).fetchone():
        if time.monotonic() > deadline:
            raise TimeoutError("some comments were not decided")
        time.sleep(0.005)


def module(name: str, *arguments: str) -> list[str]:
    """How to start one of our modules as a process."""
    return [sys.executable, "-m", name, *arguments]


def free_address() -> client.Address:
    """Where a server may listen."""
    return HOST, free_port(HOST)


def pss(processes: list[psutil.Process]) -> dict[str, float]:
    """Megabytes of each process, memory shared between several divided among them."""
    found: dict[str, float] = {}
    for process in processes:
        rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
        kilobytes = next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
        found[f"{process.pid} {_label(process.cmdline())}"] = kilobytes / 1024
    return found


def _label(command: list[str]) -> str:
    for name in ("serve", "work", "upkeep"):
        if name in command:
            return name
    text = " ".join(command)
    if "redis" in text.partition(" ")[0]:
        return "redis"
    return "supervisor" if "service.process.up" in text else "web" if "spawn_main" in text else command[0][-30:]
