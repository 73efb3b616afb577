"""The sweep: act on a range of risk as one, after reading ten of what is in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy.engine import Connection
from werkzeug.exceptions import BadRequest

from classifier.domain import Action
from classifier.lessons import RulingReason
from classifier.policy import PolicyError
from service.batches import rule_batch
from service.desk import drawings, sets
from service.desk.blueprint import desk
from service.desk.outcomes import receipt
from service.desk.reason_words import HEADS_SAID
from service.desk.session import Page, actor, desk_page, reference, signed_in
from service.desk.wanted import WantedError, read_wanted, without_people, write_wanted
from service.desk.words import Lazy, gettext, lazy_gettext
from service.mistakes import Mistakes, expected_mistakes
from service.policies import SITE, load_shelf
from service.roles import Right
from service.store import pages
from service.store.accounts import Site
from service.store.comments import AnyRow
from service.store.pages import Wanted
from service.web import now, web

#: Heads whose lines are drawn; of the others there are too many to read.
_DRAWN: Final = ("spam", "toxicity")


@dataclass(frozen=True, slots=True)
class Choice:
    """What can be done about a range."""

    name: str
    label: Lazy
    action: Action
    reason: RulingReason | None = None


CHOICES: Final = {
    choice.name: choice
    for choice in (
        Choice("approve", lazy_gettext("Approve these"), Action.APPROVE),
        Choice("spam", lazy_gettext("Reject these as spam"), Action.REJECT, RulingReason.SPAM),
        Choice("abuse", lazy_gettext("Reject these as abuse"), Action.REJECT, RulingReason.TOXICITY),
    )
}


@desk.get("/<site_name>/sweep")
@desk_page(Right.BULK)
def sweep(site: Site) -> Page:
    """What has which risk; with a range chosen, exactly what is in it, ten of it to read, and then the buttons."""
    moment = now()
    problem = ""
    try:
        wanted = read_wanted(request.args, moment)
    except WantedError as error:
        wanted = Wanted()
        problem = gettext("%(name)s is not something to filter by. Nothing is chosen.", name=error.name)
    chosen = not problem and (wanted.risk_from is not None or wanted.risk_to is not None)
    low, high = _bounds(wanted)
    me = signed_in().id
    with web().store.read() as connection:
        everything = replace(wanted, risk_from=None, risk_to=None)
        risks = pages.risks_of(connection, site.id, everything, user_id=me)
        rows = _rows(connection, site.id, wanted, moment) if chosen else []
        whole = sets.exact_set(rows)
        sample = sets.sample_of(connection, site.id, rows, sets.seed_of(moment))
        mistakes = _mistakes(connection, site.id, low, high, whole.count) if rows else {}
        policy_lines = drawings.lines(_lines_of(connection, site.id))
    return render_template(
        "desk/sweep.html",
        wanted=wanted,
        filters=write_wanted(wanted, risk_from=None, risk_to=None),
        low=low,
        high=high,
        chosen=chosen,
        bars=drawings.histogram(risks),
        total=len(risks),
        lines=policy_lines,
        whole=whole,
        sample=sample,
        mistakes=mistakes,
        choices=CHOICES.values(),
        problem=problem,
        token=sets.shown_token("sweep", write_wanted(wanted), whole.count, moment) if rows else "",
    )


@desk.post("/<site_name>/sweep/act", endpoint="sweep_act")
@desk_page(Right.BULK)
def act(site: Site) -> Page:
    """Rule on the range as it was shown."""
    here = web()
    choice = CHOICES.get(request.form.get("choice", ""))
    if choice is None:
        raise BadRequest
    try:
        seen = sets.read_token("sweep", request.form.get("shown", ""), now())
        wanted = read_wanted(seen.about, seen.moment)
    except sets.StaleError:
        flash(gettext("This was shown too long ago, or in another session. Read it again; nothing was changed."), "bad")
        return redirect(url_for("desk.sweep", site_name=reference(site)), 303)
    with here.store.read() as connection:
        rows = _rows(connection, site.id, wanted, seen.moment)
    batch = rule_batch(
        here.store,
        site.id,
        sets.as_wishes(rows, seen.moment),
        choice.action,
        actor=actor(),
        now=now(),
        kind="sweep",
        reason=choice.reason,
        detail={"range": without_people(wanted), "shown": seen.count},
    )
    return receipt(site, batch, choice.action)


def _rows(connection: Connection, site_id: str, wanted: Wanted, moment: datetime) -> list[AnyRow]:
    """Everything in the range that waited at that moment."""
    until = moment if wanted.before is None else min(wanted.before, moment)
    there = replace(wanted, before=until)
    return pages.all_of(connection, site_id, there, user_id=signed_in().id, limit=4 * sets.MOST)


def _bounds(wanted: Wanted) -> tuple[float, float]:
    low = 0.0 if wanted.risk_from is None else wanted.risk_from
    return low, 1.0 if wanted.risk_to is None else wanted.risk_to


def _mistakes(connection: Connection, site_id: str, low: float, high: float, count: int) -> dict[Action, Mistakes]:
    return expected_mistakes(connection, site_id, risk_from=low, risk_to=high, count=count)


def _lines_of(connection: Connection, site_id: str) -> dict[str, float]:
    """From which scores on the site's policy holds and rejects."""
    try:
        heads = load_shelf(connection, site_id).effective_of(SITE).document.heads
    except PolicyError:  # written by another version of Sluice; then nothing can be said of its lines
        return {}
    found: dict[str, float] = {}
    for name in _DRAWN:
        table, kind = getattr(heads, name), HEADS_SAID[name]
        if table.hold_at is not None:
            found[gettext("hold from %(score)s (%(kind)s)", score=f"{table.hold_at:g}", kind=kind)] = table.hold_at
        if table.reject_at is not None:
            said = gettext("reject from %(score)s (%(kind)s)", score=f"{table.reject_at:g}", kind=kind)
            found[said] = table.reject_at
    return found
