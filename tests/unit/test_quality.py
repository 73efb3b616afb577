"""What ``make quality`` promises: sources are left out whole, and a number says whether its target is reached."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from benchmarks.quality import page
from benchmarks.quality.figures import Figure, auc, caught, counted, drawn
from benchmarks.quality.results import Results
from classifier.datasets import load_snapshot
from classifier.evaluation import NEWS_SOURCES, prepare
from classifier.synthetic import read_templates, write

LISTS = Path(page.__file__).parent


def test_a_source_is_left_out_with_its_copies(tmp_path: Path) -> None:
    """A text that also stands in another file leaves with either of its sources, and takes no label with it."""
    rows = [
        {"text": "One text", "labels": {"toxicity": 1}, "source": "civil_toxic_spans"},
        {"text": "one  TEXT", "label": "ham", "source": "ham-civil-comments"},
        {"text": "One text", "labels": {"toxicity": 0}, "source": "convabuse"},
        {"text": "Another text", "label": "ham", "source": "convabuse"},
    ]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    prepared = prepare(load_snapshot([tmp_path]).examples)

    assert prepared.sources.tolist() == ["civil_toxic_spans", "convabuse"]
    for sources in (NEWS_SOURCES, ("ham-civil-comments",), ("civil_toxic_spans",)):
        assert prepared.rows_of(sources).tolist() == [True, False]
    assert prepared.rows_of(("convabuse",)).tolist() == [True, True]


@pytest.mark.parametrize(
    ("value", "low", "high", "target", "reached"),
    [
        (0.5, 0.4, 0.6, {"at_least": 0.5}, "yes"),
        (0.5, 0.4, 0.6, {"at_least": 0.55}, "within error"),
        (0.5, 0.4, 0.6, {"at_least": 0.7}, "no"),
        (0.5, 0.4, 0.6, {"at_most": 0.45}, "within error"),
        (0.5, 0.4, 0.6, {"at_most": 0.3}, "no"),
        (0.5, None, None, {"at_most": 0.3}, "no"),
        (0.5, 0.4, 0.6, {}, ""),
    ],
)
def test_a_target_is_reached_missed_or_within_error(value, low, high, target, reached) -> None:
    """Only the value itself reaches a target; an interval that reaches it is said apart."""
    assert Figure(group="g", name="n", value=value, low=low, high=high, **target).reached == reached


def test_areas_and_shares_are_those_of_scikit_learn() -> None:
    """Ties count half; a threshold is what so many negatives pass; an interval holds its value."""
    rng = np.random.default_rng(0)
    positive, negative = rng.normal(1, 1, 300).round(1), rng.normal(0, 1, 500).round(1)
    truth = np.repeat([1, 0], [300, 500])

    figure = drawn("g", "n", lambda draw: auc(positive, negative if draw is None else draw.permutation(negative)))

    assert auc(positive, negative) == pytest.approx(roc_auc_score(truth, np.concatenate([positive, negative])))
    assert caught(positive, negative, 0.05) == (positive > np.quantile(negative, 0.95)).mean()
    assert figure.low == pytest.approx(figure.value) == figure.high
    assert counted("g", "n", 0, 3000).high == pytest.approx(0.00123, abs=1e-5)


def test_a_page_says_what_was_missed_first() -> None:
    """A table for each group; figures with a column share a row; what misses its target is listed above all."""
    figures = [
        Figure(group="One", name="a", value=0.2, low=0.1, high=0.3, of=9, at_most=0.05),
        Figure(group="Two", name="b", column="left", value=0.95, at_least=0.9),
        Figure(group="Two", name="b", column="right", value=0.5, low=0.4, high=0.95, at_least=0.9),
    ]

    text = page.markdown(figures, ["About."])

    assert "Of 3 targets 1 are reached" in text
    assert "- One: a: 20.0% (10.0% to 30.0%), target at most 5.00%" in text
    assert "| | left (at least 90.0%) | right (at least 90.0%) |" in text
    assert "| b | 95.0% | **50.0% (40.0% to 95.0%)**, within error |" in text


def test_measures_of_one_model_stand_together(tmp_path: Path) -> None:
    """What was measured of the same model before is kept; of another one nothing is."""
    made = {"model": "one"}
    Results(tmp_path, made, ["a", "b"]).put("b", [Figure(group="B", name="b", value=0.5, note="kept")], "yesterday")

    same = Results(tmp_path, made, ["a", "b"])
    same.put("a", [Figure(group="A", name="a", value=0.5)], "today")
    other = Results(tmp_path, {"model": "two"}, ["a", "b"])

    text = same.page(["About."])
    assert text.index("### A") < text.index("### B") < text.index("kept")
    assert "a: today; b: yesterday" in text
    assert "###" not in other.page(["About."])


def test_the_flattery_of_the_measure_was_never_taught() -> None:
    """No line of the list shares more than a fifth of its runs of five words with what our templates write."""
    taught: set[tuple[str, ...]] = set()
    for file in ("spam.txt", "ham.txt"):
        for kind, templates in read_templates(file).items():
            for text in write(templates, 1500, random.Random(kind)):
                taught |= runs(text)
    listed = (LISTS / "flattery.txt").read_text(encoding="utf-8").splitlines()
    lines = [line for line in listed if line and not line.startswith("#")]

    assert len(lines) >= 60
    for line in lines:
        assert len(runs(line) & taught) <= len(runs(line)) / 5, line


def runs(text: str) -> set[tuple[str, ...]]:
    """All runs of five words of a text."""
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[at : at + 5]) for at in range(len(words) - 4)}
