"""How good a recipe is on sources it has not seen: leave-one-source-out measures with intervals.

A random split mostly measures which file a row is from; an owner's blog is always a source the model has not seen.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import sparse, stats
from sklearn.metrics import roc_auc_score

from classifier.alike import drawn_together
from classifier.datasets import Example
from classifier.domain import HEADS
from classifier.features import HashedTerms, count_terms
from classifier.scoring import Floats
from classifier.text import read
from classifier.training import Recipe, Targets, fit_heads

SPAM_SOURCES: Final = (
    "youtube-spam-collection", "judol-youtube-id", "sms-spam-collection", "tg-spam-telegram", "janitr-x-posts",
)  # fmt: skip
#: Comments under news articles, in every file that holds copies of them.
NEWS_SOURCES: Final = (
    "civil_comments_cleaned", "civil_toxic_spans", "ham-civil-comments", "jigsaw_civil_mix_sample",
    "fox_news_comments", "ham-fox-news-comments",
)  # fmt: skip
WIKI_SOURCES: Final = ("jigsaw_toxic_train_partial", "wiki_context_toxicity", "wiki_raters_sample")
_FEWEST: Final = 5


@dataclass(frozen=True, slots=True)
class Prepared:
    """Examples with their terms counted once, so that many fits can share the work."""

    examples: tuple[Example, ...]
    sources: npt.NDArray[np.str_]
    words: sparse.csr_array
    chars: sparse.csr_array
    dense: npt.NDArray[np.float32]

    def counts(self, rows: npt.NDArray[Any]) -> tuple[sparse.csr_array, sparse.csr_array, npt.NDArray[np.float32]]:
        """The counted terms of some rows."""
        return self.words[rows], self.chars[rows], self.dense[rows]

    def rows_of(self, sources: Collection[str]) -> npt.NDArray[np.bool_]:
        """Which rows are from these sources, or copies of rows of theirs."""
        found = np.isin(self.sources, list(sources))
        for row, example in enumerate(self.examples):
            if example.also and not found[row]:
                found[row] = not set(sources).isdisjoint(example.also)
        return found


def prepare(examples: Sequence[Example]) -> Prepared:
    """Read and count all examples."""
    counts = count_terms([read(example.text) for example in examples])
    return Prepared(tuple(examples), np.array([example.source for example in examples]), *counts)


@dataclass(frozen=True, slots=True)
class Fitted:
    """A linear model of some heads, before rounding and calibration."""

    features: HashedTerms
    coefficients: npt.NDArray[np.float32]
    intercept: Floats

    def logits(self, prepared: Prepared, rows: npt.NDArray[Any] | None = None) -> Floats:
        """One row per example, or per chosen row; one column per head."""
        chosen = np.arange(len(prepared.examples)) if rows is None else rows
        matrix = self.features.transform_counts(*prepared.counts(chosen))
        return np.asarray(matrix @ self.coefficients + self.intercept)


def fit_without(
    prepared: Prepared, targets: Targets, recipe: Recipe, left_out: npt.NDArray[np.bool_], heads: Sequence[str]
) -> Fitted:
    """A model trained without some rows, on those that have a label for one of the heads."""
    columns = [HEADS.index(head) for head in heads]
    wanted = Targets(targets.values[:, columns], targets.weights[:, columns])
    features = weigh_terms(prepared, targets, recipe, left_out)
    train = np.flatnonzero(~left_out & (wanted.weights.sum(axis=1) > 0))
    matrix = features.transform_counts(*prepared.counts(train))
    found, intercept = fit_heads(matrix, wanted.at(train), recipe, heads=heads)
    return Fitted(features, drawn_together(features, found, heads, recipe.alike), intercept)


def weigh_terms(prepared: Prepared, targets: Targets, recipe: Recipe, left_out: npt.NDArray[np.bool_]) -> HashedTerms:
    """Learn how rare terms are, from the rows that are labelled for abuse.

    The files of spam are a campaign in one language each: beside them, the words of all others look rarer than they
    are in comments. Without any abuse labels, all rows count.
    """
    known = ~left_out & (targets.weights[:, 1:].sum(axis=1) > 0)
    rows = np.flatnonzero(known if known.any() else ~left_out)
    return HashedTerms(recipe.dense_scale).fit_counts(*prepared.counts(rows))


def left_out_logits(
    prepared: Prepared, targets: Targets, recipe: Recipe, left_out: npt.NDArray[np.bool_], heads: Sequence[str]
) -> Floats:
    """Logits of the left-out rows (NaN for the others) by a model trained without them."""
    logits = np.full((len(left_out), len(heads)), np.nan)
    rows = np.flatnonzero(left_out)
    if len(rows):
        logits[rows] = fit_without(prepared, targets, recipe, left_out, heads).logits(prepared, rows)
    return logits


def abuse_areas(
    prepared: Prepared, targets: Targets, logits: Floats, heads: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """The four measures on comments under news articles.

    "civil raw" sets the positives of one file against the negatives of another of the same style.
    """
    toxicity, identity = logits[:, heads.index("toxicity")], logits[:, heads.index("identity_attack")]
    mix = labelled(prepared, targets, "jigsaw_civil_mix_sample", "toxicity")
    raw = labelled(prepared, targets, "civil_toxic_spans", "toxicity")[0]
    cleaned = labelled(prepared, targets, "civil_comments_cleaned", "toxicity")
    fox = labelled(prepared, targets, "fox_news_comments", "identity_attack")
    measures = {
        "civil raw": (toxicity[raw], toxicity[mix[1]]),
        "civil mix": (toxicity[mix[0]], toxicity[mix[1]]),
        "civil cleaned": (toxicity[cleaned[0]], toxicity[cleaned[1]]),
        "fox hate": (identity[fox[0]], identity[fox[1]]),
    }
    return {name: area(*split) for name, split in measures.items() if enough(*split)}


def labelled(
    prepared: Prepared, targets: Targets, source: str, head: str
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Which rows of a source are labelled positive, and which negative, for a head."""
    known = (prepared.sources == source) & np.array([head in example.labels for example in prepared.examples])
    truth = targets.values[:, HEADS.index(head)] >= 0.5
    return known & truth, known & ~truth


