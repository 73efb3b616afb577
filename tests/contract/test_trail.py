"""The history and the campaigns as SQL reads them, alike on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import redis
import sqlalchemy as sa
from factories import a_comment, a_verdict
from waves import Planter, wave

from classifier.domain import Action, Status
from classifier.lessons import RulingReason
from classifier.policy_document import from_toml
from service import moderation, people, review
from service.act_search import read_search
from service.acts import Actor, Verb, act_row
from service.batches import rule_batch
from service.mistakes import expected_mistakes
from service.policies import set_policy
from service.proofs import model_on
from service.roles import Role
from service.rulings import Wish, rule_many
from service.schemas import Edit
from service.store import accounts, looks, pages, tables, tables_desk, trail, waves
from service.store import acts as act_store
from service.store.accounts import Site
from service.store.engine import Store
from service.store.pages import View, Wanted
from service.undo import undo, undo_all

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
ANN, BO = Actor("Ann", "desk", "user-ann"), Actor("Bo", "api")
SECRET = b"a secret of the test suite, long enough"


@pytest.fixture
def site(store: Store) -> Site:
    """A blog."""
    return store.write(lambda connection: accounts.add_site(connection, "blog", "https://blog.example", NOW))


@pytest.fixture
def planter(store: Store, site: Site, redis_url: str) -> Iterator[Planter]:
    """Puts comments into the blog's queue."""
    with redis.Redis.from_url(redis_url) as client:
        yield Planter(store, site.id, client, SECRET)


def found(
    store: Store, site: Site, line: str, *, limit: int = 50, people: bool = False
) -> list[tuple[str, str | None]]:
    """Verb and comment of every act that a line finds, all pages of it, newest first."""
    search, faults = read_search(line)
    assert faults == []
    rows = []
    after = None
    while True:
        with store.read() as connection:
            page = trail.trail_of(connection, site.id, search, limit=limit, after=after, people=people)
        rows += [(row.verb, row.comment_id) for row in page.rows]
        after = page.following
        if after is None:
            return rows


def rule(store: Store, site: Site, ids: list[str], action: Action, actor: Actor = ANN, **said: object) -> list[str]:
    """Rulings one by one; the ids of their acts."""
    acts = []
    for each in ids:
        done, _ = store.write(
            lambda c, each=each: rule_many(c, site.id, [Wish(each, 1)], action, actor=actor, now=LATER, **said)
        )
        acts.append(done[0].act_id)
    return acts


# --- Campaigns ----------------------------------------------------------------------------------------------------


def test_a_planted_wave_is_one_campaign_and_strangers_are_in_none(store, site, planter):
    """With all that the board tells of it."""
    planter.plant([f"An honest question about the {at} parts of the plan." for at in range(4)], NOW, risk=0.3)
    mine = planter.plant(wave(60), NOW)
    planter.plant(wave(6, seed=2), NOW + timedelta(hours=30), action=Action.APPROVE, risk=0.2)

    with store.read() as connection:
        board = waves.waiting_waves(connection, site.id, limit=5)
        (campaign, size) = board[0]
        ids = [each for each, _ in board]
        standings = waves.standings_of(connection, site.id, ids)
        hours = waves.hours_of(connection, ids)
        rows = waves.members_of_wave(connection, site.id, campaign, list(Status), until=LATER + timedelta(days=2))
        assert waves.spread_of(connection, [campaign])[campaign][1] == 9
        assert waves.links_of(connection, [campaign])[campaign]["example.com"] >= size
        assert set(waves.some_of_wave(connection, site.id, campaign, 3)) < {row.comment_id for row in rows}
    assert sum(count for _, count in board) >= 57  # 95 % of the wave
    assert {row.comment_id for row in rows if row.status == "held"} <= set(mine)
    assert standings[campaign][Status.HELD] == size
    everything = [entry for each in hours.values() for entry in each]
    assert sum(count for _, count in everything) == sum(sum(counts.values()) for counts in standings.values())
    assert {at for at, _ in everything} == {datetime(2026, 3, 1, 12), datetime(2026, 3, 2, 18)}  # noqa: DTZ001


