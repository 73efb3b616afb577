"""Users and their roles, one function per question. Who may ask is decided in ``service.people``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from service.roles import Role
from service.store.accounts import new_id
from service.store.tables_people import memberships, users

#: What a person's roles are: by site id, ``None`` for all sites.
Roles = Mapping[str | None, Role]

_SEEN: Final = (
    users.c.id,
    users.c.name,
    users.c.language,
    users.c.preferences,
    users.c.created_at,
    users.c.disabled_at,
    users.c.last_sign_in_at,
    users.c.password_hash.is_not(None).label("has_password"),
    users.c.totp_secret.is_not(None).label("has_totp"),
    users.c.oidc_subject.is_not(None).label("has_oidc"),
)


@dataclass(frozen=True, slots=True)
class User:
    """A person, as pages and commands may show one: no hash and no secret."""

    id: str
    name: str
    language: str | None
    preferences: Mapping[str, Any]
    created_at: datetime
    disabled_at: datetime | None
    last_sign_in_at: datetime | None
    has_password: bool
    has_totp: bool
    has_oidc: bool


@dataclass(frozen=True, slots=True)
class Credentials:
    """What signing in is held against."""

    user_id: str
    password_hash: str | None
    totp_secret: str | None
    totp_step: int | None
    recovery_codes: tuple[str, ...]
    failures: int
    locked_until: datetime | None
    disabled: bool


def name_key(name: str) -> str:
    """What makes two names the same: case does not tell people apart."""
    return name.casefold()


def insert_user(connection: Connection, name: str, now: datetime) -> User:
    """Make a user without roles or password; the caller has looked whether the name is free."""
    user_id = new_id()
    connection.execute(
        sa.insert(users).values(id=user_id, name=name, name_key=name_key(name), preferences={}, created_at=now)
    )
    return User(user_id, name, None, {}, now, None, None, has_password=False, has_totp=False, has_oidc=False)


def any_user(connection: Connection) -> bool:
    """Whether there is anybody at all, disabled people included."""
    return connection.execute(sa.select(sa.exists(sa.select(users.c.id)))).scalar_one()


def all_users(connection: Connection) -> list[User]:
    """Everybody, by name."""
    return [_user(row) for row in connection.execute(sa.select(*_SEEN).order_by(users.c.name_key))]


def user_named(connection: Connection, name: str) -> User | None:
    """The user of this name, however its letters are cased."""
    row = connection.execute(sa.select(*_SEEN).where(users.c.name_key == name_key(name))).one_or_none()
    return None if row is None else _user(row)


def user_with_id(connection: Connection, user_id: str) -> User | None:
    """The user with this id."""
    row = connection.execute(sa.select(*_SEEN).where(users.c.id == user_id)).one_or_none()
    return None if row is None else _user(row)


def user_of_subject(connection: Connection, subject_digest: str) -> User | None:
    """The user whom the OpenID provider means."""
    row = connection.execute(sa.select(*_SEEN).where(users.c.oidc_subject == subject_digest)).one_or_none()
    return None if row is None else _user(row)


def credentials_of(connection: Connection, user_id: str, *, lock: bool = False) -> Credentials | None:
    """What signing in as this user needs; with ``lock`` nobody else changes it until the transaction ends."""
    query = sa.select(
        users.c.id,
        users.c.password_hash,
        users.c.totp_secret,
        users.c.totp_step,
        users.c.recovery_codes,
        users.c.failures,
        users.c.locked_until,
        users.c.disabled_at,
    ).where(users.c.id == user_id)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        return None
    return Credentials(
        row.id,
        row.password_hash,
        row.totp_secret,
        row.totp_step,
        tuple(row.recovery_codes or ()),
        row.failures,
        row.locked_until,
        row.disabled_at is not None,
    )


def update_user(connection: Connection, user_id: str, changes: Mapping[str, Any]) -> None:
    """Change columns of one user."""
    connection.execute(sa.update(users).where(users.c.id == user_id).values(**changes))


def roles_of(connection: Connection, user_id: str) -> Roles:
    """A user's roles."""
    query = sa.select(memberships.c.site_id, memberships.c.role).where(memberships.c.user_id == user_id)
    return {row.site_id: Role(row.role) for row in connection.execute(query)}


def roles_of_all(connection: Connection) -> dict[str, dict[str | None, Role]]:
    """Everybody's roles, by user id."""
    found: dict[str, dict[str | None, Role]] = {}
    for row in connection.execute(sa.select(memberships.c.user_id, memberships.c.site_id, memberships.c.role)):
        found.setdefault(row.user_id, {})[row.site_id] = Role(row.role)
    return found


def set_role(connection: Connection, user_id: str, site_id: str | None, role: Role | None) -> None:
    """Give a user a role on a site, or on all sites; no role takes it away."""
    connection.execute(sa.delete(memberships).where(memberships.c.user_id == user_id, _on(site_id)))
    if role is not None:
        row = {"id": new_id(), "user_id": user_id, "site_id": site_id, "role": role.value}
        connection.execute(sa.insert(memberships).values(row))


def admins_of_all_sites(connection: Connection) -> set[str]:
    """Ids of those who can sign in and may manage people."""
    query = (
        sa.select(users.c.id)
        .join(memberships, memberships.c.user_id == users.c.id)
        .where(memberships.c.site_id.is_(None), memberships.c.role == Role.ADMIN.value, users.c.disabled_at.is_(None))
    )
    return set(connection.execute(query).scalars())


def lock_people(connection: Connection) -> None:
    """Nobody else changes who there is until this transaction ends; SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("LOCK TABLE users, memberships IN SHARE ROW EXCLUSIVE MODE")


def _on(site_id: str | None) -> sa.ColumnElement[bool]:
    return memberships.c.site_id.is_(None) if site_id is None else memberships.c.site_id == site_id


def _user(row: Row[Any]) -> User:
    return User(
        row.id,
        row.name,
        row.language,
        row.preferences or {},
        row.created_at,
        row.disabled_at,
        row.last_sign_in_at,
        has_password=bool(row.has_password),
        has_totp=bool(row.has_totp),
        has_oidc=bool(row.has_oidc),
    )
