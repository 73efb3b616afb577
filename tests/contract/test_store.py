"""What the use cases promise, held against SQLite (as workers and as the web process open it) and PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from factories import a_comment, a_submission, a_verdict, an_article, an_author
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from classifier.domain import Action, Status
from service import moderation, rulings
from service.moderation import Accepted, ErasedError, ExistsError, Idempotency, Keep, KeyReusedError, NotFoundError
from service.schemas import ArticleFacts, Edit, Submission
from service.store import accounts, tables, tables_desk
from service.store import comments as sql
from service.store.accounts import AccountError, Site
from service.store.engine import Store
from service.store.facts import read_fact, write_fact

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SECRET = b"a secret of the test suite, long enough"


@pytest.fixture
def site(store: Store) -> Site:
    """A blog."""
    return store.write(lambda connection: accounts.add_site(connection, "blog", "https://blog.example", NOW))


@pytest.fixture
def other_site(store: Store) -> Site:
    """Somebody else's blog."""
    return store.write(lambda connection: accounts.add_site(connection, "other", "https://other.example", NOW))


def submit(store: Store, site: Site, *submissions: Submission, now: datetime = NOW, **options: Any) -> list[Any]:
    """Submit comments."""
    return store.write(lambda c: moderation.submit(c, site.id, list(submissions), now, **options))


def submit_as_the_api_does(store: Store, site: Site, submission: Submission) -> Accepted:
    """Whoever loses a race for the same row tries once more and finds the winner's."""
    try:
        return submit(store, site, submission)[0]
    except IntegrityError:
        return submit(store, site, submission)[0]


def a_stored(store: Store, site: Site, text: str = "The old bridge was lovely.", **fields: Any) -> str:
    """A pending comment's id."""
    (accepted,) = submit(store, site, a_submission(text, **fields))
    return accepted.id


def decide(store: Store, comment_id: str, action: Action, *, revision: int = 1, **options: Any) -> list[str]:
    """Record a machine's decision."""
    verdicts = {(comment_id, revision): a_verdict(action)}
    return store.write(lambda c: moderation.record_decisions(c, verdicts, NOW, **options))


def rule(store: Store, site: Site, comment_id: str, action: Action, *, revision: int = 1) -> None:
    """Record a person's ruling."""
    store.write(
        lambda c: rulings.rule(c, site.id, comment_id, revision, action, moderator="ann", now=NOW, note="Off topic.")
    )


def edit(store: Store, site: Site, comment_id: str, text: str, **fields: Any) -> bool:
    """Change a comment's text."""
    change = Edit(comment=a_comment(text, **fields))
    return store.write(lambda c: moderation.edit(c, site.id, comment_id, change, now=NOW))


def erase(store: Store, site: Site, comment_id: str) -> None:
    """Erase a comment."""
    store.write(lambda c: moderation.erase(c, site.id, comment_id))


def facts(store: Store, site: Site, comment_id: str) -> Any:
    """What an answer would say of it."""
    with store.read() as connection:
        return sql.facts_of(connection, site.id, comment_id)


def rows(store: Store, table: sa.Table) -> list[dict[str, Any]]:
    """All rows of a table."""
    with store.read() as connection:
        return [dict(row) for row in connection.execute(sa.select(table)).mappings()]


# --- Submitting ---------------------------------------------------------------------------------------------------


def test_everything_said_of_a_comment_is_stored(store, site):
    """Text, author and article come back as they went in, times aware and in UTC."""
    written = datetime.fromisoformat("2026-02-28T23:30:00+05:30")
    author = an_author(id="u1", url="https://jo.example", user_agent="Browser/1", role="subscriber", verified=True)
    submission = a_submission(
        "Grüße 👋 \u202eعربى",
        article=an_article(id="a1", text="A long text.", published_at=written, tags=("city", "news")),
        id="c1",
        parent_id="c0",
        created_at=written,
        referrer="https://search.example",
        honeypot="",
        form_seconds=1.5,
        author=author,
    )

    (accepted,) = submit(store, site, submission)

    with store.read() as connection:
        (undecided,) = sql.undecided(connection, [accepted.id])
    context = undecided.context
    assert context.text == "Grüße 👋 \u202eعربى"
    assert context.author.email == "jo@reader.example"
    assert context.author.ip == "192.0.2.7"
    assert context.author.verified is True
    assert context.article.tags == ("city", "news")
    assert context.created_at == written
    assert context.created_at.tzinfo is UTC
    assert context.form_seconds == 1.5
    (comment,) = rows(store, tables.comments)
    assert (comment["external_id"], comment["parent_external_id"]) == ("c1", "c0")
    assert comment["received_at"] == NOW


