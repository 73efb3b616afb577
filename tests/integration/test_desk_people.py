"""Signing in, staying in, being let out; one's own account, and the page of people."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
import redis
import sqlalchemy as sa
from flask import Flask
from visitors import PASSWORD, Visitor, a_person

from service import people
from service.roles import Role
from service.store.tables_people import sessions, users

Enter = Callable[..., Visitor]
NEW = "a much better password"


def write(app: Flask, work: Callable) -> object:
    """Do something in the database."""
    return app.extensions["sluice"].store.write(work)


def rows(app: Flask, table: sa.Table) -> list[sa.Row]:
    """All rows of a table."""
    with app.extensions["sluice"].store.read() as connection:
        return list(connection.execute(sa.select(table)))


def is_in(visitor: Visitor) -> bool:
    """Whether somebody is signed in there."""
    return visitor.get("/desk/help").status_code == 200


def link_on(page: str) -> str:
    """The path of the one-time link that a page shows."""
    return html.unescape(re.search(r"https?://[^/\s]+(/desk/link/[\w-]+)", page)[1])


# --- Sessions -----------------------------------------------------------------------------------------------------


def test_signing_in_makes_a_new_token(app: Flask, visitor: Visitor):
    """A token that somebody else put into the browser is never taken over, and the old session ends."""
    a_person(app, "Ada")
    visitor.client.set_cookie("sluice_desk", "planted-by-somebody", path="/desk")
    visitor.sign_in("Ada")
    first = visitor.cookie

    visitor.client.post("/desk/sign-in", data={"csrf_token": visitor.token(), "name": "Ada", "password": PASSWORD})

    assert first != "planted-by-somebody"
    assert visitor.cookie != first
    assert len(rows(app, sessions)) == 1


def test_the_database_cannot_sign_anybody_in(app: Flask, visitor: Visitor):
    """What it keeps of a token and of a password is neither."""
    a_person(app, "Ada")
    visitor.sign_in("Ada")

    kept = str(rows(app, sessions)) + str(rows(app, users))

    assert visitor.cookie not in kept
    assert PASSWORD not in kept
    thief = Visitor(app)
    thief.client.set_cookie("sluice_desk", rows(app, sessions)[0].id, path="/desk")
    assert not is_in(thief)


@pytest.mark.parametrize(
    ("column", "past"), [("seen_at", timedelta(minutes=721)), ("expires_at", timedelta(seconds=1))]
)
def test_sessions_end(app: Flask, visitor: Visitor, column: str, past: timedelta):
    """Without use after some hours, and in any case after some days."""
    a_person(app, "Ada")
    visitor.sign_in("Ada")
    write(app, lambda c: c.execute(sa.update(sessions).values({column: datetime.now(UTC) - past})))

    assert not is_in(visitor)


def test_using_the_desk_keeps_a_session_alive(app: Flask, visitor: Visitor):
    """The time of last use moves along, but not with every page."""
    a_person(app, "Ada")
    visitor.sign_in("Ada")
    fresh = rows(app, sessions)[0].seen_at
    assert is_in(visitor)
    assert rows(app, sessions)[0].seen_at == fresh
    long_ago = datetime.now(UTC) - timedelta(hours=2)
    write(app, lambda c: c.execute(sa.update(sessions).values(seen_at=long_ago)))

    assert is_in(visitor)

    assert rows(app, sessions)[0].seen_at > long_ago


def test_signing_out_ends_the_session_itself(app: Flask, visitor: Visitor):
    """Not only the browser forgets it."""
    a_person(app, "Ada")
    visitor.sign_in("Ada")
    token = visitor.cookie

    assert visitor.post("/desk/sign-out").status_code == 303

    visitor.client.set_cookie("sluice_desk", token, path="/desk")
    assert not is_in(visitor)


def test_disabled_people_are_out_at_once(app: Flask, desk: Enter):
    """Pages that are open do nothing any more, and the password opens nothing."""
    ada, boss = desk(name="Ada"), desk(Role.ADMIN, "Boss", everywhere=True)
    user = next(user for user in rows(app, users) if user.name == "Ada")

    assert boss.post(f"/desk/people/{user.id}/disable").status_code == 303

    assert not is_in(ada)
    assert ada.sign_in("Ada").status_code == 422
    assert boss.post(f"/desk/people/{user.id}/enable").status_code == 303
    assert ada.sign_in("Ada").status_code == 303


def test_a_changed_role_holds_at_once(app: Flask, desk: Enter):
    """The person is signed out, and comes back as somebody else."""
    ada, boss = desk(Role.VIEWER, "Ada"), desk(Role.ADMIN, "Boss", everywhere=True)
    user = next(user for user in rows(app, users) if user.name == "Ada")

    boss.post(f"/desk/people/{user.id}/role", {"site": "", "role": "admin"})

    assert not is_in(ada)
    ada.sign_in("Ada")
    assert ada.get("/desk/people").status_code == 200


# --- Passwords and codes ------------------------------------------------------------------------------------------


def test_wrong_names_and_wrong_passwords_look_the_same(app: Flask, visitor: Visitor):
    """Nobody learns who there is."""
    a_person(app, "Ada")

    known, unknown = visitor.sign_in("Ada", "not it at all"), visitor.sign_in("Eve", "not it at all")

    assert (known.status_code, unknown.status_code) == (422, 422)
    strip = re.compile(r'value="[^"]*"|content="[^"]*"|&#34;[^&]*&#34;|hx-headers=\'[^\']*\'')
    assert strip.sub("", known.text) == strip.sub("", unknown.text)
    assert "Name or password is wrong." in known.text


def test_failing_again_and_again_makes_one_wait(app: Flask, visitor: Visitor):
    """Even the right password waits then; an admin's word ends the wait."""
    user = a_person(app, "Ada")
    for _ in range(5):
        assert visitor.sign_in("Ada", "wrong wrong wrong").status_code == 422

    refused = visitor.sign_in("Ada")

    assert refused.status_code == 429
    assert "Too many failed sign-ins" in refused.text
    write(app, lambda connection: people.enable(connection, user))
    assert visitor.sign_in("Ada").status_code == 303


