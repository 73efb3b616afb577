"""The desk's front page: straight to the work when there is one site, else the choice."""

from __future__ import annotations

from flask import current_app, redirect, render_template, url_for

from service.desk.blueprint import desk
from service.desk.session import Page, desk_page, reference, sites_here
from service.roles import Right
from service.store import pages
from service.store.accounts import Site
from service.web import web


@desk.get("/")
@desk_page()
def home() -> Page:
    """Which site to moderate."""
    sites = sites_here()
    if len(sites) == 1:
        return redirect(url_for("desk.site_home", site_name=reference(sites[0])), 303)
    with web().store.read() as connection:
        waiting = pages.waiting_by_site(connection, [site.id for site in sites])
    return render_template("desk/home.html", waiting=waiting)


@desk.get("/<site_name>/")
@desk_page(Right.VIEW)
def site_home(site: Site) -> Page:
    """The front page of a site: its queue."""
    if "desk.queue" in current_app.view_functions:
        return redirect(url_for("desk.queue", site_name=reference(site)), 303)
    return render_template("desk/home.html")


@desk.get("/help")
@desk_page()
def help() -> Page:  # noqa: A001 - the page's name
    """What the desk is for, and who may do what."""
    return render_template("desk/help.html")
