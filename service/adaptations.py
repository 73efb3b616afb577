"""The adaptations to sites that a process has at hand: loaded with a site's first comment, the last used ones kept.

A site without a promoted adaptation costs a look into a dictionary, and no site ever gets another one's.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

import config.logs
from classifier.adaptation import Adaptation, load_adaptation
from classifier.registry import ModelDamagedError, ModelError
from service.artefacts import Artefacts

log = config.logs.get("models")

#: Bytes of arrays that are kept; those used least lately go first.
KEPT_BYTES: Final = 64 * 1024 * 1024
#: How long one that could not be loaded is left alone.
RETRY_SECONDS: Final = 30.0


class Adaptations:
    """What was loaded, by version; safe to share between threads."""

    def __init__(self, artefacts: Artefacts) -> None:
        self._artefacts = artefacts
        self._loaded: OrderedDict[str, Adaptation] = OrderedDict()
        self._failed: dict[str, float] = {}
        self._resting: set[tuple[str, str]] = set()
        self._lock = threading.Lock()
        self._loading = threading.Lock()

    def get(self, version: str, *, site_id: str, base: str) -> Adaptation | None:
        """The adaptation of this version to this site, if it is one to the model ``base`` and can be used.

        When it cannot, the model decides alone, and the log says once why.
        """
        found = self._known(version)
        if found is None:
            with self._loading:
                found = self._known(version) or self._load(version)
        if found is None:
            return None
        if found.site == site_id and found.base == base:
            return found
        if (version, base) not in self._resting:
            self._resting.add((version, base))
            log.warning(
                "adaptation.rests",
                adaptation=version,
                adapts=found.base,
                model=base,
                of_this_site=found.site == site_id,
            )
        return None

    def _known(self, version: str) -> Adaptation | None:
        with self._lock:
            found = self._loaded.get(version)
            if found is not None:
                self._loaded.move_to_end(version)
            return found

    def _load(self, version: str) -> Adaptation | None:
        if time.monotonic() < self._failed.get(version, 0.0):
            return None
        try:
            made = self._read(version)
        except (ModelError, OSError, SQLAlchemyError) as error:
            self._failed[version] = time.monotonic() + RETRY_SECONDS
            reason = str(error) if isinstance(error, ModelError) else type(error).__name__
            log.error("adaptation.unusable", adaptation=version, reason=reason)
            return None
        self._failed.pop(version, None)
        with self._lock:
            self._loaded[version] = made
            while len(self._loaded) > 1 and sum(map(_size, self._loaded.values())) > KEPT_BYTES:
                self._loaded.popitem(last=False)
        return made

    def _read(self, version: str) -> Adaptation:
        path = self._artefacts.fetch(version)
        try:
            return load_adaptation(path)
        except ModelDamagedError:
            self._artefacts.drop(path)
            return load_adaptation(self._artefacts.fetch(version))


def _size(adaptation: Adaptation) -> int:
    arrays = (adaptation.columns, adaptation.terms, adaptation.dense, adaptation.slope, adaptation.intercept)
    return sum(array.nbytes for array in arrays)
