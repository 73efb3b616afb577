"""Secrets that must be used again, and so cannot be hashed: sealed with a key of the installation's secret."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.fernet import Fernet


class UnsealedError(Exception):
    """What was sealed cannot be opened: another secret sealed it, or it was changed."""


def seal(secret: bytes, plain: str, purpose: str) -> str:
    """The text, readable and changeable only by whoever has the installation's secret and means the same purpose."""
    return _box(secret, purpose).encrypt(plain.encode()).decode()


def unseal(secret: bytes, sealed: str, purpose: str) -> str:
    """What was sealed.

    Raises:
        UnsealedError: it was sealed with another secret or for another purpose, or was changed.
    """
    from cryptography.fernet import InvalidToken  # noqa: PLC0415 - 5 MB that most processes never need

    try:
        return _box(secret, purpose).decrypt(sealed).decode()
    except InvalidToken:
        raise UnsealedError("A sealed secret cannot be opened with the installation's secret.") from None


def _box(secret: bytes, purpose: str) -> Fernet:
    from cryptography.fernet import Fernet  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF  # noqa: PLC0415

    key = HKDF(SHA256(), 32, salt=None, info=f"sluice seal {purpose}".encode()).derive(secret)
    return Fernet(base64.urlsafe_b64encode(key))