def test_the_same_id_again_is_the_same_comment(store, site):
    """A retry stores nothing new and is told which comment it is."""
    (first,) = submit(store, site, a_submission(id="c1"))

    (again,) = submit(store, site, a_submission(id="c1"), now=NOW + timedelta(hours=1))

    assert again == Accepted(first.id, None, created=False)
    assert len(rows(store, tables.comments)) == 1


@pytest.mark.parametrize("change", [{"text": "Another text."}, {"format": "html"}])
def test_another_text_under_the_same_id_is_refused(store, site, change):
    """A site that reuses an id is told to say so with PUT."""
    submit(store, site, a_submission(id="c1"))

    (refused,) = submit(store, site, a_submission(**{"text": "The old bridge was lovely.", "id": "c1", **change}))

    assert isinstance(refused, ExistsError)
    assert len(rows(store, tables.revisions)) == 1


def test_comments_without_an_id_are_all_new(store, site):
    """Two readers may write the same words."""
    first, second = submit(store, site, a_submission(), a_submission())

    assert first.id != second.id


def test_an_idempotency_key_makes_a_retry_free(store, site):
    """The same key and body is the same comment; with another body the key is refused."""
    key = Idempotency("key-1", "digest-1")
    (first,) = submit(store, site, a_submission(), idempotency=key)

    (again,) = submit(store, site, a_submission(), idempotency=key)
    (reused,) = submit(store, site, a_submission("Other."), idempotency=Idempotency("key-1", "digest-2"))

    assert again == Accepted(first.id, None, created=False)
    assert isinstance(reused, KeyReusedError)
    assert len(rows(store, tables.comments)) == 1


def test_a_refused_comment_does_not_use_up_its_key(store, site):
    """A key belongs to the comment that it made, not to an attempt."""
    submit(store, site, a_submission(id="c1"))
    key = Idempotency("key-1", "digest")

    (refused,) = submit(store, site, a_submission("Other.", id="c1"), idempotency=key)
    (accepted,) = submit(store, site, a_submission("Other.", id="c2"), idempotency=key)

    assert isinstance(refused, ExistsError)
    assert accepted.created


def test_a_batch_answers_item_by_item(store, site):
    """Repeats inside one batch are one comment; a conflict refuses only its item."""
    submit(store, site, a_submission("Known.", id="known"))

    known, new, repeat, conflict, nameless = submit(
        store,
        site,
        a_submission("Known.", id="known"),
        a_submission("New.", id="new"),
        a_submission("New.", id="new"),
        a_submission("Not new.", id="new"),
        a_submission("Nameless."),
    )

    assert not known.created
    assert new.created
    assert (repeat.id, repeat.created) == (new.id, False)
    assert isinstance(conflict, ExistsError)
    assert nameless.created
    assert len(rows(store, tables.comments)) == 3
    assert len(rows(store, tables.articles)) == 1


def test_a_thousand_comments_go_in_at_once(store, site):
    """The largest batch stays below every limit on parameters, and its repeat is free."""
    batch = [a_submission(f"Comment {n}.", id=f"c{n}", article=an_article(id=f"a{n}")) for n in range(1000)]

    first = submit(store, site, *batch)
    again = submit(store, site, *batch)

    assert all(answer.created for answer in first)
    assert [answer.id for answer in again] == [answer.id for answer in first]
    assert not any(answer.created for answer in again)


