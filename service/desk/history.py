"""The history: everything that was done, by whatever way, as it was then, and the buttons that take it back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy.engine import Connection
from werkzeug.exceptions import BadRequest, NotFound

from classifier.domain import Status
from service.act_search import OPERATORS, ActSearch, Fault, read_search, without_people, write_search
from service.acts import FINAL, Verb
from service.desk import sets
from service.desk.blueprint import desk
from service.desk.errors import no_right_page
from service.desk.outcomes import left_alone, undo_receipt
from service.desk.presented import weight_words
from service.desk.reason_words import codes_called
from service.desk.session import Page, actor, desk_page, reference, signed_in, sites_here
from service.desk.verbs import verb_words
from service.desk.words import gettext
from service.moderation import ModerationError
from service.roles import Right
from service.store import acts as act_store
from service.store import trail
from service.store.accounts import Site
from service.store.comments import AnyRow
from service.undo import FinalError, Undone, UndoneError, undo, undo_all
from service.waiting import announce
from service.web import now, web

ON_PAGE: Final = 40
MOST_REASON: Final = 300
#: Acts that an undo takes back one by one or as a batch.
_REVERSIBLE: Final = frozenset(Verb) - FINAL - {Verb.UNDO, Verb.POLICY, Verb.SETTING}


@desk.get("/<site_name>/history")
@desk_page(Right.VIEW)
def history(site: Site) -> Page:
    """What was done on the site and about all sites, newest first."""
    line = request.args.get("q", "")
    search, faults = understood(line)
    if search.site is not None:
        elsewhere = _site_named(search.site)
        if elsewhere is not None:
            there = write_search(replace(search, site=None))
            return redirect(url_for("desk.history", site_name=reference(elsewhere), q=there or None), 303)
    with web().store.read() as connection:
        found = trail.trail_of(
            connection,
            site.id,
            search,
            limit=ON_PAGE,
            after=_after(),
            people=signed_in().may(Right.USERS, None),
        )
    return render_template(
        "desk/history.html",
        q=line,
        rows=found.rows,
        following=found.following,
        faults=faults,
        operators=OPERATORS,
        unknown_site=search.site,
        can_undo=can_undo,
        verb_words=verb_words,
        searching=search != ActSearch(),
    )


@desk.get("/<site_name>/history/<uuid:act_id>", endpoint="history_act")
@desk_page(Right.VIEW)
def one(site: Site, act_id: object) -> Page:
    """An act: the comment with the evidence of its time, or what a batch was made of."""
    with web().store.read() as connection:
        act = _act(connection, site, str(act_id))
        batch = Verb(act.verb) is Verb.BATCH or (Verb(act.verb) is Verb.UNDO and act.comment_id is None)
        members = trail.members_with_all(connection, act.id, limit=ON_PAGE, after=_after()) if batch else None
        context: dict[str, Any] = {
            "act": act,
            "members": members,
            "size": trail.size_of_batch(connection, act.id) if batch else (0, 0),
            "text": trail.text_of_act(connection, act) if act.comment_id else None,
            "decision": trail.decision_of_act(connection, act) if act.comment_id else None,
            "timeline": act_store.acts_on(connection, act.comment_id) if act.comment_id else [],
        }
    return render_template(
        "desk/history_act.html", can_undo=can_undo, verb_words=verb_words, weight_words=weight_words, **context
    )


@desk.post("/<site_name>/history/<uuid:act_id>/undo", endpoint="history_undo")
@desk_page(Right.RULE)
def take_back(site: Site, act_id: object) -> Page:
    """Take back one act, or a whole batch."""
    here, moment, me = web(), now(), actor()
    with here.store.read() as connection:
        act = _act(connection, site, str(act_id))
    missing = missing_right(act, site)
    if missing is not None:
        return no_right_page(missing)
    try:
        undone = here.store.write(lambda c: undo(c, site.id, act.id, actor=me, now=moment))
    except UndoneError:
        flash(gettext("This was taken back before."), "warn")
    except FinalError:
        flash(gettext("This cannot be taken back."), "bad")
    except ModerationError:
        raise NotFound from None
    else:
        announce(here, [each.comment_id for each in undone.done if each.status is Status.PENDING])
        if undone.act_id:
            return undo_receipt(site, undone, single=Verb(act.verb) is not Verb.BATCH)
        for conflict in undone.conflicts:  # the only ruling that was to be taken back does not stand any more
            flash(left_alone(conflict), "warn")
    return redirect(url_for("desk.history_act", site_name=reference(site), act_id=act.id), 303)


@desk.get("/<site_name>/history/reverse", endpoint="history_reverse")
@desk_page(Right.BULK)
def preview(site: Site) -> Page:
    """What exactly taking back all that a search finds would be about, ten of it to read, and then the button."""
    line, moment = request.args.get("q", ""), now()
    search, faults = understood(line)
    good = not faults and search.site is None and search != ActSearch()
    with web().store.read() as connection:
        rows = trail.reversible(connection, site.id, search, limit=2 * sets.MOST) if good else []
        standing = [row for row in rows if row.stands]
        whole = sets.exact_set(_by_comment(standing))
        sample = sets.sample_of(connection, site.id, _by_comment(standing), sets.seed_of(moment))
    return render_template(
        "desk/history_reverse.html",
        q=line,
        good=good,
        whole=whole,
        sample=sample,
        superseded=len(rows) - len(standing),
        most=sets.MOST,
        longest=MOST_REASON,
        token=sets.shown_token("reverse", {"q": write_search(search)}, whole.count, moment),
    )


@desk.post("/<site_name>/history/reverse", endpoint="history_reverse_all")
@desk_page(Right.BULK)
def reverse(site: Site) -> Page:
    """Take back what the search had found when it was shown; why is kept with it."""
    here, moment, me = web(), now(), actor()
    if not signed_in().may(Right.CONFIRM, site):
        return no_right_page(Right.CONFIRM)
    try:
        seen = sets.read_token("reverse", request.form.get("shown", ""), moment)
    except sets.StaleError:
        flash(gettext("This was shown too long ago, or in another session. Read it again; nothing was changed."), "bad")
        return redirect(url_for("desk.history", site_name=reference(site)), 303)
    search, _ = read_search(seen.about["q"])
    why = " ".join(request.form.get("why", "").split())[:MOST_REASON]
    if not why or search == ActSearch():
        flash(gettext("Say why, so that others understand it later. Nothing was changed."), "bad")
        return redirect(url_for("desk.history_reverse", site_name=reference(site), q=seen.about["q"]), 303)
    search = replace(search, before=min(search.before or seen.moment, seen.moment))

    def work(connection: Connection) -> Undone:
        rows = trail.reversible(connection, site.id, search, limit=2 * sets.MOST)
        standing = [row for row in rows if row.stands][: sets.MOST]
        detail = {"kind": "search", "search": without_people(search), "why": why, "shown": seen.count}
        return undo_all(connection, site.id, standing, actor=me, now=moment, detail=detail)

    undone = here.store.write(work)
    announce(here, [each.comment_id for each in undone.done if each.status is Status.PENDING])
    return undo_receipt(site, undone, single=False)


def can_undo(act: AnyRow, site: Site) -> bool:
    """Whether the person at the desk sees a button that takes an act back."""
    return not act.undone and Verb(act.verb) in _REVERSIBLE and missing_right(act, site) is None


def missing_right(act: AnyRow, site: Site) -> Right | None:
    """The right that somebody lacks for taking an act back: their own, a colleague's, or a whole batch."""
    me = signed_in()
    needed = [Right.RULE]
    if act.actor_id != me.id:
        needed.append(Right.CONFIRM)
    if Verb(act.verb) is Verb.BATCH:
        needed.append(Right.BULK)
    return next((right for right in needed if not me.may(right, site)), None)


