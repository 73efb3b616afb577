"""A model version as one block of bytes: what a database, a backup or a wire carries.

The block is a zip archive of the files that the manifest gives checksums for, the manifest itself and its pages.
Nothing in it is executed when it is read: arrays are loaded without pickle.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from classifier.registry import ModelDamagedError, ModelFormatError, check_sums, read_manifest, read_report

#: A version longer than this would not fit beside another one in the record of a decision.
VERSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,47}")
#: All files of a version together.
LARGEST: Final = 64 * 1024 * 1024
KINDS: Final = ("global", "site")

_MEMBER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_PAGES: Final = ("report.json", "LICENSE", "MODEL_CARD.md")


@dataclass(frozen=True, slots=True)
class Packed:
    """A model version and what it says of itself. ``base`` is the global version that an adaptation belongs to."""

    version: str
    kind: str
    base: str | None
    manifest: dict[str, Any]
    report: dict[str, Any]
    archive: bytes
    sha256: str


def pack(path: Path) -> Packed:
    """Pack a version's folder; raises a ``ModelError`` when it is not whole. The same folder gives the same bytes."""
    manifest = read_manifest(path)
    version, kind, base = str(manifest.get("version")), str(manifest.get("kind", "global")), manifest.get("base")
    if not VERSION.fullmatch(version) or kind not in KINDS or (kind == "site") != isinstance(base, str):
        message = f"{path / 'manifest.json'} does not say properly which version it is; train it again."
        raise ModelFormatError(message)
    check_sums(path, manifest)
    names = [*sorted(manifest["sha256"]), "manifest.json", *(name for name in _PAGES if (path / name).is_file())]
    if sum((path / name).stat().st_size for name in names) > LARGEST:
        message = f"The model in {path} has more than {LARGEST // 1024**2} MB."
        raise ModelFormatError(message)
    block = io.BytesIO()
    with zipfile.ZipFile(block, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name in names:
            archive.writestr(_member(name), (path / name).read_bytes())
    content = block.getvalue()
    return Packed(
        version=version,
        kind=kind,
        base=base,
        manifest=manifest,
        report=read_report(path),
        archive=content,
        sha256=hashlib.sha256(content).hexdigest(),
    )


def unpack(content: bytes, sha256: str, folder: Path) -> None:
    """Write the files of a packed version into an empty folder; raises ``ModelDamagedError``."""
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ModelDamagedError("The stored model does not match its checksum; promote another one or add it again.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if sum(member.file_size for member in members) > LARGEST or not all(
                _MEMBER.fullmatch(member.filename) for member in members
            ):
                raise ModelDamagedError("The stored model holds files that no model has; promote another one.")
            for member in members:
                (folder / member.filename).write_bytes(archive.read(member))
    except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
        raise ModelDamagedError("The stored model cannot be unpacked; promote another one or add it again.") from error


def page(content: bytes, name: str) -> str:
    """A page of a packed version, such as its LICENSE; empty when it has none."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(name).decode("utf-8", "replace") if name in archive.namelist() else ""


def _member(name: str) -> zipfile.ZipInfo:
    """Without the file's own date, so that packing again gives the same bytes."""
    member = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = 0o644 << 16
    return member
