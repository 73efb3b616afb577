"""The queue's address: which view, which filters, which order. All of it is in the URL, so it can be kept and sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from flask import url_for

from service.desk.reason_words import chip_words
from service.desk.session import reference
from service.desk.words import Lazy, gettext, lazy_gettext
from service.store.accounts import Site
from service.store.pages import Sort, View, Wanted

#: What says which comments are shown; the rest of an address says which one of them, and what was done just now.
FILTERS: Final = ("view", "sort", "reason", "lang", "article", "by", "author", "domain", "age", "risk", "q", "campaign")
_LONGEST: Final = 200

VIEWS: Final[dict[View, Lazy]] = {
    View.FINE: lazy_gettext("Likely fine"),
    View.UNCERTAIN: lazy_gettext("Uncertain"),
    View.BAD: lazy_gettext("Likely bad"),
    View.ESCALATED: lazy_gettext("Escalated"),
    View.APPEALS: lazy_gettext("Appeals and reports"),
    View.SECOND_LOOK: lazy_gettext("Second look"),
    View.SKIPPED: lazy_gettext("My skipped"),
    View.ALL: lazy_gettext("All"),
}
SORTS: Final[dict[Sort, Lazy]] = {
    Sort.KINDNESS: lazy_gettext("Likely fine first"),
    Sort.OLDEST: lazy_gettext("Oldest first"),
    Sort.RISKIEST: lazy_gettext("Riskiest first"),
    Sort.UNCERTAIN: lazy_gettext("Most uncertain first"),
}
AGES: Final[dict[str, tuple[timedelta, Lazy]]] = {
    "1h": (timedelta(hours=1), lazy_gettext("over an hour")),
    "6h": (timedelta(hours=6), lazy_gettext("over six hours")),
    "1d": (timedelta(days=1), lazy_gettext("over a day")),
    "7d": (timedelta(days=7), lazy_gettext("over a week")),
}
RISKS: Final[dict[str, Lazy]] = {
    "0-40": lazy_gettext("low"),
    "40-90": lazy_gettext("middling"),
    "90-100": lazy_gettext("high"),
}


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is set, and the address without it."""

    says: str
    address: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for, made sense of; what makes no sense is left out."""

    filters: Mapping[str, str]
    at: str | None
    cursor: str | None

    @property
    def view(self) -> View:
        """The part of the queue."""
        return View(self.filters.get("view", View.ALL))

    @property
    def sort(self) -> Sort:
        """The order; without a wish whoever is probably fine comes first, the oldest of them first."""
        return Sort(self.filters.get("sort", Sort.KINDNESS))

    @property
    def query(self) -> str:
        """The filters and the page as they stand in an address; forms carry it to come back here."""
        return urlencode({**self.filters, **({"cursor": self.cursor} if self.cursor else {})})

    def wanted(self, now: datetime, *, since: datetime | None = None) -> Wanted:
        """What to look for."""
        filters = self.filters
        low, high = _range(filters.get("risk"))
        return Wanted(
            view=self.view,
            sort=self.sort,
            reason=filters.get("reason"),
            language=filters.get("lang"),
            article_id=filters.get("article"),
            author_key=filters.get("by"),
            author=filters.get("author"),
            domain=filters.get("domain"),
            before=now - AGES[filters["age"]][0] if "age" in filters else None,
            since=since,
            risk_from=low,
            risk_to=high,
            text=filters.get("q"),
            campaign=filters.get("campaign"),
        )


def asked(arguments: Mapping[str, str]) -> Asked:
    """Read an address."""
    filters = {name: " ".join(arguments.get(name, "").split())[:_LONGEST] for name in FILTERS}
    allowed: Mapping[str, frozenset[str]] = {
        "view": frozenset(View),
        "sort": frozenset(Sort),
        "age": frozenset(AGES),
    }
    kept = {name: value for name, value in filters.items() if value and value in allowed.get(name, {value})}
    if _range(kept.get("risk")) == (None, None):
        kept.pop("risk", None)
    return Asked(kept, arguments.get("at", "")[:36] or None, arguments.get("cursor", "")[:200] or None)


def asked_before(query: str) -> Asked:
    """Read what a form carried."""
    return asked(dict(parse_qsl(query[:4_000])))


def address(site: Site, filters: Mapping[str, str], **more: str | None) -> str:
    """The address of a part of the queue; ``None`` takes a filter away."""
    merged = {**filters, **more}
    values: dict[str, Any] = {name: value for name, value in merged.items() if value}
    return url_for("desk.queue", site_name=reference(site), **values)


def chips(site: Site, found: Asked, titles: Mapping[str, str]) -> list[Chip]:
    """The filters that are set, in words, each with a way out."""
    said: dict[str, Callable[[str], str]] = {
        "reason": chip_words,
        "lang": lambda value: gettext("language: %(code)s", code=value),
        "article": lambda value: titles.get(value, gettext("one article")),
        "by": lambda _: gettext("one author"),
        "author": lambda value: gettext("author: %(name)s", name=value),
        "domain": lambda value: gettext("links to %(domain)s", domain=value),
        "age": lambda value: gettext("waits %(time)s", time=str(AGES[value][1])),
        "risk": lambda value: gettext("risk %(range)s%%", range=value),
        "q": lambda value: gettext("text: %(words)s", words=value),
        "campaign": lambda _: gettext("alike"),
    }
    return [
        Chip(say(found.filters[name]), address(site, found.filters, **{name: None}))
        for name, say in said.items()
        if name in found.filters
    ]


def _range(value: str | None) -> tuple[float | None, float | None]:
    """``40-90`` as shares."""
    low, dash, high = (value or "").partition("-")
    if not dash or not (low.isascii() and low.isdigit() and high.isascii() and high.isdigit()):
        return None, None
    if not int(low) <= int(high) <= 100:
        return None, None
    return int(low) / 100, int(high) / 100
