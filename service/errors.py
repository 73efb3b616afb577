"""The error catalogue, and how each becomes problem+json (RFC 9457).

One shape for every route: a stable ``code``, a pointer to the field, a request id. Nothing that was submitted is
echoed, and nothing of our insides is shown.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Final

from pydantic import ValidationError

from service.moderation import ModerationError
from service.schemas import FieldProblem, ProblemOut

CONTENT_TYPE: Final = "application/problem+json"


@dataclass(frozen=True)
class Entry:
    """One kind of error."""

    status: int
    title: str
    advice: str
    """What the client should do, for the page of errors."""


CATALOGUE: Final = {
    "request.malformed": Entry(400, "The body is not valid JSON", "Mend the client; what it sent cannot be parsed"),
    "request.bad": Entry(
        400, "The request cannot be understood", "Mend the client; look at the request line and the headers"
    ),
    "auth.invalid": Entry(
        401,
        "The API key is missing, unknown or revoked",
        "Send a live key as `Authorization: Bearer KEY`; `sluice site show` lists live ones",
    ),
    "auth.throttled": Entry(429, "Too many failed authentications", "Mend the key, then wait a minute"),
    "auth.forbidden": Entry(
        403, "This is not open to you", "Ask for `/metrics` from the same machine, or send `metrics_token`"
    ),
    "auth.scope": Entry(
        403, "The API key may not do this", "Use a key with the scope that `detail` names; `sluice key add` makes one"
    ),
    "webhook.address": Entry(
        403, "Webhooks are not sent to this address", "`detail` says why; an operator's settings may allow it"
    ),
    "not_found": Entry(404, "There is nothing here", "Check the address, and that the comment is your site's"),
    "method.not_allowed": Entry(405, "This method does not exist here", "`Allow` says which methods there are"),
    "comment.exists": Entry(409, "Another comment has this id", "PUT the new text, or use another `comment.id`"),
    "idempotency.reused": Entry(
        409, "This Idempotency-Key belongs to another request", "Use a new `Idempotency-Key` for another body"
    ),
    "comment.changed": Entry(409, "The comment changed meanwhile", "Read the comment again, it was edited since"),
    "webhook.conflict": Entry(
        409, "The webhook does not allow this now", "`detail` says what is in the way: remove or enable a webhook first"
    ),
    "explanation.unavailable": Entry(
        409,
        "This decision cannot be explained any more",
        "`POST /v1/score` with `explain` says what the model in use makes of the text",
    ),
    "comment.erased": Entry(410, "This comment was erased", "Nothing; the comment is gone for good"),
    "act.final": Entry(409, "This cannot be taken back", "Erasure is for good; take back the act itself, not its undo"),
    "act.undone": Entry(409, "This was taken back before", "Nothing; read the history to see by whom"),
    "appeal.nothing": Entry(409, "There is nothing to appeal", "Nothing; only a comment that was turned down can be"),
    "appeal.made": Entry(409, "There was an appeal already", "Nothing; a person looks again once"),
    "item.closed": Entry(409, "The comment is not in the queue any more", "Read the comment again; it was decided"),
    "item.claimed": Entry(
        409, "A colleague is looking at this comment", "Wait until the lease ends, or say that you take it over"
    ),
    "item.not_yours": Entry(409, "Somebody else has to decide this", "Leave it to another moderator"),
    "policy.changed": Entry(
        412, "The policy changed meanwhile", "Read the policy again, lay your change over it, and send its version"
    ),
    "request.too_large": Entry(413, "The request is too large", "Send less at once"),
    "content_type.unsupported": Entry(
        415, "The body must be JSON", "Send `Content-Type: application/json`, not compressed"
    ),
    "request.invalid": Entry(
        422, "A field is not as it should be", "Mend the field that `pointer` names; `errors` lists all"
    ),
    "rate.limited": Entry(429, "Too many requests", "Wait for `Retry-After` seconds"),
    "policy.unreadable": Entry(
        500, "A stored policy cannot be read", "Set the policy anew; this version of Sluice does not know what it says"
    ),
    "internal": Entry(
        500, "Something went wrong on our side", "Send it again; if it stays, look in the log for the request id"
    ),
    "storage.unavailable": Entry(
        503, "Comments cannot be stored at the moment", "Send it again in `Retry-After` seconds; nothing was stored"
    ),
}


@dataclass
class Problem(Exception):  # noqa: N818 - RFC 9457's own word
    """Raised by routes; rendered by the one handler in ``service.app``."""

    code: str
    detail: str
    errors: list[FieldProblem] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def status(self) -> int:
        """The HTTP status of this kind of error."""
        return CATALOGUE[self.code].status

    def out(self, request_id: str) -> ProblemOut:
        """The answer's body."""
        return ProblemOut(
            type=f"/docs/errors#{self.code}",
            title=CATALOGUE[self.code].title,
            status=self.status,
            code=self.code,
            detail=self.detail,
            request_id=request_id,
            pointer=self.errors[0].pointer if self.errors else None,
            errors=self.errors or None,
        )


