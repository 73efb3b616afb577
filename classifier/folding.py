"""One character at a time: what a letter looks like, whatever code point drew it.

Latin letters in any costume (full-width, mathematical, circled, small capitals, with marks) become plain a-z; letters
of other scripts stay what they are. Look-alikes across scripts are decided per word, in ``text``.
"""

from __future__ import annotations

import unicodedata
from typing import Final

#: Cyrillic and Greek letters that a reader takes for a Latin one.
_PAIRS: Final = (
    "аa вb еe ѕs һh іi јj кk ӏl мm нh оo рp ԛq сc тt уy ѵv ԝw хx ьb ԁd ѡw єe гr пn ғf ҽe ъb ёe үy ҝk ӓa "
    "ӧo ѐe ѓr ќk ўy ѳo ӕa αa βb γy εe ηn ιi κk νv οo ρp σo τt υu χx ωw ϲc ϳj ςs ѱw ոn սu օo հh ցg յj զq "
    "ղn "
)
LOOK_ALIKES: Final = {pair[0]: pair[1] for pair in _PAIRS.split()}

#: Drawn as nothing: joiners, marks of direction, fillers, tags, variation selectors.
_INVISIBLE: Final = frozenset(
    [
        173,
        847,
        1564,
        4447,
        4448,
        6068,
        6069,
        6158,
        12644,
        65279,
        65440,
        *list(range(8203, 8208)),
        *list(range(8234, 8239)),
        *list(range(8288, 8304)),
        *list(range(65024, 65040)),
        *list(range(917504, 917632)),
        *list(range(917760, 918000)),
    ]
)

_ODD_LATIN: Final = {
    "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h", "ŧ": "t", "þ": "th", "ı": "i",
    "ƒ": "f", "ɑ": "a", "ɡ": "g", "ɩ": "i", "ʋ": "v", "ꜱ": "s", "ǝ": "e", "ɐ": "a", "ɔ": "c", "ɹ": "r", "ʇ": "t",
    "ʞ": "k", "ʌ": "v", "ʍ": "w", "ʎ": "y", "ɯ": "m", "ɥ": "h", "×": "x", "‐": "-", "‑": "-", "–": "-", "—": "-",
    "‘": "'", "’": "'", "ʼ": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "…": "...", "€": "€",
}  # fmt: skip


def is_styled(char: str) -> bool:
    """Whether ``char`` is a letter in a costume: full-width, mathematical, circled, squared."""
    code = ord(char)
    return 0x1D400 <= code < 0x1D800 or 0xFF01 <= code < 0xFF5F or 0x2460 <= code < 0x2500 or 0x1F100 <= code < 0x1F1A0


def is_invisible(char: str) -> bool:
    """Whether ``char`` leaves no mark on the page."""
    return ord(char) in _INVISIBLE


#: Enough for the letters of a living site; a flood of rare ones is folded without being remembered.
_REMEMBERED: Final = 16_384


class _Folder(dict[str, str]):
    """Folds a character on first sight and remembers it."""

    def __missing__(self, char: str) -> str:
        folded = _fold(char)
        if len(self) < _REMEMBERED:
            self[char] = folded
        return folded


def _fold(char: str) -> str:
    code = ord(char)
    if code < 0x80:
        return char.lower()
    if code in _INVISIBLE:
        return ""
    letter = _ODD_LATIN.get(char.lower()) or _named_latin(char)
    if letter:
        return letter
    return _unadorned(unicodedata.normalize("NFKC", char).lower())


def _unadorned(plain: str) -> str:
    """A Latin letter without its marks; letters of other scripts keep theirs."""
    if plain.isascii():
        return " " if plain.isspace() else plain
    parts = unicodedata.normalize("NFD", plain)
    if parts[:1].isascii() and all(unicodedata.combining(mark) for mark in parts[1:]):
        return parts[:1]
    return plain


def _named_latin(char: str) -> str:
    """The letter a name gives away: small capitals, letters in circles and squares, letters with strokes and hooks."""
    name = unicodedata.name(char, "")
    for prefix in ("NEGATIVE CIRCLED LATIN CAPITAL LETTER ", "NEGATIVE SQUARED LATIN CAPITAL LETTER ",
                   "SQUARED LATIN CAPITAL LETTER ", "LATIN LETTER SMALL CAPITAL ", "MODIFIER LETTER SMALL ",
                   "MODIFIER LETTER CAPITAL ", "LATIN SMALL LETTER ", "LATIN CAPITAL LETTER "):  # fmt: skip
        if name.startswith(prefix):
            letter = name[len(prefix) :].split(" WITH ")[0]
            return letter.lower() if len(letter) == 1 else ""
    return ""


#: What each character folds to; ``""`` when it is invisible.
FOLDED: Final = _Folder()


class _Codes(dict[int, str]):
    """The same for ``str.translate``, which asks by code point."""

    def __missing__(self, code: int) -> str:
        return FOLDED[chr(code)]


#: ``FOLDED`` by code point; the living alphabets are filled in beforehand.
CODES: Final = _Codes((code, FOLDED[chr(code)]) for code in range(0x600))