def test_the_board_turns_its_pages(store, site, planter):
    """Each campaign is on one of them, and other sites have none of them."""
    for number in range(3):
        base = [f"w{number}x{word}" for word in ("alpha", "beta", "gamma", "delta", "epsilon")]
        words = "".join(each.translate(str.maketrans("0123456789", "abcdefghij")) + " " for each in base)
        planter.plant([f"{words} meets many other friends under bridges tonight"] * (3 + number), NOW)
    other = store.write(lambda c: accounts.add_site(c, "other", "https://other.example", NOW))

    with store.read() as connection:
        first = waves.waiting_waves(connection, site.id, limit=2)
        rest = waves.waiting_waves(connection, site.id, limit=2, after=(first[-1][1], first[-1][0]))
        assert waves.waiting_waves(connection, other.id, limit=2) == []
        assert waves.members_of_wave(connection, other.id, first[0][0], list(Status), until=LATER) == []
    assert [size for _, size in first + rest] == [5, 4, 3]


def test_what_came_after_a_set_was_shown_is_not_in_it(store, site, planter):
    """Nor is what was ruled on."""
    early = planter.plant(wave(4), NOW)
    planter.plant(wave(4, seed=3), LATER)
    rule(store, site, early[:1], Action.APPROVE)

    with store.read() as connection:
        campaign = waves.waiting_waves(connection, site.id, limit=1)[0][0]
        rows = waves.members_of_wave(connection, site.id, campaign, [Status.HELD], until=LATER)
    assert [row.comment_id for row in rows] == early[1:]


def test_risks_fit_the_filters(store, site, planter):
    """As the queue's page understands them."""
    planter.plant(["A question about the roof of the hall."], NOW, risk=0.3, code="links.new_domain")
    planter.plant(["A question about the floor of the hall."], NOW, risk=0.95)

    def risks(**wanted: object) -> list[float]:
        with store.read() as connection:
            return sorted(pages.risks_of(connection, site.id, Wanted(**wanted), user_id=ANN.id))

    assert risks() == [0.3, 0.95]
    assert risks(view=View.BAD) == [0.95]
    assert risks(reason="links.new_domain", text="roof") == [0.3]
    assert risks(author="kim") == [0.3, 0.95]


# --- History ------------------------------------------------------------------------------------------------------


def test_each_operator_finds_its_acts(store, site, planter):
    """Alone and together, in any order."""
    (roof,) = planter.plant(
        ["Is the ROOF of the hall really new, as the people of the paper said last week? https://shop.example.com/a"],
        NOW,
        code="links.new_domain",
        name="Änne Roof",
    )
    (floor,) = planter.plant(
        ["Is the floor new?"], NOW, code="rule.no-floors", article={"url": "https://blog.example/x"}
    )
    rule(store, site, [roof], Action.REJECT, reason=RulingReason.OFF_TOPIC)
    (act,) = rule(store, site, [floor], Action.APPROVE, BO)

    assert found(store, site, "") == [("approve", floor), ("reject", roof)]
    for line in (
        "roof",
        "author:Änne",
        "author:roof",
        "domain:example.com",
        "reason:off_topic",
        "reason:links.new_domain",
        "by:ann",
        "verb:reject",
        "lang:en hall",
    ):
        assert found(store, site, line) == [("reject", roof)], line
    for line in ("rule:no-floors", "rule:rule.no-floors", "article:blog.example/x", "by:Bo model:test-model"):
        assert found(store, site, line) == [("approve", floor)], line
    for line in ("author:%", "roof floor", "rule:no", "reason:links", "model:test", "by:an", "domain:ample.com"):
        assert found(store, site, line) == [], line
    assert len(found(store, site, f"after:{LATER.isoformat()}")) == 2
    assert found(store, site, f"before:{LATER.isoformat()}") == []
    assert found(store, site, "is:appealed") == []
    store.write(lambda c: undo(c, site.id, act, actor=ANN, now=LATER))
    assert found(store, site, "is:undone") == [("approve", floor)]
    assert found(store, site, "verb:undo") == [("undo", floor)]


