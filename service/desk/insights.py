"""How moderation goes: held and decided per day, agreement, waits, and what each reason is worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from flask import render_template, request

from classifier.triage import Lane
from service.desk.blueprint import desk
from service.desk.reason_words import chip_words
from service.desk.session import Page, desk_page
from service.desk.words import Lazy, lazy_gettext
from service.insights import Day, insights
from service.roles import Right
from service.store.accounts import Site
from service.web import now, web

SPANS: Final = (7, 30, 90)
HEIGHT: Final = 160
WIDTH: Final = 720

LANES: Final[dict[Lane, tuple[Lazy, Lazy]]] = {
    Lane.FINE: (lazy_gettext("Likely fine"), lazy_gettext("approved by people")),
    Lane.UNCERTAIN: (lazy_gettext("Uncertain"), lazy_gettext("approved by people")),
    Lane.BAD: (lazy_gettext("Likely bad"), lazy_gettext("rejected by people")),
}


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of a day's bar in the picture."""

    kind: str
    x: float
    y: float
    width: float
    height: float


@desk.get("/<site_name>/insights", endpoint="insights")
@desk_page(Right.VIEW)
def insights_page(site: Site) -> Page:
    """The numbers of the last days."""
    days = next((span for span in SPANS if str(span) == request.args.get("days")), 30)
    with web().store.read() as connection:
        found = insights(connection, site.id, days, now())
    return render_template(
        "desk/insights.html",
        found=found,
        days=days,
        spans=SPANS,
        bars=bars_of(found.days),
        most=max((_total(day) for day in found.days), default=0),
        lanes=LANES,
        chip_words=chip_words,
        width=WIDTH,
        height=HEIGHT,
    )


def bars_of(days: list[Day]) -> list[Bar]:
    """Stacked bars, a day each: approved below, then held, then rejected."""
    most = max((_total(day) for day in days), default=0)
    if not most:
        return []
    step = WIDTH / len(days)
    found: list[Bar] = []
    for at, day in enumerate(days):
        top = float(HEIGHT)
        for kind, count in (("approved", day.approved), ("held", day.held), ("rejected", day.rejected)):
            height = count / most * HEIGHT
            top -= height
            if count:
                found.append(
                    Bar(kind, round(at * step + step * 0.1, 2), round(top, 2), round(step * 0.8, 2), round(height, 2))
                )
    return found


def _total(day: Day) -> int:
    return day.approved + day.held + day.rejected
