"""The signature of webhooks, as Standard Webhooks describes it: three headers and an HMAC over id, time and body.

``docs/how-to/webhooks.md`` has the test vectors; ``verify`` is what a receiver does, and the model for every client.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from typing import Final

PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 32
#: A message whose timestamp is further from the receiver's clock than this is refused: it may be a recording.
TOLERANCE_SECONDS: Final = 300

ID_HEADER: Final = "webhook-id"
TIMESTAMP_HEADER: Final = "webhook-timestamp"
SIGNATURE_HEADER: Final = "webhook-signature"


class SignatureError(Exception):
    """A message is not what it says it is; the sentence says in what."""


def new_secret() -> str:
    """A secret that signs, in the form in which it is handed over."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """One signature: its version, a comma, and the HMAC in base64.

    Raises:
        ValueError: the secret is not one.
    """
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(_key(secret), signed, "sha256")).decode()


def headers(live_secrets: Sequence[str], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """What travels with a body: a signature for each live secret, so that a receiver may know either."""
    signatures = [sign(secret, message_id, timestamp, body) for secret in live_secrets]
    return {
        ID_HEADER: message_id,
        TIMESTAMP_HEADER: str(timestamp),
        SIGNATURE_HEADER: " ".join(signatures),
    }


def verify(
    live_secrets: Sequence[str],
    received: Mapping[str, str],
    body: bytes,
    now: float,
    tolerance: float = TOLERANCE_SECONDS,
) -> str:
    """The message's id when one of the secrets signed it lately; names of headers in any case.

    ``body`` is the bytes as they came, not JSON that was read and written again.

    Raises:
        SignatureError: a header is missing, the time is too far away, or no signature is ours.
    """
    given = {name.lower(): value for name, value in received.items()}
    message_id, timestamp, signatures = (
        given.get(name, "") for name in (ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER)
    )
    if not (message_id and timestamp and signatures):
        raise SignatureError("A header of the signature is missing.")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise SignatureError("The timestamp is not a number of seconds.")
    if abs(now - int(timestamp)) > tolerance:
        raise SignatureError("The timestamp is too far from the time of now.")
    wanted = [sign(secret, message_id, int(timestamp), body).encode() for secret in live_secrets]
    # Every pair is compared, each in constant time: how long it takes says nothing about what was right.
    found = [hmac.compare_digest(each.encode(), ours) for each in signatures.split(" ")[:10] for ours in wanted]
    if not any(found):
        raise SignatureError("No signature is of this message.")
    return message_id


def fingerprint(secret: str) -> str:
    """Tells two secrets apart, and says nothing about them."""
    return hashlib.sha256(b"webhook:" + secret.encode()).hexdigest()[:8]


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except ValueError:
        raise ValueError("A secret is whsec_ and base64.") from None
