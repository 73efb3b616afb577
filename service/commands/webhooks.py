"""`sluice webhook`."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click
from sqlalchemy.engine import Connection

from config import Settings
from service.commands.options import as_json, data_dir, fail, plainly, settings
from service.store.comments import AnyRow
from service.store.engine import Store

T = TypeVar("T")

KINDS = ("comment.decided", "comment.ruled", "ruling.undone", "comment.reported", "comment.erased")


@click.group()
def webhook() -> None:
    """Tell a site's own server what happens to its comments, signed; see what was told, and tell it again."""


@webhook.command("add")
@click.argument("site_name")
@click.argument("url")
@click.option(
    "--event", "kinds", multiple=True, type=click.Choice(KINDS), help="What to tell; may be repeated. Default: all."
)
@as_json
@data_dir
@plainly
def add_webhook(site_name: str, url: str, kinds: tuple[str, ...], as_json: bool, data_dir: Path | None) -> None:
    """Add a webhook to a site; its secret is shown this once."""
    from service import hooks
    from service.events import EventKind
    from service.store.accounts import get_site

    def work(connection: Connection, chosen: Settings) -> hooks.Made:
        return hooks.add(
            connection,
            get_site(connection, site_name),
            url,
            [EventKind(kind) for kind in kinds],
            secret=chosen.secret,
            rules=hooks.rules_from(chosen),
            now=_now(),
        )

    made = _write(data_dir, work)
    text = f"Webhook {made.webhook.id} ({url})\nSecret: {made.secret}"
    _say(as_json, {"webhook": _document(made.webhook), "secret": made.secret}, text)


@webhook.command("list")
@click.option("--site", "site_name", help="Only those of this site.")
@as_json
@data_dir
@plainly
def list_webhooks(site_name: str | None, as_json: bool, data_dir: Path | None) -> None:
    """List webhooks and how they do."""
    from service import hooks
    from service.store.accounts import get_site
    from service.store.hooks import webhooks_of

    def work(connection: Connection, _: Settings) -> list[tuple[AnyRow, str]]:
        found = webhooks_of(connection, get_site(connection, site_name).id if site_name else None)
        return [(row, hooks.in_words(connection, row)) for row in found]

    rows = _write(data_dir, work)
    lines = [f"{row.id}  {row.url}  {how}" for row, how in rows]
    _say(as_json, {"webhooks": [_document(row) for row, _ in rows]}, "\n".join(lines) or "There are no webhooks yet.")


@webhook.command("show")
@click.argument("webhook_id", metavar="ID")
@as_json
@data_dir
@plainly
def show_webhook(webhook_id: str, as_json: bool, data_dir: Path | None) -> None:
    """Show a webhook: what it is told, how it does, and marks that tell its secrets apart."""
    from service import deliveries, hooks
    from service.webhooks import fingerprint

    def work(connection: Connection, chosen: Settings) -> tuple[AnyRow, str, list[str]]:
        row = hooks.find(connection, webhook_id)
        marks = [fingerprint(each) for each in deliveries.secrets_of(chosen.secret, row)]
        return row, hooks.in_words(connection, row), marks

    row, how, marks = _write(data_dir, work)
    lines = [f"{row.id}  {row.url}  {how}", f"  told: {', '.join(row.events)}"]
    lines += [f"  secrets, the newest first: {', '.join(marks) or 'none that can be opened'}"]
    if row.disabled_reason:
        lines.append(f"  {row.disabled_reason}")
    _say(as_json, {"webhook": _document(row), "secrets": marks}, "\n".join(lines))


@webhook.command("test")
@click.argument("webhook_id", metavar="ID")
@as_json
@data_dir
@plainly
def send_test(webhook_id: str, as_json: bool, data_dir: Path | None) -> None:
    """Send a test message to a webhook now; exit status 1 when it was not taken."""
    from service import hooks

    row = _write(data_dir, lambda connection, _: hooks.find(connection, webhook_id))
    chosen = settings(data_dir=data_dir)
    attempt = hooks.try_out(row, secret=chosen.secret, send=hooks.sender(chosen), now=_now())
    _write(data_dir, lambda connection, _: hooks.note_test(connection, row.id, attempt, _now()))
    document = {"delivered": attempt.succeeded, "status": attempt.status, "error": attempt.error}
    if as_json:
        click.echo(json.dumps(document))
    if not attempt.succeeded:
        fail(f"The test message was not taken: {attempt.error}")
    if not as_json:
        click.echo(f"The test message was taken: the receiver answered {attempt.status}.")


@webhook.command("rotate")
@click.argument("webhook_id", metavar="ID")
@as_json
@data_dir
@plainly
def rotate_webhook(webhook_id: str, as_json: bool, data_dir: Path | None) -> None:
    """Give a webhook a new secret, shown this once; the one before it signs as well until the next rotation."""
    from service import hooks

    made = _write(data_dir, lambda connection, chosen: hooks.rotate(connection, webhook_id, secret=chosen.secret))
    _say(as_json, {"webhook": _document(made.webhook), "secret": made.secret}, f"Secret: {made.secret}")


