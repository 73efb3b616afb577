"""What a site remembers moves with its comments, on SQLite and PostgreSQL alike."""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from factories import a_comment, a_submission, a_verdict, an_article, an_author

from classifier.campaigns import Leader, bands_of, fingerprints
from classifier.domain import Action, Identity, Status
from classifier.text import read
from service import moderation, rulings
from service.moderation import ErasedError, Keep
from service.pseudonyms import Pseudonyms
from service.reputation import Evidence
from service.schemas import AuthorIn, Edit
from service.store import accounts, campaigns, reputation, tables, threads
from service.store import comments as sql
from service.store.accounts import Site
from service.store.engine import Store

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PSEUDONYMS = Pseudonyms(b"a secret of the test suite, long enough")
KEEP = Keep(pseudonyms=PSEUDONYMS)
SIGNED = an_author(id="u1", email=None)
COUNTED = (*reputation.COUNTERS, "earned")


@pytest.fixture
def site(store: Store) -> Site:
    """A blog."""
    return store.write(lambda connection: accounts.add_site(connection, "blog", "https://blog.example", NOW))


def a_stored(store: Store, site: Site, text: str = "The old bridge was lovely.", **fields: Any) -> str:
    """A pending comment's id."""
    submission = a_submission(text, **{"author": SIGNED, **fields})
    return store.write(lambda c: moderation.submit(c, site.id, [submission], NOW, keep=KEEP))[0].id


def decide(store: Store, comment_id: str, action: Action, revision: int = 1, **seen: Any) -> None:
    """Record a machine's decision and what it saw."""
    verdicts = {(comment_id, revision): a_verdict(action)}
    evidence = {(comment_id, revision): Evidence(**{"earns": True, "domains": ("a.example",), **seen})}
    store.write(lambda c: moderation.record_decisions(c, verdicts, NOW, seen=evidence))


def rule(store: Store, site: Site, comment_id: str, action: Action, revision: int = 1) -> None:
    """Record a person's ruling."""
    store.write(lambda c: rulings.rule(c, site.id, comment_id, revision, action, moderator="ann", now=NOW))


def edit(store: Store, site: Site, comment_id: str, text: str, author: AuthorIn = SIGNED) -> None:
    """Change a comment."""
    change = Edit(comment=a_comment(text, author=author))
    store.write(lambda c: moderation.edit(c, site.id, comment_id, change, now=NOW, keep=KEEP))


def erase(store: Store, site: Site, comment_id: str) -> None:
    """Erase a comment."""
    store.write(lambda c: moderation.erase(c, site.id, comment_id))


def rows(store: Store, table: sa.Table) -> list[dict[str, Any]]:
    """All rows of a table."""
    with store.read() as connection:
        return [dict(row) for row in connection.execute(sa.select(table)).mappings()]


def counts(store: Store, table: sa.Table = tables.authors) -> dict[str, int]:
    """The counters of the only row, zeros left out."""
    (row,) = rows(store, table)
    return {name: row[name] for name in COUNTED if row.get(name)}


# --- Pseudonyms ---------------------------------------------------------------------------------------------------


def test_an_author_is_known_by_a_pseudonym_only(store, site):
    """Neither id nor address can be read from what outlives them."""
    decide(store, a_stored(store, site, author=an_author(id="user-4711")), Action.APPROVE)
    decide(store, a_stored(store, site, author=an_author(email="jo@reader.example")), Action.APPROVE)

    kept = str(rows(store, tables.authors)) + str(rows(store, tables.domains)) + str(rows(store, tables.fingerprints))
    assert "4711" not in kept
    assert "reader.example" not in kept


def test_pseudonyms_tell_identities_apart():
    """By strength, by site and by secret; spellings of one address are one author."""

    def typed(email: str, site_id: str = "s", pseudonyms: Pseudonyms = PSEUDONYMS) -> str | None:
        return pseudonyms.author(site_id, None, email, verified=False)

    signed = PSEUDONYMS.author("s", "u1", "jo@mail.example", verified=True)
    verified = PSEUDONYMS.author("s", None, "jo@mail.example", verified=True)
    assert len({signed, verified, typed("jo@mail.example"), typed("jo@mail.example", "t"), None}) == 5
    assert typed("jo@mail.example") != typed("jo@mail.example", pseudonyms=Pseudonyms(b"another secret"))
    assert typed(" Jo+shop@Mail.example ") == typed("jo@mail.example")
    assert typed("j.o@gmail.com") == typed("jo@gmail.com")
    assert typed("j.o@mail.example") != typed("jo@mail.example")
    assert typed("no address") is typed("") is typed("@x") is None
    assert PSEUDONYMS.author("s", None, None, verified=True) is None


