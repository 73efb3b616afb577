"""A first look at the database without the library that works on it: a start is mostly imports.

Almost every start finds the database as it should be, and then the parent of the web processes need not load
SQLAlchemy at all.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import sqlite3
from pathlib import Path
from typing import Final

from config import Settings

MIGRATIONS: Final = Path(__file__).resolve().parents[2] / "migrations"
#: The newest migration; they are numbered, so the last file is the head.
HEAD: Final = max(path.stem for path in (MIGRATIONS / "versions").glob("[0-9]*.py")).partition("_")[0]
#: The name of the fact that says which secret hashed the API keys.
SECRET_FACT: Final = "secret_fingerprint"  # noqa: S105 - the name of a fact


def fingerprint(secret: bytes) -> str:
    """Tells two secrets apart and says nothing about them."""
    return hmac.new(secret, b"fingerprint", hashlib.sha256).hexdigest()[:32]


def is_current(settings: Settings) -> bool:
    """Whether this is a SQLite database of our version and our secret; false means: look properly."""
    path = settings.data_dir / "sluice.db"
    if settings.database_url or not path.exists() or not (settings.secret_key or settings.secret_file.exists()):
        return False
    query = "SELECT version_num, (SELECT value FROM facts WHERE name = ?) FROM alembic_version"
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=1)) as connection:
            found = connection.execute(query, (SECRET_FACT,)).fetchone()
    except sqlite3.Error:
        return False
    return bool(found == (HEAD, fingerprint(settings.secret)))
