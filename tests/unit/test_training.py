"""What training makes of rows and recipes: a missing label teaches nothing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from classifier.datasets import Example, load_snapshot, parse_row
from classifier.domain import HEADS
from classifier.evaluation import Fitted, fit_without, prepare, weigh_terms
from classifier.hashing import word_columns
from classifier.meaning import frequent_words, meanings, reduced
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


def test_a_source_can_weigh_more_for_one_head_alone() -> None:
    """The only source of a language can teach its words for groups without drowning what else is toxic."""
    labels = {"spam": 0.0, "toxicity": 1.0}
    examples = [Example(text=f"{source} {n}", labels=labels, source=source) for source in ("x", "y") for n in range(3)]

    recipe = Recipe(name="r", head_source_weight={"toxicity": {"x": 3.0}})
    targets = build_targets(examples, recipe, np.random.default_rng(0))

    spam, toxicity = HEADS.index("spam"), HEADS.index("toxicity")
    assert targets.weights[0, spam] == pytest.approx(targets.weights[3, spam])
    assert targets.weights[0, toxicity] == pytest.approx(3 * targets.weights[3, toxicity])


def test_a_head_can_have_a_strength_of_its_own() -> None:
    """What is obscene hangs on more words than what is toxic, so its weights may grow larger."""
    labels = ({"toxicity": 1.0, "obscene": 1.0}, {"toxicity": 0.0, "obscene": 0.0})
    texts = ("you filthy pig", "you kind soul")
    prepared = prepare([Example(text=texts[n % 2], labels=labels[n % 2], source="x") for n in range(20)])
    recipe = Recipe(name="r", abuse_strength=0.1, head_strength={"obscene": 10.0})
    targets = build_targets(prepared.examples, recipe, np.random.default_rng(0))

    fitted = fit_without(prepared, targets, recipe, np.zeros(20, dtype=bool), ("toxicity", "obscene"))

    toxicity, obscene = np.abs(fitted.coefficients).sum(axis=0)
    assert obscene > 2 * toxicity


def test_how_rare_a_word_is_comes_from_rows_that_are_labelled_for_abuse() -> None:
    """A campaign of spam in one language would make the words of all others look rare."""
    abuse = [Example(text=text, labels={"toxicity": 0.0}, source="x") for text in ("lunch today", "lunch tomorrow")]
    spam = [Example(text=f"casino {n}", labels={"spam": 1.0}, source="y") for n in range(50)]
    examples, recipe = [*abuse, *spam], Recipe(name="r")
    casino, lunch, today = word_columns(["casino", "lunch", "today"])

    def rarity(rows: list[Example], **left_out: str) -> np.ndarray:
        prepared = prepare(rows)
        targets = build_targets(rows, recipe, np.random.default_rng(0))
        return weigh_terms(prepared, targets, recipe, prepared.rows_of(left_out.values())).idf_

    known = rarity(examples)
    assert known[casino] > known[today] > known[lunch]
    assert rarity(spam)[casino] < rarity(spam)[lunch]
    assert rarity(examples, source="x")[casino] < rarity(examples, source="x")[lunch]


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


def _nearness(first: str, second: str) -> float:
    """The cosine of the meanings of two words."""
    one, other = meanings()[word_columns([first, second])].toarray()
    return float(one @ other / np.sqrt((one @ one) * (other @ other)))


def test_words_of_like_meaning_are_near() -> None:
    """That is all the shipped table is for."""
    assert _nearness("idiot", "moron") > 0.3 + _nearness("idiot", "harbour")
    assert _nearness("harbour", "port") > 0.2 + _nearness("harbour", "idiot")


def _fitted(meaning: float) -> Fitted:
    rude = [Example(text=f"he is an idiot says number {n}", labels={"toxicity": 1.0}, source="a") for n in range(20)]
    kind = [Example(text=f"he is a teacher says number {n}", labels={"toxicity": 0.0}, source="a") for n in range(20)]
    recipe = Recipe(name="r", abuse_strength=1.0, meaning=meaning)
    prepared = prepare([*rude, *kind])
    targets = build_targets(prepared.examples, recipe, np.random.default_rng(0))
    return fit_without(prepared, targets, recipe, np.zeros(40, dtype=bool), ("spam", "toxicity"))


def test_a_word_never_seen_leans_on_its_like() -> None:
    """With meanings an unseen insult weighs more than an unseen harmless word; without them both weigh nothing."""
    unseen = word_columns(["moron", "nurse"])
    with_meanings, without = _fitted(0.25).coefficients, _fitted(0.0).coefficients

    assert with_meanings[unseen[0], 1] > 0.02 + with_meanings[unseen[1], 1]
    assert not without[unseen].any()
    assert not with_meanings[unseen, 0].any(), "the spam head does not lean on meanings"


def test_only_common_words_get_a_meaning() -> None:
    """What one source alone says, or hardly anybody, is in no table."""
    rows = [Example(text="common words", labels={"spam": 0.0}, source=source) for source in "aabbb"]
    rows += [Example(text="lonely", labels={"spam": 0.0}, source="a") for _ in range(9)]
    rows += [Example(text="seldom", labels={"spam": 0.0}, source=source) for source in "ab"]

    assert frequent_words(rows) == {"common": 5, "words": 5}


def test_meanings_are_centred_and_of_one_size() -> None:
    """So that their scale in a recipe means the same whatever encoder made them."""
    vectors = np.random.default_rng(0).normal(3.0, 7.0, (300, 200)).astype(np.float32)

    short = reduced(vectors, [1] * 300)

    assert short.shape == (300, 96)
    assert float((short**2).sum(axis=1).mean()) == pytest.approx(1.0, abs=1e-4)
    assert np.abs(short.mean(axis=0)).max() < 1e-4
