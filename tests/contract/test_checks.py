"""Checks of other services' protocols on every kind of database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from factories import a_submission, an_author

from classifier.domain import Action, Status
from classifier.lessons import RulingReason
from service import checks, moderation
from service.rows import KEEP_ALL
from service.schemas import Submission
from service.store import accounts
from service.store import checks as sql
from service.store.accounts import Site
from service.store.comments import facts_of

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
TEXT = "The old bridge was lovely."


@pytest.fixture
def site(store) -> Site:
    """A site."""
    return store.write(lambda connection: accounts.add_site(connection, "blog", "https://blog.example", NOW))


def asked(submission: Submission) -> checks.Asked:
    """A question about a comment."""
    return checks.Asked(checks.new_guid(), checks.digest_of(b"k", "s", submission.comment.text), submission)


def said(submission: Submission, action: Action = Action.REJECT, **fields) -> checks.Feedback:
    """What a person says of it."""
    digest = checks.digest_of(b"k", "s", submission.comment.text)
    reason = RulingReason.SPAM if action is Action.REJECT else None
    return checks.Feedback(submission=submission, digest=digest, action=action, moderator="jo", reason=reason, **fields)


def ask(store, site: Site, *submissions: Submission) -> list[str]:
    """Store checks; the ids of their comments."""
    return store.write(lambda c: checks.ask(c, site.id, [asked(each) for each in submissions], NOW, KEEP_ALL))


def learn(store, site: Site, feedback: checks.Feedback) -> bool:
    """Hand feedback in."""
    return store.write(lambda c: checks.learn(c, site.id, feedback, NOW, KEEP_ALL))


def status(store, site: Site, comment_id: str) -> str:
    """Where a comment stands."""
    with store.read() as connection:
        return facts_of(connection, site.id, comment_id).status


def test_feedback_reaches_the_likeliest_author(store, site):
    """The one with most fields in common, of equals the newest; never somebody known to be another."""
    first, second = a_submission(TEXT), a_submission(TEXT, author=an_author(name="Kim", email=None, ip=None))
    ids = ask(store, site, first, second, second)

    assert learn(store, site, said(a_submission(TEXT, author=an_author(email=None, ip=None))))
    assert learn(store, site, said(second))

    assert [status(store, site, each) for each in ids] == ["rejected", "pending", "rejected"]


def test_feedback_for_nobody_known_makes_a_comment(store, site):
    """It is stored, ruled on, and waits for no machine."""
    assert learn(store, site, said(a_submission(TEXT)))
    assert not learn(store, site, said(a_submission(TEXT)))

    with store.read() as connection:
        [row] = sql.checks_alike(connection, site.id, checks.digest_of(b"k", "s", TEXT), {})
    assert row.status is Status.REJECTED


def test_mistakes_are_counted_by_what_was_answered(store, site):
    """Once for each ruling that contradicts."""
    question = asked(a_submission(TEXT))
    store.write(lambda c: checks.ask(c, site.id, [question], NOW, KEEP_ALL))
    store.write(lambda c: checks.answered(c, site.id, question.guid, "ham", NOW))

    learn(store, site, said(a_submission(TEXT), guid=question.guid))
    learn(store, site, said(a_submission(TEXT), guid=question.guid))
    learn(store, site, said(a_submission("Another one."), Action.APPROVE, told="spam"))

    with store.read() as connection:
        [row] = sql.counts_since(connection, site.id, "2026-11")
        assert sql.counts_since(connection, site.id, "2026-12") == []
    assert (row.spam, row.ham, row.missed_spam, row.false_positives) == (0, 1, 1, 1)


def test_an_erased_comment_is_not_found_by_its_text(store, site):
    """Feedback by its check's name changes nothing; by its text it is about another comment."""
    question = asked(a_submission(TEXT))
    [comment_id] = store.write(lambda c: checks.ask(c, site.id, [question], NOW, KEEP_ALL))
    store.write(lambda c: moderation.erase(c, site.id, comment_id))

    assert not learn(store, site, said(a_submission(TEXT), guid=question.guid))
    with store.read() as connection:
        assert sql.checks_alike(connection, site.id, question.digest, {}) == []
    assert status(store, site, comment_id) == "erased"


def test_what_is_settled_needs_no_machine(store, site):
    """An administrator's comment is approved in the transaction that stores it."""
    question = replace(asked(a_submission(TEXT)), verdict=checks.BY_ADMINISTRATOR)

    [comment_id] = store.write(lambda c: checks.ask(c, site.id, [question], NOW, KEEP_ALL))

    assert status(store, site, comment_id) == "approved"
