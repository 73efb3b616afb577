"""What the web process holds: the parts its routes share, and how a request is read and answered."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeVar, cast

from flask import Response, current_app, g, request
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import RequestEntityTooLarge

from config import Settings
from service.auth import SiteKeys
from service.brain import Brain
from service.errors import Problem, invalid
from service.limits import Bucket, Failures
from service.policies import PolicyBook
from service.queue import Queue, Replies
from service.rows import Keep
from service.store.engine import Store

Model = TypeVar("Model", bound=BaseModel)

KIB: Final = 1024
MAX_COMMENT_BYTES: Final = 1024 * KIB
MAX_BATCH_BYTES: Final = 16 * 1024 * KIB


@dataclass(frozen=True)
class Web:
    """The parts, made once by ``service.app.create_app``."""

    settings: Settings
    store: Store
    queue: Queue
    replies: Replies
    keys: SiteKeys
    brain: Brain
    policies: PolicyBook
    writes: Bucket
    reads: Bucket
    sign_ins: Failures
    waiting_slots: threading.BoundedSemaphore
    keep: Keep
    metrics_directory: str | None


def web() -> Web:
    """The parts of the running app."""
    return cast(Web, current_app.extensions["sluice"])


def now() -> datetime:
    """The clock of the web process; passed on as an argument from here."""
    return datetime.now(UTC)


def read_bytes(limit: int, content_types: tuple[str, ...] = ("application/json",)) -> bytes:
    """The request's body.

    Raises:
        Problem: too large (413), or not one of the content types (415).
    """
    if request.mimetype not in content_types or request.headers.get("Content-Encoding", "identity") != "identity":
        known = " or ".join(content_types)
        raise Problem("content_type.unsupported", f"Set Content-Type to {known}; compressed bodies are not read.")
    request.max_content_length = limit
    try:
        return request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise Problem("request.too_large", f"The body may have at most {limit:,} bytes.") from None


def parse(model: type[Model], body: bytes) -> Model:
    """The body as a model.

    Raises:
        Problem: malformed JSON (400) or an invalid field (422).
    """
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise invalid(error, body) from None


def preferred_wait(limit: int) -> int:
    """Seconds of ``Prefer: wait=N`` (RFC 7240), at most ``limit``; 0 when absent or odd."""
    for preference in request.headers.get("Prefer", "").split(","):
        name, _, value = preference.partition(";")[0].partition("=")
        value = value.strip().strip('"')
        if name.strip().lower() == "wait" and value.isascii() and value.isdigit():
            return min(int(value[:6]), limit)
    return 0


def digest_of_body(secret: bytes, body: bytes) -> str:
    """A keyed digest: enough to see that a body is the same, useless for guessing what it said."""
    return hmac.new(secret, b"body:" + body, hashlib.sha256).hexdigest()


def answer(body: BaseModel, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer; fields that the model was not given are left out."""
    return Response(body.model_dump_json(exclude_unset=True), status, headers, content_type="application/json")


def answer_document(body: Any, status: int = 200) -> Response:
    """A JSON answer from plain values."""
    return Response(json.dumps(body, ensure_ascii=False), status, content_type="application/json")


def request_id() -> str:
    """The id that names this request in logs and errors."""
    return cast(str, g.request_id)
