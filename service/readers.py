"""What readers say of decisions: an author who asks to look again, and others who flag what was published.

Each takes an open transaction; the caller commits.
"""

from __future__ import annotations

import hmac
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy.engine import Connection

from classifier.domain import Status
from classifier.lessons import RulingReason
from classifier.lifecycle import Event, next_status, standing
from service import events, queue_items, reputation
from service.acts import Actor, Verb, act_row
from service.moderation import ModerationError, locked
from service.roles import Right, allows, role_in
from service.store import acts, people, readers, review
from service.store import comments as store
from service.store.comments import State

#: So many different readers take a published comment down until a person has looked, unless one has ruled on it.
REPORTS_HOLD_AT: Final = 3
MAX_APPEAL_CHARS: Final = 1_000

_READER: Final = Actor("reader", "reader")


class AppealReason(StrEnum):
    """Why the author thinks that the decision is wrong."""

    NOT_ADVERTISING = "not_advertising"
    NOT_ABUSIVE = "not_abusive"
    MISUNDERSTOOD = "misunderstood"
    OTHER = "other"


class NothingToAppealError(ModerationError):
    """Only what was not published can be appealed."""

    code = "appeal.nothing"


class AppealedError(ModerationError):
    """There is one appeal."""

    code = "appeal.made"


def appeal(
    connection: Connection, site_id: str, comment_id: str, reason: AppealReason, text: str | None, *, now: datetime
) -> None:
    """Ask once for another person to look at a comment that was not published.

    Raises:
        NotFoundError, ErasedError, NothingToAppealError, AppealedError.
    """
    state = locked(connection, site_id, comment_id)
    if readers.appeal_on(connection, comment_id) is not None:
        raise AppealedError("Another look was asked for already.")
    if state.status is not Status.REJECTED:
        raise NothingToAppealError("This comment was not turned down.")
    readers.insert_appeal(
        connection,
        {
            "comment_id": comment_id,
            "revision": state.revision,
            "reason": reason.value,
            "text": text[:MAX_APPEAL_CHARS] if text else None,
            "made_at": now,
        },
    )
    _into_the_queue(connection, state, "appeal", now, not_for=_who_ruled(connection, state))
    _record(connection, state, Verb.APPEAL, now, reason=reason.value, after=state.status)


def report(
    connection: Connection,
    site_id: str,
    comment_id: str,
    reason: RulingReason,
    *,
    reporter: str,
    note: str | None,
    now: datetime,
) -> Status:
    """Flag a comment, once for each reporter; enough of them take it down until a person has looked. Its status then.

    Raises:
        NotFoundError, ErasedError.
    """
    state = locked(connection, site_id, comment_id)
    known = readers.reporters_of(connection, comment_id, state.revision)
    if reporter in known:
        return state.status
    readers.insert_report(
        connection,
        {
            "comment_id": comment_id,
            "reporter": reporter,
            "revision": state.revision,
            "reason": reason.value,
            "note": note,
            "made_at": now,
        },
    )
    status = state.status
    if status is Status.APPROVED:
        if len(known) + 1 >= REPORTS_HOLD_AT:
            current = standing(state.status, late=state.held_late, ruled=state.ruled)
            status = next_status(current, Event.REPORTED) or status
        if status is not state.status:
            store.update_comment(connection, comment_id, {"status": status.value})
            after = replace(state, status=status)
            reputation.move(connection, [(state, after)])
            events.note(connection, [events.reported(after, len(known) + 1)], now)
        _into_the_queue(connection, state, "report", now)
    _record(connection, state, Verb.REPORT, now, reason=reason.value, after=status)
    return status


def reporter_key(secret: bytes, site_id: str, reporter: str) -> str:
    """A reader by a keyed hash: enough to count each one once."""
    return hmac.digest(secret, f"reporter:{site_id}:{reporter}".encode(), "sha256").hex()[:40]


def _into_the_queue(
    connection: Connection, state: State, origin: str, now: datetime, *, not_for: str | None = None
) -> None:
    review.unskip_for_all(connection, state.id)
    item = review.items_of(connection, [state.id]).get(state.id)
    if item is not None and item.revision == state.revision:
        changes = {"origin": origin, "not_for": not_for, "closed_at": None}
        opened = {} if item.closed_at is None else {"opened_at": now}
        review.change_item(connection, state.id, changes | opened)
        return
    decided = store.decisions_on(connection, state.id, state.revision)
    decision = decided.get("failed") or decided.get("machine") or decided.get("late")
    row = queue_items.row_of_decision(state, decision, now)
    review.open_items(connection, [{**row, "origin": origin, "not_for": not_for, "opened_at": now}])


def _who_ruled(connection: Connection, state: State) -> str | None:
    """Who must not decide the appeal: the person whose ruling it is about, if anybody else could."""
    if not state.ruled or state.ruling_id is None:
        return None
    made = acts.act_of_ruling(connection, state.id, state.ruling_id)
    if made is None or made.actor_id is None:
        return None
    others = [
        user
        for user, roles in people.roles_of_all(connection).items()
        if user != made.actor_id and allows(role_in(roles, state.site_id), Right.CONFIRM)
    ]
    alive = {user.id for user in people.all_users(connection) if user.disabled_at is None}
    return str(made.actor_id) if alive & set(others) else None


def _record(connection: Connection, state: State, verb: Verb, now: datetime, *, reason: str, after: Status) -> None:
    row = act_row(
        _READER,
        verb,
        now,
        site_id=state.site_id,
        comment_id=state.id,
        revision=state.revision,
        reason=reason,
        decision_id=state.decision_id,
        status_before=state.status.value,
        status_after=after.value,
    )
    acts.insert_acts(connection, [row])
