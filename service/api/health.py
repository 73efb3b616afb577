"""Is it alive, is it ready, how does it do; and the API's own documentation."""

from __future__ import annotations

import contextlib
import hmac
import time
from functools import lru_cache
from typing import Any, Final

import redis
from flask import Response, redirect, render_template, request
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response as BaseResponse

from service import metrics
from service.api.operations import OPERATIONS, operation
from service.errors import CATALOGUE, Problem
from service.store import comments as store
from service.store.facts import probe
from service.store.people import any_user
from service.web import Web, answer, answer_document, web

#: How long readiness waits for the first worker before it reports the lack as a degradation.
START_GRACE_SECONDS: Final = 30
#: Waiting longer than this for a decision is worth saying.
SLOW_SECONDS: Final = 30


class Alive(BaseModel):
    """The process answers."""

    status: str


class Ready(BaseModel):
    """Whether comments can be stored, and what else is not as it should be."""

    status: str
    degraded: list[str]


class Readiness:
    """Remembers whether a worker was ever seen, for the patience at start-up."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.worker_seen = False

    def starting(self, workers: int) -> bool:
        """Whether it is still too early to call a missing worker a fault."""
        self.worker_seen = self.worker_seen or workers > 0
        return not self.worker_seen and time.monotonic() - self.started < START_GRACE_SECONDS


_READINESS: Final = Readiness()


@operation("GET", "/healthz", scope="open", answers={200: Alive})
def alive() -> Response:
    """Say that the web process is alive."""
    return answer(Alive(status="ok"))


@operation("GET", "/readyz", scope="open", answers={200: Ready, 503: Ready})
def ready() -> Response:
    """Say whether comments can be stored.

    503 only if a comment could not be stored, or at start-up before the first worker has its model; else 200, with
    whatever is not as it should be under `degraded`.
    """
    here = web()
    try:
        oldest = _check_store(here)
    except SQLAlchemyError:
        return answer(Ready(status="unavailable", degraded=["database"]), 503, {"Retry-After": "1"})
    degraded = []
    try:
        workers = here.queue.workers()
        if not workers:
            degraded.append("workers")
    except redis.RedisError:
        degraded.append("redis")
        workers = 1  # unknown; Redis is the fault to name
    if here.brain.model is None:
        degraded.append("model")
    elif here.brain.fault is not None:
        degraded.append("model_promoted")
    if oldest > SLOW_SECONDS:
        degraded.append("decisions_delayed")
    if _READINESS.starting(workers):
        return answer(Ready(status="starting", degraded=degraded), 503, {"Retry-After": "1"})
    return answer(Ready(status="degraded" if degraded else "ok", degraded=degraded))


def _check_store(here: Web) -> float:
    """Age in seconds of the oldest undecided comment; raises when nothing could be stored."""
    here.store.write(probe)
    with here.store.read() as connection:
        _, oldest = store.undecided_since(connection)
    return 0.0 if oldest is None else time.time() - oldest.timestamp()


@operation(
    "GET", "/metrics", scope="open", answers={200: None}, problems=("auth.forbidden",), content_type="text/plain"
)
def show_metrics() -> Response:
    """Show metrics for Prometheus.

    Open to this machine, or to whoever sends the setting metrics_token as a bearer token.
    """
    here = web()
    token = here.settings.metrics_token
    given = request.headers.get("Authorization", "").removeprefix("Bearer ").encode()
    if not (token and hmac.compare_digest(given, token.encode())) and not here.keys.is_local(request):
        raise Problem("auth.forbidden", "Metrics are open to this machine only; or set metrics_token.")
    body = metrics.exposition(here.metrics_directory, here.store, here.queue, here.brain, time.time())
    return Response(body, content_type=CONTENT_TYPE_LATEST)


@operation("GET", "/openapi.json", scope="open", answers={200: None}, content_type="application/json")
def openapi_document() -> Response:
    """Show this API as an OpenAPI 3.1 document."""
    here = web()
    return answer_document(_document(here.settings.public_url or request.host_url.rstrip("/")))


@operation("GET", "/docs", scope="open", answers={200: None}, content_type="text/html")
def docs_page() -> Response:
    """Show this API as a page for people."""
    here = web()
    document = _document(here.settings.public_url or request.host_url.rstrip("/"))
    return Response(render_template("docs.html", api=document), content_type="text/html; charset=utf-8")


@operation("GET", "/docs/errors", scope="open", answers={200: None}, content_type="text/html")
def errors_page() -> Response:
    """Show what each error code means."""
    return Response(render_template("errors.html", catalogue=CATALOGUE), content_type="text/html; charset=utf-8")


def front_page() -> BaseResponse:
    """Send a browser that opens the bare address to the desk, once there is somebody to sign in; else to the docs."""
    answer = redirect("/docs")
    if "text/html" in request.headers.get("Accept", ""):
        with contextlib.suppress(SQLAlchemyError), web().store.read() as connection:
            if any_user(connection):
                answer = redirect("/desk/")
    answer.headers["Vary"] = "Accept"
    return answer


@lru_cache(maxsize=8)
def _document(base_url: str) -> dict[str, Any]:
    from service.openapi import document  # noqa: PLC0415 - a tenth of a second that only this page needs

    return document(OPERATIONS, base_url)
