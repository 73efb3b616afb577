"""Passwords: argon2id, a few at a time so that sign-ins cannot fill the memory; unknown people cost the same work."""

from __future__ import annotations

import threading
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST: Final = 10
#: Hashing a novel is work that anybody could ask for.
LONGEST: Final = 200
#: OWASP's parameters for argon2id: 19 MiB, two passes, one lane.
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_AT_ONCE: Final = threading.BoundedSemaphore(4)
#: Of a password that nobody has, for names that nobody has: both kinds of failure take the same time.
_OF_NOBODY: Final = "$argon2id$v=19$m=19456,t=2,p=1$c2x1aWNlIG9mIG5vYm9keQ$gZIzis+v6L9+FR0TgpR9leiuJ0iEryqfX36exU7N0VU"


def problem_with(password: str, name: str = "") -> str | None:
    """What is wrong with a password that somebody wants to have, in one sentence; nothing when it will do."""
    if len(password) < SHORTEST:
        return f"A password needs at least {SHORTEST} characters."
    if len(password) > LONGEST:
        return f"A password has at most {LONGEST} characters."
    if len(set(password)) < 4 or (name and password.casefold() == name.casefold()):
        return "This password is too easy to guess."
    return None


def hash_password(password: str) -> str:
    """What is stored of a password."""
    with _AT_ONCE:
        return _HASHER.hash(password)


def is_right(password: str, stored: str | None) -> bool:
    """Whether this is the password that was stored; takes as long when nothing was."""
    with _AT_ONCE:
        try:
            right = _HASHER.verify(stored or _OF_NOBODY, password[: LONGEST + 1])
        except (VerificationError, InvalidHashError):
            return False
    return right and stored is not None


def is_outdated(stored: str) -> bool:
    """Whether the hash was made with other parameters than today's, so that it should be made anew."""
    return _HASHER.check_needs_rehash(stored)
