"""A part of the queue in an address: its filters as URL parameters, for every page that shows some of the queue.

The names are those of the queue's own page; ``risk`` and ``age`` are its coarser ways to say the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, Final

from service.store.pages import Sort, View, Wanted

#: A longer value is nobody's filter.
MAX_CHARS: Final = 300
#: Fields whose parameter has another name.
NAMES: Final = {"language": "lang", "article_id": "article", "author_key": "by", "text": "q"}
#: Parameters that name a reader or quote a comment.
PERSONAL: Final = frozenset({"author", "by", "domain", "q"})
_RISK: Final = re.compile(r"(\d{1,3})-(\d{1,3})", re.ASCII)
_AGE: Final = re.compile(r"(\d{1,4})([hd])", re.ASCII)


class WantedError(ValueError):
    """The parameter ``name`` says nothing. Leaving it out would show, and act on, more than was asked for."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def read_wanted(arguments: Mapping[str, str], now: datetime) -> Wanted:
    """What a page's parameters ask for; empty ones and those of others count as not there.

    Raises:
        WantedError.
    """
    found: dict[str, Any] = {}
    if arguments.get("risk"):
        found["risk_from"], found["risk_to"] = _read("risk", arguments["risk"], _risks)
    if arguments.get("age"):
        found["before"] = now - _read("age", arguments["age"], _age)
    for field in fields(Wanted):
        name = NAMES.get(field.name, field.name)
        value = arguments.get(name, "").strip()
        if value:
            found[field.name] = _read(name, value, _READERS.get(field.name, str))
    return Wanted(**found)


def write_wanted(wanted: Wanted, **instead: object) -> dict[str, str]:
    """The parameters that ask for this; those that are as they are anyway are left out. ``instead`` changes fields."""
    plain = Wanted()
    said: dict[str, str] = {}
    for field in fields(Wanted):
        value = instead.get(field.name, getattr(wanted, field.name))
        if value is None or value == getattr(plain, field.name):
            continue
        name = NAMES.get(field.name, field.name)
        if isinstance(value, datetime):
            said[name] = value.isoformat()
        else:
            said[name] = str(value.value if isinstance(value, Enum) else value)
    return said


def without_people(wanted: Wanted) -> dict[str, object]:
    """The parameters as they may be kept: what names a reader or quotes a comment would outlive an erasure."""
    return {name: True if name in PERSONAL else value for name, value in write_wanted(wanted).items()}


def _read(name: str, value: str, reader: Callable[[str], Any]) -> Any:
    if len(value) > MAX_CHARS or "\0" in value:
        raise WantedError(name)
    try:
        return reader(value)
    except (ValueError, OverflowError):
        raise WantedError(name) from None


def _moment(value: str) -> datetime:
    found = datetime.fromisoformat(value)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def _risk(value: str) -> float:
    found = float(value.replace(",", "."))
    if not 0 <= found <= 1:
        raise ValueError
    return found


def _risks(value: str) -> tuple[float, float]:
    """``40-90`` as shares."""
    found = _RISK.fullmatch(value)
    if found is None:
        raise ValueError
    return _risk(str(int(found[1]) / 100)), _risk(str(int(found[2]) / 100))


def _age(value: str) -> timedelta:
    found = _AGE.fullmatch(value)
    if found is None:
        raise ValueError
    return timedelta(hours=int(found[1]) * (24 if found[2] == "d" else 1))


_READERS: Final[Mapping[str, Callable[[str], Any]]] = {
    "view": View,
    "sort": Sort,
    "before": _moment,
    "since": _moment,
    "risk_from": _risk,
    "risk_to": _risk,
}