def test_one_id_from_many_threads_at_once_is_one_comment(store, site):
    """Whoever loses the race finds the winner's comment, at the latest on its second try."""
    start = threading.Barrier(8)

    def post(_: int) -> Accepted:
        start.wait()
        return submit_as_the_api_does(store, site, a_submission(id="c1"))

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(post, range(8)))

    assert len({answer.id for answer in answers}) == 1
    assert sum(answer.created for answer in answers) == 1
    assert len(rows(store, tables.comments)) == len(rows(store, tables.articles)) == 1


def test_what_is_not_to_be_kept_is_never_stored(store, site):
    """A retention of 0 days means that the field never reaches the disk."""
    keep = Keep(email=False, ip=False, user_agent=False, referrer=False)

    submit(store, site, a_submission(referrer="https://r.example", author=an_author(user_agent="UA")), keep=keep)

    (comment,) = rows(store, tables.comments)
    assert [comment[n] for n in ("author_email", "author_ip", "author_user_agent", "referrer")] == [None] * 4
    assert comment["author_name"] == "Jo Reader"


def test_work_that_fails_leaves_nothing(store, site):
    """A transaction is whole or absent, and the writers behind it go on."""

    def work(connection: Connection) -> None:
        moderation.submit(connection, site.id, [a_submission()], NOW)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.write(work)

    assert rows(store, tables.comments) == []
    assert a_stored(store, site)


# --- Articles -----------------------------------------------------------------------------------------------------


def test_an_article_is_known_by_its_id_and_keeps_what_is_left_out(store, site):
    """A long text is sent once; a comment that names only id and url does not erase it."""
    described = ArticleFacts(url="https://blog.example/a", title="Harbour", text="Long text.", tags=("city",))
    store.write(lambda c: moderation.put_article(c, site.id, "a1", described, NOW))

    (accepted,) = submit(
        store, site, a_submission(article=an_article(id="a1", url="https://blog.example/b", title=None))
    )

    (article,) = rows(store, tables.articles)
    assert (article["id"], article["text"], article["tags"]) == (accepted.article_id, "Long text.", ["city"])
    assert (article["title"], article["url"]) == ("Harbour", "https://blog.example/b")


def test_putting_an_article_again_replaces_it(store, site):
    """PUT says all there is to say."""
    for described in (ArticleFacts(url="https://b.example/a", text="Old."), ArticleFacts(url="https://b.example/a")):
        store.write(lambda c, said=described: moderation.put_article(c, site.id, "a1", said, NOW))

    (article,) = rows(store, tables.articles)
    assert article["text"] is None


def test_articles_without_an_id_are_known_by_address(store, site, other_site):
    """The same address on two sites is two articles."""
    submit(store, site, a_submission(), a_submission("Second."))
    submit(store, other_site, a_submission())

    assert len(rows(store, tables.articles)) == 2


# --- Deciding -----------------------------------------------------------------------------------------------------


def test_a_decision_moves_the_comment_and_is_told_with_its_reasons(store, site):
    """What the machine said is what an answer says."""
    comment_id = a_stored(store, site)

    moved = decide(store, comment_id, Action.REJECT)

    found = facts(store, site, comment_id)
    assert moved == [comment_id]
    assert (found.status, found.decision_action, found.kind) == ("rejected", "reject", "machine")
    assert found.scores["spam"] == 0.25
    assert found.reasons == [{"code": "test.reason", "message": "A test says so.", "weight": 1.0}]
    assert found.decided_at == NOW


def test_a_job_that_runs_twice_decides_once(store, site):
    """Two workers with the same comment record one decision; the second changes nothing."""
    comment_id = a_stored(store, site)
    decide(store, comment_id, Action.APPROVE)

    moved = decide(store, comment_id, Action.REJECT)

    assert moved == []
    assert facts(store, site, comment_id).status == Status.APPROVED
    assert len(rows(store, tables.decisions)) == 1


