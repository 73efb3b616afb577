"""Erasing a comment for good: the one act that nothing takes back, so it is asked for on a page of its own."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from sqlalchemy.engine import Connection
from werkzeug.exceptions import NotFound

from service import moderation
from service.acts import Actor
from service.desk.blueprint import desk
from service.desk.session import Page, desk_page, reference, signed_in
from service.desk.words import gettext
from service.moderation import ErasedError, NotFoundError
from service.roles import Right
from service.store import comments as store
from service.store.accounts import Site
from service.store.pages import item_with_all
from service.web import now, web


@desk.get("/<site_name>/erase/<uuid:comment_id>", endpoint="queue_erase")
@desk_page(Right.ERASE)
def ask_to_erase(site: Site, comment_id: object) -> Page:
    """What would be gone; nothing happens yet."""
    with web().store.read() as connection:
        row = item_with_all(connection, site.id, str(comment_id))
    if row is None:
        raise NotFound
    return render_template("desk/erase.html", row=row)


@desk.post("/<site_name>/erase/<uuid:comment_id>", endpoint="queue_erase_done")
@desk_page(Right.ERASE)
def erase_for_good(site: Site, comment_id: object) -> Page:
    """Erase text and personal data from the database's files; that it was done, and by whom, stays on record."""
    here, person, moment = web(), signed_in(), now()

    def work(connection: Connection) -> None:
        actor = Actor(person.name, "desk", person.id)
        moderation.erase(connection, site.id, str(comment_id), actor=actor, now=moment)
        store.ask_for_scrub(connection)

    try:
        here.store.write(work)
    except NotFoundError:
        raise NotFound from None
    except ErasedError:
        flash(gettext("It was erased before."))
    else:
        if here.store.is_sqlite and here.store.scrub():
            here.store.write(store.scrub_done)
        flash(gettext("Erased for good."))
    return redirect(url_for("desk.queue", site_name=reference(site)), 303)
