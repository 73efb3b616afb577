"""The native API as a blog's backend uses it: submit, read, change, erase."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from classifier.domain import HEADS
from service.store import accounts
from service.store.accounts import Site

BODY = {
    "article": {"url": "https://news.example/kremlin", "title": "Drone attack on the Kremlin"},
    "comment": {
        "id": "c-1",
        "text": "They bombed it themselves, said my neighbour, and I laughed.",
        "author": {"name": "Ann", "email": "ann.secret@example.org", "ip": "203.0.113.77"},
    },
}


def body(**comment: object) -> dict[str, object]:
    """A submission with some fields of the comment changed."""
    return {**BODY, "comment": {**BODY["comment"], **comment}}


def test_a_waiting_client_gets_the_decision_with_scores_and_reasons(client, headers, working):
    """Prefer: wait answers 200 with everything a blog needs, and nothing it must not show."""
    answer = client.post("/v1/comments", json=BODY, headers={**headers, "Prefer": "wait=10"})

    assert answer.status_code == 200
    assert answer.headers["Preference-Applied"] == "wait=10"
    comment = answer.json
    assert set(comment["scores"]) == set(HEADS)
    assert all(0 <= score <= 1 for score in comment["scores"].values())
    assert comment["action"] == {"approved": "approve", "held": "hold", "rejected": "reject"}[comment["status"]]
    assert comment["decision"]["kind"] == "machine"
    assert comment["model"]
    assert comment["policy"]
    assert comment["external_id"] == "c-1"
    assert "ann.secret" not in answer.text
    assert "203.0.113.77" not in answer.text


def test_without_wait_the_comment_is_pending_and_can_be_asked_for(client, headers):
    """202 says where to look and when; the comment is stored by then."""
    answer = client.post("/v1/comments", json=BODY, headers=headers)

    assert answer.status_code == 202
    assert answer.headers["Retry-After"]
    assert answer.json["status"] == "pending"
    assert answer.json["action"] is None
    read = client.get(answer.headers["Location"], headers=headers)
    assert read.status_code == 200
    assert read.json["id"] == answer.json["id"]


def test_a_retry_is_the_same_comment_and_another_text_is_refused(client, headers):
    """Same id and text: the same comment. Same id and other text: 409 that says to use PUT."""
    first = client.post("/v1/comments", json=BODY, headers=headers).json
    again = client.post("/v1/comments", json=BODY, headers=headers)
    other = client.post("/v1/comments", json=body(text="Something else"), headers=headers)

    assert again.status_code == 202
    assert again.json["id"] == first["id"]
    assert other.status_code == 409
    assert other.json["code"] == "comment.exists"
    assert "PUT" in other.json["detail"]


def test_an_idempotency_key_makes_retries_free_and_may_not_be_reused(client, headers):
    """The same key with the same body is one comment; with another body it is refused."""
    keyed = {**headers, "Idempotency-Key": "abc-1"}
    without_id = {"article": BODY["article"], "comment": {"text": "Hello"}}
    first = client.post("/v1/comments", json=without_id, headers=keyed).json
    again = client.post("/v1/comments", json=without_id, headers=keyed).json
    other = client.post("/v1/comments", json={**without_id, "comment": {"text": "Bye"}}, headers=keyed)

    assert first["id"] == again["id"]
    assert other.status_code == 409
    assert other.json["code"] == "idempotency.reused"


def test_the_same_id_from_many_clients_at_once_is_one_comment(app, headers):
    """Concurrent retries never make two comments."""

    def send(_: int) -> str:
        return app.test_client().post("/v1/comments", json=BODY, headers=headers).json["id"]

    with ThreadPoolExecutor(16) as pool:
        ids = set(pool.map(send, range(48)))

    assert len(ids) == 1


def test_an_edit_is_a_new_revision_decided_again(client, headers, working):
    """PUT with another text starts over; PUT with the same text changes nothing."""
    waiting = {**headers, "Prefer": "wait=10"}
    first = client.post("/v1/comments", json=BODY, headers=waiting).json
    edited = client.put(
        f"/v1/comments/{first['id']}", json={"comment": body(text="A calmer thought.")["comment"]}, headers=waiting
    )
    same = client.put(
        f"/v1/comments/{first['id']}", json={"comment": body(text="A calmer thought.")["comment"]}, headers=waiting
    )

    assert edited.status_code == 200
    assert edited.json["revision"] == 2
    assert edited.json["decision"] is not None
    assert same.json["revision"] == 2


def test_erasure_is_for_good(client, headers):
    """204, then 410 for reading, changing, erasing again, and for the same comment sent again."""
    location = client.post("/v1/comments", json=BODY, headers=headers).headers["Location"]

    assert client.delete(location, headers=headers).status_code == 204
    assert client.get(location, headers=headers).status_code == 410
    assert client.put(location, json={"comment": BODY["comment"]}, headers=headers).status_code == 410
    assert client.delete(location, headers=headers).status_code == 410
    assert client.post("/v1/comments", json=BODY, headers=headers).status_code == 410
    listed = client.get("/v1/comments?status=erased", headers=headers).json["items"]
    assert [item["status"] for item in listed] == ["erased"]
    assert listed[0]["action"] is None


def test_a_batch_answers_item_by_item(client, headers):
    """Good items are stored, bad ones have their problem, repeated ones their comment, all in order."""
    items = [
        body(id="b-1"),
        {"comment": {"text": "no article"}},
        body(id="b-2", text="Another"),
        body(id="b-1"),
        body(id="b-1", text="A conflict"),
        "not an object",
    ]
    answer = client.post("/v1/comments/batch", json=items, headers=headers)

    results = answer.json["results"]
    assert answer.status_code == 200
    assert [result["status"] for result in results] == [202, 422, 202, 202, 409, 422]
    assert [result["index"] for result in results] == list(range(6))
    assert results[0]["comment"]["id"] == results[3]["comment"]["id"]
    assert results[1]["problem"]["pointer"] == "#/article"


def test_a_batch_may_come_as_lines_and_has_limits(client, headers):
    """NDJSON is read line by line; a broken line is one item's problem; more than 1,000 items are refused."""
    lines = "\n".join([json.dumps(body(id="n-1")), "{broken", json.dumps(body(id="n-2"))])
    lined = {**headers, "Content-Type": "application/x-ndjson"}
    answer = client.post("/v1/comments/batch", data=lines, headers=lined)
    too_many = client.post("/v1/comments/batch", json=[body()] * 1001, headers=headers)
    none = client.post("/v1/comments/batch", json=[], headers=headers)

    assert [result["status"] for result in answer.json["results"]] == [202, 400, 202]
    assert too_many.status_code == 422
    assert none.status_code == 422


