"""Events and their deliveries on both databases: what is noted, in which order it goes out, and how it ends."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from factories import a_comment, a_submission, a_verdict

from classifier.domain import Action, Reason
from classifier.lessons import RulingReason
from service import deliveries, hooks, moderation
from service.acts import Actor
from service.batches import rule_batch
from service.commands.webhooks import KINDS
from service.deliveries import DISABLE_AFTER, GAPS, JITTER, LEASE_SECONDS, Done, Outcome
from service.egress import EgressError, rules_of
from service.events import EventKind, id_after
from service.hooks import BadAddressError, EmptyEventError, HookError, NoSuchHookError
from service.readers import report
from service.rulings import Wish, rule, take_back
from service.schemas import ArticleIn, AuthorIn, Edit
from service.store import accounts, tables
from service.store import deliveries as sql
from service.store import hooks as hooks_sql
from service.store import tables_hooks as told
from service.store.accounts import Site
from service.store.engine import Store
from service.undo import undo
from service.webhooks import SignatureError, verify

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SECRET = b"a secret of the test suite, long enough to be one"
RULES = rules_of(["443"], [], plain_http=False, seconds=1)
URL = "https://blog.example/hook"


@dataclass
class Receiver:
    """What a blog sees, and what it answers: a status, or a sentence for no answer."""

    answers: list[int | str] = field(default_factory=list)
    got: list[tuple[str, dict[str, Any], dict[str, str]]] = field(default_factory=list)
    during: Callable[[], object] | None = None

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        self.got.append((url, json.loads(body), {**headers, "body": body.decode()}))
        if self.during is not None:
            self.during()
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, str):
            raise EgressError(answer)
        return answer

    @property
    def kinds(self) -> list[str]:
        """The events it took, in order."""
        return [document["type"] for _, document, _ in self.got]


@pytest.fixture
def receiver() -> Receiver:
    """A blog's server."""
    return Receiver()


@pytest.fixture
def site(store: Store) -> Site:
    """A blog."""
    return store.write(lambda connection: accounts.add_site(connection, "blog", "https://blog.example", NOW))


@pytest.fixture
def hook(store: Store, site: Site) -> hooks.Made:
    """Its webhook, for everything."""
    return add(store, site)


def add(store: Store, site: Site, *kinds: EventKind, url: str = URL) -> hooks.Made:
    """Another webhook."""
    return store.write(lambda c: hooks.add(c, site, url, kinds, secret=SECRET, rules=RULES, now=NOW))


def submitted(store: Store, site: Site, **fields: Any) -> str:
    """A comment that waits."""
    (accepted,) = store.write(lambda c: moderation.submit(c, site.id, [a_submission(**fields)], NOW))
    return accepted.id


def decide(store: Store, comment_id: str, action: Action = Action.HOLD, revision: int = 1, **fields: Any) -> None:
    """The machine speaks."""
    verdict = a_verdict(action, **fields)
    store.write(lambda c: moderation.record_decisions(c, {(comment_id, revision): verdict}, NOW))


def ruled(store: Store, site: Site, comment_id: str, action: Action = Action.APPROVE, **said: Any) -> str:
    """A person speaks."""
    return store.write(lambda c: rule(c, site.id, comment_id, 1, action, moderator="Ann Moderator", now=NOW, **said))


def waiting(store: Store, now: datetime = NOW) -> list[str]:
    """What upkeep would hand out."""
    with store.read() as connection:
        return sql.due(connection, now, 100)


def tell(store: Store, receiver: Receiver, delivery_id: str, now: datetime = NOW) -> Done | None:
    """One attempt."""
    return deliveries.deliver(store, SECRET, receiver, delivery_id, clock=lambda: now, chance=0.5)


def tell_all(store: Store, receiver: Receiver, now: datetime = NOW) -> list[Outcome]:
    """Attempts until nothing is due."""
    outcomes: list[Outcome] = []
    while ids := waiting(store, now):
        tried = [done for delivery_id in ids if (done := tell(store, receiver, delivery_id, now)) is not None]
        assert tried, "what is due can be sent"
        outcomes += [done.outcome for done in tried]
    return outcomes


def states(store: Store) -> dict[str, int]:
    """How many deliveries stand where."""
    with store.read() as connection:
        return sql.count_by_state(connection)


def row_of(store: Store, hook: hooks.Made) -> Any:
    """The webhook as it stands."""
    with store.read() as connection:
        return hooks.find(connection, hook.webhook.id)


