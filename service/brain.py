"""The brain as a process holds it: the champion model, reloaded when another one is promoted.

What computes is imported when the model is read, which the web process does beside its first requests.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import config.logs
from classifier.domain import Context, Verdict

if TYPE_CHECKING:
    from classifier.policy import Policy
    from classifier.scoring import Scorer
    from classifier.text import Document

log = config.logs.get("brain")

#: How often a process looks whether another model was promoted.
LOOK_SECONDS: Final = 1.0


class Brain:
    """Judges comments; without a usable model it still answers, and holds."""

    def __init__(self, models_dir: Path) -> None:
        self._models_dir = models_dir
        self._scorer: Scorer | None = None
        self._loaded: tuple[Path, int] | None = None
        self._looked = float("-inf")
        self._lock = threading.Lock()

    @property
    def model(self) -> str | None:
        """The version of the model in use, if any."""
        scorer = self.scorer()
        return None if scorer is None else scorer.version

    def judge(
        self,
        contexts: Sequence[Context],
        policies: Sequence[Policy],
        documents: Sequence[Document | None] | None = None,
    ) -> list[Verdict]:
        """A verdict for each context under its policy; ``documents`` are their texts where they are read already."""
        from classifier.assess import assess  # noqa: PLC0415

        return assess(contexts, self.scorer(), policies, documents)

    def scorer(self) -> Scorer | None:
        """The champion's scorer; a broken one is logged once and leaves the last good one in place."""
        now = time.monotonic()
        if now - self._looked < LOOK_SECONDS:
            return self._scorer
        with self._lock:
            if now - self._looked >= LOOK_SECONDS:
                self._refresh()
                self._looked = time.monotonic()
        return self._scorer

    def _refresh(self) -> None:
        from classifier.registry import ModelError, champion_path, load  # noqa: PLC0415

        try:
            path = champion_path(self._models_dir)
            found = (path, (path / "manifest.json").stat().st_mtime_ns)
            if found == self._loaded:
                return
            self._loaded = found
            self._scorer = load(path)
        except (ModelError, OSError, ValueError) as error:
            log.error("model.unusable", reason=str(error), kept=self._scorer is not None)
            return
        log.info("model.loaded", model=self._scorer.version)
