"""Signing in at an OpenID provider: a real one on this machine, over HTTP."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import sqlalchemy as sa
from flask import Flask
from servers import free_port
from visitors import Visitor, a_person

from service.roles import Role
from service.store import people as store
from service.store.tables_people import users

PEOPLE = {
    "ada-1": {"email": "ada@press.example", "email_verified": True, "preferred_username": "ada"},
    "eve-1": {"email": "ada@press.example", "email_verified": False, "preferred_username": "eve"},
    "mo-1": {"preferred_username": "mo", "groups": ["newsroom", "sports"]},
    "no-1": {"preferred_username": "nobody", "groups": ["advertising"]},
}


def tell(issuer: str, subject: str, claims: dict[str, object]) -> None:
    """Tell the provider about a person."""
    httpx.put(f"{issuer}/users/{subject}", json=claims, trust_env=False, timeout=10).raise_for_status()


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """The issuer of a running provider, a process of its own."""
    port = free_port()
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    issuer = f"http://localhost:{port}"
    try:
        for _ in range(200):
            with contextlib.suppress(httpx.TransportError):
                for subject, claims in PEOPLE.items():
                    tell(issuer, subject, claims)
                break
            time.sleep(0.1)
        yield issuer
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def overrides(provider: str, request: pytest.FixtureRequest) -> dict[str, object]:
    """Settings of an installation that uses the provider."""
    return {
        "oidc_issuer": provider,
        "oidc_client_id": "sluice",
        "oidc_client_secret": "a secret between two machines",
        "oidc_label": "Example Press",
        **getattr(request, "param", {}),
    }


with_email = pytest.mark.parametrize("overrides", [{"oidc_match_email": True}], indirect=True)
with_groups = pytest.mark.parametrize(
    "overrides", [{"oidc_roles": ("newsroom=moderator", "newsroom=trainee@blog", "it=admin")}], indirect=True
)


def at_provider(visitor: Visitor, subject: str, path: str = "/desk/oidc") -> str:
    """Press the button, be this person at the provider; where the provider sends the browser back to."""
    asked = visitor.get(path).location
    return httpx.post(asked, data={"sub": subject}, trust_env=False).headers["location"]


def come_in(visitor: Visitor, subject: str, path: str = "/desk/oidc"):
    """All the way; what the browser gets when it comes back."""
    back = urlsplit(at_provider(visitor, subject, path))
    return visitor.get(f"{back.path}?{back.query}")


def names(app: Flask) -> list[str]:
    """Everybody there is."""
    with app.extensions["sluice"].store.read() as connection:
        return [user.name for user in store.all_users(connection)]


def test_the_button_is_there_and_asks_with_pkce(visitor: Visitor):
    """And with state and nonce; nothing is sent that the provider must not know."""
    assert "Sign in with Example Press" in visitor.get("/desk/sign-in").text

    asked = {name: values[0] for name, values in parse_qs(urlsplit(visitor.get("/desk/oidc").location).query).items()}

    assert asked["code_challenge_method"] == "S256"
    assert {"state", "nonce", "code_challenge"} <= asked.keys()
    assert asked["redirect_uri"] == "http://localhost/desk/oidc/back"
    assert "secret" not in str(asked)


def test_being_known_there_opens_nothing_here(app: Flask, visitor: Visitor):
    """Without a link, a match or a role nobody gets in, and nobody is made."""
    refused = come_in(visitor, "ada-1")

    assert refused.status_code == 403
    assert "You have no access yet" in refused.text
    assert visitor.cookie is None
    assert names(app) == []


@with_email
def test_a_verified_address_that_is_a_name_lets_in(app: Flask, visitor: Visitor):
    """And from then on the provider's subject counts, whatever the address is."""
    a_person(app, "Ada@Press.example", Role.MODERATOR)

    answer = come_in(visitor, "ada-1", "/desk/oidc?next=/desk/help")

    assert (answer.status_code, answer.location) == (303, "/desk/help")
    assert "Ada@Press.example" in visitor.get("/desk/help").text
    with app.extensions["sluice"].store.read() as connection:
        assert len(connection.execute(sa.select(users.c.oidc_subject)).scalar_one()) == 64
    assert come_in(Visitor(app), "ada-1").status_code == 303


