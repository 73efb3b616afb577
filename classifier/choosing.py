"""Which comments a person should label first, so that few labels teach much.

A comment is worth asking about when the model is unsure of it and of many that are like it. So each choice is the one
that would make the model surest of all the others together: that prefers doubt, spreads over kinds of comments, asks
about a wave of copies once, and does not chase oddities that are like nothing else. Doubt is taken with a grain of
salt (logits are halved), so that what the model is wrongly sure of is asked about now and then.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from classifier.adapt import Indices
from classifier.scoring import Floats

#: How much of its logits the model is believed while comments are chosen.
_BELIEVED: Final = 0.5
_LEAST_DOUBT: Final = 1e-3


def choose(
    kernel: Floats, logits: Floats, count: int, *, taken: Sequence[int] = (), groups: Sequence[int] | None = None
) -> list[int]:
    """The next ``count`` comments to label, the most telling first.

    ``kernel`` says how alike the candidates are (``Kinship.kernel``), ``logits`` what is thought of them now, ``taken``
    which of them have a label already; of a group of near-duplicates only one is ever asked about. Better than all at
    once is a handful at a time with the logits of a new fit: see ``evaluation_site``.
    """
    chance = 1.0 / (1.0 + np.exp(-np.clip(_BELIEVED * logits, -60.0, 60.0)))
    doubt = np.maximum(chance * (1.0 - chance), _LEAST_DOUBT)
    group: Indices = np.arange(len(logits)) if groups is None else np.asarray(groups)
    left = kernel.copy()
    open_ = np.ones(len(logits), dtype=bool)
    for known in taken:
        _learn(left, doubt, known)
        open_ &= group != group[known]
    chosen: list[int] = []
    while len(chosen) < count and open_.any():
        gain = (left**2 @ doubt) / (np.diag(left) + 1.0 / doubt)
        best = int(np.argmax(np.where(open_, gain, -1.0)))
        chosen.append(best)
        _learn(left, doubt, best)
        open_ &= group != group[best]
    return chosen


def _learn(left: Floats, doubt: Floats, known: int) -> None:
    """What is left to learn once a label is known."""
    column = left[:, known].copy()
    left -= np.outer(column, column / (column[known] + 1.0 / doubt[known]))
