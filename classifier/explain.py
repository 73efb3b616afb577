"""Where a score comes from: the exact parts of a logit, laid on the words of the text.

The parts of all words, of the dense features and of the intercept add up to the calibrated logit.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
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


def telling_spans(
    scorer: Scorer, document: Document, heads: Sequence[str], most: int = 5
) -> dict[str, tuple[Span, ...]]:
    """The words that speak most for each head, as stretches of the raw text, the strongest first."""
    columns = [HEADS.index(head) for head in heads]
    words = words_of(document.text)
    tokens, parts = _word_parts(scorer, document.text, words, word_pairs(words), columns)
    spans = {}
    for number, head in enumerate(heads):
        strongest = np.argsort(-parts[:, number])[:most]
        chosen = [at for at in strongest if parts[at, number] > max(0.0, parts[strongest[0], number] / 5)]
        spans[head] = tuple(dict.fromkeys(document.raw_span(*tokens[at]) for at in chosen))
    return spans


def explain(scorer: Scorer, document: Document) -> Explanation:
    """Take apart what the model says about one text."""
    weights = scorer.weights
    words = words_of(document.text)
    pairs = word_pairs(words)
    tokens, parts = _word_parts(scorer, document.text, words, pairs, list(range(len(HEADS))))
    dense = np.array(dense_features(document, words, pairs))
    return Explanation(
        tokens=tuple(tokens),
        words=parts,
        features=dense[:, np.newaxis] * weights.dense * weights.slope,
        intercept=weights.intercept * weights.slope + weights.offset,
    )


def _word_parts(
    scorer: Scorer, text: str, words: list[str], pairs: list[str], heads: list[int]
) -> tuple[list[tuple[int, int]], Floats]:
    """The tokens of a normalised text, and what each adds to the logits of some heads."""
    tokens = [match.span() for match in _TOKEN.finditer(text)]
    positions = [match.start() for match in _WORD.finditer(text)]
    homes = np.searchsorted([start for start, _ in tokens], positions + positions[: len(pairs)], side="right") - 1
    parts = _spread(scorer, word_columns([*words, *pairs]), homes, len(tokens), heads)
    columns, homes = char_occurrences(text)
    parts += _spread(scorer, columns + WORD_COLUMNS, homes, len(tokens), heads)
    return tokens, parts * (scorer.weights.term_scale * scorer.weights.slope)[heads]


def _spread(scorer: Scorer, columns: Int64s, homes: Int64s, tokens: int, heads: list[int]) -> Floats:
    """What each token adds by its terms of one kind; a term that stands in several tokens counts evenly for each."""
    if not len(columns):
        return np.zeros((tokens, len(heads)))
    distinct, inverse, counts = np.unique(columns, return_inverse=True, return_counts=True)
    values = scorer.weights.idf[distinct].astype(np.float64) * (1.0 + np.log(counts))
    values /= np.sqrt((values * values).sum()) * counts
    weights = scorer.weights.terms[distinct].astype(np.float64) * values[:, np.newaxis]
    return np.stack([np.bincount(homes, weights[inverse, head], tokens) for head in heads], axis=1)