def test_pages_by_key_meet_every_comment_once(client, headers):
    """Following next_cursor in either order shows each comment exactly once."""
    sent = client.post("/v1/comments/batch", json=[body(id=f"p-{n}") for n in range(23)], headers=headers).json
    wanted = {result["comment"]["id"] for result in sent["results"]}
    for order in ("newest", "oldest"):
        seen: list[str] = []
        cursor = ""
        while True:
            page = client.get(f"/v1/comments?limit=5&order={order}{cursor}", headers=headers).json
            seen += [item["id"] for item in page["items"]]
            if page["next_cursor"] is None:
                break
            cursor = f"&cursor={page['next_cursor']}"

        assert len(seen) == 23
        assert set(seen) == wanted
        assert seen == sorted(seen, reverse=order == "newest")
    by_id = client.get("/v1/comments?external_id=p-7", headers=headers).json["items"]
    assert [item["external_id"] for item in by_id] == ["p-7"]


def test_an_article_sent_once_serves_later_comments(client, headers, app):
    """PUT /v1/articles stores a long text; a comment that names only id and url does not overwrite it."""
    text = "A long report. " * 15_000
    put = client.put(
        "/v1/articles/a-1",
        json={"url": "https://news.example/a", "title": "T", "text": text[:262_144]},
        headers=headers,
    )
    too_long = client.put(
        "/v1/articles/a-1", json={"url": "https://news.example/a", "text": "x" * 262_145}, headers=headers
    )
    comment = client.post(
        "/v1/comments",
        json={"article": {"id": "a-1", "url": "https://news.example/a"}, "comment": {"text": "Hm"}},
        headers=headers,
    )

    assert put.status_code == 200
    assert put.json["text_chars"] == len(text[:262_144])
    assert too_long.status_code == 422
    assert comment.json["article_id"] == put.json["id"]


