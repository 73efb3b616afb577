"""Which words of a grave text are hidden until somebody asks: those that make it grave; the rest can be read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from classifier.domain import TextFormat
from classifier.vocabulary import is_sensitive, severity_of
from service.desk.shown_text import Mark

#: More stretches than these are hidden as one.
MOST_HIDDEN: Final = 200
#: Small words of the languages that the model knows best: none of them says what is threatened, or how somebody is
#: insulted.
_SMALL: Final = """
    a about all am an and any are as at be been but by can come could d did do does down for from get go going gonna got
    had has have he her here hers him his how i if ill im in into is it its just ll m me my no not now of off on or our
    out re really s she should so some t than that the their them then there these they this those to too u up ur us
    ve very want wanna was we were what when where which who will with would you your yours yourself
    aber alle als am an auch auf aus bei bin bist da das dass dein deine dem den der des dich dies dir doch du ein
    eine einen er es euch euer für hat hier ich ihm ihn ihr im in ist ja kann mein mich mir mit nicht noch nur oder
    sein sich sie sind so und uns vom von vor war was wenn wer werde werden wie will wir wird wo zu zum zur
    au aux avec ce ces dans de des du elle en est et eux il ils je la le les leur ma mais me mes moi mon ne nous
    on ou par pas pour qu que qui sa se ses son sur ta te tes toi ton tu un une vais vas vous y
    al como con del e el ella ellos en es ese esta este la las le lo los me mi mis nos o para pero por que se ser si
    su sus te ti tu tus un una usted va vamos voy y ya yo
"""
SMALL_WORDS: Final = frozenset(_SMALL.split())
_WORD: Final = re.compile(r"[^\W_]+(?:[*'’@$][^\W_]+)*")
_WORD_OR_TAG: Final = re.compile(rf"<[^<>]*>|{_WORD.pattern}")

Stretch = tuple[int, int]


def hide_severe(raw: str, text_format: str, marks: Sequence[Mark]) -> list[Mark]:
    """The same marks, hiding no more than the words that carry what is severe, and never a whole text."""
    shown = [Mark(mark.start, mark.end, mark.why) for mark in marks]
    words = list(_words(raw, text_format))
    severe = [mark for mark in marks if mark.severe][:MOST_HIDDEN]
    within = [(start, end) for start, end in words if any(mark.start < end and start < mark.end for mark in severe)]
    profane = [word for word in words if _is_profane(raw[slice(*word)])]
    whole = any(mark.start <= 0 and mark.end >= len(raw) for mark in severe)
    telling = [word for word in within if raw[slice(*word)].lower() not in SMALL_WORDS]
    hidden = sorted({*profane, *(() if whole and profane else telling)}) or within
    if len(hidden) == len(words):
        hidden = [(start + 1, end) for start, end in hidden if end - start > 1]
    if not hidden:
        return shown
    return [*(Mark(start, end, "", severe=True) for start, end in _few(_joined(raw, hidden))), *shown]


def _words(raw: str, text_format: str) -> Iterator[Stretch]:
    pattern = _WORD_OR_TAG if text_format == TextFormat.HTML else _WORD
    return (match.span() for match in pattern.finditer(raw) if not match[0].startswith("<"))


def _is_profane(word: str) -> bool:
    """Whether a word is hard to read by itself; mild ones are not, nor are those of spam."""
    folded = word.lower()
    return severity_of(folded) >= 2 and is_sensitive(folded)


def _joined(raw: str, words: Sequence[Stretch]) -> list[Stretch]:
    """Words with nothing but spaces between them as one stretch."""
    starts = [at for at, (start, _) in enumerate(words) if not at or raw[words[at - 1][1] : start].strip()]
    return [(words[at][0], words[end - 1][1]) for at, end in zip(starts, [*starts[1:], len(words)], strict=True)]


def _few(stretches: list[Stretch]) -> list[Stretch]:
    if len(stretches) <= MOST_HIDDEN:
        return stretches
    return [*stretches[: MOST_HIDDEN - 1], (stretches[MOST_HIDDEN - 1][0], stretches[-1][1])]
