"""Requests of Perspective's protocol, read; and its errors, in the shape of Google's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from flask import Response

from service.protocols.akismet_fields import clean
from service.protocols.perspective_attributes import ATTRIBUTES, LANGUAGES

MAX_TEXT_BYTES: Final = 20_480
CONTENT_TYPE: Final = "application/json; charset=UTF-8"
_ERROR: Final = "type.googleapis.com/google.commentanalyzer.v1alpha1.Error"
_INFO: Final = "type.googleapis.com/google.rpc.ErrorInfo"
_STATUS: Final = {
    400: "INVALID_ARGUMENT",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "UNIMPLEMENTED",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
}
_PLAIN: Final = (None, "PLAIN_TEXT", "TEXT_TYPE_UNSPECIFIED")
_PROBABILITY: Final = (None, "PROBABILITY", "SCORE_TYPE_UNSPECIFIED")


@dataclass
class GoogleError(Exception):
    """An answer other than success, as Google words it."""

    message: str
    status: int = 400
    details: tuple[Mapping[str, Any], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        """The answer."""
        error: dict[str, Any] = {"code": self.status, "message": self.message}
        error["status"] = _STATUS.get(self.status, "INTERNAL")
        if self.details:
            error["details"] = list(self.details)
        return document({"error": error}, self.status, self.headers)


def document(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(json.dumps(body, ensure_ascii=False, indent=2), status, headers, content_type=CONTENT_TYPE)


def refused(message: str, kind: str, **more: Any) -> GoogleError:
    """A request that is well formed and still cannot be answered."""
    return GoogleError(message, details=({"@type": _ERROR, "errorType": kind, **more},))


def payload(what: str) -> GoogleError:
    """A request that is not well formed."""
    return GoogleError(f"Invalid JSON payload received. {what}")


def bad_key() -> GoogleError:
    """A key that is none of ours, or not any more."""
    info = {"@type": _INFO, "reason": "API_KEY_INVALID", "domain": "googleapis.com"}
    return GoogleError("API key not valid. Please pass a valid API key.", details=(info,))


def no_key() -> GoogleError:
    """No key at all."""
    return GoogleError(
        "Method doesn't allow unregistered callers (callers without established identity). "
        "Please use API Key or other form of API consumer identity to call this API.",
        403,
    )


def over_quota(headers: Mapping[str, str], per_second: int) -> GoogleError:
    """Too many requests."""
    metric = "Analysis requests (AnalyzeComment)"
    info = {
        "@type": _INFO,
        "reason": "RATE_LIMIT_EXCEEDED",
        "domain": "googleapis.com",
        "metadata": {"quota_metric": metric, "quota_limit": "per second", "quota_limit_value": str(per_second)},
    }
    message = f"Quota exceeded for quota metric '{metric}' and limit 'per second' of {per_second} per second."
    return GoogleError(message, 429, (info,), headers)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A comment and what its sender says of it, common to both methods."""

    text: str
    languages: tuple[str, ...]
    body: Mapping[str, Any]

    def token(self, name: str) -> str | None:
        """One of the opaque strings."""
        value: str | None = _typed(self.body, name, str, "a string")
        return value

    @property
    def context_texts(self) -> list[str]:
        """The texts of ``context.entries``."""
        context = _typed(self.body, "context", dict, "an object") or {}
        entries = _typed(context, "entries", list, "a list") or []
        return [_typed(entry, "text", str, "a string") or "" for entry in entries if isinstance(entry, dict)]


def read_request(raw: bytes) -> Wanted:
    """The request's comment.

    Raises:
        GoogleError.
    """
    try:
        body = json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError):
        raise payload("The body cannot be parsed as JSON.") from None
    if not isinstance(body, dict):
        raise payload("The root must be an object.")
    comment = _typed(body, "comment", dict, "an object") or {}
    text = _typed(comment, "text", str, "a string") or ""
    kind = _get(comment, "type")
    if kind == "HTML":
        raise refused("Currently, only 'PLAIN_TEXT' comments are supported", "INVALID_REQUEST")
    if kind not in _PLAIN:
        raise payload("comment.type must be PLAIN_TEXT.")
    if not text.strip():
        raise refused("Comment must be non-empty.", "COMMENT_EMPTY")
    text = clean(text)
    if len(text.encode()) > MAX_TEXT_BYTES:
        raise refused("Comment text too long.", "COMMENT_TOO_LONG")
    _check_context(body)
    for name in ("clientToken", "sessionId", "communityId"):
        _typed(body, name, str, "a string")
    for name in ("doNotStore", "spanAnnotations"):
        _typed(body, name, bool, "true or false")
    languages = _typed(body, "languages", list, "a list") or []
    if not all(isinstance(language, str) for language in languages):
        raise payload("languages must be a list of strings.")
    return Wanted(text, tuple(languages), body)


