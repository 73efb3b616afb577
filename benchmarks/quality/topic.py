"""Whether a comment's own article is told from another one: words alone, no trained model."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from benchmarks.quality.figures import Figure
from classifier.relevance_check import relevance_auc

_GROUP: Final = "Relevance, the real article against others: AUC"


def measure(data: Path) -> list[Figure]:
    """Each news source that comes with its articles; the interval draws the articles again."""
    return [
        Figure(
            group=_GROUP, name=f"{found['source']}, {found['known']}", value=found["auc"], low=found["low"],
            high=found["high"], of=found["comments"], at_least=0.7, kind="number",
        )
        for found in relevance_auc(data)
    ]  # fmt: skip
