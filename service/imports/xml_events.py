"""XML as a stream of elements, from files that may be hostile, broken or enormous.

What defusedxml refuses is refused here too: a document type, entities, references to the outside. So is what would fill
the memory: one endless tag, and elements nested without end. Characters that XML forbids, which old exports hold, are
read as spaces.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NoReturn
from xml.parsers import expat

from service.imports.rows import Odd, Oddity, UnreadableFileError
from service.imports.source import Source

#: Characters of one element's text that are kept; a comment has 65,536 at most.
LONGEST_TEXT: Final = 1_000_000
#: Characters of one tag or other piece of markup.
LONGEST_MARKUP: Final = 4 * 1024 * 1024
DEEPEST: Final = 100

_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_REFERENCE: Final = re.compile(
    r"&#(?:0*(?:[0-8]|1[124-9]|2[0-9]|3[01])|[xX]0*(?:[0-8bcefBCEF]|1[0-9a-fA-F]|[fF]{3}[eEfF]|[dD][89a-fA-F]..));"
)
_LONGEST_REFERENCE: Final = 16


class RefusedXmlError(UnreadableFileError):
    """The file uses what only attacks use."""


@dataclass(frozen=True, slots=True)
class Start:
    """An element begins. Names have their namespace in front: ``http://… name``."""

    name: str
    attributes: dict[str, str]
    line: int


@dataclass(frozen=True, slots=True)
class End:
    """An element ended; ``text`` is what stood in it since its last child."""

    name: str
    text: str
    line: int


def elements(source: Source) -> Iterator[Start | End | Oddity]:
    """Begin and end of each element. A broken file ends with an oddity that names the line.

    Raises:
        RefusedXmlError.
    """
    found = _Found()
    parser = found.parser
    fed = 0
    try:
        for piece in _cleaned(source, found):
            parser.Parse(piece, False)
            fed += len(piece.encode())
            if fed - parser.CurrentByteIndex > LONGEST_MARKUP:
                _refuse("one tag without an end", parser.CurrentLineNumber)
            yield from found.taken(source)
        parser.Parse("", True)
        yield from found.taken(source)
    except expat.ExpatError as error:
        yield from found.taken(source)
        yield Oddity(_kind_of(error), error.lineno, expat.errors.messages.get(error.code, ""))
    except UnicodeEncodeError:
        yield from found.taken(source)
        yield Oddity(Odd.BROKEN, parser.CurrentLineNumber)


_ENDS: Final = ("no element found", "unclosed token", "unclosed CDATA section", "partial character")


def _kind_of(error: expat.ExpatError) -> Odd:
    return Odd.TRUNCATED if expat.errors.messages.get(error.code) in _ENDS else Odd.BROKEN


def _refuse(what: str, line: int) -> NoReturn:
    raise RefusedXmlError(f"This file is refused: line {line:,} has {what}, which no export of comments has.")


class _Found:
    """Collects what the parser reports until it is taken."""

    def __init__(self) -> None:
        self._events: list[Start | End | Oddity] = []
        self._text: list[str] = []
        self._length = 0
        self._depth = 0
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._data
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.EntityDeclHandler = self._entity
        self.parser.UnparsedEntityDeclHandler = self._entity
        self.parser.ExternalEntityRefHandler = self._external
        self.parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)

    def note(self, oddity: Oddity) -> None:
        """Something odd before the parser saw it."""
        self._events.append(oddity)

    def taken(self, source: Source) -> list[Start | End | Oddity]:
        """What was found since the last call."""
        found = [*source.odd, *self._events]
        source.odd.clear()
        self._events = []
        return found

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            _refuse(f"elements nested more than {DEEPEST} deep", self.parser.CurrentLineNumber)
        self._text, self._length = [], 0
        self._events.append(Start(name, attributes, self.parser.CurrentLineNumber))

    def _end(self, name: str) -> None:
        self._depth -= 1
        self._events.append(End(name, "".join(self._text), self.parser.CurrentLineNumber))
        self._text, self._length = [], 0

    def _data(self, data: str) -> None:
        if self._length < LONGEST_TEXT:
            self._text.append(data)
            self._length += len(data)

    def _doctype(self, *_: object) -> None:
        _refuse("a document type declaration", self.parser.CurrentLineNumber)

    def _entity(self, *_: object) -> None:
        _refuse("an entity declaration", self.parser.CurrentLineNumber)

    def _external(self, *_: object) -> int:
        _refuse("a reference to another file", self.parser.CurrentLineNumber)


def _cleaned(source: Source, found: _Found) -> Iterator[str]:
    """The text in pieces with spaces for what XML forbids; a reference is never cut in two."""
    line, rest = 1, ""
    for piece in source.pieces():
        text = rest + piece
        cut = text.rfind("&", max(0, len(text) - _LONGEST_REFERENCE))
        text, rest = (text, "") if cut < 0 else (text[:cut], text[cut:])
        yield _without_forbidden(text, line, found)
        line += text.count("\n")
    if rest:
        yield _without_forbidden(rest, line, found)


def _without_forbidden(text: str, line: int, found: _Found) -> str:
    for pattern in (_FORBIDDEN, _REFERENCE):
        first = pattern.search(text)
        if first is not None:
            for each in pattern.finditer(text):
                found.note(Oddity(Odd.CONTROL, line + text.count("\n", 0, each.start())))
            text = pattern.sub(" ", text)
    return text
