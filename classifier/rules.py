"""The owner's rules: words and patterns, looked for all at once.

Words are whole words of the normalised text, so that ``c.a.s.i.n.o`` is found and ``casinos`` is not. Patterns are
regular expressions of RE2, whose time is linear in the text whatever a pattern says. However many rules there are, a
comment without a hit costs one search for all words and one for all patterns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

import re2

from classifier.domain import Action, Author, Span
from classifier.text import Document, read, word_places, words_of

#: Longest pattern, in characters, and largest program that one may compile to.
MAX_PATTERN_CHARS: Final = 500
MAX_PATTERN_PROGRAM: Final = 20_000
#: Spans shown for one rule.
MAX_SPANS: Final = 20

_MAX_NAME: Final = 400
_ONE_PATTERN_BYTES: Final = 1 << 20
_ALL_PATTERNS_BYTES: Final = 32 << 20


class Where(StrEnum):
    """What a rule looks at."""

    TEXT = "text"
    RAW = "raw"
    NAME = "name"


class PatternError(ValueError):
    """A pattern or word that cannot be used; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of the owner: what it looks for, and the action it forces or the weight it adds."""

    name: str
    words: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    where: Where = Where.TEXT
    action: Action | None = None
    weight: float = 0.0
    head: str = "spam"
    message: str = ""
    final: bool = False

    @property
    def code(self) -> str:
        """The code of its reasons."""
        return f"rule.{self.name}"


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that matched, and where in the raw text; nowhere when it looked at the name."""

    rule: Rule
    spans: tuple[Span, ...]


