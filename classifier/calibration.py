"""From the logit of a linear model to a probability, after the weights were rounded.

Abuse heads are calibrated on the sources that look like comments under articles, since those are what a site holds;
a head without enough of those takes all its sources.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import optimize

from classifier.datasets import Example
from classifier.domain import HEADS
from classifier.scoring import Floats, Weights
from classifier.training import Targets

#: Comments under news articles, and talk in the same register.
NEWS_LIKE: Final = frozenset(
    {"civil_comments_cleaned", "jigsaw_civil_mix_sample", "jigsaw_toxic_train_partial", "wiki_context_toxicity",
     "surge_toxicity", "korean_news_comments"}
)  # fmt: skip
#: Files hold spam in any proportion; a score means a chance on a site with this much of it.
SPAM_SHARE: Final = 0.2
_ENOUGH: Final = 50


def calibrate(
    weights: Weights, folds: Floats, left_out_spam: Floats, examples: Sequence[Example], targets: Targets
) -> Weights:
    """Fit slope and offset of every head on logits of rows that were not in training.

    The spam head is calibrated on rows whose whole source was left out, since a site is always a source that the model
    has not seen, as if ``SPAM_SHARE`` of the comments were spam.
    """
    news = np.array([example.source in NEWS_LIKE for example in examples])
    slope, offset = np.ones(len(HEADS)), np.zeros(len(HEADS))
    for column, head in enumerate(HEADS):
        known = targets.weights[:, column] > 0
        truth = targets.values[:, column]
        if head == "spam":
            rows = known & ~np.isnan(left_out_spam)
            slope[column], offset[column] = platt(left_out_spam[rows], truth[rows], positive_share=SPAM_SHARE)
            continue
        rows = known & news if (known & news & (truth >= 0.5)).sum() >= _ENOUGH else known
        if rows.any():
            slope[column], offset[column] = platt(folds[rows, column], truth[rows])
    return replace(weights, slope=slope, offset=offset)


def platt(
    logits: Floats, truth: npt.NDArray[np.float32], *, positive_share: float | None = None
) -> tuple[float, float]:
    """Slope and offset that make logits fit the truth best, with a faint pull towards leaving them alone.

    With ``positive_share`` the rows are weighed as if that share of them were positive.
    """
    positive = float(truth.mean())
    odds = 1.0 if positive_share is None else positive_share / (1 - positive_share) * (1 - positive) / positive
    weight = np.where(truth >= 0.5, odds, 1.0)

    def loss(parameters: Floats) -> float:
        moved = logits * parameters[0] + parameters[1]
        pull = 0.5 * ((parameters[0] - 1) ** 2 + parameters[1] ** 2)
        return float(((np.logaddexp(0, moved) - truth * moved) * weight).sum() + pull)

    found = optimize.minimize(loss, np.array([1.0, 0.0]), method="L-BFGS-B", bounds=[(0.05, 5.0), (-8.0, 8.0)])
    return float(found.x[0]), float(found.x[1])
