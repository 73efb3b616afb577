"""What moderators do to comments of the queue. Every form works without the script, which sends the same forms.

A browser is sent back to the queue with the next comment in front of it; the script (header ``X-Desk``) gets JSON.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from flask import flash, redirect, request
from sqlalchemy.engine import Connection
from werkzeug.exceptions import BadRequest

from classifier.domain import Action, Status
from classifier.lessons import RulingReason
from service import review
from service.acts import FINAL, Actor, Verb
from service.batches import rule_batch
from service.desk.blueprint import desk
from service.desk.errors import missing_words, no_right_page
from service.desk.queue import row_html
from service.desk.queue_query import address, asked_before
from service.desk.receipts import conflict_words, receipt_of, standing_of
from service.desk.session import Page, desk_page, signed_in
from service.desk.words import gettext, ngettext
from service.moderation import ModerationError
from service.roles import Right
from service.rulings import Conflict, Done, Wish, rule_many
from service.store import acts, pages, rulings
from service.store.accounts import Site
from service.undo import undo
from service.waiting import announce
from service.web import answer_document, now, web

#: What a button says, as a ruling.
RULINGS: Final[dict[str, tuple[Action, RulingReason | None]]] = {
    "approve": (Action.APPROVE, None),
    "spam": (Action.REJECT, RulingReason.SPAM),
    "abuse": (Action.REJECT, RulingReason.TOXICITY),
    "reject": (Action.REJECT, None),
    "hold": (Action.HOLD, None),
}
_NEEDS: Final = {"escalate": Right.ESCALATE, "note": Right.NOTE}
MOST_AT_ONCE: Final = 500
_MOST_REMEMBERED: Final = 100
_NOT_TAKEN_BACK: Final = FINAL | {Verb.UNDO, Verb.POLICY, Verb.SETTING, Verb.TAKE_OVER}


@dataclass(slots=True)
class Outcome:
    """What became of a wish."""

    says: str
    act_ids: list[str] = field(default_factory=list)
    ok: bool = True
    comment_id: str | None = None
    rows: dict[str, str] = field(default_factory=dict)
    clash: bool = False
    mine: bool = False
    revision: int = 0
    seen: str = ""


@desk.post("/<site_name>/queue/decide")
@desk_page(Right.VIEW)
def queue_decide(site: Site) -> Page:
    """Decide on one comment, or set it aside, pass it on, write about it."""
    do = request.form.get("do", "")
    needs = _NEEDS.get(do, Right.RULE)
    if not signed_in().may(needs, site):
        return _refused(needs)
    comment_id = request.form.get("comment", "")[:36]
    if do in RULINGS:
        outcome = _rule(site, comment_id, do)
    elif do in {"skip", "escalate", "note", "take_over"}:
        outcome = _set_aside(site, comment_id, do)
    else:
        raise BadRequest
    stays = do in {"note", "take_over"} or not outcome.ok
    return _answered(site, outcome, at=comment_id if stays else request.form.get("next", "")[:36], do=do)


@desk.post("/<site_name>/queue/bulk")
@desk_page(Right.BULK)
def queue_bulk(site: Site) -> Page:
    """Decide on all ticked comments at once."""
    do, picked = request.form.get("do", ""), request.form.getlist("pick")[:MOST_AT_ONCE]
    wishes = [wish for wish in map(_picked, picked) if wish is not None]
    if not wishes:
        return _answered(site, Outcome(gettext("Tick some comments first."), ok=False), at="")
    if do == "skip":
        return _answered(site, _skip_all(site, wishes), at="")
    if do not in RULINGS:
        raise BadRequest
    action, reason = RULINGS[do]
    here = web()
    batch = rule_batch(
        here.store,
        site.id,
        wishes,
        action,
        actor=_actor(),
        now=now(),
        kind="selection",
        reason=_reason() if do == "reject" else reason,
    )
    with here.store.read() as connection:
        receipt = receipt_of(connection, site.id, batch.act_id)
        rows = {each.comment_id: row_html(connection, site, each.comment_id) for each in batch.conflicts}
    says = receipt.says if receipt else ""
    return _answered(site, Outcome(says, [batch.act_id], rows=rows), at="")


@desk.post("/<site_name>/queue/undo")
@desk_page(Right.RULE)
def queue_undo(site: Site) -> Page:
    """Take back an act; ``last`` is one's own newest that still can be."""
    here, person = web(), signed_in()
    act_id = request.form.get("act", "")[:36]
    with here.store.read() as connection:
        if act_id == "last":
            act_id = _last_act(connection, site)
        act = acts.act_of(connection, act_id) if act_id else None
    if act is None or act.site_id != site.id:
        return _answered(site, Outcome(gettext("There is nothing of yours to take back."), ok=False), at="")
    if act.actor_id != person.id and not person.may(Right.CONFIRM, site):
        return _refused(Right.CONFIRM)
    try:
        undone = here.store.write(lambda connection: undo(connection, site.id, act_id, actor=_actor(), now=now()))
    except ModerationError:
        return _answered(site, Outcome(gettext("This cannot be taken back, or was before."), ok=False), at="")
    _tell_workers(undone.done)
    ids = [each.comment_id for each in undone.done] or ([act.comment_id] if act.comment_id else [])
    with here.store.read() as connection:
        rows = {each: row_html(connection, site, each) for each in ids}
    says = gettext("Taken back.")
    if undone.conflicts and not undone.done:
        outcome = Outcome(conflict_words(undone.conflicts[0]), ok=False)
    else:
        if undone.conflicts:
            says += " " + ngettext(
                "%(num)d was decided again since and stays.",
                "%(num)d were decided again since and stay.",
                len(undone.conflicts),
            )
        outcome = Outcome(says, [undone.act_id], comment_id=ids[0] if len(ids) == 1 else None, rows=rows)
    return _answered(site, outcome, at=ids[0] if ids else "")


