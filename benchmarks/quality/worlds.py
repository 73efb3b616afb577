"""A model that never saw some sources, with thresholds that never saw them either.

The calibration is made as ``sluice train`` makes it, by models of the same training mix: the abuse heads on the
held-out third of the rows that are left, the spam head on one spam source after another, each left out as well.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from benchmarks.quality.workshop import Fit, Rows, Workshop
from classifier.calibration import calibrate
from classifier.domain import HEADS
from classifier.evaluation import SPAM_SOURCES
from classifier.scoring import Floats, Scorer, Weights
from classifier.training import quantise

SPAM = HEADS.index("spam")


@dataclass(frozen=True, slots=True)
class World:
    """Everything as if some sources did not exist."""

    name: str
    without: tuple[str, ...]

    @property
    def main(self) -> Fit:
        """The model."""
        return Fit(without=self.without)

    @property
    def held_out(self) -> Fit:
        """The model whose logits of unseen rows calibrate the abuse heads."""
        return Fit(without=self.without, heads=HEADS[1:], fold=True)

    def spam(self, source: str, seed: int = 0) -> Fit:
        """A model of spam that has not seen this spam source either."""
        return Fit(without=(*self.without, source), heads=("spam",), seed=seed)

    def fits(self) -> list[Fit]:
        """All fits that ``scorer`` needs."""
        return [self.main, self.held_out, *(self.spam(source) for source in SPAM_SOURCES)]

    def scorer(self, shop: Workshop) -> Scorer:
        """The model, rounded and calibrated as the shipped one is."""
        fitted = shop.fitted(self.main)
        weights = quantise(fitted.coefficients, fitted.intercept, fitted.features.idf_, shop.recipe)
        known = ~shop.prepared.rows_of(self.without)
        rows = known & shop.fold
        abuse = shop.fitted(self.held_out).logits(shop.prepared, np.flatnonzero(rows))
        logits = np.column_stack([np.zeros(len(abuse)), abuse])
        return _calibrated(shop, f"without {self.name}", weights, logits, rows, self)


def fold_scorer(shop: Workshop, fit: Fit, rows: Rows, spam: World) -> Scorer:
    """The model without the held-out third: some rows of that third calibrate the abuse heads, a world spam."""
    fitted = shop.fitted(fit)
    weights = quantise(fitted.coefficients, fitted.intercept, fitted.features.idf_, shop.recipe)
    return _calibrated(shop, "fold", weights, fitted.logits(shop.prepared, np.flatnonzero(rows)), rows, spam)


def _calibrated(shop: Workshop, name: str, weights: Weights, logits: Floats, rows: Rows, spam: World) -> Scorer:
    targets = shop.targets()
    places = np.flatnonzero(rows)
    nowhere = np.full(len(places), np.nan)
    examples = [shop.examples[row] for row in places]
    found = calibrate(weights, logits, nowhere, examples, targets.at(places))
    places, left_out = spam_left_out(shop, spam)
    filler = np.zeros((len(places), len(HEADS)))
    by_source = calibrate(weights, filler, left_out, [shop.examples[row] for row in places], targets.at(places))
    slope, offset = found.slope.copy(), found.offset.copy()
    slope[SPAM], offset[SPAM] = by_source.slope[SPAM], by_source.offset[SPAM]
    return Scorer(name, replace(found, slope=slope, offset=offset))


def spam_left_out(shop: Workshop, world: World) -> tuple[npt.NDArray[np.int64], Floats]:
    """Rows of the spam sources, and their logits by models that have not seen the source."""
    places, logits = [], []
    for source in SPAM_SOURCES:
        rows = shop.prepared.sources == source
        places.append(np.flatnonzero(rows))
        logits.append(shop.logits(world.spam(source), rows, "spam"))
    return np.concatenate(places), np.concatenate(logits)
