"""The one exception of this package."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

#: Codes of our own, beside those of the service: nothing came back, or nothing that can be read, or nothing genuine.
UNREACHABLE: Final = "client.unreachable"
TIMED_OUT: Final = "client.timed_out"
UNREADABLE: Final = "client.unreadable"
NOT_GENUINE: Final = "webhook.not_genuine"


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with what was sent: a JSON Pointer to the field, a stable code, and a sentence."""

    pointer: str
    code: str
    message: str


class SluiceError(Exception):
    """What went wrong. ``code`` is stable and for programs, ``detail`` is a sentence for people.

    ``status`` is 0 when there was no answer. It never holds the API key or what you sent.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        status: int = 0,
        errors: tuple[FieldError, ...] = (),
        request_id: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail
        self.status = status
        self.errors = errors
        self.request_id = request_id
        #: Seconds after which the service asked to be tried again, if it did.
        self.retry_after = retry_after

    def __str__(self) -> str:
        return f"{self.detail} ({self.code})"
