"""Makes ``words.bin`` (see ``vocabulary``) from a data folder: ``python -m classifier.wordlists ../shared/data``."""

from __future__ import annotations

import gzip
import json
import re
import sys
from array import array
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from classifier.commerce import STRONG_COMMERCE
from classifier.folding import MARKED, folded
from classifier.vocabulary import COMMON, KNOWN, SENSITIVE, WORDS_FILE, key_of

#: Stand-ins of the text path; see ``text``.
MARKS: Final = ("xlinkx", "xmailx", "xhandlex")

#: Mild in the list, and yet often disguised.
_WORTH_HIDING: Final = ("shit", "bitch", "idiot", "moron", "stupid", "kill", "dick", "damn", "crap", "suck", "loser")

_WORD: Final = re.compile(r"[^\W\d_]{2,20}")
_LINK: Final = re.compile(r"https?://\S+|www\.\S+|@\w+")
#: A word is known with its marks as people write them, and without.
_PLAIN: Final = str.maketrans(MARKED)
#: In how many rows a word must stand to be known, and to be common.
_KNOWN_FROM: Final = 4
_COMMON_FROM: Final = 25


def build(data: Path) -> bytes:
    """The content of ``words.bin``."""
    flags: dict[int, int] = {}
    for word, rows in _row_counts(data).items():
        if rows >= _KNOWN_FROM:
            flags[key_of(word)] = KNOWN | (COMMON if rows >= _COMMON_FROM else 0)
    severities: dict[int, int] = {}
    for row in _rows(data / "abuse" / "lexicon_ldnoobw.jsonl.gz"):
        _grade(severities, str(row["term"]), 4)
    for row in _rows(data / "abuse" / "lexicon_surge_profanity.jsonl.gz"):
        _grade(severities, str(row["term"]), min(3, max(1, round(float(row["severity"])))))
    for key, severity in severities.items():
        flags[key] = flags.get(key, 0) | severity | (SENSITIVE if severity in (2, 3) else 0)
    for word in _WORTH_HIDING:
        flags[key_of(word)] |= SENSITIVE
    for word in (*MARKS, *(term for term in STRONG_COMMERCE if _WORD.fullmatch(term))):
        flags[key_of(word)] = flags.get(key_of(word), 0) | (SENSITIVE if len(word) > 3 else KNOWN)
    keys = sorted(flags)
    return len(keys).to_bytes(4, "little") + array("I", keys).tobytes() + bytes(flags[key] for key in keys)


def _row_counts(data: Path) -> Counter[str]:
    counts: Counter[str] = Counter()
    for path in sorted(data.glob("**/*.jsonl.gz")):
        if not path.name.startswith("lexicon_"):
            for row in _rows(path):
                text = folded(_LINK.sub(" ", str(row["text"])))
                counts.update({*_WORD.findall(text), *_WORD.findall(text.translate(_PLAIN))})
    return counts


def _grade(severities: dict[int, int], term: str, severity: int) -> None:
    word = folded(term).translate(_PLAIN).strip()
    if _WORD.fullmatch(word) and len(word) > 2:
        severities[key_of(word)] = severity


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


if __name__ == "__main__":
    WORDS_FILE.write_bytes(build(Path(sys.argv[1])))