def requested_attributes(wanted: Wanted) -> dict[str, float]:
    """The attributes that are asked for, with the score under which each is left out.

    Raises:
        GoogleError: none, an unknown one, or one in a way that is not offered.
    """
    asked = _typed(wanted.body, "requestedAttributes", dict, "an object") or {}
    if not asked:
        raise refused("Missing requested_attributes", "NO_REQUESTED_ATTRIBUTES")
    thresholds = {}
    for name in asked:
        _check_attribute(name)
        options = _typed(asked, name, dict, "an object") or {}
        kind = _get(options, "scoreType")
        if kind not in _PROBABILITY:
            shown = clean(str(kind))[:40]
            raise refused(f"Requested score type {shown} is not supported by attribute {name}", "INVALID_REQUEST")
        thresholds[name] = _number(options, "scoreThreshold", 0.0)
    _check_languages(wanted, next(iter(thresholds)))
    return thresholds


def suggested_scores(wanted: Wanted) -> dict[str, float]:
    """The scores that a person says the text should have had: of all of it, else the highest of a part.

    Raises:
        GoogleError.
    """
    given = _typed(wanted.body, "attributeScores", dict, "an object") or {}
    if not given:
        raise refused("Missing attribute_scores", "INVALID_REQUEST")
    suggested = {}
    for name in given:
        _check_attribute(name)
        scores = _typed(given, name, dict, "an object") or {}
        whole = _typed(scores, "summaryScore", dict, "an object")
        parts = _typed(scores, "spanScores", list, "a list") or []
        found = [whole] if whole is not None else [_typed(part, "score", dict, "an object") or {} for part in parts]
        if not found:
            raise refused(f"Missing score for attribute {name}", "INVALID_REQUEST")
        suggested[name] = max(_number(score, "value", 0.0) for score in found)
    _check_languages(wanted, next(iter(suggested)))
    return suggested


def flag(wanted: Wanted, name: str) -> bool:
    """Whether a switch is on."""
    return _get(wanted.body, name) is True


def _check_attribute(name: str) -> None:
    if name not in ATTRIBUTES:
        raise refused(f"Unknown requested attribute: {clean(name)[:80]}", "INVALID_REQUEST")


def _check_languages(wanted: Wanted, attribute: str) -> None:
    """What the caller names must be offered; what is detected never fails."""
    unknown = [clean(each)[:40] for each in wanted.languages if each.partition("-")[0].lower() not in LANGUAGES]
    if unknown:
        raise refused(
            f"Attribute {attribute} does not support request languages: {', '.join(unknown)}",
            "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE",
            languageNotSupportedByAttributeError={"requestedLanguages": list(unknown), "attribute": attribute},
        )


def _check_context(body: Mapping[str, Any]) -> None:
    context = _typed(body, "context", dict, "an object") or {}
    entries = _typed(context, "entries", list, "a list")
    around = _typed(context, "articleAndParentComment", dict, "an object")
    if entries and around:
        raise refused(
            "Context can have either entries or article_and_parent_comment, but both fields were populated.",
            "INVALID_REQUEST",
        )
    for entry in [*(entries or []), *(around or {}).values()]:
        if entry is not None and not isinstance(entry, dict):
            raise payload("context holds texts as objects.")
        _typed(entry or {}, "text", str, "a string")


def _get(body: Mapping[str, Any], name: str) -> Any:
    """A field under its JSON name or, as Google's servers allow, under the name that it has in the schema."""
    if name in body:
        return body[name]
    return body.get("".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name))


def _typed(body: Any, name: str, kind: type, what: str) -> Any:
    value = _get(body, name) if isinstance(body, dict) else None
    if value is not None and not isinstance(value, kind):
        raise payload(f"{clean(name)[:80]} must be {what}.")
    return value


def _number(body: Mapping[str, Any], name: str, default: float) -> float:
    value = _get(body, name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise payload(f"{name} must be a number from 0 to 1.")
    return float(value)
