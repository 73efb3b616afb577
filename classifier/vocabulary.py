"""Which words are known, and which are profane: sorted hashes only, so that no word list is shipped.

``words.bin`` is made by ``python -m classifier.wordlists`` from the training data (known words) and from the Surge AI
(MIT) and LDNOOBW (CC BY 4.0) lists (profanity): the number of words, their 32-bit hashes in rising order, then one byte
each: severity in the low bits, ``KNOWN``, ``COMMON`` and ``SENSITIVE`` above.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from functools import lru_cache
from pathlib import Path
from typing import Final

import mmh3

#: 1 mild, 2 strong, 3 severe, 4 listed somewhere without a grade.
SEVERITIES: Final = (1, 2, 3, 4)
KNOWN: Final = 0x10
COMMON: Final = 0x20
SENSITIVE: Final = 0x40
SEVERITY_BITS: Final = 0x07
WORDS_FILE: Final = Path(__file__).parent / "words.bin"

_SEED: Final = 0x51CE
_REMEMBERED: Final = 32_768


def key_of(word: str) -> int:
    """The hash that stands for a word."""
    return mmh3.hash(word, _SEED, signed=False)


@lru_cache(maxsize=1)
def _table() -> tuple[array[int], bytes]:
    content = WORDS_FILE.read_bytes()
    count = int.from_bytes(content[:4], "little")
    keys = array("I")
    keys.frombytes(content[4 : 4 + 4 * count])
    return keys, content[4 + 4 * count :]


class _Flags(dict[str, int]):
    """The flags of words, looked up once each; emptied when it has grown large."""

    def __missing__(self, word: str) -> int:
        if len(self) >= _REMEMBERED:
            self.clear()
        keys, flags = _table()
        key = key_of(word)
        index = bisect_left(keys, key)
        found = self[word] = flags[index] if index < len(keys) and keys[index] == key else 0
        return found


#: What is known of a word of a normalised text: its severity and the flags above; 0 for an unknown one.
FLAGS: Final = _Flags()


def severity_of(word: str) -> int:
    """How grave a word of a normalised text is; 0 when it is on no list."""
    return FLAGS[word] & SEVERITY_BITS


def is_known(word: str) -> bool:
    """Whether people write this word, or it is on a list of profanity."""
    return FLAGS[word] != 0


def is_common(word: str) -> bool:
    """Whether people write this word often."""
    return bool(FLAGS[word] & COMMON)


def is_sensitive(word: str) -> bool:
    """Whether this word is worth hiding: profane, or a word of spam."""
    return bool(FLAGS[word] & SENSITIVE)


@lru_cache(maxsize=1)
def _sensitive_keys() -> frozenset[int]:
    return frozenset(key for key, flags in zip(*_table(), strict=True) if flags & SENSITIVE)


def spells_sensitive(letters: str) -> bool:
    """The same for letters that are hardly ever asked about twice: quick, and not remembered."""
    return mmh3.hash(letters, _SEED, signed=False) in _sensitive_keys()
