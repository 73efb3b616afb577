"""What a site owns and what is stored of one person, as files that only their owner reads, on both databases."""

from __future__ import annotations

import json
import re
import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from exports_of_others import comments_in, odd_in, read_all
from factories import a_comment, a_submission, a_verdict, an_article, an_author

import config
from classifier.domain import Action
from classifier.lessons import RulingReason
from classifier.policy_document import parse
from service import moderation
from service.exports import ExportError, export_person, export_site
from service.imports.detect import reader_for
from service.imports.importing import digest_of, run
from service.imports.rows import Stood, Word
from service.imports.source import open_source
from service.imports.storing import Into
from service.policies import set_policy
from service.pseudonyms import Pseudonyms
from service.rows import Keep
from service.rulings import rule
from service.schemas import Edit
from service.store import accounts, tables
from service.store.accounts import Site
from service.store.engine import Store
from service.store.tables_desk import acts, notes

NOW = datetime(2026, 2, 1, 12, 0, tzinfo=UTC)
SECRETS = Pseudonyms(b"s" * 40)
KEEP = Keep(pseudonyms=SECRETS)


@pytest.fixture
def site(store: Store) -> Site:
    """A blog with a bit of everything, by two people."""

    def work(connection: sa.Connection) -> Site:
        made = accounts.add_site(connection, "blog", "https://blog.example", NOW)
        kim = an_author(name="Kim", email="Kim@Reader.example", id="k9")
        long = an_article(id="a1", text="Of bridges. " * 10, tags=("city",))
        answers = moderation.submit(
            connection,
            made.id,
            [
                a_submission("One", id="c1", article=long),
                a_submission("Two\u2028lines", id="c2", author=kim),
                a_submission("Three"),
                a_submission("Gone", id="c4"),
            ],
            NOW,
            keep=KEEP,
        )
        one, two, three, four = (answer.id for answer in answers)
        moderation.record_decisions(connection, {(one, 1): a_verdict(), (three, 1): a_verdict(Action.HOLD)}, NOW)
        rule(connection, made.id, two, 1, Action.REJECT, moderator="ann", now=NOW, reason=RulingReason.INSULT, note="N")
        moderation.edit(connection, made.id, one, Edit(comment=a_comment("One, edited")), now=NOW, keep=KEEP)
        moderation.erase(connection, made.id, four)
        note = {"id": "n1", "author_id": None, "author": "ann", "written_at": NOW, "retracted_at": None}
        connection.execute(sa.insert(notes), [{**note, "comment_id": two, "text": "A regular."}])
        document = parse({"heads": {"spam": {"hold_at": 0.4}}})
        set_policy(connection, made.id, "site", document, expected=None, made_by="ann", note=None, now=NOW)
        other = accounts.add_site(connection, "other", "https://other.example", NOW)
        moderation.submit(connection, other.id, [a_submission("Elsewhere", id="o1")], NOW, keep=KEEP)
        return made

    return store.write(work)


def lines_of(path: Path) -> list[dict[str, Any]]:
    """The file, line by line."""
    return [json.loads(line) for line in path.read_bytes().split(b"\n") if line]


def person(store: Store, site: Site, target: Path, **who: str | None) -> list[dict[str, Any]]:
    """The comments of one person."""
    asked = {"email": None, "author_id": None, **who}
    export_person(store, site, target, pseudonyms=SECRETS, made_by="ann", now=NOW, **asked)
    return [line for line in lines_of(target) if "comment" in line]


def test_everything_that_a_site_owns_is_in_its_export(store, site, tmp_path):
    """Policies, articles, comments with all revisions, decisions and rulings, acts, and the ids of what was erased."""
    target = tmp_path / "blog.jsonl"

    count = export_site(store, site, target, made_by="ann", now=NOW)

    lines = lines_of(target)
    assert [line.get("kind", "comment") for line in lines] == [
        "export", "site", "policy", "article", "article", "act", "comment", "comment", "comment", "erased", "end"
    ]  # fmt: skip
    assert (count, lines[-1]["comments"]) == (3, 3)
    one, two, _ = (line for line in lines if "comment" in line)
    assert [each["text"] for each in one["revisions"]] == ["One", "One, edited"]
    assert [each["action"] for each in one["decisions"]] == ["approve"]
    assert (one["comment"]["text"], one["status"]) == ("One, edited", "pending")
    assert (two["comment"]["author"]["email"], two["comment"]["author"]["ip"]) == ("Kim@Reader.example", "192.0.2.7")
    assert (two["rulings"][0]["moderator"], two["rulings"][0]["note"], two["reason"]) == ("ann", "N", "insult")
    assert (two["acts"][0]["verb"], two["notes"][0]["text"]) == ("reject", "A regular.")
    assert next(line for line in lines if line.get("kind") == "article")["text"].startswith("Of bridges.")
    assert b"Elsewhere" not in target.read_bytes()
    assert b"Gone" not in target.read_bytes()


