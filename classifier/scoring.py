"""The model at work: texts in, calibrated probabilities out, with numpy and mmh3 only."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

import numpy as np
import numpy.typing as npt

from classifier.dense import dense_features
from classifier.domain import HEADS
from classifier.hashing import WORD_COLUMNS, Terms, char_terms, terms_of_one, word_terms
from classifier.text import Document, read

#: Changes whenever the same text would give other features; a model made for another version is refused.
FEATURE_VERSION: Final = "5"

Floats = npt.NDArray[np.float64]

#: So few texts at a time that their weights stay in the processor's cache.
_CHUNK: Final = 64
_REMEMBERED: Final = 4_096


@dataclass(frozen=True, slots=True)
class Weights:
    """The arrays of a model version. Rows are columns of the hash space (words, then characters), columns are heads.

    ``terms`` are whole numbers; times ``term_scale`` they are the weights. ``dense`` takes the dense features as they
    are. A calibrated logit is ``slope * logit + offset``.
    """

    terms: npt.NDArray[np.int8]
    term_scale: npt.NDArray[np.float64]
    idf: npt.NDArray[np.float16]
    dense: npt.NDArray[np.float64]
    intercept: npt.NDArray[np.float64]
    slope: npt.NDArray[np.float64]
    offset: npt.NDArray[np.float64]


class Memory:
    """The rows of the last few thousand single texts by digest; no text is kept."""

    def __init__(self) -> None:
        self._rows: dict[bytes, Floats] = {}
        self._lock = threading.Lock()

    def get(self, key: bytes) -> Floats | None:
        """The row under this digest, if it is still known."""
        return self._rows.get(key)

    def put(self, key: bytes, row: Floats) -> None:
        """Remember a row, and forget the oldest one when there are too many."""
        with self._lock:
            self._rows[key] = row
            if len(self._rows) > _REMEMBERED:
                del self._rows[next(iter(self._rows))]


@dataclass(frozen=True, slots=True)
class Scorer:
    """One model version, ready to score."""

    version: str
    weights: Weights
    memory: Memory = field(default_factory=Memory, repr=False, compare=False)

    def score(self, texts: Sequence[str | Document]) -> Floats:
        """Calibrated probabilities, one row per text, columns in the order of ``HEADS``."""
        return probability(self.calibrated_logits(texts))

    def calibrated_logits(self, texts: Sequence[str | Document]) -> Floats:
        """Logits after calibration, one row per text."""
        return self.logits(texts) * self.weights.slope + self.weights.offset

    def logits(self, texts: Sequence[str | Document]) -> Floats:
        """What the linear model says before calibration, one row per text."""
        if len(texts) == 1:
            return self._one(texts[0])
        if len(texts) <= _CHUNK:
            return self._logits(texts)
        return np.concatenate([self._logits(texts[at : at + _CHUNK]) for at in range(0, len(texts), _CHUNK)])

    def _one(self, text: str | Document) -> Floats:
        """One text's row; the same text again, as in a wave of spam, is not computed again."""
        raw = text if isinstance(text, str) else text.raw
        key = blake2b(raw.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        found = self.memory.get(key)
        if found is None:
            found = self._logits([text])
            self.memory.put(key, found)
        return found.copy()

    def _logits(self, texts: Sequence[str | Document]) -> Floats:
        if not texts:
            return np.zeros((0, len(HEADS)))
        documents = [text if isinstance(text, Document) else read(text) for text in texts]
        if len(documents) == 1:
            return self._logits_of_one(documents[0])
        dense = np.array([dense_features(document) for document in documents])
        words = [document.words for document in documents]
        total = self._weigh(word_terms(words, [document.pairs for document in documents]), 0)
        total += self._weigh(char_terms([document.text for document in documents]), WORD_COLUMNS)
        return total * self.weights.term_scale + dense @ self.weights.dense + self.weights.intercept

    def _logits_of_one(self, document: Document) -> Floats:
        """The same for one text, in fewer steps."""
        columns, counts, words = terms_of_one(document.words, document.pairs, document.text)
        values = self.weights.idf.take(columns).astype(np.float64)
        values *= 1.0 + np.log(counts)
        weights = self.weights.terms.take(columns, axis=0).astype(np.float64)
        total = _unit(values[:words]) @ weights[:words]
        total += _unit(values[words:]) @ weights[words:]
        dense = np.array(dense_features(document))
        return np.asarray(total * self.weights.term_scale + dense @ self.weights.dense + self.weights.intercept)[
            np.newaxis
        ]

    def _weigh(self, terms: Terms, base: int) -> Floats:
        """The dot product of each text's unit-length TF-IDF vector with the whole-number weights."""
        columns = terms.columns + base
        values = term_values(terms, self.weights.idf.take(columns).astype(np.float64))
        # One row per head: numbers that are added up stand side by side.
        parts = self.weights.terms.take(columns, axis=0).T.astype(np.float64, order="C")
        parts *= values
        filled = np.flatnonzero(np.diff(terms.starts))
        result = np.zeros((len(terms.starts) - 1, len(parts)))
        if len(filled):
            result[filled] = np.add.reduceat(parts, terms.starts[filled], axis=1).T
        return result


def _unit(values: Floats) -> Floats:
    """A vector scaled to unit length."""
    length = float(np.sqrt(values @ values))
    return values / length if length else values


def term_values(terms: Terms, idf: Floats) -> Floats:
    """Sublinear TF-IDF values, each text's scaled to unit length."""
    values = idf * (1.0 + np.log(terms.counts))
    if len(terms.starts) == 2:
        return _unit(values)
    lengths = np.sqrt(sums(values * values, terms.starts))
    lengths[lengths == 0] = 1.0
    values /= np.repeat(lengths, np.diff(terms.starts))
    return values


def sums(values: Floats, starts: npt.NDArray[np.int64]) -> Floats:
    """Sums of the stretches of ``values`` between ``starts``; an empty stretch sums to zero."""
    filled = np.flatnonzero(np.diff(starts))
    result = np.zeros((len(starts) - 1, *values.shape[1:]))
    if len(filled):
        result[filled] = np.add.reduceat(values, starts[filled], axis=0)
    return result


def probability(logits: Floats) -> Floats:
    """The logistic function, safe at both ends."""
    clipped = np.clip(logits, -60.0, 60.0)
    return 1.0 / (1.0 + np.exp(-clipped))
