"""`sluice user`: the people who moderate, for whoever has the machine."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy.engine import Connection

from config import Settings
from service import people
from service.acts import Actor
from service.commands.options import as_json, data_dir, plainly, write
from service.people import LINK_HOURS
from service.process.up import ADDRESS_FILE, DESK_MARK, base_url
from service.roles import Role
from service.store import accounts
from service.store import people as store
from service.store.people import Roles, User

ROLES = click.Choice([role.value for role in Role])
site_option = click.option("--site", "site_name", help="The site on which the role holds. Default: all sites.")


@click.group()
def user() -> None:
    """Add people who moderate, change their roles, let them in again, or no more."""


@user.command("add")
@click.argument("name")
@click.option("--role", type=ROLES, default="moderator", show_default=True, help="What the person may do.")
@site_option
@click.option("--password-stdin", is_flag=True, help="Read a password from standard input instead of making a link.")
@as_json
@data_dir
@plainly
def add(
    *, name: str, role: str, site_name: str | None, password_stdin: bool, as_json: bool, data_dir: Path | None
) -> None:
    """Add a person, and print a link that lets them in once."""
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else None

    def work(connection: Connection, chosen: Settings) -> tuple[User, str | None]:
        site_id = None if site_name is None else accounts.get_site(connection, site_name).id
        made = people.add_user(connection, name, {site_id: Role(role)}, _now(), password=password, by=_me())
        return made, None if password_stdin else _link(connection, chosen, "invite", made)

    made, link = write(data_dir, work)
    where = f"on {site_name}" if site_name else "on all sites"
    text = f"{made.name} is {role} {where}."
    _say(as_json, {"user": {"id": made.id, "name": made.name}, "link": link}, text + _about(link))


@user.command("list")
@as_json
@data_dir
@plainly
def list_users(as_json: bool, data_dir: Path | None) -> None:
    """List everybody with their roles."""

    def work(connection: Connection, _: Settings) -> tuple[list[User], Mapping[str, Roles], dict[str, str]]:
        names = {site.id: site.name for site in accounts.all_sites(connection)}
        return store.all_users(connection), store.roles_of_all(connection), names

    found, roles, names = write(data_dir, work)
    documents = [_document(each, roles.get(each.id, {}), names) for each in found]
    lines = [_line(document) for document in documents]
    _say(as_json, {"users": documents}, "\n".join(lines) or "There is nobody yet; `sluice user add` adds somebody.")


@user.command("role")
@click.argument("name")
@click.argument("role", type=click.Choice([*(role.value for role in Role), "none"]))
@site_option
@as_json
@data_dir
@plainly
def change_role(name: str, role: str, site_name: str | None, as_json: bool, data_dir: Path | None) -> None:
    """Give a person a role, or with `none` take it away; they sign in again to use it."""

    def work(connection: Connection, _: Settings) -> User:
        found = people.get_user(connection, name)
        site_id = None if site_name is None else accounts.get_site(connection, site_name).id
        people.change_role(connection, found, site_id, None if role == "none" else Role(role), by=_me(), now=_now())
        return found

    found = write(data_dir, work)
    where = f"on {site_name}" if site_name else "on all sites"
    text = f"{found.name} has no role {where} any more." if role == "none" else f"{found.name} is {role} {where}."
    _say(as_json, {"user": {"id": found.id, "name": found.name}, "role": role, "site": site_name}, text)


@user.command("disable")
@click.argument("name")
@as_json
@data_dir
@plainly
def disable(name: str, as_json: bool, data_dir: Path | None) -> None:
    """Sign a person out everywhere, and let them in no more; what they did stays on record."""

    def work(connection: Connection, _: Settings) -> User:
        found = people.get_user(connection, name)
        people.disable(connection, found, _now(), by=_me())
        return found

    found = write(data_dir, work)
    _say(as_json, {"disabled": {"id": found.id, "name": found.name}}, f"{found.name} cannot sign in any more.")


@user.command("enable")
@click.argument("name")
@as_json
@data_dir
@plainly
def enable(name: str, as_json: bool, data_dir: Path | None) -> None:
    """Let a disabled or locked-out person in again, with the password they had."""

    def work(connection: Connection, _: Settings) -> User:
        found = people.get_user(connection, name)
        people.enable(connection, found, by=_me(), now=_now())
        return found

    found = write(data_dir, work)
    _say(as_json, {"enabled": {"id": found.id, "name": found.name}}, f"{found.name} can sign in again.")


@user.command("reset")
@click.argument("name")
@as_json
@data_dir
@plainly
def reset(name: str, as_json: bool, data_dir: Path | None) -> None:
    """Forget a person's password and second factor, sign them out, and print a link that lets them in once."""

    def work(connection: Connection, chosen: Settings) -> tuple[User, str]:
        found = people.get_user(connection, name)
        return found, _address(chosen, people.reset(connection, found, chosen.secret, _now(), by=_me()))

    found, link = write(data_dir, work)
    document = {"user": {"id": found.id, "name": found.name}, "link": link}
    _say(as_json, document, f"{found.name} begins anew." + _about(link))


