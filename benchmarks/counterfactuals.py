"""What trying counterfactuals costs, and how often subtraction would err: ``python -m benchmarks.counterfactuals``.

Judges up to 120 rows of each source of ../shared/data in batches, with and without counterfactuals in turns.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Final

from classifier import assess as brain
from classifier.counterfactual import Case, counterfactuals, without
from classifier.datasets import load_snapshot
from classifier.domain import Action, Context, Counterfactual
from classifier.policy import DEFAULT_POLICY
from classifier.registry import load_default
from classifier.scoring import Scorer

ROWS: Final = 120
ROUNDS: Final = 7
BATCH: Final = 64


def texts(data: Path) -> list[str]:
    """Some texts of each source, in a fixed random order."""
    rng = random.Random(5)
    by_source: dict[str, list[str]] = {}
    for example in load_snapshot([data]).examples:
        by_source.setdefault(example.source, []).append(example.text)
    found = [text for _, rows in sorted(by_source.items()) for text in rng.sample(rows, min(ROWS, len(rows)))]
    rng.shuffle(found)
    return found


def judge(found: Sequence[str], scorer: Scorer) -> float:
    """CPU seconds for a comment."""
    began = time.process_time()
    for start in range(0, len(found), BATCH):
        brain.assess([Context(text=text) for text in found[start : start + BATCH]], scorer, DEFAULT_POLICY)
    return (time.process_time() - began) / len(found)


def main(data: Path) -> None:
    """Print shares, ratio and the table of subtraction against trying."""
    scorer = load_default()
    found = texts(data)
    cases: list[Case] = []
    costs: dict[bool, list[float]] = {True: [], False: []}

    def nothing(asked: Sequence[Case], _: Scorer) -> list[Counterfactual | None]:
        cases.extend(asked)
        return [None] * len(asked)

    judge(found, scorer)
    for _ in range(ROUNDS):
        cases.clear()
        for tried in (True, False):
            vars(brain)["counterfactuals"] = counterfactuals if tried else nothing
            costs[tried].append(judge(found, scorer))
    print(f"{len(found):,} comments, {len(cases):,} of them held or rejected")
    print(f"with counterfactuals {median(costs[True]) / median(costs[False]):.2f} times the CPU time without")
    vars(brain)["counterfactuals"] = counterfactuals
    table: Counter[tuple[float, bool]] = Counter()
    for case in cases:
        word, left = case.strongest or (None, 0.0)
        if word is not None:
            changed = without(case.weighed.document.raw, word.spans)
            [verdict] = brain.assess([Context(text=changed)], scorer, DEFAULT_POLICY)
            table[round(left * 2) / 2, verdict.action is Action.APPROVE] += 1
    for left in sorted({left for left, _ in table if -3 <= left <= 3}):
        yes, no = table[left, True], table[left, False]
        print(f"subtraction leaves {left:+.1f} logits: {yes} of {yes + no} are approved without the word")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data"))