def _act(connection: Connection, site: Site, act_id: str) -> AnyRow:
    act = trail.act_with_all(connection, site.id, act_id)
    hidden = act is not None and act.site_id is None and act.verb == Verb.PEOPLE.value
    if act is None or (hidden and not signed_in().may(Right.USERS, None)):
        raise NotFound
    return act


def _after() -> str | None:
    after = request.args.get("after", "")
    if len(after) > 36 or "\0" in after:
        raise BadRequest
    return after or None


def understood(line: str) -> tuple[ActSearch, list[Fault]]:
    """What somebody looks for; a reason may be called what the desk calls it."""
    search, faults = read_search(_for_me(line))
    codes = [] if search.reason is None else codes_called(search.reason)
    return (replace(search, reason=",".join(codes)) if codes else search), faults


def _for_me(line: str) -> str:
    """``by:me`` is one's own name."""
    words = [f'by:"{signed_in().name}"' if word == "by:me" else word for word in line.split(" ")]
    return " ".join(words)


def _site_named(name: str) -> Site | None:
    return next((site for site in sites_here() if name in {site.name, site.id}), None)


def _by_comment(rows: list[AnyRow]) -> list[AnyRow]:
    """One row for each comment: a comment has one ruling that stands."""
    return list({row.comment_id: row for row in rows}.values())
