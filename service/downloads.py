"""Tables that leave the house: as CSV that no spreadsheet takes for formulas, or as JSON; never with an email or IP."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from service.store.comments import AnyRow

#: What a spreadsheet may take for a formula when a cell begins with it; the last four are full-width signs.
DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
#: An address of a page in a spreadsheet is fine; a text of a megabyte is not what a cell is for.
MAX_CELL: Final = 32_000
_PORTION: Final = 200


@dataclass(frozen=True, slots=True)
class Column:
    """A column and how it is read from a row."""

    name: str
    read: Callable[[AnyRow], Any]


def _field(name: str, column: str | None = None) -> Column:
    return Column(name, lambda row: getattr(row, column or name))


def _codes(row: AnyRow) -> list[str]:
    return [reason["code"] for reason in row.reasons or ()]


def _risk(row: AnyRow) -> float | None:
    return max(row.scores.values()) if row.scores else None


HISTORY: Final = (
    _field("id"),
    _field("at"),
    _field("actor"),
    _field("source"),
    _field("verb"),
    _field("comment_id"),
    _field("external_id"),
    _field("revision"),
    _field("author", "author_name"),
    _field("article_title"),
    _field("article_url"),
    _field("status_before"),
    _field("status_after"),
    _field("reason"),
    _field("machine_said", "decision_action"),
    Column("machine_reasons", _codes),
    Column("risk", _risk),
    _field("model"),
    _field("policy"),
    _field("language"),
    _field("batch_id"),
    _field("undoes"),
    Column("undone", lambda row: bool(row.undone)),
    _field("text", "excerpt"),
)
QUEUE: Final = (
    _field("comment_id"),
    _field("external_id"),
    _field("opened_at"),
    _field("received_at"),
    _field("lane"),
    _field("risk"),
    _field("origin"),
    Column("escalated", lambda row: bool(row.escalated)),
    _field("language"),
    _field("author", "author_name"),
    _field("article_title"),
    _field("article_url"),
    Column("machine_reasons", _codes),
    _field("campaign"),
    _field("text"),
)


def as_csv(columns: tuple[Column, ...], rows: Iterable[AnyRow]) -> Iterator[str]:
    """The table as CSV with a header, in portions."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL)  # some spreadsheets part cells at semicolons
    writer.writerow([column.name for column in columns])
    for count, row in enumerate(rows, 1):
        writer.writerow([cell(column.read(row)) for column in columns])
        if count % _PORTION == 0:
            yield _taken(buffer)
    yield _taken(buffer)


def as_json(columns: tuple[Column, ...], rows: Iterable[AnyRow]) -> Iterator[str]:
    """The table as one JSON document, ``{"items": [...]}``, in portions."""
    yield '{"items": ['
    comma = ""
    for row in rows:
        document = {column.name: _plain(column.read(row)) for column in columns}
        yield f"{comma}\n{json.dumps(document, ensure_ascii=False)}"
        comma = ","
    yield "\n]}\n"


def cell(value: Any) -> str:
    """A value as a cell; a text that could be taken for a formula gets an apostrophe before it."""
    plain = _plain(value)
    if plain is None:
        return ""
    if isinstance(plain, bool):
        return "true" if plain else "false"
    if isinstance(plain, (int, float)):
        return str(plain)
    text = (" ".join(plain) if isinstance(plain, list) else str(plain)).replace("\0", "")[:MAX_CELL]
    return f"'{text}" if text.startswith(DANGEROUS) else text


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return json.dumps(dict(value), ensure_ascii=False)
    return value


def _taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text
