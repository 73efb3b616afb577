"""Policies in both databases: set, read back, inherited, seen by running processes."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from classifier.domain import Action, Article
from classifier.policy import DEFAULT_POLICY, Policy, PolicyError
from classifier.policy_document import from_toml, parse, to_fields
from service import policies
from service.policies import (
    PolicyBook,
    PolicyChangedError,
    ScopeError,
    load_shelf,
    read_scope,
    set_policy,
)
from service.store import accounts, tables
from service.store import policies as rows
from service.store.engine import Store

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def site(store: Store) -> str:
    """The id of a site."""
    return store.write(lambda connection: accounts.add_site(connection, "blog", "https://blog.example", NOW)).id


def put(store: Store, site_id: str, scope: str, text: str, **fields: Any) -> int:
    """Set a policy from TOML."""
    values = {"expected": None, "made_by": "test", "note": None, "now": NOW, **fields}
    return store.write(lambda c: set_policy(c, site_id, read_scope(scope), from_toml(text), **values))


def policy_at(store: Store, site_id: str, url: str = "", *tags: str) -> Policy:
    """The policy that a process which just started finds."""
    return PolicyBook(store).policies_for([(site_id, Article(url=url, tags=tags))])[0]


def test_a_site_without_a_policy_has_the_default(store, site):
    """The very same object: nothing is looked up twice."""
    assert policy_at(store, site) is DEFAULT_POLICY


def test_versions_are_counted_per_scope_and_all_stay(store, site):
    """Append-only, newest first, with who and why."""
    assert put(store, site, "site", "[heads.spam]\nhold_at=0.4") == 1
    assert put(store, site, "section:sports", "[heads.spam]\nhold_at=0.3") == 1
    assert put(store, site, "site", "[heads.spam]\nhold_at=0.2", note="less", made_by="ann") == 2
    assert put(store, site, "site", "[heads.spam]\nhold_at=0.2") == 2

    with store.read() as connection:
        found = rows.versions(connection, site, "site", None, 10)
        older = rows.versions(connection, site, "site", 2, 10)
        numbers = connection.execute(sa.select(tables.policies.c.number).order_by("number")).scalars().all()
    assert [(row.version, row.note, row.made_by) for row in found] == [(2, "less", "ann"), (1, None, "test")]
    assert [row.version for row in older] == [1]
    assert found[0].document == {"heads": {"spam": {"hold_at": 0.2}}}
    assert found[0].created_at == NOW
    assert numbers == [1, 2, 3]


def test_a_version_that_changed_meanwhile_is_refused(store, site):
    """And says which version it is at."""
    put(store, site, "site", "[closed]\nafter_days=9", expected=0)

    with pytest.raises(PolicyChangedError, match="version 1"):
        put(store, site, "site", "[closed]\nafter_days=8", expected=0)
    assert put(store, site, "site", "[closed]\nafter_days=8", expected=1) == 2


def test_two_at_once_make_two_versions_or_one_conflict(store, site):
    """Ten writers with the same expected version: exactly one wins, the others are told."""
    outcomes: list[object] = []

    def write(days: int) -> None:
        try:
            outcomes.append(put(store, site, "site", f"[closed]\nafter_days={days}", expected=0))
        except PolicyChangedError as error:
            outcomes.append(error)

    threads = [threading.Thread(target=write, args=(days,)) for days in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [each for each in outcomes if isinstance(each, int)] == [1]
    assert len(outcomes) == 10


class TestInheritance:
    """Article over section over site over default."""

    @pytest.fixture(autouse=True)
    def documents(self, store, site):
        put(store, site, "site", "name='blog'\n[heads.spam]\nhold_at=0.4\n[block]\nids=['1']")
        put(store, site, "section:sports", "[match]\npaths=['/sports']\ntags=['sport']\n[heads.spam]\nhold_at=0.3")
        put(store, site, "section:chess", "[match]\npaths=['/sports/chess/']\n[premoderation]\nmodes=['all']")
        put(store, site, "article:https://blog.example/sports/final/", "[closed]\nalways=true\naction='hold'")

    @pytest.mark.parametrize(
        ("url", "tags", "version", "hold_at"),
        [
            ("https://blog.example/news", (), "blog@1", 0.4),
            ("https://blog.example/news", ("sport",), "blog@1+sports@1", 0.3),
            ("https://blog.example/sports/x", (), "blog@1+sports@1", 0.3),
            ("https://blog.example/sports/chess/x", ("sport",), "blog@1+chess@1", 0.4),
            ("http://m.blog.example/sports/final", (), "blog@1+sports@1+article@1", 0.3),
        ],
    )
    def test_the_most_specific_section_holds(self, store, site, url, tags, version, hold_at):
        """The longest path, then a tag; one section, never two."""
        found = policy_at(store, site, url, *tags)

        assert found.version == version
        assert found.heads["spam"].hold_at == hold_at
        assert found.heads["toxicity"] == DEFAULT_POLICY.heads["toxicity"]
        assert found.wishes is not None
        assert found.wishes.block.ids == {"1"}

    def test_an_empty_document_takes_a_policy_back(self, store, site):
        """What is left is as if it had never been set; only the history knows."""
        for scope in ("site", "section:sports", "section:chess", "article:/sports/final"):
            put(store, site, scope, "")

        assert policy_at(store, site, "https://blog.example/sports/final") is DEFAULT_POLICY

    def test_what_would_hold_can_be_asked_without_setting_it(self, store, site):
        """Nothing is stored."""
        with store.read() as connection:
            shelf = load_shelf(connection, site, instead={"section:sports": {"heads": {"spam": {"hold_at": 0.1}}}})
        holds = shelf.effective_of("section:sports")

        assert holds.version == "blog@1+sports@2"
        assert holds.document.heads.spam.hold_at == 0.1
        assert policy_at(store, site, "/sports").version == "blog@1+sports@1"

    def test_another_site_has_its_own(self, store):
        """No site's wishes reach another's comments."""
        other = store.write(lambda connection: accounts.add_site(connection, "other", "https://o.example", NOW)).id

        assert policy_at(store, other, "https://blog.example/sports/final") is DEFAULT_POLICY


def test_a_change_is_seen_within_a_second(store, site):
    """By a process that is already running, without a restart; what did not change is not made again."""
    book = PolicyBook(store)
    wanted = [(site, Article(url="/a"))]
    before = book.policies_for(wanted)[0]
    put(store, site, "site", "[premoderation]\nmodes=['all']")
    time.sleep(policies.LOOK_SECONDS + 0.1)
    after = book.policies_for(wanted)[0]
    time.sleep(policies.LOOK_SECONDS + 0.1)

    assert before is DEFAULT_POLICY
    assert after.version == "site@1"
    assert book.policies_for(wanted)[0] is after


def test_what_cannot_be_read_any_more_holds_everything(store, site):
    """A document of another version of Sluice may have forbidden things: a person looks, and the log says why."""
    row = {"site_id": site, "number": 1, "scope": "site", "version": 1, "document": {"future": 1}}
    store.write(lambda c: rows.insert_policy(c, {**row, "note": None, "made_by": "x", "created_at": NOW}))
    found = policy_at(store, site)

    assert found.wishes is not None
    assert [mode.value for mode in found.wishes.premoderation.modes] == ["all"]
    with store.read() as connection, pytest.raises(PolicyError, match="future"):
        load_shelf(connection, site).effective_of("site")


def test_a_removed_site_takes_its_policies_along(store, site):
    """Nothing is left behind."""
    put(store, site, "site", "[closed]\nafter_days=9")
    store.write(lambda connection: accounts.remove_site(connection, accounts.get_site(connection, "blog")))

    with store.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(tables.policies)).scalar() == 0


@pytest.mark.parametrize(
    ("written", "scope"),
    [
        ("site", "site"),
        ("section:sports-1", "section:sports-1"),
        ("article:https://x.example/a/?p=1", "article:/a?p=1"),
        ("article:/a/", "article:/a"),
        ("article:a", "article:/a"),
    ],
)
def test_scopes(written, scope):
    """An article is known by path and query."""
    assert read_scope(written) == scope


@pytest.mark.parametrize("written", ["", "sites", "section:", "section:A b", "article:", "article:/" + 700 * "x"])
def test_what_is_no_scope(written):
    """One sentence says what is."""
    with pytest.raises(ScopeError, match="section:NAME"):
        read_scope(written)


def test_only_a_section_says_what_it_matches(store, site):
    """Elsewhere it would mean nothing, and be taken for something."""
    with pytest.raises(PolicyError, match="match"):
        put(store, site, "site", "[match]\ntags=['x']")


def test_what_is_stored_is_what_was_said(store, site):
    """Rules, lists and numbers survive both databases' JSON."""
    text = (
        "[rules.x]\nwords=['дом', '👍 ok']\nweight=0.1\n[heads.spam]\nreject_at='never'\n[block]\nips=['2001:db8::/32']"
    )
    put(store, site, "site", text)
    with store.read() as connection:
        row = rows.current(connection, site, "site")

    assert parse(row.document) == from_toml(text)
    assert row.document == to_fields(from_toml(text))
    assert policy_at(store, site).wishes.block_action is Action.REJECT