def enough(positive: Floats, negative: Floats) -> bool:
    """Whether there are rows of both classes to measure with."""
    return min(len(positive), len(negative)) >= _FEWEST


def area(positive: Floats, negative: Floats) -> dict[str, Any]:
    """Area under the curve with its 95% interval (Hanley and McNeil) and counts."""
    truth = np.repeat([1, 0], [len(positive), len(negative)])
    auc = float(roc_auc_score(truth, np.concatenate([positive, negative])))
    first, second = auc / (2 - auc), 2 * auc * auc / (1 + auc)
    spread = auc * (1 - auc) + (len(positive) - 1) * (first - auc**2) + (len(negative) - 1) * (second - auc**2)
    error = 1.96 * float(np.sqrt(spread / (len(positive) * len(negative))))
    return {
        "auc": round(auc, 4),
        "auc_plus_minus": round(error, 4),
        "positive": len(positive),
        "negative": len(negative),
    }


def share(values: Floats, threshold: float) -> dict[str, Any]:
    """Share of values above a threshold with its 95% Clopper-Pearson interval."""
    return proportion(int((values > threshold).sum()), len(values))


def proportion(hits: int, total: int) -> dict[str, Any]:
    """A share with its 95% Clopper-Pearson interval."""
    low = float(stats.beta.ppf(0.025, hits, total - hits + 1)) if hits else 0.0
    high = float(stats.beta.ppf(0.975, hits + 1, total - hits)) if hits < total else 1.0
    return {"share": round(hits / max(total, 1), 5), "of": total, "low": round(low, 5), "high": round(high, 5)}
