"""Signing in at the organisation's OpenID provider: authorization code with PKCE, state and nonce.

The issuer is the operator's choice, so it may be on a private network. The provider's answer arrives by GET, as the
protocol has it; the state in the signed cookie is what shows that this browser asked for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import Flask, Response, current_app, redirect, render_template, request, url_for
from flask import session as form_session
from werkzeug.exceptions import NotFound

import config.logs
from config import Settings
from service.admission import NotAdmittedError, Rules, admit, grant_from
from service.desk.blueprint import desk
from service.desk.session import Page, local_path, sign_in
from service.store.accounts import AccountError
from service.web import now, web

log = config.logs.get("desk")

_SECONDS: Final = 10
_CLIENT: Final = "sluice-oidc"


class _NotVouchedForError(Exception):
    """The provider's answer cannot be trusted or understood; the message is for the log."""


def label(settings: Settings) -> str | None:
    """What the button says, when there is a provider."""
    return settings.oidc_label if settings.oidc_issuer else None


@desk.get("/oidc", endpoint="oidc")
def ask_provider() -> Page:
    """Send the browser to the provider."""
    settings = web().settings
    if not settings.oidc_issuer:
        raise NotFound
    form_session["oidc_next"] = local_path(request.args.get("next"))
    back = (settings.public_url.rstrip("/") or request.host_url.rstrip("/")) + url_for("desk.oidc_back")
    try:
        answer: Response = _client().authorize_redirect(back)
    except _provider_errors() as error:
        return _failed(error)
    return answer


@desk.get("/oidc/back", endpoint="oidc_back")
def hear_provider() -> Page:
    """Check what the provider says, and sign the person in whom it means."""
    here = web()
    settings, moment = here.settings, now()
    if not settings.oidc_issuer:
        raise NotFound
    try:
        claims = _claims(settings)
    except _provider_errors() as error:
        return _failed(error)
    rules = Rules(settings.oidc_roles_claim, tuple(map(grant_from, settings.oidc_roles)), settings.oidc_match_email)
    try:
        user = here.store.write(lambda connection: admit(connection, settings.oidc_issuer, claims, rules, moment))
    except (NotAdmittedError, AccountError):
        log.warning("desk.not_admitted")
        return Response(render_template("desk/oidc.html", known=True), 403)
    log.info("desk.signed_in", user=user.id, how="oidc")
    return sign_in(redirect(local_path(form_session.get("oidc_next")), 303), user.id, "oidc")


def _claims(settings: Settings) -> Mapping[str, Any]:
    """The claims of an ID token of this issuer, for us, with our nonce; completed by what userinfo says of the same."""
    client = _client()
    if client.load_server_metadata().get("issuer") != settings.oidc_issuer:
        raise _NotVouchedForError("the provider calls itself otherwise than oidc_issuer")
    wanted = {
        "iss": {"essential": True, "value": settings.oidc_issuer},
        "aud": {"essential": True, "value": settings.oidc_client_id},
        "sub": {"essential": True},
    }
    token = client.authorize_access_token(claims_options=wanted)
    vouched = token.get("userinfo")
    if not vouched or not vouched.get("sub"):
        raise _NotVouchedForError("there is no ID token")
    if "userinfo_endpoint" not in client.load_server_metadata():
        return dict(vouched)
    more = client.userinfo(token=token)
    if more.get("sub") != vouched["sub"]:
        raise _NotVouchedForError("userinfo is about somebody else")
    return {**more, **vouched}


def _client() -> Any:
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 - Flask's documented way
    if _CLIENT not in app.extensions:
        app.extensions[_CLIENT] = _make_client(app, web().settings)
    return app.extensions[_CLIENT]


def _make_client(app: Flask, settings: Settings) -> Any:
    # Only who uses a provider pays for the library.
    from authlib.integrations.flask_client import OAuth  # noqa: PLC0415

    return OAuth(app).register(
        name="provider",
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret,
        server_metadata_url=f"{settings.oidc_issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={
            "scope": " ".join(settings.oidc_scopes),
            "code_challenge_method": "S256",
            "default_timeout": _SECONDS,
        },
    )


def _provider_errors() -> tuple[type[Exception], ...]:
    """Whatever the network or the provider may do to us; its libraries are loaded only by those who use one."""
    from authlib.common.errors import AuthlibBaseError  # noqa: PLC0415
    from joserfc.errors import JoseError  # noqa: PLC0415
    from requests import RequestException  # noqa: PLC0415

    return (AuthlibBaseError, JoseError, RequestException, RuntimeError, LookupError, ValueError, _NotVouchedForError)


def _failed(error: Exception) -> Response:
    # The provider's own words may name the person, so only the kind is logged.
    log.warning("desk.provider_failed", error=type(error).__name__, code=getattr(error, "error", None))
    return Response(render_template("desk/oidc.html", known=False), 502)
