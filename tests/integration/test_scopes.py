"""What an API key may do, and what it is told when it may not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from factories import a_body
from flask import Flask

from service.api.operations import OPERATIONS
from service.scopes import Scope
from service.store import accounts


@pytest.fixture
def key_for(app: Flask, site_and_key, secret: bytes):
    """Headers with a key of these scopes."""

    def make(*scopes: Scope) -> dict[str, str]:
        key = app.extensions["sluice"].store.write(
            lambda c: accounts.add_key(c, site_and_key[0], secret, datetime.now(UTC), frozenset(scopes))
        )
        return {"Authorization": f"Bearer {key}"}

    return make


def test_every_operation_needs_the_scope_that_it_should():
    """Reading is for reading keys; the final word and the policy are not for a form's key."""
    needed = {(each.method, each.path): each.needs for each in OPERATIONS if each.scope != "open"}
    moderating = {key for key, needs in needed.items() if needs is Scope.MODERATE}

    assert ("POST", "/v1/comments/{id}/rulings") in moderating
    assert ("DELETE", "/v1/comments/{id}/rulings") in moderating
    assert needed["POST", "/v1/comments"] is Scope.SUBMIT
    assert needed["POST", "/v1/score"] is Scope.SUBMIT
    assert needed["GET", "/v1/comments/{id}"] is Scope.READ
    assert needed["GET", "/v1/policy"] is Scope.READ
    assert needed["PUT", "/v1/policy"] is Scope.ADMIN
    assert all(needs is Scope.READ for (method, _), needs in needed.items() if method == "GET")
    assert all(needs is not Scope.READ for (method, _), needs in needed.items() if method != "GET")


@pytest.mark.parametrize("operation", [each for each in OPERATIONS if each.scope != "open"], ids=lambda each: each.name)
def test_a_key_without_the_scope_is_refused(client, key_for, operation):
    """With one code on every route, naming the scope that is missing."""
    path = operation.path.replace("{id}", "0190163d-8694-739b-aea5-966c26f8ad91")
    others = [scope for scope in Scope if scope is not operation.needs]

    answer = client.open(path, method=operation.method, headers=key_for(*others), json={})

    assert answer.status_code == 403
    assert answer.json["code"] == "auth.scope"
    assert operation.needs.value in answer.json["detail"]


def test_a_forms_key_sends_and_reads_nothing_else(client, key_for):
    """The least that a comment form needs."""
    form = key_for(Scope.SUBMIT)

    sent = client.post("/v1/comments", json=a_body(), headers=form)

    assert sent.status_code in {200, 201, 202}
    assert client.get(f"/v1/comments/{sent.json['id']}", headers=form).status_code == 403


def test_the_document_says_which_scope(client):
    """Machines find it in security, people in the description."""
    ruling = client.get("/openapi.json").json["paths"]["/v1/comments/{id}/rulings"]["post"]

    assert ruling["security"] == [{"key": ["moderate"]}]
    assert "scope `moderate`" in ruling["description"]
    assert "auth.scope" in ruling["responses"]["403"]["description"]
