"""What an API key may do. A key of a form on a page needs far less than one of an owner's tools."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final


class Scope(StrEnum):
    """One kind of thing that a key may do; none contains another."""

    SUBMIT = "submit"
    """Send, change and erase comments and articles; score texts."""
    READ = "read"
    """Read comments, decisions, rulings and the policy."""
    MODERATE = "moderate"
    """Rule on comments, and take rulings back."""
    ADMIN = "admin"
    """Change the site's policy and connections."""


ALL: Final = frozenset(Scope)


def stored(scopes: Iterable[Scope]) -> str | None:
    """The form in which a key's scopes are kept; nothing stands for everything, scopes to come included."""
    chosen = frozenset(scopes)
    return None if chosen == ALL else " ".join(scope for scope in Scope if scope in chosen)


def read(kept: str | None) -> frozenset[Scope]:
    """The scopes that were kept; one that this version does not know gives nothing."""
    return ALL if kept is None else frozenset(scope for scope in Scope if scope in kept.split())
