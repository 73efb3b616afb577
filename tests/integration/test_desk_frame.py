"""The desk's door and frame: who gets in, what is refused, and in which words."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from factories import a_body
from flask import Flask
from visitors import PASSWORD, Visitor, a_person

from service.desk.session import local_path
from service.roles import Role
from service.store.accounts import Site
from service.store.tables import metadata

Enter = Callable[..., Visitor]
MakeSite = Callable[[str], tuple[Site, str]]
STATIC = Path(__file__).parents[2] / "service" / "static"


def everything(app: Flask) -> dict[str, list[object]]:
    """All rows of all tables."""
    with app.extensions["sluice"].store.read() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(sa.select(table))] for table in metadata.sorted_tables
        }


def post_routes(app: Flask) -> list[str]:
    """Every path below /desk that takes a change, filled in with something."""
    return sorted(
        re.sub(r"<(?:\w+:)?\w+>", "blog", rule.rule)
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/desk") and rule.methods & {"POST", "PUT", "PATCH", "DELETE"}
    )


def test_a_stranger_is_sent_to_the_sign_in_page(visitor: Visitor, site_and_key):
    """And comes back to where they wanted to go."""
    answer = visitor.get("/desk/blog/?sort=oldest")

    assert answer.status_code == 303
    assert answer.location == "/desk/sign-in?next=/desk/blog/?sort%3Doldest"


def test_a_part_of_a_page_sends_the_whole_page_to_sign_in(visitor: Visitor, site_and_key):
    """htmx would put the sign-in page into the middle of the old one."""
    answer = visitor.get("/desk/blog/", headers={"HX-Request": "true"})

    assert answer.headers["HX-Redirect"].startswith("/desk/sign-in")
    assert answer.text == ""


def test_a_moderator_gets_to_the_site(app: Flask, visitor: Visitor, site_and_key):
    """Name, password, and there one is; the name's case does not matter."""
    a_person(app, "Ada", Role.MODERATOR, site_and_key[0].id)

    answer = visitor.sign_in("ADA", next="/desk/blog/")

    assert (answer.status_code, answer.location) == (303, "/desk/blog/")
    page = visitor.get("/desk/help")
    assert page.status_code == 200
    assert "Ada" in page.text


def test_the_front_page_of_everything_leads_to_the_desk(visitor: Visitor):
    """Whoever opens the bare address finds the way."""
    assert 'href="/desk/"' in visitor.get("/", follow_redirects=True).text


def test_a_browser_at_the_bare_address_comes_to_the_desk(app: Flask, visitor: Visitor):
    """Once there is somebody who could sign in; before that, and for programs, it is the documentation."""
    browser = {"Accept": "text/html,application/xhtml+xml"}
    assert visitor.get("/", headers=browser).location == "/docs"
    a_person(app, "Ada")

    assert visitor.get("/", headers=browser).location == "/desk/"
    assert visitor.get("/", headers={"Accept": "*/*"}).location == "/docs"


def test_a_site_that_is_not_theirs_does_not_exist(desk: Enter, make_site: MakeSite):
    """The page is the same as for a site that there is not."""
    ada = desk(Role.MODERATOR)
    make_site("other")

    for name in ("other", "nowhere"):
        answer = ada.get(f"/desk/{name}/")
        assert answer.status_code == 404
        assert "There is no such page" in answer.text
    assert "/desk/other/" not in ada.get("/desk/help").text
    assert "<bdi>other</bdi>" not in ada.get("/desk/help").text


def test_a_role_on_all_sites_opens_each(desk: Enter, make_site: MakeSite):
    """And the switch lists them."""
    ada = desk(Role.VIEWER, everywhere=True)
    other, _ = make_site("other")

    for name in ("other", other.id):
        assert ada.get(f"/desk/{name}/", follow_redirects=True).status_code == 200
    assert 'href="/desk/other/"' in ada.get("/desk/blog/", follow_redirects=True).text


