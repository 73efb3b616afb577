"""Rulings over the API: a person's final word, on record, and what becomes of the author's record."""

from __future__ import annotations

import pytest

from service.store.tables import authors, rulings

ARTICLE = {"url": "https://news.example/bridge", "title": "The old bridge"}


@pytest.fixture
def comment(client, headers, working):
    """A comment that the machine has decided."""
    body = {
        "article": ARTICLE,
        "comment": {"text": "The bridge was closed twice last winter already.", "author": {"email": "ann@example.org"}},
    }
    return client.post("/v1/comments", json=body, headers={**headers, "Prefer": "wait=10"}).json


@pytest.fixture
def place(comment):
    """Where its rulings are."""
    return f"/v1/comments/{comment['id']}/rulings"


def rows(app, table):
    """All rows of a table."""
    with app.extensions["sluice"].store.read() as connection:
        return [dict(row) for row in connection.execute(table.select()).mappings()]


def test_a_ruling_stands_above_the_decision_and_counts_for_the_author(app, client, headers, comment, place):
    """The status follows at once, and the author's record with it."""
    ruling = {"action": "reject", "revision": 1, "reason": "spam", "note": "The third one today.", "moderator": "ann"}

    answer = client.post(place, json=ruling, headers=headers)

    assert answer.status_code == 200
    assert (answer.json["status"], answer.json["action"]) == ("rejected", "reject")
    assert answer.json["ruling"]["action"] == "reject"
    assert answer.json["ruling"]["reason"] == "spam"
    assert answer.json["decision"] == comment["decision"]
    (author,) = rows(app, authors)
    assert (author["approved"], author["rejected"], author["ruled_rejected"]) == (0, 1, 1)


def test_the_history_shows_all_rulings_and_who_made_them(client, headers, place):
    """The last one stands; the others stay on record in their order."""
    client.post(
        place, json={"action": "reject", "revision": 1, "reason": "off_topic", "moderator": "bo"}, headers=headers
    )
    client.post(place, json={"action": "approve", "revision": 1}, headers=headers)

    items = client.get(place, headers=headers).json["items"]

    assert [(item["action"], item["reason"], item["moderator"]) for item in items] == [
        ("reject", "off_topic", "bo"),
        ("approve", None, "api"),
    ]
    assert {item["source"] for item in items} == {"api"}


def test_a_ruling_taken_back_leaves_the_comment_as_the_machine_left_it(app, client, headers, comment, place):
    """Status and record are as before, and the history says what happened."""
    before = rows(app, authors)
    client.post(place, json={"action": "reject", "revision": 1, "reason": "spam"}, headers=headers)
    (made,) = client.get(place, headers=headers).json["items"]

    answer = client.delete(f"{place}?ruling={made['id']}", headers=headers)

    assert answer.status_code == 200
    assert (answer.json["status"], answer.json["ruling"]) == (comment["status"], None)
    assert rows(app, authors) == before
    assert [item["action"] for item in client.get(place, headers=headers).json["items"]] == ["reject", "undo"]
    again = client.delete(f"{place}?ruling={made['id']}", headers=headers)
    assert (again.status_code, again.json["code"]) == (409, "comment.changed")


def test_a_ruling_on_a_text_nobody_has_now_is_refused(client, headers, comment, place):
    """The comment was edited while the moderator read it."""
    edit = {"comment": {"text": "Another text altogether, about the bridge."}}
    client.put(f"/v1/comments/{comment['id']}", json=edit, headers={**headers, "Prefer": "wait=10"})

    answer = client.post(place, json={"action": "approve", "revision": 1}, headers=headers)

    assert (answer.status_code, answer.json["code"]) == (409, "comment.changed")
    assert client.get(place, headers=headers).json["items"] == []


def test_an_idempotency_key_makes_a_retry_free(app, client, headers, place):
    """The same request again is one ruling; another one under the key is refused."""
    keyed = {**headers, "Idempotency-Key": "r-1"}
    first = client.post(place, json={"action": "approve", "revision": 1}, headers=keyed)
    again = client.post(place, json={"action": "approve", "revision": 1}, headers=keyed)
    other = client.post(place, json={"action": "reject", "revision": 1}, headers=keyed)

    assert first.json == again.json
    assert len(rows(app, rulings)) == 1
    assert (other.status_code, other.json["code"]) == (409, "idempotency.reused")


def test_nobody_rules_on_another_sites_comment(client, headers, make_site, place):
    """It is not there for them; nor are its rulings."""
    _, key = make_site("other")
    theirs = {"Authorization": f"Bearer {key}"}

    answers = [
        client.post(place, json={"action": "approve", "revision": 1}, headers=theirs),
        client.get(place, headers=theirs),
        client.delete(f"{place}?ruling=0198a1a5-0000-7000-8000-000000000000", headers=theirs),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"action": "undo"}, "#/action"),
        ({"action": None}, "#/action"),
        ({"revision": "1"}, "#/revision"),
        ({"revision": 0}, "#/revision"),
        ({"reason": "because"}, "#/reason"),
        ({"note": "a\0b"}, "#/note"),
        ({"moderator": "m" * 151}, "#/moderator"),
        ({"label": "spam"}, "#/label"),
    ],
)
def test_what_is_no_ruling_is_refused_with_its_field(client, headers, place, change, pointer):
    """One shape of error, as everywhere."""
    answer = client.post(place, json={"action": "approve", "revision": 1, **change}, headers=headers)

    assert (answer.status_code, answer.json["pointer"]) == (422, pointer)


def test_taking_back_needs_to_say_which(client, headers, place):
    """Another moderator may have ruled since."""
    answer = client.delete(place, headers=headers)

    assert (answer.status_code, answer.json["pointer"]) == (422, "#/ruling")


def test_an_erased_comment_takes_no_ruling_and_shows_none(app, client, headers, comment, place):
    """What people wrote about it is gone with it."""
    client.post(place, json={"action": "reject", "revision": 1, "note": "A secret note."}, headers=headers)
    client.delete(f"/v1/comments/{comment['id']}", headers=headers)

    answers = [
        client.get(place, headers=headers),
        client.post(place, json={"action": "approve", "revision": 1}, headers=headers),
    ]

    assert [answer.status_code for answer in answers] == [410, 410]
    assert [row["note"] for row in rows(app, rulings)] == [None]
