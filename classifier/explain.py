"""Where a score comes from: the exact parts of a logit, laid on the words of the text.

The parts of all words, of the dense features and of the intercept add up to the calibrated logit.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

import numpy as np

from classifier.dense import dense_features
from classifier.domain import HEADS, Span
from classifier.hashing import WORD_COLUMNS, Int64s, char_occurrences, word_columns, word_pairs
from classifier.scoring import Floats, Scorer, Weights
from classifier.text import HANDLE_MARK, MAIL_MARK, Document, words_of

_TOKEN: Final = re.compile(r"\S+")
_WORD: Final = re.compile(r"\w+")
#: A token without the signs around it.
_CORE: Final = re.compile(r"\w(?:\S*\w)?")
_MARKS: Final = {MAIL_MARK: "the e-mail address", HANDLE_MARK: "the handle"}
_LONGEST_QUOTE: Final = 40


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the normalised text without the signs around it, or all visible links; what it adds to each head."""

    text: str | None
    document: Document
    places: tuple[tuple[int, int], ...]
    parts: Floats

    @property
    def spans(self) -> tuple[Span, ...]:
        """Where it stands in the raw text."""
        return tuple(dict.fromkeys(self.document.raw_span(*place) for place in self.places))

    @property
    def quoted(self) -> str:
        """How it is named to people; what stands for an address or a handle says that."""
        if self.text is None:
            return "the link" if len(self.spans) == 1 else "the links"
        if self.text in _MARKS:
            return _MARKS[self.text]
        shown = self.text if len(self.text) <= _LONGEST_QUOTE else f"{self.text[:_LONGEST_QUOTE]}…"
        return f"the word “{shown}”"


@dataclass(frozen=True, slots=True)
class Words:
    """What each word of a text adds to the logits of some heads."""

    document: Document
    heads: Sequence[str]
    tokens: Sequence[tuple[int, int]]
    """Stretches of the normalised text between spaces."""
    parts: Floats
    """One row per token, one column per head."""

    def span(self, token: int) -> Span:
        """The raw text behind a token."""
        return self.document.raw_span(*self.tokens[token])

    def by_word(self) -> list[Word]:
        """The same by what it reads: a word wherever it stands, and all that is shown of links as one."""
        text = self.document.text
        places = [core.span() if (core := _CORE.search(text, *token)) else token for token in self.tokens]
        linked = _inside_links(self.document, places)
        found: dict[str | None, list[tuple[int, int]]] = {}
        numbers: dict[str | None, int] = {}
        homes = []
        for at, place in enumerate(places):
            word = None if at in linked else text[slice(*place)]
            homes.append(numbers.setdefault(word, len(numbers)))
            found.setdefault(word, []).append(place)
        sums = np.zeros((len(found), len(self.heads)))
        np.add.at(sums, homes, self.parts)
        return [Word(word, self.document, tuple(where), sums[at]) for at, (word, where) in enumerate(found.items())]

    def telling(self, head: str, most: int = 5) -> tuple[Span, ...]:
        """The words that speak most for a head, as stretches of the raw text, the strongest first."""
        column = self.parts[:, self.heads.index(head)]
        strongest = np.argsort(-column, kind="stable")[:most]
        chosen = [at for at in strongest.tolist() if column[at] > max(0.0, column[strongest[0]] / 5)]
        return tuple(dict.fromkeys(self.span(at) for at in chosen))


def _inside_links(document: Document, places: Sequence[tuple[int, int]]) -> frozenset[int]:
    """Which stretches of the normalised text were read from links; raw places rise with them, so few are mapped."""

    def raw_start(at: int) -> int:
        return document.raw_span(*places[at]).start

    inside: set[int] = set()
    for link in document.links:
        if link.hidden:
            continue
        at = bisect_left(range(len(places)), link.span.start, key=raw_start)
        while at < len(places) and document.raw_span(*places[at]).end <= link.span.end:
            inside.add(at)
            at += 1
    return frozenset(inside)


