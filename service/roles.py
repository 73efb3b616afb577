"""Who may do what: four roles, each of which may do all that the one before it may.

A trainee rules like a moderator, and the ruling waits for the second look of somebody with the right to confirm.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """What a person is on a site, weakest first."""

    VIEWER = "viewer"
    TRAINEE = "trainee"
    MODERATOR = "moderator"
    ADMIN = "admin"


class Right(StrEnum):
    """One thing that a person may do on a site."""

    VIEW = "view"
    """Read comments, their history and the policy."""
    RULE = "rule"
    """Approve, reject, skip, take back one's own ruling; answer an appeal."""
    NOTE = "note"
    ESCALATE = "escalate"
    CONFIRM = "confirm"
    """Give a trainee's ruling its second look, and take back what others ruled."""
    BULK = "bulk"
    """Rule on many comments at once: selections, sweeps, campaigns, all of a query."""
    EXPORT = "export"
    ERASE = "erase"
    POLICY = "policy"
    """Change what the site asks for."""
    LEARN = "learn"
    """Train models, promote them and roll them back."""
    CONNECT = "connect"
    """API keys, webhooks, imports."""
    USERS = "users"
    """Add people, give them roles, disable them; only whoever has it on all sites sees the page of people."""


_NEW_RIGHTS: Final[Mapping[Role, frozenset[Right]]] = {
    Role.VIEWER: frozenset({Right.VIEW}),
    Role.TRAINEE: frozenset({Right.RULE, Right.NOTE, Right.ESCALATE}),
    Role.MODERATOR: frozenset({Right.CONFIRM, Right.BULK, Right.EXPORT}),
    Role.ADMIN: frozenset({Right.ERASE, Right.POLICY, Right.LEARN, Right.CONNECT, Right.USERS}),
}
_ORDER: Final = tuple(Role)
RIGHTS: Final[Mapping[Role, frozenset[Right]]] = {
    role: frozenset().union(*(_NEW_RIGHTS[weaker] for weaker in _ORDER[: number + 1]))
    for number, role in enumerate(_ORDER)
}


def allows(role: Role | None, right: Right) -> bool:
    """Whether somebody with this role, if any, may do that."""
    return role is not None and right in RIGHTS[role]


def role_in(roles: Mapping[str | None, Role], site_id: str | None) -> Role | None:
    """The role on a site, or with ``None`` the one on all sites.

    A role on the site itself counts before the one on all sites, so that an exception can go either way.
    """
    return roles.get(site_id) or roles.get(None)
