"""What readers see and say: the status page, one appeal, and reports of others."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from itertools import count

import pytest
from factories import a_submission, a_verdict, an_article, an_author
from hypothesis import given
from hypothesis import strategies as st
from visitors import a_person

from classifier.domain import HEADS, Action, Reason
from service import moderation
from service.acts import Actor
from service.reader_links import comment_of, token_of
from service.roles import Role
from service.rulings import Wish, rule_many
from service.store.tables_desk import appeals, reports, review_items

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>"
_number = count()


@pytest.fixture
def store(app):
    """The app's store."""
    return app.extensions["sluice"].store


@pytest.fixture
def decided(store, site_and_key):
    """Makes a comment with a decision; its id."""

    def make(action: Action, code: str = "model.spam") -> str:
        submission = a_submission(
            f"What about number {next(_number)}?",
            article=an_article(title=HOSTILE),
            author=an_author(name=HOSTILE, email="jo@reader.example"),
        )
        (accepted,) = store.write(lambda c: moderation.submit(c, site_and_key[0].id, [submission], NOW))
        reasons = (Reason(code=code, message="A test says so.", weight=1.0),) if action is not Action.APPROVE else ()
        verdict = a_verdict(action, scores=dict.fromkeys(HEADS, 0.2), reasons=reasons)
        store.write(lambda c: moderation.record_decisions(c, {(accepted.id, 1): verdict}, NOW))
        return accepted.id

    return make


@pytest.fixture
def page(client, headers):
    """The path of a comment's page."""

    def find(comment_id: str) -> str:
        address = client.get(f"/v1/comments/{comment_id}", headers=headers).json["status_page"]
        return address.removeprefix("http://localhost")

    return find


def items(store):
    """The open queue."""
    with store.read() as connection:
        return list(connection.execute(review_items.select().where(review_items.c.closed_at.is_(None))))


@pytest.mark.parametrize(
    ("action", "code", "says"),
    [
        (Action.APPROVE, "", "Your comment is published."),
        (Action.HOLD, "model.spam", "waits for a look"),
        (Action.REJECT, "model.spam", "It reads like advertising."),
        (Action.REJECT, "threat.direct", "It could harm somebody"),
        (Action.REJECT, "model.insult", "It reads as hurtful"),
        (Action.REJECT, "rule.words", "This site has a rule about it."),
    ],
)
def test_the_page_says_where_the_comment_stands_and_nothing_personal(client, decided, page, action, code, says):
    """Without account, cookie, name, email, IP, or anything that is not escaped."""
    answer = client.get(page(decided(action, code)))

    assert answer.status_code == 200
    assert says in answer.text
    assert "Set-Cookie" not in answer.headers
    for personal in ("reader.example", "192.0.2.7", HOSTILE, "Jo Reader"):
        assert personal not in answer.text
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_a_made_up_address_shows_nothing(client, decided, page):
    """Neither a changed letter nor a stranger's text is taken."""
    path = page(decided(Action.REJECT))
    changed = path[:-1] + ("A" if path[-1] != "A" else "B")

    assert client.get(path[:5] + ("A" if path[5] != "A" else "B") + path[6:]).status_code == 404
    assert client.get(changed).status_code in {200, 404}  # the last letter has two bits that say nothing
    assert client.get("/c/" + "é" * 38).status_code == 404
    assert client.post("/c/nothing", data={"reason": "other"}).status_code == 404


@given(st.uuids(), st.binary(min_size=1, max_size=40))
def test_a_token_names_one_comment_under_one_secret(comment, secret):
    """Nobody else's secret makes or reads it."""
    token = token_of(secret, str(comment))

    assert comment_of(secret, token) == str(comment)
    assert comment_of(secret + b"x", token) is None


@given(st.text(max_size=60))
def test_no_text_is_taken_for_a_token_by_accident(text):
    """Whatever stands in the address, there is an answer."""
    assert comment_of(b"secret", text) is None