@dataclass(frozen=True, slots=True)
class Explanation:
    """The logits of all heads taken apart; every table has one column per head."""

    words: Words
    features: Floats
    """One row per dense feature, in the order of ``DENSE``; ``values`` are what they were in this text."""
    values: Floats
    intercept: Floats

    @property
    def total(self) -> Floats:
        """The calibrated logits."""
        return np.asarray(self.words.parts.sum(axis=0) + self.features.sum(axis=0) + self.intercept)


def explain(scorer: Scorer, document: Document) -> Explanation:
    """Take apart what the model says about one text."""
    weights = scorer.weights
    dense = np.array(dense_features(document))
    return Explanation(
        words=weigh_words(scorer, [document], HEADS)[0],
        features=dense[:, np.newaxis] * weights.dense * weights.slope,
        values=dense,
        intercept=weights.intercept * weights.slope + weights.offset,
    )


def weigh_words(scorer: Scorer, documents: Sequence[Document], heads: Sequence[str]) -> list[Words]:
    """What each word of each text adds to the logits of some heads; a batch costs each of its texts less."""
    texts = [document.text for document in documents]
    tokens = [[match.span() for match in _TOKEN.finditer(text)] for text in texts]
    firsts = np.array([0, *accumulate(map(len, tokens))])
    columns = [HEADS.index(head) for head in heads]
    parts = np.zeros((firsts[-1], len(heads)))
    for terms in (_words_and_pairs(texts, tokens, firsts), _pieces(texts, tokens)):
        _spread(scorer.weights, terms, columns, parts)
    parts *= (scorer.weights.term_scale * scorer.weights.slope)[columns]
    return [
        Words(document, heads, found, parts[first:last])
        for document, found, first, last in zip(documents, tokens, firsts[:-1], firsts[1:], strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Terms:
    """Every term of one kind in some texts: its text, its column, and the token that it stands or begins in."""

    owners: Int64s
    columns: Int64s
    homes: Int64s


def _words_and_pairs(texts: Sequence[str], tokens: Sequence[list[tuple[int, int]]], firsts: Int64s) -> _Terms:
    terms: list[str] = []
    homes: list[Int64s] = []
    sizes = []
    for text, stretches, first in zip(texts, tokens, firsts.tolist(), strict=False):
        words = words_of(text)
        pairs = word_pairs(words)
        starts = [match.start() for match in _WORD.finditer(text)]
        home = np.searchsorted([start for start, _ in stretches], starts, side="right") - 1 + first
        terms += words
        terms += pairs
        homes += [home, home[: len(pairs)]]
        sizes.append(len(words) + len(pairs))
    owners = np.repeat(np.arange(len(texts), dtype=np.int64), sizes)
    return _Terms(owners, word_columns(terms), np.concatenate(homes))


def _pieces(texts: Sequence[str], tokens: Sequence[list[tuple[int, int]]]) -> _Terms:
    words = [[text[start:end] for start, end in stretches] for text, stretches in zip(texts, tokens, strict=True)]
    owners, columns, homes = char_occurrences(words)
    return _Terms(owners, columns + WORD_COLUMNS, homes)


def _spread(weights: Weights, terms: _Terms, heads: Sequence[int], parts: Floats) -> None:
    """Add to ``parts`` what terms of one kind give; one that stands in several tokens counts evenly for each."""
    if not len(terms.columns):
        return
    keys = (terms.owners << 32) | terms.columns
    distinct, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
    owners, columns = distinct >> 32, distinct & 0xFFFFFFFF
    values = weights.idf[columns].astype(np.float64) * (1.0 + np.log(counts))
    values /= np.sqrt(np.bincount(owners, values * values))[owners] * counts
    given = weights.terms[columns][:, heads].astype(np.float64) * values[:, np.newaxis]
    for at in range(len(heads)):
        parts[:, at] += np.bincount(terms.homes, given[inverse, at], len(parts))
