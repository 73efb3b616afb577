"""One call, try by try: what to do after each, whoever does the sending and the waiting."""

from __future__ import annotations

import time
from typing import Any, Final, Generic, TypeVar

import httpx

from sluice_client.calls import WAIT_MARGIN_SECONDS, Call
from sluice_client.errors import TIMED_OUT, UNREACHABLE, UNREADABLE, FieldError, SluiceError
from sluice_client.retries import IN_TROUBLE, REFUSED_FOR_NOW, Retries, seconds_of

T = TypeVar("T")

VERSION: Final = "0.1.0"


class Exchange(Generic[T]):
    """The tries of one call."""

    def __init__(self, call: Call[T], retries: Retries, timeout: float) -> None:
        self.call = call
        self._retries = retries
        self._timeout = timeout
        self._began = time.monotonic()
        self._tried = 0

    def request(self, client: httpx.Client | httpx.AsyncClient, base_url: str, key: str) -> httpx.Request:
        """The next try; the same in every one, so that its key makes the second the first."""
        self._tried += 1
        call = self.call
        seconds = max(self._timeout, call.wait + WAIT_MARGIN_SECONDS) if call.wait else self._timeout
        return client.build_request(
            call.method,
            f"{base_url}{call.path}",
            params=call.params,
            content=call.content(),
            headers={
                "Authorization": f"Bearer {key}",
                "Content-Type": "application/json",
                "User-Agent": f"sluice-client/{VERSION}",
                **call.headers,
            },
            timeout=httpx.Timeout(seconds, connect=min(self._timeout, seconds)),
        )

    def pause_after_answer(self, response: httpx.Response) -> float | None:
        """Seconds to wait before another try; ``None``: the answer is final."""
        again = response.status_code in REFUSED_FOR_NOW or (response.status_code in IN_TROUBLE and self.call.repeatable)
        if not again:
            return None
        return self._pause(seconds_of(response.headers.get("Retry-After")))

    def pause_after_failure(self, failure: httpx.RequestError) -> float:
        """Seconds to wait before another try.

        Raises:
            SluiceError: it may not be tried again.
        """
        hopeless = isinstance(failure, httpx.UnsupportedProtocol | httpx.LocalProtocolError)
        never_sent = isinstance(failure, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
        may_repeat = not hopeless and (never_sent or self.call.repeatable)
        pause = self._pause(None) if may_repeat else None
        if pause is not None:
            return pause
        if isinstance(failure, httpx.TimeoutException):
            raise SluiceError(TIMED_OUT, "Sluice did not answer in time.") from failure
        raise SluiceError(UNREACHABLE, f"Sluice cannot be reached: {type(failure).__name__}.") from failure

    def result(self, response: httpx.Response) -> T:
        """What the final answer says.

        Raises:
            SluiceError: it says no, or cannot be read.
        """
        if response.is_success:
            return self._read(response)
        if self.call.gone_is_done and self._tried > 1 and response.status_code == 410:
            return self.call.reads(None)
        raise problem_of(response)

    def _read(self, response: httpx.Response) -> T:
        try:
            return self.call.reads(response.json() if response.content else None)
        except (ValueError, TypeError, KeyError, RecursionError):
            raise SluiceError(
                UNREADABLE,
                "The answer is not one of Sluice's API; is the address right?",
                status=response.status_code,
                request_id=response.headers.get("X-Request-Id", ""),
            ) from None

    def _pause(self, retry_after: float | None) -> float | None:
        return self._retries.pause(self._tried, time.monotonic() - self._began, retry_after)


def problem_of(response: httpx.Response) -> SluiceError:
    """The service's problem+json as an exception; anything else is told by its status."""
    try:
        document = response.json()
    except ValueError:
        document = None
    said: dict[str, Any] = document if isinstance(document, dict) else {}
    listed = said.get("errors")
    return SluiceError(
        str(said.get("code") or f"http.{response.status_code}"),
        str(said.get("detail") or f"The answer was {response.status_code}, without a reason."),
        status=response.status_code,
        errors=tuple(
            FieldError(str(each.get("pointer", "")), str(each.get("code", "")), str(each.get("message", "")))
            for each in (listed if isinstance(listed, list) else [])
            if isinstance(each, dict)
        ),
        request_id=str(said.get("request_id") or response.headers.get("X-Request-Id", "")),
        retry_after=seconds_of(response.headers.get("Retry-After")),
    )


def checked_url(base_url: str) -> str:
    """Where the service is, without a slash at its end.

    Raises:
        ValueError: that is no address.
    """
    url = httpx.URL(base_url)
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError("base_url must begin with http:// or https:// and name a host.")
    return base_url.rstrip("/")


def checked_key(key: str) -> str:
    """The API key as it travels.

    Raises:
        ValueError: that is none. The message does not repeat it.
    """
    stripped = key.strip()
    if not stripped or not stripped.isascii() or not stripped.isprintable():
        raise ValueError("key must be the API key of a site.")
    return stripped
