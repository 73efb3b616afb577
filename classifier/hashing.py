"""Terms of normalised texts as hashed columns: what scikit-learn's ``HashingVectorizer`` finds, many times faster.

Word 1-2 grams are hashed one by one in C. Character 2-5 grams inside word boundaries are exactly the slices of the
single-spaced text without a space in the middle, so one pass of array arithmetic hashes those of a whole batch.
"""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, filterfalse, pairwise
from typing import Any, Final

import mmh3
import numpy as np
import numpy.typing as npt

from classifier.folding import MARKLESS
from classifier.text import skeleton_of

WORD_BITS: Final = 18
CHAR_BITS: Final = 18
WORD_COLUMNS: Final = 1 << WORD_BITS
CHAR_COLUMNS: Final = 1 << CHAR_BITS
CHAR_NGRAMS: Final = (2, 5)

UInt32s = npt.NDArray[np.uint32]
Int64s = npt.NDArray[np.int64]

_C1: Final = np.uint32(0xCC9E2D51)
_C2: Final = np.uint32(0x1B873593)
_SPACE: Final = 0x20
_ZERO, _NINE = 0x30, 0x39


@dataclass(frozen=True, slots=True)
class Terms:
    """Distinct columns of each text with counts, text after text; ``starts[i]:starts[i + 1]`` are text ``i``'s."""

    starts: Int64s
    columns: Int64s
    counts: Int64s


def word_pairs(words: Sequence[str]) -> list[str]:
    """Neighbouring words joined by one space."""
    return [f"{first} {second}" for first, second in itertools.pairwise(words)]


def word_columns(terms: Sequence[str]) -> Int64s:
    """The columns of words or word pairs."""
    return np.abs(np.array([mmh3.hash(term) for term in terms], dtype=np.int64)) & (WORD_COLUMNS - 1)


def word_terms(words: Sequence[Sequence[str]], pairs: Sequence[Sequence[str]]) -> Terms:
    """Hashed words and word pairs of each text."""
    hash_of = mmh3.hash
    hashes: list[int] = []
    sizes: list[int] = []
    for singles, doubles in zip(words, pairs, strict=True):
        hashes += [hash_of(term) for term in singles]
        hashes += [hash_of(term) for term in doubles]
        sizes.append(len(singles) + len(doubles))
    columns = np.abs(np.array(hashes, dtype=np.int64)) & (WORD_COLUMNS - 1)
    if len(sizes) == 1:
        return _count_one(columns)
    return _count(columns, np.repeat(np.arange(len(sizes)), sizes), len(sizes), WORD_BITS)


def char_terms(texts: Sequence[str]) -> Terms:
    """Hashed character n-grams of each text's skeleton, inside word boundaries."""
    found = [b"".join(each) for each in _pieces_in([text.split(" ") for text in texts])]
    columns = np.frombuffer(b"".join(found), dtype=np.uint32).astype(np.int64)
    if len(texts) == 1:
        return _count_one(columns)
    sizes = [len(each) >> 2 for each in found]
    return _count(columns, np.repeat(np.arange(len(texts), dtype=np.int64), sizes), len(texts), CHAR_BITS)


def terms_of_one(words: Sequence[str], pairs: Sequence[str], text: str) -> tuple[Int64s, Int64s, int]:
    """One text's distinct columns with counts, words and pairs first, and how many those are.

    Columns of characters stand behind ``WORD_COLUMNS``. Both kinds are counted together: with so few terms the number
    of steps is what costs.
    """
    hashed = array("i", map(mmh3.hash, chain(words, pairs)))
    pieces = b"".join(chain.from_iterable(_pieces_in([text.split(" ")])))
    columns = np.abs(np.frombuffer(hashed.tobytes() + pieces, dtype=np.int32))
    columns &= WORD_COLUMNS - 1
    columns[len(hashed) :] += WORD_COLUMNS
    found = _count_one(columns)
    return found.columns, found.counts, int(np.count_nonzero(found.columns < WORD_COLUMNS))


