"""The brain as a process holds it: the champion model, reloaded when another one is promoted.

What computes is imported when the model is read, which the web process does beside its first requests.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

import config.logs
from classifier.domain import Context, Verdict
from service.together import Piece, Together

if TYPE_CHECKING:
    from classifier.policy import Policy
    from classifier.scoring import Scorer
    from classifier.text import Document

log = config.logs.get("brain")

#: How often a process looks whether another model was promoted.
LOOK_SECONDS: Final = 1.0
#: So many comments are judged as one batch; larger batches are no cheaper.
PORTION: Final = 64


class Brain:
    """Judges comments; without a usable model it still answers, and holds."""

    def __init__(self, models_dir: Path) -> None:
        self._models_dir = models_dir
        self._scorer: Scorer | None = None
        self._loaded: tuple[Path, int] | None = None
        self._looked = float("-inf")
        self._lock = threading.Lock()
        self._together = Together(self._judge)

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
        """A verdict for each context under its policy, in order; ``documents`` are their texts where read already.

        Threads that ask at the same time are judged together: a batch costs each of its comments half, and threads
        that compute side by side only take the interpreter away from each other. Long lists go in portions, so that a
        single comment need not wait for a thousand.
        """
        cases = list(zip(contexts, policies, documents or [None] * len(contexts), strict=True))
        verdicts: list[Verdict] = []
        for start in range(0, len(cases), PORTION):
            verdicts += self._together.do(cases[start : start + PORTION])
        return verdicts

    def _judge(self, pieces: Sequence[Piece]) -> None:
        from classifier.assess import assess  # noqa: PLC0415

        contexts, policies, documents = zip(*(case for piece in pieces for case in piece.item), strict=True)
        verdicts = iter(assess(contexts, self.scorer(), policies, documents))
        for piece in pieces:
            piece.answer = list(islice(verdicts, len(piece.item)))

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
