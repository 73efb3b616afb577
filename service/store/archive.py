"""The file that a backup is: a ``.tar.gz`` whose last member, the manifest, has the checksum of every other one."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import re
import secrets
import tarfile
import zlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from service.store.glance import HEAD

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
SECRET: Final = "secret.key"  # noqa: S105 - the name of a member
LARGEST_MANIFEST: Final = 1024 * 1024

_MEMBER: Final = re.compile(r"tables/[a-z_0-9]+\.jsonl|secret\.key|manifest\.json")


class BackupError(Exception):
    """A backup cannot be made or used; the message says why in one sentence."""


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


class Members:
    """Adds members to an archive and remembers their checksums."""

    def __init__(self, archive: tarfile.TarFile) -> None:
        self._archive = archive
        self.sha256: dict[str, str] = {}

    def add_bytes(self, name: str, content: bytes) -> None:
        """Add a small member."""
        self._add(name, io.BytesIO(content), len(content))

    def add_file(self, name: str, path: Path) -> None:
        """Add a file, however large; nobody may be writing it."""
        with path.open("rb") as file:
            self._add(name, file, os.fstat(file.fileno()).st_size)

    def _add(self, name: str, file: IO[bytes], size: int) -> None:
        self.sha256[name] = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
        file.seek(0)
        member = tarfile.TarInfo(name)
        member.size, member.mode = size, 0o600
        self._archive.addfile(member, file)


@contextlib.contextmanager
def writing(target: Path) -> Iterator[IO[bytes]]:
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


def inspect(source: Path) -> Manifest:
    """Read a backup to its end and hold every member against its checksum.

    Raises:
        BackupError: the file is no backup, is damaged, or was made by a newer Sluice.
    """
    found: dict[str, str] = {}
    manifest: Manifest | None = None
    with reading(source) as members:
        for name, file in members:
            if name == MANIFEST:
                manifest = _manifest(source, file.read(LARGEST_MANIFEST))
            else:
                found[name] = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    if manifest is None or found != manifest.sha256:
        raise damaged(source)
    if manifest.revision > HEAD:
        raise newer(source)
    return manifest


@contextlib.contextmanager
def reading(source: Path) -> Iterator[Iterator[tuple[str, IO[bytes]]]]:
    """Names and contents in the order of the archive; each content is readable until the next one is asked for."""

    def members(archive: tarfile.TarFile) -> Iterator[tuple[str, IO[bytes]]]:
        for member in archive:
            file = archive.extractfile(member)
            if file is None or not _MEMBER.fullmatch(member.name):
                raise damaged(source)
            yield member.name, file

    try:
        with tarfile.open(source, "r|gz") as archive:
            yield members(archive)
    except (tarfile.TarError, EOFError, zlib.error):
        raise damaged(source) from None
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        raise BackupError(f"{source} cannot be read: {error.strerror}.") from None


def _manifest(source: Path, content: bytes) -> Manifest:
    try:
        if int(json.loads(content)["format"]) > FORMAT:
            raise newer(source)
        return Manifest.model_validate_json(content)
    except (ValueError, KeyError, TypeError, ValidationError):
        raise damaged(source) from None


def damaged(source: Path) -> BackupError:
    """What to say of a file that is not what it should be."""
    return BackupError(f"{source} is damaged or is not a backup of Sluice; nothing was changed.")


def newer(source: Path) -> BackupError:
    """What to say of a file that may hold more than we understand."""
    return BackupError(f"{source} was made by a newer Sluice; install that version first.")
