"""One database, two ways to write: SQLite through grouped commits, PostgreSQL through its own.

SQLite has one writer at a time. Its busy handler sleeps 1 to 100 ms between tries, so writers of all our processes
queue on a file lock instead, which wakes the next one at once; and in the web process one thread commits for all that
have gathered meanwhile, in one transaction, so that a hundred comments cost one fsync.
"""

from __future__ import annotations

import fcntl
import os
import threading
import weakref
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from service.together import Piece, Together

T = TypeVar("T")
Kind = TypeVar("Kind", bound=Hashable)
Item = TypeVar("Item")

#: How long a writer waits for another program's lock on the same file (a backup tool, the sqlite3 shell).
BUSY_MILLISECONDS: Final = 10_000
#: How long a checkpoint waits for readers, with all writers waiting behind it.
SCRUB_MILLISECONDS: Final = 200
#: Where a transaction keeps the ids that others shall hear of once it is committed.
_TO_TELL: Final = "sluice_to_tell"
#: Tables of PostgreSQL from which something may have to be gone for good.
_SCRUBBED: Final = (
    "comments",
    "revisions",
    "decisions",
    "rulings",
    "fingerprints",
    "authors",
    "domains",
    "checks",
    "models",
    "events",
    "deliveries",
)


class Store:
    """Reads and writes of one database; safe to share between threads."""

    def __init__(self, url: str, *, grouped: bool = False, pool_size: int = 8) -> None:
        """``grouped`` commits SQLite for several threads at once, for processes in which many write."""
        self.url = sa.make_url(url)
        self.engine = _create_engine(self.url, pool_size)
        self._reading = _reading_engine(self.engine, pool_size)
        self._lock = _FileLock(Path(f"{self.url.database}-writer")) if self.is_sqlite else None
        self._group = _GroupWriter(self._transaction) if grouped and self.is_sqlite else None
        #: Hears, after each commit, what was left with ``tell_when_committed``; it must not raise.
        self.after_commit: Callable[[list[str]], None] | None = None
        _OPEN.add(self)

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
            return cast(T, self._group.write(_Task(lambda connection, _: [work(connection)], object(), None)))
        with self._transaction() as connection:
            return work(connection)

    def write_each(self, work: Callable[[Connection, Kind, list[Item]], list[T]], kind: Kind, item: Item) -> T:
        """Write an item; items of one kind that several threads bring at the same time are handed to one call.

        ``work`` answers in the order of the items. When it raises, it is called again for each item alone, and
        nothing is kept of those for which it raises then.
        """
        if self._group is not None:
            return cast(
                T, self._group.write(_Task(lambda connection, items: work(connection, kind, items), kind, item))
            )
        with self._transaction() as connection:
            return work(connection, kind, [item])[0]

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
                for table in _SCRUBBED:
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
        """Let go of all connections and of the writers' lock."""
        self.engine.dispose()
        self._reading.dispose()
        if self._lock is not None:
            self._lock.close()

    def begin_afresh(self) -> None:
        """Leave all connections to the process that we were forked from, and whatever its threads had locked."""
        self.engine.dispose(close=False)
        self._reading.dispose(close=False)
        if self._lock is not None:
            self._lock = self._lock.afresh()
        if self._group is not None:
            self._group = _GroupWriter(self._transaction)

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with self._lock or nullcontext(), self.engine.begin() as connection:
            connection.info.pop(_TO_TELL, None)  # of a transaction that was rolled back
            yield connection
            told = connection.info.pop(_TO_TELL, None)
        if told and self.after_commit is not None:
            self.after_commit(told)


def tell_when_committed(connection: Connection, ids: Sequence[str]) -> None:
    """Let ``Store.after_commit`` hear of these ids once the transaction is on disk, and only then.

    What a savepoint took back may be among them: whoever hears of an id looks whether it is there.
    """
    connection.info.setdefault(_TO_TELL, []).extend(ids)


