"""The page of people: who there is, what they may do where. For those who are admin on all sites."""

from __future__ import annotations

from flask import Response, flash, redirect, render_template, request, url_for
from sqlalchemy.engine import Connection
from werkzeug.exceptions import NotFound

import config.logs
from service import people
from service.desk.blueprint import desk
from service.desk.session import Page, actor, desk_page, sign_in, signed_in, sites_here
from service.desk.words import gettext, said
from service.people import LINK_HOURS
from service.roles import Right, Role
from service.store import people as store
from service.store.accounts import AccountError
from service.store.people import User
from service.web import now, web

log = config.logs.get("desk")


@desk.get("/people", endpoint="people")
@desk_page(Right.USERS)
def people_page() -> Page:
    """Everybody, with their roles."""
    return _people()


@desk.post("/people", endpoint="people_add")
@desk_page(Right.USERS)
def add_person() -> Page:
    """Make a user, and show the link that lets them in once."""
    here, me = web(), actor()
    name, secret, moment = request.form.get("name", ""), here.settings.secret, now()
    site_id, role = _site_asked(), _role_asked()

    def work(connection: Connection) -> tuple[User, str]:
        made = people.add_user(connection, name, {} if role is None else {site_id: role}, moment, by=me)
        return made, people.make_link(connection, secret, "invite", made.id, moment)

    try:
        made, token = here.store.write(work)
    except AccountError as error:
        return _people(problem=said(error), name=name[:100])
    log.info("people.added", user=made.id, by=signed_in().id)
    return _link_page(made, token)


@desk.get("/people/<uuid:user_id>", endpoint="people_person")
@desk_page(Right.USERS)
def person_page(user_id: object) -> Page:
    """One person: roles on each site, and what to do when they are locked out or leave."""
    return _person(_user(user_id))


@desk.post("/people/<uuid:user_id>/role", endpoint="people_role")
@desk_page(Right.USERS)
def change_role(user_id: object) -> Page:
    """Give a role on a site or on all, or take it away."""
    user, site_id, role = _user(user_id), _site_asked(), _role_asked()
    me, moment = actor(), now()
    try:
        web().store.write(lambda connection: people.change_role(connection, user, site_id, role, by=me, now=moment))
    except AccountError as error:
        return _person(user, problem=said(error))
    log.info("people.role_changed", user=user.id, by=signed_in().id, site=site_id, role=role and role.value)
    return _done(user, gettext("Saved. %(name)s signs in again to use it.", name=user.name))


@desk.post("/people/<uuid:user_id>/disable", endpoint="people_disable")
@desk_page(Right.USERS)
def disable(user_id: object) -> Page:
    """Let somebody in no more."""
    user, moment, me = _user(user_id), now(), actor()
    try:
        web().store.write(lambda connection: people.disable(connection, user, moment, by=me))
    except AccountError as error:
        return _person(user, problem=said(error))
    log.info("people.disabled", user=user.id, by=signed_in().id)
    return _done(user, gettext("%(name)s is signed out everywhere and cannot sign in any more.", name=user.name))


@desk.post("/people/<uuid:user_id>/enable", endpoint="people_enable")
@desk_page(Right.USERS)
def enable(user_id: object) -> Page:
    """Let somebody in again."""
    user, moment, me = _user(user_id), now(), actor()
    web().store.write(lambda connection: people.enable(connection, user, by=me, now=moment))
    log.info("people.enabled", user=user.id, by=signed_in().id)
    return _done(user, gettext("%(name)s can sign in again.", name=user.name))


@desk.post("/people/<uuid:user_id>/reset", endpoint="people_reset")
@desk_page(Right.USERS)
def reset(user_id: object) -> Page:
    """Forget password and second factor, and show a link to begin anew."""
    here, user, moment, me = web(), _user(user_id), now(), actor()
    secret = here.settings.secret
    token = here.store.write(lambda connection: people.reset(connection, user, secret, moment, by=me))
    log.info("people.reset", user=user.id, by=signed_in().id)
    return _link_page(user, token)


def _people(problem: str = "", name: str = "") -> Response:
    with web().store.read() as connection:
        everybody = store.all_users(connection)
        roles = store.roles_of_all(connection)
    names = {site.id: site.name for site in sites_here()}
    body = render_template(
        "desk/people.html",
        people=everybody,
        roles=roles,
        site_names=names,
        role_choices=list(Role),
        problem=problem,
        name=name,
    )
    return Response(body, 422 if problem else 200)


def _person(user: User, problem: str = "") -> Response:
    with web().store.read() as connection:
        roles = store.roles_of(connection, user.id)
    body = render_template("desk/person.html", person=user, roles=roles, role_choices=list(Role), problem=problem)
    return Response(body, 422 if problem else 200)


def _link_page(user: User, token: str) -> str:
    base = web().settings.public_url.rstrip("/") or request.host_url.rstrip("/")
    address = base + url_for("desk.link", token=token)
    return render_template("desk/people_link.html", person=user, address=address, hours=LINK_HOURS)


def _done(user: User, sentence: str) -> Page:
    """Back to the person's page; whoever changed themselves goes on with a new session, if they still may."""
    answer = redirect(url_for("desk.people_person", user_id=user.id), 303)
    me = signed_in()
    if user.id == me.id:
        with web().store.read() as connection:
            still_here = people.get_user(connection, me.id).disabled_at is None
        if still_here:
            sign_in(answer, me.id, me.signed_in_how)
    flash(sentence, "good")
    return answer


def _user(user_id: object) -> User:
    with web().store.read() as connection:
        found = store.user_with_id(connection, str(user_id))
    if found is None:
        raise NotFound
    return found


def _site_asked() -> str | None:
    """The site in the form; nothing means all sites."""
    asked = request.form.get("site", "")
    if asked and asked not in {site.id for site in sites_here()}:
        raise NotFound
    return asked or None


def _role_asked() -> Role | None:
    asked = request.form.get("role", "")
    return Role(asked) if asked in set(Role) else None
