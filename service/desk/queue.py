"""The queue: its page, the detail of one comment, and what changes while it is open. Nothing here changes anything."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from flask import Response, redirect, render_template, request
from sqlalchemy.engine import Connection
from werkzeug.exceptions import NotFound

from classifier.lessons import RulingReason
from service.desk.blueprint import desk
from service.desk.for_script import script_facts
from service.desk.keymap import COMMANDS, keymap_of
from service.desk.presented import RowShown, age_words, risk_words, row_shown, work_words
from service.desk.presented_detail import detail_shown
from service.desk.queue_query import AGES, RISKS, SORTS, VIEWS, Asked, address, asked, asked_before, chips
from service.desk.reason_words import DO_WORDS, RULING_REASONS, chip_words, proposal_words, status_words
from service.desk.receipts import Receipt, act_said, receipt_of, standing_of
from service.desk.session import Page, desk_page, signed_in
from service.roles import Right
from service.store import detail, pages
from service.store.accounts import Site
from service.store.pages import View
from service.web import answer_document, now, web

PAGE_ROWS: Final = 40
MOST_FACETS: Final = 12
#: How long a comment takes where nobody has decided any yet.
SECONDS_EACH: Final = 7.0
PACE_DAYS: Final = 14
MINUTE: Final = timedelta(minutes=1)
#: So many of others' acts are told at once to whoever looks.
MOST_ACTS_TOLD: Final = 100


@dataclass(frozen=True, slots=True)
class RailEntry:
    """A view with its load."""

    view: View
    label: str
    address: str
    count: int
    age: str
    work: str
    here: bool


@desk.get("/<site_name>/queue")
@desk_page(Right.VIEW)
def queue(site: Site) -> Page:
    """The list of what waits, and beside it the comment that is looked at."""
    found, moment, person = asked(request.args), now(), signed_in()
    with web().store.read() as connection:
        try:
            page = pages.page_of(
                connection, site.id, found.wanted(moment), user_id=person.id, limit=PAGE_ROWS, cursor=found.cursor
            )
        except ValueError:
            return redirect(address(site, found.filters), 303)
        rows = _rows(connection, site, page.rows, moment)
        if "X-Desk" in request.headers:
            return _part(site, found, rows, page.following)
        at = found.at or (rows[0].id if rows else None)
        one = pages.item_with_all(connection, site.id, at) if at else None
        shown = None
        if one is not None:
            shown = detail_shown(
                connection, site.id, one, me=person.id, now=moment, whole=request.args.get("whole") == "1"
            )
        facets = pages.facets(connection, site.id)
        wanted_titles = [key for key, _ in facets["article"][:MOST_FACETS]]
        titles = pages.titles_of(connection, [*wanted_titles, found.filters.get("article", "")])
        newest = detail.newest_act(connection, site.id)
        entries = rail(connection, site, found, moment)
        receipt = _receipt(connection, site)
        clash = standing_of(connection, site.id, at) if at and request.args.get("clash") else None
        campaigns = pages.campaign_load(connection, site.id)
    return render_template(
        "desk/queue.html",
        rows=rows,
        detail=shown,
        at=at,
        neighbours=_neighbours(rows, at),
        found=found,
        rail=entries,
        campaigns=campaigns,
        chips=chips(site, found, titles),
        facets=_facets(facets, titles),
        following=_following(site, found, page.following),
        opened=moment.isoformat(),
        newest=newest,
        receipt=receipt,
        clash=clash,
        **_of_person(site),
    )


@desk.get("/<site_name>/queue/comments/<comment_id>")
@desk_page(Right.VIEW)
def queue_item(site: Site, comment_id: str) -> Page:
    """One comment: for the desk's script the part beside the list, for a browser the page at that comment."""
    found, moment, person = asked(request.args), now(), signed_in()
    if "X-Desk" not in request.headers:
        return redirect(address(site, {}, at=comment_id), 303)
    with web().store.read() as connection:
        one = pages.item_with_all(connection, site.id, comment_id)
        if one is None:
            raise NotFound
        shown = detail_shown(connection, site.id, one, me=person.id, now=moment)
    return render_template(
        "desk/queue_detail.html", detail=shown, found=found, neighbours=("", ""), clash=None, **_of_person(site)
    )


@desk.get("/<site_name>/queue/pulse")
@desk_page(Right.VIEW)
def queue_pulse(site: Site) -> Page:
    """What has changed since the page was opened: loads, newcomers, who looks at what, what others decided.

    It is asked every few seconds; while nothing changes the answer is 304 without a body.
    """
    found, moment, person = asked(request.args), now(), signed_in()
    since = _moment(request.args.get("since", "")) or moment
    with web().store.read() as connection:
        entries = rail(connection, site, found, moment)
        new = len(pages.all_of(connection, site.id, found.wanted(moment, since=since), user_id=person.id, limit=1_000))
        claims = detail.claims_on(connection, site.id, moment)
        after = request.args.get("after", "")[:36]
        done = detail.acts_since(connection, site.id, after, MOST_ACTS_TOLD)
        told = [act_said(act) for act in done if act.actor_id != person.id and act.comment_id]
    document: dict[str, Any] = {
        "rail": render_template("desk/queue_rail.html", rail=entries),
        "new": new,
        "claims": {row.comment_id: row.claimed_name for row in claims if row.claimed_by != person.id},
        "here": sorted({row.claimed_name for row in claims if row.claimed_by != person.id}),
        "acts": [act for act in told if act is not None],
        "last": done[-1].id if done else after,
    }
    response = answer_document(document)
    response.set_etag(hashlib.sha256(response.get_data()).hexdigest()[:32])
    return _conditional(response)


