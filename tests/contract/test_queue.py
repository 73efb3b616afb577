"""The moderators' queue: what is in it, in which order, who may act, and that everything can be taken back."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
import sqlalchemy as sa
from factories import a_comment, a_submission, a_verdict, an_author

from classifier.domain import HEADS, Action, Reason, Verdict
from classifier.lessons import RulingReason
from service import moderation, review
from service.acts import Actor
from service.batches import rule_batch
from service.moderation import Keep, NotFoundError
from service.pseudonyms import Pseudonyms
from service.review import ClaimedError, NotWaitingError
from service.rulings import Conflict, Done, Wish, rule_many, take_back_many
from service.schemas import Edit
from service.store import accounts, pages, tables, tables_desk
from service.store import acts as act_store
from service.store import review as items
from service.store.accounts import Site
from service.store.engine import Store
from service.store.pages import Sort, View, Wanted
from service.store.rulings import ruled_on
from service.undo import FinalError, UndoneError, undo, undo_all

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ANN, BO = Actor("Ann", "desk", "user-ann"), Actor("Bo", "desk", "user-bo")
KEEP = Keep(pseudonyms=Pseudonyms(b"a secret of the test suite, long enough"))
_number = count()


@pytest.fixture
def site(store: Store) -> Site:
    """A blog."""
    return store.write(lambda connection: accounts.add_site(connection, "blog", "https://blog.example", NOW))


def at_risk(risk: float, action: Action = Action.HOLD, *codes: str, escalate: bool = False) -> Verdict:
    """A verdict whose highest score is this one."""
    reasons = tuple(
        Reason(code=code, message="A test says so.", weight=1.0, escalate=escalate)
        for code in codes or ("test.reason",)
    )
    return a_verdict(action, scores={**dict.fromkeys(HEADS, 0.01), "spam": risk}, reasons=reasons)


def stored(store: Store, site: Site, verdict: Verdict, *, now: datetime = NOW, text: str | None = None) -> str:
    """A comment that the machine has decided on."""
    submission = a_submission(
        text or f"What about number {next(_number)}?", author=an_author(email="jo@reader.example")
    )
    (accepted,) = store.write(lambda c: moderation.submit(c, site.id, [submission], now, keep=KEEP))
    store.write(lambda c: moderation.record_decisions(c, {(accepted.id, 1): verdict}, now))
    return accepted.id


def shown(store: Store, site: Site, user: Actor = ANN, **wanted: object) -> list[str]:
    """Ids of a view, all pages of it."""
    found: list[str] = []
    cursor = None
    while True:
        with store.read() as connection:
            page = pages.page_of(connection, site.id, Wanted(**wanted), user_id=user.id, limit=2, cursor=cursor)
        found += [row.comment_id for row in page.rows]
        cursor = page.following
        if cursor is None:
            return found


def ruled(store: Store, site: Site, *wishes: Wish, action: Action = Action.APPROVE, actor: Actor = ANN, **said: object):
    """What became of a ruling on several comments."""
    return store.write(lambda c: rule_many(c, site.id, list(wishes), action, actor=actor, now=NOW, **said))


def state_of(store: Store) -> dict[str, object]:
    """Everything that acts change and undo must put back: comments, records, the queue, what was taught."""
    columns = [c for c in tables.comments.c if c.name not in {"waiting_since", "attempts"}]
    leases = {"claimed_by", "claimed_name", "claimed_until"}
    with store.read() as connection:
        (site_id,) = connection.execute(sa.select(tables.sites.c.id)).scalars()
        open_items = tables_desk.review_items.c.closed_at.is_(None)
        item_columns = [c for c in tables_desk.review_items.c if c.name not in leases]
        return {
            "comments": connection.execute(sa.select(*columns).order_by(columns[0])).all(),
            "authors": connection.execute(sa.select(tables.authors).order_by("key")).all(),
            "domains": connection.execute(sa.select(tables.domains).order_by("domain")).all(),
            "items": connection.execute(sa.select(*item_columns).where(open_items).order_by("comment_id")).all(),
            "skips": connection.execute(sa.select(tables_desk.skips.c.comment_id).order_by("comment_id")).all(),
            "lessons": [(each.comment_id, each.action, each.reason) for each in ruled_on(connection, site_id)],
        }


def test_what_the_machine_holds_waits_in_its_lane(store, site):
    """Held comments only; each in one view, and counted there with the age of the oldest."""
    fine = stored(store, site, at_risk(0.1))
    uncertain = stored(store, site, at_risk(0.6), now=NOW + timedelta(minutes=1))
    bad = stored(store, site, at_risk(0.97), now=NOW + timedelta(minutes=2))
    threat = stored(store, site, at_risk(0.2, Action.HOLD, "threat.direct", escalate=True))
    stored(store, site, at_risk(0.1, Action.APPROVE))
    stored(store, site, at_risk(0.999, Action.REJECT))

    assert shown(store, site, view=View.FINE) == [fine]
    assert shown(store, site, view=View.UNCERTAIN) == [uncertain]
    assert shown(store, site, view=View.BAD) == [bad]
    assert shown(store, site, view=View.ESCALATED) == [threat]
    assert set(shown(store, site)) == {fine, uncertain, bad, threat}
    with store.read() as connection:
        found = pages.loads(connection, site.id, ANN.id)
    assert (found[View.FINE].count, found[View.UNCERTAIN].oldest) == (1, NOW + timedelta(minutes=1))
    assert (found[View.ALL].count, found[View.ALL].oldest) == (4, NOW)


def test_every_order_shows_every_item_once(store, site):
    """Pages of two over seven items, some of them equal."""
    risks = [0.5, 0.1, 0.95, 0.5, 0.3, 0.7, 0.1]
    ids = [stored(store, site, at_risk(risk), now=NOW + timedelta(minutes=at)) for at, risk in enumerate(risks)]

    by_risk = shown(store, site, sort=Sort.RISKIEST)
    assert [risks[ids.index(each)] for each in by_risk] == sorted(risks, reverse=True)
    assert shown(store, site, sort=Sort.OLDEST) == ids
    assert shown(store, site, sort=Sort.UNCERTAIN)[:2] == [ids[0], ids[3]]
    assert shown(store, site, sort=Sort.KINDNESS) == [ids[1], ids[4], ids[6], ids[0], ids[3], ids[5], ids[2]]


def test_filters_fit_together(store, site):
    """Reason, language, risk, author and words of the text, each alone and at once."""
    link = stored(
        store, site, at_risk(0.6, Action.HOLD, "links.new_domain", "model.spam"), text="Look at 100% wool_socks"
    )
    other = stored(store, site, at_risk(0.8, Action.HOLD, "model.spam"))

    assert shown(store, site, reason="links.new_domain") == [link]
    assert shown(store, site, reason="links.new") == []
    assert shown(store, site, reason="model.spam", risk_from=0.7) == [other]
    assert shown(store, site, text="100% WOOL_") == [link]
    assert shown(store, site, text="100x wool_") == []
    assert set(shown(store, site, author="jo r")) == {link, other}
    assert shown(store, site, before=NOW) == []
    with store.read() as connection:
        assert pages.facets(connection, site.id)["reason"] == [("model.spam", 2), ("links.new_domain", 1)]


def test_a_ruling_takes_a_comment_out_and_undo_puts_it_back_as_it_was(store, site):
    """Status, records, lesson and place in the queue."""
    comment = stored(store, site, at_risk(0.6))
    before = state_of(store)
    done, conflicts = ruled(store, site, Wish(comment, 1, None), action=Action.REJECT, reason=RulingReason.SPAM)
    assert shown(store, site) == []
    assert conflicts == []

    undone = store.write(lambda c: undo(c, site.id, done[0].act_id, actor=BO, now=NOW))

    assert [each.comment_id for each in undone.done] == [comment]
    assert state_of(store) == before
    with pytest.raises(UndoneError):
        store.write(lambda c: undo(c, site.id, done[0].act_id, actor=BO, now=NOW))
    with pytest.raises(FinalError):
        store.write(lambda c: undo(c, site.id, undone.act_id, actor=BO, now=NOW))


def test_nothing_is_decided_twice(store, site):
    """Who saw the comment before a colleague ruled changes nothing and is told who did."""
    comment = stored(store, site, at_risk(0.6))
    ruled(store, site, Wish(comment, 1, None), actor=BO)

    done, (conflict,) = ruled(store, site, Wish(comment, 1, None), action=Action.REJECT)

    assert done == []
    assert (conflict.code, conflict.status, conflict.by) == ("ruling.other", "approved", "Bo")
    with store.read() as connection:
        assert [row.action for row in connection.execute(sa.select(tables.rulings))] == ["approve"]


def test_a_comment_that_is_named_twice_is_ruled_on_once(store, site):
    """Its author's record counts it once, and one undo puts everything back."""
    comment = stored(store, site, at_risk(0.6))
    before = state_of(store)

    done, _ = ruled(store, site, Wish(comment, 1, None), Wish(comment, 1, None), action=Action.REJECT)

    assert len(done) == 1
    with store.read() as connection:
        assert connection.execute(sa.select(tables.authors.c.rejected)).scalar() == 1
    made = [(comment, done[0].ruling_id)] * 2
    store.write(lambda c: take_back_many(c, site.id, made, actor=ANN, now=NOW))
    assert state_of(store) == before


