"""Sentences of a text as stretches of it, in the units in which JavaScript and Java count."""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import Final

#: More sentences than these are joined, so that no text costs more than so many judgements.
MOST_SENTENCES: Final = 100
_ENDS: Final = frozenset(".!?…")
#: These end a sentence without a space after them.
_ENDS_AT_ONCE: Final = frozenset("\n。！？\u2028\u2029")
_CLOSERS: Final = frozenset("\"'”’»)]}")


def sentences(text: str) -> list[tuple[int, int]]:
    """Stretches ``[begin, end)`` in code points, one after the other without a gap, from the first to the last.

    Time is linear in the length of the text.
    """
    starts = [0]
    ended = spaced = said = False
    for at, character in enumerate(text):
        if character in _ENDS_AT_ONCE:
            ended = spaced = True
        elif character in _ENDS:
            ended, spaced = True, spaced and ended
        elif character.isspace():
            spaced = ended
        else:
            if ended and spaced and said:
                starts.append(at)
            if (ended and spaced) or character not in _CLOSERS:
                ended = spaced = False
            said = True
    step = -(-len(starts) // MOST_SENTENCES)
    return list(pairwise([*starts[::step], len(text)]))


def utf16_offsets(text: str) -> list[int]:
    """Where each code point, and the end, is in UTF-16 code units: an emoji counts two."""
    return list(accumulate((2 if character > "\uffff" else 1 for character in text), initial=0))