@desk.post("/<site_name>/queue/claim")
@desk_page(Right.RULE)
def queue_claim(site: Site) -> Page:
    """Say that one looks at a comment, or still does; colleagues see it and leave it alone for a while."""
    person, comment_id = signed_in(), request.form.get("comment", "")[:36]
    try:
        web().store.write(
            lambda connection: review.claim(
                connection, site.id, comment_id, user_id=person.id, name=person.name, now=now()
            )
        )
    except ModerationError as error:
        with web().store.read() as connection:
            item = pages.item_with_all(connection, site.id, comment_id)
        by = item.claimed_name if item is not None and error.code == "item.claimed" else None
        says = conflict_words(Conflict(comment_id, error.code, by=by)) if by else gettext("It does not wait any more.")
        return answer_document({"ok": False, "code": error.code, "by": by, "says": says}, 409)
    return answer_document({"ok": True})


@desk.post("/<site_name>/queue/release")
@desk_page(Right.RULE)
def queue_release(site: Site) -> Page:
    """Look no longer."""
    person, comment_id = signed_in(), request.form.get("comment", "")[:36]
    try:
        web().store.write(lambda connection: review.release(connection, site.id, comment_id, user_id=person.id))
    except ModerationError:
        return answer_document({"ok": False}, 404)
    return answer_document({"ok": True})


def _rule(site: Site, comment_id: str, do: str) -> Outcome:
    """A ruling, or from a trainee the proposal of one."""
    action, reason = RULINGS[do]
    if do == "reject":
        reason = _reason()
    wish = Wish(comment_id, _revision(), request.form.get("seen") or None)
    note = request.form.get("note", "").strip()[: review.MAX_NOTE_CHARS] or None
    if not signed_in().may(Right.CONFIRM, site):
        return _propose(site, wish, action, reason)

    def work(connection: Connection) -> tuple[list[Done], list[Conflict]]:
        return rule_many(
            connection,
            site.id,
            [wish],
            action,
            actor=_actor(),
            now=now(),
            reason=reason,
            note=note,
            take_over=request.form.get("take_over") == "1",
        )

    done, conflicts = web().store.write(work)
    with web().store.read() as connection:
        if done:
            receipt = receipt_of(connection, site.id, done[0].act_id)
            return Outcome(receipt.says if receipt else "", [done[0].act_id], comment_id=comment_id)
        return _same_again(connection, wish, action, reason) or _clash(connection, site, conflicts[0])


def _propose(site: Site, wish: Wish, action: Action, reason: RulingReason | None) -> Outcome:
    def work(connection: Connection) -> str:
        return review.propose(
            connection, site.id, wish.comment_id, wish.revision, action, actor=_actor(), now=now(), reason=reason
        )

    return _done_or_not(site, wish.comment_id, work)


def _set_aside(site: Site, comment_id: str, do: str) -> Outcome:
    note = request.form.get("note", "").strip()[: review.MAX_NOTE_CHARS]
    if do in {"escalate", "note"} and not note:
        return Outcome(gettext("Write a few words first."), ok=False, comment_id=comment_id)
    actor, moment = _actor(), now()

    def work(connection: Connection) -> str:
        if do == "skip":
            return review.skip(connection, site.id, comment_id, actor=actor, now=moment)
        if do == "escalate":
            return review.escalate(connection, site.id, comment_id, note, actor=actor, now=moment)
        if do == "note":
            return review.write_note(connection, site.id, comment_id, note, actor=actor, now=moment)
        return review.take_over(connection, site.id, comment_id, actor=actor, now=moment)

    return _done_or_not(site, comment_id, work)


def _skip_all(site: Site, wishes: Sequence[Wish]) -> Outcome:
    actor, moment, made = _actor(), now(), []
    for wish in wishes:

        def work(connection: Connection, comment_id: str = wish.comment_id) -> str:
            return review.skip(connection, site.id, comment_id, actor=actor, now=moment)

        with suppress(ModerationError):
            made.append(web().store.write(work))
    return Outcome(ngettext("%(num)d skipped", "%(num)d skipped", len(made)), made)


