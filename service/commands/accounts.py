"""`sluice site` and `sluice key`."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy.engine import Connection

from config import Settings
from service.commands.options import as_json, data_dir, plainly, write
from service.scopes import ALL, Scope, read
from service.site_options import OptionError, changed
from service.store import accounts
from service.store.accounts import Site

scope_option = click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice([scope.value for scope in Scope]),
    help="What the key may do; may be given several times. Default: everything.",
)


@click.group()
def site() -> None:
    """Add, list, show and remove sites."""


@click.group()
def key() -> None:
    """Add, revoke and rotate a site's API keys."""


@site.command("add")
@click.argument("name")
@click.option("--url", required=True, help="Front page of the site.")
@as_json
@data_dir
@plainly
def add_site(name: str, url: str, as_json: bool, data_dir: Path | None) -> None:
    """Make a site and its first API key; the key is shown this once."""

    def work(connection: Connection, chosen: Settings) -> tuple[Site, str]:
        made = accounts.add_site(connection, name, url, _now())
        return made, accounts.add_key(connection, made, chosen.secret, _now())

    made, new_key = write(data_dir, work)
    _say(as_json, {"site": _document(made), "key": new_key}, f"Site {made.name} ({made.url})\nAPI key: {new_key}")


@site.command("list")
@as_json
@data_dir
@plainly
def list_sites(as_json: bool, data_dir: Path | None) -> None:
    """List all sites."""
    found = write(data_dir, lambda connection, _: accounts.all_sites(connection))
    lines = [f"{each.name}  {each.url}  {each.id}" for each in found]
    _say(as_json, {"sites": [_document(each) for each in found]}, "\n".join(lines) or "There are no sites yet.")


@site.command("show")
@click.argument("name")
@as_json
@data_dir
@plainly
def show_site(name: str, as_json: bool, data_dir: Path | None) -> None:
    """Show a site and the last four characters of its live keys."""

    def work(connection: Connection, _: Settings) -> tuple[Site, list[Any]]:
        found = accounts.get_site(connection, name)
        return found, accounts.live_keys(connection, found)

    found, keys = write(data_dir, work)
    listed = [
        {
            "id": each["id"],
            "hint": each["hint"],
            "created_at": _time(each["created_at"]),
            "scopes": [scope.value for scope in Scope if scope in read(each["scopes"])],
        }
        for each in keys
    ]
    lines = [f"{found.name}  {found.url}  {found.id}"]
    lines += [f"  key …{each['hint']}, made {each['created_at']}, may {', '.join(each['scopes'])}" for each in listed]
    lines += [f"  {name} = {_option(value)}" for name, value in found.options.model_dump().items()]
    document = {"site": _document(found), "keys": listed, "options": found.options.model_dump()}
    _say(as_json, document, "\n".join(lines))


@site.command("set")
@click.argument("name")
@click.argument("options", nargs=-1, required=True, metavar="OPTION=VALUE...")
@as_json
@data_dir
@plainly
def set_options(name: str, options: tuple[str, ...], as_json: bool, data_dir: Path | None) -> None:
    """Set options of a site, such as hold_as=pending; an empty value brings the default back."""
    assignments = dict(_assignment(written) for written in options)

    def work(connection: Connection, _: Settings) -> Site:
        found = accounts.get_site(connection, name)
        wanted = changed(accounts.stored_options(connection, found), assignments)
        return accounts.set_options(connection, found, wanted)

    found = write(data_dir, work)
    lines = [f"{option} = {_option(value)}" for option, value in found.options.model_dump().items()]
    _say(as_json, {"site": _document(found), "options": found.options.model_dump()}, "\n".join(lines))


@site.command("remove")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
@data_dir
@plainly
def remove_site(name: str, yes: bool, as_json: bool, data_dir: Path | None) -> None:
    """Delete a site with all its comments, for good."""
    found = write(data_dir, lambda connection, _: accounts.get_site(connection, name))
    if not yes:
        click.confirm(f"Delete {found.name} with all its comments, for good?", abort=True, err=True)

    def work(connection: Connection, _: Settings) -> None:
        from service.store.comments import ask_for_scrub

        accounts.remove_site(connection, found)
        ask_for_scrub(connection)

    write(data_dir, work)
    _say(as_json, {"removed": _document(found)}, f"Removed {found.name}.")


@key.command("add")
@click.argument("site_name")
@scope_option
@as_json
@data_dir
@plainly
def add_key(site_name: str, scopes: tuple[str, ...], as_json: bool, data_dir: Path | None) -> None:
    """Make a further key for a site; it works at once and is shown this once."""
    _new_key(site_name, scopes, as_json, data_dir, accounts.add_key)


@key.command("rotate")
@click.argument("site_name")
@scope_option
@as_json
@data_dir
@plainly
def rotate_key(site_name: str, scopes: tuple[str, ...], as_json: bool, data_dir: Path | None) -> None:
    """Make a new key beside the newest one of the same scopes, and revoke any older one of them."""
    _new_key(site_name, scopes, as_json, data_dir, accounts.rotate_key)


@key.command("revoke")
@click.argument("site_name")
@click.argument("key")
@as_json
@data_dir
@plainly
def revoke_key(site_name: str, key: str, as_json: bool, data_dir: Path | None) -> None:
    """Stop a key within a second. KEY is its id, its last four characters, or the key itself."""

    def work(connection: Connection, _: Settings) -> tuple[Site, dict[str, Any]]:
        found = accounts.get_site(connection, site_name)
        return found, accounts.revoke_key(connection, found, key, _now())

    found, revoked = write(data_dir, work)
    document = {"site": _document(found), "revoked": {"id": revoked["id"], "hint": revoked["hint"]}}
    _say(as_json, document, f"Revoked the key …{revoked['hint']} of {found.name}.")


def _new_key(
    site_name: str,
    scopes: tuple[str, ...],
    as_json: bool,
    data_dir: Path | None,
    make: Callable[[Connection, Site, bytes, datetime, frozenset[Scope]], str],
) -> None:
    wanted = frozenset(map(Scope, scopes)) or ALL

    def work(connection: Connection, chosen: Settings) -> tuple[Site, str]:
        found = accounts.get_site(connection, site_name)
        return found, make(connection, found, chosen.secret, _now(), wanted)

    found, new_key = write(data_dir, work)
    _say(as_json, {"site": _document(found), "key": new_key}, f"API key for {found.name}: {new_key}")


def _document(found: Site) -> dict[str, str]:
    return {"id": found.id, "name": found.name, "url": found.url, "created_at": _time(found.created_at)}


def _assignment(written: str) -> tuple[str, str]:
    name, separator, value = written.partition("=")
    if not separator:
        raise OptionError(f"Write OPTION=VALUE; {name} has no value.")
    return name.strip(), value.strip()


def _option(value: object) -> object:
    return "none" if value is None else value


def _say(as_json: bool, document: dict[str, Any], text: str) -> None:
    click.echo(json.dumps(document, ensure_ascii=False) if as_json else text)


def _now() -> datetime:
    return datetime.now(UTC)


def _time(value: datetime) -> str:
    return value.isoformat(timespec="seconds")
