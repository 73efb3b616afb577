"""Who is signed in at the desk, and what a page asks of them before it opens."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, ParamSpec, cast
from urllib.parse import quote, urlsplit

from flask import Response, g, redirect, request, url_for
from flask import session as form_session
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as BaseResponse

from config import Settings
from service.acts import Actor
from service.desk.blueprint import PREFIX
from service.desk.errors import no_right_page
from service.people import digest_of_token
from service.roles import Right, Role, allows, role_in
from service.sign_in import How, Patience, begin_session, end_session, find_session
from service.store import people as store
from service.store.accounts import Site, all_sites
from service.web import now, web

COOKIE: Final = "sluice_desk"
#: Paths below /desk that are not sites; a site of such a name is reached by its id.
RESERVED: Final = frozenset({"account", "help", "keys", "link", "oidc", "people", "sign-in", "sign-out"})

P = ParamSpec("P")
Page = BaseResponse | str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The person at the desk."""

    id: str
    name: str
    roles: Mapping[str | None, Role]
    """By site id; ``None`` stands for all sites."""
    language: str | None
    preferences: Mapping[str, Any]
    session_id: str
    signed_in_how: How
    signed_in_at: datetime

    def role(self, site: Site | None) -> Role | None:
        """The role on a site, or with ``None`` the one on all sites."""
        return role_in(self.roles, None if site is None else site.id)

    def may(self, right: Right, site: Site | None) -> bool:
        """Whether the role there gives this right."""
        return allows(self.role(site), right)


def signed_in() -> SignedIn:
    """Who is at the desk; only for pages behind ``desk_page``."""
    found = anybody()
    if found is None:
        raise RuntimeError("Nobody is signed in: the page is not behind desk_page.")
    return found


def actor() -> Actor:
    """The person at the desk, as acts name them."""
    person = signed_in()
    return Actor(person.name, "desk", person.id)


def anybody() -> SignedIn | None:
    """Who is at the desk, if anybody."""
    return cast("SignedIn | None", g.get("desk_person"))


def current_site() -> Site | None:
    """The site that the page is about, if it is about one."""
    return cast("Site | None", g.get("desk_site"))


def sites_here() -> list[Site]:
    """The sites that the person at the desk may see, by name."""
    return cast("list[Site]", g.get("desk_sites", []))


def reference(site: Site) -> str:
    """What stands for a site in a path: its name, unless that would be taken for something else."""
    return site.id if "/" in site.name or site.name in RESERVED or site.name in {".", ".."} else site.name


def desk_page(
    right: Right | None = None,
) -> Callable[[Callable[P, Page]], Callable[..., Page]]:
    """A page for people who are signed in and have this right.

    With ``<site_name>`` in the path the right must hold on that site, which the page gets as its first argument; else
    it must hold on all sites. Without a right, being signed in is enough.
    """

    def guard(page: Callable[P, Page]) -> Callable[..., Page]:
        @functools.wraps(page)
        def guarded(*args: Any, **kwargs: Any) -> Page:
            person = anybody()
            if person is None:
                return to_sign_in()
            if "site_name" in kwargs:
                site = _site_in_path(kwargs.pop("site_name"))
                g.desk_site = site
                args = (site, *args)
            if right is not None and not person.may(right, current_site()):
                return no_right_page(right)
            return page(*args, **kwargs)

        return guarded

    return guard


def _site_in_path(name: str) -> Site:
    """The site, unless the person must not know that there is one."""
    found = next((site for site in sites_here() if name in {site.name, site.id}), None)
    if found is None:
        raise NotFound
    return found


def to_sign_in() -> BaseResponse:
    """Send a browser to the sign-in page, and back here afterwards when here is a page."""
    back = request.full_path.rstrip("?") if request.method in {"GET", "HEAD"} and not is_htmx() else PREFIX + "/"
    target = url_for("desk.sign_in", next=back)
    if is_htmx():
        return Response(status=200, headers={"HX-Redirect": target})
    return redirect(target, 303)


def is_htmx() -> bool:
    """Whether the desk's script asks for a part of a page."""
    return request.headers.get("HX-Request") == "true"


def local_path(target: str | None) -> str:
    """A path below /desk to go to after signing in; anything else becomes the desk's front page."""
    front = PREFIX + "/"
    if not target or not target.isprintable() or "\\" in target or not target.startswith(front):
        return front
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or ".." in parts.path.split("/") or "//" in parts.path:
        return front
    return quote(target, safe="/?&=%:@+,;~!$'()*-._")


def begin_request() -> None:
    """Find out who asks; whatever the forms' cookie holds of somebody else's session is dropped."""
    token = request.cookies.get(COOKIE, "")
    here = web()
    secret = here.settings.secret
    g.desk_person = None
    if token:
        session = find_session(here.store, token, secret, patience(here.settings), now())
        if session is not None:
            with here.store.read() as connection:
                user = store.user_with_id(connection, session.user_id)
                roles = store.roles_of(connection, session.user_id)
                every = all_sites(connection)
            if user is not None:
                g.desk_person = SignedIn(
                    user.id,
                    user.name,
                    roles,
                    user.language,
                    user.preferences,
                    session.id,
                    cast(How, session.signed_in_how),
                    session.created_at,
                )
                g.desk_sites = [site for site in every if role_in(roles, site.id) is not None]
    _bind_forms("" if g.desk_person is None else g.desk_person.session_id)


def sign_in(response: BaseResponse, user_id: str, how: How) -> BaseResponse:
    """Begin a session in this browser: a new token, whatever it had before."""
    here = web()
    old = request.cookies.get(COOKIE, "")
    secret, patient, moment = here.settings.secret, patience(here.settings), now()
    token = here.store.write(
        lambda connection: begin_session(connection, user_id, how, secret=secret, patience=patient, now=moment, old=old)
    )
    form_session.clear()
    form_session["of"] = digest_of_token(secret, "session", token)[:32]
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(patient.absolute.total_seconds()),
        path=PREFIX,
        secure=came_by_https(),
        httponly=True,
        samesite="Lax",
    )
    return response


def sign_out(response: BaseResponse) -> BaseResponse:
    """End the session of this browser."""
    here = web()
    token = request.cookies.get(COOKIE, "")
    here.store.write(lambda connection: end_session(connection, token, here.settings.secret))
    form_session.clear()
    response.delete_cookie(COOKIE, path=PREFIX, secure=came_by_https(), httponly=True, samesite="Lax")
    return response


def patience(settings: Settings) -> Patience:
    """How long sessions last here."""
    return Patience(timedelta(minutes=settings.session_idle_minutes), timedelta(days=settings.session_days))


def came_by_https() -> bool:
    """Whether the browser speaks HTTPS, perhaps to a proxy that we trust or that ``public_url`` tells of."""
    here = web()
    if request.is_secure or here.settings.public_url.startswith("https://"):
        return True
    return here.keys.is_from_proxy(request) and request.headers.get("X-Forwarded-Proto", "").lower() == "https"


def _bind_forms(session_id: str) -> None:
    """CSRF tokens are of one session: those of an earlier one, or of nobody, end with it."""
    if form_session.get("of", "") != session_id[:32]:
        form_session.clear()
        form_session["of"] = session_id[:32]