def _done_or_not(site: Site, comment_id: str, work: Any) -> Outcome:
    try:
        act_id = web().store.write(work)
    except ModerationError as error:
        with web().store.read() as connection:
            item = pages.item_with_all(connection, site.id, comment_id)
            by = None if item is None else item.claimed_name
            return _clash(connection, site, Conflict(comment_id, error.code, by=by))
    with web().store.read() as connection:
        receipt = receipt_of(connection, site.id, act_id)
    return Outcome(receipt.says if receipt else "", [act_id], comment_id=comment_id)


def _same_again(connection: Connection, wish: Wish, action: Action, reason: RulingReason | None) -> Outcome | None:
    """The receipt of the first time, when a browser sends what it has sent before."""
    of_now = [each for each in rulings.rulings_of(connection, wish.comment_id) if each.revision == wish.revision]
    last = rulings.standing_of(of_now)
    if last is None or (last.action, last.reason) != (action.value, reason and reason.value):
        return None
    act = acts.act_of_ruling(connection, wish.comment_id, last.id)
    if act is None or act.actor_id != signed_in().id or act.batch_id is not None:
        return None
    receipt = receipt_of(connection, act.site_id, act.id)
    return Outcome(receipt.says if receipt else "", [act.id], comment_id=wish.comment_id)


def _clash(connection: Connection, site: Site, conflict: Conflict) -> Outcome:
    standing = standing_of(connection, site.id, conflict.comment_id)
    item = pages.item_with_all(connection, site.id, conflict.comment_id)
    outcome = Outcome(conflict_words(conflict), ok=False, comment_id=conflict.comment_id, clash=True)
    if standing is not None:
        outcome.revision, outcome.seen = standing.revision, standing.seen
    outcome.mine = conflict.by == signed_in().name
    if item is not None and item.closed_at is None and conflict.code != "item.claimed":
        outcome.rows = {conflict.comment_id: row_html(connection, site, conflict.comment_id)}
    return outcome


def _answered(site: Site, outcome: Outcome, *, at: str, do: str = "") -> Page:
    """The answer for whoever asked: the script, or a browser that is sent on."""
    if "X-Desk" in request.headers:
        document = {
            "ok": outcome.ok,
            "says": outcome.says,
            "acts": outcome.act_ids,
            "comment": outcome.comment_id,
            "rows": outcome.rows,
            "clash": outcome.clash,
            "revision": outcome.revision,
            "seen": outcome.seen,
        }
        return answer_document(document, 200 if outcome.ok else 409)
    back = asked_before(request.form.get("back", ""))
    if not outcome.ok and not outcome.clash:
        flash(outcome.says, "warn")
    more = {
        "cursor": back.cursor,
        "at": at or None,
        "done": outcome.act_ids[0] if len(outcome.act_ids) == 1 and outcome.ok else None,
        "clash": do if outcome.clash else None,
        "reason": back.filters.get("reason"),
    }
    if len(outcome.act_ids) > 1:
        flash(outcome.says, "good")
    return redirect(address(site, back.filters, **more), 303)


def _refused(right: Right) -> Page:
    if "X-Desk" in request.headers:
        return answer_document({"ok": False, "says": missing_words(right), "clash": False, "rows": {}, "acts": []}, 403)
    return no_right_page(right)


def _last_act(connection: Connection, site: Site) -> str:
    """One's own newest act that can be taken back and was not."""
    mine = acts.last_acts_of(connection, site.id, signed_in().id, _MOST_REMEMBERED)
    undone = acts.undone_among(connection, [act.id for act in mine])
    return next((act.id for act in mine if act.id not in undone and Verb(act.verb) not in _NOT_TAKEN_BACK), "")


def _tell_workers(done: Sequence[Done]) -> None:
    """After the commit: what is pending again has to be decided by the machine."""
    pending = [each.comment_id for each in done if each.status is Status.PENDING]
    if pending:
        announce(web(), pending)


def _picked(value: str) -> Wish | None:
    """A ticked row: comment, revision, and the ruling that stood."""
    comment_id, _, rest = value.partition(":")
    revision, _, seen = rest.partition(":")
    if not (comment_id and revision.isascii() and revision.isdigit()):
        return None
    return Wish(comment_id[:36], min(int(revision[:10]), 2**31 - 1), seen[:36] or None)


def _revision() -> int:
    value = request.form.get("revision", "")
    if not (value.isascii() and value.isdigit()):
        raise BadRequest
    return min(int(value[:10]), 2**31 - 1)


def _reason() -> RulingReason | None:
    value = request.form.get("reason", "")
    return RulingReason(value) if value in set(RulingReason) else None


def _actor() -> Actor:
    person = signed_in()
    return Actor(person.name, "desk", person.id)
