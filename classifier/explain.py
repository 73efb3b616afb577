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
from classifier.hashing import WORD_COLUMNS, Terms, char_occurrences, char_terms, word_column, word_pairs, word_terms
from classifier.scoring import Scorer, term_values
from classifier.text import Document, words_of

_TOKEN: Final = re.compile(r"\S+")
_WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Part:
    """What one stretch of the normalised text adds to a logit."""

    start: int
    end: int
    weight: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """A logit taken apart: words of the text, named dense features, and the rest that is always there."""

    words: tuple[Part, ...]
    features: dict[str, float]
    intercept: float

    @property
    def total(self) -> float:
        """The calibrated logit."""
        return sum(part.weight for part in self.words) + sum(self.features.values()) + self.intercept


def explain(scorer: Scorer, document: Document, head: str) -> Explanation:
    """Take apart what the model says about one text on one head."""
    column = HEADS.index(head)
    weights, text = scorer.weights, document.text
    slope = float(weights.slope[column])
    words = words_of(text)
    pairs = word_pairs(words)
    tokens = [match.span() for match in _TOKEN.finditer(text)]
    amounts = np.zeros(len(tokens))
    starts = np.array([start for start, _ in tokens])

    def spread(terms: dict[int, float], found: list[tuple[int, int]]) -> None:
        """Give each occurrence of a term its even share."""
        counts: dict[int, int] = {}
        for key, _ in found:
            counts[key] = counts.get(key, 0) + 1
        for key, position in found:
            amounts[np.searchsorted(starts, position, side="right") - 1] += terms[key] / counts[key]

    spans = [match.start() for match in _WORD.finditer(text)]
    found = [(word_column(word), position) for word, position in zip(words, spans, strict=True)]
    found += [(word_column(pair), position) for pair, position in zip(pairs, spans, strict=False)]
    spread(_parts(scorer, column, word_terms([words], [pairs]), 0), found)
    spread(_parts(scorer, column, char_terms([text]), WORD_COLUMNS), char_occurrences(text))
    dense = np.array(dense_features(document, words, pairs)) * weights.dense[:, column] * slope
    return Explanation(
        words=tuple(Part(*token, float(amount)) for token, amount in zip(tokens, amounts, strict=True)),
        features={name: float(value) for name, value in zip(DENSE, dense, strict=True) if value},
        intercept=float(weights.intercept[column] * slope + weights.offset[column]),
    )


def telling_spans(scorer: Scorer, document: Document, head: str, most: int = 5) -> tuple[Span, ...]:
    """The words that speak most for a head, as stretches of the raw text, the strongest first."""
    parts = sorted(explain(scorer, document, head).words, key=lambda part: -part.weight)[:most]
    loudest = parts[0].weight if parts else 0.0
    chosen = [part for part in parts if part.weight > 0 and part.weight > loudest / 5]
    return tuple(document.raw_span(part.start, part.end) for part in chosen)


def _parts(scorer: Scorer, column: int, terms: Terms, base: int) -> dict[int, float]:
    """What each distinct term of one kind adds to the logit."""
    weights = scorer.weights
    columns = terms.columns + base
    values = term_values(terms, weights.idf[columns].astype(np.float64))
    scale = weights.term_scale[column] * weights.slope[column]
    amounts = values * weights.terms[columns, column].astype(np.float64) * scale
    return dict(zip(terms.columns.tolist(), amounts.tolist(), strict=True))