def stored_events(store: Store) -> list[Any]:
    """All events, in the order in which they happened."""
    with store.read() as connection:
        return list(connection.execute(sa.select(told.events).order_by(told.events.c.id)))


# --- What is noted ------------------------------------------------------------------------------------------------


def test_everything_that_happens_to_a_comment_is_told_in_order(store, site, hook, receiver):
    """Decision, ruling, undo and erasure, each with how the comment stands after it."""
    comment = submitted(store, site, id="c1", article=ArticleIn(id="a1", url="https://blog.example/a"))
    decide(store, comment, Action.HOLD)
    ruling = ruled(store, site, comment, Action.APPROVE, reason=RulingReason.EXCEPTION)
    store.write(lambda c: take_back(c, site.id, comment, ruling, moderator="bo", now=NOW, source="desk"))
    assert tell_all(store, receiver) == [Outcome.DELIVERED] * 3
    store.write(lambda c: moderation.erase(c, site.id, comment, now=NOW))
    assert tell_all(store, receiver) == [Outcome.DELIVERED]

    assert receiver.kinds == ["comment.decided", "comment.ruled", "ruling.undone", "comment.erased"]
    documents = [document for _, document, _ in receiver.got]
    assert [document["id"] for document in documents] == sorted(document["id"] for document in documents)
    assert [d["data"]["comment"].get("status") for d in documents] == ["held", "approved", "held", None]
    assert [d["data"]["comment"].get("action") for d in documents] == ["hold", "approve", "hold", None]
    first, second, third, last = (document["data"] for document in documents)
    assert first["comment"]["external_id"] == "c1"
    assert (first["comment"]["article"]["external_id"], first["comment"]["article"]["url"]) == (
        "a1",
        "https://blog.example/a",
    )
    assert first["decision"]["reasons"] == [{"code": "test.reason", "message": "A test says so.", "weight": 1.0}]
    assert (first["decision"]["model"], first["decision"]["policy"]) == ("test-model", "test-policy")
    assert (second["ruling"]["id"], second["ruling"]["reason"]) == (ruling, "exception")
    assert (third["undone"]["ruling_id"], third["undone"]["source"]) == (ruling, "desk")
    assert last == {"site_id": site.id, "comment": {"id": comment, "external_id": "c1"}}


def test_a_batch_of_rulings_and_its_undo_are_told_comment_by_comment(store, site, hook, receiver):
    """What the desk does in one act, a blog hears of for each comment, with constant statements."""
    comments = [submitted(store, site) for _ in range(5)]
    for comment in comments:
        decide(store, comment, Action.HOLD)
    tell_all(store, receiver)
    receiver.got.clear()
    ann = Actor("ann", "desk")
    wishes = [Wish(comment, 1) for comment in comments]
    batch = rule_batch(store, site.id, wishes, Action.REJECT, actor=ann, now=NOW, kind="selection")
    undone = store.write(lambda c: undo(c, site.id, batch.act_id, actor=ann, now=NOW))
    assert len(undone.done) == 5
    tell_all(store, receiver)

    for comment in comments:
        said = [document for _, document, _ in receiver.got if document["data"]["comment"]["id"] == comment]
        assert [each["type"] for each in said] == ["comment.ruled", "ruling.undone"]
        assert [each["data"]["comment"]["status"] for each in said] == ["rejected", "held"]
        assert said[0]["data"]["ruling"]["source"] == "desk"


def test_readers_who_flag_a_comment_down_are_told_of_as_a_number(store, site, hook):
    """Only when it is taken down; a blog that hears of it takes it down, too."""
    comment = submitted(store, site)
    decide(store, comment, Action.APPROVE)
    for reader in ("r1", "r2", "r2", "r3", "r4"):
        store.write(
            lambda c, reader=reader: report(
                c, site.id, comment, RulingReason.SPAM, reporter=reader, note="Zanzibaroque", now=NOW
            )
        )

    _, told_of = stored_events(store)
    assert told_of.kind == "comment.reported"
    assert told_of.payload["data"]["reports"] == {"readers": 3}
    assert told_of.payload["data"]["comment"]["status"] == "held"
    assert "Zanzibaroque" not in json.dumps(told_of.payload)


def test_the_command_knows_every_kind():
    """It names them without loading what makes them."""
    assert set(KINDS) == set(EventKind)


