"""What training makes of rows and recipes: a missing label teaches nothing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from classifier.datasets import Example, load_snapshot, parse_row
from classifier.domain import HEADS
from classifier.training import Recipe, build_targets, load_recipe


def test_a_missing_label_has_no_weight() -> None:
    """Unknown is not zero, unless the recipe says that a source stands in as ham."""
    examples = [
        Example(text="a", labels={"toxicity": 1.0}, source="x"),
        Example(text="b", labels={"spam": 1.0}, source="y"),
        Example(text="c", labels={"spam": 0.0}, source="y"),
    ]

    plain = build_targets(examples, Recipe(name="r"), np.random.default_rng(0))
    assumed = build_targets(examples, Recipe(name="r", assume_ham={"x": 1}), np.random.default_rng(0))
    ignored = build_targets(examples, Recipe(name="r", ignore={"toxicity": ("x",)}), np.random.default_rng(0))

    spam, toxicity = HEADS.index("spam"), HEADS.index("toxicity")
    assert plain.weights[0, spam] == 0 < plain.weights[0, toxicity]
    assert assumed.weights[0, spam] > 0 == assumed.values[0, spam]
    assert ignored.weights[0, toxicity] == 0


def test_copies_are_one_row_with_all_labels(tmp_path: Path) -> None:
    """A text that stands in two files would otherwise count twice and straddle splits."""
    (tmp_path / "a.jsonl").write_text(
        json.dumps({"text": "Hello  World", "labels": {"toxicity": 0.0}, "source": "a"}) + "\n"
    )
    (tmp_path / "b.jsonl").write_text(json.dumps({"text": "hello world", "label": "ham", "source": "b"}) + "\n")

    [example] = load_snapshot([tmp_path]).examples

    assert dict(example.labels) == {"toxicity": 0.0, "spam": 0.0}


@pytest.mark.parametrize(
    "row", [{"text": "x"}, {"text": "", "label": "ham"}, {"term": "x"}, {"text": "x", "labels": {"other": 1}}]
)
def test_rows_that_teach_nothing_are_passed_over(row: dict[str, object]) -> None:
    """Word lists and unlabelled rows are no examples."""
    assert parse_row(row) is None


def test_a_misspelt_setting_is_named(tmp_path: Path) -> None:
    """A recipe is the experiment; a typing error would be another one."""
    (tmp_path / "r.toml").write_text("iteration = 3\n")

    with pytest.raises(ValueError, match="iteration"):
        load_recipe(str(tmp_path / "r.toml"))
    assert load_recipe("default").iterations > 0
