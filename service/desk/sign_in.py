"""Getting in and out: password, then a code when the person has a second factor; one-time links."""

from __future__ import annotations

from typing import Final

from flask import Response, flash, redirect, render_template, request, url_for
from flask import session as form_session

import config.logs
from service.desk.blueprint import desk
from service.desk.oidc import label
from service.desk.session import Page, anybody, desk_page, local_path, sign_in, sign_out
from service.desk.words import gettext, ngettext, said
from service.passwords import SHORTEST
from service.sign_in import (
    DeadLinkError,
    SignInError,
    WaitError,
    check_code,
    check_password,
    find_link,
    make_first_admin,
    use_link,
)
from service.store.accounts import AccountError
from service.web import now, web

log = config.logs.get("desk")

#: Seconds between the password and the code.
CODE_SECONDS: Final = 300


@desk.get("/sign-in", endpoint="sign_in")
def sign_in_page() -> Page:
    """Name and password."""
    return redirect(local_path(request.args.get("next"))) if anybody() else _sign_in_form()


@desk.post("/sign-in", endpoint="check_sign_in")
def check_sign_in() -> Page:
    """Hold name and password against what is stored."""
    here = web()
    name, password = request.form.get("name", ""), request.form.get("password", "")
    target = local_path(request.form.get("next"))
    if _address_is_tired():
        return _sign_in_form(gettext("Too many failed sign-ins from here. Wait a minute."), name, 429)
    try:
        user, needs_code = check_password(here.store, name[:200], password, now())
    except SignInError as error:
        return _sign_in_form(_failed(error, "password"), name, 429 if isinstance(error, WaitError) else 422)
    if needs_code:
        form_session["half"] = [user.id, int(now().timestamp()) + CODE_SECONDS, target]
        return redirect(url_for("desk.sign_in_code"), 303)
    log.info("desk.signed_in", user=user.id, how="password")
    return sign_in(redirect(target, 303), user.id, "password")


@desk.get("/sign-in/code", endpoint="sign_in_code")
def code_page() -> Page:
    """The second factor, for somebody whose password was right a moment ago."""
    return render_template("desk/sign_in_code.html") if _half() else redirect(url_for("desk.sign_in"))


@desk.post("/sign-in/code", endpoint="check_sign_in_code")
def check_sign_in_code() -> Page:
    """Hold the code against the app's secret, or a recovery code against those that are left."""
    here = web()
    half = _half()
    if half is None:
        flash(gettext("That took too long. Please begin again."), "warn")
        return redirect(url_for("desk.sign_in"), 303)
    user_id, target = half
    try:
        if _address_is_tired():
            raise WaitError(60)
        how = check_code(here.store, user_id, request.form.get("code", "")[:40], here.settings.secret, now())
    except SignInError as error:
        wait = isinstance(error, WaitError)
        return Response(render_template("desk/sign_in_code.html", problem=_failed(error, "code")), 429 if wait else 422)
    log.info("desk.signed_in", user=user_id, how=how)
    return sign_in(redirect(target, 303), user_id, how)


@desk.post("/sign-out", endpoint="sign_out")
@desk_page()
def leave() -> Page:
    """End this browser's session."""
    return sign_out(redirect(url_for("desk.sign_in"), 303))


@desk.get("/link/<token>", endpoint="link")
def link_page(token: str) -> Page:
    """What a one-time link does, and the button that does it: opening it changes nothing, whoever looks ahead."""
    here = web()
    try:
        with here.store.read() as connection:
            link = find_link(connection, token, here.settings.secret, now())
    except DeadLinkError:
        return _dead_link()
    return _link_form(token, first=link.purpose == "first")


@desk.post("/link/<token>", endpoint="use_link")
def follow_link(token: str) -> Page:
    """Use a link up and sign in; the first one makes the first admin."""
    here = web()
    secret, moment = here.settings.secret, now()
    try:
        with here.store.read() as connection:
            first = find_link(connection, token, secret, moment).purpose == "first"
        if first:
            name, password = request.form.get("name", ""), request.form.get("password", "")
            user_id = here.store.write(
                lambda connection: make_first_admin(connection, token, name, password, secret=secret, now=moment)
            ).id
        else:
            user_id = here.store.write(lambda connection: use_link(connection, token, secret, moment))
    except DeadLinkError:
        return _dead_link()
    except AccountError as error:
        return _link_form(token, first=True, problem=said(error), name=request.form.get("name", ""))
    log.info("desk.signed_in", user=user_id, how="link")
    target = url_for("desk.home" if first else "desk.account")
    return sign_in(redirect(target, 303), user_id, "link")


def _half() -> tuple[str, str] | None:
    """Whose password was right a moment ago, and where they wanted to go."""
    held = form_session.get("half")
    if not isinstance(held, list) or len(held) != 3 or held[1] < now().timestamp():
        return None
    return str(held[0]), local_path(held[2])


def _address_is_tired() -> bool:
    here = web()
    return here.sign_ins.reached(here.keys.address_digest(request, "sign-in"))


def _failed(error: SignInError, step: str) -> str:
    """Count a failure, and say what may be said about it."""
    here = web()
    log.warning("desk.sign_in_failed", step=step, waits=isinstance(error, WaitError))
    if isinstance(error, WaitError):
        minutes = -(-error.seconds // 60)
        return ngettext(
            "Too many failed sign-ins. Try again in a minute, or ask an admin for a link.",
            "Too many failed sign-ins. Try again in %(num)d minutes, or ask an admin for a link.",
            minutes,
        )
    here.sign_ins.count(here.keys.address_digest(request, "sign-in"))
    if step == "code":
        return gettext("This code is not right, or was used before.")
    return gettext("Name or password is wrong.")


def _sign_in_form(problem: str = "", name: str = "", status: int = 200) -> Response:
    target = local_path(request.values.get("next"))
    body = render_template(
        "desk/sign_in.html", problem=problem, name=name[:100], target=target, provider=label(web().settings)
    )
    return Response(body, status)


def _link_form(token: str, *, first: bool, problem: str = "", name: str = "") -> Response:
    body = render_template(
        "desk/link.html", token=token, first=first, problem=problem, name=name[:100], shortest=SHORTEST
    )
    return Response(body, 422 if problem else 200)


def _dead_link() -> Response:
    return Response(render_template("desk/link_dead.html"), 410)