def rail(connection: Connection, site: Site, found: Asked, moment: datetime) -> list[RailEntry]:
    """The views with their loads, as this person sees them."""
    person = signed_in()
    loads = pages.loads(connection, site.id, person.id)
    pace = detail.seconds_a_comment(connection, site.id, moment - timedelta(days=PACE_DAYS)) or SECONDS_EACH
    shown = [view for view in View if view is not View.SECOND_LOOK or person.may(Right.CONFIRM, site)]
    sort = {"sort": found.filters.get("sort")}
    return [
        RailEntry(
            view=view,
            label=str(VIEWS[view]),
            address=address(site, {}, view=view.value, **sort),
            count=loads[view].count,
            age=age_words(moment - oldest) if (oldest := loads[view].oldest) and moment - oldest >= MINUTE else "",
            work=work_words(loads[view].count, pace),
            here=view is found.view,
        )
        for view in shown
    ]


def row_html(connection: Connection, site: Site, comment_id: str) -> str:
    """A comment's row anew, for a page that shows another one in its place; nothing when it does not wait."""
    one = pages.item_with_all(connection, site.id, comment_id)
    if one is None or one.closed_at is not None:
        return ""
    return _part(site, asked_before(request.form.get("back", "")), _rows(connection, site, [one], now()), None)


def _part(site: Site, found: Asked, rows: list[RowShown], cursor: str | None) -> str:
    """Further rows, for the script to put behind those that are there."""
    return render_template(
        "desk/queue_rows.html", rows=rows, following=_following(site, found, cursor), found=found, **_of_person(site)
    )


def _rows(connection: Connection, site: Site, rows: list[Any], moment: datetime) -> list[RowShown]:
    alike = detail.open_in_campaigns(connection, site.id, {row.campaign for row in rows if row.campaign})
    return [row_shown(row, me=signed_in().id, now=moment, alike=alike) for row in rows]


def _of_person(site: Site) -> dict[str, Any]:
    """What the page must know of whoever looks at it."""
    person = signed_in()
    return {
        "keys": keymap_of(person.preferences),
        "proposes": person.may(Right.RULE, site) and not person.may(Right.CONFIRM, site),
        "may": {right.value: person.may(right, site) for right in Right},
        "ruling_reasons": [(reason.value, str(words)) for reason, words in RULING_REASONS.items() if _offered(reason)],
        "sorts": SORTS,
        "ages": AGES,
        "risks": RISKS,
        "views": VIEWS,
        "filter_address": lambda found, **more: address(site, found.filters, **more),
        "commands": [
            command for command in COMMANDS if command.right is None or person.may(Right(command.right), site)
        ],
        "status_words": status_words,
        "proposal_words": proposal_words,
        "risk_words": risk_words,
        "do_words": {name: str(words) for name, words in DO_WORDS.items()},
        **script_facts(site, "desk.queue_item"),
    }


def _offered(reason: RulingReason) -> bool:
    """Toxicity has a button of its own, and so has spam; the tray offers them too, since a key finds them there."""
    return reason is not RulingReason.EXCEPTION


def _neighbours(rows: list[RowShown], at: str | None) -> tuple[str, str]:
    """The comments before and after in the list: where a page goes once this one is decided."""
    ids = [row.id for row in rows]
    if at not in ids:
        return "", ids[0] if ids else ""
    place = ids.index(at)
    return ids[place - 1] if place else "", ids[place + 1] if place + 1 < len(ids) else ""


def _facets(facets: dict[str, list[tuple[str, int]]], titles: dict[str, str]) -> dict[str, list[tuple[str, str, int]]]:
    """What there is to filter by: value, words, count."""
    say: dict[str, Callable[[str], str]] = {
        "reason": chip_words,
        "language": str,
        "article": lambda key: titles.get(key, key),
    }
    return {
        name: [(value, words(value), count) for value, count in facets[name][:MOST_FACETS]]
        for name, words in say.items()
    }


def _following(site: Site, found: Asked, cursor: str | None) -> str:
    return address(site, found.filters, cursor=cursor) if cursor else ""


def _receipt(connection: Connection, site: Site) -> Receipt | None:
    act_id = request.args.get("done", "")[:36]
    return receipt_of(connection, site.id, act_id) if act_id else None


def _moment(value: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(value[:40])
    except ValueError:
        return None
    return found if found.tzinfo else None


def _conditional(response: Response) -> Page:
    """The answer, or 304 when the browser has it already. ``no-store`` is set later and does not hinder it: the desk's
    script keeps the tag itself."""
    return response.make_conditional(request)
