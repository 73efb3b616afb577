"""Copies and near copies: waves are grouped, strangers are not, short ordinary words never."""

from __future__ import annotations

import random

import pytest

from classifier.campaigns import (
    BANDS,
    SIZE,
    Candidate,
    Fingerprint,
    Grouped,
    Leader,
    bands_of,
    fingerprints,
    group,
)
from classifier.text import read

TEMPLATE = (
    "My {friend} lost everything to {thieves} last year and a {quiet} man called Marvin helped us recover the whole "
    "account within {days} days, write to him on his {private} page and tell him that {name} sent you, he never "
    "{asks} for money before the work is done"
)
CHOICES = {
    "friend": ["friend", "brother", "neighbour", "colleague", "cousin", "sister"],
    "thieves": ["thieves", "scammers", "brokers", "fraudsters"],
    "quiet": ["quiet", "honest", "clever", "patient", "gifted"],
    "days": ["two", "three", "five", "seven", "ten"],
    "private": ["private", "personal", "public", "business"],
    "asks": ["asks", "begs", "calls", "looks"],
}
NAMES = ["Anna", "Boris", "Chloe", "Dana", "Emil", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Kira", "Leo"]
VOWELS, CONSONANTS = "aeiou", "bcdfghklmnprstvz"


def a_wave(count: int, seed: int = 1) -> list[str]:
    """Spun copies of one text, no two alike by intent."""
    draw = random.Random(seed)
    return [
        TEMPLATE.format(name=draw.choice(NAMES), **{key: draw.choice(words) for key, words in CHOICES.items()})
        for _ in range(count)
    ]


def strangers(count: int, seed: int = 2) -> list[str]:
    """Comments of people who talk about the same few things, in words that follow each other by chance."""
    draw = random.Random(seed)
    topic = [
        "".join(draw.choice(CONSONANTS) + draw.choice(VOWELS) for _ in range(draw.randint(2, 4))) for _ in range(400)
    ]
    small = ["the", "of", "and", "to", "in", "is", "that", "it", "was", "for", "on", "are", "with", "at"]
    return [
        " ".join(draw.choice(small) if draw.random() < 0.4 else draw.choice(topic) for _ in range(draw.randint(12, 60)))
        for _ in range(count)
    ]


def candidates(texts: list[str], site: str = "site") -> list[Candidate]:
    """The texts that can be compared, named by their place."""
    found = fingerprints([read(text) for text in texts])
    return [
        Candidate(str(place), each, bands_of(site, each.signature))
        for place, each in enumerate(found)
        if each is not None
    ]


def test_a_wave_of_five_hundred_among_strangers_is_found():
    """At least 95% of the wave join a campaign of theirs, at most 1% of the strangers join any."""
    wave, others = a_wave(500), strangers(2_000)
    texts = [*wave, *others]
    random.Random(3).shuffle(texts)
    of_wave = {str(place) for place, text in enumerate(texts) if text in set(wave)}

    compared = candidates(texts)
    grouped = dict(zip((each.id for each in compared), group(compared, []), strict=True))

    joined = {name for name, found in grouped.items() if found.campaign != name}
    assert len(joined & of_wave) >= 0.95 * 500
    assert len(joined - of_wave) <= 0.01 * 2_000
    assert all(grouped[name].campaign in of_wave for name in joined & of_wave)
    assert len({grouped[name].campaign for name in of_wave}) <= 10


def test_disguise_does_not_hide_a_copy():
    """Zero-width letters, look-alikes and stretched spaces read as what they show."""
    plain = a_wave(1)[0]
    disguised = plain.replace("account", "acc\u200bount").replace("money", "m\u043eney").replace(" and ", "  AND ")

    first, second = fingerprints([read(plain), read(disguised)])

    assert first == second


@pytest.mark.parametrize(
    "text", ["", "Thanks!", "I agree.", "Great post, keep it up", "lol " * 30, "1 2 3 4 5 6 7 8 9"]
)
def test_short_ordinary_texts_are_not_compared(text):
    """Everybody says them."""
    assert fingerprints([read(text)]) == [None]


def test_a_batch_gives_what_each_text_gives_alone():
    """Short ones between long ones shift nothing."""
    texts = [a_wave(1)[0], "ok", *strangers(5), "thanks"]

    assert fingerprints([read(text) for text in texts]) == [fingerprints([read(text)])[0] for text in texts]
    assert fingerprints([]) == []


def test_sites_never_meet():
    """The same text has other bands on another site."""
    signature = candidates(a_wave(1))[0].fingerprint.signature

    assert not set(bands_of("one", signature)) & set(bands_of("two", signature))
    assert len(bands_of("one", signature)) == BANDS


def test_an_earlier_leader_is_joined():
    """What the database remembers leads on."""
    (first,) = candidates(a_wave(1))
    leader = Leader("earlier", first.fingerprint.signature, first.bands)

    assert group([first], [leader]) == [Grouped("earlier", ("earlier",))]
    assert group([first], []) == [Grouped(first.id, (first.id,))]


def test_a_shared_band_is_not_enough():
    """Half of all numbers must be the same."""
    mine, theirs = bytes(2 * SIZE), bytes(6) + bytes([1]) * (2 * SIZE - 6)
    candidate = Candidate("new", Fingerprint(1, mine), bands_of("s", mine))

    (found,) = group([candidate], [Leader("old", theirs, bands_of("s", theirs))])

    assert set(bands_of("s", mine)) & set(bands_of("s", theirs))
    assert found.campaign == "new"