@with_email
def test_an_unverified_address_is_nobodys(app: Flask, visitor: Visitor):
    """Anybody can write somebody else's address into a profile."""
    a_person(app, "ada@press.example", Role.ADMIN)

    assert come_in(visitor, "eve-1").status_code == 403
    assert visitor.cookie is None


@with_groups
def test_a_claim_gives_roles(app: Flask, visitor: Visitor, site_and_key):
    """Somebody new is made, with the roles that their groups give on sites and on all of them."""
    assert come_in(visitor, "mo-1").status_code == 303

    with app.extensions["sluice"].store.read() as connection:
        roles = store.roles_of(connection, store.user_named(connection, "mo").id)
    assert roles == {None: Role.MODERATOR, site_and_key[0].id: Role.TRAINEE}
    assert come_in(Visitor(app), "no-1").status_code == 403
    assert names(app) == ["mo"]


@with_groups
def test_the_provider_takes_roles_away(app: Flask, visitor: Visitor, provider: str):
    """Whoever left the group has nothing at the next sign-in."""
    come_in(visitor, "mo-1")
    tell(provider, "mo-1", {"preferred_username": "mo", "groups": ["advertising"]})

    try:
        assert come_in(visitor, "mo-1").status_code == 303
        with app.extensions["sluice"].store.read() as connection:
            assert store.roles_of(connection, store.user_named(connection, "mo").id) == {}
    finally:
        tell(provider, "mo-1", PEOPLE["mo-1"])


@with_groups
def test_somebody_new_never_looks_like_somebody_else(app: Flask, visitor: Visitor):
    """A taken name gets a mark, and the other person's account stays theirs."""
    a_person(app, "Mo", Role.ADMIN)

    come_in(visitor, "mo-1")

    assert len(names(app)) == 2
    assert re.fullmatch(r"mo [0-9a-f]{8}", next(name for name in names(app) if name != "Mo"))


@with_groups
def test_disabled_people_stay_out(app: Flask, visitor: Visitor):
    """Whatever the provider says."""
    a_person(app, "Boss", Role.ADMIN)
    come_in(visitor, "mo-1")
    store_of = app.extensions["sluice"].store
    store_of.write(lambda c: c.execute(sa.update(users).where(users.c.name == "mo").values(disabled_at=sa.func.now())))

    assert come_in(Visitor(app), "mo-1").status_code == 403


@with_groups
def test_an_answer_that_another_browser_asked_for_is_refused(app: Flask, visitor: Visitor):
    """State binds the answer to the browser, so nobody can be signed in as somebody else by a link."""
    back = urlsplit(at_provider(visitor, "mo-1"))
    victim = Visitor(app)

    refused = victim.get(f"{back.path}?{back.query}")

    assert refused.status_code == 502
    assert "begin again" in refused.text
    assert victim.cookie is None


@with_groups
def test_an_answer_works_once(visitor: Visitor):
    """The second time its state is gone."""
    back = urlsplit(at_provider(visitor, "mo-1"))

    assert visitor.get(f"{back.path}?{back.query}").status_code == 303
    assert visitor.get(f"{back.path}?{back.query}").status_code == 502


@with_groups
def test_a_made_up_answer_is_refused(visitor: Visitor):
    """A code that the provider did not give, with our own state."""
    state = parse_qs(urlsplit(visitor.get("/desk/oidc").location).query)["state"][0]

    assert visitor.get(f"/desk/oidc/back?code=made-up&state={state}").status_code == 502
    assert visitor.cookie is None


@pytest.mark.parametrize("overrides", [{"oidc_issuer": "http://127.0.0.1:1"}], indirect=True)
def test_a_provider_that_is_away_is_a_page(app: Flask, visitor: Visitor):
    """And passwords still work."""
    a_person(app, "Ada")

    assert visitor.get("/desk/oidc").status_code == 502
    assert visitor.sign_in("Ada").status_code == 303