def test_a_site_named_like_a_page_is_reached_by_its_id(desk: Enter, make_site: MakeSite):
    """Nobody can hide the page of people behind a site."""
    ada = desk(Role.VIEWER, everywhere=True)
    sites = [make_site(name)[0] for name in ("people", "a/b")]

    page = ada.get("/desk/").text

    assert "/policy" not in page
    assert "0 wait" in page
    for site in sites:
        assert f'href="/desk/{site.id}/"' in page
        assert ada.get(f"/desk/{site.id}/", follow_redirects=True).status_code == 200


# --- CSRF ---------------------------------------------------------------------------------------------------------


def test_every_change_needs_a_token(app: Flask, desk: Enter):
    """Each route that changes something refuses a form without one, in kind words, and nothing changes."""
    admin = desk(Role.ADMIN, everywhere=True)
    routes = post_routes(app)
    before = everything(app)

    for route in routes:
        answer = admin.client.post(route, data={"name": "x"})
        assert answer.status_code == 400, route
        assert answer.mimetype == "text/html"
        assert "so the button did nothing" in answer.text
    assert "/desk/sign-out" in routes
    assert everything(app) == before


def test_a_token_of_somebody_else_is_no_token(desk: Enter):
    """A token is bound to its session."""
    ada, eve = desk(name="Ada"), desk(name="Eve")

    answer = ada.client.post("/desk/sign-out", data={"csrf_token": eve.token()})

    assert answer.status_code == 400
    assert ada.get("/desk/help").status_code == 200


def test_a_token_from_before_signing_in_is_worth_nothing(app: Flask, visitor: Visitor, site_and_key):
    """Signing in begins everything anew."""
    a_person(app, "Ada", Role.MODERATOR, site_and_key[0].id)
    early = visitor.token()
    visitor.sign_in("Ada")

    assert visitor.client.post("/desk/sign-out", data={"csrf_token": early}).status_code == 400


def test_the_desks_script_sends_the_token_in_a_header(desk: Enter):
    """htmx takes it from the page's body."""
    ada = desk()

    answer = ada.client.post("/desk/sign-out", headers={"X-CSRFToken": ada.token("/desk/help")})

    assert answer.status_code == 303
    assert ada.get("/desk/help").status_code == 303


def test_the_api_needs_no_token(client, headers):
    """Blogs bring their key instead."""
    assert client.post("/v1/score", json=a_body("A fine bridge."), headers=headers).status_code == 200


def test_no_page_changes_anything_by_being_opened(app: Flask, desk: Enter):
    """Every page that takes no argument but the site, opened by an admin: the database is as it was."""
    admin = desk(Role.ADMIN, everywhere=True)
    before = everything(app)

    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/desk") and "GET" in rule.methods and rule.arguments <= {"site_name"}:
            answer = admin.get(rule.rule.replace("<site_name>", "blog"))
            assert answer.status_code < 400 or rule.endpoint in {"desk.oidc", "desk.oidc_back"}, rule.rule
    assert everything(app) == before


# --- What pages are made of ---------------------------------------------------------------------------------------


def test_pages_hold_no_code_and_no_style(desk: Enter):
    """So the policy that browsers are told can stay strict."""
    page = desk(Role.ADMIN, everywhere=True).get("/desk/help")

    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert not re.search(r"<style|style=|\son\w+=|javascript:|<script(?![^>]*\ssrc=)", page.text)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page.text)


def test_vendored_files_are_what_they_were():
    """Nobody changed the library that we did not write."""
    sums = (STATIC / "vendor" / "SHA256SUMS").read_text().splitlines()

    assert {line.split()[1] for line in sums} == {"htmx.min.js", "htmx.LICENSE.txt"}
    for line in sums:
        wanted, name = line.split()
        assert hashlib.sha256((STATIC / "vendor" / name).read_bytes()).hexdigest() == wanted, name


