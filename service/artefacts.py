"""Model versions on this host's disk: fetched from the database when they are needed, checked, and dropped again.

The folder is a cache: whatever is in it may be deleted at any time. Processes that fetch at once do not disturb each
other, since a version appears under its name whole or not at all.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
from collections.abc import Collection
from pathlib import Path
from typing import Final

from classifier.packing import unpack
from classifier.registry import ModelMissingError
from service.store import models as store
from service.store.engine import Store

#: A half-fetched version that is older than this was left by a killed process.
ABANDONED_SECONDS: Final = 3600
_DRAFT: Final = ".fetching-"


class Artefacts:
    """The versions that this host has fetched."""

    def __init__(self, database: Store, models_dir: Path) -> None:
        self._store = database
        self._folder = models_dir / "fetched"

    def fetch(self, version: str) -> Path:
        """The folder of a version.

        Raises:
            ModelMissingError, ModelDamagedError: the database has no such version, or a broken one.
            SQLAlchemyError, OSError.
        """
        with self._store.read() as connection:
            about = store.find_model(connection, version)
            if about is None:
                raise ModelMissingError(f"There is no model {version}; `sluice models list` shows them.")
            path = self._folder / f"{version}.{about.sha256[:16]}"
            if path.is_dir():
                return path
            archive = store.read_archive(connection, version)
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryDirectory(prefix=_DRAFT, dir=self._folder) as draft:
            target = Path(draft) / "model"
            target.mkdir(mode=0o700)
            unpack(archive or b"", about.sha256, target)
            try:
                target.rename(path)
            except OSError:  # another process was first
                if not path.is_dir():
                    raise
        return path

    def drop(self, path: Path) -> None:
        """Forget a fetched version that turned out to be damaged, so that the next look fetches it afresh."""
        if path.parent == self._folder:
            shutil.rmtree(path, ignore_errors=True)

    def keep_only(self, versions: Collection[str]) -> None:
        """Drop every other version. Processes that still use one keep it until they let go."""
        if not self._folder.is_dir():
            return
        for path in self._folder.iterdir():
            if path.name.startswith(_DRAFT):
                with contextlib.suppress(OSError):
                    if path.stat().st_mtime < time.time() - ABANDONED_SECONDS:
                        shutil.rmtree(path, ignore_errors=True)
            elif path.name.rpartition(".")[0] not in versions:
                shutil.rmtree(path, ignore_errors=True)
