"""One supervisor per data folder: the lock, and the list of its processes for the next start after a SIGKILL."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from service.process.children import birth, group_members

LOCK_NAME: Final = "up.lock"
RECORD_NAME: Final = "up.json"


class AlreadyRunningError(Exception):
    """Another supervisor serves this data folder."""


def lock(folder: Path, data_dir: Path) -> int:
    """Take the lock of a data folder for as long as this process lives; returns the open file.

    Raises:
        AlreadyRunningError: somebody holds it.
        OSError: the file cannot be opened.
    """
    descriptor = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(descriptor, 32).decode("ascii", "replace").strip() or "?"
        os.close(descriptor)
        raise AlreadyRunningError(
            f"Sluice already runs on {data_dir} (process {holder}): stop it first, or give another --data-dir."
        ) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


def write_record(folder: Path, pids: Mapping[str, int]) -> None:
    """Note which processes run, replacing the note before it."""
    children = [{"child": name, "pid": pid, "birth": birth(pid)} for name, pid in pids.items()]
    draft = folder / f".{RECORD_NAME}.new"
    draft.write_text(json.dumps({"supervisor": os.getpid(), "children": children}) + "\n", encoding="utf-8")
    draft.replace(folder / RECORD_NAME)


def read_record(folder: Path) -> dict[str, int]:
    """Children of the last supervisor of which something is still alive, by name.

    A number counts if it is the very process noted, or if that is gone and only its group is left; while a group has
    members, no new process gets its number.
    """
    try:
        children = json.loads((folder / RECORD_NAME).read_text(encoding="utf-8"))["children"]
        return {str(child["child"]): int(child["pid"]) for child in children if _lives(child)}
    except (OSError, ValueError, KeyError, TypeError):
        return {}  # no note or half a note: the lock was free, so nobody we know of is left


def end_orphans(folder: Path, timeout: float = 6.0) -> list[str]:
    """End what a killed supervisor left behind; returns the names. Call it only with the lock held.

    Each child was told to end by the kernel already (see ``children``), so mostly this only waits for it.
    """
    left = read_record(folder)
    names = sorted(left)
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in left.values():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, number)
        deadline = time.monotonic() + timeout
        while left and time.monotonic() < deadline:
            time.sleep(0.05)
            left = read_record(folder)
    return names


def _lives(child: Mapping[str, Any]) -> bool:
    pid, now_there = int(child["pid"]), birth(int(child["pid"]))
    return now_there == child["birth"] if now_there else bool(group_members(pid))