@pytest.mark.parametrize("overrides", [{"sign_in_failures_per_minute": 3}])
def test_one_address_cannot_try_everybody(app: Flask, visitor: Visitor):
    """The limit per address holds over all names."""
    a_person(app, "Ada")
    for number in range(3):
        visitor.sign_in(f"name {number}", "wrong wrong wrong")

    refused = visitor.sign_in("Ada")

    assert refused.status_code == 429
    assert visitor.cookie is None


@pytest.mark.parametrize("overrides", [{"redis_url": "redis://127.0.0.1:1"}])
def test_people_get_in_without_redis(app: Flask, visitor: Visitor):
    """The limit per address fails open; the wait after failures stands in SQL and holds."""
    a_person(app, "Ada")

    for _ in range(5):
        visitor.sign_in("Ada", "wrong wrong wrong")
    assert visitor.sign_in("Ada").status_code == 429
    a_person(app, "Bea")
    assert visitor.sign_in("Bea").status_code == 303


def set_up_codes(visitor: Visitor) -> tuple[str, str, list[str]]:
    """Go through the page of the second step; the app's secret, the code that was used, the recovery codes."""
    page = visitor.get("/desk/account/code").text
    secret = re.search(r'name="secret" value="(\w+)"', page)[1]
    assert "<svg" in page
    assert "style=" not in page
    code = pyotp.TOTP(secret).now()
    done = visitor.post("/desk/account/code", {"secret": secret, "code": code})
    assert done.status_code == 200
    return secret, code, re.findall(r"<li><code>([\w-]+)</code>", done.text)


