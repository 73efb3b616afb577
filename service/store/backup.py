"""Backup and restore in one portable format, for SQLite and PostgreSQL alike.

A backup has a JSON Lines member for each table (models are in theirs), the secret when it is ours to keep, and a
manifest with the checksum of every other member. Tables are described by their schema version and not by today's code,
so an old backup is loaded as it was and then migrated. Ids are made by us: there are no sequences to set afterwards.
"""

from __future__ import annotations

import contextlib
import shutil
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError, InterfaceError, ProgrammingError

from config import Settings
from service.store.archive import FORMAT, MANIFEST, SECRET, BackupError, Manifest, Members, damaged, reading, writing
from service.store.comments import ask_for_scrub
from service.store.deliveries import lay_down
from service.store.engine import Store
from service.store.facts import read_fact
from service.store.glance import HEAD, SECRET_FACT, fingerprint
from service.store.migrate import begin_afresh, current_revision, ensure_current, revision_of, upgrade
from service.store.portable import UnreadableRowError, copy_rows, dump_rows, load_rows, tables_at, tables_of
from service.store.sessions import forget_everybody

#: A folder or file of unfinished work that is older than this was left by a killed process.
ABANDONED: Final = timedelta(days=1)


def default_target(settings: Settings, now: datetime) -> Path:
    """Where a backup goes when nobody says where."""
    return backups_folder(settings) / f"sluice-{now:%Y%m%dT%H%M%SZ}.tar.gz"


def backups_folder(settings: Settings) -> Path:
    """The folder for backups in the data folder."""
    return settings.data_dir / "backups"


def backup(settings: Settings, store: Store, target: Path) -> Manifest:
    """Write everything as of one moment to ``target``, which appears whole or not at all; the service may run.

    Raises:
        BackupError: the database has no tables yet, ``target`` exists, or it cannot be written.
    """
    if target.exists():
        raise BackupError(f"There is already a file {target}; give another name.")
    try:
        with _work_folder(settings) as folder, writing(target) as file, store.snapshot() as connection:
            revision = revision_of(connection)
            if revision is None:
                raise BackupError("There is nothing to back up yet: the database has no tables.")
            if revision > HEAD:
                raise BackupError("The database belongs to a newer Sluice; back it up with that version.")
            secret = _our_secret(settings)
            made_with = read_fact(connection, SECRET_FACT) or fingerprint(secret)
            with tarfile.open(fileobj=file, mode="w:gz", compresslevel=6) as archive:
                members = Members(archive)
                rows = _add_tables(members, connection, tables_at(revision, folder), folder)
                if settings.embedded_secret and fingerprint(secret) == made_with:
                    members.add_bytes(SECRET, secret)
                manifest = Manifest(
                    format=FORMAT,
                    revision=revision,
                    created_at=datetime.now(UTC),
                    secret=made_with,
                    rows=rows,
                    sha256=dict(members.sha256),
                )
                members.add_bytes(MANIFEST, manifest.model_dump_json(indent=1).encode())
    except OSError as error:
        raise BackupError(f"{target} cannot be written: {error.strerror or error}.") from None
    return manifest


def backup_before_upgrade(settings: Settings, store: Store) -> Path:
    """Back up a database that is about to be migrated; upkeep deletes the file after its retention."""
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    target = backups_folder(settings) / f"before-{current_revision(store)}-{moment}.tar.gz"
    backup(settings, store, target)
    return target


def forget_old_backups(settings: Settings, now: datetime) -> int:
    """Delete upgrades' backups after their retention, and what killed processes left; how many backups went."""
    folder = backups_folder(settings)
    forgotten = 0
    for path in _older_than(folder.glob("before-*.tar.gz"), now - timedelta(days=settings.retention_backup_days)):
        path.unlink(missing_ok=True)
        forgotten += 1
    for path in _older_than(folder.glob(".*"), now - ABANDONED):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return forgotten


def replaces_secret(settings: Settings, source: Path, manifest: Manifest) -> bool:
    """Whether restoring must also put the backup's secret in place of ours.

    Raises:
        BackupError: the secret is ours to keep in neither place, so the backup's API keys could not work.
    """
    if fingerprint(_our_secret(settings)) == manifest.secret:
        return False
    if settings.embedded_secret and manifest.has_secret:
        return True
    hint = f", which `tar -xzOf {source} {SECRET}` prints" if manifest.has_secret else ""
    raise BackupError(
        f"The API keys in this backup work only with the secret they were made with: set SLUICE_SECRET_KEY to it{hint}."
    )


