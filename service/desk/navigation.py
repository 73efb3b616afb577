"""The desk's navigation: an entry shows once its page exists and the person may see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from flask import current_app, request, url_for

from service.desk.session import anybody, current_site, reference, sites_here
from service.desk.words import Lazy, lazy_gettext
from service.roles import Right


@dataclass(frozen=True, slots=True)
class Entry:
    """A page that the navigation leads to."""

    endpoint: str
    label: Lazy
    right: Right
    of_site: bool = True


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry as it stands on this page."""

    label: Lazy
    address: str
    here: bool


#: In the order in which they stand.
ENTRIES: Final = (
    Entry("desk.queue", lazy_gettext("Queue"), Right.VIEW),
    Entry("desk.campaigns", lazy_gettext("Campaigns"), Right.VIEW),
    Entry("desk.sweep", lazy_gettext("Sweep"), Right.BULK),
    Entry("desk.history", lazy_gettext("History"), Right.VIEW),
    Entry("desk.policy", lazy_gettext("Policy"), Right.VIEW),
    Entry("desk.insights", lazy_gettext("Insights"), Right.VIEW),
    Entry("desk.health", lazy_gettext("Health"), Right.VIEW),
    Entry("desk.people", lazy_gettext("People"), Right.USERS, of_site=False),
)


def entries() -> list[Shown]:
    """What this person can go to from this page; pages of a site are those of the current one.

    On a page of all sites they are those of the only one, and hidden where there are several: none is meant.
    """
    person = anybody()
    if person is None:
        return []
    sites = sites_here()
    site = current_site() or (sites[0] if len(sites) == 1 else None)
    found = []
    for entry in ENTRIES:
        about = site if entry.of_site else None
        exists = entry.endpoint in current_app.view_functions and (about is not None or not entry.of_site)
        if exists and person.may(entry.right, about):
            address = url_for(entry.endpoint, site_name=reference(about)) if about else url_for(entry.endpoint)
            here = request.endpoint == entry.endpoint or (request.endpoint or "").startswith(f"{entry.endpoint}_")
            found.append(Shown(entry.label, address, here))
    return found
