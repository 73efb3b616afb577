"""``sluice train``: from data files to a model version on disk."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, TextIO

import numpy as np
import numpy.typing as npt
import scipy
import sklearn
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from scipy import sparse
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold

from classifier.calibration import calibrate
from classifier.datasets import Snapshot, load_snapshot
from classifier.domain import HEADS
from classifier.features import HashedTerms, count_terms
from classifier.registry import save
from classifier.scoring import Floats
from classifier.text import read
from classifier.training import Recipe, Targets, build_targets, fit_heads, load_recipe, quantise

#: Heads that rest on little evidence say so in the manifest.
WEAK_HEADS: Final = {"sexual": "One small source of talk with chatbots (179 positive rows)."}
_FOLDS: Final = 3


def build_model(target: Path, *, recipe: str, data: Sequence[Path], seed: int, log: TextIO) -> str:
    """Train a model version and write it to ``target``; gives back its version string."""
    settings = load_recipe(recipe)
    with Progress(
        TextColumn("{task.description:<28}"), BarColumn(), TimeElapsedColumn(), console=Console(file=log)
    ) as progress:
        steps = progress.add_task("reading", total=_FOLDS + 4)

        def step(description: str) -> None:
            progress.update(steps, advance=1, description=description)

        return _build(target, settings, data, seed, step)


def _build(target: Path, recipe: Recipe, data: Sequence[Path], seed: int, step: Callable[[str], None]) -> str:
    snapshot = load_snapshot(data)
    documents = [read(example.text) for example in snapshot.examples]
    step("counting terms")
    counts = count_terms(documents)
    del documents
    targets = build_targets(snapshot.examples, recipe, np.random.default_rng(seed))
    features = HashedTerms(recipe.dense_scale).fit_counts(*counts)
    matrix = features.transform_counts(*counts)
    del counts
    step("fitting all heads")
    weights = quantise(*fit_heads(matrix, targets, recipe), features.idf_, recipe)
    held_out = out_of_fold(matrix, targets, recipe, seed, step)
    step("calibrating")
    weights = calibrate(weights, held_out, snapshot.examples, targets)
    return save(target, weights, manifest(snapshot, recipe, seed), report(snapshot, targets, held_out))


def out_of_fold(
    matrix: sparse.csr_array, targets: Targets, recipe: Recipe, seed: int, step: Callable[[str], None]
) -> Floats:
    """Logits of every row by a model with the same mix of sources that did not see the row."""
    logits = np.zeros(targets.values.shape)
    folds = KFold(_FOLDS, shuffle=True, random_state=seed)
    for number, (train, test) in enumerate(folds.split(np.zeros(len(logits))), 1):
        step(f"cross-validation {number}/{_FOLDS}")
        coefficients, intercept = fit_heads(matrix[train], targets.at(train), recipe)
        logits[test] = matrix[test] @ coefficients + intercept
    return logits


def manifest(snapshot: Snapshot, recipe: Recipe, seed: int) -> dict[str, Any]:
    """What made a model version, and what its heads are worth."""
    return {
        "name": recipe.name,
        "heads": {head: {"weak": head in WEAK_HEADS, "note": WEAK_HEADS.get(head, "")} for head in HEADS},
        "recipe": asdict(recipe),
        "seed": seed,
        "snapshot": snapshot.digest,
        "rows": len(snapshot.examples),
        "libraries": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "scipy": scipy.__version__,
            "scikit-learn": sklearn.__version__,
            "mmh3": version("mmh3"),
        },
    }


def report(snapshot: Snapshot, targets: Targets, held_out: Floats) -> dict[str, Any]:
    """Area under the curve of every head on each source it has labels of both kinds for, rows never trained on."""
    sources = np.array([example.source for example in snapshot.examples])
    return {
        "measure": "AUC, out of fold; rows of the same source were in training",
        "heads": {head: _areas(column, targets, held_out, sources) for column, head in enumerate(HEADS)},
    }


def _areas(
    column: int, targets: Targets, held_out: Floats, sources: npt.NDArray[np.str_]
) -> dict[str, dict[str, float]]:
    known = targets.weights[:, column] > 0
    areas = {}
    for source in np.unique(sources[known]):
        rows = known & (sources == source)
        truth = targets.values[rows, column] >= 0.5
        if 5 <= truth.sum() < len(truth) - 5:
            area = float(roc_auc_score(truth, held_out[rows, column]))
            areas[str(source)] = {"rows": len(truth), "positive": int(truth.sum()), "auc": round(area, 4)}
    return areas