def test_workers_at_the_same_moment_decide_once(store, site):
    """The row's lock makes the second worker see the first one's decision."""
    ids = [a_stored(store, site, f"Comment {n}.") for n in range(20)]
    verdicts = {(comment_id, 1): a_verdict(Action.HOLD) for comment_id in ids}
    start = threading.Barrier(4)

    def work(_: int) -> int:
        start.wait()
        return len(store.write(lambda c: moderation.record_decisions(c, verdicts, NOW)))

    with ThreadPoolExecutor(4) as threads:
        moved = list(threads.map(work, range(4)))

    assert sorted(moved) == [0, 0, 0, 20]
    assert len(rows(store, tables.decisions)) == 20


def test_an_edit_is_a_new_revision_that_waits_again(store, site):
    """After an edit nothing that was said of the old text stands."""
    comment_id = a_stored(store, site)
    decide(store, comment_id, Action.REJECT)

    changed = edit(store, site, comment_id, "Better words.")

    found = facts(store, site, comment_id)
    assert changed
    assert (found.status, found.revision, found.decision_action) == ("pending", 2, None)
    with store.read() as connection:
        (undecided,) = sql.undecided(connection, [comment_id])
    assert (undecided.revision, undecided.context.text) == (2, "Better words.")
    assert [row["number"] for row in rows(store, tables.revisions)] == [1, 2]


def test_an_edit_without_a_new_text_keeps_the_decision(store, site):
    """A changed address of the author is stored; nothing is decided again."""
    comment_id = a_stored(store, site, "Same.")
    decide(store, comment_id, Action.APPROVE)

    changed = edit(store, site, comment_id, "Same.", author=an_author(email="new@reader.example"))

    assert not changed
    assert facts(store, site, comment_id).status == Status.APPROVED
    assert rows(store, tables.comments)[0]["author_email"] == "new@reader.example"


def test_a_decision_on_an_old_revision_changes_nothing(store, site):
    """A worker that read the old text comes too late."""
    comment_id = a_stored(store, site)
    edit(store, site, comment_id, "Better words.")

    moved = decide(store, comment_id, Action.REJECT, revision=1)

    assert moved == []
    assert facts(store, site, comment_id).status == Status.PENDING
    assert decide(store, comment_id, Action.APPROVE, revision=2) == [comment_id]


def test_an_edit_may_not_take_another_id(store, site):
    """The id in the body names the comment, it does not rename it."""
    comment_id = a_stored(store, site, id="c1")

    with pytest.raises(ExistsError):
        edit(store, site, comment_id, "Better words.", id="c2")


def test_a_ruling_beats_a_later_decision(store, site):
    """A decision that arrives after a person ruled is recorded and changes nothing."""
    comment_id = a_stored(store, site)
    rule(store, site, comment_id, Action.APPROVE)

    moved = decide(store, comment_id, Action.REJECT)

    found = facts(store, site, comment_id)
    assert moved == []
    assert (found.status, found.ruling_action) == ("approved", "approve")
    assert len(rows(store, tables.decisions)) == 1


def test_a_ruling_overturns_a_decision_and_a_ruling(store, site):
    """The last person to speak is right; both rulings stay on record."""
    comment_id = a_stored(store, site)
    decide(store, comment_id, Action.APPROVE)

    rule(store, site, comment_id, Action.REJECT)
    assert facts(store, site, comment_id).status == Status.REJECTED
    rule(store, site, comment_id, Action.APPROVE)

    assert facts(store, site, comment_id).status == Status.APPROVED
    assert len(rows(store, tables.rulings)) == 2


def test_a_ruling_on_a_text_that_changed_meanwhile_is_refused(store, site):
    """A moderator rules on what they read."""
    comment_id = a_stored(store, site)
    edit(store, site, comment_id, "Something else.")

    with pytest.raises(moderation.ModerationError) as refusal:
        rule(store, site, comment_id, Action.APPROVE, revision=1)

    assert refusal.value.code == "comment.changed"
    assert rows(store, tables.rulings) == []


def test_a_person_may_put_a_comment_back_into_the_queue(store, site):
    """What was published is held again; the machine does not take it out of there."""
    comment_id = a_stored(store, site)
    decide(store, comment_id, Action.APPROVE)

    rule(store, site, comment_id, Action.HOLD)

    assert facts(store, site, comment_id).status == Status.HELD
    assert [row["comment_id"] for row in rows(store, tables_desk.review_items)] == [comment_id]
    assert decide(store, comment_id, Action.APPROVE) == []


