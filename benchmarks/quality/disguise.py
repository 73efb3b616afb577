"""The attack suite: what is still caught when every longer word is disguised, and what a disguise alone does."""

from __future__ import annotations

import random
from typing import Final

import numpy as np

from benchmarks.quality.abuse import FOLD
from benchmarks.quality.figures import Figure, counted, drawn
from benchmarks.quality.workshop import Fit, Workshop
from classifier.attacks import ATTACKS, Attack
from classifier.domain import HEADS
from classifier.scoring import Floats, Scorer
from classifier.training import quantise

_GROUP: Final = "Under disguise, at the threshold that 1% of clean negatives pass"
_ASKED: Final = 800
_PASSING: Final = 0.01
_HEADS: Final = ("spam", "toxicity")


def fits() -> list[Fit]:
    """All fits that ``measure`` needs."""
    return [FOLD]


def measure(shop: Workshop) -> list[Figure]:
    """Recall at the threshold that one in a hundred clean negatives passes, by a model that has not seen the rows."""
    fitted = shop.fitted(FOLD)
    scorer = Scorer("fold", quantise(fitted.coefficients, fitted.intercept, fitted.features.idf_, shop.recipe))
    english = shop.fold & (shop.languages == "en")
    figures: list[Figure] = []
    for head in _HEADS:
        rng = np.random.default_rng(1)
        positive, negative = (rows & english for rows in shop.labelled(head))
        limit = float(np.quantile(shop.logits(FOLD, negative, head), 1 - _PASSING))
        spam = [shop.examples[row].text for row in rng.permutation(np.flatnonzero(positive))[:_ASKED]]
        ham = [shop.examples[row].text for row in rng.permutation(np.flatnonzero(negative))[:_ASKED]]
        clean = _over(scorer, spam, head, limit)
        column = f"{head}, share of clean recall kept"
        figures.append(counted(_GROUP, "clean recall itself", int(clean.sum()), len(clean), column=column))
        for name, attack in ATTACKS.items():
            caught = _over(scorer, _attacked(attack, name, spam), head, limit)
            figures.append(_kept(name, column, clean, caught))
            if head != "spam":
                over = _over(scorer, _attacked(attack, name, ham), head, limit)
                alarms = f"{head}, disguised negatives over the line"
                hits = int(over.sum())
                figures.append(counted(_GROUP, name, hits, len(over), column=alarms, at_most=_PASSING))
    return figures


def _attacked(attack: Attack, name: str, texts: list[str]) -> list[str]:
    chance = random.Random(name)
    return [attack(text, chance) for text in texts]


def _over(scorer: Scorer, texts: list[str], head: str, limit: float) -> np.ndarray:
    logits: Floats = scorer.logits(texts)[:, HEADS.index(head)]
    return np.asarray(logits > limit)


def _kept(name: str, column: str, clean: np.ndarray, caught: np.ndarray) -> Figure:
    def value(rng: np.random.Generator | None) -> float:
        rows = np.arange(len(clean)) if rng is None else rng.integers(0, len(clean), len(clean))
        return float(caught[rows].sum() / max(clean[rows].sum(), 1))

    return drawn(_GROUP, name, value, column=column, of=len(clean), at_least=0.9)