def test_scoring_stores_nothing(client, headers):
    """POST /v1/score answers like a decision and leaves no comment behind."""
    answer = client.post("/v1/score", json=BODY, headers=headers)
    batch = client.post("/v1/score/batch", json=[BODY, {"odd": 1}], headers=headers)

    assert answer.status_code == 200
    assert set(answer.json) == {"action", "scores", "reasons", "counterfactual", "model", "policy"}
    assert [result["status"] for result in batch.json["results"]] == [200, 422]
    assert batch.json["results"][0]["score"]["action"] == answer.json["action"]
    assert client.get("/v1/comments", headers=headers).json["items"] == []


def test_a_score_can_be_taken_apart(client, headers):
    """With explain each score has parts that add up to its logit; held or rejected, a single change is named."""
    body = {**BODY, "comment": {**BODY["comment"], "text": "You are a pathetic idiot, and a liar."}}
    plain = client.post("/v1/score", json=body, headers=headers).json
    answer = client.post("/v1/score", json={**body, "explain": True}, headers=headers).json

    accounts = answer.pop("explanation")
    assert answer == plain
    assert plain["action"] == "hold"
    assert plain["counterfactual"]["message"]
    assert set(accounts) == set(HEADS)
    for head, account in accounts.items():
        assert round(sum(part["amount"] for part in account["parts"]), 4) == account["logit"]
        assert account["score"] == pytest.approx(plain["scores"][head], abs=2e-5)
    assert accounts["toxicity"]["hold_at"] == 0.5
    assert client.post("/v1/score", json={**body, "explain": "yes"}, headers=headers).status_code == 422


def test_a_site_never_sees_anothers_comments(client, headers, make_site):
    """Reading, changing, erasing and listing with another site's key finds nothing."""
    location = client.post("/v1/comments", json=BODY, headers=headers).headers["Location"]
    _, other_key = make_site("other")
    other = {"Authorization": f"Bearer {other_key}"}

    assert client.get(location, headers=other).status_code == 404
    assert client.put(location, json={"comment": BODY["comment"]}, headers=other).status_code == 404
    assert client.delete(location, headers=other).status_code == 404
    assert client.get("/v1/comments", headers=other).json["items"] == []
    mine = client.post("/v1/comments", json=BODY, headers=other)
    assert mine.status_code == 202  # the same external id at another site is another comment
    assert client.get(location, headers=headers).json["id"] != mine.json["id"]


def test_a_new_key_works_at_once_and_a_revoked_one_stops_within_a_second(client, app, site_and_key, secret):
    """Two keys live at a time; revoking takes effect without a restart."""
    store = app.extensions["sluice"].store
    site: Site
    site, old_key = site_and_key
    now = datetime.now(UTC)
    new_key = store.write(lambda connection: accounts.rotate_key(connection, site, secret, now))
    for key in (old_key, new_key):
        assert client.get("/v1/comments", headers={"Authorization": f"Bearer {key}"}).status_code == 200

    with pytest.raises(accounts.AccountError):
        store.write(lambda connection: accounts.add_key(connection, site, secret, now))
    store.write(lambda connection: accounts.revoke_key(connection, site, old_key, now))
    time.sleep(1)

    assert client.get("/v1/comments", headers={"Authorization": f"Bearer {old_key}"}).status_code == 401
    assert client.get("/v1/comments", headers={"Authorization": f"Bearer {new_key}"}).status_code == 200
