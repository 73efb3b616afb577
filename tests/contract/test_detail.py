"""What the page of one comment reads, the same from SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from queue_items import held

from classifier.domain import Action
from service import review
from service.acts import Actor
from service.rulings import Wish, rule_many
from service.store import accounts, detail, pages
from service.store.accounts import Site
from service.store.engine import Store

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ANN = Actor("Ann", "desk", "user-ann")
WAVE = "Guys this shop has really good watches and the delivery was quick as well number"


@pytest.fixture
def site(store: Store) -> Site:
    """A blog."""
    return store.write(lambda connection: accounts.add_site(connection, "blog", "https://blog.example", NOW))


def test_the_nearest_that_were_decided_come_first(store, site):
    """With who decided and what; only earlier ones, and none of another site or for a text too short to compare."""
    rejected, approved = (
        held(store, site.id, f"{WAVE} one thanks everybody for reading", alike=True, now=NOW) for _ in range(2)
    )
    waiting = held(store, site.id, f"{WAVE} two", alike=True, now=NOW)
    comment = held(store, site.id, f"{WAVE} two", alike=True, now=NOW)
    later = held(store, site.id, f"{WAVE} two", alike=True, now=NOW)
    short = held(store, site.id, "I agree.", now=NOW)
    for each, action in ((rejected, Action.REJECT), (approved, Action.APPROVE)):
        store.write(
            lambda c, each=each, action=action: rule_many(c, site.id, [Wish(each, 1)], action, actor=ANN, now=NOW)
        )

    with store.read() as connection:
        found = detail.look_alikes(connection, site.id, comment, 3)
        assert detail.look_alikes(connection, site.id, short, 3) == []
        campaign = pages.item_with_all(connection, site.id, comment).campaign
        assert detail.likes_decided(connection, campaign, comment) == (1, 1)
        assert detail.likes_decided(connection, campaign, rejected) == (1, 0)
        assert detail.likes_decided(connection, None, comment) == (0, 0)
        assert detail.open_in_campaigns(connection, site.id, {campaign}) == {campaign: 3}

    assert [(row.id, row.status, row.moderator) for row, _ in found] == [
        (rejected, "rejected", "Ann"),
        (approved, "approved", "Ann"),
        (waiting, "held", None),
    ]
    assert found[2][1] == 1.0 > found[0][1] > 0.5
    assert later not in {row.id for row, _ in found}


def test_the_talk_around_a_comment(store, site):
    """What it answers, what was answered before it, what else its author wrote."""
    held(store, site.id, "The question.", id="q", now=NOW, author={"email": "quin@reader.example"})
    ids = [held(store, site.id, f"Answer {number}.", parent_id="q", now=NOW) for number in range(4)]

    with store.read() as connection:
        row = pages.item_with_all(connection, site.id, ids[2])
        assert detail.parent_of(connection, site.id, "q").text == "The question."
        assert detail.parent_of(connection, site.id, "unknown") is None
        before = detail.thread_before(connection, row.article_id, "q", ids[2], 8)
        assert [each.id for each in before] == ids[:2]
        assert [each.text for each in detail.thread_before(connection, row.article_id, None, ids[2], 8)] == [
            "The question."
        ]
        last = detail.last_comments_of(connection, site.id, row.author_key, ids[2], 2)
        assert [each.id for each in last] == [ids[3], ids[1]]
        assert detail.author_of(connection, row.author_key).held == 4
        assert detail.count_under(connection, row.article_id) == 5
        assert detail.article_with_text(connection, row.article_id, 8).text == "The city"
        assert [each.number for each in detail.texts_of(connection, ids[2])] == [1]
        assert [each.action for each in detail.decisions_of(connection, ids[2])] == ["hold"]


def test_leases_and_acts_of_others_are_told(store, site):
    """Those that still hold, and what was done after an act."""
    comment, other = held(store, site.id, now=NOW), held(store, site.id, now=NOW)
    with store.read() as connection:
        assert detail.newest_act(connection, site.id) == ""
    store.write(lambda c: review.claim(c, site.id, comment, user_id="user-ann", name="Ann", now=NOW))
    store.write(lambda c: rule_many(c, site.id, [Wish(other, 1)], Action.APPROVE, actor=ANN, now=NOW))

    with store.read() as connection:
        assert [(row.comment_id, row.claimed_name) for row in detail.claims_on(connection, site.id, NOW)] == [
            (comment, "Ann")
        ]
        assert detail.claims_on(connection, site.id, NOW + timedelta(seconds=91)) == []
        (act,) = detail.acts_since(connection, site.id, "", 10)
        assert (act.verb, act.id) == ("approve", detail.newest_act(connection, site.id))
        assert detail.acts_since(connection, site.id, act.id, 10) == []


def test_the_pace_is_the_median_without_pauses(store, site):
    """Unknown until some were decided."""
    ids = [held(store, site.id, now=NOW) for _ in range(12)]
    moment = NOW
    for number, comment in enumerate(ids):
        moment += timedelta(seconds=4 if number % 2 else 6) if number != 6 else timedelta(hours=1)
        store.write(
            lambda c, each=comment, at=moment: rule_many(c, site.id, [Wish(each, 1)], Action.APPROVE, actor=ANN, now=at)
        )
        with store.read() as connection:
            pace = detail.seconds_a_comment(connection, site.id, NOW)
        assert (pace is None) is (number < 9)
    assert pace == 4.0
    with store.read() as connection:
        assert detail.seconds_a_comment(connection, site.id, moment + timedelta(seconds=1)) is None