def test_networks_are_prefixes():
    """A /24 or a /48; the blog's own addresses are nobody's."""

    def network(ip: str | None) -> str | None:
        return PSEUDONYMS.network("s", ip)

    assert network("203.0.113.7") == network("203.0.113.250") == network("::ffff:203.0.113.9") is not None
    assert network("203.0.114.7") != network("203.0.113.7")
    assert network("2001:db8:1:2::1") == network("2001:db8:1:ffff::9") != network("2001:db8:2::1")
    assert [network(ip) for ip in ("127.0.0.1", "10.1.2.3", "192.168.0.9", "::1", "fd00::1", "nonsense", None)] == [
        None
    ] * 7


def test_who_keeps_no_addresses_keeps_no_pseudonyms_of_them(store, site):
    """A retention of 0 days leaves no trace of an address."""
    submission = a_submission(author=an_author(email="jo@reader.example"))
    keep = Keep(email=False, pseudonyms=PSEUDONYMS)
    store.write(lambda c: moderation.submit(c, site.id, [submission], NOW, keep=keep))

    assert rows(store, tables.comments)[0]["author_key"] is None


# --- Counters -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", [tables.authors, tables.domains], ids=["author", "domain"])
def test_counters_follow_a_comment(store, site, table):
    """Decision, rulings, edit, decision: each takes back what stood and counts what stands."""
    earned = {"earned": 1} if table is tables.authors else {}
    comment_id = a_stored(store, site)
    assert rows(store, table) == []

    decide(store, comment_id, Action.APPROVE)
    assert counts(store, table) == {"approved": 1, **earned}
    rule(store, site, comment_id, Action.REJECT)
    assert counts(store, table) == {"rejected": 1, "ruled_rejected": 1}
    rule(store, site, comment_id, Action.APPROVE)
    assert counts(store, table) == {"approved": 1, "ruled_approved": 1, **earned}
    edit(store, site, comment_id, "Now with a link to sell you something.")
    assert counts(store, table) == {}
    decide(store, comment_id, Action.HOLD, revision=2)
    assert counts(store, table) == {"held": 1}
    erase(store, site, comment_id)
    assert rows(store, table) == []


def test_a_decision_that_comes_twice_counts_once(store, site):
    """The bell may ring twice."""
    comment_id = a_stored(store, site)
    for _ in range(2):
        decide(store, comment_id, Action.REJECT)

    assert counts(store) == {"rejected": 1}


def test_a_comment_held_for_time_counts_for_nothing(store, site):
    """That the machine was slow says nothing of the author."""
    comment_id = a_stored(store, site)
    store.write(lambda c: moderation.hold_late(c, NOW + timedelta(seconds=1), NOW))
    assert rows(store, tables.authors) == []

    decide(store, comment_id, Action.APPROVE)
    assert counts(store) == {"approved": 1, "earned": 1}


def test_a_ruling_before_the_decision_is_the_only_one_that_counts(store, site):
    """The machine's late word is recorded and moves no counter."""
    comment_id = a_stored(store, site)
    rule(store, site, comment_id, Action.REJECT)
    decide(store, comment_id, Action.APPROVE)

    assert counts(store) == {"rejected": 1, "ruled_rejected": 1}


def test_a_comment_that_changes_hands_takes_its_record_along(store, site):
    """An edit may correct the author without a new text."""
    comment_id = a_stored(store, site)
    decide(store, comment_id, Action.REJECT)
    other = an_author(id="u2", email=None)

    edit(store, site, comment_id, "The old bridge was lovely.", author=other)

    with store.read() as connection:
        keys = [PSEUDONYMS.author(site.id, name, None, verified=False) or "" for name in ("u1", "u2")]
        found = reputation.authors_by_key(connection, keys)
    assert [found[key].rejected for key in keys] == [0, 1]
    assert found[keys[1]].identity is Identity.SIGNED


def rebuilt(store: Store) -> dict[str, Counter[str]]:
    """The authors' counters from the decisions and rulings on record."""
    decided = {(row["comment_id"], row["revision"]): row["action"] for row in rows(store, tables.decisions)}
    ruled = {
        (row["comment_id"], row["revision"]): row["action"]
        for row in sorted(rows(store, tables.rulings), key=lambda row: row["id"])
    }
    found: dict[str, Counter[str]] = {}
    words = {"approve": "approved", "hold": "held", "reject": "rejected"}
    for row in rows(store, tables.comments):
        place = (row["id"], row["revision"])
        action = ruled.get(place) or decided.get(place)
        if row["status"] == Status.ERASED or action is None or row["author_key"] is None:
            continue
        counted = found.setdefault(row["author_key"], Counter())
        counted[words[action]] += 1
        if place in ruled:
            counted[f"ruled_{words[action]}"] += 1
        if action == "approve" and row["earns"]:
            counted["earned"] += 1
    return found


