"""Messages of Sluice to your server: is it genuine, and what does it say? (Standard Webhooks.)"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from sluice_client.answers import Action, Status
from sluice_client.errors import NOT_GENUINE, UNREADABLE, SluiceError
from sluice_client.reading import read

TOLERANCE_SECONDS: Final = 300
_PREFIX: Final = "whsec_"
#: More signatures than a sender has live secrets are not looked at.
_MOST_SIGNATURES: Final = 10


class Headers(Protocol):
    """The headers of a request, as any web framework has them."""

    def items(self) -> Iterable[tuple[str, str]]:
        """Names and values."""
        ...


@dataclass(frozen=True, slots=True)
class EventComment:
    """How the comment stands after what happened; of an erased one only the ids are left."""

    id: str
    external_id: str | None
    revision: int | None = None
    status: Status | None = None
    action: Action | None = None

    @property
    def may_be_published(self) -> bool:
        """Whether to show it now."""
        return self.action == "approve"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. ``id`` is the same at every delivery, and those of one comment sort by time.

    ``data`` has all that was said, as it came; ``comment`` is ``None`` for a test message.
    """

    id: str
    type: str
    timestamp: datetime
    comment: EventComment | None
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Envelope:
    id: str
    type: str
    timestamp: datetime


def verify(
    secrets: str | Sequence[str],
    headers: Headers,
    body: bytes,
    *,
    now: float | None = None,
    tolerance: float = TOLERANCE_SECONDS,
) -> Event:
    """The event in a message that was signed with one of the ``secrets`` in the last five minutes.

    ``body`` is the bytes as they came, not JSON that was read and written again. Take each ``Event.id`` once, and
    ignore one that sorts before the last one that you took for its comment.

    Raises:
        SluiceError: ``webhook.not_genuine`` (answer 401), or ``client.unreadable`` (signed, but not an event).
    """
    check(secrets, headers, body, now=time.time() if now is None else now, tolerance=tolerance)
    try:
        document = json.loads(body)
        envelope = read(_Envelope, document)
        data = document.get("data") or {}
        comment = data.get("comment")
        about = None if comment is None else read(EventComment, comment)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise SluiceError(UNREADABLE, "The message is genuine, but not an event of Sluice.") from None
    return Event(envelope.id, envelope.type, envelope.timestamp, about, data)


def check(secrets: str | Sequence[str], headers: Headers, body: bytes, *, now: float, tolerance: float) -> None:
    """Check the signature alone.

    Raises:
        SluiceError: ``webhook.not_genuine``.
        ValueError: a secret is not ``whsec_`` and base64.
    """
    given = {name.lower(): value for name, value in headers.items()}
    message_id, timestamp, signatures = (given.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if not (message_id and timestamp and signatures):
        raise SluiceError(NOT_GENUINE, "A header of the signature is missing.")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise SluiceError(NOT_GENUINE, "The timestamp is not a number of seconds.")
    if abs(now - int(timestamp)) > tolerance:
        raise SluiceError(NOT_GENUINE, "The timestamp is too far from the time of now.")
    signed = f"{message_id}.{timestamp}.".encode() + body
    known = [secrets] if isinstance(secrets, str) else list(secrets)
    wanted = [b"v1," + base64.b64encode(hmac.digest(_key(each), signed, "sha256")) for each in known]
    # Every pair is compared, each in constant time: how long it takes says nothing about what was right.
    offered = [each.encode() for each in signatures.split(" ")[:_MOST_SIGNATURES]]
    found = [hmac.compare_digest(theirs, ours) for theirs in offered for ours in wanted]
    if not any(found):
        raise SluiceError(NOT_GENUINE, "No signature is of this message.")


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (ValueError, binascii.Error):
        key = b""
    if not key:
        raise ValueError("A secret is whsec_ and base64.")
    return key