def test_an_author_may_ask_once_and_sees_what_came_of_it(app, store, client, headers, decided, page, site_and_key):
    """The appeal goes to another person than the one who ruled."""
    ann, bo = a_person(app, "Ann"), a_person(app, "Bo")
    comment = decided(Action.HOLD)
    site = site_and_key[0].id
    act = Actor("Ann", "desk", ann.id)
    store.write(lambda c: rule_many(c, site, [Wish(comment, 1)], Action.REJECT, actor=act, now=NOW))
    path = page(comment)
    assert "A moderator decided this." in client.get(path).text

    asked = client.post(path, data={"reason": "misunderstood", "text": "It was a joke.\0"}, follow_redirects=True)

    assert "You asked for another look." in asked.text
    assert "Ask for another look" not in asked.text
    client.post(path, data={"reason": "other"})
    with store.read() as connection:
        assert [(row.reason, row.text) for row in connection.execute(appeals.select())] == [
            ("misunderstood", "It was a joke.")
        ]
    (item,) = items(store)
    assert (item.origin, item.not_for) == ("appeal", ann.id)
    mine = store.write(lambda c: rule_many(c, site, [Wish(comment, 1)], Action.APPROVE, actor=act, now=NOW))
    assert [each.code for each in mine[1]] == ["item.not_yours"]
    other = Actor("Bo", "desk", bo.id)
    later = datetime.now(UTC)
    store.write(lambda c: rule_many(c, site, [Wish(comment, 1)], Action.APPROVE, actor=other, now=later))
    assert "Somebody looked again, as you asked, and published it." in client.get(path).text
    assert items(store) == []


def test_who_is_alone_decides_appeals_himself(app, store, client, decided, page, site_and_key):
    """A viewer is nobody who could."""
    ann = a_person(app, "Ann")
    a_person(app, "Vera", Role.VIEWER)
    comment = decided(Action.HOLD)
    act = Actor("Ann", "desk", ann.id)
    store.write(lambda c: rule_many(c, site_and_key[0].id, [Wish(comment, 1)], Action.REJECT, actor=act, now=NOW))

    client.post(page(comment), data={"reason": "other"})

    assert [item.not_for for item in items(store)] == [None]


@pytest.mark.parametrize("action", [Action.APPROVE, Action.HOLD])
def test_only_what_was_turned_down_can_be_appealed(store, client, decided, page, action):
    """There is no form, and a made-up request changes nothing."""
    path = page(decided(action))

    assert "<form" not in client.get(path).text
    client.post(path, data={"reason": "other"})

    with store.read() as connection:
        assert list(connection.execute(appeals.select())) == []


def test_three_readers_take_a_comment_down_until_a_person_looks(client, headers, store, decided):
    """Each counts once; one of them already brings it into the queue."""
    comment = decided(Action.APPROVE)
    place = f"/v1/comments/{comment}/reports"

    statuses = [
        client.post(place, json={"reporter": reader, "reason": "insult"}, headers=headers).json["status"]
        for reader in ("one", "one", "two", "three")
    ]

    assert statuses == ["approved", "approved", "approved", "held"]
    assert [item.origin for item in items(store)] == ["report"]
    ruled = client.post(f"/v1/comments/{comment}/rulings", json={"action": "approve", "revision": 1}, headers=headers)
    assert ruled.json["status"] == "approved"
    act = client.get("/v1/acts", query_string={"verb": "approve"}, headers=headers).json["items"][0]["id"]
    assert client.post(f"/v1/acts/{act}/undo", json={}, headers=headers).json["done"][0]["status"] == "held"


def test_what_a_person_approved_stays_up(client, headers, store, decided):
    """It is looked at again, and published meanwhile."""
    comment = decided(Action.APPROVE)
    client.post(f"/v1/comments/{comment}/rulings", json={"action": "approve", "revision": 1}, headers=headers)

    for reader in ("one", "two", "three", "four"):
        answer = client.post(f"/v1/comments/{comment}/reports", json={"reporter": reader}, headers=headers)

    assert answer.json["status"] == "approved"
    assert [item.origin for item in items(store)] == ["report"]


def test_erasing_forgets_what_readers_said(client, headers, store, decided, page):
    """Their words and who they were, with the comment."""
    comment = decided(Action.REJECT)
    path = page(comment)
    client.post(path, data={"reason": "other", "text": "Please."})
    client.post(f"/v1/comments/{comment}/reports", json={"reporter": "one", "note": "Bad."}, headers=headers)

    client.delete(f"/v1/comments/{comment}", headers=headers)

    with store.read() as connection:
        assert [list(connection.execute(table.select())) for table in (appeals, reports)] == [[], []]
    assert client.get(path).status_code == 410


def test_nobody_asks_without_end(client, decided, page):
    """A limit for each address, in kind words."""
    path = page(decided(Action.REJECT))

    statuses = [client.get(path).status_code for _ in range(70)]

    assert statuses[0] == 200
    assert statuses[-1] == 429
    assert re.search("slower", client.get(path).text)
