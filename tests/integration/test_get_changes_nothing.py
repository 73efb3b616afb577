"""Looking changes nothing: every link of the desk and every GET route, and every change needs its token."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from pages import links, paths_of
from populated import Populated, populate
from visitors import Visitor, a_person

from config import Settings
from service import hooks
from service.roles import Role
from service.store import tables, tables_desk
from service.store.accounts import Site
from service.store.tables import metadata
from workers import classify, runtime

Enter = Callable[..., Visitor]
TEXTS = [f"Comment {number} says that the harbour bridge was closed twice last winter." for number in range(24)]


class Keyed:
    """The blog's server."""

    def __init__(self, client: FlaskClient, headers: dict[str, str]) -> None:
        self._client, self._headers = client, headers

    def __getattr__(self, method: str) -> Callable[..., Any]:
        def ask(path: str, **options: Any) -> Any:
            return getattr(self._client, method)(path, headers=self._headers, **options)

        return ask


@pytest.fixture
def overrides() -> dict[str, object]:
    """No limit ends the crawl."""
    return {f"{kind}_{what}": 1_000_000 for kind in ("write", "read") for what in ("rate_per_second", "burst")}


@pytest.fixture
def made(
    app: Flask,
    client: FlaskClient,
    headers: dict[str, str],
    here: runtime.Runtime,
    settings: Settings,
    site_and_key: tuple[Site, str],
) -> Populated:
    """Something of everything: each standing, a campaign, an appeal, notes, reports, versions, webhooks, people."""
    site = site_and_key[0]
    store = app.extensions["sluice"].store
    kept = {"secret": settings.secret, "rules": hooks.rules_from(settings), "now": datetime.now(UTC)}
    store.write(lambda c: hooks.add(c, site, "https://93.184.216.34/", (), **kept))
    found = populate(Keyed(client, headers), TEXTS, lambda ids: classify.decide(here, ids))
    for number, page in enumerate(found.rejected):
        client.post(page, data={"text": "Why?"}, environ_overrides={"REMOTE_ADDR": f"198.51.100.{number}"})
    for role in Role:
        a_person(app, f"a {role.value}", role, site.id)
    return found


def everything(app: Flask) -> dict[str, list[Any]]:
    """All rows of all tables, without the moment at which a session was last seen."""
    with app.extensions["sluice"].store.read() as connection:
        return {
            table.name: [
                tuple(row) for row in connection.execute(sa.select(*(c for c in table.c if c.name != "seen_at")))
            ]
            for table in metadata.sorted_tables
        }


def ids(app: Flask, column: sa.Column[Any]) -> list[str]:
    """What a column holds."""
    with app.extensions["sluice"].store.read() as connection:
        return [str(each) for each in connection.execute(sa.select(column).distinct()).scalars()]


def arguments(app: Flask, made: Populated) -> dict[str, list[str]]:
    """What stands in a path under its name."""
    acts = ids(app, tables_desk.acts.c.id)
    hooked = metadata.tables["webhooks"].c.id, metadata.tables["deliveries"].c.id
    return {
        "site_name": ["blog"],
        "comment_id": made.comments,
        "item_id": [
            *made.comments,
            *ids(app, hooked[0]),
            *ids(app, hooked[1])[:3],
            *ids(app, tables_desk.acts.c.id)[:9],
        ],
        "act_id": acts[::5],
        "campaign": ids(app, tables.fingerprints.c.campaign),
        "user_id": ids(app, metadata.tables["users"].c.id),
        "webhook_id": ids(app, hooked[0]),
        "token": [page.rsplit("/", 1)[1] for page in made.pages],
    }


def test_what_is_crawled_is_a_whole_site(app: Flask, made: Populated):
    """An empty table would prove nothing."""
    rows = everything(app)
    status = {row[0] for row in [(each,) for each in ids(app, tables.comments.c.status)]}

    assert {"held", "approved", "rejected"} <= status
    for name in ("notes", "reports", "appeals", "rulings", "policies", "webhooks", "deliveries", "acts", "memberships"):
        assert rows[name], name
    assert len(rows["fingerprints"]) > len(ids(app, tables.fingerprints.c.campaign))


def test_following_every_link_and_asking_every_route_changes_nothing(
    app: Flask, client: FlaskClient, made: Populated, desk: Enter, headers: dict[str, str]
):
    """Signed in as an admin of everything: whoever looks ahead for a browser may follow what they find."""
    admin = desk(Role.ADMIN, everywhere=True)
    before, numbers = everything(app), itertools.count()
    waiting = [path for _, path in paths_of(app, arguments(app, made))]
    known, kinds, asked = set(waiting), {}, 0
    while waiting:
        path = waiting.pop(0)
        address = {"REMOTE_ADDR": f"198.51.100.{next(numbers) % 250}"}
        keyed = headers if path.startswith("/v1") else {}
        answer = admin.get(path, headers=keyed, environ_overrides=address)
        assert answer.status_code < 500 or path == "/readyz", path
        asked += 1
        if answer.mimetype != "text/html":
            continue
        for link in links(answer.text):
            kind = (link.partition("?")[0], tuple(part.partition("=")[0] for part in link.partition("?")[2].split("&")))
            if link not in known and kinds.setdefault(kind, 0) < 8:
                known.add(link)
                kinds[kind] += 1
                waiting.append(link)

    assert asked > 100
    after = everything(app)
    assert [name for name in before if before[name] != after[name]] == []


def test_every_change_without_a_token_is_refused(app: Flask, made: Populated, desk: Enter):
    """A form on a stranger's page does nothing, whichever route it names."""
    admin = desk(Role.ADMIN, everywhere=True)
    before = everything(app)
    routes = [
        path for _, path in paths_of(app, {name: each[:2] for name, each in arguments(app, made).items()}, "POST")
    ]
    at_the_desk = [path for path in routes if path.startswith("/desk")]

    answers = {path: admin.client.post(path, data={"do": "approve", "format": "csv"}) for path in at_the_desk}

    assert len(answers) > 25
    assert {path: answer.status_code for path, answer in answers.items() if answer.status_code != 400} == {}
    after = everything(app)
    assert [name for name in before if before[name] != after[name]] == []


def test_a_change_of_the_api_does_not_take_the_desks_cookie(app: Flask, made: Populated, desk: Enter):
    """Whoever is signed in at the desk has no key by that: a stranger's page cannot use the API through them."""
    admin = desk(Role.ADMIN, everywhere=True)
    before = everything(app)
    one = {name: each[:1] for name, each in arguments(app, made).items()}

    for method in ("POST", "PUT", "DELETE"):
        for rule, path in paths_of(app, one, method):
            if rule.endpoint.startswith(("desk.", "reader.")):
                continue
            answer = admin.client.open(path, method=method, json={})
            assert answer.status_code in {401, 429} or not path.startswith("/v1/"), path

    assert everything(app) == before


def test_time_alone_is_no_change(app: Flask, made: Populated):
    """The dump of this file sees a single changed row."""
    before = everything(app)
    later = datetime.now(UTC) + timedelta(days=1)
    app.extensions["sluice"].store.write(lambda c: c.execute(sa.update(tables.comments).values(received_at=later)))

    assert [name for name, rows in everything(app).items() if rows != before[name]] == ["comments"]
