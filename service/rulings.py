"""The use cases of rulings: a person's final word on a comment, and taking it back.

Beside ``service.moderation`` the only code that changes a comment's state; the caller commits.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, Literal

from sqlalchemy.engine import Connection

from classifier.domain import Action, Status
from classifier.lessons import RulingReason
from classifier.lifecycle import DECIDED, RULED, Event, Standing, next_status, standing
from service import reputation
from service.moderation import ChangedError, Idempotency, NotFoundError, key_reused, key_row, locked
from service.store import comments as store
from service.store import rulings
from service.store.accounts import new_id

#: By what way a ruling came.
Source = Literal["api", "cli", "desk", "import"]


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
        ValueError: a ruling approves or rejects, it does not hold.
    """
    if action is Action.HOLD:
        raise ValueError("A ruling approves or rejects.")
    state = locked(connection, site_id, comment_id)
    if idempotency is not None:
        if _done_before(connection, site_id, idempotency):
            return ""
        store.insert_idempotency_key(connection, key_row(site_id, idempotency, comment_id, now))
    if state.revision != revision:
        raise ChangedError("The comment was edited since you read it.")
    status = next_status(standing(state.status, late=state.held_late, ruled=state.ruled), RULED[action])
    ruling_id = new_id()
    rulings.insert_ruling(
        connection,
        {
            "id": ruling_id,
            "comment_id": comment_id,
            "revision": revision,
            "action": action.value,
            "reason": reason and RulingReason(reason).value,
            "note": note,
            "moderator": moderator,
            "source": source,
            "ruled_at": now,
        },
    )
    after = replace(state, status=status or state.status, ruled=True, held_late=False)
    changes = {"status": after.status.value, "ruled": True, "held_late": False, "ruling_id": ruling_id}
    store.update_comment(connection, comment_id, changes)
    reputation.move(connection, [(state, after)])
    return ruling_id


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
    state = locked(connection, site_id, comment_id)
    made = rulings.rulings_of(connection, comment_id)
    if ruling_id not in {row.id for row in made}:
        raise NotFoundError("There is no such ruling on this comment.")
    of_revision = [row for row in made if row.revision == state.revision]
    last = rulings.standing_of(of_revision)
    if last is None or last.id != ruling_id:
        raise ChangedError("This ruling does not stand any more; read the comment again.")
    undo = {"comment_id": comment_id, "revision": state.revision, "action": rulings.UNDO, "undoes": ruling_id}
    undo |= {"id": new_id(), "reason": None, "note": None, "moderator": moderator, "source": source, "ruled_at": now}
    rulings.insert_ruling(connection, undo)
    earlier = rulings.standing_of([row for row in of_revision if row.id != ruling_id])
    decided = store.decisions_on(connection, comment_id, state.revision)
    decision = decided.get("failed") or decided.get("machine") or decided.get("late")
    unruled = next_status(Standing.RULED, Event.UNRULED) or state.status
    status = unruled
    if earlier is not None:
        status = next_status(Standing.PENDING, RULED[Action(earlier.action)]) or unruled
    elif decision is not None:
        event = Event.LATE if decision.kind == "late" else DECIDED[Action(decision.action)]
        status = next_status(Standing.PENDING, event) or unruled
    late = earlier is None and decision is not None and decision.kind == "late"
    after = replace(state, status=status, ruled=earlier is not None, held_late=late)
    changes: dict[str, Any] = {
        "status": status.value,
        "ruled": after.ruled,
        "held_late": late,
        "ruling_id": earlier and earlier.id,
        "decision_id": decision and decision.id,
    }
    if status is Status.PENDING or late:
        changes |= {"waiting_since": now, "attempts": 0}
    store.update_comment(connection, comment_id, changes)
    reputation.move(connection, [(state, after)])
    return status


def _done_before(connection: Connection, site_id: str, idempotency: Idempotency) -> bool:
    """Whether this very request was carried out before."""
    earlier = store.known_by_idempotency_key(connection, site_id, idempotency.key)
    if earlier is None:
        return False
    if earlier[1] != idempotency.body_digest:
        raise key_reused()
    return True