def test_the_clock_holding_a_comment_is_an_event_too(store, site, hook):
    """Late first, and the machine's decision after it."""
    comment = submitted(store, site)
    store.write(lambda c: moderation.hold_late(c, NOW + timedelta(hours=1), NOW + timedelta(hours=1)))
    decide(store, comment, Action.APPROVE)

    said = [row.payload["data"] for row in stored_events(store)]
    assert [each["decision"]["kind"] for each in said] == ["late", "machine"]
    assert [each["comment"]["status"] for each in said] == ["held", "approved"]


def test_nothing_personal_is_ever_noted(store, site, hook):
    """No text, name, email, IP, note or moderator, in no event."""
    author = AuthorIn(
        id="author-7", name="Wilhelmina", email="w@crabtree.example", url="https://crabtree.example", ip="192.0.2.9"
    )
    comment = submitted(store, site, text="Quibblefrost", author=author, referrer="https://search.example/q")
    decide(store, comment, Action.HOLD)
    ruling = ruled(store, site, comment, Action.REJECT, note="Zanzibaroque", reason=RulingReason.SPAM)
    store.write(lambda c: take_back(c, site.id, comment, ruling, moderator="Ottoline", now=NOW))

    said = json.dumps([row.payload for row in stored_events(store)]).lower()
    assert len(stored_events(store)) == 3
    for word in ("quibblefrost", "wilhelmina", "crabtree", "192.0.2.9", "author-7", "search.example"):
        assert word not in said
    for word in ("zanzibaroque", "ann moderator", "ottoline", "spans"):
        assert word not in said


def test_a_site_without_a_live_webhook_notes_nothing(store, site, receiver):
    """Nor one whose webhook is disabled or does not want the kind; and no other site's is told."""
    other = store.write(lambda connection: accounts.add_site(connection, "other", "https://other.example", NOW))
    theirs = add(store, other)
    decide(store, submitted(store, site))
    assert stored_events(store) == []

    picky = add(store, site, EventKind.ERASED)
    decide(store, submitted(store, site))
    assert stored_events(store) == []

    store.write(lambda c: hooks.remove(c, picky.webhook.id))
    store.write(lambda c: deliveries.disable(c, theirs.webhook.id, "A test.", NOW))
    decide(store, submitted(store, other))
    assert stored_events(store) == []


def test_a_site_without_webhooks_pays_no_statement(store, site):
    """What decides whether anybody listens stands in a statement that is made anyway."""
    counted: list[str] = []

    def count(_c: object, _cursor: object, statement: str, *_: object) -> None:
        counted.append(statement)

    def statements() -> list[str]:
        comment = submitted(store, site)
        counted.clear()
        decide(store, comment)
        return [each for each in counted if "SAVEPOINT" not in each and "BEGIN" not in each]

    sa.event.listen(store.engine, "before_cursor_execute", count)
    without = statements()
    add(store, site)
    with_one = statements()

    assert not any("webhooks" in each and "FROM comments" not in each for each in without)
    assert not any("events" in each.split("FROM")[0] for each in without)
    assert len(with_one) == len(without) + 5


def test_a_decision_that_changes_nothing_is_not_told(store, site, hook):
    """A late comer after a ruling, the same decision twice, a stale revision."""
    comment = submitted(store, site)
    ruled(store, site, comment)
    decide(store, comment)
    decide(store, comment)
    other = submitted(store, site)
    store.write(lambda c: moderation.edit(c, site.id, other, Edit(comment=a_comment("Other words.")), now=NOW))
    decide(store, other, revision=1)

    assert [row.kind for row in stored_events(store)] == ["comment.ruled"]


def test_what_was_rolled_back_never_happened(store, site, hook):
    """The event stands and falls with the change, and nobody is told of it."""
    heard: list[str] = []
    store.after_commit = heard.extend
    comment = submitted(store, site)

    def fail(connection: Any) -> None:
        moderation.record_decisions(connection, {(comment, 1): a_verdict()}, NOW)
        raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError):
        store.write(fail)
    assert (stored_events(store), heard) == ([], [])

    decide(store, comment)
    assert heard == waiting(store)
    assert len(heard) == 1


def test_events_of_a_comment_sort_although_clocks_go_backwards(store, site, hook):
    """Another host whose clock is an hour ahead decided first."""
    comment = submitted(store, site)
    decide(store, comment)
    ahead = "0fffffff-0000-7000-8000-000000000000"
    store.write(lambda c: c.execute(sa.delete(told.deliveries)))
    store.write(lambda c: c.execute(sa.update(told.events).values(id=ahead)))
    ruled(store, site, comment)

    first, second = stored_events(store)
    assert (first.id, first.kind, second.kind) == (ahead, "comment.decided", "comment.ruled")
    assert id_after(None) < id_after("ffffffff-0000-7000-8000-000000000000")


