"""Keeps the moderators' queue in step with where comments stand; called by whatever moves a comment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Connection

from classifier.domain import Reason, Status, Verdict
from classifier.triage import Lane, lane_of, risk_of
from service.acts import Actor
from service.store import review
from service.store.comments import AnyRow, State


def item_row(state: State, verdict: Verdict, language: str | None, now: datetime) -> dict[str, Any]:
    """The place in the queue of a comment that the machine held."""
    return {
        **_EMPTY,
        "comment_id": state.id,
        "site_id": state.site_id,
        "article_id": state.article_id,
        "revision": state.revision,
        "origin": "hold",
        "lane": lane_of(verdict).value,
        "risk": risk_of(verdict),
        "escalated": verdict.escalate,
        "codes": codes(reason.code for reason in verdict.reasons),
        "language": language,
        "opened_at": now,
    }


def codes(found: Iterable[str]) -> str:
    """Codes of reasons as they are stored, and as one is looked for: each between spaces."""
    return " " + "".join(f"{code} " for code in found)


def in_the_way(item: AnyRow | None, actor: Actor, now: datetime, *, take_over: bool) -> str | None:
    """Why this person must not rule on an item now, if so; who is no user of the desk answers to nobody's lease."""
    if item is None or item.closed_at is not None or actor.id is None:
        return None
    if item.not_for is not None and item.not_for == actor.id:
        return "item.not_yours"
    leased = item.claimed_by not in (None, actor.id) and item.claimed_until is not None and item.claimed_until > now
    return "item.claimed" if leased and not take_over else None


def open_by_hand(connection: Connection, states: Sequence[State], known: Mapping[str, AnyRow], now: datetime) -> None:
    """Put comments into the queue because a person says so; those that were in it before come back as they were."""
    before = [state.id for state in states if state.id in known and known[state.id].revision == state.revision]
    review.reopen_items(connection, before)
    review.open_items(connection, [plain_row(state, now) for state in states if state.id not in set(before)])


def plain_row(state: State, now: datetime, **facts: Any) -> dict[str, Any]:
    """The place in the queue of a comment of which nothing else is to be said."""
    row = {
        **_EMPTY,
        "comment_id": state.id,
        "site_id": state.site_id,
        "article_id": state.article_id,
        "revision": state.revision,
        "origin": "hold",
        "lane": Lane.UNCERTAIN.value,
        "risk": 0.5,
        "escalated": False,
        "codes": codes(()),
        "language": None,
        "opened_at": now,
    }
    return row | facts


def restore(connection: Connection, after: State, decision: AnyRow | None, *, was_open: bool, now: datetime) -> None:
    """After a ruling was taken back: the item as it was before it."""
    item = review.items_of(connection, [after.id]).get(after.id)
    of_now = item is not None and item.revision == after.revision
    waits = was_open or after.status is Status.HELD
    if waits and of_now:
        review.reopen_items(connection, [after.id])
    elif waits:
        review.open_items(connection, [row_of_decision(after, decision, now)])
    elif of_now:
        review.close_items(connection, [after.id], now)


def row_of_decision(state: State, decision: AnyRow | None, now: datetime) -> dict[str, Any]:
    """The place in the queue of a comment by what was decided on it, whatever that was."""
    if decision is None:
        return plain_row(state, now)
    reasons = tuple(
        Reason(code=each["code"], message=each["message"], weight=each["weight"], escalate=bool(each.get("escalate")))
        for each in decision.reasons
    )
    verdict = Verdict(
        action=decision.action, scores=decision.scores, reasons=reasons, model=decision.model, policy=decision.policy
    )
    return item_row(state, verdict, None, decision.decided_at)


_EMPTY: dict[str, None] = dict.fromkeys(
    (
        "closed_at",
        "claimed_by",
        "claimed_name",
        "claimed_until",
        "proposed_action",
        "proposed_reason",
        "proposed_by",
        "proposed_name",
        "not_for",
    )
)
