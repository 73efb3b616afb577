"""One's own account: password, second factor, language, keys, and where one is signed in."""

from __future__ import annotations

import re
from typing import Final

import segno
from flask import Response, flash, redirect, render_template, request, url_for
from markupsafe import Markup
from sqlalchemy.engine import Connection

import config.logs
from service import people, second_factor
from service.desk.blueprint import desk
from service.desk.language import LANGUAGES, speaking
from service.desk.preferences import PRESETS, changed, settled
from service.desk.session import Page, desk_page, sign_in, signed_in
from service.desk.session import sign_out as sign_out_here
from service.desk.words import gettext, said
from service.passwords import SHORTEST
from service.sign_in import SignInError, WaitError, check_password
from service.store import people as store
from service.store import sessions
from service.store.accounts import AccountError
from service.store.people import User
from service.web import now, web

log = config.logs.get("desk")

_TOTP_SECRET: Final = re.compile(r"[A-Z2-7]{32}")


@desk.get("/account", endpoint="account")
@desk_page()
def account_page() -> Page:
    """Everything about oneself on one page."""
    return _account()


@desk.post("/account/password", endpoint="account_password")
@desk_page()
def change_password() -> Page:
    """A new password; every other browser is signed out."""
    here, me = web(), signed_in()
    user = _myself()
    problem = _password_problem(user)
    if problem:
        return _account(password_problem=problem)
    new = request.form.get("new", "")
    try:
        here.store.write(lambda connection: people.set_password(connection, user, new))
    except AccountError as error:
        return _account(password_problem=said(error))
    log.info("desk.password_changed", user=me.id)
    answer = sign_in(redirect(url_for("desk.account"), 303), me.id, me.signed_in_how)
    flash(gettext("Your new password holds from now on. Other browsers are signed out."), "good")
    return answer


@desk.get("/account/code", endpoint="account_code")
@desk_page()
def code_page() -> Page:
    """A new secret for an authenticator app; it counts only once a code from it was entered."""
    return _code_form(second_factor.new_secret())


@desk.post("/account/code", endpoint="account_set_code")
@desk_page()
def set_code() -> Page:
    """Require codes from now on; shows the recovery codes this once."""
    here, me = web(), signed_in()
    totp_secret, code = request.form.get("secret", ""), request.form.get("code", "")
    if not _TOTP_SECRET.fullmatch(totp_secret):
        return _code_form(second_factor.new_secret())
    user = _myself()
    problem = _password_problem(user) if user.has_totp else ""  # an open desk must not lock its owner out
    if problem:
        return _code_form(totp_secret, problem)
    secret, moment = here.settings.secret, now()
    try:
        codes = here.store.write(
            lambda connection: people.set_up_second_factor(
                connection, me.id, totp_secret, code[:40], secret=secret, now=moment
            )
        )
    except AccountError as error:
        return _code_form(totp_secret, said(error))
    log.info("desk.second_factor_set", user=me.id)
    return render_template("desk/account_recovery.html", codes=codes)


@desk.post("/account/code/drop", endpoint="account_drop_code")
@desk_page()
def drop_code() -> Page:
    """Sign in with the password alone again."""
    me = signed_in()
    problem = _password_problem(_myself())
    if problem:
        return _account(code_problem=problem)
    web().store.write(lambda connection: people.drop_second_factor(connection, me.id))
    log.info("desk.second_factor_dropped", user=me.id)
    flash(gettext("From now on your password is enough."), "good")
    return redirect(url_for("desk.account"), 303)


@desk.post("/account/preferences", endpoint="account_preferences")
@desk_page()
def save_preferences() -> Page:
    """Language and keys."""
    me = signed_in()
    asked = request.form.get("language", "")
    language = asked if asked in LANGUAGES else None
    preset, letters = request.form.get("preset", ""), request.form.get("letters") == "on"

    def work(connection: Connection) -> None:
        kept = store.user_with_id(connection, me.id)
        preferences = changed({} if kept is None else kept.preferences, preset, letters=letters)
        people.prefer(connection, me.id, language, preferences)

    web().store.write(work)
    with speaking(language):
        flash(gettext("Saved."), "good")
    return redirect(url_for("desk.account"), 303)


@desk.post("/account/sign-out-everywhere", endpoint="account_sign_out_everywhere")
@desk_page()
def sign_out_everywhere() -> Page:
    """End every session of one's own, this one too; only of somebody who is sure and has a way back in."""
    me, user = signed_in(), _myself()
    if not user.has_password and not user.has_oidc:
        return _account(sessions_problem=gettext("Choose a password first: you would be locked out."))
    if request.form.get("sure") != "on":
        return _account(sessions_problem=gettext("Tick the box if you are sure. Nothing was changed."))
    web().store.write(lambda connection: sessions.delete_sessions_of(connection, me.id))
    log.info("desk.signed_out_everywhere", user=me.id)
    return sign_out_here(redirect(url_for("desk.sign_in"), 303))


def _myself() -> User:
    with web().store.read() as connection:
        return people.get_user(connection, signed_in().id)


def _password_problem(user: User) -> str:
    """Why the present password that was given will not do; whoever has none yet is asked for none."""
    if not user.has_password:
        return ""
    try:
        check_password(web().store, user.name, request.form.get("current", ""), now())
    except WaitError:
        return gettext("Too many failed tries. Wait a few minutes.")
    except SignInError:
        return gettext("This is not your present password.")
    return ""


def _asks_password() -> bool:
    """Whether replacing the second step takes the present password."""
    user = _myself()
    return user.has_totp and user.has_password


def _account(**problems: str) -> Response:
    me = signed_in()
    with web().store.read() as connection:
        user = people.get_user(connection, me.id)
        credentials = store.credentials_of(connection, me.id)
        mine = sessions.sessions_of(connection, me.id)
    body = render_template(
        "desk/account.html",
        user=user,
        codes_left=0 if credentials is None else len(credentials.recovery_codes),
        sessions=mine,
        languages=LANGUAGES,
        presets=PRESETS,
        wanted=settled(user.preferences),
        shortest=SHORTEST,
        **problems,
    )
    return Response(body, 422 if problems else 200)


def _code_form(totp_secret: str, problem: str = "") -> Response:
    drawn = segno.make(second_factor.address(totp_secret, signed_in().name), error="m")
    # Drawn by us from our own address: nothing in it is anybody's markup, and it has no style of its own.
    picture = Markup(drawn.svg_inline(scale=5, border=4, light="#fff", omitsize=True, svgclass="qr"))  # noqa: S704
    spaced = " ".join(totp_secret[at : at + 4] for at in range(0, len(totp_secret), 4))
    body = render_template(
        "desk/account_code.html",
        picture=picture,
        secret=totp_secret,
        spaced=spaced,
        problem=problem,
        asks_password=_asks_password(),
    )
    return Response(body, 422 if problem else 200)
