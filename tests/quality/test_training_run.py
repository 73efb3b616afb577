"""Training as a whole: the same data, recipe and seed give the same bytes, on any data folder."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from classifier.datasets import load_snapshot
from classifier.domain import HEADS
from classifier.registry import load, read_manifest
from classifier.synthetic import synthesise
from service.commands.train import train


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A small data folder in the form of the shared one, written by our templates."""
    folder = tmp_path / "data"
    folder.mkdir()
    rows = [
        {"text": example.text, "label": "spam" if example.labels["spam"] else "ham", "source": "own"}
        for example in synthesise(12, 5)
    ]
    rows += [{"text": f"you stupid idiot number {n}", "labels": {"toxicity": 1.0}, "source": "rude"} for n in range(30)]
    rows += [{"text": f"a kind word number {n}", "labels": {"toxicity": 0.0}, "source": "rude"} for n in range(30)]
    with gzip.open(folder / "rows.jsonl.gz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    return folder


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """A recipe that is quick."""
    path = tmp_path / "quick.toml"
    path.write_text("iterations = 5\nsynthetic_rows = 2\ndisguised_rows = 5\n")
    return path


def test_training_twice_gives_the_same_bytes(data: Path, recipe: Path, tmp_path: Path) -> None:
    """And the result loads, scores, and says what it was made from."""
    for name in ("one", "two"):
        arguments = ["--recipe", str(recipe), "--data", str(data), "--out", str(tmp_path / name)]
        result = CliRunner().invoke(train, arguments)
        assert result.exit_code == 0, result.output

    for name in ("terms.npy", "idf.npy", "heads.npz", "manifest.json", "report.json", "LICENSE", "MODEL_CARD.md"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    scorer = load(tmp_path / "one")
    rude, kind = scorer.score(["you stupid idiot", "a kind word"])[:, HEADS.index("toxicity")]
    assert rude > kind
    manifest = read_manifest(tmp_path / "one")
    assert manifest["snapshot"] == load_snapshot([data]).digest
    assert manifest["heads"]["sexual"]["weak"] is True
