"""Serving is training: the lean scorer equals the scikit-learn pipeline rebuilt from the same weights."""

from __future__ import annotations

import dataclasses
import json
import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.pipeline import Pipeline

from classifier import registry
from classifier.domain import HEADS
from classifier.features import build_pipeline
from classifier.hashing import _PIECES, CHAR_COLUMNS, CHAR_NGRAMS, char_terms
from classifier.scoring import Scorer
from classifier.text import read, skeleton_of

TEXTS = st.lists(
    st.one_of(st.text(max_size=60), st.text(st.sampled_from("abcz019 .!<>&éяж각😀\n"), max_size=200)), min_size=1
)


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    """The shipped model."""
    return registry.load_default()


@pytest.fixture(scope="module")
def pipeline(scorer: Scorer) -> Pipeline:
    """The shipped weights as plain scikit-learn objects."""
    return build_pipeline(scorer.weights)


@given(texts=TEXTS)
def test_lean_scoring_equals_the_pipeline(scorer: Scorer, pipeline: Pipeline, texts: list[str]) -> None:
    """Logits agree to a millionth on any text, in a batch and alone."""
    expected = pipeline.decision_function(texts)

    assert np.abs(scorer.calibrated_logits(texts) - expected).max() < 1e-6
    assert np.abs(scorer.calibrated_logits(texts[:1]) - expected[:1]).max() < 1e-6


@given(texts=TEXTS)
def test_character_terms_are_those_of_scikit_learn(texts: list[str]) -> None:
    """The same columns with the same counts."""
    documents = [read(text).text for text in texts]
    vectorizer = HashingVectorizer(
        analyzer="char_wb", ngram_range=CHAR_NGRAMS, n_features=CHAR_COLUMNS, alternate_sign=False, norm=None,
        lowercase=False, preprocessor=skeleton_of,
    )  # fmt: skip
    expected = vectorizer.transform(documents)
    expected.sort_indices()

    found = char_terms(documents)

    assert found.starts.tolist() == expected.indptr.tolist()
    assert found.columns.tolist() == expected.indices.tolist()
    assert found.counts.tolist() == expected.data.tolist()


def test_a_score_does_not_depend_on_its_batch(scorer: Scorer) -> None:
    """Rows are independent of each other."""
    texts = [f"comment number {number} about the {'😀' * (number % 3)} budget" for number in range(600)]

    together = scorer.score(texts)

    alone = np.concatenate([scorer.score([text]) for text in texts[::50]])
    assert np.allclose(together[::50], alone, atol=1e-9)
    assert together.shape == (600, len(HEADS))
    assert ((together > 0) & (together < 1)).all()


def test_no_texts_no_scores(scorer: Scorer) -> None:
    """An empty batch is fine."""
    assert scorer.score([]).shape == (0, len(HEADS))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A model version that a test may damage."""
    return Path(shutil.copytree(registry.DEFAULT_MODEL, tmp_path / "model"))


def _edit(model: Path, **fields: object) -> None:
    file = model / "manifest.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **fields}))


def test_a_missing_model_says_what_to_do(tmp_path: Path) -> None:
    """The message names the command that makes a model."""
    with pytest.raises(registry.ModelMissingError, match="sluice train"):
        registry.load(tmp_path / "nothing")


@pytest.mark.parametrize("fields", [{"format": 99}, {"features": "other"}, {"heads": {"spam": {}}}])
def test_a_model_of_another_version_is_refused(copy: Path, fields: dict[str, object]) -> None:
    """Format, feature code and heads must be ours."""
    _edit(copy, **fields)

    with pytest.raises(registry.ModelFormatError, match="sluice train"):
        registry.load(copy)


@pytest.mark.parametrize("name", ["terms.npy", "idf.npy", "heads.npz"])
def test_one_flipped_byte_is_noticed(copy: Path, name: str) -> None:
    """Checksums cover every array."""
    content = bytearray((copy / name).read_bytes())
    content[-7] ^= 1
    (copy / name).write_bytes(content)

    with pytest.raises(registry.ModelDamagedError, match="checksum"):
        registry.load(copy)


def test_pickles_are_never_read(copy: Path) -> None:
    """An array file that holds objects is refused even with a right checksum."""
    np.save(copy / "idf.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    sums = {**registry.read_manifest(copy)["sha256"], "idf.npy": registry._sha256(copy / "idf.npy")}
    _edit(copy, sha256=sums)

    with pytest.raises(registry.ModelDamagedError):
        registry.load(copy)


def test_saving_and_loading_keeps_every_score(scorer: Scorer, tmp_path: Path) -> None:
    """A version written and read again scores the same and is named by its content."""
    manifest = {"name": "copy", "heads": {head: {} for head in HEADS}}

    first = registry.save(tmp_path / "one", scorer.weights, manifest, {})
    again = registry.save(tmp_path / "one", scorer.weights, manifest, {})
    changed = dataclasses.replace(scorer.weights, offset=scorer.weights.offset + 1)

    assert first == again != registry.save(tmp_path / "two", changed, manifest, {})
    assert np.array_equal(registry.load(tmp_path / "one").score(["hello"]), scorer.score(["hello"]))


def test_the_shipped_model_is_small() -> None:
    """No file is over 12 MB, and none can hold code."""
    files = [file for file in registry.DEFAULT_MODEL.rglob("*") if file.is_file()]

    assert max(file.stat().st_size for file in files) <= 12_000_000
    assert {file.suffix for file in files} <= {".npy", ".npz", ".json", ".md", ""}


def test_a_text_seen_before_scores_the_same_and_the_memory_stays_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remembered rows are the rows that were computed; the oldest go, and nobody can change one."""
    monkeypatch.setattr("classifier.scoring._REMEMBERED", 3)
    scorer = registry.load_default()
    texts = [f"Comment number {number}, \ud800 \u0430 you idiot" for number in range(6)]

    first = [scorer.logits([text]) for text in texts]
    first[0][:] = 0
    again = [scorer.logits([text]) for text in texts]

    assert np.allclose(np.concatenate(again), scorer.logits(texts), atol=1e-9)
    assert len(scorer.memory._rows) == 3


def test_pieces_are_the_same_however_they_were_found() -> None:
    """One by one, many at once or remembered: a token's columns are the token's."""
    rare = [f"zq{number}x ünüsüal{number} ааа{number} " + "y" * number for number in range(40)]
    few = [char_terms([text]) for text in rare]
    _PIECES.clear()
    many = char_terms(rare)
    again = char_terms(rare)

    assert [terms.columns.tolist() for terms in few] == [
        many.columns[first:last].tolist() for first, last in pairwise(many.starts)
    ]
    assert [terms.counts.tolist() for terms in few] == [
        again.counts[first:last].tolist() for first, last in pairwise(again.starts)
    ]