@user.command("first")
@click.option("--host", help="Where the service listens.")
@click.option("--port", type=click.IntRange(1, 65_535), help="Its port.")
@as_json
@data_dir
@plainly
def first(host: str | None, port: int | None, as_json: bool, data_dir: Path | None) -> None:
    """While there is nobody, print a link that makes the first admin; `sluice up` does so at its start."""

    def work(connection: Connection, chosen: Settings) -> tuple[Settings, str | None]:
        token = people.first_link(connection, chosen.secret, _now())
        return chosen, None if token is None else _address(chosen, token)

    chosen, link = write(data_dir, work, host=host, port=port)
    if link is None:
        (chosen.data_dir / "run").mkdir(mode=0o700, exist_ok=True)
        (chosen.data_dir / "run" / DESK_MARK).touch()
        desk = f"{_base(chosen)}/desk/"
        _say(as_json, {"link": None, "desk": desk}, f"The moderators' desk is at {desk}")
    else:
        text = f"Become the first admin of the moderators' desk (works once, for {LINK_HOURS} hours):\n\n  {link}\n"
        _say(as_json, {"link": link, "desk": None}, text)


def _link(connection: Connection, chosen: Settings, purpose: people.Purpose, found: User) -> str:
    return _address(chosen, people.make_link(connection, chosen.secret, purpose, found.id, _now()))


def _address(chosen: Settings, token: str) -> str:
    return f"{_base(chosen)}/desk/link/{token}"


def _base(chosen: Settings) -> str:
    """Where browsers reach the service: as the operator says, else where one runs on this folder, else as set."""
    running = chosen.data_dir / "run" / ADDRESS_FILE
    if chosen.public_url or not running.exists():
        return chosen.public_url.rstrip("/") or base_url(chosen.host, chosen.port)
    return running.read_text(encoding="utf-8").strip()


def _about(link: str | None) -> str:
    return "" if link is None else f" This link lets them in once, for {LINK_HOURS} hours:\n\n  {link}\n"


def _document(found: User, roles: Roles, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": found.id,
        "name": found.name,
        "roles": [
            {"site": None if site_id is None else names.get(site_id, site_id), "role": role.value}
            for site_id, role in roles.items()
        ],
        "second_factor": found.has_totp,
        "disabled": found.disabled_at is not None,
        "last_sign_in_at": found.last_sign_in_at and found.last_sign_in_at.isoformat(timespec="seconds"),
    }


def _line(document: Mapping[str, Any]) -> str:
    roles = ", ".join(f"{each['role']} on {each['site'] or 'all sites'}" for each in document["roles"])
    seen = document["last_sign_in_at"] or "never"
    disabled = "  disabled" if document["disabled"] else ""
    return f"{document['name']}  {roles or 'no role'}  last signed in: {seen}{disabled}"


def _say(as_json: bool, document: dict[str, Any], text: str) -> None:
    click.echo(json.dumps(document, ensure_ascii=False) if as_json else text)


def _me() -> Actor:
    return Actor(getpass.getuser()[:200], "cli")


def _now() -> datetime:
    return datetime.now(UTC)
