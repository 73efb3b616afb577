"""Taking back whatever was done: one act or a whole batch, at any age, unless somebody has acted on it since.

What an act changed is put back: status, the author's and the domains' records, what it taught, the place in the queue.
Erasure is for good. The caller commits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy.engine import Connection

from service.acts import FINAL, Actor, Verb, act_row
from service.moderation import ModerationError, NotFoundError
from service.rulings import Conflict, Done, take_back_many
from service.store import acts, review
from service.store.comments import AnyRow

#: So many rulings are taken back with the same statements.
PORTION: Final = 500
_RULINGS = (Verb.APPROVE, Verb.REJECT, Verb.HOLD)


class FinalError(ModerationError):
    """This cannot be taken back."""

    code = "act.final"


class UndoneError(ModerationError):
    """It was taken back before."""

    code = "act.undone"


@dataclass(slots=True)
class Undone:
    """What an undo did: the act that records it, what it put back, and what it left alone because of later acts."""

    act_id: str
    done: list[Done] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)


def undo(connection: Connection, site_id: str, act_id: str, *, actor: Actor, now: datetime) -> Undone:
    """Take back an act, or all acts of a batch; rulings that somebody has acted upon since are among the conflicts.

    Raises:
        NotFoundError; FinalError: it is an undo itself, or cannot be undone; UndoneError: it was before.
    """
    act = acts.act_of(connection, act_id)
    if act is None or act.site_id != site_id:
        raise NotFoundError("There is no such act.")
    verb = Verb(act.verb)
    if verb in FINAL or verb in {Verb.UNDO, Verb.POLICY, Verb.SETTING}:
        raise FinalError("This cannot be taken back here.")
    if acts.undone_among(connection, [act_id]):
        raise UndoneError("This was taken back before.")
    if verb is Verb.BATCH:
        return undo_all(connection, site_id, acts.members_of(connection, act_id), actor=actor, now=now, undoes=act)
    if verb in _RULINGS:
        done, conflicts = take_back_many(
            connection, site_id, [(act.comment_id, act.ruling_id)], actor=actor, now=now, undoes=[act.id]
        )
        return Undone(done[0].act_id if done else "", done, conflicts)
    _put_back(connection, act, now)
    return Undone(_record(connection, act, actor, now))


def undo_all(
    connection: Connection,
    site_id: str,
    members: Sequence[AnyRow],
    *,
    actor: Actor,
    now: datetime,
    undoes: AnyRow | None = None,
    detail: dict[str, Any] | None = None,
) -> Undone:
    """Take back many rulings as one act; those that somebody has acted upon since are left alone.

    Of several on the same comment the newest goes first, so that all of them go.
    """
    known = acts.undone_among(connection, [member.id for member in members])
    made = [each for each in members if each.verb in _RULINGS and each.id not in known]
    header = act_row(
        actor,
        Verb.UNDO,
        now,
        site_id=site_id,
        undoes=None if undoes is None else undoes.id,
        detail={"count": len(made), **(detail or {})},
    )
    acts.insert_acts(connection, [header])
    undone = Undone(header["id"])
    for portion in _in_turn(made):
        done, conflicts = take_back_many(
            connection,
            site_id,
            [(each.comment_id, each.ruling_id) for each in portion],
            actor=actor,
            now=now,
            undoes=[each.id for each in portion],
            batch_id=header["id"],
        )
        undone.done += done
        undone.conflicts += conflicts
    return undone


def _in_turn(made: Sequence[AnyRow]) -> Iterator[list[AnyRow]]:
    """Portions in which each comment stands once, later rulings before earlier ones."""
    left = sorted(made, key=lambda each: each.id, reverse=True)
    while left:
        first: dict[str, AnyRow] = {}
        for each in left:
            first.setdefault(each.comment_id, each)
        turn = list(first.values())
        taken = {each.id for each in turn}
        left = [each for each in left if each.id not in taken]
        yield from (turn[start : start + PORTION] for start in range(0, len(turn), PORTION))


def _put_back(connection: Connection, act: AnyRow, now: datetime) -> None:
    detail = act.detail or {}
    match Verb(act.verb):
        case Verb.SKIP:
            review.unskip(connection, act.actor_id or act.actor, act.comment_id)
        case Verb.NOTE:
            review.retract_note(connection, detail["note"], now)
        case Verb.PROPOSE:
            review.change_item(connection, act.comment_id, detail["before"])
        case Verb.TAKE_OVER:
            review.release(connection, act.comment_id, act.actor_id or "")
        case Verb.ESCALATE:
            review.change_item(connection, act.comment_id, {"escalated": detail["escalated"]})
            if detail["opened"]:
                review.close_items(connection, [act.comment_id], now)


def _record(connection: Connection, act: AnyRow, actor: Actor, now: datetime) -> str:
    row = act_row(
        actor,
        Verb.UNDO,
        now,
        site_id=act.site_id,
        comment_id=act.comment_id,
        revision=act.revision,
        undoes=act.id,
        detail={"verb": act.verb},
    )
    acts.insert_acts(connection, [row])
    return str(row["id"])
