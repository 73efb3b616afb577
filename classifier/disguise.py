"""Words behind a disguise: l33t, d.o.t.t.e.d, spl😀it, streeetched, sawpped.

A word is only rewritten into one that people are known to write, and a doubtful reading only where the text around it
calls for it, so honest text in any language stays what it is.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import islice, product
from typing import Final, NamedTuple

from classifier.phrases import terms
from classifier.vocabulary import is_common, is_known, is_sensitive, severity_of, spells_sensitive

_LEET: Final = {
    "0": "o", "1": "il", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "9": "g",
    "@": "a", "$": "s", "!": "il", "|": "li", "+": "t", "(": "c", "*": "uiaeoc",
    "#": "aeiou", "€": "e", "£": "l", "¥": "y",
}  # fmt: skip
_PLAIN: Final = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_NUMBERED: Final = re.compile(r"[#$€£~+-]?\d[\d.,:/%-]*[a-z]{0,3}")
_LETTERS: Final = re.compile(r"[^\W\d_]+")
_TRIPLE: Final = re.compile(r"([^\W\d_])\1\1")
_DOUBLE: Final = re.compile(r"([^\W\d_])\1")
_LONG_RUN: Final = re.compile(r"([^\W\d_])\1{2,}")
_RUN: Final = re.compile(r"([^\W\d_])\1+")
_EDGE: Final = re.compile(r"^[^\w@$!|*(+]+|[^\w@$*]+$")
#: Consonants around a dash where a vowel should be.
_MASKED_VOWEL: Final = re.compile(r"[bcdfghjklmnpqrstvwxyz]{1,4}[-_.][bcdfghjklmnpqrstvwxyz]{1,4}")
_WORD_AND_NUMBER: Final = re.compile(r"[^\W\d_]{3,}\W*\d+")
_ROMAN: Final = re.compile("[ivxlcm]{2,8}")
_SIGNS: Final = re.compile(r"[0-9@$!|+(*#€£¥]")
#: Words of one or two letters that people write.
SMALL_WORDS: Final = terms("a am an as at be by do go he hi i if in is it me my no of oh ok on or so to up us we")
_LONGEST: Final = 40
_LONGEST_CUT: Final = 20
_MOST_READINGS: Final = 48
_COMPANY: Final = 2
#: So few letters may be a name like СССР, which is not stretched; a star in so short a word hides too much.
_SHORT: Final = 4


class Reading(NamedTuple):
    """What a token says, which trick it used (``""``: none), and whether that is plain from the token alone."""

    word: str
    trick: str = ""
    sure: bool = True


@lru_cache(maxsize=32_768)
def undisguised(token: str) -> Reading | None:
    """How an uncommon token of a folded text reads; None for a common word.

    Tricks are ``stretched``, ``swapped``, ``split`` and ``leet``; the edges of the token (quotes, full stops) are lost
    where a trick was found.
    """
    if len(token) > _LONGEST:
        return None
    core = _EDGE.sub("", token)
    if not core or is_sensitive(core):
        return None
    if _NUMBERED.fullmatch(core):
        return _doubtful_leet(core)
    if is_common(core) and (not _TRIPLE.search(core) or len(set(core)) == 1):
        return Reading(token) if len(core) < 3 and core not in SMALL_WORDS and core.isascii() else None
    if _PLAIN.fullmatch(core):
        return _respelled(token, core)
    return _reassembled(token, core)


def accepted(readings: dict[str, Reading]) -> dict[str, str]:
    """Which tokens of a text to rewrite, and the tricks of theirs.

    Letters in the wrong order or doubled are put right unless most strange words of the text stay strange: then it is
    in a language that is not known here. A doubtful reading needs company of the same trick.
    """
    strange = sum(not reading.trick and _is_strange(reading.word) for reading in readings.values())
    sure: dict[str, int] = {}
    for reading in readings.values():
        sure[reading.trick] = sure.get(reading.trick, 0) + (reading.sure or reading.trick == "stretched")
    return {
        token: trick
        for token, (_, trick, certain) in readings.items()
        if trick
        and (certain or trick == "stretched" or sure[trick] >= _COMPANY)
        and (trick not in ("swapped", "stretched") or (certain and trick == "stretched") or sure[trick] >= strange)
    }


def _is_strange(word: str) -> bool:
    return len(word) > 3 and word.isalpha() and not is_known(word)


def _doubtful_leet(core: str) -> Reading | None:
    """A number with letters behind it may be a short word."""
    if len(core) < 3 or not core[0].isdigit() or not core.isalnum() or core.isdigit():
        return None
    word = next((reading for reading in _readings(core) if len(reading) == len(core) and is_common(reading)), None)
    return Reading(word, "leet", sure=False) if word else None


def joins(first: str, second: str) -> bool:
    """Whether two neighbouring tokens are one grave word cut in two."""
    whole = first + second
    if not 3 < len(whole) < _LONGEST_CUT or not whole.isalpha() or not spells_sensitive(whole):
        return False
    shorter = min(first, second, key=len)
    if not all(is_common(word) or word in SMALL_WORDS for word in (first, second)):
        return True
    return len(shorter) < 3 and shorter not in SMALL_WORDS


def _respelled(token: str, core: str) -> Reading:
    """Letters only: too many of them, or two in the wrong order."""
    if _DOUBLE.search(core) and not _ROMAN.fullmatch(core) and (not is_known(core) or _TRIPLE.search(core)):
        triple = bool(_TRIPLE.search(core))
        double, single = _LONG_RUN.sub(r"\1\1", core), _RUN.sub(r"\1", core)
        once = next((cut for cut in _one_run_cut(core) if is_common(cut)), single)
        for candidate, fits in ((double, is_common), (once, is_known), (single, is_known), (double, is_known)):
            if candidate != core and fits(candidate) and not (candidate == double and len(single) == 2):
                return Reading(candidate, "stretched", triple)
        if triple and len(core) > _SHORT:
            return Reading(single, "stretched")
    if core.isascii() and 4 <= len(core) <= 14 and "'" not in core:
        for index in range(len(core) - 1):
            candidate = f"{core[:index]}{core[index + 1]}{core[index]}{core[index + 2 :]}"
            if is_common(candidate):
                return Reading(candidate, "swapped", not is_known(core))
    return Reading(token)


def _one_run_cut(core: str) -> list[str]:
    return [core[: run.start() + 1] + core[run.end() :] for run in _RUN.finditer(core)]


def _reassembled(token: str, core: str) -> Reading:
    """Letters mixed with other signs: a divided word, or signs that stand for letters."""
    parts = _LETTERS.findall(core)
    if len(parts) > 1 and not _SIGNS.search(core):
        return (None if _has_vowel_signs(core) else _joined(core, parts)) or Reading(token)
    return (_spelt_with_signs(core, parts[0]) if parts and len(core) > 2 else None) or Reading(token)


def _has_vowel_signs(core: str) -> bool:
    """Whether the signs between the letters are parts of them, as in the scripts of India."""
    return not core.isascii() and any(unicodedata.category(char)[0] == "M" for char in core)


def _joined(core: str, parts: list[str]) -> Reading | None:
    """The word that letters and signs between them make."""
    joined = "".join(parts)
    if all(len(part) == 1 for part in parts):
        return Reading(joined, "split") if len(joined) > 3 or is_sensitive(joined) else None
    if _MASKED_VOWEL.fullmatch(core):
        masked = next((word for vowel in "uiaeo" if is_sensitive(word := vowel.join(parts))), None)
        if masked:
            return Reading(masked, "leet")
    small = SMALL_WORDS if core.isascii() else frozenset()
    whole = all(part in small or (len(part) > 2 and is_common(part)) for part in parts)
    return Reading(joined, "split") if is_sensitive(joined) or (not whole and is_common(joined)) else None


def _spelt_with_signs(core: str, first: str) -> Reading | None:
    """The word whose letters some signs stand for; a word with a number behind it is rather that."""
    best = max((word for word in _readings(core) if is_sensitive(word) or is_common(word)), key=_likelihood, default="")
    if not best:
        return None
    numbered = _WORD_AND_NUMBER.fullmatch(core) is not None and is_known(first)
    if numbered:
        return Reading(best, "leet", sure=False) if len(core) == len(first) + 1 else None
    doubtful = len(core) < 4 or core[0] in "$#+(€£¥" or "*" in core
    if not doubtful or is_sensitive(best):
        return Reading(best, "leet")
    whole = core[0].isalnum() and core[-1].isalnum() and len(best) == len(core)
    return Reading(best, "leet", sure=len(core) > _SHORT and core.count("*") == 1) if whole else None


def _likelihood(word: str) -> tuple[int, int]:
    return is_sensitive(word) + is_common(word), severity_of(word) % 4


def _readings(core: str) -> list[str]:
    """What the signs of a word may stand for; signs that stand for nothing are dropped."""
    choices = [char if char.isalpha() else _LEET.get(char, "" if char.isdigit() else "\0") for char in core]
    return ["".join(reading).replace("\0", "") for reading in islice(product(*choices), _MOST_READINGS)]