def test_counters_are_what_history_says(store, site):
    """After three hundred random moves of forty comments by five authors, rebuilding them gives the same."""
    draw = random.Random(7)
    people = [an_author(id=f"u{n}", email=None) for n in range(4)] + [an_author(email="jo@reader.example")]
    ids = [a_stored(store, site, f"Comment {n}.", author=draw.choice(people)) for n in range(40)]
    revisions = dict.fromkeys(ids, 1)
    for step in range(300):
        comment_id = draw.choice(ids)
        try:
            match draw.randrange(8):
                case 0 | 1 | 2:
                    action = draw.choice(list(Action))
                    decide(store, comment_id, action, revisions[comment_id], earns=draw.random() < 0.5)
                case 3 | 4 | 5:
                    rule(store, site, comment_id, draw.choice([Action.APPROVE, Action.REJECT]), revisions[comment_id])
                case 6:
                    edit(store, site, comment_id, f"Other words {step}.", author=draw.choice(people))
                    revisions[comment_id] += 1
                case _:
                    if step % 5 == 0:
                        erase(store, site, comment_id)
        except ErasedError:
            continue

    kept = {
        row["key"]: +Counter({name: row[name] for name in COUNTED})
        for row in rows(store, tables.authors)
        if any(row[name] for name in COUNTED)
    }
    assert kept == rebuilt(store)
    assert len(kept) == 5
    assert all(row[name] >= 0 for row in rows(store, tables.authors) for name in COUNTED)


def test_workers_count_the_same_authors_at_once(store, site):
    """No count is lost and nobody waits in a circle."""
    people = [an_author(id=f"u{n}", email=None) for n in range(6)]
    batches = [[a_stored(store, site, f"{b} {n}.", author=people[n % 6]) for n in range(12)] for b in range(6)]

    def work(ids: list[str]) -> None:
        verdicts = {(comment_id, 1): a_verdict(Action.APPROVE) for comment_id in ids}
        seen = {place: Evidence(True, ("a.example", "b.example")) for place in verdicts}
        store.write(lambda c: moderation.record_decisions(c, verdicts, NOW, seen=seen))

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(work, batches))

    assert {row["approved"] for row in rows(store, tables.authors)} == {12}
    assert {row["approved"] for row in rows(store, tables.domains)} == {72}


def test_removing_a_site_removes_what_it_remembers(store, site):
    """Authors, domains and fingerprints go with it."""
    comment_id = a_stored(store, site)
    decide(store, comment_id, Action.APPROVE, fingerprint=a_fingerprint(site, comment_id, WORDS))

    store.write(lambda c: accounts.remove_site(c, site))

    assert rows(store, tables.authors) == rows(store, tables.domains) == rows(store, tables.fingerprints) == []


# --- Fingerprints -------------------------------------------------------------------------------------------------

WORDS = "The ferry company promised the council two more sailings every winter weekend"


def a_fingerprint(site: Site, comment_id: str, text: str, campaign: str | None = None, **fields: Any) -> dict[str, Any]:
    """The row that keeps a text."""
    (found,) = fingerprints([read(text)])
    assert found is not None
    leads = campaign is None
    return {
        "comment_id": comment_id,
        "article_id": "article",
        "poster": comment_id,
        "campaign": campaign or comment_id,
        "exact": found.exact,
        "signature": found.signature,
        "seen_at": NOW,
        **campaigns.band_values(bands_of(site.id, found.signature) if leads else None),
        **fields,
    }


def leaders(store: Store, site: Site, text: str) -> list[Leader]:
    """Who leads what reads like this."""
    (found,) = fingerprints([read(text)])
    assert found is not None
    with store.read() as connection:
        return campaigns.leaders_near(connection, [bands_of(site.id, found.signature)])


def a_campaign(store: Store, site: Site, count: int = 3) -> list[str]:
    """Comments of which the first leads the others."""
    ids = [a_stored(store, site, f"{WORDS} {n}.") for n in range(count)]
    for comment_id in ids:
        row = a_fingerprint(site, comment_id, WORDS, None if comment_id == ids[0] else ids[0])
        decide(store, comment_id, Action.REJECT, fingerprint=row)
    return ids


