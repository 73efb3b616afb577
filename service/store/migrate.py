"""Bring the database to the schema this version needs: back up first, then migrate, one process at a time."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

import config.logs
from config import Settings, SettingsError
from service.store.engine import Store

if TYPE_CHECKING:
    from alembic.config import Config

log = config.logs.get("migrate")

_FOLDER: Final = Path(__file__).resolve().parents[2] / "migrations"
#: The newest migration; they are numbered, so the last file is the head.
HEAD: Final = max(path.stem for path in (_FOLDER / "versions").glob("[0-9]*.py")).partition("_")[0]
_ADVISORY_LOCK: Final = 7_582_391_004


class NewerDatabaseError(SettingsError):
    """The database was migrated by a newer Sluice."""


def ensure_current(settings: Settings) -> None:
    """Create or upgrade the schema if it is not this version's; backs an older database up first.

    Raises:
        NewerDatabaseError: the database belongs to a newer version.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    store = Store(settings.database_address, pool_size=1)
    try:
        if current_revision(store) == HEAD:
            return
        with _alone(settings, store):
            found = current_revision(store)
            if found == HEAD:
                return
            if found is not None and found > HEAD:
                raise NewerDatabaseError(
                    f"The database is at version {found}, newer than this program knows ({HEAD}); "
                    "install the newer Sluice or restore a backup."
                )
            if found is not None:
                _back_up_before(settings, store, found)
            upgrade(store)
            log.info("database.migrated", before=found or "empty", after=HEAD)
    finally:
        store.close()


def current_revision(store: Store) -> str | None:
    """The database's schema version; ``None`` when it is empty."""
    with store.read() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


def upgrade(store: Store, revision: str = "head") -> None:
    """Migrate up to a revision."""
    from alembic import command

    store.write(lambda connection: command.upgrade(_config(connection), revision))


def downgrade(store: Store, revision: str) -> None:
    """Migrate down to a revision; ``base`` empties the database."""
    from alembic import command

    store.write(lambda connection: command.downgrade(_config(connection), revision))


def _config(connection: Connection) -> Config:
    from alembic.config import Config

    made = Config()
    made.set_main_option("script_location", str(_FOLDER))
    made.attributes["connection"] = connection
    return made


def _back_up_before(settings: Settings, store: Store, revision: str) -> None:
    from service.store.backup import backup_before_upgrade

    path = backup_before_upgrade(settings, store)
    log.info("database.backed_up", revision=revision, file=path.name)


@contextlib.contextmanager
def _alone(settings: Settings, store: Store) -> Iterator[None]:
    """Only one process migrates; the others wait and find it done."""
    if store.is_sqlite:
        descriptor = os.open(settings.data_dir / "migrate.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)
        return
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("SELECT pg_advisory_lock(:key)"), {"key": _ADVISORY_LOCK})
        try:
            yield
        finally:
            connection.execute(sa.text("SELECT pg_advisory_unlock(:key)"), {"key": _ADVISORY_LOCK})
