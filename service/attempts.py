"""One try to send something to a receiver, and how it went in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from service.egress import EgressError

#: Sends a body with its headers to an address and returns the status; raises EgressError.
Post = Callable[[str, bytes, Mapping[str, str]], int]

#: What sealed secrets are for; nothing else can open them.
PURPOSE: Final = "webhook"


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of an attempt: the status that was answered, or the sentence that says why there is none."""

    status: int | None
    error: str | None

    @property
    def succeeded(self) -> bool:
        """Any 2xx is a success."""
        return self.error is None


def attempted(post: Post, url: str, body: bytes, headers: Mapping[str, str]) -> Attempt:
    """Send once."""
    try:
        status = post(url, body, headers)
    except EgressError as error:
        return Attempt(None, str(error))
    if 200 <= status < 300:
        return Attempt(status, None)
    if 300 <= status < 400:
        return Attempt(status, f"The receiver answered {status}: redirects are not followed, give the final address.")
    return Attempt(status, f"The receiver answered {status}.")
