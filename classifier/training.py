"""Fitting: examples and a recipe in, a model version out; the same three (data, recipe, seed) give the same bytes."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import optimize, sparse

from classifier.datasets import Example
from classifier.dense import DISGUISE_FEATURES
from classifier.domain import HEADS
from classifier.hashing import CHAR_COLUMNS, WORD_COLUMNS
from classifier.meaning import meanings
from classifier.scoring import Floats, Weights

RECIPES: Final = Path(__file__).parent / "recipes"
TERM_COLUMNS: Final = WORD_COLUMNS + CHAR_COLUMNS


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """An experiment: everything that shapes a model beside data and seed."""

    name: str
    dense_scale: float = 0.05  # how loud the dense features are beside terms
    abuse_dense_scale: float = 0.05  # the same for the abuse heads
    strength: float = 8.0  # inverse of the regularisation of the spam head, as scikit-learn's C
    abuse_strength: float = 8.0  # the same for all other heads
    head_strength: Mapping[str, float] = field(default_factory=dict)  # the same for single heads
    alike: float = 0.0  # the share of the differences between words for groups of people that is taken away
    meaning: float = 0.0  # how loud the meanings of words are for the abuse heads; 0: words are only themselves
    iterations: int = 60
    source_power: float = 0.5  # for the spam head a source of n rows weighs n ** source_power
    abuse_source_power: float = 0.5  # the same for all other heads
    balance: float = 0.5  # 0: classes as they come; 1: both classes of a head weigh alike
    synthetic_rows: int = 400  # rows of our own templates, of each kind
    disguised_rows: int = 1500  # copies of those with some words in disguise
    assume_ham: Mapping[str, int] = field(default_factory=dict)  # rows per abuse source taken as "not spam"
    source_weight: Mapping[str, float] = field(default_factory=dict)
    head_source_weight: Mapping[str, Mapping[str, float]] = field(default_factory=dict)  # head -> the same for it alone
    ignore: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # head -> sources whose labels it leaves out


def load_recipe(name: str) -> Recipe:
    """A recipe that ships with Sluice, by name, or one from a file, by path."""
    path = Path(name) if name.endswith(".toml") else RECIPES / f"{name}.toml"
    fields = tomllib.loads(path.read_text(encoding="utf-8"))
    unknown = set(fields) - set(Recipe.__dataclass_fields__)
    if unknown:
        message = f"{path}: unknown settings {', '.join(sorted(unknown))}."
        raise ValueError(message)
    fields["ignore"] = {head: tuple(sources) for head, sources in fields.get("ignore", {}).items()}
    return Recipe(**{"name": path.stem, **fields})


@dataclass(frozen=True, slots=True)
class Targets:
    """What each head should learn of each row: ``values`` in 0..1 and ``weights``, zero where the label is unknown."""

    values: npt.NDArray[np.float32]
    weights: npt.NDArray[np.float32]

    def at(self, rows: npt.NDArray[Any]) -> Targets:
        """The targets of some rows."""
        return Targets(self.values[rows], self.weights[rows])


def build_targets(examples: Sequence[Example], recipe: Recipe, rng: np.random.Generator) -> Targets:
    """Targets of all rows under a recipe."""
    values = np.zeros((len(examples), len(HEADS)), dtype=np.float32)
    known = np.zeros_like(values, dtype=bool)
    sources = np.array([example.source for example in examples])
    for row, example in enumerate(examples):
        for head, value in example.labels.items():
            column = HEADS.index(head)
            values[row, column] = value
            known[row, column] = example.source not in recipe.ignore.get(head, ())
    spam = HEADS.index("spam")
    for source, count in recipe.assume_ham.items():
        rows = np.flatnonzero((sources == source) & ~known[:, spam])
        known[rng.permutation(rows)[:count], spam] = True
    return Targets(values, _row_weights(values, known, sources, recipe))


def _row_weights(
    values: npt.NDArray[np.float32], known: npt.NDArray[np.bool_], sources: npt.NDArray[np.str_], recipe: Recipe
) -> npt.NDArray[np.float32]:
    """Large sources are damped, classes are balanced, and a head's weights sum to its number of rows."""
    weights = np.zeros_like(values)
    for column in range(len(HEADS)):
        rows = known[:, column]
        if not rows.any():
            continue
        head = HEADS[column]
        power = recipe.source_power if head == "spam" else recipe.abuse_source_power
        factors = {**recipe.source_weight, **recipe.head_source_weight.get(head, {})}
        weight = np.zeros(len(values))
        for source in np.unique(sources[rows]):
            chosen = rows & (sources == source)
            weight[chosen] = chosen.sum() ** (power - 1) * factors.get(str(source), 1.0)
        positive = (weight * values[:, column]).sum()
        negative = weight.sum() - positive
        if positive > 0 and negative > 0:
            shift = (negative / positive) ** (recipe.balance / 2)
            weight *= values[:, column] * shift + (1 - values[:, column]) / shift
        weights[:, column] = weight * rows.sum() / weight.sum()
    return weights


