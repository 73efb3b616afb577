"""One character at a time: what a letter looks like, whatever code point drew it.

Latin letters in any costume (full-width, mathematical, circled, small capitals) become plain ones; letters of other
scripts and letters with marks stay what they are. Whether a mark or a look-alike is a disguise is decided per word, in
``costumes``.
"""

from __future__ import annotations

import unicodedata
from typing import Final

#: Cyrillic, Greek and Armenian letters that a reader takes for a Latin one.
_PAIRS: Final = (
    "аa вb еe ѕs һh іi јj кk ӏl мm нh оo рp ԛq сc тt уy ѵv ԝw хx ьb ԁd ѡw єe гr пn ғf ҽe ъb ёe үy ҝk ӓa "
    "ӧo ѐe ѓr ќk ўy ѳo ӕa αa βb γy εe ηn ιi κk νv οo ρp σo τt υu χx ωw ϲc ϳj ςs ѱw ոn սu օo հh ցg յj զq "
    "ղn "
)
_SMALL: Final = {pair[0]: pair[1] for pair in _PAIRS.split()}
LOOK_ALIKES: Final = {
    **{char.upper(): latin.upper() for char, latin in _SMALL.items()},
    **dict(zip("ΗΝΥΣΖΜ", "HNYEZM", strict=True)),
    **_SMALL,
}

#: Drawn as nothing: joiners, marks of direction, fillers, tags, variation selectors, enclosing shapes.
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
        *list(range(8413, 8421)),
        *list(range(65024, 65040)),
        *list(range(917504, 917632)),
        *list(range(917760, 918000)),
    ]
)

_ODD_LATIN: Final = {
    "ƒ": "f", "ɑ": "a", "ɡ": "g", "ɩ": "i", "ʋ": "v", "ꜱ": "s", "ꞯ": "q", "ɐ": "a", "ɹ": "r", "ʇ": "t", "ʞ": "k",
    "ʌ": "v", "ʍ": "w", "ʎ": "y", "ɯ": "m", "ɥ": "h", "×": "x", "‐": "-", "‑": "-", "–": "-", "—": "-",
    "‘": "'", "’": "'", "ʼ": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "…": "...", "€": "€",
}  # fmt: skip
_ODD_MARKED: Final = {
    "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h", "ŧ": "t", "þ": "th", "ı": "i",
    "ǝ": "e", "ɔ": "c", "ɓ": "b", "ɗ": "d", "ƙ": "k", "ƴ": "y", "ɖ": "d", "ŋ": "n", "ə": "e", "ɛ": "e",
}  # fmt: skip


#: Small capitals and raised letters.
_SMALL_OR_RAISED: Final = frozenset(
    char
    for char in map(chr, (*range(0x250, 0x300), *range(0x1D00, 0x1DC0), *range(0xA720, 0xA800)))
    if unicodedata.name(char, "").startswith(("LATIN LETTER SMALL CAPITAL ", "MODIFIER LETTER SMALL ",
                                              "MODIFIER LETTER CAPITAL "))
)  # fmt: skip


def is_styled(char: str) -> bool:
    """Whether ``char`` is a letter in a costume: full-width, mathematical, circled, squared, small capital, raised."""
    code = ord(char)
    return (
        0x1D400 <= code < 0x1D800
        or 0xFF01 <= code < 0xFF5F
        or 0x2460 <= code < 0x2500
        or 0x1F100 <= code < 0x1F200
        or char in _SMALL_OR_RAISED
    )


def is_wide(char: str) -> bool:
    """Whether ``char`` is a full-width form, as Chinese and Japanese text holds anyway."""
    return "\uff01" <= char <= "\uff5e"


def is_invisible(char: str) -> bool:
    """Whether ``char`` leaves no mark on the page."""
    return ord(char) in _INVISIBLE


#: Enough for the letters of a living site; a flood of rare ones is folded without being remembered.
_REMEMBERED: Final = 16_384


