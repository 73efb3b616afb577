"""The spam head on sources left out one by one, news ham left out too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks.quality.figures import Figure, auc, caught, drawn, resampled
from benchmarks.quality.workshop import Fit, Workshop
from benchmarks.quality.worlds import World
from classifier.evaluation import NEWS_SOURCES, SPAM_SOURCES
from classifier.scoring import Floats

NEWS = World("news", NEWS_SOURCES)
_NEWS_HAM = ("jigsaw_civil_mix_sample", "fox_news_comments", "ham-fox-news-comments")
_GROUP = "Spam, the source and all news left out"
_PLAIN_NOTE = "words and pieces of words, TF-IDF, logistic regression, on the rows labelled for spam"
_TARGETS = {"AUC": 0.93, "caught at 1% of its own ham": 0.45, "caught at 5% of news ham": 0.77}
Split = tuple[Floats, Floats, Floats]
Statistic = Callable[[Floats, Floats, Floats], float]
_STATISTICS: dict[str, Statistic] = {
    "AUC": lambda spam, ham, _: auc(spam, ham),
    "caught at 1% of its own ham": lambda spam, ham, _: caught(spam, ham, 0.01),
    "caught at 5% of news ham": lambda spam, _, news: caught(spam, news, 0.05),
}


def fits(seeds: Sequence[int]) -> list[Fit]:
    """All fits that ``measure`` needs."""
    ours = [NEWS.spam(source, seed) for seed in seeds for source in SPAM_SOURCES]
    return [*ours, *(_plain(source) for source in SPAM_SOURCES)]


def _plain(source: str) -> Fit:
    return Fit(without=(*NEWS.without, source), heads=("spam",), plain=True)


def measure(shop: Workshop, seeds: Sequence[int]) -> list[Figure]:
    """Per source and on the mean; an interval holds both the choice of rows and the seed."""
    news = np.isin(shop.prepared.sources, _NEWS_HAM)
    ours = {source: [_split(shop, NEWS.spam(source, seed), source, news) for seed in seeds] for source in SPAM_SOURCES}
    plain = {source: [_split(shop, _plain(source), source, news)] for source in SPAM_SOURCES}
    figures = []
    for column, statistic in _STATISTICS.items():
        for source, splits in ours.items():
            of = sum(map(len, splits[0][:2]))
            figures.append(_mean(source, column, statistic, {source: splits}, of=of))
        figures.append(_mean("mean", column, statistic, ours, at_least=_TARGETS[column]))
        note = _PLAIN_NOTE if column == "AUC" else ""
        figures.append(_mean("mean, plain baseline", column, statistic, plain, note=note))
    return figures


def _split(shop: Workshop, fit: Fit, source: str, news: np.ndarray) -> Split:
    positive, negative = shop.labelled("spam", (source,))
    return tuple(shop.logits(fit, rows, "spam") for rows in (positive, negative, news))  # type: ignore[return-value]


def _mean(name: str, column: str, statistic: Statistic, splits: dict[str, list[Split]], **more: Any) -> Figure:
    def value(rng: np.random.Generator | None) -> float:
        found = []
        for of_seed in splits.values():
            chosen = of_seed if rng is None else [of_seed[rng.integers(len(of_seed))]]
            found.append(np.mean([statistic(*(resampled(part, rng) for part in split)) for split in chosen]))
        return float(np.mean(found))

    return drawn(_GROUP, name, value, column=column, kind="number", **more)
