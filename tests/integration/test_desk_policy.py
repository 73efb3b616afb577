"""The policy page: what holds, trying a change, saving it, going back."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime

import pytest
from factories import a_submission, a_verdict
from visitors import Visitor, a_person

from classifier.domain import Action
from service import moderation
from service.roles import Role

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def place(site_and_key):
    """The page's path."""
    return f"/desk/{site_and_key[0].name}/policy"


@pytest.fixture
def admin(app):
    """Somebody who may change it."""
    a_person(app, "Ada", Role.ADMIN)
    visitor = Visitor(app)
    visitor.sign_in("Ada")
    return visitor


@pytest.fixture
def comments(app, site_and_key):
    """Three published comments of today, one of them hostile."""
    store = app.extensions["sluice"].store
    now = datetime.now(UTC)
    for text in ("The bridge was closed twice last winter.", "I baked this bread four times.", f"Look {HOSTILE} here."):
        (made,) = store.write(lambda c, each=text: moderation.submit(c, site_and_key[0].id, [a_submission(each)], now))
        verdict = {(made.id, 1): a_verdict(Action.APPROVE)}
        store.write(lambda c, each=verdict: moderation.record_decisions(c, each, now))


def hidden(page: str, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, name
    return html.unescape(found[1])


def test_what_holds_is_said_in_sentences(admin, place):
    """The default policy, and that the site has said nothing yet."""
    page = admin.get(place).text

    assert "Spam: held from 50\N{NO-BREAK SPACE}% on, rejected from 99\N{NO-BREAK SPACE}% on." in page
    assert "Direct threats, private addresses and calls to harm are held and shown first." in page
    assert "the default policy holds" in page


def test_a_change_is_tried_and_then_saved_and_taken_back(admin, place, comments, client, headers):
    """Trying changes nothing; saving needs a note; going back is tried like any change."""
    form = {"scope": "site", "days": "7", "mode.all": "1", "spam.hold_at": "40", "spam.reject_at": ""}

    tried = admin.post(f"{place}/try", form).text

    assert "3 comments of the last 7 days were judged" in tried
    assert "approve → <strong>hold</strong>" in tried
    assert HOSTILE not in tried
    assert "Spam: held from 40\N{NO-BREAK SPACE}% on." in tried
    assert client.get("/v1/policy", headers=headers).json["version"] == 0
    save = {name: hidden(tried, name) for name in ("scope", "version", "toml")}
    assert admin.post(place, save).status_code == 422
    saved = admin.post(place, {**save, "note": "a quiet week"}, follow_redirects=True)
    assert "Saved as version 1." in saved.text
    assert "a quiet week" in saved.text
    holds = client.get("/v1/policy", headers=headers).json
    assert holds["document"]["heads"]["spam"] == {"hold_at": 0.4, "reject_at": "never"}
    assert holds["document"]["premoderation"]["modes"] == ["all"]
    back = admin.post(f"{place}/try", {"scope": "site", "toml": ""}).text
    assert "hold → <strong>approve</strong>" in back
    undone = admin.post(place, {"scope": "site", "version": hidden(back, "version"), "toml": "", "note": "back"})
    assert undone.status_code == 303
    assert client.get("/v1/policy", headers=headers).json["document"] == {}


def test_a_policy_that_changed_meanwhile_is_not_overwritten(admin, place, client, headers):
    """What was typed is kept on the page."""
    tried = admin.post(f"{place}/try", {"scope": "site", "mode.all": "1"}).text
    client.put("/v1/policy", json={"heads": {"spam": {"hold_at": 0.7}}}, headers=headers)

    answer = admin.post(place, {**{n: hidden(tried, n) for n in ("scope", "version", "toml")}, "note": "mine"})

    assert answer.status_code == 409
    assert "Somebody changed the policy meanwhile." in answer.text
    assert "modes" in answer.text


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"toml": "heads = ["}, "This is not TOML"),
        ({"toml": "[heads.spam]\nhold_at = 7"}, "heads.spam.hold_at"),
        ({"toml": "[rules.odd]\npatterns = ['(']\naction = 'hold'"}, "rules.odd"),
        ({"spam.hold_at": "lots"}, "must be a number from 0 to 100"),
        ({"spam.hold_at": "90", "spam.reject_at": "10"}, "must not be above"),
    ],
)
def test_what_cannot_be_used_is_said_and_kept(admin, place, form, says):
    """In words, above what was typed."""
    answer = admin.post(f"{place}/try", {"scope": "site", **form})

    assert answer.status_code == 422
    assert says in html.unescape(answer.text)
    if "toml" in form:
        assert html.escape(form["toml"].splitlines()[0], quote=False) in answer.text.replace("&#39;", "'")


def test_a_moderator_reads_and_does_not_change(app, place):
    """Neither forms nor a made-up request."""
    a_person(app, "Mo", Role.MODERATOR)
    visitor = Visitor(app)
    visitor.sign_in("Mo")

    assert "<textarea" not in visitor.get(place).text
    assert visitor.post(f"{place}/try", {"toml": ""}).status_code == 403
    assert visitor.post(place, {"toml": "", "note": "x"}).status_code == 403
