"""The board of campaigns: near copies that wait, each wave one unit of work."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from flask import flash, redirect, render_template, request, url_for
from sqlalchemy.engine import Connection
from werkzeug.exceptions import BadRequest, NotFound

from classifier.domain import Action, Status
from classifier.lessons import RulingReason
from classifier.template import Part, template_of
from service.batches import rule_batch
from service.desk import sets
from service.desk.blueprint import desk
from service.desk.drawings import Bar, sparkline
from service.desk.outcomes import receipt
from service.desk.session import Page, actor, desk_page, reference
from service.desk.words import Lazy, gettext, lazy_gettext
from service.roles import Right
from service.rulings import Wish
from service.store import waves
from service.store.accounts import Site
from service.store.comments import AnyRow
from service.store.shown import shown
from service.web import now, web

#: Campaigns on a page of the board, and comments on a page of a campaign.
ON_BOARD: Final = 8
ON_PAGE: Final = 50
#: So many texts say what a campaign has in common.
_TEXTS: Final = 8
_CHOSEN_FROM: Final = 200
_STANDINGS: Final = (Status.HELD, Status.APPROVED, Status.REJECTED)


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to do about a whole campaign: what is ruled, why, and on which of its comments unless one says more."""

    name: str
    label: Lazy
    action: Action
    reason: RulingReason | None
    of: Status


CHOICES: Final = {
    choice.name: choice
    for choice in (
        Choice("spam", lazy_gettext("Reject all as spam"), Action.REJECT, RulingReason.SPAM, Status.HELD),
        Choice("abuse", lazy_gettext("Reject all as abuse"), Action.REJECT, RulingReason.TOXICITY, Status.HELD),
        Choice("approve", lazy_gettext("Approve all"), Action.APPROVE, None, Status.HELD),
        Choice("hold", lazy_gettext("Hold what is published"), Action.HOLD, None, Status.APPROVED),
    )
}
#: On what each action has any effect.
_SENSIBLE: Final = {
    Action.REJECT: (Status.HELD, Status.APPROVED),
    Action.APPROVE: (Status.HELD, Status.REJECTED),
    Action.HOLD: (Status.APPROVED, Status.REJECTED),
}


@dataclass(frozen=True, slots=True)
class Card:
    """A campaign on the board."""

    id: str
    waiting: int
    standings: dict[Status, int]
    authors: int
    articles: int
    domains: tuple[tuple[str, int], ...]
    bars: list[Bar]
    since: datetime | None
    template: list[Part]

    @property
    def total(self) -> int:
        """All comments of it, however they stand."""
        return sum(self.standings.values())


@desk.get("/<site_name>/campaigns")
@desk_page(Right.VIEW)
def campaigns(site: Site) -> Page:
    """All campaigns with something waiting, the largest first."""
    after = _cursor(request.args.get("after", ""))
    with web().store.read() as connection:
        found = waves.waiting_waves(connection, site.id, limit=ON_BOARD + 1, after=after)
        cards = _cards(connection, site.id, found[:ON_BOARD])
    following = f"{found[ON_BOARD - 1][1]}~{found[ON_BOARD - 1][0]}" if len(found) > ON_BOARD else None
    return render_template("desk/campaigns.html", cards=cards, following=following, choices=CHOICES.values())


@desk.get("/<site_name>/campaigns/<uuid:campaign>", endpoint="campaigns_one")
@desk_page(Right.VIEW)
def one(site: Site, campaign: object) -> Page:
    """A campaign with its comments, those least like the others first."""
    name = str(campaign)
    with web().store.read() as connection:
        (card,) = _cards(connection, site.id, [(name, 0)])
        if not card.total:
            raise NotFound
        rows = waves.members_of_wave(connection, site.id, name, _STANDINGS, until=now())
        ordered = _strangers_first(rows, waves.signature_of(connection, name))
        start = _place_after(ordered, request.args.get("after", ""))
        page = ordered[start : start + ON_PAGE]
        members = shown(connection, site.id, [row.comment_id for _, row in page])
    likeness = {row.comment_id: alike for alike, row in page}
    following = f"{page[-1][0]}~{page[-1][1].comment_id}" if start + ON_PAGE < len(ordered) else None
    return render_template(
        "desk/campaign.html",
        card=card,
        members=members,
        likeness=likeness,
        following=following,
        choices=CHOICES.values(),
    )


@desk.get("/<site_name>/campaigns/<uuid:campaign>/decide", endpoint="campaigns_decide")
@desk_page(Right.BULK)
def decide(site: Site, campaign: object) -> Page:
    """What exactly a decision on a whole campaign would be about, ten of it to read, and then the button."""
    name, moment = str(campaign), now()
    choice = _choice(request.args.get("choice", ""))
    sensible = _SENSIBLE[choice.action]
    asked = set(request.args.getlist("of"))
    statuses = [status for status in sensible if status.value in asked] or [choice.of]
    with web().store.read() as connection:
        rows = waves.members_of_wave(connection, site.id, name, statuses, until=moment)
        standings = waves.standings_of(connection, site.id, [name]).get(name)
        if standings is None:
            raise NotFound
        whole = sets.exact_set(rows)
        sample = sets.sample_of(connection, site.id, rows, sets.seed_of(moment))
    about = {"campaign": name, "choice": choice.name, "of": [status.value for status in statuses]}
    return render_template(
        "desk/campaign_decide.html",
        campaign=name,
        choice=choice,
        sensible=sensible,
        statuses=statuses,
        standings=standings,
        whole=whole,
        sample=sample,
        token=sets.shown_token("campaign", about, whole.count, moment),
    )


