"""Disguises that people put on words to get past filters: for the attack suite and for examples of spam in disguise.

Each takes a text and a source of chance and keeps the text readable for a person.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import Final

Attack = Callable[[str, random.Random], str]

_WORD: Final = re.compile(r"[A-Za-z]{3,}")
_LONG_WORD: Final = re.compile(r"[A-Za-z]{4,}")
_VOWEL: Final = re.compile("(?<=.)[aeiou]", re.IGNORECASE)
_HOMOGLYPHS: Final = str.maketrans("aceiopxysjABCEHIKMOPTXY", "асеіорхуѕјАВСЕНІКМОРТХУ")
_LEET: Final = str.maketrans("aeiosAEIOS", "4310543105")
_MARKS: Final = "\u0301\u0308\u0323\u0335\u0330\u0307"
_HIDDEN: Final = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
_EMOJI: Final = "😀🔥💩✨🍑🤡⭐"
_SMALL_CAPITALS: Final = str.maketrans("abcdefghijklmnopqrstuvwyz", "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡʏᴢ")
_ACCENTS: Final = str.maketrans("aeiouycnsAEIOUYCNS", "áéíóúýçñšÁÉÍÓÚÝÇÑŠ")


def _each(pattern: re.Pattern[str], change: Callable[[str, random.Random], str]) -> Attack:
    return lambda text, rng: pattern.sub(lambda match: change(match[0], rng), text)


def _shift(text: str, upper: int, lower: int) -> str:
    return "".join(
        chr(upper + ord(c) - 65) if "A" <= c <= "Z" else chr(lower + ord(c) - 97) if "a" <= c <= "z" else c
        for c in text
    )


def _inside(word: str, piece: str, rng: random.Random) -> str:
    at = rng.randrange(1, len(word))
    return word[:at] + piece + word[at:]


def _swapped(word: str, rng: random.Random) -> str:
    at = rng.randrange(1, len(word) - 1)
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def _doubled(word: str, rng: random.Random) -> str:
    at = rng.randrange(len(word))
    return word[: at + 1] + word[at] + word[at + 1 :]


def _stretched(word: str, rng: random.Random) -> str:
    at = rng.randrange(len(word))
    return word[:at] + word[at] * rng.randrange(3, 6) + word[at + 1 :]


#: Every disguise by name.
ATTACKS: Final[dict[str, Attack]] = {
    "homoglyphs": lambda text, _: text.translate(_HOMOGLYPHS),
    "zero_width": _each(_WORD, lambda word, rng: _inside(word, rng.choice(_HIDDEN), rng)),
    "leet": lambda text, _: _WORD.sub(lambda match: match[0].translate(_LEET), text),
    "doubled": _each(_WORD, _doubled),
    "stretched": _each(_WORD, _stretched),
    "entities": lambda text, _: _WORD.sub(lambda match: "".join(f"&#{ord(char)};" for char in match[0]), text),
    "full_width": lambda text, _: _shift(text, 0xFF21, 0xFF41),
    "mathematical": lambda text, _: _shift(text, 0x1D400, 0x1D41A),
    "small_capitals": lambda text, _: text.lower().translate(_SMALL_CAPITALS),
    "accents": lambda text, _: text.translate(_ACCENTS),
    "stacked_marks": lambda text, rng: _WORD.sub(
        lambda match: "".join(char + "".join(rng.choices(_MARKS, k=2)) for char in match[0]), text
    ),
    "spaced": _each(_LONG_WORD, lambda word, rng: " ".join(word) if rng.random() < 0.4 else word),
    "dotted": _each(_LONG_WORD, lambda word, rng: ".".join(word) if rng.random() < 0.4 else word),
    "one_dot": _each(_LONG_WORD, lambda word, rng: _inside(word, ".", rng)),
    "one_emoji": _each(_LONG_WORD, lambda word, rng: _inside(word, rng.choice(_EMOJI), rng)),
    "swapped": _each(_LONG_WORD, _swapped),
    "tags": _each(_LONG_WORD, lambda word, rng: _inside(word, "<b></b>", rng)),
    "comments": _each(_LONG_WORD, lambda word, rng: _inside(word, "<!-- x -->", rng)),
    "soft_hyphens": lambda text, _: _WORD.sub(lambda match: "\u00ad".join(match[0]), text),
    "circled": lambda text, _: _shift(text, 0x24B6, 0x24D0),
    "enclosed": lambda text, _: _WORD.sub(lambda match: "".join(f"{char}\u20dd" for char in match[0]), text),
    "regional": _each(_LONG_WORD, lambda word, rng: _shift(word.upper(), 0x1F1E6, 0) if rng.random() < 0.4 else word),
    "half_homoglyphs": lambda text, rng: "".join(
        char.translate(_HOMOGLYPHS) if rng.random() < 0.5 else char for char in text
    ),
    "masked": lambda text, _: _LONG_WORD.sub(lambda match: _VOWEL.sub("*", match[0], count=1), text),
    "dashed": _each(_LONG_WORD, lambda word, rng: "-".join(word) if rng.random() < 0.4 else word),
    "wide_apart": lambda text, _: "  ".join(" ".join(word) for word in text.split()),
    "reversed": lambda text, _: "\n".join(f"\u202e{line[::-1]}\u202c" for line in text.split("\n")),
    "bidi": _each(_LONG_WORD, lambda word, rng: _inside(word, "\u202d", rng)),
}  # fmt: skip


def disguised_words(text: str, rng: random.Random, words: int = 3) -> str:
    """A text with a few of its longer words in one disguise, as spammers do with the names they push."""
    attack = ATTACKS[rng.choice(["homoglyphs", "zero_width", "leet", "full_width", "mathematical", "mathematical",
                                 "small_capitals", "stacked_marks", "spaced", "dotted"])]  # fmt: skip
    found = sorted({match.span() for match in _LONG_WORD.finditer(text)}, key=lambda span: span[0] - span[1])
    for start, end in sorted(found[:words], reverse=True):
        text = text[:start] + attack(text[start:end], rng) + text[end:]
    return text
