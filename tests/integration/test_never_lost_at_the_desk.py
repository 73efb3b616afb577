"""Redis dies while moderators work: what they decided stands, what readers send is kept, pages stay kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa
from factories import a_body
from flask import Flask
from flask.testing import FlaskClient
from queue_items import held
from servers import a_redis
from visitors import Visitor

from service.roles import Role
from service.store import tables, tables_desk
from service.store.accounts import Site
from service.store.engine import Store

Enter = Callable[..., Visitor]


class Mortal:
    """A Redis that can be killed in mid-test."""

    def __init__(self, folder: Path) -> None:
        self._life = ExitStack()
        self.url = self._life.enter_context(a_redis(folder))

    def die(self) -> None:
        """As with kill -9."""
        self._life.close()


@pytest.fixture
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mortal]:
    """A Redis of this test alone."""
    made = Mortal(Path(tmp_path_factory.mktemp("m")))
    yield made
    made.die()


@pytest.fixture
def redis_url(mortal: Mortal) -> str:
    """What the app and everything else connects to."""
    return mortal.url


@pytest.fixture
def store(app: Flask) -> Store:
    """The app's own store."""
    return app.extensions["sluice"].store


@pytest.fixture
def site(site_and_key: tuple[Site, str]) -> Site:
    """The blog."""
    return site_and_key[0]


def statuses(store: Store) -> dict[str, str]:
    """How each comment stands."""
    with store.read() as connection:
        return dict(tuple(row) for row in connection.execute(sa.select(tables.comments.c.id, tables.comments.c.status)))


def acts(store: Store) -> list[str]:
    """What is on record."""
    with store.read() as connection:
        return list(connection.execute(sa.select(tables_desk.acts.c.verb).order_by(tables_desk.acts.c.id)).scalars())


def decide(visitor: Visitor, comment: str, do: str) -> int:
    """Press a button of a comment."""
    form = {"comment": comment, "revision": "1", "seen": "", "do": do, "back": "", "next": "", "note": "Why?"}
    return visitor.post("/desk/blog/queue/decide", form).status_code


def test_rulings_at_the_desk_stand_without_redis(app: Flask, desk: Enter, store: Store, site: Site, mortal: Mortal):
    """One after another: before it dies, and after; single, bulk, note, escalation, and all of it taken back."""
    ada = desk(Role.MODERATOR)
    first, second, third, fourth, fifth = (held(store, site.id) for _ in range(5))
    assert decide(ada, first, "approve") == 303

    mortal.die()

    assert decide(ada, second, "spam") == 303
    assert decide(ada, third, "note") == 303
    assert decide(ada, third, "escalate") == 303
    bulk = {"do": "approve", "pick": [f"{each}:1:" for each in (fourth, fifth)], "back": ""}
    assert ada.post("/desk/blog/queue/bulk", bulk).status_code == 303
    assert statuses(store) == {
        first: "approved",
        second: "rejected",
        third: "held",
        fourth: "approved",
        fifth: "approved",
    }
    assert ada.post("/desk/blog/queue/undo", {"act": "last", "back": ""}).status_code == 303
    assert (statuses(store)[fourth], statuses(store)[fifth]) == ("held", "held")
    assert "undo" in acts(store)


def test_pages_say_what_is_missing_without_redis(desk: Enter, store: Store, site: Site, mortal: Mortal):
    """Every page of the navigation opens; the health page says it in plain words."""
    ada = desk(Role.ADMIN, everywhere=True)
    held(store, site.id)
    mortal.die()

    for page in ("queue", "campaigns", "history", "policy", "insights", "health"):
        opened = ada.get(f"/desk/blog/{page}")
        assert opened.status_code == 200, page
        assert "went wrong" not in opened.text
    assert "Redis" in ada.get("/desk/blog/health").text


def test_somebody_signs_in_without_redis(desk: Enter, mortal: Mortal):
    """Sessions are in the database, and the limit of failures fails open."""
    mortal.die()

    assert desk(Role.MODERATOR).get("/desk/blog/queue").status_code == 200


def test_the_api_loses_nothing_without_redis(
    client: FlaskClient, headers: dict[str, str], store: Store, site: Site, mortal: Mortal
):
    """Comments are taken, rulings made and taken back, notes and reports kept."""
    one, two = held(store, site.id), held(store, site.id)
    mortal.die()

    sent = client.post("/v1/comments", json=a_body("Is the ferry going?"), headers=headers)
    ruled = client.post(f"/v1/comments/{one}/rulings", json={"action": "approve", "revision": 1}, headers=headers)
    many = {"action": "reject", "comments": [{"id": two, "revision": 1}]}
    batch = client.post("/v1/rulings", json=many, headers=headers)
    noted = client.post(f"/v1/comments/{one}/notes", json={"text": "A regular."}, headers=headers)
    told = client.post(f"/v1/comments/{one}/reports", json={"reporter": "r"}, headers=headers)
    undone = client.post(f"/v1/acts/{batch.json['act']}/undo", json={}, headers=headers)

    assert [answer.status_code for answer in (sent, ruled, batch, noted, told, undone)] == [202, *[200] * 5]
    assert statuses(store) == {sent.json["id"]: "pending", one: "approved", two: "held"}