def test_an_edit_makes_what_was_seen_stale(store, site):
    """The text that was read is not the text that is there."""
    comment = stored(store, site, at_risk(0.6))
    store.write(lambda c: moderation.edit(c, site.id, comment, Edit(comment=a_comment("Another text.")), now=NOW))

    assert shown(store, site) == []
    assert ruled(store, site, Wish(comment, 1, None))[1] == [Conflict(comment, "comment.changed", "pending")]


def test_a_lease_keeps_colleagues_away_until_it_runs_out(store, site):
    """A look is not for ever, and a leased comment can be taken over on purpose."""
    comment = stored(store, site, at_risk(0.6))
    take = {"user_id": ANN.id, "name": "Ann"}
    store.write(lambda c: review.claim(c, site.id, comment, **take, now=NOW))
    store.write(lambda c: review.claim(c, site.id, comment, **take, now=NOW + timedelta(seconds=60)))

    later = NOW + timedelta(seconds=140)
    with pytest.raises(ClaimedError, match="Ann"):
        store.write(lambda c: review.claim(c, site.id, comment, user_id=BO.id, name="Bo", now=later))
    assert ruled(store, site, Wish(comment, 1, None), actor=BO)[1][0].code == "item.claimed"
    store.write(lambda c: review.claim(c, site.id, comment, user_id=BO.id, name="Bo", now=NOW + timedelta(seconds=151)))
    store.write(lambda c: review.take_over(c, site.id, comment, actor=ANN, now=NOW))
    assert len(ruled(store, site, Wish(comment, 1, None), actor=ANN)[0]) == 1
    with pytest.raises(NotWaitingError):
        store.write(lambda c: review.claim(c, site.id, comment, **take, now=NOW))


