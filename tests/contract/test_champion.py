"""Which model decides in a process: the newest promotion that can be used, seen within seconds, whatever breaks."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from factories import a_model
from sqlalchemy.exc import OperationalError

from classifier.domain import Context
from classifier.packing import pack
from classifier.policy import DEFAULT_POLICY
from service import champion as watching
from service.brain import Brain
from service.models import promote, register, roll_back, shipped_version
from service.store import models as rows
from service.store import tables
from service.store.engine import Store

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits a second in these tests."""
    monkeypatch.setattr(watching, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(watching, "RETRY_SECONDS", 0.1)


@pytest.fixture
def host(store: Store, tmp_path: Path) -> Iterator[Callable[[str], Brain]]:
    """Makes brains on hosts: each name has a data folder of its own; the database is the same."""
    made: list[Brain] = []

    def make(name: str) -> Brain:
        made.append(Brain(store, tmp_path / name / "models"))
        return made[-1]

    yield make
    for each in made:
        each.close()


def let_decide(store: Store, tmp_path: Path, name: str) -> str:
    """Make, register and promote a model."""
    packed = pack(a_model(tmp_path / f"made-{name}", name))

    def work(connection: sa.Connection) -> None:
        register(connection, packed, site_id=None, made_by="test", note=None, now=NOW)
        promote(connection, packed.version, site_id=None, by="test", note=None, now=NOW)

    store.write(work)
    return packed.version


def damage(store: Store, version: str) -> None:
    """Break a stored version."""
    broken = sa.update(tables.models).where(tables.models.c.version == version).values(archive=b"broken")
    store.write(lambda connection: connection.execute(broken))


def soon(condition: Callable[[], bool]) -> bool:
    """Whether it comes true within five seconds."""
    ends = time.monotonic() + 5
    while time.monotonic() < ends:
        if condition():
            return True
        time.sleep(0.01)
    return False


def fetched(tmp_path: Path, name: str) -> set[str]:
    """The versions on a host's disk."""
    return {path.name.rpartition(".")[0] for path in (tmp_path / name / "models" / "fetched").iterdir()}


def test_without_a_promotion_the_shipped_model_decides(host, tmp_path):
    """And nothing is written anywhere."""
    brain = host("a")

    assert (brain.model, brain.fault) == (shipped_version(), None)
    assert not (tmp_path / "a").exists()


def test_a_promotion_is_seen_by_every_host(store, host, tmp_path):
    """Two hosts with folders of their own fetch it from the database they share, and go back together."""
    one, other = host("one"), host("other")
    assert one.model == other.model == shipped_version()

    version = let_decide(store, tmp_path, "a")

    for brain, name in ((one, "one"), (other, "other")):
        assert soon(lambda each=brain: each.model == version)
        assert brain.fault is None
        assert fetched(tmp_path, name) == {version}
    late = host("late")
    assert late.model == version
    verdict = late.judge([Context(text="What a night.")], [DEFAULT_POLICY])[0]
    assert verdict.model == version
    store.write(lambda c: roll_back(c, site_id=None, by="test", note=None, now=NOW))
    assert soon(lambda: one.model == other.model == shipped_version())


def test_a_broken_model_leaves_the_last_good_one(store, host, tmp_path):
    """In running processes, in new ones, and on hosts that never had it; the fault is told until it is mended."""
    running = host("running")
    good = let_decide(store, tmp_path, "good")
    assert soon(lambda: running.model == good)
    packed = pack(a_model(tmp_path / "bad", "bad"))

    def work(connection: sa.Connection) -> None:
        register(connection, packed, site_id=None, made_by="test", note=None, now=NOW)
        connection.execute(
            sa.update(tables.models).where(tables.models.c.version == packed.version).values(archive=b"")
        )
        promote(connection, packed.version, site_id=None, by="test", note=None, now=NOW)

    store.write(work)

    assert soon(lambda: running.fault is not None)
    assert running.model == good
    fresh = host("fresh")
    assert fresh.model == good
    assert "checksum" in fresh.fault
    mend = sa.update(tables.models).where(tables.models.c.version == packed.version).values(archive=packed.archive)
    store.write(lambda connection: connection.execute(mend))
    for brain in (running, fresh):
        assert soon(lambda each=brain: each.model == packed.version)
        assert brain.fault is None


def test_a_model_for_another_sluice_is_passed_over(store, host, tmp_path):
    """After an upgrade that reads texts otherwise an old model would say nonsense; the one before it decides."""
    packed = pack(a_model(tmp_path / "old", "old", features="0"))

    def work(connection: sa.Connection) -> None:
        register(connection, packed, site_id=None, made_by="test", note=None, now=NOW)
        promote(connection, packed.version, site_id=None, by="test", note=None, now=NOW)

    store.write(work)
    brain = host("a")

    assert brain.model == shipped_version()
    assert "Train it again" in brain.fault


def test_if_all_are_broken_the_shipped_model_decides(store, host, tmp_path):
    """It comes with the program, so every host has it."""
    damage(store, let_decide(store, tmp_path, "a"))
    brain = host("a")

    assert brain.model == shipped_version()
    assert "checksum" in brain.fault


def test_a_damaged_copy_on_disk_is_fetched_again(store, host, tmp_path):
    """The folder is a cache; whatever happens to it, the database has the version."""
    version = let_decide(store, tmp_path, "a")
    first = host("a")
    assert first.model == version
    first.close()
    (copy,) = (tmp_path / "a" / "models" / "fetched").iterdir()
    (copy / "terms.npy").write_bytes(b"half of it")
    damage_seen = host("a")

    assert (damage_seen.model, damage_seen.fault) == (version, None)
    assert pack(copy).version == version


def test_copies_that_nobody_needs_are_dropped(store, host, tmp_path):
    """Champion and previous stay, so that a roll back needs no fetching."""
    brain = host("a")
    versions = []
    for name in "abc":
        versions.append(let_decide(store, tmp_path, name))
        assert soon(lambda: brain.model == versions[-1])

    assert soon(lambda: fetched(tmp_path, "a") == set(versions[1:]))


def test_the_model_in_use_stays_while_the_database_is_away(store, host, tmp_path, monkeypatch):
    """Neither held comments nor an error; a promotion made meanwhile is seen afterwards."""
    brain = host("a")
    assert brain.model == shipped_version()
    looks = threading.Semaphore(0)

    def away(connection: sa.Connection) -> None:
        looks.release()
        raise OperationalError("SELECT 1", {}, OSError("gone"))

    with monkeypatch.context() as patched:
        patched.setattr(rows, "newest_promotion", away)
        for _ in range(3):
            assert looks.acquire(timeout=5)
        assert (brain.model, brain.fault) == (shipped_version(), None)
    version = let_decide(store, tmp_path, "a")

    assert soon(lambda: brain.model == version)


def test_threads_that_judge_see_no_gap(store, host, tmp_path):
    """While models change, every comment gets a verdict of the one before or the one after."""
    brain = host("a")
    stop = threading.Event()
    seen: set[str | None] = set()

    def judge() -> None:
        while not stop.is_set():
            seen.update(v.model for v in brain.judge([Context(text="What a night.")] * 3, [DEFAULT_POLICY] * 3))

    with ThreadPoolExecutor(4) as threads:
        judging = [threads.submit(judge) for _ in range(4)]
        versions = []
        for name in "ab":
            versions.append(let_decide(store, tmp_path, name))
            assert soon(lambda: brain.model == versions[-1])
            assert soon(lambda: versions[-1] in seen)
        stop.set()

    assert [each.exception() for each in judging] == [None] * 4
    assert seen <= {shipped_version(), *versions}


def test_a_forked_process_watches_by_itself(store, host, tmp_path):
    """Servers that load the app first and fork then: threads do not come along."""
    brain = host("a")
    assert brain.model == shipped_version()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover - another process
        seen = b"no"
        try:
            ready = os.read(reading, 1)
            seen = b"ok" if ready and soon(lambda: brain.model not in (None, shipped_version())) else b"no"
        finally:
            os._exit(0 if seen == b"ok" else 1)

    let_decide(store, tmp_path, "a")
    os.write(writing, b"x")
    os.close(writing)
    os.close(reading)

    assert os.waitpid(child, 0)[1] == 0
