"""What the questions of `sluice start-from` bring, with labelled files as new sites whose owner answers truly.

    python -m benchmarks.first_questions FILE.jsonl.gz …

Half of a file is the history, the other half is judged. The shipped model may have been trained on these very files:
then only the share judged rightly says something, and less than on a site it has never seen.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from classifier.adaptation import Adaptation, load_adaptation, logits_on
from classifier.datasets import Example, load_snapshot
from classifier.domain import HEADS, Action
from classifier.interview import ASKED, Interview, Said, pool_of
from classifier.lessons import Lesson, RulingReason, labels_for
from classifier.registry import load_default
from classifier.scoring import Scorer
from classifier.site_training import SiteTrainingError, copies_of, train_site
from classifier.text import read
from service.imports.rows import WEIGHTS, Word
from service.imports.start import MOST_QUESTIONS

MOST: Final = 2_400
_SPAM: Final = labels_for(Action.REJECT, RulingReason.SPAM)
_GOOD: Final = labels_for(Action.APPROVE, None)


def main() -> None:
    """Print a line for each file and number of imported texts of each side."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--imported", type=int, nargs="*", default=[0, 100, 300])
    chosen = parser.parse_args()
    scorer = load_default()
    for file in chosen.files:
        rows = [row for row in load_snapshot([file]).examples if "spam" in row.labels]
        random.Random(0).shuffle(rows)
        history, judged = rows[: min(MOST, len(rows)) // 2], rows[min(MOST, len(rows)) // 2 : MOST]
        before = _right(scorer, judged, None)
        for imported in chosen.imported:
            after = _right(scorer, judged, _taught(scorer, history, imported))
            print(f"{file.name}, {imported} imported of each side: {before:.1%} right before, {after:.1%} after")


def _taught(scorer: Scorer, history: Sequence[Example], imported: int) -> Adaptation | None:
    """What the answers and so many labels of the history teach; nothing where the gate refuses it."""
    documents = [read(row.text) for row in history]
    logits = scorer.calibrated_logits(documents)[:, [HEADS.index(head) for head in ASKED]]
    pool = [history[place] for place in pool_of(logits, copies_of(documents).tolist())]
    lessons = {lesson.text: lesson for lesson in _imported(history, imported)}
    interview = Interview(scorer, [Said(row.text, _labels(row) if imported else {}, _weight(row)) for row in pool])
    asked = 0
    while asked < MOST_QUESTIONS and (handful := interview.next()):
        for place in handful:
            row = pool[place]
            interview.answer(place, _labels(row))
            lessons[row.text] = Lesson(text=row.text, labels=_labels(row))
            asked += 1
    with tempfile.TemporaryDirectory() as folder:
        try:
            train_site(Path(folder) / "made", scorer, list(lessons.values()), site="site", name="site")
        except SiteTrainingError:
            return None
        return load_adaptation(Path(folder) / "made")


def _imported(history: Sequence[Example], most: int) -> list[Lesson]:
    sides = ([row for row in history if _is_spam(row) is spam][:most] for spam in (False, True))
    return [Lesson(text=row.text, labels=_labels(row), weight=_weight(row)) for side in sides for row in side]


def _right(scorer: Scorer, rows: Sequence[Example], adaptation: Adaptation | None) -> float:
    """The share of rows that are on their side of an even chance."""
    documents = [read(row.text) for row in rows]
    logits = logits_on(scorer, documents, [adaptation] * len(documents))
    return float(np.mean([(each["spam"] > 0) == _is_spam(row) for each, row in zip(logits, rows, strict=True)]))


def _is_spam(row: Example) -> bool:
    return row.labels["spam"] >= 0.5


def _labels(row: Example) -> Mapping[str, float]:
    return _SPAM if _is_spam(row) else _GOOD


def _weight(row: Example) -> float:
    return WEIGHTS[Word.LABEL if _is_spam(row) else Word.STANDING]


if __name__ == "__main__":
    main()
