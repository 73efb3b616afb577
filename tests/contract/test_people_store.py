"""People, sessions and links on every database: what stands in SQL and what no two transactions may do at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy.exc import IntegrityError

from service import people, sign_in
from service.roles import Role
from service.scopes import Scope
from service.store import accounts, sessions
from service.store import people as store_of_people
from service.store.engine import Store
from service.store.tables_people import memberships

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SECRET = b"a secret of the test suite, long enough"
PASSWORD = "correct horse battery"
PATIENCE = sign_in.Patience(idle=timedelta(hours=12), absolute=timedelta(days=14))


@pytest.fixture
def site(store: Store) -> accounts.Site:
    """A site."""
    return store.write(lambda c: accounts.add_site(c, "blog", "https://blog.example", NOW))


def add(store: Store, name: str, role: Role | None = None, site_id: str | None = None):
    """Somebody."""
    roles = {} if role is None else {site_id: role}
    return store.write(lambda c: people.add_user(c, name, roles, NOW, password=PASSWORD))


def test_names_differ_in_more_than_case(store):
    """In every alphabet."""
    add(store, "Straße Ä")

    for name in ("STRASSE Ä", "straße ä"):
        with pytest.raises(people.NameTakenError):
            add(store, name)
    with store.read() as connection:
        assert store_of_people.user_named(connection, "sTRASSE ä").name == "Straße Ä"


@pytest.mark.parametrize("name", ["", "   ", "a\nb\x00", "x" * 101, "\u202eevil"])
def test_what_is_no_name_is_refused(store, name: str):
    """Empty, too long, or with characters that nobody sees."""
    with pytest.raises(people.BadNameError):
        add(store, name)


def test_names_are_taken_once_however_many_try(store):
    """Two admins add the same person at the same moment."""

    def try_it(_: int) -> bool:
        try:
            add(store, "Ada")
        except people.NameTakenError:
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(try_it, range(4))) == [False, False, False, True]


def test_one_role_on_each_site_and_one_on_all(store, site):
    """The database itself refuses a second one."""
    ada = add(store, "Ada", Role.VIEWER)
    store.write(lambda c: people.change_role(c, ada, site.id, Role.ADMIN))
    store.write(lambda c: people.change_role(c, ada, site.id, Role.MODERATOR))

    with store.read() as connection:
        assert store_of_people.roles_of(connection, ada.id) == {None: Role.VIEWER, site.id: Role.MODERATOR}
    for site_id in (None, site.id):
        row = {"id": accounts.new_id(), "user_id": ada.id, "site_id": site_id, "role": "admin"}
        with pytest.raises(IntegrityError):
            store.write(lambda c, row=row: c.execute(memberships.insert().values(row)))


def test_a_removed_site_takes_its_roles_along(store, site):
    """And leaves the person."""
    ada = add(store, "Ada", Role.MODERATOR, site.id)

    store.write(lambda c: accounts.remove_site(c, site))

    with store.read() as connection:
        assert store_of_people.roles_of(connection, ada.id) == {}
        assert store_of_people.any_user(connection)


def test_two_admins_cannot_disable_each_other(store):
    """At the same moment neither may be left without the other."""
    both = [add(store, name, Role.ADMIN) for name in ("Ada", "Bea")]

    def out(user) -> bool:
        try:
            store.write(lambda c: people.disable(c, user, NOW))
        except people.LastAdminError:
            return False
        return True

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(out, both)) == [False, True]
    with store.read() as connection:
        assert len(store_of_people.admins_of_all_sites(connection)) == 1


def test_only_one_becomes_the_first(store):
    """Two browsers with the first link, at the same moment."""
    token = store.write(lambda c: people.first_link(c, SECRET, NOW))

    def become(name: str) -> bool:
        try:
            store.write(lambda c: sign_in.make_first_admin(c, token, name, PASSWORD, secret=SECRET, now=NOW))
        except sign_in.DeadLinkError:
            return False
        return True

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(become, ["Ada", "Eve"])) == [False, True]


def test_a_link_works_once(store):
    """However many press the button."""
    ada = add(store, "Ada")
    token = store.write(lambda c: people.make_link(c, SECRET, "invite", ada.id, NOW))

    def use(_: int) -> bool:
        try:
            store.write(lambda c: sign_in.use_link(c, token, SECRET, NOW))
        except sign_in.DeadLinkError:
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(use, range(4))) == [False, False, False, True]


def test_a_link_of_somebody_disabled_is_dead(store):
    """Also when the link was made before."""
    add(store, "Boss", Role.ADMIN)
    ada = add(store, "Ada")
    token = store.write(lambda c: people.make_link(c, SECRET, "invite", ada.id, NOW))
    store.write(lambda c: people.disable(c, ada, NOW))

    with pytest.raises(sign_in.DeadLinkError):
        store.write(lambda c: sign_in.use_link(c, token, SECRET, NOW))


def test_failures_wait_twice_as_long_each_time(store):
    """Four are free; success forgets them all."""
    ada = add(store, "Ada")
    waits = []
    for _ in range(13):
        store.write(lambda c: sign_in.note_failure(c, ada.id, NOW))
        with store.read() as connection:
            until = store_of_people.credentials_of(connection, ada.id).locked_until
        waits.append(None if until is None else int((until - NOW).total_seconds()))
    assert waits == [None] * 4 + [15, 30, 60, 120, 240, 480, 900, 900, 900]

    with pytest.raises(sign_in.WaitError) as refused:
        sign_in.check_password(store, "Ada", PASSWORD, NOW)
    assert refused.value.seconds == 900
    user, _ = sign_in.check_password(store, "Ada", PASSWORD, NOW + timedelta(seconds=901))
    store.write(lambda c: sign_in.begin_session(c, user.id, "password", secret=SECRET, patience=PATIENCE, now=NOW))

    with store.read() as connection:
        assert store_of_people.credentials_of(connection, ada.id).failures == 0


def test_a_session_is_found_while_it_lives(store):
    """By its token; expired ones are swept at the next sign-in."""
    ada = add(store, "Ada")

    def begin(now: datetime) -> str:
        return store.write(
            lambda c: sign_in.begin_session(c, ada.id, "password", secret=SECRET, patience=PATIENCE, now=now)
        )

    token = begin(NOW)

    assert sign_in.find_session(store, token, SECRET, PATIENCE, NOW + timedelta(hours=11)).user_id == ada.id
    assert sign_in.find_session(store, token, SECRET, PATIENCE, NOW + timedelta(hours=24)) is None
    assert sign_in.find_session(store, token, b"another secret", PATIENCE, NOW) is None
    begin(NOW + timedelta(days=15))
    with store.read() as connection:
        assert len(sessions.sessions_of(connection, ada.id)) == 1


def test_a_weaker_hash_is_renewed_by_signing_in(store):
    """So that parameters can be raised later."""
    ada = add(store, "Ada")
    weak = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)
    store.write(lambda c: store_of_people.update_user(c, ada.id, {"password_hash": weak}))

    sign_in.check_password(store, "Ada", PASSWORD, NOW)

    with store.read() as connection:
        renewed = store_of_people.credentials_of(connection, ada.id).password_hash
    assert renewed != weak
    assert "m=19456,t=2" in renewed
    assert sign_in.check_password(store, "Ada", PASSWORD, NOW)[0].id == ada.id


# --- What a key may do --------------------------------------------------------------------------------------------


def test_a_key_may_do_what_it_was_made_for(store, site):
    """Everything, unless said otherwise; a key from before there were scopes has all."""
    every = store.write(lambda c: accounts.add_key(c, site, SECRET, NOW))
    form = store.write(lambda c: accounts.add_key(c, site, SECRET, NOW, frozenset({Scope.SUBMIT})))

    with store.read() as connection:

        def scopes(key: str) -> set[Scope]:
            return accounts.key_with_digest(connection, accounts.digest_key(SECRET, key)).scopes

        assert scopes(every) == set(Scope)
        assert scopes(form) == {Scope.SUBMIT}


def test_keys_of_each_kind_rotate_by_themselves(store, site):
    """Two of the same scopes live at a time, and others are left alone."""
    only = frozenset({Scope.READ, Scope.MODERATE})
    mine = [store.write(lambda c: accounts.add_key(c, site, SECRET, NOW, only)) for _ in range(2)]
    other = store.write(lambda c: accounts.add_key(c, site, SECRET, NOW))
    with pytest.raises(accounts.AccountError, match="of these scopes"):
        store.write(lambda c: accounts.add_key(c, site, SECRET, NOW, only))

    mine.append(store.write(lambda c: accounts.rotate_key(c, site, SECRET, NOW, only)))

    with store.read() as connection:

        def works(key: str) -> bool:
            return accounts.site_of_key(connection, accounts.digest_key(SECRET, key)) is not None

        assert [works(key) for key in (*mine, other)] == [False, True, True, True]
