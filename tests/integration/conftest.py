"""A whole service in one process: real Redis, a real SQLite file, the Flask app, and a worker's loop in a thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
from factories import FORM
from flask import Flask
from flask.testing import FlaskClient
from visitors import Visitor, a_person

import config
from config import Settings
from service.app import create_app
from service.queue import WAITING
from service.roles import Role
from service.store import accounts
from service.store.accounts import Site
from workers import classify, runtime

SECRET = "a secret of the test suite, long enough to be one"
MakeSite = Callable[[str], tuple[Site, str]]


@pytest.fixture
def secret() -> bytes:
    """What hashes the keys."""
    return SECRET.encode()


@pytest.fixture
def overrides() -> dict[str, object]:
    """Settings that a test wants otherwise."""
    return {}


@pytest.fixture
def settings(tmp_path: Path, redis_url: str, overrides: dict[str, object]) -> Settings:
    """Settings of a fresh installation."""
    values = {"data_dir": tmp_path / "data", "redis_url": redis_url, "secret_key": SECRET, **overrides}
    return config.load(values, environ={})


@pytest.fixture
def app(settings: Settings, make_current: Callable[[Settings], None]) -> Iterator[Flask]:
    """The app over a migrated database."""
    make_current(settings)
    made = create_app(settings)
    yield made
    made.extensions["sluice"].brain.close()
    made.extensions["sluice"].replies.close()
    made.extensions["sluice"].store.close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client without network."""
    return app.test_client()


@pytest.fixture
def make_site(app: Flask, secret: bytes) -> MakeSite:
    """Makes a site and its first key."""

    def make(name: str) -> tuple[Site, str]:
        def work(connection: object) -> tuple[Site, str]:
            now = datetime.now(UTC)
            site = accounts.add_site(connection, name, f"https://{name}.example", now)
            return site, accounts.add_key(connection, site, secret, now)

        return app.extensions["sluice"].store.write(work)

    return make


@pytest.fixture
def site_and_key(make_site: MakeSite) -> tuple[Site, str]:
    """A site and its key."""
    return make_site("blog")


@pytest.fixture
def headers(site_and_key: tuple[Site, str]) -> dict[str, str]:
    """What the blog sends with each request."""
    return {"Authorization": f"Bearer {site_and_key[1]}"}


@pytest.fixture
def here(settings: Settings, app: Flask) -> Iterator[runtime.Runtime]:
    """A worker's parts."""
    made = runtime.start(settings)
    yield made
    made.brain.close()
    made.store.close()


@pytest.fixture
def working(here: runtime.Runtime, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Somebody answers the bell until the test is over."""
    monkeypatch.setattr(classify, "LISTEN_SECONDS", 1)
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            classify._take_and_decide(here, 1)

    thread = threading.Thread(target=work)
    thread.start()
    yield
    stop.set()
    here.queue._redis.rpush(WAITING, "nobody")  # it need not listen to the end
    thread.join()


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    """Somebody at the desk who has not signed in."""
    return Visitor(app)


@pytest.fixture
def desk(app: Flask, site_and_key: tuple[Site, str]) -> Callable[..., Visitor]:
    """Makes somebody with a role on the site (by default a moderator) and signs them in."""

    def enter(role: Role = Role.MODERATOR, name: str = "", *, everywhere: bool = False) -> Visitor:
        name = name or f"the {role.value}"
        a_person(app, name, role, None if everywhere else site_and_key[0].id)
        made = Visitor(app)
        assert made.sign_in(name).status_code == 303
        return made

    return enter


@pytest.fixture
def key(site_and_key) -> str:
    """The site's key."""
    return site_and_key[1]


@pytest.fixture
def call(client, key):
    """Calls Akismet's API as a form, and closes the answer as a server does."""

    def do(name: str, data: dict[str, object] | None = None, *, headers=None, raw: bytes | None = None, **fields):
        version = "1.2" if name in ("usage-limit", "key-sites") else "1.1"
        values = {"api_key": key, "blog": "https://blog.example", "user_ip": "192.0.2.7", **(data or {}), **fields}
        body = (
            raw if raw is not None else urlencode({name: value for name, value in values.items() if value is not None})
        )
        with client.post(f"/{version}/{name}", data=body, headers={"Content-Type": FORM, **(headers or {})}) as answer:
            answer.get_data()
        return answer

    return do


@pytest.fixture
def rows(app):
    """Reads all rows of a table."""

    def read(table: sa.Table):
        with app.extensions["sluice"].store.read() as connection:
            return list(connection.execute(sa.select(table)))

    return read


@pytest.fixture
def options(app, site_and_key):
    """Sets options of the site."""

    def put(**stored: object) -> None:
        here = app.extensions["sluice"]
        here.store.write(lambda connection: accounts.set_options(connection, site_and_key[0], stored))
        here.keys._known.clear()

    return put
