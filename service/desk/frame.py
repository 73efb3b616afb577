"""What every page of the desk stands in: CSRF, language, navigation, cookies; put into the app by ``register``."""

from __future__ import annotations

import hmac
from importlib import import_module
from typing import Any, Final

from flask import Flask, current_app, request
from flask.sessions import SecureCookieSessionInterface
from flask_babel import Babel
from flask_wtf.csrf import CSRFProtect

from config import Settings
from service.desk import language, navigation
from service.desk.blueprint import PREFIX, desk, is_desk
from service.desk.session import anybody, begin_request, came_by_https, current_site, reference, sites_here
from service.desk.words import iso, moment
from service.roles import Right

#: Modules whose pages belong to the desk; each puts its own on the blueprint when it is imported.
PAGES: Final = (
    "sign_in",
    "oidc",
    "account",
    "people",
    "queue",
    "deciding",
    "keys",
    "policy",
    "insights",
    "health",
    "campaigns",
    "sweep",
    "history",
    "exporting",
    "home",
)

csrf: Final = CSRFProtect()


class _FormCookies(SecureCookieSessionInterface):
    """Flask's own session holds CSRF tokens and messages; like every cookie of ours it is Secure where that works."""

    def get_cookie_secure(self, app: Flask) -> bool:  # noqa: ARG002 - the signature is Flask's
        return came_by_https()


def register(app: Flask, settings: Settings) -> None:
    """Put the desk into the app."""
    app.secret_key = hmac.digest(settings.secret, b"desk-forms", "sha256")
    app.session_interface = _FormCookies()
    app.config.update(
        SESSION_COOKIE_NAME="sluice_desk_form",
        SESSION_COOKIE_PATH=PREFIX,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_CHECK_DEFAULT=False,  # _protect says where
        WTF_CSRF_TIME_LIMIT=None,  # a token lives as long as the session it is bound to
        WTF_CSRF_SSL_STRICT=False,  # our Referrer-Policy keeps the referrer from us too
    )
    csrf.init_app(app)
    Babel(
        app,
        default_domain=language.DOMAIN,
        default_translation_directories=language.FOLDER,
        locale_selector=language.chosen,
    )
    for name in PAGES:
        import_module(f"service.desk.{name}")
    app.register_blueprint(desk)
    app.before_request(_protect)
    app.context_processor(_frame)
    app.add_template_filter(moment)
    app.add_template_filter(iso)


def _protect() -> None:
    """Every change below /desk needs a token of the session, whoever made the route. Other routes have bearer keys."""
    if is_desk(request.path):
        begin_request()
        csrf.protect()


def _frame() -> dict[str, Any]:
    """What the templates of the frame need."""
    if not is_desk(request.path):
        return {}
    return {
        "me": anybody(),
        "site": current_site(),
        "sites": sites_here(),
        "reference": reference,
        "navigation": navigation.entries(),
        "Right": Right,
        "exists": current_app.view_functions.__contains__,
        "language": language.shown(),
        "direction": language.direction(),
    }
