"""What near copies have in common, told apart from what varies."""

from __future__ import annotations

import time
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from waves import wave

from classifier.template import Part, template_of

LINES = st.lists(st.sampled_from(["a", "b", "c", "Buy", "boots", "now", "\n", "  x"]), max_size=30).map(" ".join)


def test_what_differs_varies():
    """Names and addresses; the words around them stay."""
    parts = template_of(
        [
            "Hello Bob, buy cheap boots at http://a.example and save money today",
            "Hello Jim, buy cheap boots at http://b.example and save money today",
            "Hello Ada, buy cheap boots at http://c.example and save money today",
        ]
    )

    assert parts == [
        Part("Hello", varies=False),
        Part(" Bob,", varies=True),
        Part(" buy cheap boots at", varies=False),
        Part(" http://a.example", varies=True),
        Part(" and save money today", varies=False),
    ]


def test_paraphrases_keep_their_frame():
    """Of a planted wave the words that are the same everywhere stay, and the addresses vary."""
    parts = template_of(wave(8))

    staying = "".join(part.text for part in parts if not part.varies)
    assert "working from home with this simple online job" in staying
    assert "example.com" not in staying


def test_one_text_varies_nowhere():
    """There is nothing beside it; and of nothing there is nothing."""
    assert template_of(["Just me here."]) == [Part("Just me here.", varies=False)]
    assert template_of([]) == []
    assert template_of([" \n "]) == []


@given(st.lists(LINES, min_size=1, max_size=5))
def test_parts_are_the_first_text(texts: list[str]):
    """Together, without the space at its end; parts of the two kinds take turns."""
    parts = template_of(texts)

    assert "".join(part.text for part in parts) == texts[0].rstrip()
    assert all(one.varies is not other.varies for one, other in pairwise(parts))


@given(LINES, st.integers(1, 4))
def test_copies_vary_nowhere(text: str, copies: int):
    """However often a word comes."""
    assert not any(part.varies for part in template_of([text] * (copies + 1)))


def test_odd_texts_take_no_longer():
    """Thousands of the same word, and of words in the opposite order."""
    words = [f"w{number}" for number in range(5_000)]
    began = time.perf_counter()
    template_of(["same " * 5_000] * 10)
    template_of([" ".join(words), *[" ".join(reversed(words))] * 9])

    assert time.perf_counter() - began < 2
