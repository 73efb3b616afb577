"""Fits what a site's moderators taught, with a strong prior at the global model.

Each head is a logistic regression of the labels on ``prior * logit + change``, where the change is a weighted sum of
terms and features whose weights are expected to be small. It is solved in as many unknowns as there are labels
(Newton's method; the kernel is the similarity of the texts), and never needs more than numpy. Labels may be wrong:
each is taken to be mistaken with a small chance, so that one that contradicts everything else soon counts for nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from classifier.adaptation import Rows
from classifier.scoring import Floats, sums

Bools = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.int64]

#: The chance that a label is a slip of the hand.
MISTAKEN: Final = 0.02
#: Spread of the intercept.
_LEVEL: Final = 2.0
#: A dense feature is measured in its own spread on the site, which is taken to be at least about so much.
_LEAST_SPREAD: Final = 0.15
_STEPS: Final = 25
_COLUMNS_AT_ONCE: Final = 4_096
_FEW: Final = 40.0
_PULL: Final = 10.0


@dataclass(frozen=True, slots=True)
class Prior:
    """How far a head may move from the global model.

    ``trust`` is how much of the global logit is believed while the first label is weighed, since a model that has
    never seen a site is surer of itself than it should be; with ``loosens`` labels it is half of that. ``slope`` is the
    spread of a change of it; ``terms`` and ``dense`` are the variances that terms (words and characters alike) and
    dense features bring.
    """

    trust: float
    loosens: float
    slope: float
    terms: float
    dense: float

    def trusted(self, labels: float) -> float:
        """How much of the global logit is believed beside so many labels."""
        return self.trust / (1.0 + labels / self.loosens)

    def scale(self, labels: float) -> float:
        """By what a fitted logit is expected to be too small: without labels the global logit comes out again."""
        return 1.0 + (1.0 / self.trust - 1.0) * _FEW / (_FEW + labels)


#: Found on left-out sources; see docs/decisions/learning-a-site.md.
SPAM: Final = Prior(trust=0.5, loosens=40.0, slope=0.1, terms=64.0, dense=32.0)
ABUSE: Final = Prior(trust=0.5, loosens=2_000.0, slope=0.5, terms=32.0, dense=16.0)


def prior_of(head: str) -> Prior:
    """The prior of a head."""
    return SPAM if head == "spam" else ABUSE


@dataclass(frozen=True, slots=True)
class Kinship:
    """How alike texts are, in their terms and in their dense features."""

    terms: Floats
    dense: Floats
    standard: Floats
    """The dense features, in their spread on the site."""
    middle: Floats
    spread: Floats

    def kernel(self, prior: Prior, logits: Floats) -> Floats:
        """What two texts' changes have in common, under a prior."""
        common = prior.terms * self.terms + prior.dense * self.dense
        return np.asarray(common + _LEVEL**2 + prior.slope**2 * np.outer(logits, logits))


def kinship(rows: Rows) -> Kinship:
    """Compare all texts with one another."""
    middle = rows.dense.mean(axis=0)
    spread = np.sqrt(rows.dense.var(axis=0) + _LEAST_SPREAD**2)
    standard = (rows.dense - middle) / spread
    return Kinship(_shared_terms(rows), standard @ standard.T / standard.shape[1], standard, middle, spread)


def _shared_terms(rows: Rows) -> Floats:
    """Inner products of the texts' terms; a term that stands in one text only says nothing of two."""
    count = len(rows)
    owners = np.repeat(np.arange(count), np.diff(rows.starts))
    shared = sums(rows.values**2, rows.starts)
    products = np.zeros((count, count))
    _, inverse, found = np.unique(rows.columns, return_inverse=True, return_counts=True)
    several = found > 1
    place = np.cumsum(several) - 1
    kept = several[inverse]
    places, owners, values = place[inverse[kept]], owners[kept], rows.values[kept]
    order = np.argsort(places, kind="stable")
    places, owners, values = places[order], owners[order], values[order]
    for start in range(0, int(several.sum()), _COLUMNS_AT_ONCE):
        first, last = np.searchsorted(places, (start, start + _COLUMNS_AT_ONCE))
        block = np.zeros((count, _COLUMNS_AT_ONCE), dtype=np.float32)
        block[owners[first:last], places[first:last] - start] = values[first:last]
        products += block @ block.T
    np.fill_diagonal(products, shared)
    return products


@dataclass(frozen=True, slots=True)
class Fit:
    """The change of one head: a weight for each text it was learnt from.

    ``trust`` times the global logit plus the kernel times ``weights`` is the fitted logit.
    """

    prior: Prior
    trust: float
    weights: Floats


def fit(kernel: Floats, prior: Prior, logits: Floats, truth: Floats, counts: Floats | None = None) -> Fit:
    """Find the most likely change, given the labels of some texts, the kernel among them and their global logits.

    ``counts`` is how much each label counts; one where nothing is said.
    """
    weight = np.ones(len(truth)) if counts is None else counts
    sign = 2.0 * truth - 1.0
    trust = prior.trusted(float(weight.sum()))
    mean = trust * logits
    weights = np.zeros(len(truth))
    value = _likelihood(mean, sign, weight)
    for _ in range(_STEPS):
        aim = _newton(kernel, mean, sign, kernel @ weights, weight)
        step = 1.0
        while step > 1e-3:
            tried = weights + step * (aim - weights)
            change = kernel @ tried
            better = _likelihood(mean + change, sign, weight) - 0.5 * float(tried @ change)
            if better >= value - 1e-12:
                break
            step /= 2
        done = better - value < 1e-6
        if better > value:
            weights, value = tried, better
        if done:
            break
    return Fit(prior, trust, weights)


