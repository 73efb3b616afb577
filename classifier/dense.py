"""What can be counted about a comment, whatever its words: the dense features.

They carry over to sites the model has not seen far better than words do. Values are small by construction (logarithms
and shares), since they stand beside unit-length term vectors.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import log1p
from typing import Final

from classifier.commerce import SHORTENERS
from classifier.phrases import CALLS, GREETINGS, KINDS, KINDS_OF
from classifier.text import HANDLE_MARK, MAIL_MARK, Document
from classifier.vocabulary import SEVERITIES, is_known, severity_of

_PHONE: Final = re.compile(r"\+?\d[\d() .-]{7,17}\d|<phone>")
_MONEY: Final = re.compile(r"[$€£₽₹¥]\s?\d|\d\s?[$€£₽₹¥]|\d\s?(?:usd|eur|dollars|euro|руб|rupiah)", re.IGNORECASE)
_CAPITALS: Final = re.compile(r"[A-ZА-Я]")
_SHOUTED: Final = re.compile(r"\b[A-ZА-Я]{3,}\b")
_DIGIT: Final = re.compile(r"[0-9]")
_PUNCTUATION: Final = re.compile(r"[^\w\s]")
_EMOJI: Final = re.compile("[\u2600-\u27bf\U0001f300-\U0001faff]")
_NON_ASCII: Final = re.compile(r"[^\x00-\x7f]")
_RUNS: Final = re.compile(r"([^\W\d_])\1\1")
_TITLE: Final = re.compile(r"(?<=[a-zа-я,;] )[A-ZА-Я]")
_SENTENCE: Final = re.compile(r"[.!?]+(?:\s|$)")
_KIND: Final = {kind: index for index, kind in enumerate(KINDS)}
#: Disguises are rare, so they stand beside the other features with more voice.
_LOUD: Final = 4.0

_COUNTS: Final = (
    "length", "words", "word_length", "capitals", "digits", "punctuation", "exclamations", "questions", "shouting",
    "newlines", "links", "has_link", "hidden_links", "shorteners", "link_share", "mail", "handles", "phones", "amounts",
    "emoji", "emoji_share", "foreign_share", "unique_words", "short", "ellipsis", "quotes", "stretched",
    "mixed_words", "unknown_share", "title_share", "numbers", "late_link", "sentences", "repetition",
    "starts_with_call", "starts_with_greeting", "link_and_call", "link_and_short", "praise_without_argument",
    "phone_and_offer",
    "gambling_and_mixed",
)  # fmt: skip
#: Disguise alone is never evidence of abuse: these are for the spam head only.
_DISGUISES: Final = ("invisible", "styled", "look_alike", "marks", "entities", "leet", "spaced", "split", "disguised")

#: Names of the dense features, in order.
DENSE: Final = (
    *_COUNTS,
    *_DISGUISES,
    *(f"kind_{kind}" for kind in KINDS),
    *(f"share_{kind}" for kind in KINDS),
    *(f"profanity_{severity}" for severity in SEVERITIES),
    "direct_profanity",
)
DISGUISE_FEATURES: Final = tuple(DENSE.index(name) for name in _DISGUISES)


def dense_features(document: Document, words: Sequence[str], pairs: Sequence[str]) -> list[float]:
    """The dense features of one comment; ``words`` and ``pairs`` are those of its normalised text."""
    visible = document.visible
    length = max(len(visible), 1)
    count = max(len(words), 1)
    links = document.links
    disguises = document.disguises
    digits = len(_DIGIT.findall(visible))
    foreign = 0 if visible.isascii() else len(_NON_ASCII.findall(visible))
    emoji = len(_EMOJI.findall(visible)) if foreign else 0
    kinds = [0] * len(KINDS)
    for terms in (words, pairs):
        for term in terms:
            if term in KINDS_OF:
                for kind in KINDS_OF[term]:
                    kinds[kind] += 1
    profanity, direct = _profanity(words)
    phones = len(_PHONE.findall(visible)) if digits > 6 or "<phone>" in visible else 0
    mixed = sum(not word.isalpha() and not word.isdigit() and len(word) > 3 for word in words) if digits else 0
    return [
        log1p(length) / 5,
        log1p(count) / 5,
        min(len(document.text) / count, 20) / 10,
        len(_CAPITALS.findall(visible)) / length,
        digits / length,
        len(_PUNCTUATION.findall(visible)) / length,
        log1p(visible.count("!")),
        log1p(visible.count("?")),
        log1p(len(_SHOUTED.findall(visible))),
        log1p(visible.count("\n")),
        log1p(len(links)),
        float(bool(links)),
        log1p(sum(link.hidden for link in links)),
        float(any(host_of(link.target) in SHORTENERS for link in links)),
        min(sum(link.span.end - link.span.start for link in links) / length, 1.0),
        log1p(document.text.count(MAIL_MARK)),
        log1p(document.text.count(HANDLE_MARK)),
        log1p(phones),
        log1p(len(_MONEY.findall(visible))) if digits else 0.0,
        log1p(emoji),
        emoji / length,
        foreign / length,
        len(set(words)) / count,
        float(count < 4),
        log1p(visible.count("...")),
        log1p(visible.count('"')),
        log1p(len(_RUNS.findall(visible))),
        log1p(mixed),
        sum(not is_known(word) for word in words) / count,
        len(_TITLE.findall(visible)) / count,
        log1p(sum(word.isdigit() for word in words)),
        float(bool(links) and links[-1].span.end > 0.8 * len(document.raw)),
        log1p(len(_SENTENCE.findall(visible))),
        (count - len(set(words))) / count,
        float(bool(words) and words[0] in CALLS),
        float(bool(words) and words[0] in GREETINGS),
        float(bool(links) and kinds[_KIND["call"]] > 0),
        float(bool(links) and count < 15),
        float(kinds[_KIND["flattery"]] > 0 and not kinds[_KIND["argument"]]),
        float(phones > 0 and kinds[_KIND["offer"]] > 0),
        float(mixed > 0 and kinds[_KIND["gambling"]] > 0),
        _LOUD * log1p(disguises.invisible),
        _LOUD * log1p(disguises.styled),
        _LOUD * log1p(disguises.look_alike),
        _LOUD * log1p(disguises.marks),
        _LOUD * log1p(disguises.entities),
        _LOUD * log1p(disguises.leet),
        _LOUD * log1p(disguises.spaced),
        _LOUD * log1p(disguises.split),
        _LOUD * log1p(disguises.total),
        *[log1p(kind) for kind in kinds],
        *[kind / count for kind in kinds],
        *[log1p(number) for number in profanity],
        log1p(direct),
    ]


def host_of(target: str) -> str:
    """The host name of an address, without ``www.``."""
    address = target.lower().split("://", 1)[-1]
    return address.split("/", 1)[0].split("?", 1)[0].rsplit("@", 1)[-1].split(":", 1)[0].removeprefix("www.")


_SECOND_PERSON: Final = frozenset(
    {"you", "your", "youre", "u", "ur", "du", "ihr", "voce", "vc", "tu", "ты", "вы", "kamu"}
)


def _profanity(words: Sequence[str]) -> tuple[list[int], int]:
    """Profane words by severity, and how many stand within four words after a second person."""
    counts = [0] * len(SEVERITIES)
    direct = 0
    addressed = -9
    for index, word in enumerate(words):
        if word in _SECOND_PERSON:
            addressed = index
        severity = severity_of(word)
        if severity:
            counts[severity - 1] += 1
            direct += index - addressed < 5
    return counts, direct
