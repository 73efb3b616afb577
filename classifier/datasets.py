"""Labelled comments on disk: reading, merging and naming a snapshot.

A row trains only the heads it has labels for; a missing label is unknown, never "no".
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from classifier.domain import HEADS

#: Copies of rows of other files: used for tests of their own, never for training twice.
DERIVED: Final = frozenset({"violent_words_benign"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One labelled comment. ``labels`` holds shares of raters or 0/1 for the heads that were annotated.

    ``also`` names the other sources that hold the same text: who leaves one of them out leaves this row out.
    """

    text: str
    labels: Mapping[str, float]
    source: str
    lang: str = "en"
    context: str | None = None
    pair: str | None = None
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A frozen, hashed set of examples."""

    examples: tuple[Example, ...]
    digest: str


def load_snapshot(paths: Sequence[Path]) -> Snapshot:
    """Read every labelled ``.jsonl`` and ``.jsonl.gz`` file under ``paths``; files are taken in order of name."""
    files = data_files(paths)
    return Snapshot(tuple(merge_copies(example for file in files for example in read_file(file))), digest_of(files))


def data_files(paths: Sequence[Path]) -> list[Path]:
    """Every ``.jsonl`` and ``.jsonl.gz`` file under ``paths``, in order of name."""
    return sorted({file for path in paths for file in _files(path)}, key=lambda file: (file.name, str(file)))


def digest_of(files: Sequence[Path]) -> str:
    """What names a set of data files by their names and contents."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def read_file(path: Path) -> Iterator[Example]:
    """The labelled rows of one file; rows without text or labels (word lists) are passed over."""
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        for line in lines:
            example = parse_row(json.loads(line))
            if example is not None:
                yield example


def parse_row(row: Mapping[str, Any]) -> Example | None:
    """One row of a data file, or None when it teaches nothing."""
    text = row.get("text")
    source = str(row.get("source", "unnamed"))
    labels = {head: float(value) for head, value in (row.get("labels") or {}).items() if head in HEADS}
    if row.get("label") in ("ham", "spam"):
        labels["spam"] = float(row["label"] == "spam")
    if not isinstance(text, str) or not text.strip() or not labels or source in DERIVED:
        return None
    return Example(
        text=text,
        labels=labels,
        source=source,
        lang=str(row.get("lang") or "en"),
        context=row.get("context"),
        pair=row.get("pair"),
    )


def merge_copies(examples: Iterable[Example]) -> list[Example]:
    """Give a text that stands in several files one row with the labels of all; the first file's label wins.

    ``derived`` copies would otherwise count twice and straddle splits.
    """
    merged: dict[str, Example] = {}
    for example in examples:
        key = " ".join(example.text.split()).lower()
        known = merged.get(key)
        merged[key] = example if known is None else _union(known, example)
    return list(merged.values())


def _union(first: Example, second: Example) -> Example:
    return Example(
        text=first.text,
        labels={**second.labels, **first.labels},
        source=first.source,
        lang=first.lang,
        context=first.context or second.context,
        pair=first.pair or second.pair,
        also=tuple(sorted({*first.also, *second.also, second.source} - {first.source})),
    )


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    elif path.is_dir():
        for pattern in ("**/*.jsonl", "**/*.jsonl.gz"):
            yield from path.glob(pattern)
    else:
        message = f"No data at {path}: give a folder or a .jsonl(.gz) file with --data."
        raise FileNotFoundError(message)