def totals(store: Store, campaign: str, since: datetime = NOW) -> list[tuple[int, int, int]]:
    """Comments, rejected and approved by a person, of a campaign."""
    with store.read() as connection:
        found = campaigns.totals_of(connection, [campaign], [], since)
    return [(total.comments, total.rejected, total.approved) for total in found.values()]


def test_a_leader_is_found_by_what_reads_alike(store, site):
    """And by nobody else's words, nor from another site."""
    ids = a_campaign(store, site)
    other = store.write(lambda c: accounts.add_site(c, "other", "https://other.example", NOW))

    assert [leader.id for leader in leaders(store, site, WORDS + " morning")] == [ids[0]]
    assert leaders(store, site, "Quite different words about something else that nobody has ever mentioned") == []
    assert leaders(store, other, WORDS) == []


def test_totals_say_what_became_of_a_campaign(store, site):
    """As the comments stand now, since a moment."""
    ids = a_campaign(store, site)
    rule(store, site, ids[2], Action.APPROVE)

    assert totals(store, ids[0]) == [(3, 2, 1)]
    assert totals(store, ids[0], NOW + timedelta(seconds=1)) == []


@pytest.mark.parametrize("change", [erase, lambda store, site, comment_id: edit(store, site, comment_id, "Else.")])
def test_when_a_leader_goes_the_next_one_leads(store, site, change):
    """Nothing of the first one's words is left, and the campaign is still found."""
    first, second, _ = a_campaign(store, site)

    change(store, site, first)

    assert first not in {row["comment_id"] for row in rows(store, tables.fingerprints)}
    assert [leader.id for leader in leaders(store, site, WORDS)] == [second]
    assert totals(store, second) == [(2, 2, 0)]
    change(store, site, second)
    assert len(leaders(store, site, WORDS)) == 1


def test_old_fingerprints_go_and_leaders_of_living_campaigns_stay(store, site):
    """A wave that goes on is not forgotten because it began long ago."""
    old, alone, young = (a_stored(store, site, f"{WORDS} {n}.") for n in range(3))
    past = NOW - timedelta(days=60)
    decide(store, old, Action.REJECT, fingerprint=a_fingerprint(site, old, WORDS, seen_at=past))
    decide(store, alone, Action.REJECT, fingerprint=a_fingerprint(site, alone, WORDS + " b", seen_at=past))
    decide(store, young, Action.REJECT, fingerprint=a_fingerprint(site, young, WORDS, old))

    before = NOW - timedelta(days=30)
    forgotten = [store.write(lambda c: campaigns.forget_old_fingerprints(c, before, 10)) for _ in range(2)]

    assert forgotten == [1, 0]
    assert {row["comment_id"] for row in rows(store, tables.fingerprints)} == {old, young}


# --- Parents ------------------------------------------------------------------------------------------------------


def test_the_comment_answered_is_found_by_the_blogs_id(store, site):
    """Its current text, its beginning only; never another site's, and nothing once it is erased."""
    other = store.write(lambda c: accounts.add_site(c, "other", "https://other.example", NOW))
    parent = a_stored(store, site, "First words.", id="c1")
    edit(store, site, parent, "Better words.")
    a_stored(store, other, "Their words.", id="c1")

    def found() -> dict[tuple[str, str], str]:
        with store.read() as connection:
            return threads.parents_of(connection, [(site.id, "c1"), (site.id, "c9")], 6)

    assert found() == {(site.id, "c1"): "Better"}
    erase(store, site, parent)
    assert found() == {}


def test_an_article_is_found_by_its_key(store, site):
    """What is known of it and the beginning of its text; never another site's."""
    other = store.write(lambda c: accounts.add_site(c, "other", "https://other.example", NOW))
    article = an_article(id="a1", title="A bridge", text="The bridge is old.", tags=("roads",))
    a_stored(store, site, article=article)

    def found(site_id: str) -> dict[str, dict[str, object]]:
        with store.read() as connection:
            return threads.articles_of(connection, site_id, {"id:a1", "id:a9"}, 10)

    known = {"url": article.url, "title": "A bridge", "text": "The bridge", "published_at": None, "tags": ["roads"]}
    assert found(site.id) == {"id:a1": known}
    assert found(other.id) == {}


def test_an_article_that_is_the_same_for_two_comments_is_one(store, site):
    """The worker is told where a comment stands, and what it answers."""
    comment_id = a_stored(store, site, article=an_article(id="a1"), parent_id="c0")

    with store.read() as connection:
        (waiting,) = sql.undecided(connection, [comment_id])

    assert (waiting.site_id, waiting.parent_external_id, waiting.waiting_since) == (site.id, "c0", NOW)
    assert waiting.author_key == PSEUDONYMS.author(site.id, "u1", None, verified=False)
