"""Naming another group of people should hardly move a score: what training does about it.

Labelled texts speak ill of some groups far more often than of others, and a sum of words learns that to be of the
group is the offence. So when an abuse head is fitted, the words that name groups are drawn towards one another: each
term is looked at in the same ordinary comment, with all that its letters and the pairs around it add, and the weight of
the word is moved until a given share of the difference from its family's mean is gone. Only weights of words change:
what is served is as before, and what it says of a text stays an exact sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from classifier.features import HashedTerms, count_terms
from classifier.hashing import word_columns
from classifier.text import read

_FILE: Final = Path(__file__).parent / "templates" / "alike.txt"
#: A comment of usual length, since the longer the text, the less each word of it weighs beside its letters.
_COMMENT: Final = (
    "I read the whole report twice and still wonder what the council wants to do about it. Someone wrote: {}. "
    "That may well be, but the numbers on the last page say little, and nobody asked the people who live there what "
    "they need most this winter."
)


def families() -> list[list[str]]:
    """Terms that may stand for one another."""
    lines = _FILE.read_text(encoding="utf-8").splitlines()
    return [line.split("|") for line in lines if line and not line.startswith("#")]


def drawn_together(
    features: HashedTerms, coefficients: npt.NDArray[np.float32], heads: Sequence[str], share: float
) -> npt.NDArray[np.float32]:
    """The weights with that share of all differences between terms of a family taken away, but for the spam head."""
    drawn = coefficients.copy()
    abuse = np.flatnonzero([head != "spam" for head in heads])
    if not share or not len(abuse):
        return drawn
    for family in families():
        words, chars, dense = count_terms([read(_COMMENT.format(term)) for term in family])
        rows = features.transform_counts(words, chars, np.zeros_like(dense))
        logits = rows @ coefficients[:, abuse]
        apart = logits - logits.mean(axis=0)
        columns = word_columns(family)
        said = np.array([rows[[row], [column]][0] for row, column in enumerate(columns)])
        drawn[np.ix_(columns, abuse)] -= np.float32(share) * apart / said[:, np.newaxis]
    return drawn
