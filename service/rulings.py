"""The use cases of rulings: a person's final word on comments, and taking it back.

Beside ``service.moderation`` the only code that changes a comment's state; the caller commits. One ruling and five
hundred cost the same statements.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy.engine import Connection

from classifier.domain import Action, Status
from classifier.lessons import RulingReason
from classifier.lifecycle import DECIDED, RULED, Event, Standing, next_status, standing
from service import events, queue_items, reputation
from service.acts import Actor, Source, Verb, act_row
from service.moderation import ChangedError, ErasedError, Idempotency, NotFoundError, key_reused, key_row
from service.store import acts, review, rulings
from service.store import comments as store
from service.store.accounts import new_id

#: Stands for whatever ruling there is: who asks does not say what they saw.
ANY: Final = "*"
_VERBS: Final = {Action.APPROVE: Verb.APPROVE, Action.REJECT: Verb.REJECT, Action.HOLD: Verb.HOLD}


@dataclass(frozen=True, slots=True)
class Wish:
    """A comment to rule on, as its moderator saw it: the revision, and the ruling that stood (nothing: none did)."""

    comment_id: str
    revision: int
    seen: str | None = ANY


@dataclass(frozen=True, slots=True)
class Conflict:
    """A comment that was left alone: ``code`` says why, the rest how it stands now.

    Codes: ``not_found``, ``comment.erased``, ``comment.changed`` (edited since), ``ruling.other`` (ruled on since),
    ``item.claimed`` (a colleague looks at it), ``item.not_yours`` (somebody else has to decide it).
    """

    comment_id: str
    code: str
    status: Status | None = None
    by: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """A ruling that was made, or taken back (then ``ruling_id`` is that ruling)."""

    comment_id: str
    ruling_id: str
    act_id: str
    status: Status


def rule_many(
    connection: Connection,
    site_id: str,
    wishes: Sequence[Wish],
    action: Action,
    *,
    actor: Actor,
    now: datetime,
    reason: RulingReason | None = None,
    note: str | None = None,
    batch_id: str | None = None,
    take_over: bool = False,
) -> tuple[list[Done], list[Conflict]]:
    """Record a person's final word on many comments, each once; those that are not as they were seen are left alone.

    ``take_over`` rules on what a colleague is looking at, too.
    """
    states = store.lock_states(connection, [wish.comment_id for wish in wishes])
    items = review.items_of(connection, states)
    conflicts: list[Conflict] = []
    todo: list[store.State] = []
    for wish in {wish.comment_id: wish for wish in wishes}.values():
        state = states.get(wish.comment_id)
        if state is None or state.site_id != site_id:
            conflicts.append(Conflict(wish.comment_id, "not_found"))
            continue
        code = _in_the_way(wish, state) or queue_items.in_the_way(items.get(state.id), actor, now, take_over=take_over)
        if code is None:
            todo.append(state)
        else:
            conflicts.append(_conflict(connection, code, state, items.get(state.id)))
    rows: list[dict[str, Any]] = []
    done: list[dict[str, Any]] = []
    moves: list[tuple[store.State, store.State]] = []
    answers: list[Done] = []
    was_open = review.close_items(connection, [state.id for state in todo], now)
    for state in todo:
        current = standing(state.status, late=state.held_late, ruled=state.ruled)
        status = next_status(current, RULED[action]) or state.status
        row = _row(state, action.value, actor, now, reason=reason and RulingReason(reason).value, note=note)
        rows.append(row)
        after = replace(state, status=status, ruled=True, held_late=False, ruling_id=row["id"])
        moves.append((state, after))
        act = act_row(
            actor,
            _VERBS[action],
            now,
            site_id=site_id,
            comment_id=state.id,
            revision=state.revision,
            reason=row["reason"],
            ruling_id=row["id"],
            decision_id=state.decision_id,
            status_before=state.status.value,
            status_after=status.value,
            batch_id=batch_id,
            detail={"was_open": True} if state.id in was_open else None,
        )
        done.append(act)
        answers.append(Done(state.id, row["id"], act["id"], status))
    rulings.insert_rulings(connection, rows)
    rulings.move_by_ruling(connection, [after for _, after in moves])
    reputation.move(connection, moves)
    acts.insert_acts(connection, done)
    if action is Action.HOLD:
        queue_items.open_by_hand(connection, [after for _, after in moves], items, now)
    heard = [events.ruled(after, row) for (_, after), row in zip(moves, rows, strict=True)]
    events.note(connection, heard, now)
    return answers, conflicts


def take_back_many(
    connection: Connection,
    site_id: str,
    made: Sequence[tuple[str, str]],
    *,
    actor: Actor,
    now: datetime,
    undoes: Sequence[str | None] = (),
    batch_id: str | None = None,
) -> tuple[list[Done], list[Conflict]]:
    """Undo rulings, given as (comment, ruling), that still stand: each comment stands as the rest of its history says.

    ``undoes`` names the acts that are taken back, in the same order.
    """
    named = dict(zip((ruling for _, ruling in made), undoes, strict=True)) if undoes else {}
    states = store.lock_states(connection, [comment_id for comment_id, _ in made])
    known = rulings.rulings_of_all(connection, list(states))
    answers: list[Done] = []
    conflicts: list[Conflict] = []
    heard: list[events.Happened] = []
    for comment_id, ruling_id in dict(made).items():
        state = states.get(comment_id)
        if state is None or state.site_id != site_id:
            conflicts.append(Conflict(comment_id, "not_found"))
            continue
        of_comment = known.get(comment_id, [])
        last = rulings.standing_of([row for row in of_comment if row.revision == state.revision])
        if state.status is Status.ERASED:
            conflicts.append(Conflict(comment_id, "comment.erased", state.status))
        elif ruling_id not in {row.id for row in of_comment}:
            conflicts.append(Conflict(comment_id, "not_found", state.status))
        elif last is None or last.id != ruling_id:
            by = (None, None) if last is None else (last.moderator, last.ruled_at)
            conflicts.append(Conflict(comment_id, "ruling.other", state.status, *by))
        else:
            answers.append(
                _take_back(
                    connection,
                    state,
                    [row for row in of_comment if row.revision == state.revision],
                    ruling_id,
                    actor=actor,
                    now=now,
                    undoes=named.get(ruling_id),
                    batch_id=batch_id,
                    heard=heard,
                )
            )
    events.note(connection, heard, now)
    return answers, conflicts


def rule(
    connection: Connection,
    site_id: str,
    comment_id: str,
    revision: int,
    action: Action,
    *,
    moderator: str,
    now: datetime,
    source: Source = "api",
    reason: RulingReason | None = None,
    note: str | None = None,
    idempotency: Idempotency | None = None,
) -> str:
    """Record a person's final word on the revision they saw; its id.

    With ``idempotency`` the same request again changes nothing: the id is empty then.

    Raises:
        NotFoundError, ErasedError, KeyReusedError; ChangedError when the comment was edited since.
    """
    if idempotency is not None:
        if _done_before(connection, site_id, idempotency):
            return ""
        if store.lock_states(connection, [comment_id]):
            store.insert_idempotency_key(connection, key_row(site_id, idempotency, comment_id, now))
    actor = Actor(moderator, source)
    wish = Wish(comment_id, revision)
    done, conflicts = rule_many(
        connection, site_id, [wish], action, actor=actor, now=now, reason=reason, note=note, take_over=True
    )
    if conflicts:
        raise refusal_of(conflicts[0])
    return done[0].ruling_id


def take_back(
    connection: Connection,
    site_id: str,
    comment_id: str,
    ruling_id: str,
    *,
    moderator: str,
    now: datetime,
    source: Source = "api",
) -> Status:
    """Undo the ruling that stands, on record: the comment stands as the rest of its history says; that status.

    Raises:
        NotFoundError, ErasedError; ChangedError when this ruling does not stand (any more).
    """
    actor = Actor(moderator, source)
    done, conflicts = take_back_many(connection, site_id, [(comment_id, ruling_id)], actor=actor, now=now)
    if conflicts:
        raise refusal_of(conflicts[0])
    return done[0].status


def refusal_of(conflict: Conflict) -> Exception:
    """What to raise when a single comment was left alone."""
    if conflict.code == "comment.erased":
        return ErasedError("This comment was erased.")
    if conflict.code == "comment.changed":
        return ChangedError("The comment was edited since you read it.")
    if conflict.code == "not_found":
        return NotFoundError("There is no such comment, or no such ruling on it.")
    return ChangedError(in_words(conflict))


def in_words(conflict: Conflict) -> str:
    """Why a comment was left alone, for people."""
    by = conflict.by or "somebody else"
    if conflict.code == "item.claimed":
        return f"{by} is looking at this comment just now."
    if conflict.code == "item.not_yours":
        return "Somebody else has to decide this one: it is about your own ruling."
    if conflict.code == "ruling.other" and conflict.status in {Status.APPROVED, Status.REJECTED}:
        return f"Already {conflict.status} by {by}."
    if conflict.code == "ruling.other":
        return "This ruling does not stand any more; read the comment again."
    if conflict.code == "comment.changed":
        return "The comment was edited since you read it."
    return "This comment was erased." if conflict.code == "comment.erased" else "There is no such comment."


def _in_the_way(wish: Wish, state: store.State) -> str | None:
    if state.status is Status.ERASED:
        return "comment.erased"
    if state.revision != wish.revision:
        return "comment.changed"
    if wish.seen not in {ANY, state.ruling_id if state.ruled else None}:
        return "ruling.other"
    return None


def _conflict(connection: Connection, code: str, state: store.State, item: Any) -> Conflict:
    by, at = None, None
    if code == "item.claimed" and item is not None:
        by, at = item.claimed_name, item.claimed_until
    elif code == "ruling.other":
        last = rulings.standing_of(
            [r for r in rulings.rulings_of(connection, state.id) if r.revision == state.revision]
        )
        by, at = (None, None) if last is None else (last.moderator, last.ruled_at)
    return Conflict(state.id, code, state.status, by, at)


def _row(state: store.State, action: str, actor: Actor, now: datetime, **more: Any) -> dict[str, Any]:
    return {
        "id": new_id(),
        "comment_id": state.id,
        "revision": state.revision,
        "action": action,
        "reason": None,
        "note": None,
        "moderator": actor.name,
        "source": actor.source,
        "ruled_at": now,
        "undoes": None,
        **more,
    }


def _take_back(
    connection: Connection,
    state: store.State,
    of_revision: list[store.AnyRow],
    ruling_id: str,
    *,
    actor: Actor,
    now: datetime,
    undoes: str | None,
    batch_id: str | None,
    heard: list[events.Happened],
) -> Done:
    undo = _row(state, rulings.UNDO, actor, now, undoes=ruling_id)
    rulings.insert_rulings(connection, [undo])
    earlier = rulings.standing_of([row for row in of_revision if row.id != ruling_id])
    decided = store.decisions_on(connection, state.id, state.revision)
    decision = decided.get("failed") or decided.get("machine") or decided.get("late")
    unruled = next_status(Standing.RULED, Event.UNRULED) or state.status
    status = unruled
    if earlier is not None:
        status = next_status(Standing.PENDING, RULED[Action(earlier.action)]) or unruled
    elif decision is not None:
        event = Event.LATE if decision.kind == "late" else DECIDED[Action(decision.action)]
        status = next_status(Standing.PENDING, event) or unruled
    made = acts.act_of_ruling(connection, state.id, ruling_id)
    if earlier is None and made is not None and decision is not None and decision.decided_at <= made.at:
        status = Status(made.status_before)  # readers' reports may have held what the machine had approved
    late = earlier is None and decision is not None and decision.kind == "late"
    by_person = earlier is not None and rulings.is_by_a_person(earlier)
    after = replace(state, status=status, ruled=by_person, held_late=late)
    changes: dict[str, Any] = {
        "status": status.value,
        "ruled": after.ruled,
        "held_late": late,
        "ruling_id": earlier and earlier.id,
        "decision_id": decision and decision.id,
    }
    if status is Status.PENDING or late:
        changes |= {"waiting_since": now, "attempts": 0}
    store.update_comment(connection, state.id, changes)
    reputation.move(connection, [(state, after)])
    was_open = bool(made is not None and made.detail and made.detail.get("was_open"))
    queue_items.restore(connection, after, decision, was_open=was_open, now=now)
    act = act_row(
        actor,
        Verb.UNDO,
        now,
        site_id=state.site_id,
        comment_id=state.id,
        revision=state.revision,
        ruling_id=ruling_id,
        decision_id=decision and decision.id,
        status_before=state.status.value,
        status_after=status.value,
        undoes=undoes or (made and made.id),
        batch_id=batch_id,
    )
    acts.insert_acts(connection, [act])
    heard.append(events.undone(after, undo))
    return Done(state.id, ruling_id, act["id"], status)


def _done_before(connection: Connection, site_id: str, idempotency: Idempotency) -> bool:
    """Whether this very request was carried out before."""
    earlier = store.known_by_idempotency_key(connection, site_id, idempotency.key)
    if earlier is None:
        return False
    if earlier[1] != idempotency.body_digest:
        raise key_reused()
    return True
