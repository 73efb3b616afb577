"""The blog's own SQLite file: comments as their authors wrote them, and what Sluice said of each.

Emails are kept in it and go to Sluice; nothing that reads for a page selects them.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS comments (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    website TEXT NOT NULL,
    text TEXT NOT NULL,
    honeypot TEXT NOT NULL,
    form_seconds REAL,
    posted_at TEXT NOT NULL,
    action TEXT NOT NULL DEFAULT 'hold',
    status_page TEXT,
    last_event TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS readers (
    token TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    website TEXT NOT NULL
);
"""


@dataclass(frozen=True)
class Form:
    """What a reader filled in."""

    name: str
    email: str
    website: str
    text: str
    honeypot: str
    form_seconds: float | None


@dataclass(frozen=True)
class Shown:
    """What a page may show of a comment. ``id`` is known to its author alone, ``number`` to everybody."""

    number: int
    id: str
    name: str
    website: str
    text: str
    posted_at: str
    action: str
    status_page: str | None

    @property
    def link(self) -> str | None:
        """The author's website, if it is an address that a link may have."""
        return self.website if self.website.lower().startswith(("http://", "https://")) else None


_SHOWN: Final = "number, id, name, website, text, posted_at, action, status_page"


class Store:
    """The file; every method is a transaction of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.touch(mode=0o600)
        with self._connection() as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(_TABLES)

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, timeout=10)) as connection, connection:
            yield connection

    def add(self, form: Form, posted_at: str) -> str:
        """Keep a comment before anybody is asked about it; its new id. Until it is decided it is held."""
        new_id = secrets.token_hex(16)
        row = (new_id, form.name, form.email, form.website, form.text, form.honeypot, form.form_seconds, posted_at)
        with self._connection() as connection:
            connection.execute(
                "INSERT INTO comments (id, name, email, website, text, honeypot, form_seconds, posted_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            )
        return new_id

    def form_of(self, comment_id: str) -> Form | None:
        """What its author filled in, to be sent to Sluice."""
        with self._connection() as connection:
            row = connection.execute(
                "SELECT name, email, website, text, honeypot, form_seconds FROM comments WHERE id = ?", (comment_id,)
            ).fetchone()
        return Form(*row) if row else None

    def not_taken(self, limit: int = 50) -> list[str]:
        """Comments that Sluice has not seen because it was away, the oldest first."""
        with self._connection() as connection:
            rows = connection.execute(
                "SELECT id FROM comments WHERE status_page IS NULL ORDER BY number LIMIT ?", (limit,)
            ).fetchall()
        return [row[0] for row in rows]

    def answered(self, comment_id: str, action: str, status_page: str) -> None:
        """Note the answer to a submission; a webhook that came meanwhile knows better."""
        with self._connection() as connection:
            connection.execute(
                "UPDATE comments SET status_page = ?, action = CASE last_event WHEN '' THEN ? ELSE action END"
                " WHERE id = ?",
                (status_page, action, comment_id),
            )

    def told(self, comment_id: str, action: str, event_id: str) -> None:
        """Note what a webhook says, unless a later one was noted: the ids of a comment's events sort by time."""
        with self._connection() as connection:
            connection.execute(
                "UPDATE comments SET action = ?, last_event = ? WHERE id = ? AND last_event < ?",
                (action, event_id, comment_id, event_id),
            )

    def erase(self, comment_id: str) -> None:
        """Delete a comment."""
        with self._connection() as connection:
            connection.execute("DELETE FROM comments WHERE id = ?", (comment_id,))

    def approved(self) -> list[Shown]:
        """What everybody may see, the oldest first."""
        with self._connection() as connection:
            rows = connection.execute(f"SELECT {_SHOWN} FROM comments WHERE action = 'approve' ORDER BY number")
            return [Shown(*row) for row in rows]

    def own(self, comment_id: str) -> Shown | None:
        """A comment for its author, who was given its id."""
        with self._connection() as connection:
            row = connection.execute(f"SELECT {_SHOWN} FROM comments WHERE id = ?", (comment_id,)).fetchone()
        return Shown(*row) if row else None

    def remember(self, form: Form) -> str:
        """Keep name, email and website for the next time; the token for the reader's cookie says nothing of them."""
        token = secrets.token_urlsafe(24)
        with self._connection() as connection:
            connection.execute(
                "INSERT INTO readers (token, name, email, website) VALUES (?, ?, ?, ?)",
                (token, form.name, form.email, form.website),
            )
        return token

    def remembered(self, token: str) -> tuple[str, str] | None:
        """Name and website of a reader who comes back."""
        with self._connection() as connection:
            row = connection.execute("SELECT name, website FROM readers WHERE token = ?", (token,)).fetchone()
        return (row[0], row[1]) if row else None

    def remembered_email(self, token: str) -> str:
        """The email of a reader who comes back: for Sluice, never for a page."""
        with self._connection() as connection:
            row = connection.execute("SELECT email FROM readers WHERE token = ?", (token,)).fetchone()
        return str(row[0]) if row else ""