def test_an_export_is_private_new_and_on_record(store, site, tmp_path):
    """An existing file stays what it is, and a link is not followed."""
    target = tmp_path / "blog.jsonl"
    export_site(store, site, target, made_by="ann", now=NOW)
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    before = target.read_bytes()

    for taken in (target, tmp_path / "link"):
        with pytest.raises(ExportError, match="There is already a file"):
            export_site(store, site, taken, made_by="ann", now=NOW)

    assert target.stat().st_mode & 0o777 == 0o600
    assert target.read_bytes() == before
    assert not (tmp_path / "elsewhere").exists()
    with store.read() as connection:
        (row,) = connection.execute(sa.select(acts).where(acts.c.verb == "export"))
    assert (row.detail, row.actor, row.at) == ({"what": "site", "comments": 3}, "ann", NOW)


def test_what_is_not_on_record_is_not_exported(store, site, tmp_path):
    """When the record cannot be written there is no file."""
    target = tmp_path / "blog.jsonl"
    store.write(lambda connection: connection.exec_driver_sql("DROP TABLE acts"))

    with pytest.raises(sa.exc.SQLAlchemyError):
        export_site(store, site, target, made_by="ann", now=NOW)

    assert not target.exists()


@pytest.mark.parametrize(
    ("who", "texts"),
    [
        ({"email": "jo@reader.example"}, ["One, edited", "Three"]),
        ({"email": " kim@reader.EXAMPLE "}, ["Two\u2028lines"]),
        ({"author_id": "k9"}, ["Two\u2028lines"]),
        ({"email": "nobody@reader.example"}, []),
        ({"email": "%"}, []),
    ],
)
def test_one_persons_data_is_theirs_alone(store, site, tmp_path, who, texts):
    """By address, whatever its case, or by id; never of another site, never with a moderator's name."""
    found = person(store, site, tmp_path / "jo.jsonl", **who)

    assert [line["comment"]["text"] for line in found] == texts
    assert not re.search(rb'"moderator"|"actor"|"reporter"|"ann"', (tmp_path / "jo.jsonl").read_bytes())


def test_a_person_is_found_after_the_address_was_erased(store, site, tmp_path):
    """By the pseudonym that was made of it."""
    store.write(lambda c: c.execute(sa.update(tables.comments).values(author_email=None)))

    found = person(store, site, tmp_path / "jo.jsonl", email="jo@reader.example")

    assert [line["comment"]["text"] for line in found] == ["One, edited", "Three"]
    assert "record" not in [line.get("kind") for line in found]


def test_an_export_is_read_back(store, site, tmp_path):
    """Into another site with the statuses; into the same one nothing comes twice."""
    target = tmp_path / "blog.jsonl"
    export_site(store, site, target, made_by="ann", now=NOW)
    read = read_all(target.read_bytes(), tmp_path)
    assert [(each.text, each.stood, each.word) for each in comments_in(read)] == [
        ("One, edited", Stood.PENDING, Word.STANDING),
        ("Two\u2028lines", Stood.REMOVED, Word.PERSON),
        ("Three", Stood.PENDING, Word.STANDING),
    ]
    assert odd_in(read) == []
    settings = config.load({"data_dir": tmp_path / "data", "secret_key": "s" * 40}, environ={})

    def again(into_site: Site) -> tuple[int, int]:
        with closing(open_source(target)) as source:
            reader = reader_for(source, None, {})
            into = Into(into_site, settings, "jsonl", NOW)
            done = run(store, source, reader, into, digest=digest_of(target, reader), made_by="ann")
        return done.new, done.known

    moved = store.write(lambda c: accounts.add_site(c, "moved", "https://moved.example", NOW))
    assert (again(site), again(moved), again(moved)) == ((0, 3), (3, 0), (0, 3))


def test_an_export_shows_one_moment(store, site, tmp_path):
    """What is written meanwhile is not in it, and does not wait for it."""
    stop = threading.Event()

    def write() -> None:
        sent = [a_submission("Late", id=None), a_submission("Later", id=None)]
        while not stop.is_set():
            store.write(lambda c: moderation.submit(c, site.id, sent, NOW, keep=KEEP))

    thread = threading.Thread(target=write)
    thread.start()
    try:
        counts = [export_site(store, site, tmp_path / f"{n}.jsonl", made_by="a", now=NOW) for n in range(5)]
    finally:
        stop.set()
        thread.join()

    assert all((count - 3) % 2 == 0 for count in counts)
