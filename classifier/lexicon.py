"""Profanity by severity, as hashes only: the word lists themselves are not shipped.

``words.bin`` is made by ``python -m classifier.lexicon ../shared/data`` from the Surge AI list (MIT) and the LDNOOBW
lists (CC BY 4.0): pairs of a 32-bit hash and a severity, sorted.
"""

from __future__ import annotations

import gzip
import json
import struct
import sys
from functools import lru_cache
from pathlib import Path
from typing import Final

import mmh3

from classifier.text import read, words_of

#: 1 mild, 2 strong, 3 severe, 4 listed somewhere without a grade.
SEVERITIES: Final = (1, 2, 3, 4)

_FILE: Final = Path(__file__).parent / "words.bin"
_PAIR: Final = struct.Struct("<IB")
_SEED: Final = 0x51CE


@lru_cache(maxsize=1)
def _table() -> dict[int, int]:
    return dict(_PAIR.iter_unpack(_FILE.read_bytes()))


@lru_cache(maxsize=16_384)
def severity_of(word: str) -> int:
    """How grave a word of a normalised text is; 0 when it is on no list."""
    return _table().get(mmh3.hash(word, _SEED, signed=False), 0)


def build(data: Path) -> bytes:
    """The lexicon file made from the word lists in a data folder."""
    table: dict[int, int] = {}
    for row in _rows(data / "abuse" / "lexicon_ldnoobw.jsonl.gz"):
        _add(table, str(row["term"]), 4)
    for row in _rows(data / "abuse" / "lexicon_surge_profanity.jsonl.gz"):
        _add(table, str(row["term"]), min(3, max(1, round(float(str(row["severity"]))))))
    return b"".join(_PAIR.pack(key, table[key]) for key in sorted(table))


def _add(table: dict[int, int], term: str, severity: int) -> None:
    words = words_of(read(term).text)
    if len(words) == 1 and len(words[0]) > 2 and not words[0].isdigit():
        table[mmh3.hash(words[0], _SEED, signed=False)] = severity


def _rows(path: Path) -> list[dict[str, object]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


if __name__ == "__main__":
    _FILE.write_bytes(build(Path(sys.argv[1])))