def test_pages_of_the_history_show_every_act_once(store, site, planter):
    """Acts of the site and of all sites together, newest first, whatever the size of the page."""
    ids = planter.plant([f"What about question {at} of many?" for at in range(7)], NOW)
    rule(store, site, ids[:4], Action.APPROVE)
    for verb in (Verb.MODEL, Verb.PEOPLE):
        store.write(lambda c, verb=verb: act_store.insert_acts(c, [act_row(ANN, verb, LATER, site_id=None)]))
    rule(store, site, ids[4:], Action.REJECT)

    expected = [("reject", each) for each in reversed(ids[4:])]
    after = [("approve", each) for each in reversed(ids[:4])]
    for limit in (1, 2, 3, 50):
        assert found(store, site, "", limit=limit) == [*expected, ("model", None), *after]
        assert found(store, site, "", limit=limit, people=True) == [
            *expected,
            ("people", None),
            ("model", None),
            *after,
        ]


def test_a_batch_stands_for_what_is_in_it(store, site, planter):
    """Its members are found when somebody looks for comments, and open behind it."""
    ids = planter.plant([f"Who knows answer {at} to this?" for at in range(5)], NOW)
    batch = rule_batch(
        store, site.id, [Wish(each, 1) for each in ids], Action.REJECT, actor=ANN, now=LATER, kind="sweep"
    )

    assert found(store, site, "") == [("batch", None)]
    assert found(store, site, "is:batch by:ann") == [("batch", None)]
    assert len(found(store, site, "answer")) == 5
    with store.read() as connection:
        first = trail.members_with_all(connection, batch.act_id, limit=3)
        rest = trail.members_with_all(connection, batch.act_id, limit=3, after=first.following)
        assert trail.size_of_batch(connection, batch.act_id) == (5, 0)
    assert sorted(row.comment_id for row in (*first.rows, *rest.rows)) == sorted(ids)
    assert rest.following is None


def test_all_that_a_search_finds_is_taken_back(store, site, planter):
    """Those in batches too; what was overruled or taken back is left, and other people's is not touched."""
    ids = planter.plant([f"Who knows answer {at} to this?" for at in range(6)], NOW)
    rule_batch(store, site.id, [Wish(each, 1) for each in ids[:3]], Action.REJECT, actor=ANN, now=LATER, kind="sweep")
    acts = rule(store, site, ids[3:5], Action.REJECT)
    rule(store, site, ids[5:], Action.REJECT, BO)
    rule(store, site, ids[:1], Action.APPROVE, BO)
    store.write(lambda c: undo(c, site.id, acts[0], actor=ANN, now=LATER))

    def reversible(line: str) -> list[tuple[str, bool]]:
        with store.read() as connection:
            rows = trail.reversible(connection, site.id, read_search(line)[0], limit=50)
        return sorted((row.comment_id, bool(row.stands)) for row in rows)

    assert reversible("by:ann") == [(ids[0], False), (ids[1], True), (ids[2], True), (ids[4], True)]
    assert reversible("is:batch") == reversible("verb:batch") == [(ids[0], False), (ids[1], True), (ids[2], True)]
    assert reversible("by:ann verb:approve") == []
    assert reversible("is:undone") == []
    with store.read() as connection:
        rows = trail.reversible(connection, site.id, read_search("by:ann")[0], limit=50)
    undone = store.write(lambda c: undo_all(c, site.id, rows, actor=BO, now=LATER, detail={"why": "a test"}))
    assert sorted(each.comment_id for each in undone.done) == [ids[1], ids[2], ids[4]]
    assert [(each.comment_id, each.by) for each in undone.conflicts] == [(ids[0], "Bo")]
    with store.read() as connection:
        held = connection.execute(sa.select(tables.comments.c.id).where(tables.comments.c.status == "held")).scalars()
        assert sorted(held) == [ids[1], ids[2], ids[3], ids[4]]


