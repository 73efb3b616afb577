"""Fixtures that every folder shares: real Redis, real SQLite, real PostgreSQL, and Sluice as its own processes."""

from __future__ import annotations

import gc
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import needs
import pytest
import redis
from hypothesis import settings as hypothesis_settings
from servers import Postgres, Sluice, a_postgres, a_redis, postgres_programs

from config import Settings
from service.store.engine import Store
from service.store.migrate import ensure_current, upgrade

# A shared machine may stall any example; pytest-timeout catches what really hangs.
hypothesis_settings.register_profile("sluice", deadline=None, database=None, derandomize=True)
hypothesis_settings.load_profile("sluice")

# A shell has what it runs in the background ignore Ctrl-C, and `sluice up` honours that; the processes that we start
# to be stopped by it must not inherit it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

#: Settings of whoever runs the tests must not change what is tested.
for _name in [name for name in os.environ if name.startswith("SLUICE_") and not name.startswith("SLUICE_TEST_")]:
    del os.environ[_name]


@pytest.fixture(autouse=True, scope="module")
def _collected() -> Iterator[None]:
    """Collect the apps of a file's tests: their parts refer to one another, and they hold sockets and mapped files."""
    yield
    gc.collect()


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis for this test process alone."""
    folder = Path(tmp_path_factory.mktemp("r", numbered=True))
    with a_redis(folder) as url:
        yield url


@pytest.fixture
def redis_url(redis_server: str) -> str:
    """An empty Redis."""
    with redis.Redis.from_url(redis_server) as client:
        client.flushall()
    return redis_server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """A PostgreSQL cluster for this test process alone."""
    programs = postgres_programs()
    if programs is None:
        needs.missing("postgres", "PostgreSQL is not here; install it (Debian, Ubuntu: apt-get install postgresql).")
    with a_postgres(programs) as server:
        yield server


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: Postgres) -> str:
    """A migrated database that others are copied from."""
    name = postgres_server.create(name="migrated")
    store = Store(postgres_server.url(name), pool_size=1)
    upgrade(store)
    store.close()
    return name


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file that others are copied from."""
    path = tmp_path_factory.mktemp("migrated") / "sluice.db"
    store = Store(f"sqlite:///{path}", pool_size=1)
    upgrade(store)
    store.close()
    return path


@pytest.fixture(scope="session")
def make_current(migrated_sqlite: Path) -> Callable[[Settings], None]:
    """Brings a fresh installation on SQLite to this version's schema, without migrating step by step in each test."""

    def work(settings: Settings) -> None:
        settings.data_dir.mkdir(parents=True, mode=0o700)
        shutil.copy(migrated_sqlite, settings.data_dir / "sluice.db")
        ensure_current(settings)

    return work


@pytest.fixture
def postgres_url(postgres_server: Postgres, migrated_postgres: str) -> Iterator[str]:
    """A migrated, empty PostgreSQL database."""
    name = postgres_server.create(template=migrated_postgres)
    yield postgres_server.url(name)
    postgres_server.drop(name)


@pytest.fixture
def empty_postgres_url(postgres_server: Postgres) -> Iterator[str]:
    """A PostgreSQL database without any table."""
    name = postgres_server.create()
    yield postgres_server.url(name)
    postgres_server.drop(name)


@pytest.fixture(params=["sqlite", "sqlite-grouped", pytest.param("postgres", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A migrated, empty store: SQLite as workers and as the web process open it, and PostgreSQL."""
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    else:
        shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "sluice.db")
        url = f"sqlite:///{tmp_path / 'sluice.db'}"
    made = Store(url, grouped=request.param == "sqlite-grouped")
    yield made
    made.close()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A database without any table, of both kinds."""
    url = f"sqlite:///{tmp_path / 'sluice.db'}"
    if request.param == "postgres":
        url = request.getfixturevalue("empty_postgres_url")
    made = Store(url, pool_size=2)
    yield made
    made.close()


@pytest.fixture(scope="module")
def start_sluice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Sluice]]:
    """Starts `sluice up` on fresh data folders; what it started ends with the module."""
    started: list[Sluice] = []

    def start(*arguments: str, **environment: str) -> Sluice:
        started.append(Sluice(tmp_path_factory.mktemp("live") / "data", *arguments, **environment))
        return started[-1]

    yield start
    for each in started:
        each.stop()


@pytest.fixture(scope="module")
def live(start_sluice: Callable[..., Sluice]) -> Sluice:
    """A running service with one site."""
    return start_sluice()


@pytest.fixture(scope="session")
def chromium() -> str:
    """The program of Debian's Chromium."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        needs.missing("chromium", "Chromium is not here; install it (Debian: apt-get install chromium).")
    return found
