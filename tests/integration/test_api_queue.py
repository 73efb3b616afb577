"""The queue over the API: what a blog's own admin page needs to moderate."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from factories import a_submission, a_verdict

from classifier.domain import HEADS, Action
from service import moderation

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
_number = count()


@pytest.fixture
def held(app, site_and_key):
    """Makes held comments of some risk; their ids."""
    store = app.extensions["sluice"].store

    def make(*risks: float, action: Action = Action.HOLD) -> list[str]:
        made = []
        for at, risk in enumerate(risks):
            submission = a_submission(f"What about number {next(_number)}?")
            (accepted,) = store.write(lambda c, each=submission: moderation.submit(c, site_and_key[0].id, [each], NOW))
            verdict = a_verdict(action, scores={**dict.fromkeys(HEADS, 0.01), "spam": risk})
            moment = NOW + timedelta(minutes=at)
            store.write(
                lambda c, each=accepted.id, said=verdict, when=moment: moderation.record_decisions(
                    c, {(each, 1): said}, when
                )
            )
            made.append(accepted.id)
        return made

    return make


def queue(client, headers, **query):
    """Ids of the first page."""
    return [item["id"] for item in client.get("/v1/queue", query_string=query, headers=headers).json["items"]]


def test_the_queue_in_pages_by_view_order_and_filter(client, headers, held):
    """An item says all that a page needs, and neither email nor IP."""
    fine, bad, uncertain = held(0.1, 0.95, 0.6)

    assert queue(client, headers) == [fine, bad, uncertain]
    assert queue(client, headers, sort="riskiest") == [bad, uncertain, fine]
    assert queue(client, headers, view="fine") == [fine]
    assert queue(client, headers, risk_from=0.5, risk_to=0.7) == [uncertain]
    first = client.get("/v1/queue", query_string={"limit": 2}, headers=headers)
    rest = client.get("/v1/queue", query_string={"limit": 2, "cursor": first.json["next_cursor"]}, headers=headers)
    assert [item["id"] for item in rest.json["items"]] == [uncertain]
    assert first.json["items"][0]["reasons"][0]["code"] == "test.reason"
    assert "reader.example" not in first.text
    assert "192.0.2.7" not in first.text
    views = client.get("/v1/queue/views", headers=headers).json["views"]
    assert {view["view"]: view["count"] for view in views} | {"all": 3, "fine": 1, "bad": 1} == {
        view["view"]: view["count"] for view in views
    }


@pytest.mark.parametrize(
    "query", [{"view": "odd"}, {"sort": "odd"}, {"risk_from": "2"}, {"before": "today"}, {"cursor": "odd"}, {"q": "\0"}]
)
def test_odd_parameters_are_named(client, headers, query):
    """422 with a pointer."""
    answer = client.get("/v1/queue", query_string=query, headers=headers)

    assert (answer.status_code, answer.json["code"]) == (422, "request.invalid")


def test_many_rulings_are_one_act_with_one_undo(client, headers, held):
    """What was not as it was seen is left alone."""
    first, second, third = held(0.9, 0.9, 0.9)
    client.post(f"/v1/comments/{third}/rulings", json={"action": "approve", "revision": 1}, headers=headers)
    seen = [{"id": each, "revision": 1, "seen": None} for each in (first, second, third)]

    ruled = client.post(
        "/v1/rulings",
        json={"action": "reject", "reason": "spam", "comments": seen, "moderator": "ann"},
        headers=headers,
    ).json

    assert {each["id"] for each in ruled["done"]} == {first, second}
    assert [(each["id"], each["code"]) for each in ruled["conflicts"]] == [(third, "ruling.other")]
    assert ruled["conflicts"][0]["message"] == "Already approved by api."
    undone = client.post(f"/v1/acts/{ruled['act']}/undo", json={"moderator": "bo"}, headers=headers).json
    assert {(each["id"], each["status"]) for each in undone["done"]} == {(first, "held"), (second, "held")}
    assert queue(client, headers) == [first, second]
    again = client.post(f"/v1/acts/{ruled['act']}/undo", json={}, headers=headers)
    assert (again.status_code, again.json["code"]) == (409, "act.undone")


def test_a_lease_is_seen_and_given_back(client, headers, held):
    """Colleagues are told by name; who asks again renews."""
    (comment,) = held(0.6)
    place = f"/v1/queue/{comment}/claim"

    mine = client.post(place, json={"moderator": "ann"}, headers=headers)
    theirs = client.post(place, json={"moderator": "bo"}, headers=headers)

    assert mine.json["claim"]["moderator"] == "ann"
    assert (theirs.status_code, theirs.json["code"]) == (409, "item.claimed")
    assert "ann" in theirs.json["detail"]
    assert client.post(place, json={"moderator": "ann"}, headers=headers).status_code == 200
    assert client.delete(place, query_string={"moderator": "ann"}, headers=headers).status_code == 204
    assert client.post(place, json={"moderator": "bo"}, headers=headers).status_code == 200


def test_skip_escalate_notes_and_what_the_history_says(client, headers, held):
    """Each is on record under the moderator's name."""
    (comment,) = held(0.6)
    client.post(f"/v1/queue/{comment}/skip", json={"moderator": "ann"}, headers=headers)
    assert queue(client, headers, view="skipped", moderator="ann") == [comment]
    assert queue(client, headers, view="uncertain", moderator="bo") == [comment]

    body = {"moderator": "bo", "note": "Is this a threat?"}
    assert client.post(f"/v1/queue/{comment}/escalate", json=body, headers=headers).json["escalated"] is True

    client.post(f"/v1/comments/{comment}/notes", json={"text": "I think so.", "moderator": "ann"}, headers=headers)
    notes = client.get(f"/v1/comments/{comment}/notes", headers=headers).json["items"]
    assert [(note["moderator"], note["text"]) for note in notes] == [("bo", body["note"]), ("ann", "I think so.")]
    acts = client.get("/v1/acts", query_string={"comment": comment}, headers=headers).json["items"]
    assert [(act["verb"], act["moderator"]) for act in acts] == [
        ("note", "ann"),
        ("note", "bo"),
        ("escalate", "bo"),
        ("skip", "ann"),
    ]


def test_another_sites_queue_is_out_of_reach(client, headers, held, make_site):
    """Neither seen nor touched with another site's key."""
    (comment,) = held(0.6)
    (act,) = client.post(
        "/v1/rulings", json={"action": "hold", "comments": [{"id": comment, "revision": 1}]}, headers=headers
    ).json["done"]
    stranger = {"Authorization": f"Bearer {make_site('other')[1]}"}

    assert queue(client, stranger) == []
    assert client.get(f"/v1/queue/{comment}", headers=stranger).status_code == 404
    assert client.post(f"/v1/queue/{comment}/skip", json={}, headers=stranger).status_code == 404
    many = {"action": "approve", "comments": [{"id": comment, "revision": 1}]}
    assert client.post("/v1/rulings", json=many, headers=stranger).json["conflicts"][0]["code"] == "not_found"
    assert client.get("/v1/acts", headers=stranger).json["items"][0]["verb"] == "batch"
    assert act["status"] == "held"


def test_a_published_comment_can_be_put_back_into_the_queue(client, headers, held):
    """WordPress calls it unapprove."""
    (comment,) = held(0.01, action=Action.APPROVE)
    assert queue(client, headers) == []

    answer = client.post(f"/v1/comments/{comment}/rulings", json={"action": "hold", "revision": 1}, headers=headers)

    assert answer.json["status"] == "held"
    assert queue(client, headers) == [comment]
