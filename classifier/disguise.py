"""Words behind a disguise: l33t, d.o.t.t.e.d, spl😀it, streeetched, sawpped.

A word is only rewritten into one that people are known to write, so honest text in any language stays what it is.
Whatever is done to a word depends on the word alone.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice, product
from typing import Final

from classifier.phrases import terms
from classifier.vocabulary import is_common, is_known, is_sensitive, severity_of

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
_SIGNS: Final = re.compile(r"[0-9@$!|+(*#€£¥]")
_SMALL_WORDS: Final = terms("a am an as at be by do go he hi i if in is it me my no of oh ok on or so to up us we")
_LONGEST: Final = 40
_MOST_READINGS: Final = 48


@lru_cache(maxsize=32_768)
def undisguised(token: str) -> tuple[str, str] | None:
    """What an uncommon token of a folded text says and which trick it used (``""``: none); None for a common word.

    Tricks are ``stretched``, ``swapped``, ``split`` and ``leet``; the edges of the token (quotes, full stops) are lost
    where a trick was found.
    """
    if len(token) > _LONGEST:
        return None
    core = _EDGE.sub("", token)
    if not core or is_sensitive(core) or _NUMBERED.fullmatch(core):
        return None
    if is_common(core) and (not _TRIPLE.search(core) or len(set(core)) == 1):
        return (token, "") if len(core) < 3 and core not in _SMALL_WORDS and core.isascii() else None
    if _PLAIN.fullmatch(core):
        return _respelled(token, core)
    return _reassembled(token, core)


@lru_cache(maxsize=8192)
def joins(first: str, second: str) -> bool:
    """Whether two neighbouring tokens are one grave word cut in two."""
    if not 3 < len(first) + len(second) < _LONGEST or not is_sensitive(first + second):
        return False
    shorter = min(first, second, key=len)
    return not (is_common(first) and is_common(second)) or (len(shorter) < 3 and shorter not in _SMALL_WORDS)


def _respelled(token: str, core: str) -> tuple[str, str]:
    """Letters only: too many of them, or two in the wrong order."""
    if _DOUBLE.search(core) and (not is_known(core) or _TRIPLE.search(core)):
        double, single = _LONG_RUN.sub(r"\1\1", core), _RUN.sub(r"\1", core)
        for candidate, fits in ((double, is_common), (single, is_known), (double, is_known)):
            if candidate != core and fits(candidate) and not (candidate == double and len(single) == 2):
                return candidate, "stretched"
        if _TRIPLE.search(core):
            return single, "stretched"
    if is_known(core):
        return token, ""
    if core.isascii() and 4 <= len(core) <= 14 and "'" not in core:
        for index in range(len(core) - 1):
            candidate = f"{core[:index]}{core[index + 1]}{core[index]}{core[index + 2 :]}"
            if is_common(candidate):
                return candidate, "swapped"
    return token, ""


def _reassembled(token: str, core: str) -> tuple[str, str]:
    """Letters mixed with other signs: a divided word, or signs that stand for letters."""
    parts = _LETTERS.findall(core)
    joined = "".join(parts)
    if len(parts) > 1 and not _SIGNS.search(core):
        if all(len(part) == 1 for part in parts):
            return (joined, "split") if len(joined) > 3 or is_sensitive(joined) else (token, "")
        whole = all(part in _SMALL_WORDS or (len(part) > 2 and is_common(part)) for part in parts)
        return (joined, "split") if is_sensitive(joined) or (not whole and is_common(joined)) else (token, "")
    if not parts or len(core) < 3 or (len(parts[0]) > 2 and core.startswith(parts[0]) and is_known(parts[0])):
        return token, ""
    doubtful = len(core) < 4 or core[0] in "$#+(€£¥" or "*" in core
    readings = [
        reading for reading in _readings(core) if is_sensitive(reading) or (is_common(reading) and not doubtful)
    ]
    return (max(readings, key=_likelihood), "leet") if readings else (token, "")


def _likelihood(word: str) -> tuple[int, int]:
    return is_sensitive(word) + is_common(word), severity_of(word) % 4


def _readings(core: str) -> list[str]:
    """What the signs of a word may stand for; signs that stand for nothing are dropped."""
    choices = [char if char.isalpha() else _LEET.get(char, "" if char.isdigit() else "\0") for char in core]
    return ["".join(reading).replace("\0", "") for reading in islice(product(*choices), _MOST_READINGS)]
