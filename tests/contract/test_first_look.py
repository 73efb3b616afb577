"""A first look at a history, answers to questions about it, and a forecast, on both databases."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from exports_of_others import a_wp_comment, a_wp_item, a_wxr
from factories import an_adaptation

import config
from classifier.adaptation import load_adaptation
from classifier.domain import Action, Status
from classifier.registry import load_default
from service.imports.detect import reader_for
from service.imports.importing import digest_of, run
from service.imports.source import open_source
from service.imports.start import answer, forecast, look, said_of, unanswer
from service.imports.storing import Into
from service.moderation import ChangedError
from service.store import accounts
from service.store.accounts import Site
from service.store.engine import Store
from service.store.replay import newest

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
WAVE = "Buy the finest garden hoses and tulip bulbs from our little shop around the corner, delivered today, offer"


@pytest.fixture(scope="module")
def scorer():
    """The shipped model."""
    return load_default()


@pytest.fixture
def site(store: Store, tmp_path: Path) -> Site:
    """A blog with forty comments of forty days: a wave of copies, and one thought a day."""
    made = store.write(lambda connection: accounts.add_site(connection, "blog", "https://blog.example", NOW))
    comments = []
    for number in range(40):
        day = f"{NOW - timedelta(days=60 - number):%Y-%m-%d %H:%M:%S}"
        text, status = (f"{WAVE} {number}", "spam") if number % 2 else (f"A thought of day {number}.", "1")
        comments.append(a_wp_comment(number + 1, text, status, date_gmt=day))
    file = tmp_path / "blog.xml"
    file.write_text(a_wxr(a_wp_item(*comments)))
    settings = config.load({"data_dir": tmp_path / "data", "secret_key": "s" * 40}, environ={})
    with closing(open_source(file)) as source:
        reader = reader_for(source, None, {})
        run(store, source, reader, Into(made, settings, "wxr", NOW), digest=digest_of(file, reader), made_by="ann")
    return made


def test_near_copies_are_looked_at_once(store, site, scorer):
    """The pool has one of each; the newest comments come first."""
    found = look(store, site.id, scorer)

    assert (found.comments, found.different, found.answered) == (40, 21, 0)
    texts = [past.context.text for past in found.pool]
    assert sum(text.startswith(WAVE) for text in texts) == 1
    assert len(texts) == len(set(texts)) == 21
    with store.snapshot() as connection:
        dates = [past.received_at for past in newest(connection, site.id, 5)]
    assert dates == sorted(dates, reverse=True)


def test_an_answer_is_a_ruling_that_can_be_taken_back(store, site, scorer):
    """It is remembered in the next sitting, and what the history said stands again after an undo."""
    past = next(each for each in look(store, site.id, scorer).pool if each.status is Status.APPROVED)
    assert said_of(past).weight == 0.25

    ruling = store.write(lambda c: answer(c, site.id, past, "abuse", moderator="cli:ann", now=NOW))

    again = look(store, site.id, scorer)
    assert again.answered == 1
    assert (again.pool[-1].id, again.pool[-1].status) == (past.id, Status.REJECTED)
    assert (said_of(again.pool[-1]).labels["toxicity"], said_of(again.pool[-1]).weight) == (1.0, 1.0)
    store.write(lambda c: unanswer(c, site.id, past, ruling, moderator="cli:ann", now=NOW))
    after = look(store, site.id, scorer)
    assert after.answered == 0
    assert next(each for each in after.pool if each.id == past.id) == past


def test_an_answer_about_a_comment_that_was_edited_meanwhile_is_refused(store, site, scorer):
    """What was shown is no longer what stands."""
    past = replace(look(store, site.id, scorer).pool[0], revision=2)

    with pytest.raises(ChangedError):
        store.write(lambda c: answer(c, site.id, past, "spam", moderator="cli:ann", now=NOW))


def test_a_forecast_says_what_would_change(store, site, scorer, tmp_path):
    """Of a hundred: without and with what was taught; examples name no text twice."""
    an_adaptation(tmp_path / "made", "strict", base=scorer.version, site=site.id, spam=20.0)
    strict = load_adaptation(tmp_path / "made")

    same = forecast(store, site.id, scorer, (None, None))
    found = forecast(store, site.id, scorer, (None, strict))

    assert (same.changed, same.before) == ((), same.after)
    assert found.judged == 40
    assert found.a_day == pytest.approx(40 / 39)
    assert sum(found.before.values()) == sum(found.after.values()) == 100
    assert found.after[Action.APPROVE] == 0
    assert found.after[Action.REJECT] >= 50
    assert len({each.text for each in found.changed}) == 10
    assert all(each.after is not each.before for each in found.changed)


def test_a_site_without_comments_has_no_forecast(store, scorer):
    """And nothing to ask about."""
    empty = store.write(lambda connection: accounts.add_site(connection, "empty", "https://empty.example", NOW))

    assert look(store, empty.id, scorer).pool == ()
    assert forecast(store, empty.id, scorer, (None, None)).judged == 0