def char_occurrences(texts: Sequence[Sequence[str]]) -> tuple[Int64s, Int64s, Int64s]:
    """Every character n-gram of some texts, given as tokens: its text, its column, its token among all texts'."""
    found = [pieces for each in _pieces_in(texts) for pieces in each]
    columns = np.frombuffer(b"".join(found), dtype=np.uint32).astype(np.int64)
    homes = np.repeat(np.arange(len(found), dtype=np.int64), [len(pieces) >> 2 for pieces in found])
    owners = np.repeat(np.arange(len(texts), dtype=np.int64), [len(each) for each in texts])
    return owners[homes], columns, homes


def _pieces_in(texts: Sequence[Sequence[str]]) -> list[list[bytes]]:
    """The columns of the pieces of each token of each text, four bytes each."""
    strange = list(filterfalse(_PIECES.__contains__, set().union(*texts)))
    fresh = _pieces_of(strange) if sum(map(len, strange)) > _FEW_LETTERS else {}
    if not fresh:
        return [[_PIECES[token] for token in each] for each in texts]
    found = [[fresh.get(token) or _PIECES[token] for token in each] for each in texts]
    _PIECES.remember(fresh)
    return found


class _Pieces(dict[str, bytes]):
    """The columns of a token's character n-grams, four bytes each: most tokens come again and again."""

    def __missing__(self, token: str) -> bytes:
        framed, hash_of = f" {skeleton_of(token)} " if token else "", mmh3.hash
        low, high = CHAR_NGRAMS
        grams = [framed[at : at + size] for size in range(low, high + 1) for at in range(len(framed) - size + 1)]
        found = array("I", [abs(hash_of(gram)) & (CHAR_COLUMNS - 1) for gram in grams]).tobytes()
        self.remember({token: found})
        return found

    def remember(self, found: Mapping[str, bytes]) -> None:
        """Keep what was found for short tokens; when there are too many, all are forgotten."""
        if len(self) + len(found) > _REMEMBERED:
            self.clear()
        self.update((token, pieces) for token, pieces in found.items() if len(token) <= _LONGEST)


_PIECES: Final = _Pieces()
_REMEMBERED: Final = 32_768
_LONGEST: Final = 40
#: So many letters of tokens not met before are quicker to hash one by one.
_FEW_LETTERS: Final = 200


def _pieces_of(tokens: Sequence[str]) -> dict[str, bytes]:
    """The same for many tokens at once."""
    columns, positions, sizes = _char_grams(tokens)
    owners = np.repeat(np.arange(len(tokens), dtype=np.int64), sizes)[positions]
    order = np.argsort(owners, kind="stable")
    encoded = columns[order].astype(np.uint32).tobytes()
    cuts = (4 * np.searchsorted(owners[order], np.arange(len(tokens) + 1))).tolist()
    return {token: encoded[first:last] for token, (first, last) in zip(tokens, pairwise(cuts), strict=True)}


def _char_grams(texts: Sequence[str]) -> tuple[Int64s, Int64s, Int64s]:
    """All n-grams of some texts: column, position among the characters of all skeletons; and the skeletons' sizes."""
    encoded, sizes = _skeletons(texts)
    buffer = np.frombuffer(encoded + b"\0" * 4, dtype=np.uint8)
    blocks = np.ndarray(len(encoded) + 1, dtype="<u4", buffer=buffer, strides=(1,)).astype(np.uint32)
    low, high = CHAR_NGRAMS
    edges = None if int(sizes.sum()) == len(encoded) else _edges(buffer[:-4])
    spaces = (buffer[:-4] if edges is None else buffer[edges[:-1]]) == _SPACE
    grams = [_grams(spaces, size) for size in range(low, high + 1)]
    if edges is None:
        hashes = [_hash(blocks, gram, size) for size, gram in enumerate(grams, low)]
        positions = np.concatenate(grams)
    else:
        begins = np.concatenate([edges[gram] for gram in grams])
        lengths = np.concatenate([edges[gram + size] - edges[gram] for size, gram in enumerate(grams, low)])
        order = np.argsort(lengths, kind="stable")
        begins, positions = begins[order], np.concatenate(grams)[order]
        cuts = np.flatnonzero(np.diff(lengths[order], prepend=-1, append=-1)).tolist()
        hashes = [_hash(blocks, begins[first:last], int(lengths[order[first]])) for first, last in pairwise(cuts)]
    signed = np.concatenate(hashes).view(np.int32).astype(np.int64) if hashes else np.empty(0, dtype=np.int64)
    return np.abs(signed) & (CHAR_COLUMNS - 1), positions, sizes


