"""A comment's text cut into pieces that a page can show: what was found in it is marked, what it hides is drawn.

The pieces are plain text. A template escapes each of them, so nothing that a reader wrote becomes markup; links stay
words. Spans of reasons are of the raw text; where the blog sent HTML, a page shows what a browser would make of it.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from classifier.dense import host_of
from classifier.domain import TextFormat
from classifier.folding import LOOK_ALIKES, is_invisible, is_styled
from classifier.offsets import Edit
from classifier.text import read, rendered

#: So much of a text is shown before somebody asks for the rest.
MOST_SHOWN: Final = 6_000
#: So much stands in a row of the list.
GLANCE: Final = 140
_MOST_MARKS: Final = 60
_MOST_HIDDEN: Final = 200
_MOST_TRICKS: Final = 500
_LONGEST: Final = 2_000
_RUN: Final = re.compile(r"[^\W\d_]+")
_LATIN: Final = re.compile(r"[A-Za-z]")
_ANCHOR: Final = re.compile(r"<a\s", re.IGNORECASE)
_CLOSING: Final = re.compile(r"</a\s*>", re.IGNORECASE)
_SPACES: Final = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of the raw text, why it is marked, and whether it is shown only to whoever asks for it."""

    start: int
    end: int
    why: str
    severe: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """Some text that is shown in one way.

    ``kind`` is ``text``, or what the text hides: ``box`` (a character that nobody sees, by its name), ``look`` (a
    letter that looks like another one, which ``trick`` names), ``host`` (where the link before it leads).
    """

    text: str
    why: str = ""
    severe: bool = False
    kind: str = "text"
    trick: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """A text as a reader sees it, and how long it really is."""

    base: str
    edits: tuple[Edit, ...]
    length: int

    def place(self, position: int, *, end: bool = False) -> int:
        """Where a position of the raw text is in what is shown."""
        index = bisect_right(self.edits, position - (1 if end else 0), key=_in_start) - 1
        if index < 0:
            return min(position, len(self.base))
        edit = self.edits[index]
        if position < edit.in_end or (end and position <= edit.in_end):
            return edit.out_end if end else edit.out_start
        return min(edit.out_end + position - edit.in_end, len(self.base))


def shown(raw: str, text_format: str) -> Shown:
    """What a reader sees of a text."""
    base, edits = rendered(raw) if text_format == TextFormat.HTML else (raw, ())
    return Shown(base, edits, len(base))


def as_seen(text: Shown, marks: Sequence[Mark], most: int = MOST_SHOWN) -> tuple[Piece, ...]:
    """The text as its readers see it, with marks."""
    return tuple(_pieces(text.base[:most], _placed(text, marks), {}, {}))


def at_a_glance(text: Shown, marks: Sequence[Mark]) -> tuple[Piece, ...]:
    """The beginning of the text on one line."""
    beginning = text.base[:GLANCE]
    flat = "".join(" " if char.isspace() or _is_hidden(char) else char for char in beginning)
    pieces = tuple(_pieces(flat, _placed(text, marks), {}, {}))
    return (*pieces, Piece("…")) if text.length > GLANCE else pieces


def first_sentence(text: Shown) -> str:
    """The first words, for a name that is read out."""
    return _SPACES.sub(" ", text.base[:GLANCE]).strip()[:80]


def as_it_is(raw: str, text: Shown, marks: Sequence[Mark], most: int = MOST_SHOWN) -> tuple[Piece, ...]:
    """The text with what it hides: characters that nobody sees, letters that look like others, where links lead."""
    base = text.base[:most]
    return tuple(_pieces(base, _placed(text, marks), _tricks(base), _hosts(raw, text)))


def hides_anything(pieces: Iterable[Piece]) -> bool:
    """Whether there is more to a text than its readers see."""
    return any(piece.kind != "text" for piece in pieces)


