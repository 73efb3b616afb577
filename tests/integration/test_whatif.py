"""A policy tried on the comments of the last days, before anybody saves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from factories import a_submission, a_verdict, an_author

from classifier.domain import Action
from classifier.policy import PolicyError
from service import moderation, rulings
from service.moderation import Keep
from service.policies import SITE
from service.pseudonyms import Pseudonyms
from service.reputation import Evidence
from service.whatif import what_if

NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
TEXTS = (
    "The bridge was closed twice last winter already, and the detour takes me half an hour.",
    "I have baked this bread four times now and it never rose as it should.",
    "Die Brücke war im letzten Winter schon zweimal gesperrt, und der Umweg kostet mich eine halbe Stunde.",
)


@pytest.fixture
def store(app):
    """The app's store."""
    return app.extensions["sluice"].store


@pytest.fixture
def brain(app):
    """The app's brain."""
    return app.extensions["sluice"].brain


@pytest.fixture
def comment(store, site_and_key, secret):
    """Makes a published comment; its id."""
    keep = Keep(pseudonyms=Pseudonyms(secret))

    def make(text: str, *, days_ago: float = 1, email: str = "jo@reader.example") -> str:
        when = NOW - timedelta(days=days_ago)
        submission = a_submission(text, author=an_author(id=email))
        (accepted,) = store.write(lambda c: moderation.submit(c, site_and_key[0].id, [submission], when, keep=keep))
        verdict = a_verdict(Action.APPROVE)
        seen = {(accepted.id, 1): Evidence(earns=True)}
        store.write(lambda c: moderation.record_decisions(c, {(accepted.id, 1): verdict}, when, seen=seen))
        return accepted.id

    return make


def test_the_policy_that_holds_flips_nothing(store, brain, site_and_key, comment):
    """The same document in its own place."""
    for text in TEXTS:
        comment(text)

    found = what_if(store, brain, site_and_key[0].id, {SITE: {}}, now=NOW)

    assert (found.comments, found.stricter, found.looser) == (3, [], [])
    assert found.before == found.after


def test_a_stricter_policy_shows_whom_it_would_hold(store, brain, site_and_key, comment):
    """With the load it makes, by language, and what people had ruled on them."""
    site = site_and_key[0].id
    ids = [comment(text, email=f"reader{at}@blog.example") for at, text in enumerate(TEXTS)]
    store.write(lambda c: rulings.rule(c, site, ids[0], 1, Action.APPROVE, moderator="ann", now=NOW))

    found = what_if(store, brain, site, {SITE: {"premoderation": {"modes": ["all"]}}}, now=NOW, days=10)

    assert {flip.comment_id for flip in found.stricter} == set(ids)
    assert {(flip.before, flip.after) for flip in found.stricter} == {(Action.APPROVE, Action.HOLD)}
    assert [flip.ruled for flip in found.stricter if flip.comment_id == ids[0]] == [Action.APPROVE]
    assert found.per_day(Action.HOLD, after=True) == pytest.approx(3.0)
    assert found.minutes_per_day(after=True) == pytest.approx(3 * 7 / 60)
    assert found.by_language["de"]["hold_after"] == 1
    assert found.by_language["en"]["hold_after"] == 2


def test_who_has_written_before_is_no_first_time_author(store, brain, site_and_key, comment):
    """What is known of an author today counts, without the very comment that is looked at."""
    first = [comment(text, email="anna@blog.example") for text in TEXTS[:2]]
    alone = comment(TEXTS[2], email="bert@blog.example")

    found = what_if(
        store, brain, site_and_key[0].id, {SITE: {"premoderation": {"modes": ["first_time_authors"]}}}, now=NOW
    )

    flipped = {flip.comment_id for flip in found.stricter}
    assert alone in flipped
    assert not flipped & set(first)


def test_only_the_days_asked_for(store, brain, site_and_key, comment):
    """Older comments say nothing about today's readers."""
    comment(TEXTS[0], days_ago=30)
    recent = comment(TEXTS[1], days_ago=2)

    found = what_if(store, brain, site_and_key[0].id, {SITE: {"premoderation": {"modes": ["all"]}}}, now=NOW, days=7)

    assert [flip.comment_id for flip in found.stricter] == [recent]
    assert (found.whole, found.days) == (True, 7)


def test_a_young_site_is_not_divided_by_days_that_it_was_not_there(store, brain, site_and_key, comment):
    """Three comments within an hour are three a day, not three in a fortnight."""
    for text in TEXTS:
        comment(text, days_ago=0.02)

    found = what_if(store, brain, site_and_key[0].id, {SITE: {"premoderation": {"modes": ["all"]}}}, now=NOW)

    assert found.days == 1
    assert found.per_day(Action.HOLD, after=True) == 3


def test_a_document_that_cannot_be_used_says_so(store, brain, site_and_key, comment):
    """Nothing is judged with half a policy."""
    comment(TEXTS[0])

    with pytest.raises(PolicyError):
        what_if(store, brain, site_and_key[0].id, {SITE: {"heads": {"spam": {"hold_at": 7}}}}, now=NOW)


def test_when_time_is_up_it_says_what_was_looked_at(store, brain, site_and_key, comment):
    """A busy site gets an answer about its newest comments."""
    for number in reversed(range(70)):
        comment(f"{TEXTS[0]} Number {number}.", days_ago=1 + number / 100)

    found = what_if(store, brain, site_and_key[0].id, {SITE: {}}, now=NOW, seconds=0)

    assert (found.comments, found.whole) == (64, False)
    assert 1.5 < found.days < 1.8
