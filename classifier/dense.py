"""What can be counted about a comment, whatever its words: the dense features.

They carry over to sites the model has not seen far better than words do. Values are small by construction (logarithms
and shares), since they stand beside unit-length term vectors.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from math import log1p
from typing import Final

from classifier.commerce import FAMILIAR_HOSTS, SHORTENERS
from classifier.folding import is_invisible, is_styled
from classifier.phrases import CALLS, GREETINGS, KINDS
from classifier.text import HANDLE_MARK, MAIL_MARK, Document, Link
from classifier.vocabulary import FLAGS, SEVERITIES, SEVERITY_BITS

_PHONE: Final = re.compile(r"\+?\d[\d() .-]{7,17}\d|<phone>")
_MONEY: Final = re.compile(r"[$€£₽₹¥]\s?\d|\d\s?[$€£₽₹¥]|\d\s?(?:usd|eur|dollars|euro|руб|rupiah)", re.IGNORECASE)
_CURRENCY_WORDS: Final = frozenset({"usd", "eur", "dollars", "euro", "руб", "rupiah"})
_SHOUTED: Final = re.compile(r"[A-ZА-Я]{3,}")

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
    "gambling_and_mixed", "familiar_links", "strange_links",
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


def dense_features(document: Document) -> list[float]:
    """The dense features of one comment."""
    words, kinds, visible = document.words, document.kinds, document.visible
    shape = _shape_of_text(visible)
    length = max(len(visible), 1)
    count = max(len(words), 1)
    links = document.links
    hosts, familiar, hidden, shown = _of_links(links) if links else ((), 0, 0, 0)
    disguises = document.disguises
    digits = shape.count("d")
    emoji = shape.count("e")
    foreign = shape.count("f") + shape.count("F") + emoji
    capitals = shape.count("U") + shape.count("F")
    ends = shape.count("t")
    punctuation = shape.count("p") + shape.count("c") + ends
    flags = bytes(map(FLAGS.__getitem__, words))
    profanity, direct = _profanity(words, flags) if flags.translate(None, _NOT_PROFANE) else (_NOTHING_PROFANE, 0)
    phones = len(_PHONE.findall(visible)) if digits > 6 or "<phone>" in visible else 0
    numbers = mixed = 0
    if digits:
        for word in words:
            if not word.isalpha():
                if word.isdigit():
                    numbers += 1
                elif len(word) > 3:
                    mixed += 1
    vocabulary = set(words)
    distinct = len(vocabulary)
    priced = digits and (any(map(visible.__contains__, "$€£₽₹¥")) or not _CURRENCY_WORDS.isdisjoint(vocabulary))
    amounts = len(_MONEY.findall(visible)) if priced else 0
    return [
        log1p(length) / 5,
        log1p(count) / 5,
        min(len(document.text) / count, 20) / 10,
        capitals / length,
        digits / length,
        punctuation / length,
        log1p(visible.count("!")),
        log1p(visible.count("?")),
        log1p(len(_SHOUTED.findall(visible))) if "UUU" in shape or (capitals > 2 and not visible.isascii()) else 0.0,
        log1p(shape.count("n")),
        log1p(len(links)),
        float(bool(links)),
        log1p(hidden),
        float(not SHORTENERS.isdisjoint(hosts)),
        min(shown / length, 1.0),
        log1p(document.text.count(MAIL_MARK)),
        log1p(document.text.count(HANDLE_MARK)),
        log1p(phones),
        log1p(amounts),
        log1p(emoji),
        emoji / length,
        foreign / length,
        distinct / count,
        float(count < 4),
        log1p(visible.count("...")),
        log1p(visible.count('"')),
        log1p(disguises.stretched),
        log1p(mixed),
        flags.count(0) / count,
        (shape.count("lsU") + shape.count("csU")) / count,
        log1p(numbers),
        float(bool(links) and links[-1].span.end > 0.8 * len(document.raw)),
        log1p(shape.count("ts") + shape.count("tn") + shape.endswith("t")),
        (len(words) - distinct) / count,
        float(bool(words) and words[0] in CALLS),
        float(bool(words) and words[0] in GREETINGS),
        float(bool(links) and kinds[_KIND["call"]] > 0),
        float(bool(links) and count < 15),
        float(kinds[_KIND["flattery"]] > 0 and not kinds[_KIND["argument"]]),
        float(phones > 0 and kinds[_KIND["offer"]] > 0),
        float(mixed > 0 and kinds[_KIND["gambling"]] > 0),
        log1p(familiar),
        log1p(len(hosts) - familiar),
        _LOUD * log1p(disguises.invisible),
        _LOUD * log1p(disguises.styled),
        _LOUD * log1p(disguises.look_alike),
        _LOUD * log1p(disguises.marks),
        _LOUD * log1p(disguises.entities),
        _LOUD * log1p(disguises.leet),
        _LOUD * log1p(disguises.spaced),
        _LOUD * log1p(disguises.split),
        _LOUD * log1p(disguises.total),
        *[log1p(kind) if kind else 0.0 for kind in kinds],
        *[kind / count if kind else 0.0 for kind in kinds],
        *[log1p(number) if number else 0.0 for number in profanity],
        log1p(direct),
    ]


def _of_links(links: Sequence[Link]) -> tuple[list[str], int, int, int]:
    """The hosts of some links, how many of them people cite, how many links are hidden, and their letters."""
    hosts = [host_of(link.target) for link in links]
    return (
        hosts,
        sum(host.endswith(FAMILIAR_HOSTS) for host in hosts),
        sum(link.hidden for link in links),
        sum(link.span.end - link.span.start for link in links),
    )


def host_of(target: str) -> str:
    """The host name of an address, without ``www.``."""
    address = target.lower().split("://", 1)[-1]
    return address.split("/", 1)[0].split("?", 1)[0].rsplit("@", 1)[-1].split(":", 1)[0].removeprefix("www.")


_SECOND_PERSON: Final = frozenset(
    {"you", "your", "youre", "u", "ur", "du", "ihr", "você", "voce", "vc", "tu", "ты", "вы", "kamu"}
)


#: Flags of words that are on no list of profanity.
_NOT_PROFANE: Final = bytes(flag for flag in range(0x100) if not flag & SEVERITY_BITS)
_NOTHING_PROFANE: Final = [0] * len(SEVERITIES)


def _profanity(words: Sequence[str], flags: Sequence[int]) -> tuple[list[int], int]:
    """Profane words by severity, and how many stand within four words after a second person."""
    counts = [0] * len(SEVERITIES)
    direct = 0
    for index, flag in enumerate(flags):
        severity = flag & SEVERITY_BITS
        if severity:
            counts[severity - 1] += 1
            direct += not _SECOND_PERSON.isdisjoint(words[max(0, index - 4) : index + 1])
    return counts, direct


def _shape_of_text(text: str) -> str:
    """A text with each character as its kind; see ``_shape_of``."""
    if text.isascii():
        return text.encode("ascii").translate(_ASCII_SHAPES).decode("ascii")
    return text.translate(_SHAPES)


class _Shapes(dict[int, str]):
    """The kind of each character as a letter; see ``_shape_of``."""

    def __missing__(self, code: int) -> str:
        shape = _shape_of(chr(code))
        if len(self) < _REMEMBERED:
            self[code] = shape
        return shape


def _shape_of(char: str) -> str:
    """U and l: Latin upper and lower case. F and f: other letters. d: digit. s: space. n: new line.

    t: end of a sentence. c: comma. p: other signs. e: emoji. A letter in a costume counts as what it plays.
    """
    if "\u2600" <= char <= "\u27bf" or "\U0001f300" <= char <= "\U0001faff":
        return "e"
    char = unicodedata.normalize("NFKC", char)[:1] if is_styled(char) else char
    if is_invisible(char) or unicodedata.combining(char):
        return ""
    if char > "\x7f":
        return "F" if "А" <= char <= "Я" else "f"
    if char.isalnum():
        return "d" if char.isdigit() else "U" if char.isupper() else "l"
    return _SIGN_SHAPES.get(char, "s" if char.isspace() else "p")


_SIGN_SHAPES: Final = {"\n": "n", ".": "t", "!": "t", "?": "t", ",": "c", ";": "c"}


_REMEMBERED: Final = 16_384
_SHAPES: Final = _Shapes()
_ASCII_SHAPES: Final = "".join(_shape_of(chr(code)) for code in range(0x80)).ljust(0x100).encode("ascii")
