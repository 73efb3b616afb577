"""Words for groups of people are drawn towards one another, and nothing else is."""

from __future__ import annotations

import numpy as np
import pytest

from classifier.alike import drawn_together, families
from classifier.datasets import Example
from classifier.evaluation import Fitted, fit_without, prepare
from classifier.hashing import word_columns
from classifier.text import read
from classifier.training import Recipe, build_targets

HEADS = ("spam", "identity_attack")


def fitted(alike: float) -> Fitted:
    """A model that was shown one group's insults and another one's trades."""
    said = {"these muslims are vermin": 1.0, "these canadians are bakers": 0.0}
    rows = [
        Example(text=f"{text} says {n}", labels=dict.fromkeys(HEADS, label), source="a")
        for text, label in said.items()
        for n in range(20)
    ]
    prepared = prepare(rows)
    recipe = Recipe(name="r", abuse_strength=1.0, alike=alike)
    targets = build_targets(prepared.examples, recipe, np.random.default_rng(0))
    return fit_without(prepared, targets, recipe, np.zeros(len(rows), dtype=bool), HEADS)


def gap(model: Fitted, first: str, second: str, head: str = "identity_attack") -> float:
    """How much higher the first text scores than the second, in logits."""
    logits = model.features.transform([read(first), read(second)]) @ model.coefficients
    return float(logits[0, HEADS.index(head)] - logits[1, HEADS.index(head)])


@pytest.fixture(scope="module")
def models() -> dict[float, Fitted]:
    """By the share of the differences that is taken away."""
    return {share: fitted(share) for share in (0.0, 0.5, 1.0)}


SENTENCE = "I asked whether {} had been to the meeting about the harbour, and she could not say."


def test_a_group_does_not_become_the_offence(models):
    """The larger the share, the less it matters in an ordinary comment which group is named."""
    gaps = [gap(models[share], SENTENCE.format("muslims"), SENTENCE.format("canadians")) for share in (0.0, 0.5, 1.0)]

    assert gaps[0] > 0
    assert gaps[1] == pytest.approx(gaps[0] / 2, rel=0.2)
    assert abs(gaps[2]) < 0.2 * gaps[0]


def test_what_is_said_of_a_group_stays_an_offence(models):
    """Only words for groups move, and only for the abuse heads."""
    for other in (0.5, 1.0):
        moved = np.argwhere(models[other].coefficients != models[0.0].coefficients)

        assert set(moved[:, 0]) <= {column for family in families() for column in word_columns(family).tolist()}
        assert set(moved[:, 1]) == {HEADS.index("identity_attack")}
        assert gap(models[other], "vermin", "bakers") == gap(models[0.0], "vermin", "bakers")


def test_without_a_share_or_an_abuse_head_nothing_moves(models):
    """The weights come back as they were."""
    model = models[0.0]
    spam = model.coefficients[:, :1]

    assert np.array_equal(drawn_together(model.features, model.coefficients, HEADS, 0.0), model.coefficients)
    assert np.array_equal(drawn_together(model.features, spam, ("spam",), 1.0), spam)


def test_every_term_is_a_word_of_its_own():
    """The normaliser leaves each as it is, so that its weight can be found, and no two share one."""
    terms = [term for family in families() for term in family]

    assert [read(f"these {term} here").words[1:-1] for term in terms] == [[term] for term in terms]
    assert len(set(word_columns(terms).tolist())) == len(terms)