@desk.post("/<site_name>/campaigns/<uuid:campaign>/act", endpoint="campaigns_act")
@desk_page(Right.BULK)
def act(site: Site, campaign: object) -> Page:
    """Rule on the campaign as it was shown."""
    here, name = web(), str(campaign)
    try:
        seen = sets.read_token("campaign", request.form.get("shown", ""), now())
    except sets.StaleError:
        flash(gettext("This was shown too long ago, or in another session. Read it again; nothing was changed."), "bad")
        return redirect(url_for("desk.campaigns_one", site_name=reference(site), campaign=name), 303)
    if seen.about["campaign"] != name:
        raise BadRequest
    choice = _choice(seen.about["choice"])
    statuses = [Status(each) for each in seen.about["of"]]
    with here.store.read() as connection:
        rows = waves.members_of_wave(connection, site.id, name, statuses, until=seen.moment)
    batch = rule_batch(
        here.store,
        site.id,
        sets.as_wishes(rows, seen.moment),
        choice.action,
        actor=actor(),
        now=now(),
        kind="campaign",
        reason=choice.reason,
        detail={"campaign": name, "of": seen.about["of"], "shown": seen.count},
    )
    return receipt(site, batch, choice.action)


@desk.post("/<site_name>/campaigns/<uuid:campaign>/selected", endpoint="campaigns_selected")
@desk_page(Right.BULK)
def act_on_selected(site: Site, campaign: object) -> Page:
    """Rule on those comments of a campaign that were ticked, as one act."""
    here, name = web(), str(campaign)
    choice = _choice(request.form.get("choice", ""))
    wishes = [_wish(each) for each in request.form.getlist("pick")]
    if not wishes:
        flash(gettext("Nothing was selected, so nothing was changed."), "warn")
        return redirect(url_for("desk.campaigns_one", site_name=reference(site), campaign=name), 303)
    with here.store.read() as connection:
        rows = waves.members_of_wave(connection, site.id, name, _STANDINGS, until=now())
    members = {row.comment_id for row in rows}
    if not all(wish.comment_id in members for wish in wishes):
        flash(gettext("The campaign changed since this page was loaded. Look again; nothing was changed."), "bad")
        return redirect(url_for("desk.campaigns_one", site_name=reference(site), campaign=name), 303)
    batch = rule_batch(
        here.store,
        site.id,
        wishes,
        choice.action,
        actor=actor(),
        now=now(),
        kind="campaign",
        reason=choice.reason,
        detail={"campaign": name, "selected": True},
    )
    return receipt(site, batch, choice.action)


def _cards(connection: Connection, site_id: str, found: Sequence[tuple[str, int]]) -> list[Card]:
    """Campaigns with all that is told of them, in a handful of statements for the whole page."""
    ids = [campaign for campaign, _ in found]
    standings = waves.standings_of(connection, site_id, ids)
    spread = waves.spread_of(connection, ids)
    hours = waves.hours_of(connection, ids)
    links = waves.links_of(connection, ids)
    cards = []
    for campaign, waiting in found:
        counted = sorted(links.get(campaign, {}).items(), key=lambda pair: (-pair[1], pair[0]))
        authors, articles = spread.get(campaign, (0, 0))
        seen = hours.get(campaign, [])
        cards.append(
            Card(
                id=campaign,
                waiting=waiting or standings.get(campaign, {}).get(Status.HELD, 0),
                standings=standings.get(campaign, {}),
                authors=authors,
                articles=articles,
                domains=tuple((domain, count) for domain, count in counted[:6] if count > 1),
                bars=sparkline(seen),
                since=seen[0][0] if seen else None,
                template=template_of(_texts_of(connection, site_id, campaign)),
            )
        )
    return cards


def _texts_of(connection: Connection, site_id: str, campaign: str) -> list[str]:
    """Some of its texts, by chance but the same each time, those that wait before the others."""
    ids = waves.some_of_wave(connection, site_id, campaign, _CHOSEN_FROM)
    chosen = random.Random(campaign).sample(ids, min(_TEXTS, len(ids)))  # noqa: S311 - any will do
    return [row.text for row in shown(connection, site_id, chosen)]


def _strangers_first(rows: Sequence[AnyRow], leader: bytes | None) -> list[tuple[int, AnyRow]]:
    """Each with how many of its numbers are its leader's, the fewest first."""
    if not rows:
        return []
    table = np.frombuffer(b"".join(bytes(row.signature) for row in rows), dtype=np.uint16).reshape(len(rows), -1)
    centre = table[0] if leader is None else np.frombuffer(leader, dtype=np.uint16)
    alike = (table == centre).mean(axis=1)
    percent = [round(100 * float(share)) for share in alike]
    pairs = list(zip(percent, rows, strict=True))
    return sorted(pairs, key=lambda pair: (pair[0], pair[1].comment_id))


def _place_after(ordered: Sequence[tuple[int, AnyRow]], cursor: str) -> int:
    if not cursor:
        return 0
    alike, comment = _cursor(cursor) or (0, "")
    return sum((percent, row.comment_id) <= (alike, comment) for percent, row in ordered)


def _cursor(said: str) -> tuple[int, str] | None:
    if not said:
        return None
    number, _, name = said.partition("~")
    if not number.isdecimal() or len(number) > 9 or not name or len(name) > 36:
        raise BadRequest
    return int(number), name


def _choice(name: str) -> Choice:
    if name not in CHOICES:
        raise BadRequest
    return CHOICES[name]


def _wish(said: str) -> Wish:
    """A ticked comment as it was on the page: id, revision, and the ruling that stood."""
    comment, _, rest = said.partition(":")
    revision, _, seen = rest.partition(":")
    if not revision.isdecimal() or len(revision) > 9:
        raise BadRequest
    return Wish(comment, int(revision), seen or None)