def fit_heads(
    matrix: sparse.csr_array, targets: Targets, recipe: Recipe, heads: Sequence[str] = HEADS
) -> tuple[npt.NDArray[np.float32], Floats]:
    """Logistic regression of each head on the rows that have its label; coefficients (columns x heads), intercepts."""
    coefficients = np.zeros((matrix.shape[1], len(heads)), dtype=np.float32)
    intercept = np.zeros(len(heads))
    mask = _column_mask(matrix.shape[1], heads)
    for column, head in enumerate(heads):
        rows = np.flatnonzero(targets.weights[:, column])
        if len(rows):
            known = Targets(targets.values[rows, column], targets.weights[rows, column])
            parts = _fit_head(matrix[rows], known, mask[:, column], recipe, head)
            coefficients[:, column], intercept[column] = parts
    return coefficients, intercept


def _fit_head(
    matrix: sparse.csr_array, targets: Targets, mask: npt.NDArray[np.float32], recipe: Recipe, head: str
) -> tuple[npt.NDArray[np.float32], float]:
    """L-BFGS on the weighted log loss of one head; masked columns stay zero.

    An abuse head also learns a direction in the space of meanings: what it adds to a word is that word's share of it,
    so that rare words lean on frequent ones of like meaning. It is folded into the weights of the words at once.
    """
    transposed = matrix.T.tocsr()
    columns = matrix.shape[1]
    total = float(targets.weights.sum())
    shares = targets.weights / total
    abuse = head != "spam"
    strength = recipe.head_strength.get(head, recipe.abuse_strength if abuse else recipe.strength)
    space = meanings() * np.float32(recipe.meaning) if abuse and recipe.meaning else None
    directions = 0 if space is None else space.shape[1]
    reach = mask.copy()
    if abuse:
        reach[TERM_COLUMNS:] *= recipe.abuse_dense_scale / recipe.dense_scale

    def folded(flat: Floats) -> npt.NDArray[np.float32]:
        weights = flat[:columns].astype(np.float32) * reach
        if space is not None:
            weights[:WORD_COLUMNS] += space @ flat[columns:-1].astype(np.float32)
        return weights

    def loss(flat: Floats) -> tuple[float, Floats]:
        logits = matrix @ folded(flat) + np.float32(flat[-1])
        chance = 1 / (1 + np.exp(-np.clip(logits, -30, 30)))
        error = (chance - targets.values) * shares
        penalty = flat[:-1] / (strength * total)
        value = float(((np.logaddexp(0, logits) - targets.values * logits) * shares).sum(dtype=np.float64))
        value += 0.5 * float(penalty @ flat[:-1])
        by_column = transposed @ error.astype(np.float32)
        gradient = penalty.copy()
        gradient[:columns] += by_column * reach
        if space is not None:
            gradient[columns:] += space.T @ by_column[:WORD_COLUMNS]
        return value, np.append(gradient, error.sum(dtype=np.float64))

    result = optimize.minimize(
        loss,
        np.zeros(columns + directions + 1),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": recipe.iterations, "maxcor": 8, "maxfun": recipe.iterations * 2},
    )
    return folded(result.x), float(result.x[-1])


def _column_mask(columns: int, heads: Sequence[str]) -> npt.NDArray[np.float32]:
    """Disguise is never evidence of abuse: those columns belong to the spam head alone."""
    mask = np.ones((columns, len(heads)), dtype=np.float32)
    abuse = [column for column, head in enumerate(heads) if head != "spam"]
    for feature in DISGUISE_FEATURES:
        mask[TERM_COLUMNS + feature, abuse] = 0
    return mask


def quantise(
    coefficients: npt.NDArray[np.float32], intercept: Floats, idf: npt.NDArray[np.float16], recipe: Recipe
) -> Weights:
    """Round the term weights to whole numbers of one byte, each head on its own scale."""
    terms = coefficients[:TERM_COLUMNS]
    scale = np.maximum(np.abs(terms).max(axis=0), 1e-9).astype(np.float64) / 127
    heads = len(HEADS)
    return Weights(
        terms=np.rint(terms / scale).astype(np.int8),
        term_scale=scale,
        idf=idf,
        dense=coefficients[TERM_COLUMNS:].astype(np.float64) * recipe.dense_scale,
        intercept=intercept.astype(np.float64),
        slope=np.ones(heads),
        offset=np.zeros(heads),
    )
