"""Which model decides in this process: a thread of its own watches for promotions, so that no comment waits for one.

The newest promotion that can be used is in use. When the promoted version is broken, the one promoted before it goes
on deciding, on every host and across restarts, and the fault is told; with no promotion the shipped model decides.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import config.logs
from service.store import models as store
from service.store.engine import Store

if TYPE_CHECKING:
    from classifier.scoring import Scorer
    from service.artefacts import Artefacts

log = config.logs.get("models")

#: How often a process looks whether anything was promoted.
LOOK_SECONDS: Final = 1.0
#: How long a version that could not be used is left alone.
RETRY_SECONDS: Final = 30.0
#: So many promotions back a usable version is looked for; after them comes the shipped model.
BACK: Final = 10

_NOT_LOOKED: Final = (-1, "")


@dataclass(frozen=True, slots=True)
class InUse:
    """What a process decides with, seen at one moment.

    ``sites`` names the adaptation that is promoted for a site. ``fault`` says why the promoted model is not the one in
    use.
    """

    scorer: Scorer | None = None
    promoted: str | None = None
    sites: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    fault: str | None = None


class Champion:
    """Holds the model in use; safe to share between threads, and among processes that fork."""

    def __init__(self, database: Store, models_dir: Path) -> None:
        self._store = database
        self._models_dir = models_dir
        self._in_use = InUse()
        self._used: str | None = None
        self._seen: tuple[int, str] | None = _NOT_LOOKED
        self._retry_at = float("inf")
        self._away = False
        self._starting = threading.Lock()
        self._watcher: int | None = None
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()
        self._closed = threading.Event()

    def in_use(self) -> InUse:
        """What to decide with now. Waits for the first look; afterwards it costs next to nothing."""
        if self._watcher != os.getpid():
            self.watch()
        if not self._ready.is_set():
            self._ready.wait()
        return self._in_use

    def is_ready(self, within: float) -> bool:
        """Whether there is a model to decide with, or will be within so many seconds."""
        if self._watcher != os.getpid():
            self.watch()
        return self._ready.wait(max(0.0, within)) and self._in_use.scorer is not None

    def close(self) -> None:
        """Stop watching."""
        self._closed.set()
        if self._thread is not None and self._thread.is_alive():
            self._thread.join(timeout=5)

    def watch(self) -> None:
        """Begin to watch, if nobody does in this process; a thread does not live on in a forked one."""
        with self._starting:
            if self._watcher == os.getpid():
                return
            self._thread = threading.Thread(target=self._look_again_and_again, name="models", daemon=True)
            self._thread.start()
            self._watcher = os.getpid()

    def _look_again_and_again(self) -> None:
        while not self._closed.is_set():
            try:
                self._look()
                self._away = False
            except Exception as error:  # noqa: BLE001 - whatever it was, the model in use stays and the watch goes on
                if not self._away:
                    log.warning("models.unread", error=type(error).__name__)
                self._away = True
            finally:
                self._ready.set()
            self._closed.wait(LOOK_SECONDS)

    def _look(self) -> None:
        from service.artefacts import Artefacts  # noqa: PLC0415 - with what computes, beside the first requests

        with self._store.read() as connection:
            newest = store.newest_promotion(connection)
            if newest == self._seen and time.monotonic() < self._retry_at:
                return
            in_force = store.in_force(connection)
            earlier = [row.version for row in store.promotions_of(connection, None, BACK)]
        artefacts = Artefacts(self._store, self._models_dir)
        promoted = earlier[0] if earlier else None
        scorer, used, fault = self._best([*earlier, None], artefacts)
        sites = {site: row.version for site, row in in_force.items() if site is not None and row.version is not None}
        self._in_use = InUse(scorer, promoted, MappingProxyType(sites), fault)
        self._retry_at = float("inf") if fault is None else time.monotonic() + RETRY_SECONDS
        if newest == self._seen and used == self._used:
            return
        self._seen, self._used = newest, used
        log.info("model.in_use", model=None if scorer is None else scorer.version, sites=len(sites))
        kept = {used, *(name for row in in_force.values() for name in (row.version, row.previous))}
        artefacts.keep_only({name for name in kept if name is not None})

    def _best(
        self, versions: Sequence[str | None], artefacts: Artefacts
    ) -> tuple[Scorer | None, str | None, str | None]:
        """The first of these versions that can be used, its name, and what is wrong with the very first one."""
        from classifier.registry import ModelError  # noqa: PLC0415

        faults: list[str] = []
        for version in dict.fromkeys(versions):
            if version == self._used and self._in_use.scorer is not None:
                return self._in_use.scorer, version, faults[0] if faults else None
            try:
                return _load(version, artefacts), version, faults[0] if faults else None
            except (ModelError, OSError, ValueError) as error:
                faults.append(str(error))
                if len(faults) == 1:
                    log.error("model.unusable", model=version, reason=str(error))
        return self._in_use.scorer, self._used, faults[0]


def _load(version: str | None, artefacts: Artefacts) -> Scorer:
    """Load a promoted version, or the shipped one; a fetched copy that is damaged is fetched once more."""
    from classifier.registry import ModelDamagedError, load, load_default  # noqa: PLC0415

    if version is None:
        return load_default()
    path = artefacts.fetch(version)
    try:
        return load(path)
    except ModelDamagedError:
        artefacts.drop(path)
        return load(artefacts.fetch(version))
