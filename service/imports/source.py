"""An opened file to import: unpacked, decoded in bounded pieces, with the line of everything odd."""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final, cast

from service.imports.rows import Odd, Oddity, UnreadableFileError

PIECE: Final = 128 * 1024
#: The longest line, or value of a cell, that is read at once.
LONGEST_LINE: Final = 16 * 1024 * 1024

_GZIP: Final = b"\x1f\x8b"
_ZIP: Final = b"PK\x03\x04"
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED: Final = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_LINE_END: Final = re.compile(r"\r\n|\n|\r")


def _as_windows_1252(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error("windows-1252", _as_windows_1252)


@dataclass
class Source:
    """A file being read. ``odd`` gathers what its bytes have that they should not; readers hand it on and clear it."""

    raw: IO[bytes]
    stream: IO[bytes]
    encoding: str
    size: int
    head: str
    skip: int
    odd: list[Oddity] = field(default_factory=list)

    @property
    def position(self) -> int:
        """How many bytes of the file were read, of ``size``."""
        return self.raw.tell()

    def pieces(self) -> Iterator[str]:
        """The text in pieces; bytes outside the encoding are read as Windows-1252 and noted."""
        self.odd.clear()
        self.stream.seek(0)
        self.stream.read(self.skip)
        make = codecs.getincrementaldecoder(self.encoding)
        strict, lenient, line = make("strict"), make("windows-1252"), 1
        while True:
            data = self._read(line)
            try:
                text = strict.decode(data, final=not data)
            except UnicodeDecodeError:
                text = self._leniently(strict, lenient, data, line)
            if text:
                line += text.count("\n")
                yield text
            if not data:
                return

    def _leniently(
        self, strict: codecs.IncrementalDecoder, lenient: codecs.IncrementalDecoder, data: bytes, line: int
    ) -> str:
        """A piece with foreign bytes, line by line, so that each line that has some is noted."""
        parts = data.splitlines(keepends=True) or [b""]
        texts = []
        for part in parts:
            final = not data
            try:
                texts.append(strict.decode(part, final=final))
            except UnicodeDecodeError:
                lenient.setstate(strict.getstate())
                texts.append(lenient.decode(part, final=final))
                strict.setstate(lenient.getstate())
                self.odd.append(Oddity(Odd.NOT_UTF8, line))
            line += texts[-1].count("\n")
        return "".join(texts)

    def lines(self) -> Iterator[tuple[int, str]]:
        """Number and text of each line, its end included; of one that is absurdly long, only the beginning."""
        number, rest = 1, ""
        for piece in self.pieces():
            rest += piece
            # A carriage return at the very end may be the first half of a line end.
            whole = rest.removesuffix("\r")
            start = 0
            for end in _LINE_END.finditer(whole):
                yield number, rest[start : end.end()]
                start, number = end.end(), number + 1
            rest = rest[start:]
            if len(rest) > LONGEST_LINE:
                raise UnreadableFileError(f"Line {number:,} has more than {LONGEST_LINE:,} characters; that is no row.")
        if rest:
            yield number, rest

    def _read(self, line: int) -> bytes:
        try:
            return self.stream.read(PIECE)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            self.odd.append(Oddity(Odd.TRUNCATED, line, "the gzip stream is damaged"))
            return b""

    def close(self) -> None:
        """Let go of the file."""
        self.stream.close()
        self.raw.close()


def open_source(path: Path) -> Source:
    """Open a file, plain or gzip, and find out how it is encoded.

    Raises:
        UnreadableFileError: it is empty, or an archive of several files.
        OSError: it cannot be read.
    """
    raw = path.open("rb")
    try:
        return _opened(raw, path)
    except BaseException:
        raw.close()
        raise


def _opened(raw: IO[bytes], path: Path) -> Source:
    start = raw.read(4)
    raw.seek(0)
    if start.startswith(_ZIP):
        raise UnreadableFileError(f"{path} is a ZIP archive; unpack it and import the file in it.")
    stream = cast("IO[bytes]", gzip.GzipFile(fileobj=raw)) if start.startswith(_GZIP) else raw
    try:
        head = stream.read(PIECE)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise UnreadableFileError(f"{path} is damaged: it cannot be unpacked.") from None
    if not head.strip():
        raise UnreadableFileError(f"{path} is empty.")
    encoding, skip = _encoding(head)
    return Source(raw, stream, encoding, path.stat().st_size, head[skip:].decode(encoding, "replace"), skip)


def _encoding(head: bytes) -> tuple[str, int]:
    """The encoding and the length of the byte order mark: by the mark, else as XML declares it, else UTF-8."""
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return encoding, len(mark)
    declared = _DECLARED.match(head.lstrip())
    if declared is not None:
        try:
            found = codecs.lookup(declared[1].decode("ascii"))
            if "x".encode(found.name) == b"x":  # a text encoding in which markup is ASCII, as the declaration proves
                return found.name, 0
        except (LookupError, UnicodeError, TypeError, AttributeError):
            pass
    return "utf-8", 0
