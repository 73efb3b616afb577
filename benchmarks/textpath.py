"""What it costs to read a comment: usual ones, the longest ones, and the worst that were thought of.

The baseline is the least that any filter does: entities, compatible forms, lower case, single spaces. Time must grow
with the length alone; since nothing behind ``MAX_TEXT_CHARS`` is read, twice the text is measured from half of it too.
"""

from __future__ import annotations

import html
import itertools
import random
import time
import unicodedata
from collections.abc import Callable
from typing import Any, Final

from benchmarks import report
from benchmarks.plan import Plan
from benchmarks.scoring import comments
from classifier.attacks import ATTACKS
from classifier.domain import MAX_TEXT_CHARS
from classifier.text import read

HALF: Final = MAX_TEXT_CHARS // 2

#: Repeated up to the length asked for. Each is a trap for some step: long runs, nothing closed, everything disguised.
FLOODS: Final = {
    "combining marks on letters": "e\u0301\u0323",
    "nothing but combining marks": "\u0301",
    "nested tags": "<div><b>",
    "unclosed tags": "<a ",
    "unclosed attributes": '<a href="',
    "unclosed comments": "<!-- ",
    "unclosed BBCode": "[url=",
    "entities": "&#118;&#105;",
    "bare ampersands": "&",
    "zero-width": "a\u200b",
    "nothing but zero-width": "\u200b",
    "overrides from right to left": "\u202eabc\n",
    "spaced letters": "a ",
    "spaced words": "v i a g r a  ",
    "one long word": "a",
    "white space": " ",
    "links": "http://a.co/ ",
    "dotted names": "a.a.a.a.a.a.",
    "half addresses": "@a.b",
    "addresses spelt out": "aaaa dot com ",
    "homoglyphs": "раураl ",
    "accents": "ídíót ",
    "leet": "1d10t ",
    "masked": "a*",
    "words cut in two": "fu ck ",
    "mathematical letters": "𝓯𝓻",
    "regional letters": "🇻 ",
    "emoji in words": "😀a",
    "lone surrogates": "\ud800a",
    "Hangul in pieces": "\u1100\u1161\u11a8",
    "Tamil": "செய்கிறார் ",
    "every letter another": "".join(map(chr, range(0x100, 0xD800))),
    "every rare letter another": "".join(map(chr, range(0x10000, 0x1F000))),
    "every word unknown": " ".join(f"q{a}zz{b}{c}k" for a, b, c in itertools.product("abcdefghijklm", repeat=3)) + " ",
}


def run(plan: Plan) -> dict[str, Any]:
    """Milliseconds by kind of text; the rows hold the usual ones and the worst."""
    times: dict[str, list[float]] = {}
    for number in range(plan.rounds):
        _round(plan, number, times)
    floods = {name: times[name] for name in FLOODS}
    worst = max(floods, key=lambda name: sorted(floods[name])[plan.rounds // 2])
    rows = [
        report.versus("reading 64 KiB of ASCII", times["ASCII"], times["plain"], "ms"),
        report.alone("... its time", times["ASCII"], "ms", at_most=5),
        report.alone("reading 64 Ki characters of many languages and disguises", times["mixed"], "ms", at_most=100),
        report.alone(f"reading the worst of {len(FLOODS)} floods ({worst})", times[worst], "ms", at_most=100),
        report.versus("128 KiB of ASCII v. 64 KiB", times["twice"], times["ASCII"], "ms", at_most=2.2),
        report.versus("64 KiB of ASCII v. 32 KiB", times["ASCII"], times["half"], "ms", at_most=2.2),
        report.alone("reading one usual comment", [1000 * value for value in times["usual"]], "us"),
    ]
    return report.answer(rows, milliseconds={name: report.spread(values) for name, values in times.items()})


def _round(plan: Plan, number: int, times: dict[str, list[float]]) -> None:
    usual = [text for text in comments(plan.size(2000, 200), number) if text.isascii()]
    ascii_text = _long(" ".join(usual), 2 * MAX_TEXT_CHARS)
    mixed = _mixed(random.Random(number))

    def note(name: str, call: Callable[[], object]) -> None:
        times.setdefault(name, []).append(_milliseconds(call))

    note("ASCII", lambda: read(ascii_text[:MAX_TEXT_CHARS]))
    note("plain", lambda: _plain(ascii_text[:MAX_TEXT_CHARS]))
    note("twice", lambda: read(ascii_text))
    note("half", lambda: read(ascii_text[:HALF]))
    note("mixed", lambda: read(mixed))
    for name, piece in FLOODS.items():
        flood = _long(piece, MAX_TEXT_CHARS)
        note(name, lambda flood=flood: read(flood))  # type: ignore[misc]
    times.setdefault("usual", []).append(_milliseconds(lambda: [read(text) for text in usual]) / len(usual))


def _mixed(rng: random.Random) -> str:
    """Comments of many languages, each in another disguise."""
    texts = comments(1500, rng.randrange(10**6))
    attacks = itertools.cycle(ATTACKS.values())
    return _long("\n".join(attack(text, rng) for attack, text in zip(attacks, texts, strict=False)), MAX_TEXT_CHARS)


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", html.unescape(text)).lower().split())


def _long(piece: str, size: int) -> str:
    return (piece * (size // len(piece) + 1))[:size]


def _milliseconds(call: Callable[[], object]) -> float:
    """The best of three: what the code costs, not what the machine did meanwhile."""
    best = float("inf")
    for _ in range(3):
        started = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - started)
    return 1000 * best
