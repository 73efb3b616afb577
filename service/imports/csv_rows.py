"""CSV with a header, as spreadsheets and databases write it."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from service.imports.cleaning import finish
from service.imports.columns import draft_of, mapping_of
from service.imports.rows import Odd, Oddity, Read, UnreadableFileError
from service.imports.source import Source

#: Characters of one cell: a quote that is never closed swallows so much of the file and no more.
LONGEST_CELL: Final = 1_000_000
_DELIMITERS: Final = (",", ";", "\t", "|")


@dataclass(frozen=True, slots=True)
class Layout:
    """How a table is laid out: what separates its cells, its columns, and what each field is read from."""

    delimiter: str
    names: tuple[str, ...]
    mapping: Mapping[str, str]


def layout_of(source: Source, said: Mapping[str, str]) -> Layout:
    """Look at the header.

    Raises:
        UnreadableFileError: there is none, or no column holds the comments.
    """
    csv.field_size_limit(LONGEST_CELL)
    lines = source.head.splitlines(keepends=True)
    if not lines:
        raise UnreadableFileError("The file has no header.")
    headers = {delimiter: _header(lines, delimiter) for delimiter in _DELIMITERS}
    delimiter = max(headers, key=lambda each: len(headers[each]))
    names = tuple(name.strip() for name in headers[delimiter])
    return Layout(delimiter, names, mapping_of(names, said))


def _header(lines: list[str], delimiter: str) -> list[str]:
    try:
        return next(csv.reader(lines, delimiter=delimiter), [])
    except csv.Error:
        return []


def read_csv(source: Source, layout: Layout, now: datetime) -> Iterator[Read]:
    """All rows below the header, in their order."""
    columns = {field: layout.names.index(column) for field, column in layout.mapping.items()}
    numbered = _Numbered(source)
    rows = csv.reader(numbered, delimiter=layout.delimiter)
    first = True
    while True:
        line = numbered.next_line
        try:
            row = next(rows, None)
        except csv.Error as error:
            yield Oddity(Odd.BAD_ROW, line, str(error))
            rows = csv.reader(numbered, delimiter=layout.delimiter)
            continue
        yield from source.odd
        source.odd.clear()
        if row is None:
            return
        if first or not any(row):
            first = False
            continue
        draft = draft_of({field: row[at] for field, at in columns.items() if at < len(row)}, line)
        if len(row) > len(layout.names):
            draft.note(Odd.EXTRA_CELLS)
        yield from finish(draft, now)


class _Numbered:
    """The lines, and the number of the next one."""

    def __init__(self, source: Source) -> None:
        self._lines = source.lines()
        self.next_line = 1

    def __iter__(self) -> _Numbered:
        return self

    def __next__(self) -> str:
        number, text = next(self._lines)
        self.next_line = number + 1
        return text
