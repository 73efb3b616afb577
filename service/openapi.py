"""The OpenAPI 3.1 document, made from the list of operations and the models that validate."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from openapi_pydantic import OpenAPI
from openapi_pydantic.util import PydanticSchema, construct_open_api_with_schema_class
from pydantic import BaseModel

from service.api.operations import Operation, Parameter
from service.errors import CATALOGUE, CONTENT_TYPE
from service.schemas import MAX_BATCH_ITEMS, ProblemOut

#: What the id in a path names, by the path's first part; what is not here is one of our comments.
_THEIR_ARTICLE = "articles"
_NAMED = {
    _THEIR_ARTICLE: "Your id of the article.",
    "acts": "The id of the act.",
    "webhooks": "The id of the webhook, or of the delivery.",
}
_COMMON_READING = ("auth.invalid", "auth.scope", "auth.throttled", "rate.limited", "storage.unavailable")
_COMMON_WRITING = ("request.malformed", "request.too_large", "content_type.unsupported", "request.invalid")


def document(operations: list[Operation], base_url: str) -> dict[str, Any]:
    """The whole document as plain values."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    draft = OpenAPI.model_validate(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "Sluice",
                "version": version("sluice-moderation"),
                "summary": "Comment moderation: a comment in, an explained decision out.",
                "description": (
                    "Send each comment that a reader leaves; the answer says approve, hold or reject, with scores "
                    "and reasons. Errors are problem+json (RFC 9457) with a stable `code`."
                ),
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            },
            "servers": [{"url": base_url}],
            "paths": paths,
            "components": {
                "securitySchemes": {
                    "key": {"type": "http", "scheme": "bearer", "description": "A site's API key, 12 characters."}
                }
            },
        }
    )
    built = construct_open_api_with_schema_class(draft)
    return built.model_dump(mode="json", by_alias=True, exclude_unset=True)


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [operation.path.split("/")[2] if operation.path.startswith("/v1/") else "service"],
        "responses": _answers(operation) | _problems(operation),
    }
    needs = "" if operation.scope == "open" else f"Needs a key with the scope `{operation.needs.value}`."
    if operation.description or needs:
        described["description"] = " ".join(filter(None, (operation.description, needs)))
    parameters = [_parameter(parameter) for parameter in operation.parameters]
    if "{id}" in operation.path:
        about = operation.path.split("/")[2]
        theirs: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": 500}
        parameters.insert(
            0,
            {
                "name": "id",
                "in": "path",
                "required": True,
                "description": _NAMED.get(about, "Sluice's id of the comment."),
                "schema": theirs if about == _THEIR_ARTICLE else {"type": "string", "format": "uuid"},
            },
        )
    if parameters:
        described["parameters"] = parameters
    if operation.scope != "open":
        described["security"] = [{"key": [operation.needs.value]}]
    body = _body(operation)
    if body:
        described["requestBody"] = body
    return described


def _body(operation: Operation) -> dict[str, Any] | None:
    if operation.body is not None:
        content: dict[str, Any] = {"application/json": {"schema": _schema(operation.body)}}
        content |= {kind: {"schema": {"type": "string"}} for kind in operation.text_bodies}
        described = {"description": operation.body_description} if operation.body_description else {}
        return {"required": True, **described, "content": content}
    if operation.batch_of is not None:
        items = {
            "type": "array",
            # An item that is not as it should be is refused on its own, so the array may hold anything.
            "items": {"anyOf": [_schema(operation.batch_of), {}]},
            "minItems": 1,
            "maxItems": MAX_BATCH_ITEMS,
        }
        return {
            "required": True,
            "description": operation.body_description,
            "content": {
                "application/json": {"schema": items},
                "application/x-ndjson": {"schema": {"type": "string"}},
            },
        }
    return None


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.where,
        "required": parameter.required,
        "description": parameter.description,
        "schema": parameter.schema,
    }


def _answers(operation: Operation) -> dict[str, Any]:
    described = {200: "Done.", 202: "Stored; the decision is still to come.", 204: "Done; there is nothing to say."}
    return {
        str(status): {
            "description": described.get(status, "Not ready."),
            **(
                {"content": {operation.content_type: {"schema": _schema(model)}}}
                if model is not None
                else {"content": {operation.content_type: {"schema": {"type": "string"}}}}
                if status == 200
                else {}
            ),
            **_links(operation),
        }
        for status, model in operation.answers.items()
    }


def _links(operation: Operation) -> dict[str, Any]:
    if operation.name != "submit_comment":
        return {}
    found = {"id": "$response.body#/id"}
    return {
        "links": {
            name: {"operationId": name, "parameters": found}
            for name in ("read_comment", "edit_comment", "erase_comment")
        }
    }


def _problems(operation: Operation) -> dict[str, Any]:
    codes: tuple[str, ...] = operation.problems
    if operation.scope != "open":
        codes += _COMMON_READING
    if operation.body is not None or operation.batch_of is not None:
        codes += _COMMON_WRITING
    elif operation.parameters:
        codes += ("request.invalid",)
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(CATALOGUE[code].status, []).append(code)
    return {
        str(status): {
            "description": "; ".join(f"`{code}`: {CATALOGUE[code].title}." for code in sorted(set(found))),
            "content": {CONTENT_TYPE: {"schema": _schema(ProblemOut)}},
        }
        for status, found in sorted(by_status.items())
    }


def _schema(model: type[BaseModel]) -> Any:
    return PydanticSchema(schema_class=model)
