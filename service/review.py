"""The use cases of the queue beside ruling: look at a comment together, set it aside, pass it on, write about it.

Each takes an open transaction; the caller commits.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy.engine import Connection

from classifier.domain import Action
from classifier.lessons import RulingReason
from service import queue_items
from service.acts import Actor, Verb, act_row
from service.moderation import ModerationError, NotFoundError, locked
from service.rulings import Conflict, in_words
from service.store import acts, review
from service.store import comments as store
from service.store.accounts import new_id
from service.store.comments import AnyRow

#: How long a look at a comment keeps others away; the page renews it in between.
LEASE_SECONDS: Final = 90
MAX_NOTE_CHARS: Final = 2_000


class NotWaitingError(ModerationError):
    """The comment is not in the queue any more."""

    code = "item.closed"


class ClaimedError(ModerationError):
    """A colleague looks at the comment."""

    code = "item.claimed"


class NotYoursError(ModerationError):
    """Somebody else has to decide."""

    code = "item.not_yours"


def claim(connection: Connection, site_id: str, comment_id: str, *, user_id: str, name: str, now: datetime) -> AnyRow:
    """Take or renew the lease of an item; the item.

    Raises:
        NotFoundError, NotWaitingError; ClaimedError: somebody else holds it.
    """
    item = _open_item(connection, site_id, comment_id)
    until = now + timedelta(seconds=LEASE_SECONDS)
    if not review.claim(connection, comment_id, user_id, name, now=now, until=until):
        raise ClaimedError(f"{item.claimed_name or 'Somebody'} is looking at this comment just now.")
    return _open_item(connection, site_id, comment_id)


def release(connection: Connection, site_id: str, comment_id: str, *, user_id: str) -> None:
    """Give the lease back, if it is one's own.

    Raises:
        NotFoundError.
    """
    _item(connection, site_id, comment_id)
    review.release(connection, comment_id, user_id)


def take_over(connection: Connection, site_id: str, comment_id: str, *, actor: Actor, now: datetime) -> str:
    """Take an item from a colleague, on record; the act's id.

    Raises:
        NotFoundError, NotWaitingError.
    """
    item = _open_item(connection, site_id, comment_id)
    review.release(connection, comment_id, item.claimed_by or "")
    until = now + timedelta(seconds=LEASE_SECONDS)
    review.claim(connection, comment_id, actor.id or "", actor.name, now=now, until=until)
    return _record(connection, actor, Verb.TAKE_OVER, item, now, detail={"from": item.claimed_name})


def skip(connection: Connection, site_id: str, comment_id: str, *, actor: Actor, now: datetime) -> str:
    """Leave an item to others for now; the act's id.

    Raises:
        NotFoundError, NotWaitingError.
    """
    item = _open_item(connection, site_id, comment_id)
    review.skip(connection, actor.id or actor.name, comment_id, now)
    review.release(connection, comment_id, actor.id or "")
    return _record(connection, actor, Verb.SKIP, item, now)


def escalate(
    connection: Connection, site_id: str, comment_id: str, note: str | None, *, actor: Actor, now: datetime
) -> str:
    """Ask for a more experienced eye; a comment that was not in the queue is put there. The act's id.

    Raises:
        NotFoundError, ErasedError.
    """
    state = locked(connection, site_id, comment_id)
    item = review.items_of(connection, [comment_id]).get(comment_id)
    waits = item is not None and item.closed_at is None
    before = {"opened": not waits, "escalated": bool(waits and item is not None and item.escalated)}
    if not waits:
        queue_items.open_by_hand(connection, [state], {} if item is None else {comment_id: item}, now)
    review.change_item(connection, comment_id, {"escalated": True})
    review.release(connection, comment_id, actor.id or "")
    item = _open_item(connection, site_id, comment_id)
    act_id = _record(connection, actor, Verb.ESCALATE, item, now, detail=before)
    if note:
        write_note(connection, site_id, comment_id, note, actor=actor, now=now)
    return act_id


def write_note(connection: Connection, site_id: str, comment_id: str, text: str, *, actor: Actor, now: datetime) -> str:
    """Tell other moderators something about a comment; the act's id.

    Raises:
        NotFoundError, ErasedError.
    """
    state = locked(connection, site_id, comment_id)
    note_id = new_id()
    review.insert_note(
        connection,
        {
            "id": note_id,
            "comment_id": comment_id,
            "author_id": actor.id,
            "author": actor.name,
            "text": text[:MAX_NOTE_CHARS],
            "written_at": now,
        },
    )
    act = act_row(
        actor,
        Verb.NOTE,
        now,
        site_id=site_id,
        comment_id=comment_id,
        revision=state.revision,
        detail={"note": note_id},
    )
    acts.insert_acts(connection, [act])
    return str(act["id"])


def propose(
    connection: Connection,
    site_id: str,
    comment_id: str,
    revision: int,
    action: Action,
    *,
    actor: Actor,
    now: datetime,
    reason: RulingReason | None = None,
) -> str:
    """Say what one would decide, for a second person to make it a ruling; the act's id.

    Raises:
        NotFoundError, NotWaitingError, ClaimedError, NotYoursError; ChangedError: edited since.
    """
    item = _open_item(connection, site_id, comment_id)
    in_the_way = queue_items.in_the_way(item, actor, now, take_over=False)
    if item.revision != revision:
        in_the_way = "comment.changed"
    if in_the_way is not None:
        kind = {"item.claimed": ClaimedError, "item.not_yours": NotYoursError}.get(in_the_way, NotWaitingError)
        raise kind(in_words(Conflict(comment_id, in_the_way, by=item.claimed_name)))
    before = {
        name: getattr(item, name) for name in ("proposed_action", "proposed_reason", "proposed_by", "proposed_name")
    }
    review.change_item(
        connection,
        comment_id,
        {
            "proposed_action": action.value,
            "proposed_reason": reason and reason.value,
            "proposed_by": actor.id,
            "proposed_name": actor.name,
        },
    )
    review.unskip_for_all(connection, comment_id)
    review.release(connection, comment_id, actor.id or "")
    said = {"action": action.value, "reason": reason and reason.value, "before": before}
    return _record(connection, actor, Verb.PROPOSE, item, now, detail=said)


def _record(
    connection: Connection,
    actor: Actor,
    verb: Verb,
    item: AnyRow,
    now: datetime,
    *,
    detail: Mapping[str, Any] | None = None,
) -> str:
    act = act_row(
        actor, verb, now, site_id=item.site_id, comment_id=item.comment_id, revision=item.revision, detail=detail
    )
    acts.insert_acts(connection, [act])
    return str(act["id"])


def _item(connection: Connection, site_id: str, comment_id: str) -> AnyRow:
    store.lock_states(connection, [comment_id])
    item = review.items_of(connection, [comment_id]).get(comment_id)
    if item is None or item.site_id != site_id:
        raise NotFoundError("There is no such comment in the queue.")
    return item


def _open_item(connection: Connection, site_id: str, comment_id: str) -> AnyRow:
    item = _item(connection, site_id, comment_id)
    if item.closed_at is not None:
        raise NotWaitingError("This comment is not in the queue any more.")
    return item
