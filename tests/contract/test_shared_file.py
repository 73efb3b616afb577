"""One SQLite file under several connections and processes."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from service.store.engine import Store
from service.store.facts import read_fact, write_fact

#: Another process writes a fact and closes its connection; the last one to do so deletes the write-ahead log.
_WRITE = """
import sys
from service.store.engine import Store
from service.store.facts import write_fact
store = Store(sys.argv[1], pool_size=1)
store.write(lambda connection: write_fact(connection, sys.argv[2], "written"))
store.close()
"""


def test_another_store_of_the_process_does_not_loosen_the_first_ones_hold(migrated_sqlite: Path, tmp_path: Path):
    """Who opens the file a second time must not make other processes believe that nobody has it open."""
    path = tmp_path / "sluice.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    url = f"sqlite:///{path}"
    first = Store(url, pool_size=1)
    first.write(lambda connection: write_fact(connection, "first", "written"))
    second = Store(url, pool_size=1)

    for name in ("one", "two"):
        subprocess.run([sys.executable, "-c", _WRITE, url, name], check=True, timeout=60)

        with first.read() as connection:
            assert read_fact(connection, name) == "written"
    first.close()
    second.close()


def _descriptors(path: Path) -> list[str]:
    links = [entry.readlink() for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink()]
    return [link.name for link in links if link.parent == path.parent]


def test_a_closed_store_leaves_no_file_open(migrated_sqlite: Path, tmp_path: Path):
    """And it can be used again."""
    path = tmp_path / "sluice.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    store = Store(f"sqlite:///{path}", grouped=True)

    for name in ("first", "second"):
        store.write(lambda connection, name=name: write_fact(connection, name, "written"))
        assert "sluice.db-writer" in _descriptors(path)
        store.close()
        assert _descriptors(path) == []


@pytest.mark.filterwarnings("ignore:This process.*fork:DeprecationWarning")
def test_a_forked_process_does_not_wait_for_its_parents_threads(migrated_sqlite: Path, tmp_path: Path):
    """A thread that leads a group of writers while another one forks is not there in the child to let go."""
    path = tmp_path / "sluice.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    store = Store(f"sqlite:///{path}", grouped=True)
    assert store._lock is not None
    with store._lock:  # so that the thread's write stands in the middle
        writing = threading.Thread(target=store.write, args=(lambda own: write_fact(own, "parent", "written"),))
        writing.start()
        writing.join(timeout=0.3)
        child = os.fork()
        if not child:  # nothing of pytest may run here
            signal.alarm(20)
            code = 1
            try:
                store.write(lambda own: write_fact(own, "child", "written"))
                code = 0
            finally:
                os._exit(code)
    writing.join(timeout=20)

    assert os.waitpid(child, 0)[1] == 0
    with store.read() as connection:
        assert (read_fact(connection, "parent"), read_fact(connection, "child")) == ("written", "written")
    store.close()


@pytest.mark.filterwarnings("ignore:This process.*fork:DeprecationWarning")
def test_a_forked_process_has_a_writers_lock_of_its_own(migrated_sqlite: Path, tmp_path: Path):
    """One open file would be one lock for both: neither would wait, and each would free the other's."""
    path = tmp_path / "sluice.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    store = Store(f"sqlite:///{path}")
    store.write(lambda connection: write_fact(connection, "parent", "written"))
    assert store._lock is not None
    told, tell = os.pipe()
    child = os.fork()
    if not child:  # nothing of pytest may run here
        try:
            with store._lock:
                os.write(tell, b".")
                signal.pause()
        finally:
            os._exit(1)
    try:
        os.read(told, 1)
        with Path(f"{path}-writer").open() as other, pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        writing = threading.Thread(target=store.write, args=(lambda own: write_fact(own, "parent", "and again"),))
        writing.start()
        writing.join(timeout=0.3)
        assert writing.is_alive()
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(told)
        os.close(tell)
    writing.join(timeout=10)
    with store.read() as connection:
        assert read_fact(connection, "parent") == "and again"
    store.close()
