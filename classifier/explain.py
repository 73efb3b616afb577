"""Where a score comes from: the exact parts of a logit, laid on the words of the text.

The parts of all words, of the dense features and of the intercept add up to the calibrated logit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import numpy as np

from classifier.dense import DENSE, dense_features
from classifier.domain import HEADS, Span
from classifier.hashing import WORD_COLUMNS, Int64s, char_occurrences, word_columns, word_pairs
from classifier.scoring import Floats, Scorer
from classifier.text import Document, words_of

_TOKEN: Final = re.compile(r"\S+")
_WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Explanation:
    """The logits of all heads taken apart; every table has one column per head."""

    tokens: tuple[tuple[int, int], ...]  # stretches of the normalised text
    words: Floats  # one row per token
    features: Floats  # one row per dense feature, in the order of ``DENSE``
    intercept: Floats

    @property
    def total(self) -> Floats:
        """The calibrated logits."""
        return np.asarray(self.words.sum(axis=0) + self.features.sum(axis=0) + self.intercept)

    def telling_features(self, head: str, most: int = 3) -> list[tuple[str, float]]:
        """The dense features that speak most for a head, with what they add."""
        column = self.features[:, HEADS.index(head)]
        return [(DENSE[at], float(column[at])) for at in np.argsort(-column)[:most] if column[at] > 0]

    def telling_spans(self, document: Document, head: str, most: int = 5) -> tuple[Span, ...]:
        """The words that speak most for a head, as stretches of the raw text, the strongest first."""
        column = self.words[:, HEADS.index(head)]
        strongest = np.argsort(-column)[:most]
        chosen = [at for at in strongest if column[at] > max(0.0, column[strongest[0]] / 5)]
        return tuple(document.raw_span(*self.tokens[at]) for at in chosen)


def explain(scorer: Scorer, document: Document) -> Explanation:
    """Take apart what the model says about one text."""
    weights, text = scorer.weights, document.text
    words = words_of(text)
    pairs = word_pairs(words)
    tokens = tuple(match.span() for match in _TOKEN.finditer(text))
    positions = [match.start() for match in _WORD.finditer(text)]
    homes = np.searchsorted([start for start, _ in tokens], positions + positions[: len(pairs)], side="right") - 1
    parts = _spread(scorer, word_columns([*words, *pairs]), homes, len(tokens))
    columns, homes = char_occurrences(text)
    parts += _spread(scorer, columns + WORD_COLUMNS, homes, len(tokens))
    dense = np.array(dense_features(document, words, pairs))
    return Explanation(
        tokens=tokens,
        words=parts * (weights.term_scale * weights.slope),
        features=dense[:, np.newaxis] * weights.dense * weights.slope,
        intercept=weights.intercept * weights.slope + weights.offset,
    )


def _spread(scorer: Scorer, columns: Int64s, homes: Int64s, tokens: int) -> Floats:
    """What each token adds by its terms of one kind; a term that stands in several tokens counts evenly for each."""
    if not len(columns):
        return np.zeros((tokens, len(HEADS)))
    distinct, inverse, counts = np.unique(columns, return_inverse=True, return_counts=True)
    values = scorer.weights.idf[distinct].astype(np.float64) * (1.0 + np.log(counts))
    values /= np.sqrt((values * values).sum()) * counts
    amounts = values[inverse][:, np.newaxis] * scorer.weights.terms[columns].astype(np.float64)
    return np.stack([np.bincount(homes, amounts[:, head], tokens) for head in range(len(HEADS))], axis=1)
