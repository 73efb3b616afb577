"""Which format a file has, by what is in it and not by its name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from service.imports.columns import SYNONYMS
from service.imports.csv_rows import Layout, layout_of, read_csv
from service.imports.disqus import read_disqus
from service.imports.jsonl import read_jsonl
from service.imports.rows import Read, UnreadableFileError
from service.imports.source import Source
from service.imports.wxr import read_wxr


class Format(StrEnum):
    """What can be imported."""

    WXR = "wxr"
    DISQUS = "disqus"
    CSV = "csv"
    JSONL = "jsonl"


NAMES = {
    Format.WXR: "WordPress export (WXR)",
    Format.DISQUS: "Disqus export",
    Format.CSV: "CSV",
    Format.JSONL: "JSON Lines",
}


@dataclass(frozen=True, slots=True)
class Reader:
    """How a file is going to be read."""

    format: Format
    layout: Layout | None
    said: Mapping[str, str]

    def read(self, source: Source, now: datetime) -> Iterator[Read]:
        """All comments of the file from its beginning, and what is odd about it.

        Raises:
            UnreadableFileError: what only shows on the way, such as hostile XML.
        """
        match self.format:
            case Format.WXR:
                return read_wxr(source, now)
            case Format.DISQUS:
                return read_disqus(source, now)
            case Format.JSONL:
                return read_jsonl(source, self.said, now)
            case Format.CSV:
                return read_csv(source, self.layout or layout_of(source, self.said), now)


def reader_for(source: Source, asked: Format | None, said: Mapping[str, str]) -> Reader:
    """The reader for a file, of the format asked for or of the one it looks like.

    Raises:
        UnreadableFileError: it looks like nothing that can be imported.
    """
    found = asked or format_of(source.head)
    if said and found in (Format.WXR, Format.DISQUS):
        raise UnreadableFileError(f"--map is for columns of CSV and keys of JSON Lines; this is a {NAMES[found]}.")
    if found is Format.JSONL and set(said) - set(SYNONYMS):
        raise UnreadableFileError(
            f"There is no field {min(set(said) - set(SYNONYMS))}; there are {', '.join(SYNONYMS)}."
        )
    return Reader(found, layout_of(source, said) if found is Format.CSV else None, said)


def format_of(head: str) -> Format:
    """What a file is, by its beginning.

    Raises:
        UnreadableFileError.
    """
    text = head.lstrip("\ufeff \t\r\n")
    if text.startswith("<"):
        if "wordpress.org/export/" in text or "<rss" in text:
            return Format.WXR
        if "disqus.com" in text:
            return Format.DISQUS
        raise UnreadableFileError(
            "This is XML, but no WordPress or Disqus export; if it is one, say so: --format wxr or --format disqus."
        )
    if text.startswith("{"):
        return Format.JSONL
    if text.startswith("["):
        raise UnreadableFileError("This is one JSON list; write one object a line (JSON Lines) instead.")
    if "\0" in text:
        raise UnreadableFileError("This is no text file; WordPress, Disqus, CSV and JSON Lines can be imported.")
    return Format.CSV