def _marked() -> dict[str, str]:
    """Latin letters with marks as the alphabets of living languages have them, and the letters without."""
    marked = dict(_ODD_MARKED)
    for code in (*range(0xDF, 0x250), *range(0x1E00, 0x1F00)):
        char = chr(code)
        plain = _named_latin(char) or unicodedata.normalize("NFD", char)[0]
        if char.islower() and plain.isascii() and plain != char == unicodedata.normalize("NFKC", char):
            marked.setdefault(char, plain)
    for char, plain in list(marked.items()):
        if len(char.upper()) == 1 and not char.upper().isascii():
            marked.setdefault(char.upper(), plain.upper())
    return {**marked, "İ": "I", "ẞ": "SS"}


def _named_latin(char: str) -> str:
    """The letter a name gives away: small capitals, letters in circles and squares, letters with strokes and hooks."""
    name = unicodedata.name(char, "")
    for prefix in ("NEGATIVE CIRCLED LATIN CAPITAL LETTER ", "NEGATIVE SQUARED LATIN CAPITAL LETTER ",
                   "SQUARED LATIN CAPITAL LETTER ", "LATIN LETTER SMALL CAPITAL ", "MODIFIER LETTER SMALL ",
                   "MODIFIER LETTER CAPITAL ", "LATIN SMALL LETTER ", "LATIN CAPITAL LETTER "):  # fmt: skip
        if name.startswith(prefix):
            letter = name[len(prefix) :].split(" WITH ")[0]
            small = prefix.startswith(("LATIN LETTER", "LATIN SMALL", "MODIFIER LETTER SMALL"))
            return (letter.lower() if small else letter) if len(letter) == 1 else ""
    return ""


#: Letters with marks and the plain letters they are built on.
MARKED: Final = _marked()
#: The same for ``str.translate``, to one letter each: where marks are not looked at.
MARKLESS: Final = {ord(char): plain[0] for char, plain in MARKED.items()}


#: Beyond this, a letter that is its own compatible form is no Latin letter with marks.
_LAST_MARKED: Final = 0x2C80


class _Shown(dict[str, str]):
    """What a reader sees of a character, its case kept; folded on first sight and remembered."""

    def __missing__(self, char: str) -> str:
        shown = _show(char)
        if len(self) < _REMEMBERED:
            self[char] = shown
        return shown


def _show(char: str) -> str:
    code = ord(char)
    if code < 0x80 or char in MARKED or 0x3400 <= code < 0xA000 or 0xAC00 <= code < 0xD800:
        return char
    if code in _INVISIBLE:
        return ""
    odd = _ODD_LATIN.get(char.lower())
    letter = (odd.upper() if char.isupper() else odd) if odd else _named_latin(char) if _may_be_latin(code) else ""
    if letter:
        return letter
    if char.isspace():
        return " "
    plain = unicodedata.normalize("NFKC", char)
    return char if plain == char and code > _LAST_MARKED else _unadorned(plain)


def _may_be_latin(code: int) -> bool:
    """Whether the block of a code point holds Latin letters; to look up names is slow."""
    return (
        code < 0x2C80 or 0xA720 <= code < 0xAB70 or 0x10780 <= code < 0x107C0 or 0x1DF00 <= code < 0x1E000
        or 0x1F100 <= code < 0x1F200
    )  # fmt: skip


def _unadorned(plain: str) -> str:
    """A Latin letter without marks that no alphabet gives it; letters of other scripts keep theirs."""
    if plain.isascii():
        return " " if plain.isspace() else plain
    parts = unicodedata.normalize("NFD", plain)
    if plain not in MARKED and parts[:1].isascii() and all(unicodedata.combining(mark) for mark in parts[1:]):
        return parts[:1]
    return plain


#: What each character is shown as, case kept; ``""`` when it is invisible.
SHOWN: Final = _Shown()


class _Codes(dict[int, str]):
    """The same for ``str.translate``, which asks by code point."""

    def __missing__(self, code: int) -> str:
        shown = SHOWN[chr(code)]
        if len(self) < _REMEMBERED:
            self[code] = shown
        return shown


#: ``SHOWN`` by code point; the living alphabets are filled in beforehand.
CODES: Final = _Codes((code, SHOWN[chr(code)]) for code in range(0x600))


def lowered(text: str) -> str:
    """A text in lower case, character by character."""
    return text.lower() if text.isascii() else text.replace("\u0130", "i").lower()


def folded(text: str) -> str:
    """A text as shown, in lower case: the same letters as in a normalised text, without a look at whole words."""
    return lowered(text if text.isascii() else unicodedata.normalize("NFC", text).translate(CODES))