def test_htmx_may_not_run_code(desk: Enter):
    """Its configuration is in each page."""
    page = desk().get("/desk/help").text

    for wish in ('"allowEval": false', '"includeIndicatorStyles": false', '"selfRequestsOnly": true'):
        assert wish in page


def test_the_browser_says_which_language(desk: Enter):
    """German for whoever asks for it, English for everybody whose language we do not have."""
    ada = desk()

    german = ada.get("/desk/help", headers={"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}).text
    other = ada.get("/desk/help", headers={"Accept-Language": "fi"}).text

    assert '<html lang="de" dir="ltr">' in german
    assert "Abmelden" in german
    assert '<html lang="en" dir="ltr">' in other
    assert "Sign out" in other


def test_cookies_are_out_of_reach(app: Flask, visitor: Visitor, site_and_key):
    """Of scripts, and of other sites' forms."""
    a_person(app, "Ada", Role.MODERATOR, site_and_key[0].id)

    cookies = visitor.sign_in("Ada").headers.getlist("Set-Cookie")

    ours = next(cookie for cookie in cookies if cookie.startswith("sluice_desk="))
    assert {"HttpOnly", "SameSite=Lax", "Path=/desk"} <= {part.strip() for part in ours.split(";")}
    assert "Secure" not in ours


@pytest.mark.parametrize("overrides", [{"public_url": "https://desk.example"}])
def test_cookies_stay_on_https_where_there_is_https(app: Flask, visitor: Visitor, site_and_key):
    """Both of them."""
    a_person(app, "Ada", Role.MODERATOR, site_and_key[0].id)
    page = visitor.get("/desk/sign-in")
    assert "Secure" in page.headers["Set-Cookie"]
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1]
    form_cookie = page.headers["Set-Cookie"].partition(";")[0]

    answer = app.test_client(use_cookies=False).post(
        "/desk/sign-in",
        data={"csrf_token": token, "name": "Ada", "password": PASSWORD},
        headers={"Cookie": form_cookie},
    )

    assert answer.status_code == 303
    assert all("Secure" in cookie for cookie in answer.headers.getlist("Set-Cookie"))


@pytest.mark.parametrize(
    ("overrides", "secure"), [({"trusted_proxies": ("127.0.0.0/8",)}, True), ({"trusted_proxies": ()}, False)]
)
def test_only_a_proxy_that_we_know_can_say_https(visitor: Visitor, secure: bool):
    """Others' word for it does not count."""
    page = visitor.get("/desk/sign-in", headers={"X-Forwarded-Proto": "https"})

    assert ("Secure" in page.headers["Set-Cookie"]) is secure


@pytest.mark.parametrize(
    ("asked", "goes_to"),
    [
        ("/desk/blog/queue?sort=oldest&lang=de", "/desk/blog/queue?sort=oldest&lang=de"),
        ("/desk/", "/desk/"),
        ("", "/desk/"),
        (None, "/desk/"),
        ("https://evil.example/desk/", "/desk/"),
        ("//evil.example/desk/", "/desk/"),
        ("/desk//evil.example", "/desk/"),
        ("/\\evil.example", "/desk/"),
        ("/desk/\\evil.example", "/desk/"),
        ("/desk/../v1/comments", "/desk/"),
        ("/desk/\r\nSet-Cookie: a=b", "/desk/"),
        ("javascript:alert(1)", "/desk/"),
        ("/v1/comments", "/desk/"),
        ("/desk@evil.example", "/desk/"),
    ],
)
def test_only_the_desk_itself_is_gone_to(asked: str | None, goes_to: str):
    """A link to the sign-in page cannot send anybody elsewhere afterwards."""
    assert local_path(asked) == goes_to


def test_errors_are_pages(desk: Enter):
    """With the words of a person and the number that finds the log."""
    answer = desk().get("/desk/blog/no/such/page", headers={"X-Request-Id": "find-me-again"})

    assert answer.status_code == 404
    assert answer.mimetype == "text/html"
    assert "find-me-again" in answer.text
