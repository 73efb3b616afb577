"""The list of operations: what a route needs and answers, said once.

The app registers its routes from this list and the OpenAPI document is made from it, so neither can forget one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from flask import Response
from pydantic import BaseModel

from service.scopes import Scope

Limit = Literal["write", "read", "open"]
Handler = Callable[..., Response]


@dataclass(frozen=True)
class Parameter:
    """A query parameter or header of an operation, described by a JSON Schema."""

    name: str
    where: Literal["query", "header"]
    description: str
    schema: dict[str, Any]
    required: bool = False


@dataclass(frozen=True)
class Operation:
    """One method on one path."""

    method: str
    path: str
    summary: str
    description: str
    handler: Handler
    scope: Limit
    needs: Scope
    body: type[BaseModel] | None
    body_description: str
    text_bodies: tuple[str, ...]
    batch_of: type[BaseModel] | None
    answers: dict[int, type[BaseModel] | None]
    problems: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    content_type: str

    @property
    def name(self) -> str:
        """The handler's name: endpoint, operationId and metrics label."""
        return self.handler.__name__


OPERATIONS: Final[list[Operation]] = []


def operation(
    method: str,
    path: str,
    *,
    scope: Limit,
    answers: dict[int, type[BaseModel] | None],
    body: type[BaseModel] | None = None,
    batch_of: type[BaseModel] | None = None,
    body_description: str = "",
    text_bodies: tuple[str, ...] = (),
    problems: tuple[str, ...] = (),
    parameters: tuple[Parameter, ...] = (),
    content_type: str = "application/json",
    needs: Scope | None = None,
) -> Callable[[Handler], Handler]:
    """Register a handler. The first line of its docstring is the summary, the rest the description.

    ``text_bodies`` are content types in which the same body may be written beside JSON.
    Handlers of scope write or read get the authenticated ``site`` as their first argument; whose allowance they spend
    that is, while ``needs`` is what the key must be made for: to read for GET, else to submit, unless said otherwise.
    """

    def register(handler: Handler) -> Handler:
        summary, _, description = (handler.__doc__ or "").strip().partition("\n")
        OPERATIONS.append(
            Operation(
                method=method,
                path=path,
                summary=summary.rstrip("."),
                description=" ".join(description.split()),
                handler=handler,
                scope=scope,
                needs=needs or (Scope.READ if method == "GET" else Scope.SUBMIT),
                body=body,
                body_description=body_description,
                text_bodies=text_bodies,
                batch_of=batch_of,
                answers=answers,
                problems=problems,
                parameters=parameters,
                content_type=content_type,
            )
        )
        return handler

    return register


WAIT: Final = Parameter(
    "Prefer",
    "header",
    "`wait=N`: answer with the decision if it is made within N seconds (at most 30).",
    {"type": "string", "examples": ["wait=5"]},
)
IDEMPOTENCY_KEY: Final = Parameter(
    "Idempotency-Key",
    "header",
    "Makes a retry free: the same key is the same comment. 1 to 255 printable ASCII characters.",
    {"type": "string", "minLength": 1, "maxLength": 255},
)