def test_a_comment_past_its_deadline_is_held_until_the_machine_speaks(store, site):
    """Held for lateness, then decided: the machine's answer stands, and both are on record."""
    comment_id = a_stored(store, site)
    deadline = NOW + timedelta(seconds=1)

    held = store.write(lambda c: moderation.hold_late(c, deadline, NOW))

    late = facts(store, site, comment_id)
    assert held == 1
    assert (late.status, late.kind, late.reasons[0]["code"]) == ("held", "late", "decision.late")
    assert store.write(lambda c: moderation.hold_late(c, deadline, NOW)) == 0
    assert decide(store, comment_id, Action.APPROVE) == [comment_id]
    assert facts(store, site, comment_id).status == Status.APPROVED
    assert sorted(row["kind"] for row in rows(store, tables.decisions)) == ["late", "machine"]


def test_a_ruling_on_a_late_comment_keeps_the_machine_out(store, site):
    """Once a person has spoken, the machine's late answer is only recorded."""
    comment_id = a_stored(store, site)
    store.write(lambda c: moderation.hold_late(c, NOW + timedelta(seconds=1), NOW))
    rule(store, site, comment_id, Action.REJECT)

    assert decide(store, comment_id, Action.APPROVE) == []
    assert facts(store, site, comment_id).status == Status.REJECTED


def test_only_what_waits_too_long_is_held(store, site):
    """The deadline counts from the comment's arrival, or from its edit."""
    old, young = a_stored(store, site, "Old."), a_stored(store, site, "Young.")
    store.write(lambda c: sql.update_comment(c, young, {"waiting_since": NOW + timedelta(seconds=30)}))

    store.write(lambda c: moderation.hold_late(c, NOW + timedelta(seconds=10), NOW))

    assert facts(store, site, old).status == Status.HELD
    assert facts(store, site, young).status == Status.PENDING


def test_a_comment_that_keeps_failing_is_held_for_a_person(store, site):
    """After so many tries it is not handed to workers any more."""
    comment_id = a_stored(store, site)
    for _ in range(moderation.MAX_ATTEMPTS):
        store.write(lambda c: sql.count_attempt(c, [comment_id]))

    store.write(lambda c: moderation.hold_given_up(c, NOW))

    found = facts(store, site, comment_id)
    assert (found.status, found.kind, found.reasons[0]["code"]) == ("held", "failed", "decision.failed")
    with store.read() as connection:
        assert sql.undecided(connection, [comment_id]) == []
        assert sql.undecided_since(connection) == (0, None)


def test_lost_comments_are_found_oldest_first(store, site):
    """Upkeep sees what waits, not what is decided or was tried too often."""
    ids = [a_stored(store, site, f"Comment {n}.") for n in range(4)]
    for age, comment_id in enumerate(ids):
        store.write(
            lambda c, each=comment_id, days=age: sql.update_comment(
                c, each, {"waiting_since": NOW - timedelta(days=days)}
            )
        )
    decide(store, ids[3], Action.APPROVE)
    store.write(lambda c: sql.update_comment(c, ids[2], {"attempts": 5}))

    with store.read() as connection:
        lost = sql.ids_waiting_since(connection, NOW, max_attempts=5, limit=10)
        counted = sql.undecided_since(connection)

    assert lost == [ids[1]]
    assert counted == (3, NOW - timedelta(days=2))


# --- Erasing ------------------------------------------------------------------------------------------------------


