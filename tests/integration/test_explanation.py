"""A decision can be taken apart afterwards, as long as the model that made it is there."""

from __future__ import annotations

import sqlalchemy as sa
from factories import a_body

from classifier.domain import HEADS
from service.store.tables import decisions

RUDE = "You are a pathetic idiot, and a liar. Nobody asked for this bridge."
KIND = "The bridge was closed on Monday, says the council, and it will be open again in May."


def decided(client, headers, text: str, **fields: object) -> dict:
    """A comment with its decision."""
    answer = client.post("/v1/comments", json=a_body(text, **fields), headers={**headers, "Prefer": "wait=10"})
    assert answer.status_code == 200, answer.json
    return answer.json


def test_the_counterfactual_is_stored_with_the_decision(client, headers, working):
    """It is answered with the decision, and again when the comment is read; an approved comment has none."""
    rude, kind = decided(client, headers, RUDE), decided(client, headers, KIND)

    assert rude["action"] == "hold"
    assert {"change", "action", "message"} <= rude["counterfactual"].keys()
    assert client.get(f"/v1/comments/{rude['id']}", headers=headers).json["counterfactual"] == rude["counterfactual"]
    assert kind["action"] == "approve"
    assert kind["counterfactual"] is None


def test_a_decision_can_be_explained_afterwards(client, headers, working):
    """Each account adds up to the recorded score, with the signals that were recorded."""
    rude = decided(client, headers, RUDE + " I know where you live.")
    found = client.get(f"/v1/comments/{rude['id']}/explanation", headers=headers)

    assert found.status_code == 200
    assert (found.json["action"], found.json["model"]) == (rude["decision"]["action"], rude["model"])
    assert tuple(found.json["accounts"]) == HEADS
    for head, account in found.json["accounts"].items():
        assert round(sum(part["amount"] for part in account["parts"]), 4) == account["logit"]
        assert abs(account["score"] - rude["scores"][head]) < 1e-4
    threats = [part for part in found.json["accounts"]["threat"]["parts"] if part["what"] == "signal"]
    assert [part["code"] for part in threats] == ["threat.direct"]
    assert found.json["accounts"]["toxicity"]["hold_at"] == 0.5


def test_signals_of_an_approved_comment_are_one_amount(client, headers, working):
    """What was not recorded is said to be missing, and the sum still holds."""
    kind = decided(client, headers, KIND, form_seconds=0.5)
    account = client.get(f"/v1/comments/{kind['id']}/explanation", headers=headers).json["accounts"]["spam"]

    assert kind["action"] == "approve"
    assert "unrecorded" in {part["what"] for part in account["parts"]}
    assert round(sum(part["amount"] for part in account["parts"]), 4) == account["logit"]
    assert abs(account["score"] - kind["scores"]["spam"]) < 1e-4


def test_what_cannot_be_explained_says_why(client, headers, working, app, make_site):
    """Another site's comment is not there, an erased one is gone, and a model that is not in use is named."""
    rude = decided(client, headers, RUDE)
    address = f"/v1/comments/{rude['id']}/explanation"
    _, other = make_site("other")

    assert client.get(address, headers={"Authorization": f"Bearer {other}"}).status_code == 404
    database = app.extensions["sluice"].store
    database.write(lambda connection: connection.execute(sa.update(decisions).values(model="default-gone")))
    gone = client.get(address, headers=headers)
    assert (gone.status_code, gone.json["code"]) == (409, "explanation.unavailable")
    assert "default-gone" in gone.json["detail"]
    assert client.delete(f"/v1/comments/{rude['id']}", headers=headers).status_code == 204
    assert client.get(address, headers=headers).json["code"] == "comment.erased"


def test_a_comment_that_waits_cannot_be_explained_yet(client, headers):
    """There is no decision to take apart."""
    waiting = client.post("/v1/comments", json=a_body(RUDE), headers=headers).json
    answer = client.get(f"/v1/comments/{waiting['id']}/explanation", headers=headers)

    assert (answer.status_code, answer.json["code"]) == (409, "explanation.unavailable")
