"""Real servers for the tests: Redis, PostgreSQL, and Sluice itself."""

from __future__ import annotations

import json
import os
import queue
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import redis
import sqlalchemy as sa

from service.process.redis_server import find_program

SLUICE = Path(sys.executable).with_name("sluice")


@contextmanager
def a_redis(folder: Path) -> Iterator[str]:
    """A Redis on a unix socket; yields its URL."""
    place = folder / "redis.sock"
    command = [str(find_program()), "--port", "0", "--unixsocket", str(place), "--dir", str(folder), "--save", ""]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"unix://{place}"
    client = redis.Redis.from_url(url)
    try:
        _wait_for(lambda: place.exists() and client.ping(), "Redis")
        yield url
    finally:
        client.close()
        process.kill()
        process.wait()


class Postgres:
    """A PostgreSQL cluster that lives as long as the test session."""

    def __init__(self, socket_folder: Path) -> None:
        self._folder = socket_folder
        self._made = 0
        self._admin = sa.create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)

    def url(self, database: str) -> str:
        """Where a database is."""
        return f"postgresql+psycopg://postgres@/{database}?host={self._folder}"

    def create(self, template: str | None = None, name: str | None = None) -> str:
        """Make a database, and return its name."""
        self._made += 1
        name = name or f"test_{self._made}"
        with self._admin.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {template or 'template0'}")
        return name

    def drop(self, name: str) -> None:
        """Remove a database, whoever still looks at it."""
        with self._admin.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


def postgres_programs() -> Path | None:
    """The folder with initdb and postgres of the newest PostgreSQL here."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


@contextmanager
def a_postgres(programs: Path) -> Iterator[Postgres]:
    """A fresh cluster that forgets to sync; PostgreSQL refuses to run as root, so root lends it to `postgres`."""
    folder = Path(tempfile.mkdtemp(prefix="sluice-pg-"))  # short: a socket's path holds 107 bytes
    as_user: list[str] = []
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
        as_user = ["runuser", "-u", "postgres", "--"]
    data, log = folder / "data", folder / "log"

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [*as_user, str(programs / program), *arguments], check=True, stdout=subprocess.DEVNULL, cwd="/", timeout=60
        )

    options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off -c max_connections=200"
    try:
        run("initdb", "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
        run("pg_ctl", "-D", str(data), "-l", str(log), "-w", "-o", options, "start")
        try:
            yield Postgres(folder)
        finally:
            run("pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Sluice:
    """`sluice up` on a data folder of its own."""

    def __init__(self, data_dir: Path, *arguments: str, **environment: str) -> None:
        self.data_dir = data_dir
        self._environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", **environment}
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.said: list[str] = []
        self.process = subprocess.Popen(
            [str(SLUICE), "up", "--data-dir", str(data_dir), "--port", "0", "--no-demo", "--workers", "1", *arguments],
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.url = self._wait_ready()
        self.site, self.key = self.add_site("blog")
        self.http = httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {self.key}"}, timeout=30)

    def command(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run another command of ours on the same folder."""
        return subprocess.run(
            [str(SLUICE), *arguments, "--data-dir", str(self.data_dir)],
            env=self._environment,
            capture_output=True,
            text=True,
            check=check,
            timeout=120,
        )

    def add_site(self, name: str) -> tuple[dict[str, Any], str]:
        """A new site and its key."""
        answer = json.loads(self.command("site", "add", name, "--url", f"https://{name}.example", "--json").stdout)
        return answer["site"], answer["key"]

    def stop(self) -> None:
        """End everything."""
        if hasattr(self, "http"):
            self.http.close()
        self.process.terminate()
        try:
            self.process.wait(timeout=20)
        finally:
            self.process.kill()
            self._reader.join(timeout=10)
            if self.process.stdout is not None:
                self.process.stdout.close()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self.said.append(line)
            self._lines.put(line)

    def _wait_ready(self) -> str:
        ends = time.monotonic() + 60
        while time.monotonic() < ends:
            try:
                line = self._lines.get(timeout=1)
            except queue.Empty:
                if self.process.poll() is not None:
                    break
                continue
            if line.startswith("Sluice is ready at "):
                return line.split()[4]
        self.stop()
        raise AssertionError("sluice up did not get ready:\n" + "".join(self.said))


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _wait_for(condition: Any, what: str, seconds: float = 10) -> None:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        try:
            if condition():
                return
        except redis.RedisError:
            pass
        time.sleep(0.02)
    raise AssertionError(f"{what} did not start within {seconds} s.")
