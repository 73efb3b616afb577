"""``v i a g r a   n o w``: letters that stand alone in a row, put back together into words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain
from typing import Final

from classifier.costumes import Disguises
from classifier.disguise import SMALL_WORDS
from classifier.offsets import Edit, Rewriter
from classifier.vocabulary import is_common, is_known, is_sensitive

#: Wider gaps part the words, and quotes or full stops may stand around the whole.
_SPACED: Final = re.compile(r"(?<![\w'-])[^\W\d_](?: [^\W\d_]){2,}(?![\w'-])")
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
    """Join letters in a row into the words they spell; a few letters that spell nothing stay apart."""
    starts = _starts(text)
    first = next(starts, None)
    if first is None:
        return text, ()
    rewriter = Rewriter(text)
    left, done = _MOST_LETTERS, 0
    for start in chain((first,), starts):
        match = _SPACED.match(text, start) if start >= done else None
        if not match:
            continue
        done = match.end()
        letters = match[0].replace(" ", "")
        words = _words_in(letters) if len(letters) <= left else letters
        left -= len(letters)
        if words:
            disguises.spaced += words.count(" ") + 1
            rewriter.replace(match.start(), match.end(), words)
    return rewriter.finish()


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
