"""Erasing at the desk: it asks first, only admins may, and it is on record."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from factories import a_submission, a_verdict
from visitors import Visitor, a_person

from classifier.domain import Action
from service import moderation
from service.roles import Role

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def comment(app, site_and_key):
    """A held comment's id."""
    store, now = app.extensions["sluice"].store, datetime.now(UTC)
    (made,) = store.write(lambda c: moderation.submit(c, site_and_key[0].id, [a_submission(f"Look {HOSTILE}")], now))
    store.write(lambda c: moderation.record_decisions(c, {(made.id, 1): a_verdict(Action.HOLD)}, now))
    return made.id


def test_it_asks_and_then_erases_for_good(app, site_and_key, comment, client, headers):
    """Looking changes nothing; afterwards the comment is gone, and the history says by whom."""
    a_person(app, "Ada", Role.ADMIN)
    ada = Visitor(app)
    ada.sign_in("Ada")
    place = f"/desk/{site_and_key[0].name}/erase/{comment}"

    asked = ada.get(place).text

    assert "cannot be taken back" in asked
    assert HOSTILE not in asked
    assert client.get(f"/v1/comments/{comment}", headers=headers).status_code == 200
    assert "Erased for good." in ada.post(place, follow_redirects=True).text
    assert client.get(f"/v1/comments/{comment}", headers=headers).status_code == 410
    (act,) = client.get("/v1/acts", query_string={"verb": "erase"}, headers=headers).json["items"]
    assert (act["moderator"], act["source"]) == ("Ada", "desk")
    assert ada.post(place).status_code in {303, 404}


@pytest.mark.parametrize("role", [Role.VIEWER, Role.TRAINEE, Role.MODERATOR])
def test_nobody_else_may(app, site_and_key, comment, client, headers, role):
    """Neither the page nor the act, nor a link to it."""
    a_person(app, "Mo", role)
    visitor = Visitor(app)
    visitor.sign_in("Mo")
    place = f"/desk/{site_and_key[0].name}/erase/{comment}"

    assert visitor.get(place).status_code == 403
    assert visitor.post(place).status_code == 403
    assert place not in visitor.get(f"/desk/{site_and_key[0].name}/queue").text
    assert client.get(f"/v1/comments/{comment}", headers=headers).status_code == 200
