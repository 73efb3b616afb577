"""Curves of an evaluation as short lists of points: precision-recall, calibration, histograms, held against leaked."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from sklearn.metrics import average_precision_score, precision_recall_curve

from classifier.evaluation import proportion
from classifier.scoring import Floats

_POINTS: Final = 200
_BINS: Final = 20
_GROUPS: Final = 10
_DRAWS: Final = 100
Rows = npt.NDArray[np.bool_]


def precision_recall(truth: Rows, scores: Floats) -> dict[str, Any]:
    """The curve and the area under it (average precision) with its 95% bootstrap interval."""
    precision, recall, _ = precision_recall_curve(truth, scores)
    rng = np.random.default_rng(0)
    areas = []
    for _ in range(_DRAWS):
        rows = rng.integers(0, len(truth), len(truth))
        if truth[rows].any():
            areas.append(average_precision_score(truth[rows], scores[rows]))
    low, high = np.quantile(areas, [0.025, 0.975])
    return {
        "average_precision": round(float(average_precision_score(truth, scores)), 4),
        "low": round(float(low), 4),
        "high": round(float(high), 4),
        "points": _thinned(recall[::-1], precision[::-1]),
    }


def calibration(truth: Rows, scores: Floats) -> dict[str, Any]:
    """Groups of as many comments each: what was said on the mean, what was true with its interval, and the gap."""
    order = np.argsort(scores, kind="stable")
    groups = [rows for rows in np.array_split(order, min(_GROUPS, len(order))) if len(rows)]
    bins = [
        {"said": round(float(scores[rows].mean()), 5), "true": proportion(int(truth[rows].sum()), len(rows))}
        for rows in groups
    ]
    gaps = [abs(scores[rows].mean() - truth[rows].mean()) * len(rows) for rows in groups]
    return {
        "bins": bins,
        "mean_gap": round(float(sum(gaps) / len(truth)), 4),
        "brier": round(float(np.mean((scores - truth) ** 2)), 4),
    }


def histogram(truth: Rows, scores: Floats) -> dict[str, Any]:
    """How many comments of each kind got which score."""
    edges = np.linspace(0, 1, _BINS + 1)
    return {
        "edges": [round(float(edge), 3) for edge in edges],
        "positive": np.histogram(scores[truth], edges)[0].tolist(),
        "negative": np.histogram(scores[~truth], edges)[0].tolist(),
    }


def cost_curve(margin: Floats, troubled: Rows) -> list[list[float]]:
    """Share of all comments that is stopped against the share of trouble that leaks, as one line moves."""
    order = np.argsort(-margin, kind="stable")
    caught = np.concatenate([[0], np.cumsum(troubled[order])])
    stopped = np.arange(len(order) + 1) / max(len(order), 1)
    return _thinned(stopped, 1 - caught / max(int(troubled.sum()), 1))


def _thinned(x: Floats, y: Floats) -> list[list[float]]:
    """So many points that a plot looks the same."""
    chosen = np.unique(np.linspace(0, len(x) - 1, min(len(x), _POINTS)).round().astype(int))
    return [[round(float(x[at]), 5), round(float(y[at]), 5)] for at in chosen]