# --- Erasure ------------------------------------------------------------------------------------------------------


def test_erasing_a_comment_empties_its_events_and_stops_what_was_on_its_way(store, site, hook, receiver):
    """What was told is on record without its content; what was not told never will be, but for the erasure."""
    comment, neighbour = submitted(store, site), submitted(store, site)
    decide(store, comment)
    decide(store, neighbour)
    tell_all(store, receiver)
    ruled(store, site, comment)
    store.write(lambda c: moderation.erase(c, site.id, comment, now=NOW))

    rows = {(row.comment_id, row.kind): row.payload for row in stored_events(store)}
    assert rows[comment, "comment.decided"] is None
    assert rows[comment, "comment.ruled"] is None
    assert rows[neighbour, "comment.decided"] is not None
    assert tell_all(store, receiver) == [Outcome.DELIVERED]
    assert receiver.kinds[-1] == "comment.erased"
    delivered = records(store, state="delivered")
    gone = next(row.id for row in delivered if row.comment_id == comment and row.kind == "comment.decided")
    with pytest.raises(EmptyEventError):
        store.write(lambda c: hooks.replay_one(c, gone, NOW))


def test_an_erasure_while_it_is_being_told_does_not_bring_it_back(store, site, hook, receiver):
    """The attempt under way ends into nothing."""
    comment = submitted(store, site)
    decide(store, comment)
    (delivery,) = waiting(store)
    receiver.answers = [500]
    receiver.during = lambda: store.write(lambda c: moderation.erase(c, site.id, comment, now=NOW))
    tell(store, receiver, delivery)
    receiver.during = None

    assert [row.kind for row in records(store, state="waiting")] == ["comment.erased"]


def records(store: Store, **which: Any) -> list[Any]:
    """Deliveries with their events."""
    with store.read() as connection:
        return sql.records(connection, **which)


# --- Telling ------------------------------------------------------------------------------------------------------


def test_a_later_event_never_overtakes_an_earlier_one(store, site, hook, receiver):
    """It waits while the earlier one is tried again, and until that is delivered or dead; other comments do not."""
    comment, other = submitted(store, site), submitted(store, site)
    decide(store, comment)
    ruled(store, site, comment)
    decide(store, other)
    first, second, third = [row.id for row in reversed(records(store))]
    receiver.answers = [500]

    assert tell(store, receiver, second) is None
    assert tell(store, receiver, first) == Done(Outcome.FAILED, None)
    assert waiting(store) == [third]
    assert tell(store, receiver, second) is None
    later = NOW + timedelta(seconds=GAPS[0] * 2)
    assert tell(store, receiver, first, later) == Done(Outcome.DELIVERED, second)
    assert tell(store, receiver, second, later) == Done(Outcome.DELIVERED, None)


def test_two_webhooks_do_not_wait_for_each_other(store, site, hook, receiver):
    """One is down, the other hears everything in order."""
    deaf = add(store, site, url="https://deaf.example/")
    comment = submitted(store, site)
    decide(store, comment)
    ruled(store, site, comment)
    for row in records(store, webhook_id=deaf.webhook.id):
        receiver.answers = ["Nobody answers there."]
        tell(store, receiver, row.id)
    receiver.got.clear()
    tell_all(store, receiver)

    assert receiver.kinds == ["comment.decided", "comment.ruled"]
    assert {url for url, _, _ in receiver.got} == {URL}


