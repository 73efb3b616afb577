"""What texts that read alike have in common: one of them in parts, those that vary told apart from those that stay.

Each text is laid beside the first by the words that both have once, in the longest order that both keep, and by what
is the same right beside those. That takes about as long as reading them, however odd they are.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

#: Only the beginning of a long text is laid beside others.
MOST_TOKENS: Final = 400
#: A token that fewer of the others have at its place varies.
STAYS_FROM: Final = 0.75
_TOKEN: Final = re.compile(r"\s*\S+")


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the first text, and whether the others have something else there."""

    text: str
    varies: bool


def template_of(texts: Sequence[str]) -> list[Part]:
    """The first text in parts that together are its beginning."""
    if not texts:
        return []
    first = list(_tokens(texts[0]))
    if not first:
        return []
    keys = [_key(token) for token in first]
    shared = [0] * len(first)
    others = texts[1:]
    for other in others:
        for at in _aligned(keys, [_key(token) for token in _tokens(other)]):
            shared[at] += 1
    stays = [not others or count >= STAYS_FROM * len(others) for count in shared]
    parts = []
    at = 0
    for stay, run in groupby(stays):
        length = len(list(run))
        parts.append(Part("".join(first[at : at + length]), varies=not stay))
        at += length
    return parts


def _tokens(text: str) -> Iterator[str]:
    """Words with the space before them."""
    for count, found in enumerate(_TOKEN.finditer(text)):
        if count == MOST_TOKENS:
            return
        yield found[0]


def _key(token: str) -> str:
    return token.strip().casefold()


def _aligned(one: list[str], other: list[str]) -> set[int]:
    """Places in ``one`` that ``other`` has, too, in the same order."""
    once, there = _only_once(one), _only_once(other)
    pairs = [(at, there[key]) for key, at in once.items() if key in there]
    pairs.sort()
    found: dict[int, int] = dict(_longest_rising(pairs))
    for at, beside in [(-1, -1), *found.items(), (len(one), len(other))]:
        for step in (1, -1):
            i, j = at + step, beside + step
            while 0 <= i < len(one) and 0 <= j < len(other) and i not in found and one[i] == other[j]:
                found[i] = j
                i, j = i + step, j + step
    return set(found)


def _only_once(keys: list[str]) -> dict[str, int]:
    seen: dict[str, int] = {}
    twice: set[str] = set()
    for at, key in enumerate(keys):
        if key in seen:
            twice.add(key)
        seen[key] = at
    return {key: at for key, at in seen.items() if key not in twice}


def _longest_rising(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest run of pairs in which both numbers rise; they come sorted by the first."""
    tops: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for place, (_, value) in enumerate(pairs):
        length = bisect_left(tops, value)
        before.append(ends[length - 1] if length else -1)
        if length == len(tops):
            tops.append(value)
            ends.append(place)
        else:
            tops[length], ends[length] = value, place
    found = []
    place = ends[-1] if ends else -1
    while place >= 0:
        found.append(pairs[place])
        place = before[place]
    return found[::-1]
