"""Facts that a reader must remember for later, on disk instead of in memory: a file may have millions of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator


class Aside:
    """Texts by key, and counters, in a file that the system deletes when it is closed."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)  # no name: a temporary file without a place
        self._database.execute("PRAGMA cache_size=-8000")
        self._database.execute("CREATE TABLE texts (key TEXT PRIMARY KEY, first TEXT, second TEXT) WITHOUT ROWID")
        self._database.execute("CREATE TABLE counts (key TEXT PRIMARY KEY, count INTEGER) WITHOUT ROWID")
        self._database.execute("BEGIN")

    def put(self, key: str, first: str, second: str) -> None:
        """Remember two texts."""
        self._database.execute("INSERT OR REPLACE INTO texts VALUES (?, ?, ?)", (key, first, second))

    def get(self, key: str) -> tuple[str, str] | None:
        """What was put under a key."""
        found: tuple[str, str] | None = self._database.execute(
            "SELECT first, second FROM texts WHERE key = ?", (key,)
        ).fetchone()
        return found

    def count(self, key: str) -> bool:
        """Count a key once more; whether it is the first time."""
        found = self._database.execute(
            "INSERT INTO counts VALUES (?, 1) ON CONFLICT (key) DO UPDATE SET count = count + 1 RETURNING count", (key,)
        ).fetchone()
        return bool(found[0] == 1)

    def most(self, limit: int) -> Iterator[tuple[str, int]]:
        """The keys that were counted most often."""
        yield from self._database.execute("SELECT key, count FROM counts ORDER BY count DESC, key LIMIT ?", (limit,))

    def close(self) -> None:
        """Forget everything."""
        self._database.close()