def test_a_second_step_is_asked_for(app: Flask, visitor: Visitor):
    """The password alone opens nothing; a code works once; each recovery code as well."""
    a_person(app, "Ada")
    visitor.sign_in("Ada")
    secret, used, codes = set_up_codes(visitor)
    other = Visitor(app)

    half = other.sign_in("Ada", next="/desk/account")

    assert half.location == "/desk/sign-in/code"
    assert not is_in(other)
    assert other.post("/desk/sign-in/code", {"code": "000000"}).status_code == 422
    assert other.post("/desk/sign-in/code", {"code": used}).status_code == 422, "setting up has used it"
    assert other.post("/desk/sign-in/code", {"code": codes[0].upper()}).location == "/desk/account"
    assert is_in(other)
    third = Visitor(app)
    third.sign_in("Ada")
    assert third.post("/desk/sign-in/code", {"code": codes[0]}).status_code == 422
    coming = pyotp.TOTP(secret).generate_otp(int(datetime.now(UTC).timestamp()) // 30 + 1)
    assert third.post("/desk/sign-in/code", {"code": coming}).status_code == 303
    assert secret not in str(rows(app, users))


def test_codes_cannot_be_tried_for_ever(app: Flask, visitor: Visitor):
    """Wrong codes count like wrong passwords."""
    a_person(app, "Ada")
    visitor.sign_in("Ada")
    set_up_codes(visitor)
    other = Visitor(app)
    other.sign_in("Ada")

    for _ in range(5):
        other.post("/desk/sign-in/code", {"code": "000000"})

    assert other.post("/desk/sign-in/code", {"code": "000000"}).status_code == 429


def test_a_code_from_nowhere_is_not_accepted(app: Flask, visitor: Visitor):
    """Without the password's step there is no second one."""
    a_person(app, "Ada")

    assert visitor.post("/desk/sign-in/code", {"code": "000000"}).location == "/desk/sign-in"


def test_the_second_step_goes_with_the_password_only(app: Flask, visitor: Visitor):
    """Whoever finds an open desk can neither switch it off nor put their own phone in its place."""
    a_person(app, "Ada")
    visitor.sign_in("Ada")
    set_up_codes(visitor)
    theirs = pyotp.random_base32()

    stolen = visitor.post("/desk/account/code", {"secret": theirs, "code": pyotp.TOTP(theirs).now()})
    assert stolen.status_code == 422
    assert "not your present password" in stolen.text
    assert visitor.post("/desk/account/code/drop", {"current": "guessed it is"}).status_code == 422
    assert visitor.post("/desk/account/code/drop", {"current": PASSWORD}).status_code == 303
    assert Visitor(app).sign_in("Ada").location == "/desk/"


def test_a_new_password_ends_other_sessions(app: Flask, visitor: Visitor):
    """Here one stays signed in, with a new token; elsewhere one is out."""
    a_person(app, "Ada")
    elsewhere = Visitor(app)
    visitor.sign_in("Ada")
    elsewhere.sign_in("Ada")
    before = visitor.cookie

    wrong = visitor.post("/desk/account/password", {"current": "not it at all", "new": NEW})
    weak = visitor.post("/desk/account/password", {"current": PASSWORD, "new": "aaaaaaaaaaaa"})
    done = visitor.post("/desk/account/password", {"current": PASSWORD, "new": NEW}, follow_redirects=True)

    assert (wrong.status_code, weak.status_code, done.status_code) == (422, 422, 200)
    assert "Other browsers are signed out." in done.text
    assert visitor.cookie != before
    assert not is_in(elsewhere)
    assert Visitor(app).sign_in("Ada").status_code == 422
    assert Visitor(app).sign_in("Ada", NEW).status_code == 303


def test_signing_out_everywhere(app: Flask, visitor: Visitor):
    """All browsers at once."""
    a_person(app, "Ada")
    elsewhere = Visitor(app)
    visitor.sign_in("Ada")
    elsewhere.sign_in("Ada")

    assert visitor.post("/desk/account/sign-out-everywhere").status_code == 422
    assert is_in(elsewhere)
    visitor.post("/desk/account/sign-out-everywhere", {"sure": "on"})

    assert not is_in(visitor)
    assert not is_in(elsewhere)


def test_whoever_has_no_password_is_not_locked_out(app: Flask, desk: Enter):
    """Signing out everywhere waits until there is a way back in."""
    ada = desk(Role.VIEWER)
    write(app, lambda c: c.execute(sa.update(users).values(password_hash=None)))

    page = ada.get("/desk/account").text
    refused = ada.post("/desk/account/sign-out-everywhere", {"sure": "on"})

    assert "you would be locked out" in page
    assert "sign-out-everywhere" not in page
    assert refused.status_code == 422
    assert is_in(ada)


def test_preferences_stay(app: Flask, visitor: Visitor):
    """Language and keys are kept with the person; what other parts keep there is left alone."""
    user = a_person(app, "Ada")
    write(app, lambda c: people.prefer(c, user.id, None, {"other": 1}))
    visitor.sign_in("Ada")

    visitor.post("/desk/account/preferences", {"language": "de", "preset": "coral"})

    page = visitor.get("/desk/account").text
    assert '<html lang="de"' in page
    assert '<option value="coral" selected>' in page
    assert rows(app, users)[0].preferences == {"other": 1, "preset": "coral", "letters": False}


# --- One-time links -----------------------------------------------------------------------------------------------


def test_the_first_link_makes_an_admin_once(app: Flask, visitor: Visitor, secret: bytes):
    """Opening it changes nothing, a weak password does not use it up, and afterwards it is dead."""
    token = write(app, lambda c: people.first_link(c, secret, datetime.now(UTC)))
    path = f"/desk/link/{token}"
    assert visitor.get(path).status_code == 200
    assert visitor.get(path).status_code == 200
    assert visitor.post(path, {"name": "Ada", "password": "short"}).status_code == 422

    made = visitor.post(path, {"name": "Ada", "password": PASSWORD})

    assert made.status_code == 303
    assert visitor.get("/desk/people").status_code == 200
    late = Visitor(app)
    assert late.get(path).status_code == 410
    assert late.post(path, {"name": "Eve", "password": PASSWORD}).status_code == 410
    assert [user.name for user in rows(app, users)] == ["Ada"]
    assert write(app, lambda c: people.first_link(c, secret, datetime.now(UTC))) is None


def test_a_link_made_before_the_first_admin_dies_with_the_first_admin(app: Flask, visitor: Visitor, secret: bytes):
    """Whoever still has one cannot become a second first."""
    token = write(app, lambda c: people.first_link(c, secret, datetime.now(UTC)))
    a_person(app, "Ada", Role.ADMIN)

    assert visitor.post(f"/desk/link/{token}", {"name": "Eve", "password": PASSWORD}).status_code == 410


def test_an_admin_adds_somebody_by_a_link(app: Flask, desk: Enter, site_and_key):
    """It signs in once, asks for a password, and then the password works."""
    boss = desk(Role.ADMIN, "Boss", everywhere=True)
    added = boss.post("/desk/people", {"name": "  Bea  Brown ", "role": "trainee", "site": site_and_key[0].id})
    path = link_on(added.text)
    bea = Visitor(app)
    assert 'method="post"' in bea.get(path).text

    assert bea.post(path).location == "/desk/account"

    assert "Choose a password now" in bea.get("/desk/account").text
    assert bea.post("/desk/account/password", {"new": PASSWORD}).status_code == 303
    assert bea.get("/desk/blog/", follow_redirects=True).status_code == 200
    assert bea.get("/desk/blog/policy").status_code == 200
    assert bea.get("/desk/people").status_code == 403
    assert Visitor(app).get(path).status_code == 410
    assert Visitor(app).sign_in("bea brown").status_code == 303


def test_links_expire(app: Flask, visitor: Visitor, secret: bytes):
    """After a day."""
    user = a_person(app, "Ada")
    yesterday = datetime.now(UTC) - timedelta(hours=24, seconds=1)
    token = write(app, lambda c: people.make_link(c, secret, "invite", user.id, yesterday))

    assert visitor.get(f"/desk/link/{token}").status_code == 410
    assert visitor.post(f"/desk/link/{token}").status_code == 410


def test_a_reset_begins_anew(app: Flask, desk: Enter):
    """Password, second step, sessions and earlier links are gone."""
    ada, boss = desk(name="Ada"), desk(Role.ADMIN, "Boss", everywhere=True)
    set_up_codes(ada)
    user = next(user for user in rows(app, users) if user.name == "Ada")

    first = link_on(boss.post(f"/desk/people/{user.id}/reset").text)
    second = link_on(boss.post(f"/desk/people/{user.id}/reset").text)

    assert not is_in(ada)
    assert ada.sign_in("Ada").status_code == 422
    assert ada.post(first).status_code == 410
    assert ada.post(second).status_code == 303
    assert ada.post("/desk/account/password", {"new": NEW}).status_code == 303
    assert Visitor(app).sign_in("Ada", NEW).location == "/desk/"


# --- Who manages people -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.VIEWER, Role.TRAINEE, Role.MODERATOR])
def test_others_do_not_see_the_page_of_people(desk: Enter, role: Role):
    """Nor an entry for it; the page that refuses says what is missing."""
    somebody = desk(role, everywhere=True)

    refused = somebody.get("/desk/people")

    assert refused.status_code == 403
    assert "manage people" in refused.text
    assert 'href="/desk/people"' not in somebody.get("/desk/help").text


def test_an_admin_of_one_site_does_not_manage_people(desk: Enter):
    """They could make themselves admin of all."""
    somebody = desk(Role.ADMIN)

    assert somebody.get("/desk/people").status_code == 403
    assert somebody.post("/desk/people", {"name": "Eve", "role": "admin"}).status_code == 403


def test_an_admin_always_remains(app: Flask, desk: Enter):
    """The last one can neither be disabled nor lose the role."""
    boss = desk(Role.ADMIN, "Boss", everywhere=True)
    user = rows(app, users)[0]

    for path, form in (("disable", {}), ("role", {"site": "", "role": "viewer"}), ("role", {"site": "", "role": ""})):
        refused = boss.post(f"/desk/people/{user.id}/{path}", form)
        assert refused.status_code == 422
        assert "nobody would be left" in refused.text
    assert is_in(boss)


def test_hostile_names_are_only_text(app: Flask, desk: Enter):
    """Wherever they stand."""
    boss = desk(Role.ADMIN, "Boss", everywhere=True)
    name = "<script>alert(1)</script>\"'><img src=x>"

    boss.post("/desk/people", {"name": name, "role": "moderator", "site": ""})

    user = next(user for user in rows(app, users) if user.name == name)
    for path in ("/desk/people", f"/desk/people/{user.id}"):
        page = boss.get(path).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "&lt;script&gt;" in page


def test_redis_holds_no_address(app: Flask, visitor: Visitor, redis_url: str):
    """Failures are counted under a keyed digest."""
    visitor.sign_in("Ada", "wrong wrong wrong")

    with redis.Redis.from_url(redis_url) as client:
        keys = [key.decode() for key in client.keys("sluice:failures:*")]
    assert len(keys) == 1
    assert "127.0.0.1" not in keys[0]
