"""How well ``relevance`` tells a comment's own article from another one, on news comments that come with theirs."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from classifier.domain import Article, Context
from classifier.relevance import relevance
from classifier.text import read

#: What may be known of the page: see ``relevance_auc``.
ARTICLE: Final = "article"
ARTICLE_AND_PARENT: Final = "article and comment answered"

_SOURCES: Final = ("fox_news_comments", "korean_news_comments")
_CONTEXT: Final = re.compile(r"ARTICLE: (.*?)(?: \| SUMMARY: (.*?))?(?: \| PREVIOUS: (.*))?", re.DOTALL)
#: Each comment is set against so many other articles, or all when there are fewer.
_OTHERS: Final = 9
_DRAWS: Final = 200


@dataclass(frozen=True, slots=True)
class _Row:
    text: str
    thread: str
    article: Article
    parent: str | None


def relevance_auc(data: Path, seed: int = 0) -> list[dict[str, Any]]:
    """Area under the curve of real against shuffled pages, for each source and with and without the comment answered.

    ``low`` and ``high`` bound it at 95%: the articles are drawn again, because comments under one article are alike.
    No word of these sources is counted in ``usage.bin``.
    """
    found = []
    for source in _SOURCES:
        rows = _rows(data / "abuse" / f"{source}.jsonl.gz")
        measured = (ARTICLE, ARTICLE_AND_PARENT) if any(row.parent for row in rows) else (ARTICLE,)
        found += [
            {"source": source, "known": known, **_area(rows, known, np.random.default_rng(seed))} for known in measured
        ]
    return found


def _rows(path: Path) -> list[_Row]:
    rows = []
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            match = _CONTEXT.fullmatch(row["context"] or "")
            if match is not None:
                title, summary, parent = match.groups()
                rows.append(_Row(row["text"], row["thread"], Article(title=title, text=summary), parent))
    return rows


def _area(rows: Sequence[_Row], known: str, rng: np.random.Generator) -> dict[str, Any]:
    threads = sorted({row.thread for row in rows})
    of_thread: dict[str, list[int]] = {thread: [] for thread in threads}
    for at, row in enumerate(rows):
        of_thread[row.thread].append(at)
    real = np.empty(len(rows))
    shuffled: list[npt.NDArray[np.float64]] = []
    for at, row in enumerate(rows):
        document = read(row.text)
        others = [thread for thread in threads if thread != row.thread]
        drawn = rng.choice(len(others), min(_OTHERS, len(others)), replace=False)
        pages = [row, *(rows[rng.choice(of_thread[others[each]])] for each in drawn)]
        values = [
            relevance(
                Context(text=row.text, article=page.article, parent_text=page.parent if known != ARTICLE else None),
                document,
            )
            or 0.0
            for page in pages
        ]
        real[at] = values[0]
        shuffled.append(np.array(values[1:]))
    draws = []
    for _ in range(_DRAWS):
        again = [at for each in rng.integers(0, len(threads), len(threads)) for at in of_thread[threads[each]]]
        draws.append(_auc(real[again], np.concatenate([shuffled[at] for at in again])))
    low, high = np.quantile(draws, [0.025, 0.975])
    area = _auc(real, np.concatenate(shuffled))
    return {
        "auc": round(area, 4),
        "low": round(float(low), 4),
        "high": round(float(high), 4),
        "comments": len(rows),
        "articles": len(threads),
    }


def _auc(positive: npt.NDArray[np.float64], negative: npt.NDArray[np.float64]) -> float:
    """Area under the ROC curve; ties count half."""
    ranks = rankdata(np.concatenate([positive, negative]))[: len(positive)]
    return float((ranks.sum() - len(positive) * (len(positive) + 1) / 2) / (len(positive) * len(negative)))
