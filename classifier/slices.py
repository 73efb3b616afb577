"""Where a policy does better or worse: by source, language, length, obfuscation and identity term."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from classifier.datasets import Example
from classifier.domain import HEADS, Action
from classifier.evaluation import area, proportion
from classifier.scoring import Floats
from classifier.synthetic import FILLERS
from classifier.text import words_of
from classifier.weighing import Weighed

_FEWEST: Final = 20
_LENGTHS: Final = ((5, "up to 5 words"), (20, "6 to 20 words"), (60, "21 to 60 words"), (150, "61 to 150 words"))
_IDENTITY: Final = re.compile(
    rf"\b({'|'.join(sorted(map(re.escape, map(str.lower, FILLERS['identity'])), key=len, reverse=True))})s?\b"
)
Rows = npt.NDArray[np.bool_]
Cut = Callable[[Example, Weighed], Sequence[str]]


def _length(_: Example, weighed: Weighed) -> Sequence[str]:
    words = len(words_of(weighed.document.text))
    return [next((name for most, name in _LENGTHS if words <= most), "over 150 words")]


def _obfuscation(_: Example, weighed: Weighed) -> Sequence[str]:
    found = weighed.document.disguises.total
    return ["none" if not found else "1 or 2 disguised words" if found <= 2 else "3 or more disguised words"]


def _identity(_: Example, weighed: Weighed) -> Sequence[str]:
    return sorted(set(_IDENTITY.findall(weighed.document.text))) or ["none"]


_CUTS: Final[dict[str, Cut]] = {
    "source": lambda example, _: [example.source],
    "language": lambda example, _: [example.lang],
    "length": _length,
    "obfuscation": _obfuscation,
    "identity term": _identity,
}


def slices_of(
    examples: Sequence[Example], weighed: Sequence[Weighed], labels: Floats, troubled: Rows
) -> dict[str, list[dict[str, Any]]]:
    """For each cut its slices, the largest first; those of fewer than twenty comments are left out."""
    stopped = np.array([each.action is not Action.APPROVE for each in weighed])
    rejected = np.array([each.action is Action.REJECT for each in weighed])
    logits = np.array([[each.sums[head] for head in HEADS] for each in weighed])
    cuts: dict[str, list[dict[str, Any]]] = {}
    for cut, names_of in _CUTS.items():
        places: dict[str, list[int]] = {}
        for at, pair in enumerate(zip(examples, weighed, strict=True)):
            for name in names_of(*pair):
                places.setdefault(name, []).append(at)
        cuts[cut] = []
        for name, rows in sorted(places.items(), key=lambda item: (-len(item[1]), item[0])):
            if len(rows) >= _FEWEST:
                chosen = np.array(rows)
                fine, trouble = chosen[~troubled[chosen]], chosen[troubled[chosen]]
                cuts[cut].append(
                    {
                        "name": name,
                        "rows": len(rows),
                        "fine_stopped": proportion(int(stopped[fine].sum()), len(fine)),
                        "fine_rejected": proportion(int(rejected[fine].sum()), len(fine)),
                        "trouble_leaked": proportion(int((~stopped[trouble]).sum()), len(trouble)),
                        "areas": _areas(labels[chosen], logits[chosen]),
                    }
                )
    return cuts


def _areas(labels: Floats, logits: Floats) -> dict[str, dict[str, Any]]:
    areas = {}
    for column, head in enumerate(HEADS):
        positive, negative = labels[:, column] >= 0.5, labels[:, column] < 0.5
        if min(positive.sum(), negative.sum()) >= _FEWEST:
            areas[head] = area(logits[positive, column], logits[negative, column])
    return areas
