"""The supervisor's own log lines, in the two forms of ``config.logs``.

Written here because ``config`` and structlog would cost the supervisor, which only waits, 30 MB of memory.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Log:
    """Writes events to standard error."""

    as_json: bool = False
    quiet: bool = False

    def info(self, event: str, **values: object) -> None:
        """Something usual happened."""
        if not self.quiet:
            self._write("info", event, values)

    def warning(self, event: str, **values: object) -> None:
        """Something an operator may want to look at."""
        self._write("warning", event, values)

    def _write(self, level: str, event: str, values: dict[str, object]) -> None:
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        if self.as_json:
            line = json.dumps({"part": "up", **values, "event": event, "level": level, "timestamp": stamp}, default=str)
        else:
            pairs = " ".join(f"{key}={value}" for key, value in {**values, "part": "up"}.items())
            line = f"{stamp} [{level:<8}] {event:<30} {pairs}"
        with contextlib.suppress(OSError):  # a closed terminal must not end the service
            print(line, file=sys.stderr, flush=True)  # noqa: T201
