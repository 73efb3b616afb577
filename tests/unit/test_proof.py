"""Lines of rejection that rulings prove: the bound is the binomial one, and trying many lines is no way around it."""

from __future__ import annotations

import random

import pytest
from scipy import stats

from classifier.proof import LINES, most_likely_share, needed, prove


@pytest.mark.parametrize(("hits", "total"), [(0, 1), (0, 300), (1, 473), (7, 1000), (40, 50), (3, 20_000)])
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.999])
def test_the_bound_is_clopper_and_pearsons(hits, total, confidence):
    """As the beta distribution gives it."""
    assert most_likely_share(hits, total, confidence) == pytest.approx(
        stats.beta.ppf(confidence, hits + 1, total - hits)
    )


def test_nothing_is_proved_by_nothing():
    """No comments, or none that is honest."""
    assert most_likely_share(0, 0, 0.95) == 1.0
    assert prove([], [0.9] * 50) is None


def test_as_many_honest_comments_are_needed_as_said():
    """299 for a limit of 1% at 95%."""
    assert needed() == 299
    assert prove([0.1] * 298, [0.9] * 50) is None
    assert prove([0.1] * 299, [0.9] * 50).line == LINES[-1]


def test_the_lowest_line_that_holds_is_found():
    """One honest comment at 0.8 costs confidence: the line goes above it unless there are enough others."""
    rejected = [0.97] * 20 + [0.7] * 20

    few, many = prove([0.1] * 300 + [0.8], rejected), prove([0.1] * 500 + [0.8], rejected)

    assert (few.line, few.wrong, few.caught) == (0.805, 0, 20)
    assert (many.line, many.wrong, many.caught) == (0.5, 1, 40)
    assert few.bound < 0.01 > many.bound


def test_comments_that_nobody_ruled_on_count_as_honest():
    """Else a site would prove a line by never looking at what is above it."""
    proof = prove([0.1] * 300, [0.97] * 20, [0.9])

    assert (proof.line, proof.waiting) == (0.905, 0)
    assert prove([0.1] * 300, [0.97] * 20, [0.999]) is None


def test_a_line_that_catches_nothing_is_not_offered():
    """Fewer than five of those that people rejected."""
    assert prove([0.1] * 1000, [0.9] * 4) is None
    assert prove([0.1] * 1000, []) is None


def test_the_confidence_is_kept_though_a_hundred_lines_are_tried():
    """Where truly 1.2% of honest comments reach every line, a line is proved wrongly in at most one of twenty runs."""
    rng = random.Random(0)
    wrong = 0
    for _ in range(400):
        honest = [1.0 if rng.random() < 0.012 else rng.random() * 0.49 for _ in range(600)]
        wrong += prove(honest, [1.0] * 50) is not None

    assert wrong / 400 < 0.05
