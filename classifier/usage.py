"""How usual a word is in comments: what tells a topic's own words from those that stand under every article.

Words are compared by their first five letters, which makes one of most forms of a word in most languages; signs of
scripts that set no spaces between words, or hang endings on names, are compared in pairs. ``usage.bin`` is made by
``python -m classifier.usage ../shared/data``: the number of terms, their 32-bit hashes in rising order, then one byte
each, how unusual the term is in sixteenths of a nat. No word can be read from it.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain
from math import log
from pathlib import Path
from typing import Final

import mmh3

from classifier.languages import SMALL_WORDS
from classifier.text import read, words_of

USAGE_FILE: Final = Path(__file__).parent / "usage.bin"
#: Relevance is measured on these, so their words are not counted.
MEASURED_ON: Final = ("fox_news_comments", "ham-fox-news-comments", "korean_news_comments")
#: Only the beginning of a long text is compared.
MOST_WORDS: Final = 600

_PREFIX: Final = 5
_SHORTEST: Final = 3
#: In how many rows a term must stand to be kept.
_KEPT_FROM: Final = 8
_STEPS: Final = 16
#: What a term that is not kept counts for, in nats; the kept ones reach up to this.
_RAREST: Final = 13.0
_IN_PAIRS: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]{2,}")
_SEED: Final = 0x51CE
_REMEMBERED: Final = 32_768


def topic_terms(words: Sequence[str]) -> set[str]:
    """What words are compared by; small words of the languages we know are left out."""
    return set(chain.from_iterable(map(_TERMS.__getitem__, words[:MOST_WORDS])))


class _Terms(dict[str, tuple[str, ...]]):
    """What each word is compared by, worked out once each; emptied when it has grown large."""

    def __missing__(self, word: str) -> tuple[str, ...]:
        if len(self) >= _REMEMBERED_WORDS:
            self.clear()
        found: tuple[str, ...]
        if word.isascii():
            found = (word[:_PREFIX],) if len(word) >= _SHORTEST and word not in SMALL_WORDS else ()
        else:
            found = tuple(_terms_of(word))
        self[word] = found
        return found


_TERMS: Final = _Terms()
_REMEMBERED_WORDS: Final = 16_384


def _terms_of(word: str) -> Iterator[str]:
    if (signs := _IN_PAIRS.search(word)) is not None:
        run = signs.group()
        yield from (run[at : at + 2] for at in range(min(len(run) - 1, 40)))
    elif len(word) >= _SHORTEST and word not in SMALL_WORDS:
        yield word[:_PREFIX]


@lru_cache(maxsize=1)
def _table() -> tuple[array[int], bytes]:
    content = USAGE_FILE.read_bytes()
    count = int.from_bytes(content[:4], "little")
    keys = array("I")
    keys.frombytes(content[4 : 4 + 4 * count])
    return keys, content[4 + 4 * count :]


class _Surprise(dict[str, float]):
    """How unusual terms are, looked up once each; emptied when it has grown large."""

    def __missing__(self, term: str) -> float:
        keys, steps = _table()
        key = _key(term)
        index = bisect_left(keys, key)
        if len(self) >= _REMEMBERED:
            self.clear()
        found = steps[index] / _STEPS if index < len(keys) and keys[index] == key else _RAREST
        self[term] = found
        return found


#: Minus the logarithm of a term's share of all terms.
SURPRISE: Final = _Surprise()


def _key(term: str) -> int:
    return mmh3.hash(term, _SEED, signed=False)


def build(data: Path) -> bytes:
    """The content of ``usage.bin`` from a data folder."""
    counts: Counter[str] = Counter()
    for text in _texts(data):
        counts.update(topic_terms(words_of(read(text).text)))
    total = sum(counts.values())
    steps = {
        _key(term): round(_STEPS * min(_RAREST, -log(count / total)))
        for term, count in counts.items()
        if count >= _KEPT_FROM
    }
    keys = sorted(steps)
    return len(keys).to_bytes(4, "little") + array("I", keys).tobytes() + bytes(steps[key] for key in keys)


def _texts(data: Path) -> Iterator[str]:
    for path in sorted(data.glob("**/*.jsonl.gz")):
        name = path.name.removesuffix(".jsonl.gz")
        if not name.startswith("lexicon_") and name not in MEASURED_ON:
            with gzip.open(path, "rt", encoding="utf-8") as lines:
                yield from (str(json.loads(line)["text"]) for line in lines)


if __name__ == "__main__":
    USAGE_FILE.write_bytes(build(Path(sys.argv[1])))
