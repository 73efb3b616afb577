"""JSON into frozen dataclasses, by their types."""

from __future__ import annotations

import types
from collections.abc import Callable, Hashable
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from functools import cache
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")


def read(kind: type[T], value: Any) -> T:
    """The dataclass ``kind`` from its JSON; unknown fields are ignored.

    Raises:
        TypeError, ValueError, KeyError: the JSON is something else.
    """
    made: T = _reader(cast("Hashable", kind))(value)
    return made


@cache
def _reader(kind: Any) -> Callable[[Any], Any]:
    origin, inside = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _optional(_reader(next(each for each in inside if each is not type(None))))
    if origin is tuple:
        return _tuple(_reader(inside[0]))
    if is_dataclass(kind):
        return _dataclass(kind)
    if kind is datetime:
        return datetime.fromisoformat
    if kind is float:
        return float
    return _exactly(str if origin is Literal else kind)


def _optional(inner: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else inner(value)


def _tuple(inner: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def convert(value: Any) -> Any:
        if not isinstance(value, list):
            raise TypeError(f"a list was expected, not {type(value).__name__}")
        return tuple(inner(each) for each in value)

    return convert


def _dataclass(kind: Any) -> Callable[[Any], Any]:
    hints = get_type_hints(kind)
    wanted = [(each.name, _reader(hints[each.name]), each.default is MISSING) for each in fields(kind)]

    def convert(value: Any) -> Any:
        if not isinstance(value, dict):
            raise TypeError(f"an object was expected, not {type(value).__name__}")
        return kind(**{name: inner(value[name]) for name, inner, required in wanted if required or name in value})

    return convert


def _exactly(kind: type) -> Callable[[Any], Any]:
    def convert(value: Any) -> Any:
        if not isinstance(value, kind):
            raise TypeError(f"{kind.__name__} was expected, not {type(value).__name__}")
        return value

    return convert
