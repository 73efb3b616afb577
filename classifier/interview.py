"""Which comments of a history to ask a person about, when there is time for forty questions only.

The most doubtful texts, and some others at random, are the pool. From it comments are chosen a handful at a time, for
spam and for abuse in turn, with a new fit after each handful. What the history says itself counts in the fit, but less
than an answer, so that comments whose old label does not fit the others are asked about as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from classifier.adapt import Indices, fit, kinship, prior_of
from classifier.adaptation import rows_of
from classifier.choosing import choose
from classifier.domain import HEADS
from classifier.scoring import Floats, Scorer
from classifier.site_training import copies_of
from classifier.text import read

#: What a person is asked about; "abuse" is the head toxicity.
ASKED: Final = ("spam", "toxicity")
#: Comments that questions are chosen from; time grows with their square.
POOL: Final = 500
HANDFUL: Final = 10


@dataclass(frozen=True, slots=True)
class Said:
    """A text with the labels that it came with, and how much these count."""

    text: str
    labels: Mapping[str, float]
    weight: float


def pool_of(logits: Floats, groups: Sequence[int], *, size: int = POOL, seed: int = 0) -> list[int]:
    """Which of many comments questions are chosen from: half by doubt, half by chance, one of each group of copies.

    ``logits`` has a row per comment and a column per head of ``ASKED``.
    """
    firsts = np.unique(np.asarray(groups), return_index=True)[1]
    doubt = np.abs(logits[firsts]).min(axis=1)
    doubtful = firsts[np.argsort(doubt, kind="stable")[: size // 2]]
    rest = np.setdiff1d(firsts, doubtful)
    drawn = np.random.default_rng(seed).permutation(rest)[: size - len(doubtful)]
    return sorted([*doubtful.tolist(), *drawn.tolist()])


class Interview:
    """Chooses questions and takes answers; a case is named by its place in the pool."""

    def __init__(self, scorer: Scorer, cases: Sequence[Said]) -> None:
        documents = [read(case.text) for case in cases]
        logits = scorer.calibrated_logits(documents)
        kin = kinship(rows_of(scorer, documents))
        self._cases = cases
        self._groups = copies_of(documents).tolist()
        self._logits = {head: logits[:, HEADS.index(head)] for head in ASKED}
        self._kernels = {head: kin.kernel(prior_of(head), self._logits[head]) for head in ASKED}
        self._answers: dict[int, Mapping[str, float]] = {}

    def answer(self, place: int, labels: Mapping[str, float]) -> None:
        """What a person said of a case; no labels where they did not know."""
        self._answers[place] = labels

    def forget(self, place: int) -> None:
        """The answer was taken back."""
        self._answers.pop(place, None)

    def next(self) -> list[int]:
        """The next handful, the most telling first; nothing when all was asked."""
        taken = list(self._answers)
        by_head = [
            choose(self._kernels[head], self._thought(head), HANDFUL, taken=taken, groups=self._groups)
            for head in ASKED
        ]
        found: list[int] = []
        groups: set[int] = set()
        for pair in zip(*by_head, strict=False):
            for place in pair:
                if self._groups[place] not in groups:
                    groups.add(self._groups[place])
                    found.append(place)
        return found[:HANDFUL]

    def thought(self, place: int) -> dict[str, float]:
        """What the model thinks of a case by itself, as chances."""
        return {head: float(1 / (1 + np.exp(-np.clip(self._logits[head][place], -60, 60)))) for head in ASKED}

    def _thought(self, head: str) -> Floats:
        """What is thought of all cases by now, as logits."""
        known, truth, counts = self._labels(head)
        prior, logits, kernel = prior_of(head), self._logits[head], self._kernels[head]
        if not len(known) or truth.min() == truth.max():
            return np.asarray(prior.trust * logits)
        learnt = fit(kernel[np.ix_(known, known)], prior, logits[known], truth, counts)
        return np.asarray(learnt.trust * logits + kernel[:, known] @ learnt.weights)

    def _labels(self, head: str) -> tuple[Indices, Floats, Floats]:
        found: list[tuple[int, float, float]] = []
        for place, case in enumerate(self._cases):
            labels = self._answers.get(place, case.labels)
            if head in labels:
                found.append((place, float(labels[head] >= 0.5), 1.0 if place in self._answers else case.weight))
        places, truth, counts = zip(*found, strict=True) if found else ((), (), ())
        return np.array(places, dtype=np.int64), np.array(truth), np.array(counts)