class Matcher:
    """Rules compiled together; make it with ``matcher_for``, which keeps those in use."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = tuple(rules)
        self._words = {where: _group(rules, where, _word_expressions) for where in (Where.TEXT, Where.NAME)}
        self._patterns = {where: _group(rules, where, lambda rule: rule.patterns) for where in Where}

    def find(self, document: Document, author: Author) -> list[Hit]:
        """The rules that match, in their own order."""
        spans: dict[int, list[Span]] = {}
        words, patterns = self._words[Where.TEXT], self._patterns[Where.TEXT]
        if words is not None:
            _find_words(words, document, spans)
        if patterns is not None:
            for index, start, end in patterns.hits(document.text):
                spans.setdefault(index, []).append(document.raw_span(start, end))
        raw = self._patterns[Where.RAW]
        if raw is not None:
            for index, start, end in raw.hits(document.raw):
                spans.setdefault(index, []).append(Span(start, end))
        if author.name:
            self._find_in_name(author.name[:_MAX_NAME], spans)
        return [
            Hit(self._rules[index], tuple(sorted(set(found), key=lambda span: (span.start, span.end)))[:MAX_SPANS])
            for index, found in sorted(spans.items())
        ]

    def _find_in_name(self, name: str, spans: dict[int, list[Span]]) -> None:
        words, patterns = self._words[Where.NAME], self._patterns[Where.NAME]
        if words is None and patterns is None:
            return
        text = read(name).text
        if words is not None:
            for index in words.matching(f" {' '.join(words_of(text))} "):
                spans.setdefault(index, [])
        if patterns is not None:
            for index in patterns.matching(text):
                spans.setdefault(index, [])


@lru_cache(maxsize=32)
def matcher_for(rules: tuple[Rule, ...]) -> Matcher:
    """The matcher of these rules; compiled once for all policies that share them. Keep it: looking it up is slow."""
    return Matcher(rules)


def check_pattern(pattern: str) -> None:
    """Refuse what RE2 does not take, what is too large, and what matches every comment.

    Raises:
        PatternError.
    """
    if len(pattern) > MAX_PATTERN_CHARS:
        raise PatternError(f"has {len(pattern):,} characters; at most {MAX_PATTERN_CHARS} are allowed")
    try:
        compiled = _compiled(pattern, _ONE_PATTERN_BYTES)
    except re2.error as error:
        reason = error.args[0].decode(errors="replace") if isinstance(error.args[0], bytes) else str(error)
        raise PatternError(f"is not a regular expression of RE2: {reason}") from None
    if compiled.programsize > MAX_PATTERN_PROGRAM:
        raise PatternError("is too large when compiled; use smaller repetitions")
    if compiled.search("") is not None:
        raise PatternError("matches the empty text, and so every comment")


@lru_cache(maxsize=16_384)
def word_key(word: str) -> str:
    """A word or phrase as it stands in normalised text; a ``*`` at its end stands for any ending.

    Raises:
        PatternError: nothing of it is a letter or digit.
    """
    wanted, star = (word[:-1], "*") if word.endswith("*") else (word, "")
    words = words_of(read(wanted).text)
    if not words:
        raise PatternError("has no letters or digits; use a pattern")
    return " ".join(words) + star


class _Group:
    """Expressions of several rules with one search to see whether any matches."""

    def __init__(self, expressions: Sequence[tuple[int, str]]) -> None:
        self._expressions = tuple(expressions)
        self._any = _compiled("|".join(f"(?:{each})" for _, each in expressions), _ALL_PATTERNS_BYTES)
        self._set: Any = None
        if len(expressions) > 1:
            self._set = re2.Set.SearchSet(_options(_ALL_PATTERNS_BYTES))
            for _, each in expressions:
                self._set.Add(each)
            self._set.Compile()

    def matching(self, text: str) -> list[int]:
        """Indexes of the rules that match somewhere."""
        return sorted({self._expressions[place][0] for place in self._places(text)})

    def hits(self, text: str, step_back: int = 0) -> Iterator[tuple[int, int, int]]:
        """Each match as (rule, start, end); the next search begins ``step_back`` before the last match's end."""
        for place in self._places(text):
            index, expression = self._expressions[place]
            pattern = _compiled(expression, _ONE_PATTERN_BYTES)
            position = 0
            for _ in range(MAX_SPANS):
                match = pattern.search(text, position)
                if match is None:
                    break
                start, end = match.span()
                if end > start:
                    yield index, start, end
                position = max(end - step_back, start + 1)

    def _places(self, text: str) -> Sequence[int]:
        if self._any.search(text) is None:
            return ()
        # The set says which ones; should it run out of memory it says none, and each is searched for alone.
        found = sorted(self._set.Match(text)) if self._set is not None else ()
        return found or range(len(self._expressions))


def _group(rules: Sequence[Rule], where: Where, expressions: Callable[[Rule], Sequence[str]]) -> _Group | None:
    found = [
        (index, expression)
        for index, rule in enumerate(rules)
        if rule.where is where
        for expression in expressions(rule)
    ]
    return _Group(found) if found else None


def _word_expressions(rule: Rule) -> Sequence[str]:
    """One expression for all words of a rule, over text in which every word has a space on each side."""
    keys = [re2.escape(key.removesuffix("*")) + ("[^ ]*" if key.endswith("*") else "") for key in rule.words]
    return (f" (?:{'|'.join(keys)}) ",) if keys else ()


def _find_words(words: _Group, document: Document, spans: dict[int, list[Span]]) -> None:
    """Search the words of a text joined by single spaces; only on a hit is it worked out where they stood."""
    text = f" {' '.join(document.words)} "
    places: list[tuple[int, int]] = []
    for index, start, end in words.hits(text, step_back=1):
        places = places or word_places(document.text)
        first, last = text.count(" ", 0, start + 1) - 1, text.count(" ", 0, end - 1) - 1
        spans.setdefault(index, []).append(document.raw_span(places[first][0], places[last][1]))


@lru_cache(maxsize=1024)
def _compiled(expression: str, max_bytes: int) -> Any:
    return re2.compile(expression, _options(max_bytes))


def _options(max_bytes: int) -> Any:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.never_capture = True
    options.max_mem = max_bytes
    return options
