"""The plain model that ours must beat: words and pieces of words of the text as it is, TF-IDF, logistic regression.

Everything is scikit-learn's, and no step of it knows our normaliser, our features or our weights of sources.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression

Floats = npt.NDArray[np.float64]

_COLUMNS: Final = 1 << 18
_STRENGTH: Final = 8.0
_STEPS: Final = 50
_COUNTED: Final[dict[str, Any]] = {
    "n_features": _COLUMNS, "alternate_sign": False, "norm": None, "dtype": np.float32,
}  # fmt: skip


def count_plainly(texts: Sequence[str]) -> sparse.csr_array:
    """Word 1-2 grams beside character 2-5 grams within words, hashed and counted, case folded."""
    words = HashingVectorizer(ngram_range=(1, 2), **_COUNTED)
    chars = HashingVectorizer(ngram_range=(2, 5), analyzer="char_wb", **_COUNTED)
    return sparse.csr_array(sparse.hstack([words.transform(texts), chars.transform(texts)], format="csr"))


@dataclass(frozen=True, slots=True)
class Plain:
    """A fitted baseline of one head."""

    idf: npt.NDArray[np.float32]
    weights: npt.NDArray[np.float32]
    intercept: float

    def logits(self, counts: sparse.csr_array) -> Floats:
        """One logit per row of counts."""
        return np.asarray(_weighted(self.idf, counts) @ self.weights + self.intercept, dtype=np.float64)


def fit_plainly(counts: sparse.csr_array, truth: npt.NDArray[Any]) -> Plain:
    """Fit one head on rows that all have its label; both answers must be among them."""
    idf = np.concatenate([TfidfTransformer().fit(part).idf_ for part in _halves(counts)]).astype(np.float32)
    model = LogisticRegression(C=_STRENGTH, max_iter=_STEPS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # more steps changed nothing where it was measured
        model.fit(_weighted(idf, counts), truth)
    return Plain(idf, model.coef_[0].astype(np.float32), float(model.intercept_[0]))


def _halves(counts: sparse.csr_array) -> tuple[sparse.csr_array, sparse.csr_array]:
    return counts[:, :_COLUMNS], counts[:, _COLUMNS:]


def _weighted(idf: npt.NDArray[np.float32], counts: sparse.csr_array) -> sparse.csr_array:
    parts = []
    for weights, part in zip((idf[:_COLUMNS], idf[_COLUMNS:]), _halves(counts), strict=True):
        transformer = TfidfTransformer(sublinear_tf=True)
        transformer.idf_ = weights
        parts.append(transformer.transform(part))
    return sparse.csr_array(sparse.hstack(parts, format="csr"))
