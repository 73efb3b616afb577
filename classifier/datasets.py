"""Labelled comments on disk: reading, merging and naming a snapshot.

A row trains only the heads it has labels for; a missing label is unknown, never "no".
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from classifier.domain import HEADS
from classifier.rows import open_lines

#: Copies of rows of other files: used for tests of their own, never for training twice.
DERIVED: Final = frozenset({"violent_words_benign"})


class DataError(ValueError):
    """The labelled comments cannot be used; the message says why."""


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


def load_snapshot(paths: Sequence[Path], *, strict: bool = False) -> Snapshot:
    """Read every labelled ``.jsonl`` and ``.jsonl.gz`` file under ``paths``; files are taken in order of name.

    ``strict``: as in ``read_file``.

    Raises:
        DataError: a file holds something else, or nothing in them is labelled.
    """
    files = data_files(paths)
    examples = merge_copies(example for file in files for _, example in read_file(file, strict=strict))
    if not examples:
        raise nothing_labelled(paths)
    return Snapshot(tuple(examples), digest_of(files))


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


def read_file(path: Path, *, strict: bool = False) -> Iterator[tuple[Mapping[str, Any], Example]]:
    """The labelled rows of one file, as they stand there and as examples; raises ``DataError``.

    Rows without text or labels (word lists) and labels of other things than heads are passed over. ``strict`` names
    them instead: a person labelled these rows to teach something.
    """
    for number, row in numbered_rows(str(path)):
        try:
            if strict:
                _check_meant(row)
            example = parse_row(row)
        except DataError as error:
            raise DataError(f"{path}, line {number}: {error}.") from None
        if example is not None:
            yield row, example


def numbered_rows(file: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The objects in a JSON Lines file, plain or gzip, with the numbers of their lines; raises ``DataError``."""
    with open_lines(file) as lines:
        for number, line in enumerate(lines, 1):
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                raise DataError(f"{file}, line {number} is not JSON.") from None
            if not isinstance(row, dict):
                raise DataError(f"{file}, line {number} is not an object.")
            yield number, row


def parse_row(row: Mapping[str, Any]) -> Example | None:
    """One row of a data file, or None when it teaches nothing; raises ``DataError`` for values of a wrong kind."""
    text, context, pair = (_string(row, name) for name in ("text", "context", "pair"))
    source = str(row.get("source", "unnamed"))
    labels = {head: _share(value) for head, value in _labels_in(row).items() if head in HEADS}
    if row.get("label") in ("ham", "spam"):
        labels["spam"] = float(row["label"] == "spam")
    if not text or not text.strip() or not labels or source in DERIVED:
        return None
    return Example(
        text=text,
        labels=labels,
        source=source,
        lang=str(row.get("lang") or "en"),
        context=context,
        pair=pair,
    )


def _string(row: Mapping[str, Any], name: str) -> str | None:
    value = row.get(name)
    if value is None or isinstance(value, str):
        return value
    raise DataError(f"{name} is not a string")


def _labels_in(row: Mapping[str, Any]) -> Mapping[str, Any]:
    labels = row.get("labels")
    if labels is not None and not isinstance(labels, dict):
        raise DataError('labels is not an object, as {"toxicity": 1}')
    return labels or {}


def _share(value: Any) -> float:
    if not isinstance(value, int | float) or not 0 <= value <= 1:
        raise DataError("a label is not a number between 0 and 1")
    return float(value)


def _check_meant(row: Mapping[str, Any]) -> None:
    """Whether all that a row says can be learnt; raises ``DataError``."""
    text, label = row.get("text"), row.get("label")
    if text is None or (isinstance(text, str) and not text.strip()):
        raise DataError("there is no text")
    if label is not None and label not in ("ham", "spam"):
        raise DataError(f"label is {_quoted(label)}, and not ham or spam")
    for head in _labels_in(row):
        if head not in HEADS:
            raise DataError(f"{_quoted(head)} is no head of the model ({', '.join(HEADS)})")


def _quoted(value: Any) -> str:
    """What somebody wrote, as JSON and not at length."""
    return json.dumps(value)[:60]


def nothing_labelled(paths: Sequence[Path]) -> DataError:
    """Why no row of some files is an example; a head that nobody knows is named."""
    named = ", ".join(str(path) for path in paths)
    for file in data_files(paths):
        for _, row in numbered_rows(str(file)):
            for head in _labels_in(row):
                if head not in HEADS:
                    known = ", ".join(HEADS)
                    return DataError(
                        f"Nothing in {named} is labelled: {_quoted(head)} is no head of the model ({known})."
                    )
    return DataError(f'Nothing in {named} is labelled: a row needs "label" (ham or spam) or "labels" beside "text".')


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
        raise DataError(f"There is no data at {path}: say with --data which folder or files to learn from.")