def test_erasing_forgets_everything_but_the_id(store, site):
    """Text of every revision, reasons, notes and all that describes the author are gone."""
    author = an_author(id="u1", url="https://jo.example", user_agent="UA", role="r", verified=True)
    comment_id = a_stored(
        store, site, id="c1", author=author, referrer="https://r.example", honeypot="x", form_seconds=1.0
    )
    decide(store, comment_id, Action.HOLD)
    rule(store, site, comment_id, Action.REJECT)
    edit(store, site, comment_id, "Second version.", id="c1", author=author)

    erase(store, site, comment_id)

    (comment,) = rows(store, tables.comments)
    kept = {name for name, value in comment.items() if value not in (None, False, 0)}
    assert kept == {"id", "site_id", "article_id", "external_id", "status", "revision", "waiting_since", "received_at"}
    assert comment["status"] == Status.ERASED
    assert rows(store, tables.revisions) == rows(store, tables.decisions) == []
    assert [row["note"] for row in rows(store, tables.rulings)] == [None]


def test_what_was_erased_stays_erased(store, site):
    """No retry, edit, decision, ruling or deadline brings it back."""
    key = Idempotency("key-1", "digest")
    (accepted,) = submit(store, site, a_submission(id="c1"), idempotency=key)
    erase(store, site, accepted.id)

    (by_id,) = submit(store, site, a_submission(id="c1"))
    (by_key,) = submit(store, site, a_submission(), idempotency=key)
    assert isinstance(by_id, ErasedError)
    assert isinstance(by_key, ErasedError)
    for change in (
        lambda: edit(store, site, accepted.id, "Back again."),
        lambda: rule(store, site, accepted.id, Action.APPROVE),
        lambda: erase(store, site, accepted.id),
    ):
        with pytest.raises(ErasedError):
            change()
    assert decide(store, accepted.id, Action.APPROVE) == []
    assert store.write(lambda c: moderation.hold_late(c, NOW + timedelta(days=1), NOW)) == 0
    assert rows(store, tables.comments)[0]["status"] == Status.ERASED
    assert rows(store, tables.decisions) == []


def test_retention_forgets_one_field_at_a_time(store, site):
    """Old addresses go in small steps; young ones and other fields stay."""
    submit(store, site, *(a_submission(f"Old {n}.") for n in range(5)), now=NOW - timedelta(days=40))
    submit(store, site, a_submission("Young."), now=NOW)
    before = NOW - timedelta(days=30)

    forgotten = [store.write(lambda c: sql.forget_field(c, "author_ip", before, limit=3)) for _ in range(3)]

    assert forgotten == [3, 2, 0]
    assert sum(row["author_ip"] is not None for row in rows(store, tables.comments)) == 1
    assert all(row["author_email"] for row in rows(store, tables.comments))


def test_old_idempotency_keys_are_dropped(store, site):
    """A key lives as long as a retry may come."""
    submit(store, site, a_submission(), idempotency=Idempotency("old", "d"), now=NOW - timedelta(days=40))
    submit(store, site, a_submission(), idempotency=Idempotency("new", "d"), now=NOW)

    assert store.write(lambda c: sql.forget_idempotency_keys(c, NOW - timedelta(days=30))) == 1
    assert [row["key"] for row in rows(store, tables.idempotency_keys)] == ["new"]


def test_a_scrub_is_remembered_until_it_is_done(store, site):
    """Asking twice is asking once; the database says so until somebody did it."""
    for _ in range(2):
        store.write(sql.ask_for_scrub)
    with store.read() as connection:
        assert sql.scrub_is_due(connection)

    assert store.scrub()
    store.write(sql.scrub_done)

    with store.read() as connection:
        assert not sql.scrub_is_due(connection)


# --- Reading ------------------------------------------------------------------------------------------------------


def pages(store: Store, site: Site, limit: int, **options: Any) -> Iterator[list[Any]]:
    """Page after page."""
    after = None
    chosen = {"status": None, "external_id": None, "newest_first": True, **options}
    while True:
        with store.read() as connection:
            found = sql.page(connection, site.id, after=after, limit=limit, **chosen)
        if not found:
            return
        yield found
        after = found[-1].id


@pytest.mark.parametrize("newest_first", [True, False])
def test_pages_show_every_comment_once_in_order(store, site, newest_first):
    """Also when comments arrive between two pages."""
    ids = [a_stored(store, site, f"Comment {n}.") for n in range(10)]
    walk = pages(store, site, 3, newest_first=newest_first)
    seen = [row.id for row in next(walk)]
    late = a_stored(store, site, "Late.")

    seen += [row.id for page in walk for row in page]

    assert seen == (list(reversed(ids)) if newest_first else [*ids, late])