def test_more_than_a_statement_holds_is_taken_back(store, site, planter, monkeypatch):
    """In portions within one transaction."""
    monkeypatch.setattr("service.undo.PORTION", 2)
    ids = planter.plant([f"Who knows answer {at} to this?" for at in range(5)], NOW)
    batch = rule_batch(
        store, site.id, [Wish(each, 1) for each in ids], Action.REJECT, actor=ANN, now=LATER, kind="sweep"
    )

    undone = store.write(lambda c: undo(c, site.id, batch.act_id, actor=BO, now=LATER))

    assert sorted(each.comment_id for each in undone.done) == sorted(ids)
    with store.read() as connection:
        assert trail.size_of_batch(connection, batch.act_id) == (5, 5)


def test_an_act_shows_the_evidence_of_its_time(store, site, planter):
    """The text and the decision as they were then, although the comment was edited and decided anew since."""
    (comment,) = planter.plant(["The first text."], NOW, risk=0.6)
    (act_id,) = rule(store, site, [comment], Action.REJECT)
    note = store.write(lambda c: review.write_note(c, site.id, comment, "Odd.", actor=ANN, now=LATER))
    store.write(lambda c: moderation.edit(c, site.id, comment, Edit(comment=a_comment("Another text.")), now=LATER))
    store.write(lambda c: moderation.record_decisions(c, {(comment, 2): a_verdict(Action.APPROVE)}, LATER))

    for each in (act_id, note):
        with store.read() as connection:
            act = trail.act_with_all(connection, site.id, each)
            assert trail.text_of_act(connection, act).text == "The first text."
            decision = trail.decision_of_act(connection, act)
        assert (decision.action, decision.scores["spam"]) == ("hold", 0.6)
        assert act.status == "approved"


def test_an_erased_comment_leaves_acts_without_its_text(store, site, planter):
    """That it was erased, and by whom, is on record; no search finds it by its words or name any more."""
    (comment,) = planter.plant(["My secret Quibblefrost."], NOW, name="Wilhelmina")
    rule(store, site, [comment], Action.REJECT)
    store.write(lambda c: moderation.erase(c, site.id, comment, actor=ANN, now=LATER))

    assert found(store, site, "") == [("erase", comment), ("reject", comment)]
    assert found(store, site, "Quibblefrost") == found(store, site, "author:Wilhelmina") == []
    with store.read() as connection:
        act = trail.act_with_all(connection, site.id, found_id(store, site))
        assert trail.text_of_act(connection, act) is None
        assert (act.actor, act.status_before, act.status_after) == ("Ann", "rejected", "erased")


def found_id(store: Store, site: Site) -> str:
    """The newest act of a site."""
    with store.read() as connection:
        return trail.trail_of(connection, site.id, read_search("")[0], limit=1, people=False).rows[0].id


def test_changes_of_policy_are_on_record(store, site):
    """By whom, by which way, and which version; the same document again is no change."""
    for made_by in ("cli:ada", "cli:ada", "Bo"):
        text = "[heads.spam]\nhold_at = 0.4" if made_by != "Bo" else "[heads.spam]\nhold_at = 0.3"
        store.write(
            lambda c, text=text, by=made_by: set_policy(
                c, site.id, "site", from_toml(text), expected=None, made_by=by, note="a try", now=NOW
            )
        )

    with store.read() as connection:
        rows = trail.trail_of(connection, site.id, read_search("verb:policy")[0], limit=5, people=False).rows
    assert [(row.actor, row.source, row.detail["version"]) for row in rows] == [("Bo", "desk", 2), ("ada", "cli", 1)]


# --- Mistakes to expect -------------------------------------------------------------------------------------------


