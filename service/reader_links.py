"""The address of a comment's page for its reader: it names the comment and proves that we made it, and nothing else.

No account, no cookie, no personal data: whoever has the address sees whether the comment waits, is published or is not,
and why; like the comment itself it is for its author, to whom the blog shows it.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import uuid
from typing import Final

PREFIX: Final = "/c/"
_MARK_BYTES: Final = 12


def token_of(secret: bytes, comment_id: str) -> str:
    """What stands for a comment in its page's address: 38 characters."""
    named = uuid.UUID(comment_id).bytes
    return base64.urlsafe_b64encode(named + _mark(secret, named)).decode().rstrip("=")


def comment_of(secret: bytes, token: str) -> str | None:
    """The comment that a token stands for; nothing when we did not make it."""
    if len(token) != 38 or not token.isascii():
        return None
    try:
        found = base64.urlsafe_b64decode(token + "==")
    except (ValueError, binascii.Error):
        return None
    named, mark = found[:16], found[16:]
    return str(uuid.UUID(bytes=named)) if hmac.compare_digest(mark, _mark(secret, named)) else None


def _mark(secret: bytes, named: bytes) -> bytes:
    return hmac.digest(secret, b"reader-page:" + named, "sha256")[:_MARK_BYTES]
