"""The abuse heads with whole sources left out, and each head in each language, beside the plain baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.quality.figures import Figure, auc, drawn, resampled
from benchmarks.quality.spam import NEWS
from benchmarks.quality.workshop import Fit, Rows, Workshop
from classifier.domain import HEADS
from classifier.evaluation import WIKI_SOURCES
from classifier.scoring import Floats

FOLD = Fit(fold=True)
_ABUSE = HEADS[1:]
WIKI = Fit(
    without=WIKI_SOURCES, heads=("toxicity", "severe_toxicity", "insult", "threat", "identity_attack", "obscene")
)
SURGE = Fit(without=("surge_toxicity",), heads=("toxicity",))
DAVIDSON = Fit(without=("davidson2017",), heads=("toxicity", "identity_attack"))
_LEFT_OUT = "Abuse, whole sources left out"
_BY_HEAD = "Abuse, a random third left out: AUC within a source less that of the baseline, mean of the sources"
_FEWEST = 40


@dataclass(frozen=True, slots=True)
class Question:
    """Positives and negatives that a head should tell apart."""

    name: str
    fit: Fit
    head: str
    positive: Rows
    negative: Rows
    target: float | None = None


def fits() -> list[Fit]:
    """All fits that ``measure`` needs beside the world without news."""
    ours = [WIKI, SURGE, DAVIDSON, FOLD]
    return [NEWS.main, *ours, *(_plain(fit) for fit in (NEWS.main, *ours))]


def _plain(fit: Fit) -> Fit:
    heads = _ABUSE if fit == NEWS.main else fit.heads
    return Fit(without=fit.without, heads=heads, fold=fit.fold, plain=True)


def measure(shop: Workshop) -> list[Figure]:
    """Left-out sources with their targets, then everything beside the baseline."""
    figures = []
    for question in questions(shop):
        ours = _logits(shop, question.fit, question)
        figures.append(_area(question, ours))
        pair = (ours, _logits(shop, _plain(question.fit), question))
        figures.append(_difference(_LEFT_OUT, question.name, [pair], column="less the plain baseline's"))
    return [*figures, *by_head_and_language(shop)]


def questions(shop: Workshop) -> list[Question]:
    """What is asked of the left-out sources."""
    mix = shop.labelled("toxicity", ("jigsaw_civil_mix_sample",))
    raw = shop.labelled("toxicity", ("civil_toxic_spans",))[0]
    cleaned = shop.labelled("toxicity", ("civil_comments_cleaned",))
    found = [
        Question("civil raw", NEWS.main, "toxicity", raw, mix[1], 0.94),
        Question("civil mix", NEWS.main, "toxicity", *mix, 0.88),
        Question("civil cleaned", NEWS.main, "toxicity", *cleaned, 0.87),
        Question("fox hate", NEWS.main, "identity_attack", *shop.labelled("identity_attack", ("fox_news_comments",))),
        Question("wiki", WIKI, "toxicity", *shop.labelled("toxicity", ("jigsaw_toxic_train_partial",)), 0.95),
        Question("surge", SURGE, "toxicity", *shop.labelled("toxicity", ("surge_toxicity",))),
        Question("davidson", DAVIDSON, "toxicity", *shop.labelled("toxicity", ("davidson2017",))),
        Question("davidson hate", DAVIDSON, "identity_attack", *shop.labelled("identity_attack", ("davidson2017",))),
    ]
    for name, fit, source in (
        ("wiki", WIKI, "jigsaw_toxic_train_partial"),
        ("civil spans", NEWS.main, "civil_toxic_spans"),
    ):
        found += [
            Question(f"{name}, {head}", fit, head, *shop.labelled(head, (source,)))
            for head in _ABUSE[1:]
            if head in fit.heads
        ]
    return [each for each in found if min(each.positive.sum(), each.negative.sum()) >= _FEWEST]


def by_head_and_language(shop: Workshop) -> list[Figure]:
    """Rows of a random third; what tells sources apart does not help here, since each source is asked by itself."""
    figures = []
    languages = shop.languages
    sources = np.unique(shop.prepared.sources[: shop.own])
    for head in HEADS:
        for language in np.unique(languages[: shop.own]):
            pairs = []
            for source in sources:
                chosen = shop.fold & (languages == language)
                positive, negative = (rows & chosen for rows in shop.labelled(head, (str(source),)))
                question = Question("", FOLD, head, positive, negative)
                if min(positive.sum(), negative.sum()) >= _FEWEST:
                    pairs.append((_logits(shop, FOLD, question), _logits(shop, _plain(FOLD), question)))
            if pairs:
                figures.append(_difference(_BY_HEAD, f"{head}, {language} ({len(pairs)})", pairs))
    return figures


Split = tuple[Floats, Floats]


def _logits(shop: Workshop, fit: Fit, question: Question) -> Split:
    return (
        shop.logits(fit, question.positive, question.head),
        shop.logits(fit, question.negative, question.head),
    )


def _area(question: Question, ours: Split) -> Figure:
    def value(rng: np.random.Generator | None) -> float:
        return auc(resampled(ours[0], rng), resampled(ours[1], rng))

    of = len(ours[0]) + len(ours[1])
    target = question.target
    return drawn(_LEFT_OUT, question.name, value, of=of, at_least=target, column="AUC", kind="number")


def _difference(group: str, name: str, pairs: Sequence[tuple[Split, Split]], column: str = "") -> Figure:
    """Ours less the baseline on the same rows, drawn together."""

    def value(rng: np.random.Generator | None) -> float:
        found = []
        for ours, plain in pairs:
            places = [resampled(np.arange(len(part)), rng) for part in ours]
            found.append(
                auc(*(part[at] for part, at in zip(ours, places, strict=True)))
                - auc(*(part[at] for part, at in zip(plain, places, strict=True)))
            )
        return float(np.mean(found))

    of = sum(len(part) for ours, _ in pairs for part in ours)
    return drawn(group, name, value, of=of, at_least=0.0, kind="number", column=column)
