"""Time-based one-time passwords (RFC 6238), and recovery codes for the day the phone is gone."""

from __future__ import annotations

import base64
import hmac
import secrets
import string
from datetime import datetime
from typing import Final

import pyotp
from cryptography.fernet import Fernet

ISSUER: Final = "Sluice"
STEP_SECONDS: Final = 30
#: Steps before and after the present one that are accepted too: clocks differ.
DRIFT: Final = 1
RECOVERY_CODES: Final = 10
_RECOVERY_ALPHABET: Final = string.digits + string.ascii_lowercase


def new_secret() -> str:
    """A secret for an authenticator app."""
    return pyotp.random_base32()


def address(totp_secret: str, name: str) -> str:
    """What the QR code says."""
    return pyotp.TOTP(totp_secret).provisioning_uri(name=name, issuer_name=ISSUER)


def matching_step(totp_secret: str, code: str, now: datetime, last_step: int | None) -> int | None:
    """The time step that a code belongs to; nothing when it is wrong, too old, or not later than the last one used."""
    digits = "".join(code.split())
    if len(digits) != 6 or not digits.isascii() or not digits.isdigit():
        return None
    totp = pyotp.TOTP(totp_secret)
    present = int(now.timestamp()) // STEP_SECONDS
    found = None
    for step in range(present - DRIFT, present + DRIFT + 1):  # all of them, however early one fits
        if hmac.compare_digest(totp.generate_otp(step), digits) and (last_step is None or step > last_step):
            found = step
    return found


def seal(installation_secret: bytes, totp_secret: str) -> str:
    """The form in which a secret may be stored: useless without the installation's own secret."""
    return _box(installation_secret).encrypt(totp_secret.encode()).decode()


def unseal(installation_secret: bytes, sealed: str) -> str:
    """The secret that was sealed."""
    return _box(installation_secret).decrypt(sealed.encode()).decode()


def new_recovery_codes() -> list[str]:
    """Codes that each work once in place of the app's."""
    drawn = ["".join(secrets.choice(_RECOVERY_ALPHABET) for _ in range(10)) for _ in range(RECOVERY_CODES)]
    return [f"{code[:5]}-{code[5:]}" for code in drawn]


def digest_recovery_code(installation_secret: bytes, user_id: str, code: str) -> str:
    """What is stored of a recovery code; spaces, dashes and case do not matter."""
    plain = "".join(character for character in code.lower() if character in _RECOVERY_ALPHABET)
    return hmac.digest(installation_secret, f"recovery:{user_id}:{plain}".encode(), "sha256").hex()


def _box(installation_secret: bytes) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hmac.digest(installation_secret, b"totp-secrets", "sha256")))
