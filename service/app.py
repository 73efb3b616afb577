"""create_app: the composition root of the web process."""

from __future__ import annotations

import os
import re
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import structlog
from flask import Flask, Response, g, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

import config
import config.logs
from config import Settings
from service import reader_pages
from service.api import acts, comments, explanation, health, options, policy, queue, reports, rulings, score, webhooks
from service.api.operations import OPERATIONS, Operation
from service.auth import SiteKeys
from service.brain import Brain
from service.deliver_queue import DeliverQueue
from service.desk import frame
from service.desk.blueprint import is_desk
from service.desk.errors import error_page
from service.errors import CONTENT_TYPE, Problem
from service.limits import Bucket, Failures
from service.metrics import REQUESTS, SECONDS
from service.policies import PolicyBook
from service.protocols.akismet import AKISMET
from service.protocols.coral import CORAL
from service.protocols.perspective import PERSPECTIVE
from service.pseudonyms import Pseudonyms
from service.queue import Queue, Replies, connect
from service.rows import Keep
from service.store.accounts import new_id
from service.store.comments import AnyRow, facts_by_id
from service.store.engine import Store
from service.web import MAX_BATCH_BYTES, Web, web

log = config.logs.get("web")

ROUTE_MODULES: Final = (acts, comments, explanation, health, policy, options, queue, reports, rulings, score, webhooks)

#: Protocols of others; each says in its own way what is wrong.
PROTOCOLS: Final = (AKISMET, PERSPECTIVE, CORAL)

SECURITY_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9_.-]{8,64}")
_OF_WERKZEUG: Final = {
    404: ("not_found", "There is no such address."),
    405: ("method.not_allowed", "This address does not know this method; Allow says which it knows."),
    413: ("request.too_large", "The request is too large."),
    415: ("content_type.unsupported", "Send JSON."),
}


def create_app(settings: Settings | None = None) -> Flask:
    """The WSGI application; runs under granian (`sluice serve`), gunicorn or any other server."""
    settings = settings or config.load()
    config.logs.configure(settings.log_level, settings.log_format)
    app = Flask(__name__, static_folder="static", template_folder="templates")
    app.config["MAX_CONTENT_LENGTH"] = MAX_BATCH_BYTES
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.extensions["sluice"] = _parts(settings)
    for operation in OPERATIONS:
        app.add_url_rule(
            operation.path.replace("{id}", "<path:item_id>" if "articles" in operation.path else "<uuid:item_id>"),
            endpoint=operation.name,
            view_func=_view(operation),
            methods=[operation.method],
            provide_automatic_options=False,
        )
    app.add_url_rule("/", view_func=health.front_page, provide_automatic_options=False)
    for protocol in PROTOCOLS:
        protocol.register(app)
    app.before_request(_begin)
    frame.register(app, settings)
    reader_pages.register(app)
    app.after_request(_finish)
    app.register_error_handler(Exception, _problem)
    # The model takes a moment to read; the first comments need not wait for it. Not earlier: CPython 3.11 counts the
    # depth of syntax trees for all threads together, and both reading arrays and compiling routes make such trees.
    app.extensions["sluice"].brain.begin()
    return app


def _parts(settings: Settings) -> Web:
    store = Store(settings.database_address, grouped=True, pool_size=settings.web_threads)
    client = connect(settings.redis_address)
    store.after_commit = DeliverQueue(client).announce
    brain = Brain(store, settings.models_dir)
    return Web(
        settings=settings,
        store=store,
        queue=Queue(client),
        replies=Replies(connect(settings.redis_address, block_seconds=1), partial(_facts_by_id, store)),
        keys=SiteKeys(
            store, settings.secret, Failures(client, settings.auth_failures_per_minute), settings.trusted_proxies
        ),
        brain=brain,
        policies=PolicyBook(store),
        writes=Bucket(client, "write", settings.write_rate_per_second, settings.write_burst),
        reads=Bucket(client, "read", settings.read_rate_per_second, settings.read_burst),
        sign_ins=Failures(client, settings.sign_in_failures_per_minute),
        waiting_slots=threading.BoundedSemaphore(max(1, settings.web_threads // 2)),
        keep=Keep(
            email=settings.retention_email_days > 0,
            ip=settings.retention_ip_days > 0,
            user_agent=settings.retention_user_agent_days > 0,
            referrer=settings.retention_referrer_days > 0,
            pseudonyms=Pseudonyms(settings.secret),
        ),
        metrics_directory=os.environ.get("PROMETHEUS_MULTIPROC_DIR"),
    )


def _facts_by_id(store: Store, ids: Sequence[str]) -> dict[str, AnyRow]:
    """How comments stand; whoever misses one here looks for himself and meets the error himself."""
    try:
        with store.read() as connection:
            return facts_by_id(connection, ids)
    except SQLAlchemyError as error:
        log.error("store.unavailable", error=type(error).__name__)
        return {}


def _view(operation: Operation) -> Callable[..., Response]:
    def open_view() -> Response:
        return operation.handler()

    def site_view(**arguments: object) -> Response:
        here = web()
        site = here.keys.authenticate(request, operation.needs)
        allowance = (here.writes if operation.scope == "write" else here.reads).spend(site.id)
        comments.raise_if_limited(allowance)
        g.limit_headers = allowance.headers()
        return operation.handler(site, *map(str, arguments.values()))

    return open_view if operation.scope == "open" else site_view


def _begin() -> None:
    given = request.headers.get("X-Request-Id", "")
    g.request_id = given if _REQUEST_ID.fullmatch(given) else new_id()
    g.began = time.perf_counter()
    structlog.contextvars.bind_contextvars(request=g.request_id)


def _finish(response: Response) -> Response:
    headers = response.headers
    headers["X-Request-Id"] = g.request_id
    for name, value in SECURITY_HEADERS.items():
        headers[name] = value
    for name, value in g.pop("limit_headers", {}).items():
        headers[name] = value
    operation = request.endpoint or "none"
    REQUESTS.labels(operation, response.status_code).inc()
    SECONDS.labels(operation).observe(time.perf_counter() - g.began)
    structlog.contextvars.clear_contextvars()
    return response


def _problem(error: Exception) -> BaseResponse:
    problem = _as_problem(error)
    if is_desk(request.path):
        return error_page(error, problem)
    for protocol in PROTOCOLS:
        if protocol.owns(request.path):
            return protocol.fault(problem)
    body = problem.out(g.request_id).model_dump_json(exclude_none=True)
    return Response(body, problem.status, problem.headers, content_type=CONTENT_TYPE)


def _as_problem(error: Exception) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, HTTPException):
        code, detail = _OF_WERKZEUG.get(error.code or 400, ("request.bad", "The request cannot be understood."))
        headers: dict[str, Any] = dict(error.get_headers())
        return Problem(code, detail, headers={"Allow": headers["Allow"]} if "Allow" in headers else {})
    # The message may quote what was submitted, so only the kind of error and the place are logged.
    log.error("request.failed", error=type(error).__name__, where="".join(traceback.format_tb(error.__traceback__)))
    if isinstance(error, SQLAlchemyError):
        return Problem("storage.unavailable", "Please send it again in a moment.", headers={"Retry-After": "2"})
    return Problem("internal", "Please send it again; the request id finds it in our log.")
