"""``v i a g r a   n o w``: letters that stand alone in a row, put back together into words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Final

from classifier.costumes import Disguises
from classifier.disguise import SMALL_WORDS
from classifier.offsets import Edit, Rewriter
from classifier.vocabulary import is_common, is_known, is_sensitive

#: Wider gaps part the words, and quotes or full stops may stand around the whole.
_SPACED: Final = re.compile(r"(?<![\w'-])[^\W\d_](?: [^\W\d_]){2,}(?![\w'-])")
#: Letters and signs that all stand alone, with wide gaps between the words: ``w e ' l l   s e e   i n   2 0 1 6``. No
#: word is longer than forty, so that no run is read over and over.
_ROW: Final = re.compile(r"(?<!\S)\S(?!\S)(?: \S(?!\S)){0,40}+(?: {2,}+\S(?!\S)(?: \S(?!\S)){0,40}+)++")
_GROUP: Final = re.compile(r"\S(?: \S)+")
#: Behind the first of three such letters; far quicker to look for than the whole.
_HINT: Final = re.compile(r" (?=[^\W\d_] [^\W\d_])")
#: The same in ASCII with ``a`` for every letter.
_THREE: Final = b"a a a"
_SHAPES: Final = bytes(0x61 if chr(code).isalpha() else code for code in range(0x80)).ljust(0x100)
#: How many letters of one text are divided into words; later ones are only joined.
_MOST_LETTERS: Final = 1024
_LONGEST_WORD: Final = 14
#: What a letter costs that is part of no word, and which share of such letters makes it no words at all.
_STRAY: Final = 4.0
_MOST_STRAY: Final = 0.4
_NAME_LETTERS: Final = 5


def join_spaced(text: str, disguises: Disguises) -> tuple[str, tuple[Edit, ...]]:
    """Join letters in a row into the words they spell; a few letters that spell nothing stay apart.

    Where wide gaps part the words, those of two letters and those with digits or signs are joined as well.
    """
    starts = _starts(text)
    first = next(starts, None)
    if first is None:
        return text, ()
    rows = [match.span() for match in _ROW.finditer(text)][::-1] if "  " in text else []
    joined = _Joined(Rewriter(text), disguises)
    done = 0
    for start in chain((first,), starts):
        if start < done:
            continue
        while rows and (rows[-1][1] <= start or rows[-1][0] < done):
            rows.pop()
        if rows and rows[-1][0] <= start:
            done = rows[-1][1]
            _join_row(text, *rows.pop(), joined)
        elif match := _SPACED.match(text, start):
            done = match.end()
            joined.put(start, done, match[0].replace(" ", ""))
    return joined.rewriter.finish()


@dataclass(slots=True)
class _Joined:
    """What is being put together, and how many letters may still be divided into words."""

    rewriter: Rewriter
    disguises: Disguises
    left: int = _MOST_LETTERS

    def put(self, start: int, end: int, letters: str) -> None:
        """Put the words that letters spell in the place of the letters, if they spell any."""
        words = _words_in(letters) if len(letters) <= self.left else letters
        self.left -= len(letters)
        if words:
            self.disguises.spaced += words.count(" ") + 1
            self.rewriter.replace(start, end, words)


def _join_row(text: str, start: int, end: int, joined: _Joined) -> None:
    for match in _GROUP.finditer(text, start, end):
        letters = match[0].replace(" ", "")
        if len(letters) > 2 and letters.isalpha():
            joined.put(*match.span(), letters)
        else:
            joined.disguises.spaced += 1
            joined.rewriter.replace(*match.span(), letters)


def _starts(text: str) -> Iterator[int]:
    """Where three letters with spaces between them begin, whatever stands around them."""
    if not text.isascii():
        yield from (hint.start() - 1 for hint in _HINT.finditer(text, 1))
        return
    shape = text.encode("ascii").translate(_SHAPES)
    at = shape.find(_THREE)
    while at >= 0:
        yield at
        at = shape.find(_THREE, at + 1)


@lru_cache(maxsize=2048)
def _words_in(letters: str) -> str:
    """The words that letters spell, or all of them as one word; empty where they are rather single letters."""
    if is_sensitive(letters):
        return letters
    if len(letters) < _NAME_LETTERS:
        words = _divided(letters) if len(letters) > 3 else [letters]
        return " ".join(words) if all(is_common(word) for word in words) and len(words[-1]) > 2 else ""
    words = _divided(letters)
    stray = sum(len(word) == 1 and word not in SMALL_WORDS for word in words)
    return " ".join(words) if stray <= _MOST_STRAY * len(letters) and len(words) < len(letters) / 2 else letters


def _divided(letters: str) -> list[str]:
    """The cheapest way to cut letters into words: known ones, few, and hardly a letter left over."""
    costs, begins = [0.0], [0]
    for end in range(1, len(letters) + 1):
        costs.append(costs[end - 1] + _STRAY)
        begins.append(end - 1)
        for begin in range(max(0, end - _LONGEST_WORD), end):
            cost = costs[begin] + _cost(letters[begin:end])
            if cost < costs[end]:
                costs[end], begins[end] = cost, begin
    words = []
    end = len(letters)
    while end:
        words.append(letters[begins[end] : end])
        end = begins[end]
    return words[::-1]


def _cost(word: str) -> float:
    if word in SMALL_WORDS:
        return 1.2
    if len(word) > 2 and is_common(word):
        return 1.0
    return 2.5 if len(word) > 3 and is_known(word) else 2 * _STRAY * len(word)