def test_what_is_skipped_is_skipped_for_one(store, site):
    """It goes to one's own pile and stays in everybody else's."""
    comment = stored(store, site, at_risk(0.6))
    act = store.write(lambda c: review.skip(c, site.id, comment, actor=ANN, now=NOW))

    assert shown(store, site, ANN, view=View.UNCERTAIN) == []
    assert shown(store, site, ANN, view=View.SKIPPED) == [comment]
    assert shown(store, site, BO, view=View.UNCERTAIN) == [comment]
    store.write(lambda c: undo(c, site.id, act, actor=ANN, now=NOW))
    assert shown(store, site, ANN, view=View.UNCERTAIN) == [comment]


def test_a_trainees_ruling_waits_for_a_second_look(store, site):
    """Nothing is published by it; whoever looks sees what was proposed."""
    comment = stored(store, site, at_risk(0.6))
    before = state_of(store)
    act = store.write(lambda c: review.propose(c, site.id, comment, 1, Action.APPROVE, actor=ANN, now=NOW))

    assert shown(store, site, BO, view=View.SECOND_LOOK) == [comment]
    with store.read() as connection:
        row = pages.item_with_all(connection, site.id, comment)
    assert (row.status, row.proposed_action, row.proposed_name) == ("held", "approve", "Ann")
    store.write(lambda c: undo(c, site.id, act, actor=ANN, now=NOW))
    assert state_of(store) == before


