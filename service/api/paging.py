"""How lists are asked for, page by page."""

from __future__ import annotations

import re
from typing import Final

from flask import request

from service.api.operations import Parameter
from service.errors import field_problem

PAGE_LIMIT: Final = 200
PAGE_DEFAULT: Final = 50
_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

LIMIT: Final = Parameter(
    "limit", "query", "Comments per page.", {"type": "integer", "minimum": 1, "maximum": PAGE_LIMIT, "default": 50}
)
CURSOR: Final = Parameter("cursor", "query", "next_cursor of the page before.", {"type": "string", "format": "uuid"})


def id_argument(name: str) -> str | None:
    """The id that a query parameter of this name gives, if there is one.

    Raises:
        Problem: none of our ids.
    """
    value = request.args.get(name)
    if value is not None and not _UUID.fullmatch(value.lower()):
        raise field_problem(f"#/{name}", "Must be one of our ids.")
    return value and value.lower()


def page_limit() -> int:
    """How many rows a page may have, as asked for.

    Raises:
        Problem: no number of the allowed ones.
    """
    value = request.args.get("limit", str(PAGE_DEFAULT))
    if not (value.isascii() and value.isdigit() and 1 <= int(value[:9]) <= PAGE_LIMIT):
        raise field_problem("#/limit", f"Must be a number from 1 to {PAGE_LIMIT}.")
    return int(value)


def cursor() -> str | None:
    """Where a page goes on, as asked for.

    Raises:
        Problem: none of our ids.
    """
    value = request.args.get("cursor")
    if value is None:
        return None
    if not _UUID.fullmatch(value.lower()):
        raise field_problem("#/cursor", "Must be the next_cursor of a page.")
    return value.lower()
