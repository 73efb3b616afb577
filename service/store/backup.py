"""Backup and restore in one portable format, for SQLite and PostgreSQL alike.

A backup is a ``.tar.gz`` with a JSON Lines member for each table, the trained models, the secret when it is ours to
keep, and at its end a manifest with the checksum of every other member. Tables are described by their schema version
and not by today's code, so an old backup is loaded as it was and then migrated. Ids are made by us: there are no
sequences to set afterwards.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import json
import os
import re
import secrets
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any, Final

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from config import Settings
from service.store.accounts import fingerprint
from service.store.comments import ask_for_scrub
from service.store.engine import Store
from service.store.facts import SECRET as FINGERPRINT
from service.store.facts import read_fact
from service.store.migrate import HEAD, begin_afresh, current_revision, ensure_current, revision_of, upgrade
from service.store.tables import UTCDateTime

FORMAT: Final = 1
#: Rows held in memory at a time, and bytes of lines when they are read back.
CHUNK: Final = 500
CHUNK_BYTES: Final = 256 * 1024
MANIFEST: Final = "manifest.json"
SECRET: Final = "secret.key"  # noqa: S105 - the name of a member
LARGEST_MANIFEST: Final = 1024 * 1024
#: A folder or file of unfinished work that is older than this was left by a killed process.
ABANDONED: Final = timedelta(days=1)

_MEMBER: Final = re.compile(r"tables/[a-z_0-9]+\.jsonl|models(/(?!\.)[\w.+-]+)+|secret\.key|manifest\.json")


class BackupError(Exception):
    """A backup cannot be made or used; the message says why in one sentence."""


class _UnreadableRowError(Exception):
    """A line is not a row of its table."""


class Manifest(BaseModel):
    """What a backup says of itself."""

    model_config = ConfigDict(frozen=True)

    format: int
    revision: str
    created_at: datetime
    secret: str
    """Fingerprint of the secret that hashed the API keys."""
    rows: dict[str, int]
    sha256: dict[str, str]

    @property
    def has_secret(self) -> bool:
        """Whether the secret itself is in the backup."""
        return SECRET in self.sha256


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
        with _work_folder(settings) as folder, _draft(target) as draft, store.snapshot() as connection:
            revision = revision_of(connection)
            if revision is None:
                raise BackupError("There is nothing to back up yet: the database has no tables.")
            if revision > HEAD:
                raise BackupError("The database belongs to a newer Sluice; back it up with that version.")
            secret = _our_secret(settings)
            made_with = read_fact(connection, FINGERPRINT) or fingerprint(secret)
            with tarfile.open(fileobj=draft, mode="w:gz", compresslevel=6) as archive:
                members = _Members(archive)
                rows = _add_tables(members, connection, _tables_at(revision, folder), folder)
                _add_models(members, settings.models_dir)
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


def inspect(source: Path) -> Manifest:
    """Read a backup to its end and hold every member against its checksum.

    Raises:
        BackupError: the file is no backup, is damaged, or was made by a newer Sluice.
    """
    found: dict[str, str] = {}
    manifest: Manifest | None = None
    with _opened(source) as members:
        for name, file in members:
            if name == MANIFEST:
                manifest = _manifest(source, file.read(LARGEST_MANIFEST))
            else:
                found[name] = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    if manifest is None or found != manifest.sha256:
        raise _damaged(source)
    if manifest.revision > HEAD:
        raise _newer(source)
    return manifest


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

    Models of the backup are put beside ours, and its champion serves. Comments that were pending are found by upkeep.

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
            _place_models(folder / "models", settings.models_dir)
            if new_secret:
                (folder / SECRET).replace(settings.secret_file)
    except OSError as error:
        raise BackupError(f"{settings.data_dir} cannot be written: {error.strerror or error}.") from None


# --- Writing ------------------------------------------------------------------------------------------------------


class _Members:
    """Adds members to an archive and remembers their checksums."""

    def __init__(self, archive: tarfile.TarFile) -> None:
        self._archive = archive
        self.sha256: dict[str, str] = {}

    def add_bytes(self, name: str, content: bytes) -> None:
        self._add(name, io.BytesIO(content), len(content))

    def add_file(self, name: str, path: Path) -> None:
        with path.open("rb") as file:
            self._add(name, file, os.fstat(file.fileno()).st_size)

    def _add(self, name: str, file: IO[bytes], size: int) -> None:
        self.sha256[name] = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
        file.seek(0)
        member = tarfile.TarInfo(name)
        member.size, member.mode = size, 0o600
        self._archive.addfile(member, file)


def _add_tables(members: _Members, connection: Connection, tables: Iterable[sa.Table], folder: Path) -> dict[str, int]:
    rows = {}
    scratch = folder / "rows.jsonl"  # an archive wants to know the size first, and rows must not gather in memory
    for table in tables:
        with scratch.open("wb") as file:
            rows[table.name] = _dump(connection, table, file)
        members.add_file(f"tables/{table.name}.jsonl", scratch)
    scratch.unlink(missing_ok=True)
    return rows


def _dump(connection: Connection, table: sa.Table, file: IO[bytes]) -> int:
    names = [column.name for column in table.columns]
    count = 0
    for row in connection.execute(sa.select(table).execution_options(yield_per=CHUNK)):
        line = json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False, default=_portable)
        file.write(line.encode() + b"\n")
        count += 1
    return count


def _portable(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(value).decode()
    raise TypeError(f"A column of type {type(value).__name__} cannot be backed up.")


def _add_models(members: _Members, models_dir: Path) -> None:
    for path in sorted(models_dir.rglob("*")):
        inside = path.relative_to(models_dir)
        if path.is_file() and not any(part.startswith(".") for part in inside.parts):  # a dot: still being written
            members.add_file(f"models/{inside.as_posix()}", path)


@contextlib.contextmanager
def _draft(target: Path) -> Iterator[IO[bytes]]:
    """A private file that takes the target's name once it is complete and on disk."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.rename(target)
    finally:
        draft.unlink(missing_ok=True)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


