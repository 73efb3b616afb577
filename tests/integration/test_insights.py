"""How moderation goes: the numbers, on both databases, and the page that shows them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from factories import a_submission, a_verdict
from visitors import Visitor, a_person

from classifier.domain import HEADS, Action, Reason
from classifier.triage import Lane
from service import moderation
from service.acts import Actor
from service.insights import USUAL_SECONDS, insights, pace
from service.roles import Role
from service.rulings import Wish, rule_many
from service.store import accounts
from service.undo import undo

NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
ANN = Actor("Ann", "desk", "user-ann")
_number = count()


@pytest.fixture
def site(store):
    """A blog."""
    return store.write(lambda connection: accounts.add_site(connection, "blog", "https://blog.example", NOW))


def stored(store, site, action: Action, risk: float, when: datetime, code: str = "model.spam") -> str:
    """A comment that the machine decided on."""
    (made,) = store.write(lambda c: moderation.submit(c, site.id, [a_submission(f"Number {next(_number)}.")], when))
    reasons = () if action is Action.APPROVE else (Reason(code=code, message="A test says so.", weight=1.0),)
    verdict = a_verdict(action, scores={**dict.fromkeys(HEADS, 0.01), "spam": risk}, reasons=reasons)
    store.write(lambda c: moderation.record_decisions(c, {(made.id, 1): verdict}, when))
    return made.id


def ruled(store, site, comment: str, action: Action, when: datetime) -> str:
    """The act."""
    return store.write(lambda c: rule_many(c, site.id, [Wish(comment, 1)], action, actor=ANN, now=when))[0][0].act_id


def test_the_numbers_of_some_days(store, site):
    """Per day, per lane, per reason; what was taken back counts nowhere, and what is older is not looked at."""
    day = NOW - timedelta(days=2)
    fine = stored(store, site, Action.HOLD, 0.1, day, "links.new_domain")
    bad = [stored(store, site, Action.HOLD, 0.95, day) for _ in range(3)]
    published = stored(store, site, Action.APPROVE, 0.1, NOW - timedelta(days=1))
    stored(store, site, Action.REJECT, 0.99, NOW - timedelta(days=60))
    ruled(store, site, fine, Action.APPROVE, day + timedelta(minutes=30))
    for comment, action in zip(bad, (Action.REJECT, Action.REJECT, Action.APPROVE), strict=True):
        last = ruled(store, site, comment, action, day + timedelta(hours=1))
    store.write(lambda c: undo(c, site.id, last, actor=ANN, now=NOW))
    ruled(store, site, published, Action.REJECT, NOW)

    with store.read() as connection:
        found = insights(connection, site.id, 30, NOW)

    assert [(each.approved, each.held, each.rejected, each.ruled) for each in found.days[-3:]] == [
        (0, 4, 0, 4),
        (1, 0, 0, 0),
        (0, 0, 0, 1),
    ]
    assert len(found.days) == 30
    assert {lane: (share.hits, share.of) for lane, share in found.lanes.items()} == {
        Lane.FINE: (1, 1),
        Lane.UNCERTAIN: (0, 0),
        Lane.BAD: (2, 2),
    }
    assert (found.overruled.hits, found.overruled.of) == (1, 1)
    assert (found.wait.comments, found.wait.median) == (1, 1800)
    assert found.rules == []
    assert found.lanes[Lane.BAD].bounds[1] == 1.0


def test_a_reason_is_worth_what_people_made_of_it(store, site):
    """From three rulings on."""
    for action in (Action.REJECT, Action.REJECT, Action.APPROVE):
        comment = stored(store, site, Action.HOLD, 0.6, NOW, "links.new_domain")
        ruled(store, site, comment, action, NOW)

    with store.read() as connection:
        ((code, share),) = insights(connection, site.id, 7, NOW).rules

    assert (code, share.hits, share.of) == ("links.new_domain", 2, 3)


def test_the_pace_leaves_pauses_out(store, site):
    """A lunch between two rulings is no long decision; before there are ten gaps, the usual pace is told."""
    when = NOW - timedelta(hours=3)
    for number in range(12):
        when += timedelta(hours=1) if number == 6 else timedelta(seconds=4)
        ruled(store, site, stored(store, site, Action.HOLD, 0.6, when), Action.APPROVE, when)
        if number == 5:
            with store.read() as connection:
                assert pace(connection, site.id, NOW) == USUAL_SECONDS

    with store.read() as connection:
        assert pace(connection, site.id, NOW) == 4


@pytest.mark.parametrize("days", ["", "7", "90", "odd"])
def test_the_page_shows_them_to_who_may_see_the_site(app, site_and_key, days):
    """Also when there is nothing to show yet, and to viewers."""
    a_person(app, "Vera", Role.VIEWER)
    visitor = Visitor(app)
    visitor.sign_in("Vera")

    answer = visitor.get(f"/desk/{site_and_key[0].name}/insights", query_string={"days": days})

    assert answer.status_code == 200
    assert "No comments were decided in these days." in answer.text


def test_the_picture_is_readable_without_colour(app, site_and_key):
    """Patterns tell the parts apart, and a table has the numbers."""
    store = app.extensions["sluice"].store
    for action in Action:
        stored(store, site_and_key[0], action, 0.6, datetime.now(UTC))
    a_person(app, "Vera", Role.VIEWER)
    visitor = Visitor(app)
    visitor.sign_in("Vera")

    page = visitor.get(f"/desk/{site_and_key[0].name}/insights").text

    assert page.count('class="bar') >= 6
    assert 'fill="url(#p-held)"' in page
    assert "style=" not in page
