"""Counts and fits on disk, as plain arrays: loading them runs no code."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from classifier.baseline import Plain
from classifier.datasets import Example
from classifier.evaluation import Fitted, Prepared
from classifier.features import HashedTerms

Arrays = Mapping[str, npt.NDArray[Any]]


def write(file: Path, arrays: Arrays) -> None:
    """Write arrays under their names; the file is whole or not there."""
    beside = file.with_suffix(".new")
    with beside.open("wb") as out:
        np.savez(out, allow_pickle=False, **arrays)
    beside.rename(file)


def read(file: Path) -> dict[str, npt.NDArray[Any]]:
    """The arrays of a file."""
    with np.load(file, allow_pickle=False) as found:
        return dict(found)


def of_matrix(matrix: sparse.csr_array, name: str = "") -> dict[str, npt.NDArray[Any]]:
    """A sparse matrix as arrays."""
    parts = {"data": matrix.data, "indices": matrix.indices, "indptr": matrix.indptr, "shape": np.array(matrix.shape)}
    return {f"{name}{part}": values for part, values in parts.items()}


def matrix(arrays: Arrays, name: str = "") -> sparse.csr_array:
    """What ``of_matrix`` took apart."""
    parts = tuple(arrays[f"{name}{part}"] for part in ("data", "indices", "indptr"))
    return sparse.csr_array(parts, shape=tuple(arrays[f"{name}shape"].tolist()))


def of_prepared(prepared: Prepared) -> dict[str, npt.NDArray[Any]]:
    """Counted terms as arrays, without the examples they come from."""
    return {**of_matrix(prepared.words, "words "), **of_matrix(prepared.chars, "chars "), "dense": prepared.dense}


def prepared(arrays: Arrays, examples: tuple[Example, ...]) -> Prepared:
    """Counted terms beside the examples they come from."""
    sources = np.array([example.source for example in examples])
    return Prepared(examples, sources, matrix(arrays, "words "), matrix(arrays, "chars "), arrays["dense"])


def of_fitted(fitted: Fitted) -> dict[str, npt.NDArray[Any]]:
    """A fit of the recipe as arrays."""
    return {"idf": fitted.features.idf_, "coefficients": fitted.coefficients, "intercept": fitted.intercept}


def fitted(arrays: Arrays, dense_scale: float) -> Fitted:
    """What ``of_fitted`` took apart."""
    features = HashedTerms(dense_scale)
    features.idf_ = arrays["idf"]
    return Fitted(features, arrays["coefficients"], arrays["intercept"])


def of_plain(heads: Mapping[str, Plain]) -> dict[str, npt.NDArray[Any]]:
    """Baselines of some heads as arrays."""
    arrays: dict[str, npt.NDArray[Any]] = {}
    for head, plain in heads.items():
        parts = {"idf": plain.idf, "weights": plain.weights, "intercept": np.array(plain.intercept)}
        arrays |= {f"{head} {part}": values for part, values in parts.items()}
    return arrays


def plain(arrays: Arrays) -> dict[str, Plain]:
    """What ``of_plain`` took apart."""
    heads = dict.fromkeys(name.rsplit(" ", 1)[0] for name in arrays)
    return {
        head: Plain(arrays[f"{head} idf"], arrays[f"{head} weights"], float(arrays[f"{head} intercept"]))
        for head in heads
    }