# --- Reading ------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _opened(source: Path) -> Iterator[Iterator[tuple[str, IO[bytes]]]]:
    """Names and contents in the order of the archive; each content is readable until the next one is asked for."""

    def members(archive: tarfile.TarFile) -> Iterator[tuple[str, IO[bytes]]]:
        for member in archive:
            file = archive.extractfile(member)
            if file is None or not _MEMBER.fullmatch(member.name):
                raise _damaged(source)
            yield member.name, file

    try:
        with tarfile.open(source, "r|gz") as archive:
            yield members(archive)
    except (tarfile.TarError, EOFError, zlib.error):
        raise _damaged(source) from None
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        raise BackupError(f"{source} cannot be read: {error.strerror}.") from None


def _manifest(source: Path, content: bytes) -> Manifest:
    try:
        if int(json.loads(content)["format"]) > FORMAT:
            raise _newer(source)
        return Manifest.model_validate_json(content)
    except (ValueError, KeyError, TypeError, ValidationError):
        raise _damaged(source) from None


def _unpack(source: Path, manifest: Manifest, staging: Store, folder: Path) -> None:
    """Load the rows into the staging database, and put the other members into the folder."""
    tables = {f"tables/{table.name}.jsonl": table for table in _tables(staging)}
    loaded: dict[str, int] = {}

    def work(connection: Connection) -> None:
        with _opened(source) as members:
            for name, file in members:
                if name in tables:
                    loaded[tables[name].name] = _load(connection, tables[name], file)
                elif name != MANIFEST:
                    _put(file, folder / name)

    try:
        staging.write(work)
    except (_UnreadableRowError, IntegrityError):
        raise _damaged(source) from None
    if loaded != manifest.rows:
        raise _damaged(source)
    if manifest.has_secret and fingerprint((folder / SECRET).read_bytes()) != manifest.secret:
        raise _damaged(source)


