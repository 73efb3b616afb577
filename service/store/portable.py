"""Tables and their rows in a form that every database of ours understands."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from service.store.engine import Store
from service.store.migrate import upgrade
from service.store.tables import UTCDateTime

#: Rows held in memory at a time, and bytes of lines when they are read back.
CHUNK: Final = 500
CHUNK_BYTES: Final = 256 * 1024
#: Bytes in binary columns that are held at a time: models are a few megabytes each.
BINARY_BYTES: Final = 16 * 1024 * 1024


class UnreadableRowError(Exception):
    """A line is not a row of its table."""


def tables_at(revision: str, folder: Path) -> list[sa.Table]:
    """The tables of a schema version, parents first, as the migrations make them."""
    model = Store(f"sqlite:///{folder / 'schema.db'}", pool_size=2)
    try:
        upgrade(model, revision)
        return tables_of(model)
    finally:
        model.close()


def tables_of(model: Store) -> list[sa.Table]:
    """The tables of a SQLite database that holds nothing but ours, parents first, in types for every database."""
    metadata = sa.MetaData()
    with model.read() as connection:
        inspector = sa.inspect(connection)
        names = [name for name, _ in inspector.get_sorted_table_and_fkc_names() if name]
        return [
            sa.Table(
                name, metadata, *(sa.Column(each["name"], _type(each["type"])) for each in inspector.get_columns(name))
            )
            for name in names
            if name != "alembic_version"
        ]


def dump_rows(connection: Connection, table: sa.Table, file: IO[bytes]) -> int:
    """Write all rows as JSON, a line each; how many there were."""
    names = [column.name for column in table.columns]
    count = 0
    for row in connection.execute(sa.select(table).execution_options(yield_per=_rows_at_a_time(connection, table))):
        line = json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False, default=_portable)
        file.write(line.encode() + b"\n")
        count += 1
    return count


def load_rows(connection: Connection, table: sa.Table, file: IO[bytes]) -> int:
    """Insert the rows that ``dump_rows`` wrote; how many there were.

    Raises:
        UnreadableRowError: a line is no row of this table.
    """
    readers = [(column.name, _reader(column.type)) for column in table.columns]
    count = 0
    while lines := file.readlines(CHUNK_BYTES):
        try:
            documents = [json.loads(line) for line in lines]
            rows = [{name: read(document[name]) for name, read in readers} for document in documents]
        except (ValueError, KeyError, TypeError):
            raise UnreadableRowError from None
        connection.execute(sa.insert(table), rows)
        count += len(rows)
    return count


def copy_rows(source: Connection, target: Connection, table: sa.Table) -> None:
    """Insert one database's rows into another, which has the same table."""
    names = [column.name for column in table.columns]
    result = source.execute(sa.select(table).execution_options(yield_per=_rows_at_a_time(source, table)))
    for rows in result.partitions():
        target.execute(sa.insert(table), [dict(zip(names, row, strict=True)) for row in rows])


def _rows_at_a_time(connection: Connection, table: sa.Table) -> int:
    """So many rows that their binary columns stay within bounds, whatever is in them."""
    widths = [sa.func.length(column) for column in table.columns if isinstance(column.type, sa.LargeBinary)]
    if not widths:
        return CHUNK
    widest = connection.execute(sa.select(sa.func.max(sum(widths[1:], widths[0])))).scalar() or 1
    return max(1, min(CHUNK, BINARY_BYTES // widest))


def _portable(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(value).decode()
    raise TypeError(f"A column of type {type(value).__name__} cannot be backed up.")


def _reader(column_type: sa.types.TypeEngine[Any]) -> Callable[[Any], Any]:
    if isinstance(column_type, UTCDateTime):
        return lambda value: None if value is None else datetime.fromisoformat(value)
    if isinstance(column_type, sa.LargeBinary):
        return lambda value: None if value is None else base64.b64decode(value)
    return lambda value: value


def _type(found: sa.types.TypeEngine[Any]) -> sa.types.TypeEngine[Any]:
    generic = found.as_generic()
    if isinstance(generic, sa.DateTime):
        return UTCDateTime()
    return sa.JSON(none_as_null=True) if isinstance(generic, sa.JSON) else generic