@webhook.command("enable")
@click.argument("webhook_id", metavar="ID")
@as_json
@data_dir
@plainly
def enable_webhook(webhook_id: str, as_json: bool, data_dir: Path | None) -> None:
    """Tell a disabled webhook again what happens from now on."""
    from service import hooks

    row = _write(data_dir, lambda connection, _: hooks.enable(connection, webhook_id))
    _say(as_json, {"webhook": _document(row)}, f"Enabled {row.url}. What it missed: sluice webhook replay --all-dead")


@webhook.command("remove")
@click.argument("webhook_id", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
@data_dir
@plainly
def remove_webhook(webhook_id: str, yes: bool, as_json: bool, data_dir: Path | None) -> None:
    """Delete a webhook; what was still on its way to it is told to nobody."""
    from service import hooks

    row = _write(data_dir, lambda connection, _: hooks.find(connection, webhook_id))
    if not yes:
        click.confirm(f"Delete the webhook {row.url}?", abort=True, err=True)
    _write(data_dir, lambda connection, _: hooks.remove(connection, webhook_id))
    _say(as_json, {"removed": _document(row)}, f"Removed {row.url}.")


@webhook.command("deliveries")
@click.option("--state", type=click.Choice(("waiting", "delivered", "dead")), help="Only those that stand so.")
@click.option("--webhook", "webhook_id", help="Only those to this webhook.")
@click.option("--limit", type=click.IntRange(1, 1_000), default=50, help="At most so many.")
@as_json
@data_dir
@plainly
def list_deliveries(
    state: str | None, webhook_id: str | None, limit: int, as_json: bool, data_dir: Path | None
) -> None:
    """List what was told, is to be told, and could not be told, newest first."""
    from service.deliveries import how_it_stands
    from service.store.deliveries import records

    rows, standing = _write(
        data_dir,
        lambda connection, _: (
            records(connection, state=state, webhook_id=webhook_id, limit=limit),
            how_it_stands(connection),
        ),
    )
    lines = [standing.sentence]
    for row in rows:
        why = f"  {row.last_error}" if row.last_error else ""
        tries = f"{row.attempts} {'try' if row.attempts == 1 else 'tries'}"
        lines.append(f"{row.id}  {_time(row.occurred_at)}  {row.kind}  {row.state}, {tries}{why}")
    _say(as_json, {"deliveries": [_delivery(row) for row in rows]}, "\n".join(lines))


@webhook.command("replay")
@click.argument("delivery_id", metavar="[ID]", required=False)
@click.option("--all-dead", is_flag=True, help="Everything that was given up, of webhooks that are not disabled.")
@as_json
@data_dir
@plainly
def replay(delivery_id: str | None, all_dead: bool, as_json: bool, data_dir: Path | None) -> None:
    """Send a delivery again, under the id that it had; or everything that was given up."""
    from service import hooks

    if (delivery_id is None) != all_dead:
        raise click.UsageError("Give the ID of a delivery, or --all-dead.")

    def work(connection: Connection, _: Settings) -> int:
        if delivery_id is None:
            return hooks.replay_dead(connection, _now())
        hooks.replay_one(connection, delivery_id, _now())
        return 1

    count = _write(data_dir, work)
    _say(as_json, {"replayed": count}, f"{count:,} {'delivery is' if count == 1 else 'deliveries are'} sent again.")


def _write(data_dir: Path | None, work: Callable[[Connection, Settings], T]) -> T:
    """Work on the migrated database; what it leaves to deliver is found by upkeep within seconds."""
    from service.store.migrate import ensure_current

    chosen = settings(data_dir=data_dir)
    ensure_current(chosen)
    store = Store(chosen.database_address, pool_size=1)
    try:
        return store.write(lambda connection: work(connection, chosen))
    finally:
        store.close()


def _document(row: AnyRow) -> dict[str, Any]:
    moments = {name: _time(getattr(row, name)) for name in ("created_at", "disabled_at", "failing_since")}
    named = ("id", "site_id", "url", "events", "disabled_reason")
    return {**{name: getattr(row, name) for name in named}, **moments}


def _delivery(row: AnyRow) -> dict[str, Any]:
    named = ("id", "webhook_id", "event_id", "comment_id", "revision", "kind", "state", "attempts")
    moments = {name: _time(getattr(row, name)) for name in ("occurred_at", "next_at", "delivered_at")}
    said = {name: getattr(row, name) for name in (*named, "last_status", "last_error")}
    return said | moments


def _say(as_json: bool, document: dict[str, Any], text: str) -> None:
    click.echo(json.dumps(document, ensure_ascii=False) if as_json else text)


def _now() -> datetime:
    return datetime.now(UTC)


def _time(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat(timespec="seconds")
