"""What was done, said in a line: the receipt of an act, and how a comment stands that somebody else decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.engine import Connection

from classifier.domain import Action, Status
from service.acts import FINAL, Verb
from service.desk.reason_words import reason_words
from service.desk.words import Lazy, gettext, lazy_gettext, ngettext
from service.rulings import Conflict
from service.store import acts, pages, rulings
from service.store import comments as store
from service.store.comments import AnyRow

_DONE: Final[dict[str, Lazy]] = {
    Verb.APPROVE: lazy_gettext("Approved"),
    Verb.REJECT: lazy_gettext("Rejected"),
    Verb.HOLD: lazy_gettext("Put into the queue"),
    Verb.SKIP: lazy_gettext("Skipped"),
    Verb.ESCALATE: lazy_gettext("Escalated"),
    Verb.NOTE: lazy_gettext("Note kept"),
    Verb.TAKE_OVER: lazy_gettext("Taken over"),
    Verb.UNDO: lazy_gettext("Taken back"),
}
_PROPOSED: Final[dict[str, Lazy]] = {
    Action.APPROVE: lazy_gettext("Proposed: approve"),
    Action.REJECT: lazy_gettext("Proposed: reject"),
    Action.HOLD: lazy_gettext("Proposed: keep"),
}
_ALREADY: Final[dict[str, Lazy]] = {
    Status.APPROVED: lazy_gettext("Already approved by %(name)s."),
    Status.REJECTED: lazy_gettext("Already rejected by %(name)s."),
    Status.HELD: lazy_gettext("Already put back by %(name)s."),
}
_IN_THE_WAY: Final[dict[str, Lazy]] = {
    "item.not_yours": lazy_gettext("Somebody else has to decide this one: it is about your own ruling."),
    "item.closed": lazy_gettext("It does not wait any more."),
    "ruling.other": lazy_gettext("The ruling you saw was taken back; read the comment again."),
    "comment.changed": lazy_gettext("The author edited the comment since you read it."),
    "comment.erased": lazy_gettext("This comment was erased."),
    "not_found": lazy_gettext("There is no such comment."),
}


@dataclass(frozen=True, slots=True)
class Receipt:
    """An act in a line."""

    act_id: str
    says: str
    can_undo: bool
    comment_id: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a comment stands that was not as it was seen."""

    says: str
    revision: int
    seen: str
    """Who decides all the same names this."""


def receipt_of(connection: Connection, site_id: str, act_id: str) -> Receipt | None:
    """The receipt of an act on this site."""
    act = acts.act_of(connection, act_id)
    if act is None or act.site_id != site_id:
        return None
    says = act_words(act)
    if act.verb == Verb.BATCH:
        says = batch_words(act, len(acts.members_of(connection, act_id)))
    final = act.verb in FINAL or act.verb in {Verb.UNDO, Verb.POLICY, Verb.SETTING}
    can_undo = not final and not acts.undone_among(connection, [act_id])
    return Receipt(act_id, says, can_undo, act.comment_id)


def act_words(act: AnyRow) -> str:
    """What was done, and why."""
    if act.verb == Verb.PROPOSE:
        return str(_PROPOSED.get((act.detail or {}).get("action", ""), _PROPOSED[Action.HOLD]))
    said = str(_DONE.get(act.verb, act.verb))
    reason = reason_words(act.reason)
    return f"{said}: {reason}" if reason else said


def batch_words(act: AnyRow, made: int) -> str:
    """The receipt of many acts at once, with what was left alone."""
    asked = int((act.detail or {}).get("count", made))
    words = {
        Action.APPROVE: ngettext("%(num)d approved", "%(num)d approved", made),
        Action.REJECT: ngettext("%(num)d rejected", "%(num)d rejected", made),
        Action.HOLD: ngettext("%(num)d put into the queue", "%(num)d put into the queue", made),
    }
    said = words.get((act.detail or {}).get("action", ""), str(made))
    left = asked - made
    if left <= 0:
        return said
    return f"{said}. " + ngettext(
        "%(num)d was left alone: somebody had decided it.", "%(num)d were left alone: somebody had decided them.", left
    )


def act_said(act: AnyRow) -> dict[str, Any] | None:
    """What a colleague did to a comment, for a page that shows it; nothing when it stays where it is."""
    if act.verb == Verb.UNDO:
        return {"comment": act.comment_id, "kind": "back", "says": ""}
    if act.verb not in {Verb.APPROVE, Verb.REJECT, Verb.ERASE}:
        return None
    says = gettext("%(what)s by %(name)s", what=str(_DONE.get(act.verb, act.verb)), name=act.actor)
    return {"comment": act.comment_id, "kind": "decided", "says": says, "seen": act.ruling_id or ""}


def standing_of(connection: Connection, site_id: str, comment_id: str) -> Standing | None:
    """How a comment stands now, for somebody whose decision was not made."""
    state = store.facts_of(connection, site_id, comment_id)
    item = pages.item_with_all(connection, site_id, comment_id)
    if state is None or item is None:
        return None
    of_now = [each for each in rulings.rulings_of(connection, comment_id) if each.revision == item.revision]
    last = rulings.standing_of(of_now)
    if last is not None and item.ruled:
        says = str(_ALREADY.get(item.status, _ALREADY[Status.HELD])) % {"name": last.moderator}
    elif item.claimed_by is not None:
        says = gettext("%(name)s is looking at this comment just now.", name=item.claimed_name)
    else:
        says = gettext("The comment changed since you read it; read it again.")
    return Standing(says, item.revision, item.ruling_id if item.ruled and item.ruling_id else "")


def conflict_words(conflict: Conflict) -> str:
    """Why a comment was left alone."""
    name = conflict.by or gettext("somebody else")
    if conflict.code == "item.claimed":
        return gettext("%(name)s is looking at this comment just now.", name=name)
    if conflict.code == "ruling.other" and conflict.status in _ALREADY and conflict.by:
        return str(_ALREADY[conflict.status]) % {"name": name}
    return str(_IN_THE_WAY.get(conflict.code, _IN_THE_WAY["not_found"]))