def _edges(encoded: npt.NDArray[np.uint8]) -> Int64s:
    """Where each character of a UTF-8 string begins, and the end."""
    return np.append(np.flatnonzero((encoded & 0xC0) != 0x80), len(encoded))


def _skeletons(texts: Sequence[str]) -> tuple[bytes, Int64s]:
    """The skeletons of texts between spaces, as one UTF-8 string, and their lengths in characters.

    The same as ``skeleton_of``, for a whole batch at once.
    """
    joined = "".join([f" {text} " for text in texts])
    codes = np.frombuffer((joined if joined.isascii() else joined.translate(MARKLESS)).encode("utf-32-le"), dtype="<u4")
    repeated = codes[1:] == codes[:-1]
    kept = np.ones(len(codes), dtype=bool)
    kept[1:] = ~(repeated & (codes[1:] != _SPACE) & ((codes[1:] < _ZERO) | (codes[1:] > _NINE)))
    starts = np.cumsum([0, *[len(text) + 2 for text in texts[:-1]]])
    sizes = np.add.reduceat(kept, starts, dtype=np.int64)
    short = codes[kept]
    if not len(short) or short.max() < 0x80:
        return short.astype(np.uint8).tobytes(), sizes
    return short.tobytes().decode("utf-32-le").encode(), sizes


def _grams(spaces: npt.NDArray[np.bool_], size: int) -> Int64s:
    """Where n-grams of ``size`` characters begin that hold no space between their ends and are not all space."""
    count = max(len(spaces) - size + 1, 0)
    if size == 2:
        return np.flatnonzero(~(spaces[:count] & spaces[1 : count + 1]))
    inside = ~spaces
    fits = inside[1 : count + 1].copy()
    for offset in range(2, size - 1):
        fits &= inside[offset : count + offset]
    return np.flatnonzero(fits)


def _hash(blocks: UInt32s, begins: Int64s, size: int) -> UInt32s:
    """MurmurHash3 (32 bits, seed 0) of the slices of one length that begin at ``begins``."""
    hashed = np.zeros(len(begins), dtype=np.uint32)
    for block in range(size // 4):
        hashed ^= _mix(blocks[begins + 4 * block])
        hashed = (hashed << np.uint32(13)) | (hashed >> np.uint32(19))
        hashed *= np.uint32(5)
        hashed += np.uint32(0xE6546B64)
    rest = size % 4
    if rest:
        hashed ^= _mix(blocks[begins + (size - rest)] & np.uint32((1 << (8 * rest)) - 1))
    hashed ^= np.uint32(size)
    hashed ^= hashed >> np.uint32(16)
    hashed *= np.uint32(0x85EBCA6B)
    hashed ^= hashed >> np.uint32(13)
    hashed *= np.uint32(0xC2B2AE35)
    hashed ^= hashed >> np.uint32(16)
    return hashed


def _mix(block: UInt32s) -> UInt32s:
    mixed = block * _C1
    mixed = (mixed << np.uint32(15)) | (mixed >> np.uint32(17))
    mixed *= _C2
    return mixed


def _count(columns: Int64s, owners: Int64s, texts: int, bits: int) -> Terms:
    """Fold repeated columns of one text into counts."""
    keys = (owners << bits) | columns
    if texts <= 1 << (31 - bits):
        keys = keys.astype(np.uint32)
    keys.sort()
    first = (
        np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1]))) if len(keys) else np.empty(0, dtype=np.int64)
    )
    distinct = keys[first].astype(np.int64)
    counts = np.diff(first, append=len(keys))
    starts = np.searchsorted(distinct >> bits, np.arange(texts + 1))
    return Terms(starts, distinct & ((1 << bits) - 1), counts)


def _count_one(columns: npt.NDArray[Any]) -> Terms:
    """The same for one text, with fewer steps."""
    columns.sort()
    new = np.empty(len(columns), dtype=bool)
    new[:1] = True
    np.not_equal(columns[1:], columns[:-1], out=new[1:])
    first = new.nonzero()[0]
    counts = np.empty_like(first)
    counts[:-1] = first[1:] - first[:-1]
    counts[-1:] = len(columns) - first[-1:]
    return Terms(np.array((0, len(first))), columns[first], counts)