# pydantic's error types, in our words. Its own messages may quote what was submitted.
_FIELD_CODES: Final = {
    "extra_forbidden": ("field.unknown", "There is no such field."),
    "missing": ("field.missing", "This field is required."),
    "string_too_long": ("field.too_long", "At most {max_length} characters."),
    "string_too_short": ("field.too_short", "At least {min_length} characters."),
    "too_long": ("field.too_long", "At most {max_length} items."),
    "string_type": ("field.type", "Must be a string."),
    "string_unicode": ("field.invalid", "Must be valid Unicode, without lone surrogates."),
    "bool_type": ("field.type", "Must be true or false."),
    "float_type": ("field.type", "Must be a number."),
    "finite_number": ("field.invalid", "Must be a finite number."),
    "greater_than_equal": ("field.invalid", "Must be at least {ge:g}."),
    "model_type": ("field.type", "Must be an object."),
    "model_attributes_type": ("field.type", "Must be an object."),
    "dict_type": ("field.type", "Must be an object."),
    "tuple_type": ("field.type", "Must be a list."),
    "list_type": ("field.type", "Must be a list."),
    "literal_error": ("field.invalid", "Must be one of: {expected}."),
    "timezone_aware": ("field.invalid", "Must be a time with its offset, such as 2026-11-22T16:00:00Z."),
    "datetime_type": ("field.type", "Must be a time such as 2026-11-22T16:00:00Z."),
    "datetime_parsing": ("field.invalid", "Must be a time such as 2026-11-22T16:00:00Z."),
    "datetime_from_date_parsing": ("field.invalid", "Must be a time such as 2026-11-22T16:00:00Z."),
    "datetime_object_invalid": ("field.invalid", "Must be a time such as 2026-11-22T16:00:00Z."),
}
_SAFE_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def invalid(error: ValidationError, body: bytes = b"") -> Problem:
    """Turn pydantic's findings about a ``body`` into one problem.

    JSON that does not parse is ``request.malformed``, unless its only fault is a lone surrogate, which JSON allows
    and Unicode does not.
    """
    found = error.errors(include_url=False, include_input=False)
    if found[0]["type"] == "json_invalid":
        return malformed(str(found[0]["ctx"]["error"]), body)
    items = []
    for each in found[:20]:
        code, message = _FIELD_CODES.get(each["type"], ("field.invalid", "This value is not allowed."))
        if each["type"] == "value_error":
            reason = str(each["ctx"]["error"])
            message = f"{reason[0].upper()}{reason[1:]}."
        else:
            message = message.format(**each.get("ctx", {}))
        items.append(FieldProblem(pointer=pointer_to(each["loc"]), code=code, message=message))
    return Problem("request.invalid", f"{items[0].pointer}: {items[0].message}", items)


def field_problem(pointer: str, message: str, code: str = "field.invalid") -> Problem:
    """A problem with one field that a model cannot see."""
    return Problem(
        "request.invalid", f"{pointer}: {message}", [FieldProblem(pointer=pointer, code=code, message=message)]
    )


def malformed(reason: str, body: bytes) -> Problem:
    """A body that is not JSON, or JSON with a lone surrogate, which is a field's fault."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return Problem("request.malformed", f"The body is not valid JSON: {reason}.")
    location = _lone_surrogate(value) or ()
    return field_problem(pointer_to(location), "Must be valid Unicode, without lone surrogates.")


def _lone_surrogate(value: object, here: tuple[str | int, ...] = ()) -> tuple[str | int, ...] | None:
    if isinstance(value, str):
        return here if any("\ud800" <= character <= "\udfff" for character in value) else None
    parts: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        parts = [*value.items()]
    elif isinstance(value, list):
        parts = [*enumerate(value)]
    found = (_lone_surrogate(part, (*here, name)) for name, part in parts)
    return next((location for location in found if location is not None), None)


def pointer_to(location: tuple[str | int, ...]) -> str:
    """A JSON Pointer in URI fragment form."""
    # A name that the client made up is repeated only if it is plainly a name.
    parts = [str(part) if _SAFE_NAME.fullmatch(str(part)) else "?" for part in location]
    return "#" + "".join(f"/{part}" for part in parts)


def refused(error: ModerationError) -> Problem:
    """A use case's refusal as a problem."""
    return Problem(error.code, str(error))
