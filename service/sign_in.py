"""The use cases of signing in: password, second factor, one-time link, and the session that follows.

Failing again and again makes a person wait, longer each time. That stands in SQL, so it holds when Redis is away; the
limit per address (``service.limits.Failures``) is Redis' and fails open. A one-time link gets through either way, so
nobody can lock an admin out for good.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy.engine import Connection

from service import passwords, second_factor
from service.acts import Actor
from service.people import add_user, digest_of_token
from service.roles import Role
from service.store import people as store
from service.store import sessions
from service.store.engine import Store
from service.store.people import Credentials, User
from service.store.sessions import Link, Session

How = Literal["password", "totp", "recovery", "link", "oidc"]

#: Failures in a row that cost nothing; each one after them doubles the wait.
FREE_FAILURES: Final = 5
FIRST_WAIT: Final = timedelta(seconds=15)
LONGEST_WAIT: Final = timedelta(minutes=15)


class SignInError(Exception):
    """Somebody is not let in; the message says what may be said about it."""


class WrongError(SignInError):
    """Name, password or code is wrong; which one is not said."""


class WaitError(SignInError):
    """Too many failures; ``seconds`` says for how long it is pointless to try."""

    def __init__(self, seconds: int) -> None:
        super().__init__("Too many failed sign-ins.")
        self.seconds = seconds


class DeadLinkError(SignInError):
    """The link was used, is too old, or never was."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a session lasts: without use, and at all."""

    idle: timedelta
    absolute: timedelta


def check_password(database: Store, name: str, password: str, now: datetime) -> tuple[User, bool]:
    """The user with this name and password, and whether a second factor must follow.

    The work is the same whether the name exists or not, and hashing happens outside any transaction.

    Raises:
        WrongError, WaitError.
    """
    with database.read() as connection:
        user = store.user_named(connection, " ".join(name.split()))
        known = None if user is None else store.credentials_of(connection, user.id)
    if known is not None:
        _be_patient(known, now)
    right = passwords.is_right(password, None if known is None or known.disabled else known.password_hash)
    if user is None or known is None or not right:
        if known is not None:
            database.write(lambda connection: note_failure(connection, known.user_id, now))
        raise WrongError("Wrong name or password.")
    if known.password_hash is not None and passwords.is_outdated(known.password_hash):
        renewed = {"password_hash": passwords.hash_password(password)}
        database.write(lambda connection: store.update_user(connection, known.user_id, renewed))
    return user, known.totp_secret is not None


def check_code(database: Store, user_id: str, code: str, secret: bytes, now: datetime) -> How:
    """Whether this is the app's present code or a recovery code, which is used up by that; which of the two it was.

    Raises:
        WrongError, WaitError.
    """

    def work(connection: Connection) -> How | None:
        known = store.credentials_of(connection, user_id, lock=True)
        if known is None or known.totp_secret is None or known.disabled:
            return None
        _be_patient(known, now)
        totp_secret = second_factor.unseal(secret, known.totp_secret)
        step = second_factor.matching_step(totp_secret, code, now, known.totp_step)
        if step is not None:
            store.update_user(connection, user_id, {"totp_step": step})
            return "totp"
        digest = second_factor.digest_recovery_code(secret, user_id, code)
        if digest in known.recovery_codes:
            left = [each for each in known.recovery_codes if each != digest]
            store.update_user(connection, user_id, {"recovery_codes": left})
            return "recovery"
        note_failure(connection, user_id, now)
        return None

    how = database.write(work)
    if how is None:
        raise WrongError("This code is not right, or was used before.")
    return how


def note_failure(connection: Connection, user_id: str, now: datetime) -> None:
    """Count a failed sign-in, and make the next one wait when there were many in a row."""
    known = store.credentials_of(connection, user_id, lock=True)
    if known is None:
        return
    failures = known.failures + 1
    wait = wait_after(failures)
    changes = {"failures": failures, "locked_until": None if wait is None else now + wait}
    store.update_user(connection, user_id, changes)


def wait_after(failures: int) -> timedelta | None:
    """How long to wait after so many failures in a row."""
    excess = failures - FREE_FAILURES
    if excess < 0:
        return None
    return min(LONGEST_WAIT, FIRST_WAIT * int(2 ** min(excess, 20)))


def begin_session(
    connection: Connection, user_id: str, how: How, *, secret: bytes, patience: Patience, now: datetime, old: str = ""
) -> str:
    """Sign somebody in; the new token for the browser. The session of the ``old`` token ends."""
    if old:
        end_session(connection, old, secret)
    sessions.delete_expired(connection, now)
    token = secrets.token_urlsafe(32)
    session_id = digest_of_token(secret, "session", token)
    session = Session(session_id, user_id, now, now, now + patience.absolute, how)
    sessions.insert_session(connection, session)
    store.update_user(connection, user_id, {"failures": 0, "locked_until": None, "last_sign_in_at": now})
    return token


def find_session(database: Store, token: str, secret: bytes, patience: Patience, now: datetime) -> Session | None:
    """The session of a token, if it lives; noting that it is in use is the only thing that reading a page writes."""
    with database.read() as connection:
        found = sessions.session_with_id(connection, digest_of_token(secret, "session", token))
    if found is None or found.expires_at <= now or found.seen_at + patience.idle <= now:
        return None
    if now - found.seen_at > patience.idle / 20:
        database.write(lambda connection: sessions.touch_session(connection, found.id, now))
        return replace(found, seen_at=now)
    return found


def end_session(connection: Connection, token: str, secret: bytes) -> None:
    """Sign out."""
    sessions.delete_session(connection, digest_of_token(secret, "session", token))


def find_link(connection: Connection, token: str, secret: bytes, now: datetime) -> Link:
    """A link that still works.

    Raises:
        DeadLinkError.
    """
    link = sessions.link_with_digest(connection, digest_of_token(secret, "link", token))
    if link is None or link.used_at is not None or link.expires_at <= now:
        raise DeadLinkError("This link was used, or is too old.")
    if link.purpose == "first" and store.any_user(connection):
        raise DeadLinkError("There is an admin already.")
    return link


def use_link(connection: Connection, token: str, secret: bytes, now: datetime) -> str:
    """Use a person's link up; the id of whom it signs in.

    Raises:
        DeadLinkError.
    """
    link = find_link(connection, token, secret, now)
    if link.user_id is None or not sessions.use_link(connection, link.digest, now):
        raise DeadLinkError("This link was used, or is too old.")
    return link.user_id


def make_first_admin(
    connection: Connection, token: str, name: str, password: str, *, secret: bytes, now: datetime
) -> User:
    """Use the first link up: whoever holds it becomes admin of all sites.

    Raises:
        DeadLinkError; BadNameError, WeakPasswordError, after which the link still works.
    """
    store.lock_people(connection)
    link = find_link(connection, token, secret, now)
    if link.purpose != "first":
        raise DeadLinkError("This link is for somebody else.")
    user = add_user(connection, name, {None: Role.ADMIN}, now, password=password, by=Actor(name, "desk"))
    if not sessions.use_link(connection, link.digest, now):
        raise DeadLinkError("This link was used, or is too old.")
    return user


def _be_patient(known: Credentials, now: datetime) -> None:
    if known.locked_until is not None and known.locked_until > now:
        raise WaitError(max(1, int((known.locked_until - now).total_seconds() + 0.999)))
