"""Downloads of the history and of the queue. They are asked for by a POST, as each leaves an act."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from flask import Response, request
from werkzeug.exceptions import BadRequest

from service.act_search import without_people
from service.acts import Verb, act_row
from service.desk.blueprint import desk
from service.desk.history import understood
from service.desk.session import Page, actor, desk_page, reference, signed_in
from service.desk.wanted import WantedError, read_wanted
from service.desk.wanted import without_people as filters_kept
from service.downloads import HISTORY, QUEUE, Column, as_csv, as_json
from service.roles import Right
from service.store import acts, pages, trail
from service.store.accounts import Site
from service.store.comments import AnyRow
from service.web import Web, now, web

_FORMATS: Final = {"csv": (as_csv, "text/csv; charset=utf-8"), "json": (as_json, "application/json")}
_PORTION: Final = 500


@desk.post("/<site_name>/history/export", endpoint="history_export")
@desk_page(Right.EXPORT)
def export_history(site: Site) -> Page:
    """What a search finds in the history."""
    here, search = web(), understood(request.form.get("q", ""))[0]
    people = signed_in().may(Right.USERS, None)

    def rows() -> Iterator[AnyRow]:
        after: str | None = None
        while True:  # a connection for each portion: a slow reader holds none
            with here.store.read() as connection:
                page = trail.trail_of(connection, site.id, search, limit=_PORTION, after=after, people=people)
            yield from page.rows
            after = page.following
            if after is None:
                return

    about = {"what": "history", "search": without_people(search)}
    return _download(here, site, about, HISTORY, rows)


@desk.post("/<site_name>/export", endpoint="export_queue")
@desk_page(Right.EXPORT)
def export_queue(site: Site) -> Page:
    """What waits in the queue, with the filters of its page."""
    here, me = web(), signed_in().id
    try:
        wanted = read_wanted(request.form, now())
    except WantedError:
        raise BadRequest from None

    def rows() -> Iterator[AnyRow]:
        cursor: str | None = None
        while True:
            with here.store.read() as connection:
                page = pages.page_of(connection, site.id, wanted, user_id=me, limit=_PORTION, cursor=cursor)
            yield from page.rows
            cursor = page.following
            if cursor is None:
                return

    return _download(here, site, {"what": "queue", "filters": filters_kept(wanted)}, QUEUE, rows)


def _download(
    here: Web, site: Site, about: dict[str, Any], columns: tuple[Column, ...], rows: Callable[[], Iterator[AnyRow]]
) -> Response:
    """The file, after its act is on record."""
    kind = request.form.get("format", "csv")
    if kind not in _FORMATS:
        raise BadRequest
    write, mimetype = _FORMATS[kind]
    moment = now()
    act = act_row(actor(), Verb.EXPORT, moment, site_id=site.id, detail={"format": kind, **about})
    here.store.write(lambda connection: acts.insert_acts(connection, [act]))
    name = "".join(sign if sign.isalnum() and sign.isascii() else "-" for sign in reference(site))[:60]
    headers = {"Content-Disposition": f'attachment; filename="{about["what"]}-{name}-{moment:%Y%m%d-%H%M}.{kind}"'}
    return Response(write(columns, rows()), headers=headers, content_type=mimetype)
