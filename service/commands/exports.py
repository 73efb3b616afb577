"""`sluice export` and `sluice export-person`: the only two ways by which email and IP addresses leave."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import ParamSpec

import click

from service.commands.imports import who
from service.commands.models import opened, site_of
from service.commands.options import as_json, data_dir, fail, plainly

P = ParamSpec("P")

_file = click.argument("file", type=click.Path(path_type=Path))
_site = click.option("--site", "site_name", required=True, help="Name or id of the site.")


def _told(command: Callable[P, None]) -> Callable[P, None]:
    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        from service.exports import ExportError

        try:
            command(*args, **kwargs)
        except ExportError as error:
            fail(str(error))

    return run


@click.command()
@_file
@_site
@as_json
@data_dir
@plainly
@_told
def export(*, file: Path, site_name: str, as_json: bool, data_dir: Path | None) -> None:
    """Write everything a site owns to FILE, as JSON Lines with email and IP addresses; goes on record."""
    from service.exports import export_site

    with opened(data_dir) as (_, database):
        site = site_of(database, site_name)
        assert site is not None  # noqa: S101 - a name was given
        count = export_site(database, site, file, made_by=who(), now=datetime.now(UTC))
    _say(file, count, site.name, as_json=as_json)


@click.command("export-person")
@_file
@_site
@click.option("--email", help="The person's email address.")
@click.option("--author-id", help="The blog's own id of the person.")
@as_json
@data_dir
@plainly
@_told
def export_person(
    *, file: Path, site_name: str, email: str | None, author_id: str | None, as_json: bool, data_dir: Path | None
) -> None:
    """Write everything that is stored of one person on a site to FILE, as JSON Lines; goes on record."""
    from service.exports import export_person as write_person
    from service.pseudonyms import Pseudonyms

    if not email and not author_id:
        raise click.UsageError("Say whom: --email ADDRESS or --author-id ID.")
    with opened(data_dir) as (chosen, database):
        site = site_of(database, site_name)
        assert site is not None  # noqa: S101 - a name was given
        count = write_person(
            database,
            site,
            file,
            email=email,
            author_id=author_id,
            pseudonyms=Pseudonyms(chosen.secret),
            made_by=who(),
            now=datetime.now(UTC),
        )
    _say(file, count, site.name, as_json=as_json)


def _say(file: Path, count: int, name: str, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"file": str(file), "comments": count}))
        return
    click.echo(f"{count:,} comments of {name} are in {file}. It holds email and IP addresses: mind who can read it.")
