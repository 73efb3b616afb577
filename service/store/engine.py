"""One database, two ways to write: SQLite through grouped commits, PostgreSQL through its own.

SQLite has one writer at a time. Its busy handler sleeps 1 to 100 ms between tries, so writers of all our processes
queue on a file lock instead, which wakes the next one at once; and in the web process one thread commits whatever
has gathered meanwhile as one transaction, so that a hundred comments cost one fsync.
"""

from __future__ import annotations

import fcntl
import os
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

T = TypeVar("T")

GROUP_LIMIT: Final = 256
#: How long a writer waits for another program's lock on the same file (a backup tool, the sqlite3 shell).
BUSY_MILLISECONDS: Final = 10_000
#: How long a checkpoint waits for readers, with all writers waiting behind it.
SCRUB_MILLISECONDS: Final = 200


class Store:
    """Reads and writes of one database; safe to share between threads."""

    def __init__(self, url: str, *, grouped: bool = False, pool_size: int = 8) -> None:
        """``grouped`` writes SQLite from a thread of its own, for processes in which many threads write."""
        self.url = sa.make_url(url)
        self.engine = _create_engine(self.url, pool_size)
        self._reading = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._lock = _FileLock(Path(f"{self.url.database}-writer")) if self.is_sqlite else None
        self._group = _GroupWriter(self._transaction) if grouped and self.is_sqlite else None

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is a file of ours."""
        return self.url.get_backend_name() == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection to read with; every statement sees what was committed before it."""
        with self._reading.connect() as connection:
            yield connection

    def write(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in a transaction and return its answer once that is on disk.

        ``work`` may run in another thread; when it raises, nothing of it is kept and the exception comes back here.
        """
        if self._group is not None:
            return self._group.write(work)
        with self._transaction() as connection:
            return work(connection)

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A connection whose statements all see one moment, for backups; it may not write."""
        with self.engine.connect().execution_options(
            isolation_level="AUTOCOMMIT" if self.is_sqlite else "REPEATABLE READ"
        ) as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN DEFERRED")
            try:
                yield connection
            finally:
                if self.is_sqlite:
                    connection.exec_driver_sql("ROLLBACK")

    def scrub(self) -> bool:
        """Drop deleted bytes from the files; true when none are left, false when a reader was in the way."""
        with self._reading.connect() as connection:
            if not self.is_sqlite:
                for table in ("comments", "revisions", "decisions", "rulings"):
                    connection.exec_driver_sql(f"VACUUM {table}")
                return True
            # A long reader (a backup) must not make a checkpoint that waits for it hold up every writer.
            connection.exec_driver_sql(f"PRAGMA busy_timeout={SCRUB_MILLISECONDS}")
            try:
                with self._lock or _FileLock(Path(os.devnull)):
                    busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]
            finally:
                connection.exec_driver_sql(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
            return not busy

    def close(self) -> None:
        """Finish what is being written and let go of all connections."""
        if self._group is not None:
            self._group.close()
        self.engine.dispose()

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        if self._lock is None:
            with self.engine.begin() as connection:
                yield connection
            return
        with self._lock, self.engine.begin() as connection:
            yield connection


class _FileLock:
    """An exclusive lock between processes and threads; the kernel frees it when its holder dies."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._mutex = threading.Lock()
        self._descriptor: int | None = None

    def __enter__(self) -> None:
        self._mutex.acquire()
        try:
            if self._descriptor is None:
                self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        except BaseException:
            self._mutex.release()
            raise

    def __exit__(self, *_: object) -> None:
        if self._descriptor is not None:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        self._mutex.release()


class _GroupWriter:
    """A thread that runs waiting pieces of work in one transaction, each behind a savepoint of its own."""

    def __init__(self, transaction: Callable[[], Any]) -> None:
        self._transaction = transaction
        self._waiting: queue.SimpleQueue[tuple[Callable[[Connection], Any], Future[Any]] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def write(self, work: Callable[[Connection], T]) -> T:
        if self._thread is None:
            self._start()
        future: Future[T] = Future()
        self._waiting.put((work, future))
        return future.result()

    def close(self) -> None:
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join(timeout=10)

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="writer", daemon=True)
                thread.start()
                self._thread = thread

    def _run(self) -> None:
        while True:
            group = [self._waiting.get()]
            while len(group) < GROUP_LIMIT and not self._waiting.empty():
                group.append(self._waiting.get())
            jobs = [job for job in group if job is not None]
            if jobs:
                self._commit(jobs)
            if len(jobs) < len(group):
                return

    def _commit(self, jobs: list[tuple[Callable[[Connection], Any], Future[Any]]]) -> None:
        done: list[tuple[Future[Any], Any]] = []
        try:
            with self._transaction() as connection:
                for work, future in jobs:
                    connection.exec_driver_sql("SAVEPOINT work")
                    try:
                        done.append((future, work(connection)))
                    except Exception as error:  # noqa: BLE001 - handed to whoever asked for this piece of work
                        connection.exec_driver_sql("ROLLBACK TO work")
                        future.set_exception(error)
                    connection.exec_driver_sql("RELEASE work")
        except Exception as error:  # noqa: BLE001 - the commit itself failed: nobody's work is on disk
            for _, future in jobs:
                if not future.done():
                    future.set_exception(error)
            return
        for future, answer in done:
            future.set_result(answer)


def _make_private(database: Path) -> None:
    """Make the file before SQLite does, whose files of its own then have the same mode."""
    with suppress(OSError):  # connecting says better what is wrong
        os.close(os.open(database, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def _create_engine(url: sa.URL, pool_size: int) -> sa.Engine:
    if url.get_backend_name() != "sqlite":
        return sa.create_engine(
            url,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_pre_ping=True,
            pool_timeout=10,
            hide_parameters=True,  # an error that is logged must not quote what a reader wrote
            connect_args={"connect_timeout": 5},
        )
    _make_private(Path(url.database or os.devnull))
    engine = sa.create_engine(
        url,
        poolclass=sa.QueuePool,
        pool_size=pool_size,
        max_overflow=-1,
        hide_parameters=True,  # an error that is logged must not quote what a reader wrote
        connect_args={"timeout": BUSY_MILLISECONDS / 1000, "check_same_thread": False},
    )

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "secure_delete=ON",
            "foreign_keys=ON",
            "temp_store=MEMORY",
            "cache_size=-16000",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
