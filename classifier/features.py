"""The features as scikit-learn transformers.

``HashedTerms`` builds training matrices at the speed of serving. ``build_pipeline`` is the same model made of plain
scikit-learn parts only; a test holds the two equal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer

from classifier.dense import dense_features
from classifier.domain import HEADS
from classifier.hashing import CHAR_COLUMNS, CHAR_NGRAMS, WORD_COLUMNS, Terms, char_terms, word_terms
from classifier.scoring import Weights, probability
from classifier.text import Document, read, skeleton_of

_CHUNK = 512


class HashedTerms(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Documents to a sparse matrix: TF-IDF words, TF-IDF characters, dense features times ``dense_scale``."""

    def __init__(self, dense_scale: float = 0.05) -> None:
        self.dense_scale = dense_scale

    def fit(self, documents: Sequence[Document], y: Any = None) -> Self:
        """Learn the document frequencies."""
        del y
        return self.fit_counts(*count_terms(documents))

    def fit_counts(self, words: sparse.csr_array, chars: sparse.csr_array, dense: npt.NDArray[np.float32]) -> Self:
        """Learn the document frequencies from counts made by ``count_terms``."""
        del dense
        self.idf_ = np.concatenate([_idf(words), _idf(chars)])
        return self

    def transform(self, documents: Sequence[Document]) -> sparse.csr_array:
        """The matrix of some documents."""
        return self.transform_counts(*count_terms(documents))

    def transform_counts(
        self, words: sparse.csr_array, chars: sparse.csr_array, dense: npt.NDArray[np.float32]
    ) -> sparse.csr_array:
        """The matrix of documents whose terms are counted already."""
        idf = self.idf_.astype(np.float32)
        blocks = [
            _tfidf(words, idf[:WORD_COLUMNS]),
            _tfidf(chars, idf[WORD_COLUMNS:]),
            sparse.csr_array(dense * np.float32(self.dense_scale)),
        ]
        return sparse.hstack(blocks, format="csr", dtype=np.float32)


def count_terms(
    documents: Sequence[Document],
) -> tuple[sparse.csr_array, sparse.csr_array, npt.NDArray[np.float32]]:
    """Word counts, character n-gram counts and dense features of some documents."""
    words, chars, dense = [], [], []
    for at in range(0, len(documents), _CHUNK):
        chunk = documents[at : at + _CHUNK]
        found = [document.words for document in chunk]
        words.append(_matrix(word_terms(found, [document.pairs for document in chunk]), WORD_COLUMNS))
        chars.append(_matrix(char_terms([document.text for document in chunk]), CHAR_COLUMNS))
        dense.append(np.array([dense_features(document) for document in chunk], dtype=np.float32))
    return sparse.vstack(words, format="csr"), sparse.vstack(chars, format="csr"), np.concatenate(dense)


def _matrix(terms: Terms, columns: int) -> sparse.csr_array:
    shape = (len(terms.starts) - 1, columns)
    counts = terms.counts.astype(np.float32)
    return sparse.csr_array((counts, terms.columns.astype(np.int32), terms.starts.astype(np.int32)), shape=shape)


def _idf(counts: sparse.csr_array) -> npt.NDArray[np.float16]:
    """Smoothed inverse document frequencies, rounded as they are shipped."""
    rows, columns = counts.shape
    frequency = np.bincount(counts.indices, minlength=columns)
    return np.asarray(np.log((1 + rows) / (1 + frequency)) + 1, dtype=np.float16)


def _tfidf(counts: sparse.csr_array, idf: npt.NDArray[np.float32]) -> sparse.csr_array:
    values = idf[counts.indices] * (1 + np.log(counts.data))
    rows = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    lengths = np.sqrt(np.bincount(rows, weights=values * values, minlength=counts.shape[0]))
    lengths[lengths == 0] = 1
    values = (values / lengths[rows]).astype(np.float32)
    return sparse.csr_array((values, counts.indices, counts.indptr), shape=counts.shape)


class LinearHeads(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """One fitted linear model per head, as an estimator that predicts."""

    def __init__(self, coefficients: npt.NDArray[np.float64], intercept: npt.NDArray[np.float64]) -> None:
        self.coefficients = coefficients
        self.intercept = intercept

    def fit(self, matrix: Any, y: Any = None) -> Self:
        """Nothing is left to learn."""
        del matrix, y
        self.classes_ = np.array(HEADS)
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def decision_function(self, matrix: Any) -> npt.NDArray[np.float64]:
        """Logits, one column per head."""
        return np.asarray(matrix @ self.coefficients) + self.intercept

    def predict_proba(self, matrix: Any) -> npt.NDArray[np.float64]:
        """Probabilities, one column per head."""
        return probability(self.decision_function(matrix))


def build_pipeline(weights: Weights) -> Pipeline:
    """The shipped model as a plain scikit-learn pipeline over raw texts."""
    words = HashingVectorizer(n_features=WORD_COLUMNS, ngram_range=(1, 2), preprocessor=_text, **_PLAIN)
    chars = HashingVectorizer(
        n_features=CHAR_COLUMNS, ngram_range=CHAR_NGRAMS, analyzer="char_wb", preprocessor=_skeleton, **_PLAIN
    )
    idf = weights.idf.astype(np.float64)
    terms = weights.terms.astype(np.float64) * weights.term_scale
    union = FeatureUnion(
        [
            ("words", make_pipeline(words, _weighting(idf[:WORD_COLUMNS]))),
            ("chars", make_pipeline(chars, _weighting(idf[WORD_COLUMNS:]))),
            ("dense", FunctionTransformer(_dense_matrix)),
        ]
    )
    slope = weights.slope
    heads = LinearHeads(np.vstack([terms, weights.dense]) * slope, weights.intercept * slope + weights.offset)
    return Pipeline([("features", union), ("heads", heads)])


_PLAIN: dict[str, Any] = {
    "token_pattern": r"\w+",
    "alternate_sign": False,
    "norm": None,
    "lowercase": False,
    "dtype": np.float64,
}


def _weighting(idf: npt.NDArray[np.float64]) -> TfidfTransformer:
    transformer = TfidfTransformer(sublinear_tf=True)
    transformer.idf_ = idf
    return transformer


def _text(raw: str) -> str:
    return read(raw).text


def _skeleton(raw: str) -> str:
    return skeleton_of(read(raw).text)


def _dense_rows(texts: Sequence[str]) -> Iterator[list[float]]:
    for raw in texts:
        yield dense_features(read(raw))


def _dense_matrix(texts: Sequence[str]) -> sparse.csr_array:
    return sparse.csr_array(np.array(list(_dense_rows(texts)), dtype=np.float64))