def test_only_looks_at_single_comments_count(store, site, planter, monkeypatch):
    """What was ruled on in a batch proves nothing, nor what another model had scored, nor what was taken back."""
    with store.read() as connection:
        assert model_on(connection, site.id) != "test-model"
    monkeypatch.setattr("service.mistakes.model_on", lambda connection, site_id: "test-model")
    ids = planter.plant([f"A look at number {at} of these." for at in range(30)], NOW, risk=0.7)
    rule(store, site, ids[:20], Action.REJECT)
    rule(store, site, ids[20:22], Action.APPROVE)
    (taken,) = rule(store, site, ids[22:23], Action.APPROVE)
    store.write(lambda c: undo(c, site.id, taken, actor=ANN, now=LATER))
    rule_batch(store, site.id, [Wish(each, 1) for each in ids[23:]], Action.REJECT, actor=ANN, now=LATER, kind="sweep")

    with store.read() as connection:
        assert len(looks.ruled_one_by_one(connection, site.id, "test-model")) == 22
        assert looks.ruled_one_by_one(connection, site.id, "another-model") == []
        mistakes = expected_mistakes(connection, site.id, risk_from=0.6, risk_to=0.8, count=110)
        elsewhere = expected_mistakes(connection, site.id, risk_from=0.8, risk_to=1, count=110)
    assert (mistakes[Action.REJECT].wrong, mistakes[Action.REJECT].expected) == (2, pytest.approx(10))
    assert mistakes[Action.APPROVE].wrong == 20
    assert elsewhere[Action.REJECT].looked == 0
    assert elsewhere[Action.REJECT].expected is None


# --- People -------------------------------------------------------------------------------------------------------


def test_who_may_do_what_is_on_record(store, site):
    """Each change of a person's rights, by whom, on which site; that of all sites is for those who manage people."""
    ada = store.write(lambda c: people.add_user(c, "Ada", {None: Role.ADMIN}, NOW, by=ANN))
    bo = store.write(lambda c: people.add_user(c, "Bo", {site.id: Role.TRAINEE}, NOW, by=ANN))
    store.write(lambda c: people.change_role(c, bo, site.id, Role.MODERATOR, by=ANN, now=NOW))
    store.write(lambda c: people.change_role(c, bo, site.id, Role.MODERATOR, by=ANN, now=NOW))
    store.write(lambda c: people.reset(c, bo, SECRET, NOW, by=ANN))
    store.write(lambda c: people.disable(c, bo, NOW, by=ANN))
    store.write(lambda c: people.enable(c, bo, by=ANN, now=NOW))

    def told(*, everything: bool) -> list[tuple[str, str, str | None]]:
        with store.read() as connection:
            search = read_search("by:ann verb:people")[0]
            rows = trail.trail_of(connection, site.id, search, limit=20, people=everything).rows
        return [(row.detail["who"], row.detail["did"], row.detail["role"]) for row in reversed(rows)]

    assert told(everything=False) == [(bo.name, "add", "trainee"), (bo.name, "role", "moderator")]
    assert told(everything=True) == [
        (ada.name, "add", "admin"),
        *told(everything=False),
        (bo.name, "reset", None),
        (bo.name, "disable", None),
        (bo.name, "enable", None),
    ]


def test_acts_only_grow(store, site, planter):
    """Whatever is done, the rows that were there stay as they are."""
    ids = planter.plant([f"Who knows answer {at} to this?" for at in range(4)], NOW)
    seen: list[object] = []

    def grown() -> None:
        nonlocal seen
        with store.read() as connection:
            rows = connection.execute(sa.select(tables_desk.acts).order_by(tables_desk.acts.c.id)).all()
        assert rows[: len(seen)] == seen
        assert len(rows) > len(seen)
        seen = list(rows)

    first, _ = rule(store, site, ids[:2], Action.REJECT)
    grown()
    store.write(lambda c: undo(c, site.id, first, actor=BO, now=LATER))
    grown()
    store.write(lambda c: review.escalate(c, site.id, ids[2], "Look.", actor=ANN, now=LATER))
    grown()
    change = Edit(comment=a_comment("Another text."))
    store.write(lambda c: moderation.edit(c, site.id, ids[1], change, now=LATER))
    store.write(lambda c: moderation.erase(c, site.id, ids[1], actor=ANN, now=LATER))
    grown()