#: Every store of this process; whoever forks (a web server that loads the app first) must not share connections.
_OPEN: Final[weakref.WeakSet[Store]] = weakref.WeakSet()


def _leave_connections() -> None:
    for store in list(_OPEN):
        store.begin_afresh()


os.register_at_fork(after_in_child=_leave_connections)


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

    def close(self) -> None:
        """Close the file once nobody holds the lock; it is opened again when somebody asks for it."""
        with self._mutex:
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None

    def afresh(self) -> _FileLock:
        """The same lock for a forked process: one open file would be one lock for both, and its mutex may be held."""
        if self._descriptor is not None:
            os.close(self._descriptor)  # never unlocked here: that would free the lock of the process we come from
            self._descriptor = None
        return _FileLock(self._path)


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """Something to write. Those of one ``kind`` are handed to ``work`` together."""

    work: Callable[[Connection, list[Any]], list[Any]]
    kind: Hashable
    item: Any


class _GroupWriter:
    """Runs the tasks that threads bring at the same time in one transaction, each kind behind its own savepoint."""

    def __init__(self, transaction: Callable[[], AbstractContextManager[Connection]]) -> None:
        self._transaction = transaction
        self._together = Together(self._commit)

    def write(self, task: _Task) -> Any:
        """Returns when the task is on disk."""
        return self._together.do(task)

    def _commit(self, pieces: Sequence[Piece]) -> None:
        with self._transaction() as connection:
            if len(pieces) == 1:
                _run(connection, pieces)
                return
            kinds: dict[Hashable, list[Piece]] = {}
            for piece in pieces:
                kinds.setdefault(piece.item.kind, []).append(piece)
            for group in kinds.values():
                _run_behind_savepoint(connection, group)


def _run(connection: Connection, pieces: Sequence[Piece]) -> None:
    answers = pieces[0].item.work(connection, [piece.item.item for piece in pieces])
    for piece, answer in zip(pieces, answers, strict=True):
        piece.answer = answer


def _run_behind_savepoint(connection: Connection, pieces: Sequence[Piece]) -> None:
    """Run pieces together; when that fails, each alone, so that only those fail that must."""
    connection.exec_driver_sql("SAVEPOINT work")
    try:
        _run(connection, pieces)
    except Exception as error:  # noqa: BLE001 - handed to whoever asked for this piece of work
        connection.exec_driver_sql("ROLLBACK TO work")
        connection.exec_driver_sql("RELEASE work")
        if len(pieces) == 1:
            pieces[0].error = error
            return
        for piece in pieces:
            _run_behind_savepoint(connection, [piece])
        return
    connection.exec_driver_sql("RELEASE work")


def _make_private(database: Path) -> None:
    """Make the file before SQLite does, whose files of its own then have the same mode.

    A file that is there is never opened: closing any descriptor of a file drops all POSIX locks that this process holds
    on it, those of its SQLite connections among them. Another process would then take itself for the last one, and
    delete the write-ahead log under our feet.
    """
    with suppress(OSError):  # it is there, or connecting says better what is wrong
        os.close(os.open(database, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


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
    engine = _create_sqlite_engine(url, pool_size)

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _reading_engine(engine: sa.Engine, pool_size: int) -> sa.Engine:
    """Where every statement stands alone; on SQLite nothing needs to be said for that, before or afterwards."""
    if engine.dialect.name != "sqlite":
        return engine.execution_options(isolation_level="AUTOCOMMIT")
    return _create_sqlite_engine(engine.url, pool_size, pool_reset_on_return=None)


def _create_sqlite_engine(url: sa.URL, pool_size: int, **options: Any) -> sa.Engine:
    engine = sa.create_engine(
        url,
        poolclass=sa.QueuePool,
        pool_size=pool_size,
        max_overflow=-1,
        pool_use_lifo=True,  # the connection used last has its caches warm
        hide_parameters=True,  # an error that is logged must not quote what a reader wrote
        connect_args={"timeout": BUSY_MILLISECONDS / 1000, "check_same_thread": False},
        **options,
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

    return engine