def _placed(text: Shown, marks: Sequence[Mark]) -> list[Mark]:
    hidden, others = ([mark for mark in marks if mark.severe is severe] for severe in (True, False))
    found = (
        Mark(text.place(mark.start), text.place(mark.end, end=True), mark.why, mark.severe)
        for mark in [*hidden[:_MOST_HIDDEN], *others[:_MOST_MARKS]]
    )
    return [mark for mark in found if mark.start < mark.end]


def _pieces(base: str, marks: list[Mark], tricks: dict[int, Piece], hosts: dict[int, str]) -> Iterator[Piece]:
    """Cut the text wherever something begins or ends."""
    cuts = {0, len(base)} | {at for mark in marks for at in (mark.start, mark.end)} | set(hosts)
    cuts |= {at + after for at in tricks for after in (0, 1)}
    places = sorted(at for at in cuts if 0 <= at <= len(base))
    for start, end in pairwise(places):
        if start in hosts:
            yield Piece(hosts[start], kind="host")
        over = [mark for mark in marks if mark.start <= start and end <= mark.end]
        why, severe = next((mark.why for mark in over if mark.why), ""), any(mark.severe for mark in over)
        trick = tricks.get(start)
        if trick is None:
            yield Piece(base[start:end], why, severe)
        else:
            yield Piece(trick.text, why, severe, trick.kind, trick.trick)
    if len(base) in hosts:
        yield Piece(hosts[len(base)], kind="host")


def _tricks(base: str) -> dict[int, Piece]:
    found: dict[int, Piece] = {}
    odd = [at for at, char in enumerate(base) if not char.isascii() or not (char.isprintable() or char in "\n\r\t")]
    for at in odd[: 4 * _MOST_TRICKS]:
        char = base[at]
        if _is_hidden(char):
            found[at] = Piece(char_name(char), kind="box")
        elif is_styled(char):
            found[at] = Piece(char, kind="look", trick=unicodedata.normalize("NFKC", char))
    for match in _RUN.finditer(base) if odd else ():
        word = match[0]
        if not word.isascii() and _LATIN.search(word):
            for after, char in enumerate(word):
                if char in LOOK_ALIKES:
                    found[match.start() + after] = Piece(char, kind="look", trick=LOOK_ALIKES[char])
        if len(found) > _MOST_TRICKS:
            break
    return found


def _hosts(raw: str, text: Shown) -> dict[int, str]:
    """Where links lead, by the place after their words: in full, or the host of an address that can be read there."""
    found: dict[int, str] = {}
    for link in read(raw).links[:_MOST_MARKS]:
        is_anchor = link.hidden and _ANCHOR.match(raw, link.span.start)
        closing = _CLOSING.search(raw, link.span.end) if is_anchor else None
        ends = link.span.end if closing is None else closing.start()
        place = text.place(ends, end=True)
        said = f" [{_whole_target(link.target) if link.target not in text.base else _host(link.target)}] "
        if said not in found.get(place, ""):
            found[place] = found.get(place, "") + said
    return found


def _whole_target(target: str) -> str:
    """An address in full: nothing in it is invisible, and its host is also said in plain letters."""
    seen = "".join(f"<{char_name(char)}>" if _is_hidden(char) or char.isspace() else char for char in target[:_LONGEST])
    host = _host(target)
    return seen if host.isascii() else f"{seen} ({host})"


def _host(target: str) -> str:
    return _plain_host(host_of(target[:_LONGEST]) or target[:60])


def _plain_host(host: str) -> str:
    """A host in letters that cannot be taken for others."""
    if host.isascii():
        return host
    try:
        return f"{host} = {host.encode('idna').decode()}"
    except UnicodeError:
        return host


def _is_hidden(char: str) -> bool:
    return is_invisible(char) or (unicodedata.category(char) in {"Cc", "Cf", "Co", "Cn", "Cs"} and char not in "\n\r\t")


def char_name(char: str) -> str:
    """What to call a character that is not drawn."""
    return unicodedata.name(char, "") or f"U+{ord(char):04X}"


def _in_start(edit: Edit) -> int:
    return edit.in_start