def test_pages_of_one_status(store, site):
    """The filter and the cursor work together."""
    ids = [a_stored(store, site, f"Comment {n}.") for n in range(9)]
    for comment_id in ids[::2]:
        decide(store, comment_id, Action.HOLD)

    held = [row.id for page in pages(store, site, 2, status=Status.HELD, newest_first=False) for row in page]

    assert held == ids[::2]


def test_a_page_by_the_sites_own_id(store, site):
    """A blog finds its comment by its own id."""
    comment_id = a_stored(store, site, id="c1")
    a_stored(store, site, id="c2")

    assert [[row.id for row in page] for page in pages(store, site, 5, external_id="c1")] == [[comment_id]]


def test_counts_by_status(store, site):
    """The metrics page's numbers."""
    for action in (Action.APPROVE, Action.HOLD, Action.HOLD):
        decide(store, a_stored(store, site), action)

    with store.read() as connection:
        assert sql.count_by_status(connection) == {"approved": 1, "held": 2}


# --- Sites and keys -----------------------------------------------------------------------------------------------


def test_a_site_never_reaches_anothers_comment(store, site, other_site):
    """Every way in asks for the site; another's id is as unknown as one that was never given."""
    comment_id = a_stored(store, site, id="c1")

    assert facts(store, other_site, comment_id) is None
    assert list(pages(store, other_site, 10)) == []
    for attempt in (
        lambda: edit(store, other_site, comment_id, "Mine now."),
        lambda: erase(store, other_site, comment_id),
        lambda: rule(store, other_site, comment_id, Action.APPROVE),
    ):
        with pytest.raises(NotFoundError):
            attempt()
    with store.read() as connection:
        assert sql.facts_of_all(connection, other_site.id, [comment_id]) == {}
        assert sql.known_by_external_id(connection, other_site.id, ["c1"]) == {}
    (theirs,) = submit(store, other_site, a_submission("Another site's comment.", id="c1"))
    assert theirs.created
    assert facts(store, site, comment_id).status == Status.PENDING


def test_idempotency_keys_of_two_sites_do_not_meet(store, site, other_site):
    """The same key on another site is another key."""
    (ours,) = submit(store, site, a_submission(), idempotency=Idempotency("k", "digest"))
    (theirs,) = submit(store, other_site, a_submission("Else."), idempotency=Idempotency("k", "other"))

    assert theirs.created
    assert theirs.id != ours.id


def test_removing_a_site_removes_all_it_owns(store, site, other_site):
    """And nothing of anybody else's."""
    comment_id = a_stored(store, site, id="c1")
    decide(store, comment_id, Action.HOLD)
    rule(store, site, comment_id, Action.REJECT)
    submit(store, site, a_submission("Else."), idempotency=Idempotency("k", "digest"))
    store.write(lambda c: accounts.add_key(c, site, SECRET, NOW))
    theirs = a_stored(store, other_site)

    store.write(lambda c: accounts.remove_site(c, site))

    assert [row["id"] for row in rows(store, tables.comments)] == [theirs]
    for table in (tables.api_keys, tables.decisions, tables.rulings, tables.idempotency_keys):
        assert rows(store, table) == []
    assert len(rows(store, tables.revisions)) == len(rows(store, tables.articles)) == 1


def test_a_key_opens_its_site_until_it_is_revoked(store, site, other_site):
    """Only the keyed hash and four characters are stored."""
    key = store.write(lambda c: accounts.add_key(c, site, SECRET, NOW))
    digest = accounts.digest_key(SECRET, key)

    with store.read() as connection:
        assert accounts.site_of_key(connection, digest) == site
        assert accounts.site_of_key(connection, accounts.digest_key(b"another secret", key)) is None
    assert len(key) == 12
    assert set(key) <= set("0123456789abcdefghijklmnopqrstuvwxyz")
    assert key not in str(rows(store, tables.api_keys))

    with pytest.raises(AccountError):
        store.write(lambda c: accounts.revoke_key(c, other_site, key, NOW))
    store.write(lambda c: accounts.revoke_key(c, site, key, NOW))

    with store.read() as connection:
        assert accounts.site_of_key(connection, digest) is None


