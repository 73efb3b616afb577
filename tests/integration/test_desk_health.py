"""The health page: a plain sentence first, and webhooks that can be told again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from factories import a_submission
from visitors import Visitor, a_person

from service import hooks, moderation
from service.queue import Queue, WaitingList, connect
from service.roles import Role
from service.store.tables_hooks import deliveries, webhooks


@pytest.fixture
def store(app):
    """The app's store."""
    return app.extensions["sluice"].store


@pytest.fixture
def place(site_and_key):
    """The page's path."""
    return f"/desk/{site_and_key[0].name}/health"


@pytest.fixture
def visit(app):
    """Signs somebody in."""

    def sign_in(role: Role) -> Visitor:
        a_person(app, role.value, role)
        visitor = Visitor(app)
        visitor.sign_in(role.value)
        return visitor

    return sign_in


@pytest.fixture
def worker(settings):
    """A worker that has reported."""
    waiting = WaitingList(connect(settings.redis_address))
    waiting.report_alive("host:1", "test-model")


def test_all_is_well(visit, place, worker):
    """Also for viewers; the ladder stands at the top."""
    page = visit(Role.VIEWER).get(place).text

    assert "All is well." in page
    assert "test-model" in page
    assert page.index('aria-current="step"') < page.index("An earlier model decides")


def test_without_workers_everything_is_held_and_nothing_lost(visit, place):
    """The sentence says what it means for readers."""
    page = visit(Role.MODERATOR).get(place).text

    assert "no worker is running" in page
    assert page.index('aria-current="step"') > page.index("An earlier model decides")


def test_when_redis_is_gone_the_page_still_comes(app, visit, place):
    """The database is the truth."""
    visitor = visit(Role.MODERATOR)
    here = app.extensions["sluice"]
    object.__setattr__(here, "queue", Queue(connect("redis://127.0.0.1:1")))

    answer = visitor.get(place)

    assert answer.status_code == 200
    assert "Redis does not answer" in answer.text


def test_delays_are_told_in_minutes(store, visit, place, worker, site_and_key):
    """What waits longest counts."""
    when = datetime.now(UTC) - timedelta(minutes=4)
    store.write(lambda c: moderation.submit(c, site_and_key[0].id, [a_submission("Hello.")], when))

    assert "decisions are delayed by 4 min." in visit(Role.VIEWER).get(place).text


def test_a_webhook_that_was_given_up_is_told_again(
    store, settings, visit, place, worker, site_and_key, client, headers
):
    """Only by who may connect things; the address is shown, its secrets are not."""
    site, _ = site_and_key
    rules, secret, moment = hooks.rules_from(settings), settings.secret, datetime.now(UTC)
    made = store.write(
        lambda c: hooks.add(c, site, "https://blog.example/hook", (), secret=secret, rules=rules, now=moment)
    )
    client.post(
        "/v1/comments",
        json={"article": {"url": "https://blog.example/a"}, "comment": {"text": "Hello there."}},
        headers=headers,
    )
    comment = client.get("/v1/comments", headers=headers).json["items"][0]["id"]
    client.post(f"/v1/comments/{comment}/rulings", json={"action": "approve", "revision": 1}, headers=headers)
    store.write(lambda c: c.execute(sa.update(deliveries).values(state="dead", last_error="No answer.")))
    store.write(
        lambda c: c.execute(sa.update(webhooks).values(disabled_at=datetime.now(UTC), disabled_reason="Three days."))
    )
    mo, ada = visit(Role.MODERATOR), visit(Role.ADMIN)

    page = ada.get(place).text

    assert "your blog could not be told" in page
    assert "No answer." in page
    assert "Three days." in page
    assert made.secret not in page
    assert mo.post(f"{place}/webhooks/{made.webhook.id}/enable").status_code == 403
    assert mo.post(f"{place}/replay").status_code == 403
    assert ada.post(f"{place}/webhooks/{made.webhook.id}/enable").status_code == 303
    assert "1 message goes out again." in ada.post(f"{place}/replay", follow_redirects=True).text
    with store.read() as connection:
        assert connection.execute(sa.select(deliveries.c.state)).scalars().all() == ["waiting"]
