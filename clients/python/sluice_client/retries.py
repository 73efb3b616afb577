"""When to send again, and after how long."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

#: Answers after which nothing was done, so that sending again is always safe.
REFUSED_FOR_NOW: Final = frozenset({429, 503})
#: Answers of a service or proxy in trouble: it may have been done, so only what may be repeated is sent again.
IN_TROUBLE: Final = frozenset({500, 502, 504})


@dataclass(frozen=True, slots=True)
class Retries:
    """How often and how long to try: at most ``tries`` times, and no pause ends after ``patience`` seconds."""

    tries: int = 4
    patience: float = 20.0
    first_pause: float = 0.25
    longest_pause: float = 5.0

    def pause(self, tried: int, spent: float, retry_after: float | None) -> float | None:
        """Seconds until the next try after ``tried`` ones that took ``spent`` seconds; ``None``: give up.

        The service's Retry-After is the least; a random part keeps clients from coming back all at once.
        """
        if tried >= self.tries:
            return None
        doubled = min(self.longest_pause, self.first_pause * 2 ** (tried - 1))
        jitter = random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing
        wait = doubled * jitter if retry_after is None else retry_after + doubled * jitter / 2
        return wait if spent + wait <= self.patience else None


def seconds_of(retry_after: str | None) -> float | None:
    """What a Retry-After header says, in either of its forms; ``None`` when it is not there or cannot be read."""
    if not retry_after:
        return None
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after[:9])
    try:
        moment = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