def test_two_keys_live_at_a_time(store, site):
    """Enough to rotate: the old one works until the new one is everywhere."""
    first = store.write(lambda c: accounts.add_key(c, site, SECRET, NOW))
    second = store.write(lambda c: accounts.add_key(c, site, SECRET, NOW))
    with pytest.raises(AccountError):
        store.write(lambda c: accounts.add_key(c, site, SECRET, NOW))

    third = store.write(lambda c: accounts.rotate_key(c, site, SECRET, NOW))

    def works(key: str) -> bool:
        with store.read() as connection:
            return accounts.site_of_key(connection, accounts.digest_key(SECRET, key)) is not None

    assert [works(key) for key in (first, second, third)] == [False, True, True]


@pytest.mark.parametrize(
    ("name", "url"),
    [("blog", "https://b.example"), ("", "https://b.example"), ("a\nb", "https://b.example"), ("n", "ftp://b.example")],
)
def test_a_site_needs_a_free_name_and_a_web_address(store, site, name, url):
    """A refusal is one sentence and stores nothing."""
    with pytest.raises(AccountError, match=r"^[^\n]+\.$"):
        store.write(lambda c: accounts.add_site(c, name, url, NOW))

    assert len(rows(store, tables.sites)) == 1


# --- The store itself ---------------------------------------------------------------------------------------------


def test_a_snapshot_sees_one_moment(store, site):
    """A backup reads table after table while others write."""
    a_stored(store, site, "Before.")

    with store.snapshot() as connection:
        count = sa.select(sa.func.count()).select_from(tables.comments)
        before = connection.execute(count).scalar_one()
        a_stored(store, site, "Meanwhile.")
        after = connection.execute(count).scalar_one()

    assert before == after == 1
    assert len(rows(store, tables.comments)) == 2


def test_a_scrub_does_not_hold_writers_up_behind_a_reader(store, site):
    """While a backup reads, a scrub gives up at once and says so; comments go on being stored."""
    a_stored(store, site)
    with store.snapshot() as connection:
        connection.execute(sa.select(tables.comments)).all()
        a_stored(store, site, "Meanwhile.")
        began = datetime.now(UTC)

        clean = store.scrub()

        assert (datetime.now(UTC) - began).total_seconds() < 3
        assert clean is (not store.is_sqlite)
    assert store.scrub()


def test_many_writers_lose_nothing(store, site):
    """Grouped commits answer each writer for its own work."""

    def write(number: int) -> str:
        if number % 5 == 0:
            with pytest.raises(NotFoundError):
                erase(store, site, "nobody")
            return ""
        return submit_as_the_api_does(store, site, a_submission(f"Comment {number}.")).id

    with ThreadPoolExecutor(16) as threads:
        ids = [comment_id for comment_id in threads.map(write, range(100)) if comment_id]

    assert len(set(ids)) == 80
    assert {row["id"] for row in rows(store, tables.comments)} == set(ids)


def test_facts_are_replaced_by_name(store):
    """The last value noted is the one that is read."""
    store.write(lambda c: write_fact(c, "colour", "red"))
    store.write(lambda c: write_fact(c, "colour", "blue"))

    with store.read() as connection:
        assert read_fact(connection, "colour") == "blue"
        assert read_fact(connection, "shape") is None


def test_an_error_never_quotes_what_a_reader_wrote(store, site):
    """Database errors are logged; they name the statement, not its values."""
    a_stored(store, site, id="c1")

    def twice(connection: Connection) -> None:
        values = {**rows(store, tables.comments)[0], "id": "x", "author_email": "very.secret@reader.example"}
        connection.execute(sa.insert(tables.comments).values(values))

    with pytest.raises(IntegrityError) as failure:
        store.write(twice)

    assert "very.secret" not in str(failure.value)
