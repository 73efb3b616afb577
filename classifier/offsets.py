"""Where a stretch of rewritten text came from.

A rewrite is a list of edits, in order and without overlap; everything between two edits is copied unchanged. Keeping
only the edits makes honest text (few edits) cheap and hostile text (many) linear.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Edit(NamedTuple):
    """``source[in_start:in_end]`` became ``result[out_start:out_end]``."""

    out_start: int
    out_end: int
    in_start: int
    in_end: int


class Rewriter:
    """Builds a rewritten text piece by piece and remembers the edits."""

    __slots__ = ("_edits", "_length", "_pieces", "_position", "_source")

    def __init__(self, source: str) -> None:
        self._source = source
        self._position = 0
        self._pieces: list[str] = []
        self._length = 0
        self._edits: list[Edit] = []

    def replace(self, start: int, end: int, piece: str) -> None:
        """Put ``piece`` in the place of ``source[start:end]``; calls come in rising order."""
        kept = self._source[self._position : start]
        out_start = self._length + len(kept)
        self._length = out_start + len(piece)
        self._pieces.append(kept)
        self._pieces.append(piece)
        self._position = end
        self._edits.append(Edit(out_start, self._length, start, end))

    def finish(self) -> tuple[str, tuple[Edit, ...]]:
        """The rewritten text and its edits."""
        if not self._edits:
            return self._source, ()
        self._pieces.append(self._source[self._position :])
        return "".join(self._pieces), tuple(self._edits)


@dataclass(frozen=True, slots=True)
class OffsetMap:
    """Leads from positions in the last of several rewrites back to the first source."""

    steps: tuple[tuple[Edit, ...], ...] = ()

    def source_span(self, start: int, end: int) -> tuple[int, int]:
        """The smallest stretch of the source that produced ``result[start:end]``.

        Source text that vanished at either edge is left out; ``end`` is exclusive on both sides.
        """
        for edits in self.steps[::-1]:
            start, end = _start_before(edits, start), _end_before(edits, end)
        return start, max(start, end)


def _start_before(edits: Sequence[Edit], position: int) -> int:
    index = bisect_right(edits, position, key=_out_start) - 1
    if index < 0:
        return position
    edit = edits[index]
    return edit.in_start if position < edit.out_end else edit.in_end + position - edit.out_end


def _end_before(edits: Sequence[Edit], position: int) -> int:
    index = bisect_left(edits, position, key=_out_start) - 1
    if index < 0:
        return position
    edit = edits[index]
    return edit.in_end if position <= edit.out_end else edit.in_end + position - edit.out_end


def _out_start(edit: Edit) -> int:
    return edit.out_start