def test_two_senders_at_once_send_once(store, site, hook, receiver):
    """The claim is in the database, whatever RQ does twice."""
    decide(store, submitted(store, site))
    (delivery,) = waiting(store)
    done: list[Done | None] = []
    threads = [threading.Thread(target=lambda: done.append(tell(store, receiver, delivery))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(receiver.got) == 1
    assert [each.outcome for each in done if each is not None] == [Outcome.DELIVERED]


def test_a_sender_that_died_is_replaced_and_the_id_stays(store, site, hook, receiver):
    """After its lease another one sends the same message again."""
    decide(store, submitted(store, site))
    (delivery,) = waiting(store)
    receiver.during = lambda: (_ for _ in ()).throw(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        tell(store, receiver, delivery)
    receiver.during = None

    assert waiting(store) == []
    later = NOW + timedelta(seconds=LEASE_SECONDS)
    assert waiting(store, later) == [delivery]
    tell(store, receiver, delivery, later)
    (_, document, first), (_, again, second) = receiver.got
    assert document == again
    assert first["webhook-id"] == second["webhook-id"] == document["id"]
    assert first["webhook-timestamp"] != second["webhook-timestamp"]


def test_gaps_grow_to_about_a_day_and_then_it_is_dead(store, site, hook, receiver):
    """Ten tries, each as far from the last as it should be, and the reason in words."""
    decide(store, submitted(store, site))
    (delivery,) = waiting(store)
    now = NOW
    for gap in GAPS:
        receiver.answers = [503]
        assert tell(store, receiver, delivery, now) == Done(Outcome.FAILED, None)
        seconds = gap * (1 + JITTER / 2)
        store.write(lambda c: hooks_sql.update_webhook(c, hook.webhook.id, {"paused_until": None}))
        assert waiting(store, now + timedelta(seconds=seconds - 1)) == []
        now += timedelta(seconds=seconds)
        assert waiting(store, now) == [delivery]
    receiver.answers = [503]

    assert tell(store, receiver, delivery, now).outcome is Outcome.DEAD
    assert timedelta(hours=24) < now - NOW < timedelta(hours=31)
    (dead,) = records(store, state="dead")
    assert (dead.attempts, dead.last_status, dead.last_error) == (10, 503, "The receiver answered 503.")
    with store.read() as connection:
        standing = deliveries.how_it_stands(connection, site.id)
    assert (standing.dead, standing.last_failure) == (1, "The receiver answered 503.")
    assert standing.sentence == "1 event could not be delivered."


def test_a_receiver_that_fails_again_and_again_is_left_alone_for_a_while(store, site, hook, receiver):
    """So that its backlog does not keep others waiting; the first success ends that."""
    for _ in range(5):
        decide(store, submitted(store, site))
    receiver.answers = ["No answer in time."] * 3
    assert tell_all(store, receiver) == [Outcome.FAILED] * 3
    paused = row_of(store, hook)
    assert (paused.failures, paused.failing_since) == (3, NOW)

    assert waiting(store, NOW + timedelta(seconds=14)) == []
    assert tell_all(store, receiver, NOW + timedelta(seconds=16)) == [Outcome.DELIVERED] * 5
    well = row_of(store, hook)
    assert (well.failures, well.failing_since, well.paused_until) == (0, None, None)


def test_410_disables_at_once(store, site, hook, receiver):
    """Nothing is sent or noted any more; enabling and replaying brings back what it missed."""
    comments = [submitted(store, site) for _ in range(2)]
    for comment in comments:
        decide(store, comment)
    receiver.answers = [410]
    assert tell_all(store, receiver) == [Outcome.DEAD]

    assert states(store) == {"dead": 2}
    assert "410" in row_of(store, hook).disabled_reason
    ruled(store, site, comments[0])
    assert states(store) == {"dead": 2}
    with pytest.raises(HookError, match="enable it first"):
        store.write(lambda c: hooks.replay_one(c, records(store)[0].id, NOW))
    assert store.write(lambda c: hooks.replay_dead(c, NOW, site=site)) == 0

    store.write(lambda c: hooks.enable(c, hook.webhook.id, site))
    assert store.write(lambda c: hooks.replay_dead(c, NOW, site=site)) == 2
    assert tell_all(store, receiver) == [Outcome.DELIVERED] * 2


def test_a_webhook_that_fails_for_days_is_disabled_with_a_reason(store, site, hook, receiver):
    """One success between starts the count anew."""
    day = timedelta(days=1)
    for at in (NOW, NOW + DISABLE_AFTER - day, NOW + DISABLE_AFTER):
        decide(store, submitted(store, site))
        receiver.answers = [200 if at == NOW + DISABLE_AFTER - day else 500]
        tell(store, receiver, waiting(store, at)[-1], at)
        store.write(lambda c: hooks_sql.update_webhook(c, hook.webhook.id, {"paused_until": None}))
    assert row_of(store, hook).disabled_at is None

    receiver.answers = [500]
    at = NOW + 2 * DISABLE_AFTER
    tell(store, receiver, waiting(store, at)[0], at)
    disabled = row_of(store, hook)
    assert disabled.disabled_at == at
    assert disabled.disabled_reason == "Nothing could be delivered for 3 days; at last: The receiver answered 500."


def test_a_dead_one_is_replayed_under_its_id_and_from_its_first_try(store, site, hook, receiver):
    """Also a delivered one; and others' deliveries are not found."""
    decide(store, submitted(store, site))
    (delivery,) = waiting(store)
    store.write(lambda c: sql.lay_down(c, "A test."))
    other = store.write(lambda connection: accounts.add_site(connection, "other", "https://other.example", NOW))
    for owner, wanted in ((other, delivery), (site, "nothing")):
        with pytest.raises(NoSuchHookError):
            store.write(lambda c, owner=owner, wanted=wanted: hooks.replay_one(c, wanted, NOW, owner))
    assert store.write(lambda c: hooks.replay_dead(c, NOW, site=other)) == 0

    for _ in range(2):
        store.write(lambda c: hooks.replay_one(c, delivery, NOW, site))
        assert tell_all(store, receiver) == [Outcome.DELIVERED]
    assert receiver.got[0][1] == receiver.got[1][1]
    assert [row.attempts for row in records(store)] == [1]


# --- Secrets ------------------------------------------------------------------------------------------------------


def test_what_is_sent_is_signed_with_both_live_secrets(store, site, hook, receiver):
    """After two rotations the first secret is worth nothing."""
    decide(store, submitted(store, site))
    tell_all(store, receiver)
    second, third = (store.write(lambda c: hooks.rotate(c, hook.webhook.id, secret=SECRET)) for _ in range(2))
    decide(store, submitted(store, site))
    tell_all(store, receiver)

    (_, _, before), (_, _, after) = receiver.got
    assert verify([hook.secret], before, before["body"].encode(), NOW.timestamp())
    for secret in (second.secret, third.secret):
        assert verify([secret], after, after["body"].encode(), NOW.timestamp())
    with pytest.raises(SignatureError):
        verify([hook.secret], after, after["body"].encode(), NOW.timestamp())


def test_secrets_are_stored_sealed(store, site, hook):
    """Whoever reads the database alone can sign nothing."""
    row = row_of(store, hook)

    assert hook.secret.removeprefix("whsec_") not in str(row)
    assert deliveries.secrets_of(SECRET, row) == [hook.secret]
    assert deliveries.secrets_of(b"another secret, also long enough", row) == []


def test_addresses_we_do_not_send_to_and_too_many_webhooks_are_refused(store, site):
    """In a sentence each."""
    for url in ("https://127.0.0.1/", "https://blog.example:22/", "http://blog.example/"):
        with pytest.raises(BadAddressError):
            add(store, site, url=url)
    for _ in range(hooks.MOST_WEBHOOKS):
        add(store, site)
    with pytest.raises(HookError, match="remove one first"):
        add(store, site)


# --- In the end ---------------------------------------------------------------------------------------------------


def test_old_events_are_forgotten_when_nobody_waits_for_them(store, site, hook, receiver):
    """Delivered and dead ones after their time, waiting ones never."""
    comment, stays = submitted(store, site), submitted(store, site)
    decide(store, comment)
    tell_all(store, receiver)
    decide(store, stays)
    forget = lambda before: store.write(lambda c: sql.forget_old_events(c, before, 100))  # noqa: E731

    assert forget(NOW) == 0
    assert forget(NOW + timedelta(days=1)) == 1
    assert [row.comment_id for row in stored_events(store)] == [stays]
    assert states(store) == {"waiting": 1}


def test_a_removed_site_takes_all_of_it_along(store, site, hook):
    """Webhooks, events and deliveries."""
    decide(store, submitted(store, site))
    store.write(lambda c: accounts.remove_site(c, site))

    with store.read() as connection:
        for table in (told.webhooks, told.events, told.deliveries, tables.comments):
            assert connection.execute(sa.select(sa.func.count()).select_from(table)).scalar() == 0


def test_reasons_are_told_with_their_sentence(store, site, hook):
    """Code, sentence, weight and head; nothing that points into the text."""
    comment = submitted(store, site)
    reason = Reason(code="harm.threat", message="It threatens.", weight=2.0, head="threat", escalate=True)
    decide(store, comment, Action.HOLD, reasons=(reason,))

    (only,) = stored_events(store)
    assert only.payload["data"]["decision"]["reasons"] == [
        {"code": "harm.threat", "message": "It threatens.", "weight": 2.0, "head": "threat", "escalate": True}
    ]