def restore(settings: Settings, source: Path, manifest: Manifest) -> None:
    """Replace what the database holds by an inspected backup, in one transaction; the service may run.

    The model that was promoted in the backup decides; pending comments are found by upkeep; everybody signs in again.

    Raises:
        BackupError: the backup does not hold what it says, or cannot be used here; the database is as it was.
    """
    new_secret = replaces_secret(settings, source, manifest)
    try:
        with _work_folder(settings) as folder:
            staging = Store(f"sqlite:///{folder / 'staging.db'}", pool_size=2)
            try:
                upgrade(staging, manifest.revision)
                _unpack(source, manifest, staging, folder)
                upgrade(staging)
                _replace_all(settings, staging)
            finally:
                staging.close()
            if new_secret:
                (folder / SECRET).replace(settings.secret_file)
    except OSError as error:
        raise BackupError(f"{settings.data_dir} cannot be written: {error.strerror or error}.") from None


def _add_tables(members: Members, connection: Connection, tables: Iterable[sa.Table], folder: Path) -> dict[str, int]:
    rows = {}
    scratch = folder / "rows.jsonl"  # an archive wants to know the size first, and rows must not gather in memory
    for table in tables:
        with scratch.open("wb") as file:
            rows[table.name] = dump_rows(connection, table, file)
        members.add_file(f"tables/{table.name}.jsonl", scratch)
    scratch.unlink(missing_ok=True)
    return rows


def _unpack(source: Path, manifest: Manifest, staging: Store, folder: Path) -> None:
    """Load the rows into the staging database, and put the other members into the folder."""
    tables = {f"tables/{table.name}.jsonl": table for table in tables_of(staging)}
    loaded: dict[str, int] = {}

    def work(connection: Connection) -> None:
        with reading(source) as members:
            for name, file in members:
                if name in tables:
                    loaded[tables[name].name] = load_rows(connection, tables[name], file)
                elif name != MANIFEST:
                    _put(file, folder / name)

    try:
        staging.write(work)
    except (UnreadableRowError, IntegrityError, InterfaceError, ProgrammingError):
        raise damaged(source) from None
    if loaded != manifest.rows:
        raise damaged(source)
    if manifest.has_secret and fingerprint((folder / SECRET).read_bytes()) != manifest.secret:
        raise damaged(source)


def _put(file: IO[bytes], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as copy:
        path.chmod(0o600)
        shutil.copyfileobj(file, copy)


def _replace_all(settings: Settings, staging: Store) -> None:
    target = Store(settings.database_address, pool_size=2)
    try:
        ours = current_revision(target)
        newer = ours is not None and ours > HEAD
        if newer and not target.is_sqlite:
            raise BackupError(
                f"The database is at version {ours}, newer than this program knows ({HEAD}); "
                "restore into an empty database instead."
            )
        if not newer:
            ensure_current(settings, check_secret=False)
        tables = tables_of(staging)

        def work(connection: Connection) -> None:
            if newer:
                begin_afresh(connection)
            else:
                _empty(connection, tables)
            with staging.snapshot() as rows:
                for table in tables:
                    copy_rows(rows, connection, table)
            forget_everybody(connection)  # a session or link that ended since must not come alive again
            # What was on its way then may long be otherwise, and this may be another machine.
            lay_down(connection, "It was on its way when the backup was made.")
            ask_for_scrub(connection)  # what was replaced shall not linger in the files

        target.write(work)
    finally:
        target.close()


def _empty(connection: Connection, tables: list[sa.Table]) -> None:
    if connection.dialect.name == "postgresql":
        # Readers see the old rows until we commit; writers wait.
        names = ", ".join(table.name for table in tables)
        connection.exec_driver_sql(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE")
    for table in reversed(tables):
        connection.execute(sa.delete(table))


def _our_secret(settings: Settings) -> bytes:
    """Our secret, empty when it is lost or not made yet; asking the settings for it would make a new one."""
    return settings.secret if not settings.embedded_secret or settings.secret_file.exists() else b""


@contextlib.contextmanager
def _work_folder(settings: Settings) -> Iterator[Path]:
    """A private folder for what people wrote, gone afterwards."""
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    parent = backups_folder(settings)
    parent.mkdir(exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(prefix=".work-", dir=parent) as folder:
        yield Path(folder)


def _older_than(paths: Iterable[Path], moment: datetime) -> list[Path]:
    return [path for path in paths if path.lstat().st_mtime < moment.timestamp()]
