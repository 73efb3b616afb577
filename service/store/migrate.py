"""Bring the database to the schema this version needs: back up first, then migrate, one process at a time."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

import config.logs
from config import Settings, SettingsError
from service.store.engine import Store
from service.store.facts import read_fact, write_fact
from service.store.glance import HEAD, MIGRATIONS, SECRET_FACT, fingerprint

if TYPE_CHECKING:
    from alembic.config import Config

log = config.logs.get("migrate")

_ADVISORY_LOCK: Final = 7_582_391_004


class NewerDatabaseError(SettingsError):
    """The database was migrated by a newer Sluice."""


class OtherSecretError(SettingsError):
    """The API keys in the database were hashed with another secret."""


def ensure_current(settings: Settings, *, check_secret: bool = True) -> None:
    """Create or upgrade the schema if it is not this version's; backs an older database up first.

    Raises:
        NewerDatabaseError: the database belongs to a newer version.
        OtherSecretError: our secret is not the one that the database was made with.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    store = Store(settings.database_address, pool_size=1)
    try:
        if current_revision(store) != HEAD:
            with _alone(settings, store):
                _migrate(settings, store)
        if check_secret:
            _check_secret(settings, store)
    finally:
        store.close()


def current_revision(store: Store) -> str | None:
    """The database's schema version; ``None`` when it is empty."""
    with store.read() as connection:
        return revision_of(connection)


def revision_of(connection: Connection) -> str | None:
    """The same, as an open connection sees it."""
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


def begin_afresh(connection: Connection) -> None:
    """Drop every table of a database of ours, whatever version made it, and make this version's."""
    from alembic import command

    tables = [name for name, _ in sa.inspect(connection).get_sorted_table_and_fkc_names() if name]
    for name in reversed(tables):
        connection.execute(sa.schema.DropTable(sa.Table(name, sa.MetaData())))
    command.upgrade(_config(connection), "head")


def _migrate(settings: Settings, store: Store) -> None:
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


def _check_secret(settings: Settings, store: Store) -> None:
    """Hold our secret against the one the database was made with; the first one to open it is that."""
    known = _known_secret(store)
    if known is None:
        ours = fingerprint(settings.secret)
        with _alone(settings, store):
            known = _known_secret(store)
            if known is None:
                store.write(lambda connection: write_fact(connection, SECRET_FACT, ours))
                return
    lost = settings.embedded_secret and not settings.secret_file.exists()  # asking for it would make a new one
    if lost or fingerprint(settings.secret) != known:
        what = f"put the old {settings.secret_file} back" if settings.embedded_secret else "set SLUICE_SECRET_KEY to it"
        raise OtherSecretError(
            f"The API keys in this database were made with another secret: {what}, or restore a backup."
        )


def _known_secret(store: Store) -> str | None:
    with store.read() as connection:
        return read_fact(connection, SECRET_FACT)


def _config(connection: Connection) -> Config:
    from alembic.config import Config

    made = Config()
    made.set_main_option("script_location", str(MIGRATIONS))
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