def _put(file: IO[bytes], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as copy:
        path.chmod(0o600)
        shutil.copyfileobj(file, copy)


def _load(connection: Connection, table: sa.Table, file: IO[bytes]) -> int:
    readers = [(column.name, _reader(column.type)) for column in table.columns]
    count = 0
    while lines := file.readlines(CHUNK_BYTES):
        try:
            documents = [json.loads(line) for line in lines]
            rows = [{name: read(document[name]) for name, read in readers} for document in documents]
        except (ValueError, KeyError, TypeError):
            raise _UnreadableRowError from None
        connection.execute(sa.insert(table), rows)
        count += len(rows)
    return count


def _reader(column_type: sa.types.TypeEngine[Any]) -> Callable[[Any], Any]:
    if isinstance(column_type, UTCDateTime):
        return lambda value: None if value is None else datetime.fromisoformat(value)
    if isinstance(column_type, sa.LargeBinary):
        return lambda value: None if value is None else base64.b64decode(value)
    return lambda value: value


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
        tables = _tables(staging)

        def work(connection: Connection) -> None:
            if newer:
                begin_afresh(connection)
            else:
                _empty(connection, tables)
            with staging.snapshot() as rows:
                for table in tables:
                    _copy(rows, connection, table)
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


def _copy(source: Connection, target: Connection, table: sa.Table) -> None:
    names = [column.name for column in table.columns]
    result = source.execute(sa.select(table).execution_options(yield_per=CHUNK))
    for rows in result.partitions():
        target.execute(sa.insert(table), [dict(zip(names, row, strict=True)) for row in rows])


def _place_models(new: Path, models_dir: Path) -> None:
    if not new.exists():
        return
    models_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Folders before files: the pointer to the champion comes after the champion.
    for path in sorted(new.iterdir(), key=lambda path: (path.is_file(), path.name)):
        place = models_dir / path.name
        if path.is_dir() and place.exists():
            place.rename(new.parent / f"replaced-{path.name}")
        path.replace(place)


# --- Shared -------------------------------------------------------------------------------------------------------


def _our_secret(settings: Settings) -> bytes:
    """Our secret, empty when it is lost or not made yet; asking the settings for it would make a new one."""
    return settings.secret if not settings.embedded_secret or settings.secret_file.exists() else b""


def _tables_at(revision: str, folder: Path) -> list[sa.Table]:
    """The tables of a schema version, parents first, as the migrations make them."""
    model = Store(f"sqlite:///{folder / 'schema.db'}", pool_size=2)
    try:
        upgrade(model, revision)
        return _tables(model)
    finally:
        model.close()


def _tables(model: Store) -> list[sa.Table]:
    """The tables of a SQLite database that holds nothing but ours, parents first, in types for every database."""
    metadata = sa.MetaData()
    with model.read() as connection:
        inspector = sa.inspect(connection)
        names = [name for name, _ in inspector.get_sorted_table_and_fkc_names() if name]
        return [
            sa.Table(
                name, metadata, *(sa.Column(each["name"], _type(each["type"])) for each in inspector.get_columns(name))
            )
            for name in names
            if name != "alembic_version"
        ]


def _type(found: sa.types.TypeEngine[Any]) -> sa.types.TypeEngine[Any]:
    generic = found.as_generic()
    if isinstance(generic, sa.DateTime):
        return UTCDateTime()
    return sa.JSON(none_as_null=True) if isinstance(generic, sa.JSON) else generic


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


def _damaged(source: Path) -> BackupError:
    return BackupError(f"{source} is damaged or is not a backup of Sluice; nothing was changed.")


def _newer(source: Path) -> BackupError:
    return BackupError(f"{source} was made by a newer Sluice; install that version first.")
