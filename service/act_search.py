"""What is looked for in the history: a line of words and operators, read in one pass over it.

``by:ada is:batch after:2026-03-01 "free text"``: operators fit together, words are looked for in the comment's text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, Final

from service.acts import Verb

#: A longer line is cut: nobody types it.
MAX_CHARS: Final = 2_000
#: What ``is:`` takes.
STATES: Final = ("undone", "batch", "appealed")
#: What stands before a colon as our operators do; an address (``https://``) or a time (``12:30``) does not.
_LIKE_AN_OPERATOR: Final = re.compile(r"[a-z]{2,20}")
#: Operators that say something of a reader. What they were given is never kept: it would outlive an erasure.
PERSONAL: Final = frozenset({"author", "domain", "text"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ActSearch:
    """What an act must be like; everything that is set must fit."""

    author: str | None = None
    domain: str | None = None
    article: str | None = None
    rule: str | None = None
    reason: str | None = None
    """A reason's code, or several with commas between, any of which fits."""
    by: str | None = None
    site: str | None = None
    lang: str | None = None
    model: str | None = None
    before: datetime | None = None
    after: datetime | None = None
    """From this moment on."""
    verb: Verb | None = None
    states: frozenset[str] = frozenset()
    text: tuple[str, ...] = ()

    @property
    def about_comments(self) -> bool:
        """Whether only acts on a comment can fit."""
        named = (self.author, self.domain, self.article, self.rule, self.reason, self.lang, self.model)
        return bool(self.text) or "appealed" in self.states or any(each is not None for each in named)


@dataclass(frozen=True, slots=True)
class Fault:
    """An operator whose value says nothing to us, or one that there is not."""

    operator: str
    value: str

    @property
    def known(self) -> bool:
        """Whether there is such an operator."""
        return self.operator in OPERATORS


def read_search(line: str, *, most: int = MAX_CHARS) -> tuple[ActSearch, list[Fault]]:
    """What a line asks for, and what in it could not be understood; of an operator that comes twice the last counts."""
    found: dict[str, Any] = {}
    states: set[str] = set()
    words: list[str] = []
    faults: list[Fault] = []
    for operator, value in _tokens(line[:most].replace("\0", " ")):
        if operator is None:
            words.append(value)
        elif operator not in OPERATORS:
            faults.append(Fault(operator, value))
        elif operator == "is":
            _take(value in STATES, states.add, Fault(operator, value), value, faults)
        else:
            read = _READERS[operator](value)
            if read is None:
                faults.append(Fault(operator, value))
            else:
                found[operator] = read
    return ActSearch(**found, states=frozenset(states), text=tuple(words)), faults


def write_search(search: ActSearch) -> str:
    """The line that asks for this; reading it gives the same search."""
    parts = []
    for field in fields(search):
        value = getattr(search, field.name)
        if field.name == "states":
            parts += [f"is:{state}" for state in sorted(value)]
        elif field.name == "text":
            parts += [_quoted(word, bare=True) for word in value]
        elif value is not None:
            said = value.isoformat() if isinstance(value, datetime) else str(value)
            parts.append(f"{field.name}:{_quoted(said)}")
    return " ".join(parts)


def without_people(search: ActSearch) -> dict[str, Any]:
    """A search as it may be kept: what names a reader or quotes a comment is only said to have been there."""
    kept: dict[str, Any] = {}
    for field in fields(search):
        value = getattr(search, field.name)
        if not value:
            continue
        if field.name in PERSONAL:
            kept[field.name] = True
        elif field.name == "states":
            kept[field.name] = sorted(value)
        else:
            kept[field.name] = value.isoformat() if isinstance(value, datetime) else str(value)
    return kept


def _take(good: bool, add: Callable[[str], None], fault: Fault, value: str, faults: list[Fault]) -> None:
    if good:
        add(value)
    else:
        faults.append(fault)


def _tokens(line: str) -> Iterator[tuple[str | None, str]]:
    """Pairs of operator, if there is one, and value; each character is looked at once."""
    at, end = 0, len(line)
    while at < end:
        if line[at].isspace():
            at += 1
            continue
        word, at, quoted = _word(line, at)
        operator, colon, rest = word.partition(":")
        known = operator.lower() if colon and not quoted and operator.lower() in OPERATORS else None
        if known is None:
            unknown = not quoted and _LIKE_AN_OPERATOR.fullmatch(operator) is not None and not rest.startswith("//")
            if colon and unknown:
                yield operator, rest
            elif word:
                yield None, word
            continue
        if not rest and at < end and line[at] == '"':
            rest, at, _ = _word(line, at)
        if rest:
            yield known, rest


def _word(line: str, at: int) -> tuple[str, int, bool]:
    """The word or quotation that begins here, where it ends, and whether it is a quotation."""
    if line[at] == '"':
        end = line.find('"', at + 1)
        end = len(line) if end < 0 else end
        return line[at + 1 : end], end + 1, True
    end = at
    while end < len(line) and not line[end].isspace() and line[end] != '"':
        end += 1
    return line[at:end], end, False


def _quoted(value: str, *, bare: bool = False) -> str:
    plain = value and not any(sign.isspace() or sign == '"' for sign in value)
    looks_like_operator = bare and ":" in value
    return value if plain and not looks_like_operator else f'"{value}"'


def _moment(value: str) -> datetime | None:
    """A day or a moment, in UTC unless it says otherwise."""
    try:
        found = datetime.fromisoformat(value)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _verb(value: str) -> Verb | None:
    return Verb(value.lower()) if value.lower() in set(Verb) else None


_READERS: Final[Mapping[str, Callable[[str], Any]]] = {
    **dict.fromkeys(("author", "domain", "article", "rule", "reason", "by", "site", "lang", "model"), str),
    "before": _moment,
    "after": _moment,
    "verb": _verb,
}
OPERATORS: Final = (*_READERS, "is")
