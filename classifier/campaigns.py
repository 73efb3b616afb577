"""Copies and near copies: whether others said the same here lately.

A text becomes a set of words and word pairs and the set a MinHash signature of 24 small numbers, of which two texts
share about as many as they share words. Six bands of three numbers each are looked up; whoever shares a band and
half of all numbers is alike. A comment that is like no earlier one leads a campaign, and others join the leader they
are most like, so that a wave of thousands stays a few leaders to compare with. Short texts have no signature: people
do say "I agree" in the same words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import mmh3
import numpy as np
import numpy.typing as npt

from classifier.text import Document

SIZE: Final = 24
BANDS: Final = 6
_ROWS: Final = 3
#: So many of the numbers must be the same: about half of the words and pairs.
ALIKE_FROM: Final = 12
#: Texts with fewer different words are too ordinary to compare.
FEWEST_WORDS: Final = 8
#: Only the beginning of a long text is compared.
MOST_WORDS: Final = 400
#: How many leaders a text is compared with.
_MOST_COMPARED: Final = 64

#: From here on one hash function at a time is quicker than all at once.
_MANY_TERMS: Final = 4_096

_draw = np.random.default_rng(0x51CE)
_FACTORS: Final = _draw.integers(1, 1 << 63, size=SIZE, dtype=np.uint64) | np.uint64(1)
_OFFSETS: Final = _draw.integers(0, 1 << 63, size=SIZE, dtype=np.uint64)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What is kept of a text to know it again; nothing can be read from it."""

    exact: int
    """The same for the same words."""
    signature: bytes
    """``SIZE`` numbers of 16 bits."""


@dataclass(frozen=True, slots=True)
class Leader:
    """A comment that others are alike to."""

    id: str
    signature: bytes
    bands: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A comment to be grouped: its id, fingerprint and bands."""

    id: str
    fingerprint: Fingerprint
    bands: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Grouped:
    """Which campaign a comment joins (its own id: it leads one), and all leaders it is like."""

    campaign: str
    leaders: tuple[str, ...]


def fingerprints(documents: Sequence[Document]) -> list[Fingerprint | None]:
    """Fingerprints of some comments; ``None`` for those too short to compare."""
    exact: list[int] = []
    hashes: list[int] = []
    starts: list[int] = []
    places: list[int] = []
    hash_of = mmh3.hash
    for place, document in enumerate(documents):
        words = [word for word in document.words[:MOST_WORDS] if word.isalpha()]
        if len(set(words)) < FEWEST_WORDS:
            continue
        places.append(place)
        starts.append(len(hashes))
        exact.append(mmh3.hash64(" ".join(words))[0])
        hashes += [hash_of(f"{first} {second}", 1, signed=False) for first, second in pairwise(words)]
        hashes += [hash_of(word, 1, signed=False) for word in words if len(word) > 3]
    found: list[Fingerprint | None] = [None] * len(documents)
    if places:
        for place, same, signature in zip(places, exact, _signatures(hashes, starts), strict=True):
            found[place] = Fingerprint(same, signature.tobytes())
    return found


def _signatures(hashes: list[int], starts: list[int]) -> npt.NDArray[np.uint16]:
    """The least value of each of ``SIZE`` hash functions over each text's terms, cut to 16 bits."""
    terms = np.array(hashes, dtype=np.uint64)
    signature = np.empty((len(starts), SIZE), dtype=np.uint16)
    together = SIZE if len(terms) < _MANY_TERMS else 1
    for first in range(0, SIZE, together):
        drawn = slice(first, first + together)
        mixed = (_FACTORS[drawn, np.newaxis] * terms + _OFFSETS[drawn, np.newaxis]) >> np.uint64(24)
        signature[:, drawn] = (np.minimum.reduceat(mixed, starts, axis=1) & np.uint64(0xFFFF)).T
    return signature


def bands_of(site: str, signature: bytes) -> tuple[int, ...]:
    """The signature's bands as 64-bit numbers; those of two sites never meet."""
    width = 2 * _ROWS
    return tuple(
        mmh3.hash64(f"{site} {band} ".encode() + signature[band * width : (band + 1) * width])[0]
        for band in range(BANDS)
    )


def group(candidates: Sequence[Candidate], leaders: Sequence[Leader]) -> list[Grouped]:
    """Put each comment with the leader it is most like, one after the other; whoever is like none leads from now on."""
    signatures = np.empty((len(leaders) + len(candidates), SIZE), dtype=np.uint16)
    names: list[str] = []
    index: dict[int, list[int]] = {}

    def lead(name: str, signature: bytes, bands: Iterable[int]) -> None:
        place = len(names)
        names.append(name)
        signatures[place] = np.frombuffer(signature, dtype=np.uint16)
        for band in bands:
            index.setdefault(band, []).append(place)

    for leader in leaders:
        lead(leader.id, leader.signature, leader.bands)
    found = []
    for candidate in candidates:
        near = sorted({place for band in candidate.bands for place in index.get(band, ())[:_MOST_COMPARED]})
        close = _close(signatures, near, candidate.fingerprint.signature) if near else []
        if close:
            found.append(Grouped(names[close[0]], tuple(names[place] for place in close)))
        else:
            lead(candidate.id, candidate.fingerprint.signature, candidate.bands)
            found.append(Grouped(candidate.id, (candidate.id,)))
    return found


def _close(signatures: npt.NDArray[np.uint16], near: list[int], signature: bytes) -> list[int]:
    """Those of the places that are alike, the most alike first."""
    shared = (signatures[near] == np.frombuffer(signature, dtype=np.uint16)).sum(axis=1).tolist()
    alike = [(-count, place) for count, place in zip(shared, near, strict=True) if count >= ALIKE_FROM]
    return [place for _, place in sorted(alike)]
