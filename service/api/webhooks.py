"""Webhooks: whom to tell what happens, how telling goes, and telling again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Final, Literal, TypeVar
from uuid import UUID

from flask import Response, request
from pydantic import BaseModel, Field
from sqlalchemy.engine import Connection

from service import hooks
from service.api.operations import Parameter, operation
from service.api.paging import CURSOR, PAGE_LIMIT, cursor, page_limit
from service.errors import Problem, field_problem
from service.events import EventKind
from service.hooks import HookError
from service.schemas import HttpUrl, Strict, Uuid
from service.scopes import Scope
from service.store import deliveries as store
from service.store.accounts import Site
from service.store.comments import AnyRow
from service.store.hooks import webhooks_of
from service.web import MAX_COMMENT_BYTES, answer, now, parse, read_bytes, web

T = TypeVar("T")

STATE: Final = Parameter(
    "state", "query", "Only deliveries that stand so.", {"type": "string", "enum": list(store.STATES)}
)
WEBHOOK: Final = Parameter("webhook", "query", "Only those to this webhook.", {"type": "string", "format": "uuid"})
LIMIT: Final = Parameter(
    "limit", "query", "Deliveries per page.", {"type": "integer", "minimum": 1, "maximum": PAGE_LIMIT, "default": 50}
)


class WebhookIn(Strict):
    """Whom to tell what."""

    url: HttpUrl = Field(description="Where to POST events: https://, no user name, no part after #.")
    events: Annotated[tuple[EventKind, ...], Field(max_length=10)] = Field(
        (), description="Which kinds of events to tell; empty means all that there are."
    )


class WebhookOut(BaseModel):
    """A webhook; its secrets are not shown again."""

    id: Uuid
    url: str
    events: list[str]
    created_at: datetime
    secrets: int = Field(description="How many secrets sign: two after a rotation.")
    disabled_at: datetime | None
    disabled_reason: str | None
    failing_since: datetime | None = Field(description="Since when every attempt failed, if they do.")


class WebhookMade(WebhookOut):
    """A webhook with its new secret, which is shown this once."""

    secret: str = Field(description="Verify with it; it begins with whsec_.")


class WebhooksOut(BaseModel):
    """Your webhooks, oldest first."""

    items: list[WebhookOut]


class TestOut(BaseModel):
    """How a test message was taken."""

    delivered: bool
    status: int | None = Field(description="What the receiver answered, if it did.")
    error: str | None = Field(description="What went wrong, in a sentence.")


class DeliveryOut(BaseModel):
    """An event on its way to a webhook, or told, or given up."""

    id: Uuid
    webhook_id: Uuid
    event_id: Uuid = Field(description="The header webhook-id, the same at every try.")
    type: str
    comment_id: Uuid
    revision: int
    state: Literal["waiting", "delivered", "dead"]
    attempts: int
    occurred_at: datetime
    next_at: datetime | None = Field(description="When it is tried next; null when it is not.")
    last_status: int | None
    last_error: str | None
    delivered_at: datetime | None


class DeliveriesOut(BaseModel):
    """A page of deliveries, newest first; follow next_cursor until it is null."""

    items: list[DeliveryOut]
    next_cursor: str | None


class ReplayedOut(BaseModel):
    """How many deliveries are sent again."""

    replayed: int


@operation(
    "POST",
    "/v1/webhooks",
    scope="write",
    needs=Scope.ADMIN,
    body=WebhookIn,
    answers={200: WebhookMade},
    problems=("webhook.address", "webhook.conflict"),
)
def add_webhook(site: Site) -> Response:
    """Add a webhook.

    From now on it is told what happens to your comments. Its secret is in this answer and never again.
    """
    here = web()
    wanted = parse(WebhookIn, read_bytes(MAX_COMMENT_BYTES))
    rules, moment = hooks.rules_from(here.settings), now()
    made = _write(
        lambda connection: hooks.add(
            connection, site, wanted.url, wanted.events, secret=here.settings.secret, rules=rules, now=moment
        )
    )
    return answer(_made(made))


@operation("GET", "/v1/webhooks", scope="read", answers={200: WebhooksOut})
def list_webhooks(site: Site) -> Response:
    """List your webhooks."""
    with web().store.read() as connection:
        rows = webhooks_of(connection, site.id)
    return answer(WebhooksOut(items=[WebhookOut(**_document(row)) for row in rows]))


@operation(
    "DELETE", "/v1/webhooks/{id}", scope="write", needs=Scope.ADMIN, answers={204: None}, problems=("not_found",)
)
def remove_webhook(site: Site, webhook_id: str) -> Response:
    """Remove a webhook.

    What was still on its way to it is told to nobody.
    """
    _write(lambda connection: hooks.remove(connection, webhook_id, site))
    return Response(status=204)


@operation(
    "POST",
    "/v1/webhooks/{id}/rotate",
    scope="write",
    needs=Scope.ADMIN,
    answers={200: WebhookMade},
    problems=("not_found",),
)
def rotate_webhook(site: Site, webhook_id: str) -> Response:
    """Give a webhook a new secret.

    The one before it signs as well until the next rotation, so that your receiver may take its time.
    """
    secret = web().settings.secret
    return answer(_made(_write(lambda connection: hooks.rotate(connection, webhook_id, secret=secret, site=site))))


@operation(
    "POST",
    "/v1/webhooks/{id}/enable",
    scope="write",
    needs=Scope.ADMIN,
    answers={200: WebhookOut},
    problems=("not_found",),
)
def enable_webhook(site: Site, webhook_id: str) -> Response:
    """Enable a webhook that was disabled because nothing could be delivered.

    It is told what happens from now on; replay what it missed.
    """
    return answer(WebhookOut(**_document(_write(lambda connection: hooks.enable(connection, webhook_id, site)))))


@operation(
    "POST", "/v1/webhooks/{id}/test", scope="write", needs=Scope.ADMIN, answers={200: TestOut}, problems=("not_found",)
)
def send_test(site: Site, webhook_id: str) -> Response:
    """Send a test message to a webhook, now and once."""
    here = web()
    try:
        with here.store.read() as connection:
            row = hooks.find(connection, webhook_id, site)
    except HookError as error:
        raise _refused(error) from None
    # It may take as long as an attempt may; so many threads that nobody else is served must not wait for that.
    if not here.waiting_slots.acquire(blocking=False):
        raise Problem("rate.limited", "Too many requests wait just now.", headers={"Retry-After": "1"})
    try:
        attempt = hooks.try_out(row, secret=here.settings.secret, send=hooks.sender(here.settings), now=now())
    finally:
        here.waiting_slots.release()
    return answer(TestOut(delivered=attempt.succeeded, status=attempt.status, error=attempt.error))


@operation(
    "GET",
    "/v1/webhooks/deliveries",
    scope="read",
    answers={200: DeliveriesOut},
    parameters=(STATE, WEBHOOK, LIMIT, CURSOR),
)
def list_deliveries(site: Site) -> Response:
    """List what your webhooks were told, are to be told, and could not be told.

    Delivered and dead ones are kept for some weeks.
    """
    state = request.args.get("state")
    if state is not None and state not in store.STATES:
        raise field_problem("#/state", f"Must be one of: {', '.join(store.STATES)}.")
    limit = page_limit()
    with web().store.read() as connection:
        rows = store.records(
            connection, site_id=site.id, webhook_id=_webhook(), state=state, after=cursor(), limit=limit + 1
        )
    following = rows[limit - 1].id if len(rows) > limit else None
    return answer(DeliveriesOut(items=[_delivery(row) for row in rows[:limit]], next_cursor=following))


@operation(
    "POST",
    "/v1/webhooks/deliveries/{id}/replay",
    scope="write",
    needs=Scope.ADMIN,
    answers={200: ReplayedOut},
    problems=("not_found", "webhook.conflict", "comment.erased"),
)
def replay_delivery(site: Site, delivery_id: str) -> Response:
    """Send one delivery again.

    Under the id that it had, whether it is dead, delivered or waiting for its next try.
    """
    moment = now()
    _write(lambda connection: hooks.replay_one(connection, delivery_id, moment, site))
    return answer(ReplayedOut(replayed=1))


@operation("POST", "/v1/webhooks/deliveries/replay", scope="write", needs=Scope.ADMIN, answers={200: ReplayedOut})
def replay_dead_deliveries(site: Site) -> Response:
    """Send everything again that was given up.

    Oldest first, for all your webhooks that are not disabled; at most 10,000 at once.
    """
    moment = now()
    return answer(ReplayedOut(replayed=_write(lambda connection: hooks.replay_dead(connection, moment, site=site))))


def _write(work: Callable[[Connection], T]) -> T:
    try:
        return web().store.write(work)
    except HookError as error:
        raise _refused(error) from None


def _refused(error: HookError) -> Problem:
    return Problem(error.code, str(error))


def _document(row: AnyRow) -> dict[str, Any]:
    names = ("id", "url", "events", "created_at", "disabled_at", "disabled_reason", "failing_since")
    return {**{name: getattr(row, name) for name in names}, "secrets": 1 if row.previous_secret is None else 2}


def _made(made: hooks.Made) -> WebhookMade:
    return WebhookMade(**_document(made.webhook), secret=made.secret)


def _delivery(row: AnyRow) -> DeliveryOut:
    of_event = ("event_id", "comment_id", "revision", "occurred_at")
    of_delivery = ("id", "webhook_id", "state", "attempts", "last_status", "last_error", "delivered_at")
    waiting = row.state == store.WAITING
    return DeliveryOut(
        **{name: getattr(row, name) for name in of_event + of_delivery},
        type=row.kind,
        next_at=row.next_at if waiting else None,
    )


def _webhook() -> str | None:
    given = request.args.get("webhook")
    if given is None:
        return None
    try:
        return str(UUID(given))
    except ValueError:
        raise field_problem("#/webhook", "Must be the id of a webhook.") from None
