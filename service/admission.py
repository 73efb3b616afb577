"""Whom an OpenID provider vouches for: which of our people that is, and what they may do.

Being known to the provider opens nothing by itself: a person is let in when the provider's subject was linked before,
when a verified email address is the name of somebody here (if the operator wants that), or when a claim gives a role.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy.engine import Connection

from service import people
from service.acts import Actor
from service.roles import Role
from service.store import people as store
from service.store.accounts import find_site
from service.store.people import Roles, User

#: Who acts when the provider's word makes somebody or changes a role.
PROVIDER: Final = Actor("OpenID provider", "desk")


class NotAdmittedError(Exception):
    """The provider knows this person, and we do not."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What one value of the claim gives: a role on a site, or on all sites."""

    value: str
    role: Role
    site: str | None


@dataclass(frozen=True, slots=True)
class Rules:
    """What the operator wants of the provider."""

    roles_claim: str
    grants: tuple[Grant, ...]
    match_email: bool


def grant_from(text: str) -> Grant:
    """A grant as settings write it: ``value=role`` or ``value=role@site``.

    Raises:
        ValueError: it is neither.
    """
    value, separator, role_and_site = text.rpartition("=")
    role, at, site = role_and_site.partition("@")
    if not separator or not value or role not in set(Role) or (at and not site):
        raise ValueError(f"{text!r} is not of the form value=role or value=role@site")
    return Grant(value, Role(role), site or None)


def admit(connection: Connection, issuer: str, claims: Mapping[str, Any], rules: Rules, now: datetime) -> User:
    """The user whom these checked claims mean, made or linked if the rules say so.

    With grants the provider decides: roles become those that the claim gives, at each sign-in.

    Raises:
        NotAdmittedError.
    """
    store.lock_people(connection)
    subject = subject_digest(issuer, str(claims["sub"]))
    granted = _granted(connection, claims, rules)
    user = store.user_of_subject(connection, subject)
    if user is None and rules.match_email:
        user = _by_email(connection, claims)
    if user is None:
        if not granted:
            raise NotAdmittedError
        user = people.add_user(connection, _free_name(connection, claims, subject), {}, now, by=PROVIDER)
    if user.disabled_at is not None:
        raise NotAdmittedError
    store.update_user(connection, user.id, {"oidc_subject": subject})
    if rules.grants:
        _set_roles(connection, user, granted, now)
    return user


def subject_digest(issuer: str, subject: str) -> str:
    """What is stored of a provider's person; the same subject of another issuer is somebody else."""
    return hashlib.sha256(f"{issuer}\n{subject}".encode()).hexdigest()


def _granted(connection: Connection, claims: Mapping[str, Any], rules: Rules) -> dict[str | None, Role]:
    """The strongest role that the claim gives on each site."""
    held = claims.get(rules.roles_claim)
    values = {held} if isinstance(held, str) else {each for each in held or () if isinstance(each, str)}
    strength = list(Role)
    found: dict[str | None, Role] = {}
    for grant in rules.grants:
        site = None if grant.site is None else find_site(connection, grant.site)
        if grant.value not in values or (grant.site is not None and site is None):
            continue
        site_id = None if site is None else site.id
        if site_id not in found or strength.index(grant.role) > strength.index(found[site_id]):
            found[site_id] = grant.role
    return found


def _by_email(connection: Connection, claims: Mapping[str, Any]) -> User | None:
    """The user whose name is the address that the provider has verified, unless somebody else is linked to them."""
    email = claims.get("email")
    if not isinstance(email, str) or "@" not in email or claims.get("email_verified") is not True:
        return None
    user = store.user_named(connection, email)
    return None if user is None or user.has_oidc else user


def _free_name(connection: Connection, claims: Mapping[str, Any], subject: str) -> str:
    """A name for somebody new, that nobody has: never one that would make them look like somebody else."""
    said: Sequence[object] = (claims.get("preferred_username"), claims.get("name"))
    wanted = [" ".join(each.split())[:80] for each in said if isinstance(each, str) and each.isprintable()]
    for name in filter(None, wanted):
        if store.user_named(connection, name) is None:
            return name
    return f"{next(filter(None, wanted), 'person')} {subject[:8]}"


def _set_roles(connection: Connection, user: User, granted: Roles, now: datetime) -> None:
    present = store.roles_of(connection, user.id)
    for site_id in {*present, *granted}:
        role = granted.get(site_id)
        if present.get(site_id) is role:
            continue
        last_admin = site_id is None and store.admins_of_all_sites(connection) == {user.id}
        if not last_admin or role is Role.ADMIN:
            people.change_role(connection, user, site_id, role, by=PROVIDER, now=now)
