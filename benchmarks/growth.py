"""What grows with the number of comments, and should not: queueing, and the deepest page of a long list."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import redis

from benchmarks import report, stack, texts
from benchmarks.plan import Plan
from classifier.domain import Status
from service import moderation
from service.process import redis_server
from service.queue import WAITING, Queue, connect
from service.schemas import Submission
from service.store import comments as store
from service.store.engine import Store

FEW, PAGE, CALLS = 10, 50, 300

#: Rows as moderation would have written them, made by SQLite itself; ids rise as UUIDv7s do.
_FILL = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count)
INSERT INTO {table} SELECT {columns} FROM n
"""
_ID = "printf('%08x-%04x-7000-8000-%012x', {base} + i / 65536, i % 65536, i)"


def run(plan: Plan) -> dict[str, Any]:
    """Both measures."""
    waiting, held = plan.size(100_000, 20_000), plan.size(1_000_000, 50_000)
    with stack.folder() as folder, _redis(folder / "redis") as client:
        announce = _queueing(client, waiting, plan.rounds)
        submit = _submitting(folder / "waiting", client, waiting, plan.rounds)
        pages = _pages(folder / "held", held, plan.rounds)
    rows = [
        report.versus(f"Queueing (Redis) at {waiting:,} waiting v. at {FEW}", *announce, " us", at_most=1.2),
        report.versus(f"Storing and queueing at {waiting:,} waiting v. at {FEW}", *submit, " us", at_most=1.2),
        report.versus(f"Deepest page of {held:,} held comments v. the first", *pages, " us", at_most=1.5),
    ]
    return report.answer(rows, announce_us=announce, submit_us=submit, page_us=pages)


Measured = tuple[list[float], list[float]]


def _queueing(client: redis.Redis, waiting: int, rounds: int) -> Measured:
    """Announce one id again and again, with a long list and with a short one."""
    queue = Queue(client)
    many: list[float] = []
    few: list[float] = []
    for _ in range(rounds):
        for length, found in ((FEW, few), (waiting, many)):
            _fill_list(client, length)
            found.append(_typical(lambda: queue.announce(["01890000-0000-7000-8000-000000000000"])))
    return many, few


def _submitting(folder: Path, client: redis.Redis, waiting: int, rounds: int) -> Measured:
    """The same with the commit before it, in databases with as many comments waiting."""
    queue = Queue(client)
    many: list[float] = []
    few: list[float] = []
    with (
        _database(folder / "few", FEW, "pending") as (small, site),
        _database(folder / "many", waiting, "pending") as (large, other),
    ):
        bodies = iter(texts.submissions(texts.comments(rounds * CALLS * 2, 77)))

        def one(database: Store, site_id: str) -> None:
            item = Submission.model_validate(next(bodies))
            stored = database.write(lambda c: moderation.submit(c, site_id, [item], datetime.now(UTC)))
            queue.announce([str(accepted.id) for accepted in stored if isinstance(accepted, moderation.Accepted)])

        for _ in range(rounds):
            _fill_list(client, FEW)
            few.append(_typical(lambda: one(small, site)))
            _fill_list(client, waiting)
            many.append(_typical(lambda: one(large, other)))
    return many, few


def _pages(folder: Path, held: int, rounds: int) -> Measured:
    """The first page of held comments, and the one with the oldest."""
    deep: list[float] = []
    first: list[float] = []
    with _database(folder, held, "held") as (database, site), database.read() as connection:

        def page(after: str | None, *, newest_first: bool = True) -> list[Any]:
            return store.page(
                connection,
                site,
                status=Status.HELD,
                external_id=None,
                after=after,
                newest_first=newest_first,
                limit=PAGE + 1,
            )

        before_last = page(None, newest_first=False)[-1].id
        if len(page(before_last)) != PAGE:
            raise RuntimeError("this is not the last page")
        for _ in range(rounds):
            first.append(_typical(lambda: page(None)))
            deep.append(_typical(lambda: page(before_last)))
    return deep, first


def _typical(call: Callable[[], object]) -> float:
    """Median microseconds of a call."""
    found = []
    for _ in range(CALLS):
        began = time.perf_counter()
        call()
        found.append(time.perf_counter() - began)
    return sorted(found)[CALLS // 2] * 1e6


def _fill_list(client: redis.Redis, length: int) -> None:
    client.delete(WAITING)
    for at in range(0, length, 10_000):
        entries = (f"01890000-0000-7000-8000-{number:012x}" for number in range(at, min(at + 10_000, length)))
        client.rpush(WAITING, *entries)


@contextlib.contextmanager
def _database(folder: Path, count: int, status: str) -> Iterator[tuple[Store, str]]:
    """A database with so many comments of one site."""
    site, _ = stack.add_site(folder)
    database = Store(f"sqlite:///{folder / 'sluice.db'}")
    article = "01890000-0000-7000-8000-00000000a771"
    columns = {
        "comments": f"{_ID.format(base=26214400)}, '{site}', '{article}', NULL, NULL, '{status}', 1, 0, 0, "
        f"{_ID.format(base=27262976)}, NULL, 0, :at, :at, NULL, NULL, 'reader', NULL, NULL, NULL, NULL, NULL, "
        "0, NULL, NULL, NULL",
        "revisions": f"{_ID.format(base=26214400)}, 1, 'A comment, number ' || i, 'text', :at",
        "decisions": f"{_ID.format(base=27262976)}, {_ID.format(base=26214400)}, 1, 'machine', 'hold', "
        "'{\"spam\": 0.5}', '[]', 'benchmark', 'default', :at",
    }
    tables = columns if status == "held" else {name: columns[name] for name in ("comments", "revisions")}

    def fill(connection: Any) -> None:
        values = {"at": datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f"), "count": count}
        connection.exec_driver_sql(
            "INSERT INTO articles (id, site_id, key, url, tags, updated_at) VALUES (?, ?, ?, ?, '[]', ?)",
            (article, site, "url:https://news.example/a", "https://news.example/a", values["at"]),
        )
        for table, expressions in tables.items():
            connection.exec_driver_sql(_FILL.format(table=table, columns=expressions), values)

    database.write(fill)
    try:
        yield database, site
    finally:
        database.close()


@contextlib.contextmanager
def _redis(folder: Path) -> Iterator[redis.Redis]:
    """A Redis of its own, with the settings of the embedded one, so that no worker empties the list."""
    folder.mkdir(mode=0o700)
    place = folder / "redis.sock"
    command = redis_server.command_line(redis_server.find_program(), socket_path=place, folder=folder)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        while not redis_server.answers(place):
            time.sleep(0.02)
        yield connect(f"unix://{place}")
    finally:
        process.terminate()
        process.wait(timeout=10)
