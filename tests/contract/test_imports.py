"""What an import stores: statuses, labels, authors and domains, once, on both databases."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from exports_of_others import NOW, a_wp_comment, a_wp_item, a_wxr
from factories import a_submission

import config
from classifier.domain import Action, Status
from classifier.lessons import RulingReason
from config import Settings
from service import moderation
from service.imports import importing
from service.imports.detect import reader_for
from service.imports.importing import Done, digest_of, run
from service.imports.source import open_source
from service.imports.storing import Into
from service.lessons import lessons_of
from service.pseudonyms import Pseudonyms
from service.rulings import rule, take_back
from service.store import accounts, tables
from service.store.comments import ids_waiting_since
from service.store.engine import Store
from service.store.imports import find_import
from service.store.reputation import authors_by_key, domains_by_name
from service.store.rulings import rulings_of

FINE = (
    "I walked past the harbour on Sunday, and the railing beside the ferry terminal has finally been repaired by the "
    "council, after the neighbourhood had complained about splinters every single summer."
)
SPAM = 'Cheap watches at <a href="http://shop.example.net/watches">our shop</a>, only today'


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """What is kept for how long."""
    return config.load({"data_dir": tmp_path / "data", "secret_key": "s" * 40}, environ={})


@pytest.fixture
def into(store: Store, settings: Settings) -> Into:
    """A blog."""
    site = store.write(lambda connection: accounts.add_site(connection, "blog", "https://blog.example", NOW))
    return Into(site, settings, "wxr", NOW)


def a_history(*comments: str) -> str:
    """An export with a bit of everything, or of these comments."""
    some = (
        a_wp_comment(1, FINE),
        a_wp_comment(2, SPAM, "spam", author_email="shop@best-deal.example"),
        a_wp_comment(3, "Waiting.", "0"),
        a_wp_comment(4, "Gone.", "trash", parent="1"),
        a_wp_comment(5, "Answer.", parent="404"),
    )
    return a_wxr(a_wp_item(*(comments or some)))


def imported(store: Store, into: Into, content: str, folder: Path) -> Done:
    """Import an export."""
    path = folder / "blog.xml"
    path.write_text(content)
    with closing(open_source(path)) as source:
        reader = reader_for(source, None, {})
        return run(store, source, reader, into, digest=digest_of(path, reader), made_by="ann")


def rows_of(store: Store, table: sa.Table) -> list[dict[str, object]]:
    """All rows of a table, without what is new each time."""
    with store.read() as connection:
        return [dict(row) for row in connection.execute(sa.select(table)).mappings()]


def comments_of(store: Store) -> dict[str, sa.RowMapping]:
    """All comments by their own id."""
    with store.read() as connection:
        return {row["external_id"]: row for row in connection.execute(sa.select(tables.comments)).mappings()}


def test_statuses_become_rulings_with_their_provenance(store, into, tmp_path):
    """What was pending waits for the machine; trash teaches nothing; an approval nobody may have seen is no ruling."""
    done = imported(store, into, a_history(), tmp_path)

    assert (done.new, done.known, done.orphans) == (5, 0, 1)
    found = comments_of(store)
    assert {name: (row["status"], row["ruled"]) for name, row in found.items()} == {
        "1": ("approved", False),
        "2": ("rejected", False),
        "3": ("pending", False),
        "4": ("rejected", True),
        "5": ("approved", False),
    }
    with store.read() as connection:
        ruling = {name: rulings_of(connection, row["id"]) for name, row in found.items()}
        waiting = ids_waiting_since(connection, NOW + timedelta(seconds=1), max_attempts=5, limit=10)
    assert {name: [(each.action, each.reason, each.weight) for each in made] for name, made in ruling.items()} == {
        "1": [("approve", None, 0.25)],
        "2": [("reject", "spam", 0.5)],
        "3": [],
        "4": [("reject", None, 1.0)],
        "5": [("approve", None, 0.25)],
    }
    assert {each.source for made in ruling.values() for each in made} == {"import"}
    assert ruling["2"][0].note == "WordPress: spam"
    assert waiting == [found["3"]["id"]]
    assert found["1"]["received_at"].year == 2020
    assert found["4"]["parent_external_id"] == "1"


def test_importing_twice_changes_nothing(store, into, tmp_path):
    """Neither comments nor records of authors and domains, from the same file or from a longer one."""
    imported(store, into, a_history(), tmp_path)
    watched = [tables.comments, tables.revisions, tables.rulings, tables.authors, tables.domains, tables.articles]
    before = [rows_of(store, table) for table in watched]

    again = imported(store, into, a_history(), tmp_path)
    longer = imported(store, into, a_history().replace("</item>", "<x/></item>"), tmp_path)

    assert [(each.new, each.known) for each in (again, longer)] == [(0, 5), (0, 5)]
    assert [rows_of(store, table) for table in watched] == before


def test_records_of_authors_and_domains_follow(store, into, tmp_path):
    """As if the comments had been decided here, one by one; the age of the acquaintance is that of the comments.

    A copy earns nothing.
    """
    imported(store, into, a_history(), tmp_path)
    imported(store, into, a_history(a_wp_comment(6, FINE), a_wp_comment(7, FINE.upper())), tmp_path)

    keys = Pseudonyms(into.settings.secret)
    jo = keys.author(into.site.id, None, "jo@reader.example", verified=False)
    shop = keys.author(into.site.id, None, "shop@best-deal.example", verified=False)
    with store.read() as connection:
        records = authors_by_key(connection, [jo, shop])
        domain = domains_by_name(connection, [(into.site.id, "example.net")])[into.site.id, "example.net"]
    assert (records[jo].approved, records[jo].earned, records[jo].ruled_approved) == (4, 2, 0)
    assert (records[jo].rejected, records[jo].ruled_rejected, records[jo].first_seen.year) == (1, 1, 2020)
    assert (records[shop].rejected, records[shop].ruled_rejected) == (1, 0)
    assert (domain.rejected, domain.approved) == (1, 0)


def test_personal_fields_past_their_retention_are_not_stored(store, into, tmp_path):
    """What upkeep would erase tomorrow is not stored today; the author is known by the pseudonym all the same."""
    recent = (NOW - timedelta(days=60)).strftime("%Y-%m-%d %H:%M:%S")
    imported(store, into, a_history(a_wp_comment(1), a_wp_comment(2, date_gmt=recent)), tmp_path)

    found = comments_of(store)
    assert (found["1"]["author_email"], found["1"]["author_ip"]) == (None, None)
    assert (found["2"]["author_email"], found["2"]["author_ip"]) == ("jo@reader.example", None)
    assert found["1"]["author_key"] == found["2"]["author_key"] is not None


def test_what_is_here_already_stays_as_it_is(store, into, tmp_path):
    """A comment that came over the API, and one that was erased, which an import does not bring back."""
    accepted = store.write(
        lambda c: moderation.submit(
            c, into.site.id, [a_submission("Mine.", id="1"), a_submission("Ours.", id="2")], NOW
        )
    )
    store.write(lambda c: moderation.erase(c, into.site.id, accepted[1].id))

    done = imported(store, into, a_history(), tmp_path)

    assert (done.new, done.known) == (3, 2)
    found = comments_of(store)
    assert (found["1"]["status"], found["2"]["status"]) == ("pending", "erased")


def test_a_site_sees_nothing_of_anothers_import(store, into, tmp_path):
    """The same export in two sites is two histories."""
    other = store.write(lambda c: accounts.add_site(c, "other", "https://other.example", NOW))
    imported(store, into, a_history(), tmp_path)

    done = imported(store, Into(other, into.settings, "wxr", NOW), a_history(), tmp_path)

    assert done.new == 5
    assert len(rows_of(store, tables.authors)) == 4


class StoppedError(Exception):
    """The machine was switched off."""


def test_a_stopped_import_goes_on_where_it_was(store, into, tmp_path, monkeypatch):
    """Each batch is on disk with how far the import came; nothing is counted twice."""
    monkeypatch.setattr(importing, "BATCH", 2)
    calls = iter(range(10))
    prepare = importing.prepare

    def failing(*arguments):
        if next(calls) == 2:
            raise StoppedError
        return prepare(*arguments)

    monkeypatch.setattr(importing, "prepare", failing)
    with pytest.raises(StoppedError):
        imported(store, into, a_history(), tmp_path)
    assert len(comments_of(store)) == 4
    (begun,) = rows_of(store, tables.imports)
    assert (begun["position"], begun["finished_at"]) == (4, None)

    done = imported(store, into, a_history(), tmp_path)

    assert (done.new, done.known, done.resumed_at, done.tally.comments) == (5, 0, 4, 5)
    (finished,) = rows_of(store, tables.imports)
    assert (finished["position"], finished["finished_at"]) == (5, NOW)
    with store.read() as connection:
        assert find_import(connection, into.site.id, "other") is None


def test_imported_labels_teach_less_than_rulings_and_come_first(store, into, tmp_path):
    """Spam by half, approvals by a quarter, what a person said wholly; a ruling made here replaces the label."""
    imported(store, into, a_history(), tmp_path)

    def lessons() -> dict[str, tuple[float, float]]:
        with store.read() as connection:
            return {each.text: (each.labels["spam"], each.weight) for each in lessons_of(connection, into.site.id)}

    assert lessons() == {FINE: (0.0, 0.25), "Answer.": (0.0, 0.25), SPAM: (1.0, 0.5)}
    comment = comments_of(store)["1"]["id"]
    ruling = store.write(
        lambda c: rule(c, into.site.id, comment, 1, Action.REJECT, moderator="a", now=NOW, reason=RulingReason.SPAM)
    )
    assert list(lessons()) == ["Answer.", SPAM, FINE]
    assert lessons()[FINE] == (1.0, 1.0)

    status = store.write(lambda c: take_back(c, into.site.id, comment, ruling, moderator="a", now=NOW))

    assert status is Status.APPROVED
    row = comments_of(store)["1"]
    assert (row["status"], row["ruled"]) == ("approved", False)
    assert lessons()[FINE] == (0.0, 0.25)


def test_copies_and_a_long_history_do_not_drown_the_rest(store, into, tmp_path, monkeypatch):
    """Of a wave one text is taken, and of each side so many."""
    monkeypatch.setattr("service.lessons.MOST_IMPORTED", 3)
    wave = [a_wp_comment(number, "Buy   my watches NOW".lower() if number % 2 else "buy my watches now", "spam")
            for number in range(1, 9)]  # fmt: skip
    fine = [a_wp_comment(number, f"Thought {number}") for number in range(9, 20)]
    imported(store, into, a_history(*wave, *fine), tmp_path)

    with store.read() as connection:
        labels = [each.labels["spam"] for each in lessons_of(connection, into.site.id)]

    assert labels == [0.0, 0.0, 0.0, 1.0]


def test_erasing_takes_the_note_of_an_imported_ruling_along(store, into, tmp_path):
    """Nothing of what was said about the comment stays, and its author's record goes with it."""
    imported(store, into, a_history(a_wp_comment(2, SPAM, "spam")), tmp_path)
    comment = comments_of(store)["2"]["id"]

    store.write(lambda c: moderation.erase(c, into.site.id, comment))

    with store.read() as connection:
        assert [each.note for each in rulings_of(connection, comment)] == [None]
        assert list(lessons_of(connection, into.site.id)) == []
    assert rows_of(store, tables.authors) == rows_of(store, tables.domains) == []


def test_a_removed_site_takes_its_imports_along(store, into, tmp_path):
    """And they can be made again."""
    imported(store, into, a_history(), tmp_path)

    store.write(lambda c: accounts.remove_site(c, into.site))

    assert rows_of(store, tables.imports) == rows_of(store, tables.comments) == []
