"""What rulings teach: the texts of a site with their labels, whatever happened to the comments in between."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from factories import a_comment, a_submission, a_verdict

from classifier.domain import Action
from classifier.lessons import RulingReason, labels_for
from classifier.policy_document import to_fields
from service import moderation
from service.moderation import ChangedError, NotFoundError
from service.proofs import Found, model_on, proofs_of, with_lines
from service.rulings import rule, take_back
from service.schemas import Edit
from service.store import accounts
from service.store.accounts import Site
from service.store.engine import Store
from service.store.rulings import ruled_on, rulings_of

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def site(store: Store) -> Site:
    """A blog."""
    return store.write(lambda connection: accounts.add_site(connection, "blog", "https://blog.example", NOW))


def a_stored(store: Store, site: Site, text: str) -> str:
    """A comment that the machine held."""
    (accepted,) = store.write(lambda c: moderation.submit(c, site.id, [a_submission(text)], NOW))
    verdicts = {(accepted.id, 1): a_verdict(Action.HOLD)}
    store.write(lambda c: moderation.record_decisions(c, verdicts, NOW))
    return accepted.id


def ruled(store: Store, site: Site, comment_id: str, action: Action, revision: int = 1, **said: Any) -> str:
    """A ruling's id."""
    return store.write(lambda c: rule(c, site.id, comment_id, revision, action, moderator="ann", now=NOW, **said))


def taught(store: Store, site: Site) -> list[tuple[str, Action, RulingReason | None]]:
    """Texts and rulings."""
    with store.read() as connection:
        return [(each.text, each.action, each.reason) for each in ruled_on(connection, site.id)]


def test_the_last_ruling_on_a_text_teaches_with_the_machines_scores_of_then(store, site):
    """One lesson a text, however often people changed their minds."""
    comment = a_stored(store, site, "Buy now.")
    ruled(store, site, comment, Action.APPROVE)
    ruled(store, site, comment, Action.REJECT, reason=RulingReason.SPAM)

    assert taught(store, site) == [("Buy now.", Action.REJECT, RulingReason.SPAM)]
    with store.read() as connection:
        (only,) = ruled_on(connection, site.id)
    assert only.scores == a_verdict(Action.HOLD).scores
    assert only.model == a_verdict(Action.HOLD).model


def test_an_earlier_text_keeps_its_lesson_after_an_edit(store, site):
    """What was said of the old text is still true of it."""
    comment = a_stored(store, site, "Buy now.")
    ruled(store, site, comment, Action.REJECT, reason=RulingReason.SPAM)
    store.write(lambda c: moderation.edit(c, site.id, comment, Edit(comment=a_comment("I liked the bridge.")), now=NOW))
    ruled(store, site, comment, Action.APPROVE, revision=2)

    assert taught(store, site) == [
        ("Buy now.", Action.REJECT, RulingReason.SPAM),
        ("I liked the bridge.", Action.APPROVE, None),
    ]


def test_what_is_taken_back_teaches_nothing_and_what_was_before_teaches_again(store, site):
    """Undo restores the label with the status."""
    comment = a_stored(store, site, "Hello there.")
    ruled(store, site, comment, Action.APPROVE)
    second = ruled(store, site, comment, Action.REJECT, reason=RulingReason.SPAM)

    store.write(lambda c: take_back(c, site.id, comment, second, moderator="bo", now=NOW))
    assert taught(store, site) == [("Hello there.", Action.APPROVE, None)]

    with store.read() as connection:
        first = rulings_of(connection, comment)[0].id
    store.write(lambda c: take_back(c, site.id, comment, first, moderator="bo", now=NOW))
    assert taught(store, site) == []


def test_only_the_ruling_that_stands_is_taken_back(store, site):
    """A stale undo, or one of nothing, changes nothing."""
    comment = a_stored(store, site, "Hello there.")
    first = ruled(store, site, comment, Action.APPROVE)
    ruled(store, site, comment, Action.REJECT)

    with pytest.raises(ChangedError):
        store.write(lambda c: take_back(c, site.id, comment, first, moderator="bo", now=NOW))
    with pytest.raises(NotFoundError):
        store.write(lambda c: take_back(c, site.id, comment, "nothing", moderator="bo", now=NOW))


def test_an_erased_text_and_another_sites_text_teach_nothing(store, site):
    """Texts that are gone, and texts of others, are not read."""
    other = store.write(lambda connection: accounts.add_site(connection, "other", "https://other.example", NOW))
    mine, theirs = a_stored(store, site, "Mine."), a_stored(store, other, "Theirs.")
    ruled(store, site, mine, Action.APPROVE)
    ruled(store, other, theirs, Action.APPROVE)

    assert taught(store, site) == [("Mine.", Action.APPROVE, None)]
    store.write(lambda c: moderation.erase(c, site.id, mine))
    assert taught(store, site) == []


@pytest.mark.parametrize("reason", RulingReason)
def test_a_rejection_teaches_only_what_it_says(reason):
    """Spam is spam, an insult is toxic too, an attack on a group is not; off topic says nothing of the words."""
    labels = labels_for(Action.REJECT, reason)

    assert set(labels.values()) <= {1.0}
    assert (labels == {}) == (reason in {"off_topic", "duplicate", "privacy", "exception", "other"})
    assert ("toxicity" in labels) == (reason in {"toxicity", "severe_toxicity", "insult", "threat"})
    assert labels_for(Action.REJECT, None) == labels_for(Action.HOLD, reason) == {}


def judged(store: Store, site: Site, text: str, score: float, model: str) -> str:
    """A comment that a model held with a score for toxicity."""
    (accepted,) = store.write(lambda c: moderation.submit(c, site.id, [a_submission(text)], NOW))
    scores = {**a_verdict(Action.HOLD).scores, "toxicity": score}
    verdict = replace(a_verdict(Action.HOLD), scores=scores, model=model)
    store.write(lambda c: moderation.record_decisions(c, {(accepted.id, 1): verdict}, NOW))
    return accepted.id


def test_lines_are_proved_by_rulings_on_what_the_present_model_judged(store, site):
    """Other models' scores, copies of a text and rulings that say nothing of the head count for nothing."""
    with store.read() as connection:
        model = model_on(connection, site.id)
    for number in range(40):
        ruled(store, site, judged(store, site, f"Honest words {number}.", 0.3, model), Action.APPROVE)
        ruled(store, site, judged(store, site, f"Older words {number}.", 0.9, "another-1"), Action.APPROVE)
    for number in range(8):
        insult = judged(store, site, f"You fool {number}.", 0.9, model)
        ruled(store, site, insult, Action.REJECT, reason=RulingReason.INSULT)
        ruled(store, site, judged(store, site, "The very same words.", 0.3, model), Action.APPROVE)

    def found() -> Found:
        with store.read() as connection:
            return proofs_of(connection, site.id, limit=0.1, confidence=0.95)

    assert (found().honest, found().model) == (41, model)
    assert set(found().proofs) == {"toxicity"}
    assert (found().proofs["toxicity"].line, found().proofs["toxicity"].caught) == (0.5, 8)

    judged(store, site, "Nobody looked at this one.", 0.85, model)
    judged(store, site, "Nor at this one.", 0.85, model)
    assert found().proofs["toxicity"].line == 0.855

    document = with_lines({"heads": {"toxicity": {"hold_at": 0.9}, "spam": {"hold_at": 0.5}}}, found())
    assert to_fields(document)["heads"] == {
        "toxicity": {"hold_at": 0.855, "reject_at": 0.855},
        "spam": {"hold_at": 0.5},
    }