def test_any_comment_can_be_escalated_with_a_note(store, site):
    """Also one that was published; undo takes it out of the queue again."""
    comment = stored(store, site, at_risk(0.1, Action.APPROVE))
    act = store.write(lambda c: review.escalate(c, site.id, comment, "Please look.", actor=ANN, now=NOW))

    assert shown(store, site, view=View.ESCALATED) == [comment]
    with store.read() as connection:
        assert [note.text for note in items.notes_on(connection, comment)] == ["Please look."]
    store.write(lambda c: undo(c, site.id, act, actor=ANN, now=NOW))
    assert shown(store, site) == []


def test_five_hundred_are_one_act_and_one_undo(store, site):
    """Those that somebody ruled on meanwhile are left alone, at the batch and at its undo."""
    ids = [stored(store, site, at_risk(0.97)) for _ in range(12)]
    before = state_of(store)
    batch = rule_batch(
        store,
        site.id,
        [Wish(each, 1, None) for each in ids],
        Action.REJECT,
        actor=ANN,
        now=NOW,
        kind="campaign",
        reason=RulingReason.SPAM,
    )
    assert (len(batch.done), batch.conflicts, shown(store, site)) == (12, (), [])

    undone = store.write(lambda c: undo(c, site.id, batch.act_id, actor=BO, now=NOW))

    assert len(undone.done) == 12
    assert state_of(store) == before


def test_later_acts_survive_the_undo_of_a_batch(store, site):
    """What somebody decided afterwards is not touched, and is told of."""
    ids = [stored(store, site, at_risk(0.97)) for _ in range(3)]
    wishes = [Wish(each, 1, None) for each in ids]
    batch = rule_batch(store, site.id, wishes, Action.REJECT, actor=ANN, now=NOW, kind="sweep")
    rescued = next(each.ruling_id for each in batch.done if each.comment_id == ids[1])
    ruled(store, site, Wish(ids[1], 1, rescued), actor=BO)

    undone = store.write(lambda c: undo(c, site.id, batch.act_id, actor=ANN, now=NOW))

    assert [(each.comment_id, each.by) for each in undone.conflicts] == [(ids[1], "Bo")]
    assert set(shown(store, site)) == {ids[0], ids[2]}


def test_all_rulings_on_a_comment_can_be_taken_back_at_once(store, site):
    """The newest first, whatever the order in which they are named."""
    comment = stored(store, site, at_risk(0.6))
    before = state_of(store)
    made = [ruled(store, site, Wish(comment, 1), action=each)[0][0].act_id for each in (Action.REJECT, Action.APPROVE)]

    def work(connection):
        members = [act_store.act_of(connection, each) for each in made]
        return undo_all(connection, site.id, members, actor=BO, now=NOW)

    undone = store.write(work)

    assert (len(undone.done), undone.conflicts) == (2, [])
    assert state_of(store) == before


@pytest.mark.parametrize("seed", range(3))
def test_a_random_afternoon_can_be_taken_back_act_by_act(store, site, seed: int):
    """Do anything in any order, then undo it from the last act to the first: everything is as it was before."""
    chance = random.Random(seed)
    verdicts = [at_risk(chance.random(), chance.choice(list(Action))) for _ in range(8)]
    ids = [stored(store, site, verdict) for verdict in verdicts]
    before = state_of(store)
    made: list[str] = []
    for _ in range(25):
        comment = chance.choice(ids)
        match chance.randrange(5):
            case 0 | 1:
                action = chance.choice(list(Action))
                done: list[Done] = ruled(store, site, Wish(comment, 1), action=action, actor=chance.choice([ANN, BO]))[
                    0
                ]
                made += [each.act_id for each in done]
            case 2:
                wishes = [Wish(each, 1) for each in chance.sample(ids, 4)]
                made.append(rule_batch(store, site.id, wishes, Action.REJECT, actor=ANN, now=NOW, kind="sweep").act_id)
            case 3:
                made.append(
                    store.write(lambda c, each=comment: review.escalate(c, site.id, each, None, actor=ANN, now=NOW))
                )
            case 4:
                try:
                    made.append(store.write(lambda c, each=comment: review.skip(c, site.id, each, actor=BO, now=NOW)))
                except (NotWaitingError, NotFoundError):
                    continue

    for act in reversed(made):
        assert store.write(lambda c, each=act: undo(c, site.id, each, actor=BO, now=NOW)).conflicts == []

    after = state_of(store)
    assert after == before
    with store.read() as connection:
        assert act_store.undone_among(connection, made) == set(made)
