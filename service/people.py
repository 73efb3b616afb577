"""The use cases of people: who there is, what they may do where, and how they get in for the first time.

The caller commits. Whoever loses a right or a password loses every session with it, in the same transaction.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy.engine import Connection

from service import passwords, second_factor
from service.acts import SETUP, Actor, Verb, act_row
from service.roles import Role
from service.store import acts, sessions
from service.store import people as store
from service.store.accounts import AccountError
from service.store.people import User

Purpose = Literal["first", "invite", "reset"]
#: How long a one-time link works.
LINK_HOURS: Final = 24


class NameTakenError(AccountError):
    """Somebody has this name already."""


class BadNameError(AccountError):
    """This is not a name."""


class WeakPasswordError(AccountError):
    """This password will not do."""


class WrongCodeError(AccountError):
    """The code does not come from the secret that was shown."""


class LastAdminError(AccountError):
    """Nobody would be left who may manage people."""


def add_user(
    connection: Connection,
    name: str,
    roles: Mapping[str | None, Role],
    now: datetime,
    *,
    password: str | None = None,
    by: Actor = SETUP,
) -> User:
    """Make a user; that they came, and what they may do, is on record.

    Raises:
        NameTakenError, BadNameError, WeakPasswordError.
    """
    name = " ".join(name.split())
    if not name or len(name) > 100 or not name.isprintable():
        raise BadNameError("A user's name must have 1 to 100 printable characters.")
    store.lock_people(connection)
    if store.user_named(connection, name) is not None:
        raise NameTakenError(f"There is already a user {name}.")
    hashed = None if password is None else _hashed(password, name)
    user = store.insert_user(connection, name, now)
    if hashed is not None:
        store.update_user(connection, user.id, {"password_hash": hashed})
    for site_id, role in roles.items():
        store.set_role(connection, user.id, site_id, role)
        _record(connection, by, now, user, "add", site_id=site_id, role=role)
    if not roles:
        _record(connection, by, now, user, "add")
    return user


def get_user(connection: Connection, name: str) -> User:
    """The user of this name, or with this id.

    Raises:
        AccountError: there is none.
    """
    found = store.user_named(connection, " ".join(name.split())) or store.user_with_id(connection, name)
    if found is None:
        raise AccountError(f"There is no user {name}; `sluice user list` shows all.")
    return found


def change_role(
    connection: Connection,
    user: User,
    site_id: str | None,
    role: Role | None,
    *,
    by: Actor = SETUP,
    now: datetime | None = None,
) -> None:
    """Give a role on a site or on all sites, or take it away; the user signs in again to use it.

    Raises:
        LastAdminError.
    """
    store.lock_people(connection)
    if store.roles_of(connection, user.id).get(site_id) is role:
        return
    managing = store.admins_of_all_sites(connection)
    store.set_role(connection, user.id, site_id, role)
    _still_managed(connection, managing)
    sessions.delete_sessions_of(connection, user.id)
    _record(connection, by, now or datetime.now(UTC), user, "role", site_id=site_id, role=role)


def disable(connection: Connection, user: User, now: datetime, *, by: Actor = SETUP) -> None:
    """Let somebody in no more, from this moment; what they did stays.

    Raises:
        LastAdminError.
    """
    store.lock_people(connection)
    managing = store.admins_of_all_sites(connection)
    store.update_user(connection, user.id, {"disabled_at": now})
    _still_managed(connection, managing)
    sessions.delete_sessions_of(connection, user.id)
    sessions.delete_links(connection, user.id)
    _record(connection, by, now, user, "disable")


def enable(connection: Connection, user: User, *, by: Actor = SETUP, now: datetime | None = None) -> None:
    """Let somebody in again, with the password they had."""
    store.update_user(connection, user.id, {"disabled_at": None, "failures": 0, "locked_until": None})
    _record(connection, by, now or datetime.now(UTC), user, "enable")


def reset(connection: Connection, user: User, secret: bytes, now: datetime, *, by: Actor = SETUP) -> str:
    """Forget password, second factor and sessions of somebody locked out; the token of a link to begin anew."""
    forgotten = dict.fromkeys(("password_hash", "totp_secret", "totp_step", "recovery_codes", "oidc_subject"))
    store.update_user(connection, user.id, {**forgotten, "failures": 0, "locked_until": None})
    sessions.delete_sessions_of(connection, user.id)
    _record(connection, by, now, user, "reset")
    return make_link(connection, secret, "reset", user.id, now)


def set_password(connection: Connection, user: User, password: str) -> None:
    """Give somebody a new password; whoever was signed in with the old one is signed out.

    Raises:
        WeakPasswordError.
    """
    changes = {"password_hash": _hashed(password, user.name), "failures": 0, "locked_until": None}
    store.update_user(connection, user.id, changes)
    sessions.delete_sessions_of(connection, user.id)
    sessions.delete_links(connection, user.id)


def prefer(connection: Connection, user_id: str, language: str | None, preferences: Mapping[str, Any]) -> None:
    """Keep what somebody wants the desk to be like."""
    store.update_user(connection, user_id, {"language": language, "preferences": dict(preferences)})


def set_up_second_factor(
    connection: Connection, user_id: str, totp_secret: str, code: str, *, secret: bytes, now: datetime
) -> list[str]:
    """From now on signing in needs a code; the recovery codes, shown this once.

    Raises:
        WrongCodeError: it would lock its owner out.
    """
    step = second_factor.matching_step(totp_secret, code, now, None)
    if step is None:
        raise WrongCodeError("This code is not right; look at the app again, and at its clock.")
    codes = second_factor.new_recovery_codes()
    digests = [second_factor.digest_recovery_code(secret, user_id, each) for each in codes]
    sealed = second_factor.seal(secret, totp_secret)
    changes = {"totp_secret": sealed, "totp_step": step, "recovery_codes": digests}
    store.update_user(connection, user_id, changes)
    return codes


def drop_second_factor(connection: Connection, user_id: str) -> None:
    """Signing in needs the password alone again."""
    store.update_user(connection, user_id, dict.fromkeys(("totp_secret", "totp_step", "recovery_codes")))


def make_link(connection: Connection, secret: bytes, purpose: Purpose, user_id: str | None, now: datetime) -> str:
    """The token of a new one-time link; earlier ones for the same person stop working."""
    sessions.delete_expired(connection, now)
    sessions.delete_links(connection, user_id)
    token = secrets.token_urlsafe(24)
    ends = now + timedelta(hours=LINK_HOURS)
    sessions.insert_link(
        connection, sessions.Link(digest_of_token(secret, "link", token), user_id, purpose, ends, None), now
    )
    return token


def first_link(connection: Connection, secret: bytes, now: datetime) -> str | None:
    """The token of a link that makes the first admin; nothing once there is anybody."""
    store.lock_people(connection)
    return None if store.any_user(connection) else make_link(connection, secret, "first", None, now)


def digest_of_token(secret: bytes, kind: str, token: str) -> str:
    """What is stored of a token that a browser brings."""
    return hmac.digest(secret, f"{kind}:{token}".encode(), "sha256").hex()


def _record(
    connection: Connection,
    by: Actor,
    now: datetime,
    user: User,
    did: str,
    *,
    site_id: str | None = None,
    role: Role | None = None,
) -> None:
    detail = {"did": did, "who": user.name, "role": role and role.value}
    acts.insert_acts(connection, [act_row(by, Verb.PEOPLE, now, site_id=site_id, detail=detail)])


def _hashed(password: str, name: str) -> str:
    problem = passwords.problem_with(password, name)
    if problem is not None:
        raise WeakPasswordError(problem)
    return passwords.hash_password(password)


def _still_managed(connection: Connection, before: set[str]) -> None:
    if before and not store.admins_of_all_sites(connection):
        raise LastAdminError("Somebody else must be an admin of all sites first; nobody would be left.")