def _likelihood(logits: Floats, sign: Floats, weight: Floats) -> float:
    return float(weight @ np.log(MISTAKEN + (1 - 2 * MISTAKEN) * _chance(sign * logits)))


def _newton(kernel: Floats, mean: Floats, sign: Floats, change: Floats, weight: Floats) -> Floats:
    """Where the quadratic that touches the objective here has its peak.

    The curvature of a label that is probably a slip is taken from the part of it that is believed, so that it stays
    positive.
    """
    chance = _chance(sign * (mean + change))
    believed = MISTAKEN + (1 - 2 * MISTAKEN) * chance
    slope = weight * sign * (1 - 2 * MISTAKEN) * chance * (1 - chance) / believed
    curve = weight * np.maximum(chance * (1 - chance) * np.maximum((1 - MISTAKEN) * chance / believed, 0.05), 1e-4)
    root = np.sqrt(curve)
    system = root[:, np.newaxis] * kernel * root
    system[np.diag_indices_from(system)] += 1.0
    aim = curve * change + slope
    solved = np.linalg.solve(system, root * (kernel @ aim))
    return np.asarray(aim - root * solved)


def _chance(logits: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -60.0, 60.0))))


@dataclass(frozen=True, slots=True)
class Change:
    """A fit of one head as weights of terms, of dense features and of the global logit."""

    terms: Floats
    dense: Floats
    slope: float
    intercept: float

    def in_chances(self, slope: float, offset: float) -> Change:
        """The same after the fitted logit was made a chance by ``platt``."""
        return Change(self.terms * slope, self.dense * slope, self.slope * slope, self.intercept * slope + offset)


def change_of(found: Fit, rows: Rows, kin: Kinship, logits: Floats, columns: Indices) -> Change:
    """Turn weights of texts into weights of the terms at ``columns`` and of features."""
    prior, weights = found.prior, found.weights
    owners = np.repeat(np.arange(len(rows)), np.diff(rows.starts))
    places = np.searchsorted(columns, rows.columns)
    terms = prior.terms * np.bincount(places, rows.values * weights[owners], len(columns))
    dense = prior.dense / len(kin.spread) * (weights @ kin.standard) / kin.spread
    slope = found.trust + prior.slope**2 * float(weights @ logits)
    intercept = _LEVEL**2 * float(weights.sum()) - float(dense @ kin.middle)
    return Change(np.asarray(terms), np.asarray(dense), slope, intercept)


def area(truth: Floats, logits: Floats) -> float:
    """Area under the ROC curve; ties count half."""
    order = np.argsort(logits, kind="stable")
    _, inverse, counts = np.unique(logits[order], return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks = np.empty(len(logits))
    ranks[order] = (ends - (counts - 1) / 2)[inverse]
    positive = truth >= 0.5
    hits = int(positive.sum())
    return float((ranks[positive].sum() - hits * (hits + 1) / 2) / (hits * (len(truth) - hits)))


def folds_of(truth: Floats, groups: Sequence[int], count: int, seed: int) -> list[Indices]:
    """Test rows of a cross-validation: classes spread alike, and texts of one group never on both sides."""
    rng = np.random.default_rng(seed)
    names, inverse = np.unique(np.asarray(groups), return_inverse=True)
    share = np.bincount(inverse, truth) / np.bincount(inverse)
    order = np.lexsort((rng.permutation(len(names)), -share))
    fold = np.empty(len(names), dtype=np.int64)
    fold[order] = np.arange(len(names)) % count
    return [np.flatnonzero(fold[inverse] == number) for number in range(count)]


def platt(logits: Floats, truth: Floats, expected: float, counts: Floats | None = None) -> tuple[float, float]:
    """Slope and offset that make fitted logits chances, pulled to an expected slope as by ten labels."""
    each = np.ones(len(truth)) if counts is None else counts
    slope, offset = expected, 0.0
    for _ in range(_STEPS):
        chance = _chance(slope * logits + offset)
        error, curve = each * (chance - truth), each * np.maximum(chance * (1 - chance), 1e-6)
        scaled = _PULL / max(expected, 1e-6) ** 2
        gradient = np.array([error @ logits + scaled * (slope - expected), error.sum() + _PULL / 4 * offset])
        cross = float(curve @ logits)
        hessian = np.array([[curve @ logits**2 + scaled, cross], [cross, curve.sum() + _PULL / 4]])
        step = np.linalg.solve(hessian, gradient)
        slope, offset = max(slope - float(step[0]), 0.05 * expected), offset - float(step[1])
        if np.abs(step).max() < 1e-8:
            break
    return slope, offset


def widened(found: Fit, known: Indices, texts: int) -> Fit:
    """The same with a weight for each of all texts: nothing for those that it was not learnt from."""
    weights = np.zeros(texts)
    weights[known] = found.weights
    return Fit(found.prior, found.trust, weights)
