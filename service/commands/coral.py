"""`sluice coral`: the secrets with which a Coral signs what it asks."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from service.commands.options import as_json, data_dir, plainly, settings, write
from service.store.accounts import Site, get_site
from service.store.comments import AnyRow


@click.group()
def coral() -> None:
    """Trust a Coral's moderation phase: its signing secrets, and where it should send to."""


@coral.command("add")
@click.argument("site_name")
@click.option("--secret", prompt=True, hide_input=True, help="Coral's signing secret; asked for when it is left out.")
@as_json
@data_dir
@plainly
def add_secret(site_name: str, secret: str, as_json: bool, data_dir: Path | None) -> None:
    """Trust a signing secret; a second one beside it while Coral rotates."""
    from service import coral_secrets

    def work(connection: Any, chosen: Any) -> tuple[Site, AnyRow]:
        site = get_site(connection, site_name)
        return site, coral_secrets.add(connection, site, chosen.secret, secret, datetime.now(UTC))

    site, row = write(data_dir, work)
    document = {"site": site.name, "url": _address(site, data_dir), "secret": _document(row)}
    _say(as_json, document, f"Trusting the secret …{row.hint} for {site.name}. Callback URL: {document['url']}")


@coral.command("show")
@click.argument("site_name")
@as_json
@data_dir
@plainly
def show_secrets(site_name: str, as_json: bool, data_dir: Path | None) -> None:
    """Show the callback URL for Coral, and the last four characters of each secret."""
    from service.store import coral as store

    def work(connection: Any, _: Any) -> tuple[Site, list[AnyRow]]:
        site = get_site(connection, site_name)
        return site, store.secrets_of(connection, site.id)

    site, rows = write(data_dir, work)
    document = {"site": site.name, "url": _address(site, data_dir), "secrets": [_document(row) for row in rows]}
    lines = [f"Callback URL: {document['url']}"]
    lines += [f"  secret …{row.hint}, added {_document(row)['created_at']}" for row in rows]
    _say(as_json, document, "\n".join(lines))


@coral.command("remove")
@click.argument("site_name")
@click.argument("secret")
@as_json
@data_dir
@plainly
def remove_secret(site_name: str, secret: str, as_json: bool, data_dir: Path | None) -> None:
    """Trust a secret no longer. SECRET is its last four characters, or all of it."""
    from service import coral_secrets

    def work(connection: Any, _: Any) -> tuple[Site, AnyRow]:
        site = get_site(connection, site_name)
        return site, coral_secrets.remove(connection, site, secret)

    site, row = write(data_dir, work)
    _say(as_json, {"site": site.name, "removed": _document(row)}, f"The secret …{row.hint} is trusted no longer.")


def _say(as_json: bool, document: dict[str, Any], text: str) -> None:
    click.echo(json.dumps(document, ensure_ascii=False) if as_json else text)


def _address(site: Site, data_dir: Path | None) -> str:
    chosen = settings(data_dir=data_dir)
    base = chosen.public_url or f"http://{chosen.host}:{chosen.port}"
    return f"{base.rstrip('/')}/coral/{site.id}"


def _document(row: AnyRow) -> dict[str, str]:
    return {"hint": row.hint, "created_at": row.created_at.isoformat(timespec="seconds")}
