"""`sluice models`: which model decides, which ones there are, and how they differ."""

from __future__ import annotations

import functools
import getpass
import json
import sys
from collections.abc import Callable
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

import click

from config import Settings
from service.commands.options import as_json, data_dir, fail, plainly, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from service.models import Promoted
    from service.store.accounts import Site
    from service.store.engine import Store

P = ParamSpec("P")
T = TypeVar("T")

NOTE: Final = "Why; kept with it."


def told(command: Callable[P, None]) -> Callable[P, None]:
    """Turn what cannot be done with a model into one sentence."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        from classifier.datasets import DataError
        from classifier.registry import ModelError
        from service.models import ModelsError

        try:
            command(*args, **kwargs)
        except (DataError, ModelError, ModelsError) as error:
            fail(str(error))

    return run


site_option = click.option(
    "--site", "site_name", help="Name or id of a site: its own adaptation, not the model of all."
)


@contextmanager
def opened(folder: Path | None) -> Iterator[tuple[Settings, Store]]:
    """The installation's settings and its migrated database."""
    from service.store.engine import Store
    from service.store.migrate import ensure_current

    chosen = settings(data_dir=folder)
    ensure_current(chosen)
    with closing(Store(chosen.database_address, pool_size=2)) as database:
        yield chosen, database


def site_of(database: Store, name: str | None) -> Site | None:
    """The site of that name or id."""
    from service.store.accounts import get_site

    if name is None:
        return None
    with database.read() as connection:
        return get_site(connection, name)


@click.group()
def models() -> None:
    """List, compare, promote, roll back and remove models."""


@models.command("list")
@site_option
@as_json
@data_dir
@plainly
@told
def list_models(site_name: str | None, as_json: bool, data_dir: Path | None) -> None:
    """List all versions, newest first, and say which one decides."""
    from service.commands.models_shown import listed, table

    with opened(data_dir) as (_, database):
        found = listed(database, site_of(database, site_name))
    if as_json:
        click.echo(json.dumps({"models": found}, ensure_ascii=False))
    else:
        table(found)


@models.command("show")
@click.argument("version")
@as_json
@data_dir
@plainly
@told
def show_model(version: str, as_json: bool, data_dir: Path | None) -> None:
    """Show what VERSION was made of, how good it is, its terms, and when it was promoted by whom."""
    from service.commands.models_shown import details, page

    with opened(data_dir) as (_, database):
        found = details(database, version)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        page(found)


@models.command("add")
@click.argument("path", type=click.Path(exists=True, file_okay=False, path_type=Path))
@site_option
@click.option("--note", help=NOTE)
@as_json
@data_dir
@plainly
@told
def add_model(path: Path, site_name: str | None, note: str | None, as_json: bool, data_dir: Path | None) -> None:
    """Keep the version in the folder PATH in the database, as a candidate; it does not decide yet."""
    with opened(data_dir) as (_, database):
        version, new = _register(database, path, site_of(database, site_name), note)
    text = f"{version} is kept as a candidate." if new else f"{version} was there already."
    click.echo(json.dumps({"version": version, "added": new}) if as_json else text)


@models.command("promote")
@click.argument("version")
@site_option
@click.option("--note", help=NOTE)
@as_json
@data_dir
@plainly
@told
def promote_model(version: str, site_name: str | None, note: str | None, as_json: bool, data_dir: Path | None) -> None:
    """Let VERSION decide: a version, the folder of one, or `shipped`. Running processes follow within seconds."""
    from service.models import SHIPPED, promote, shipped_version

    with opened(data_dir) as (_, database):
        site = site_of(database, site_name)
        site_id = None if site is None else site.id
        if Path(version).is_dir():
            version, _ = _register(database, Path(version), site, note)
        wanted = None if version in {SHIPPED, shipped_version()} else version
        done = database.write(lambda c: promote(c, wanted, site_id=site_id, by=_who(), note=note, now=_now()))
        _say(database, done, site, as_json)


@models.command("rollback")
@site_option
@click.option("--note", help=NOTE)
@as_json
@data_dir
@plainly
@told
def roll_back_model(site_name: str | None, note: str | None, as_json: bool, data_dir: Path | None) -> None:
    """Let the version before decide again; a second roll back takes back the first."""
    from service.models import roll_back

    with opened(data_dir) as (_, database):
        site = site_of(database, site_name)
        site_id = None if site is None else site.id
        done = database.write(lambda c: roll_back(c, site_id=site_id, by=_who(), note=note, now=_now()))
        _say(database, done, site, as_json)


@models.command("remove")
@click.argument("version")
@as_json
@data_dir
@plainly
@told
def remove_model(version: str, as_json: bool, data_dir: Path | None) -> None:
    """Delete VERSION from the database; not the one that decides, nor the one before it."""
    from service.models import remove
    from service.store.comments import ask_for_scrub

    def work(connection: Any) -> None:
        remove(connection, version, by=_who(), now=_now())
        ask_for_scrub(connection)

    with opened(data_dir) as (_, database):
        database.write(work)
    click.echo(json.dumps({"removed": version}) if as_json else f"Removed {version}.")


@models.command("export")
@click.argument("version")
@click.argument("folder", type=click.Path(path_type=Path))
@as_json
@data_dir
@plainly
@told
def export_model(version: str, folder: Path, as_json: bool, data_dir: Path | None) -> None:
    """Write VERSION as a new FOLDER, which `sluice score --model` and another installation read."""
    import shutil

    from service.artefacts import Artefacts
    from service.models import ModelsError

    if folder.exists():
        raise ModelsError(f"There is already something at {folder}; name a folder that is not there yet.")
    with opened(data_dir) as (chosen, database):
        fetched = Artefacts(database, chosen.models_dir).fetch(version)
    shutil.copytree(fetched, folder)
    click.echo(json.dumps({"version": version, "folder": str(folder)}) if as_json else f"Wrote {version} to {folder}.")


@models.command("compare")
@click.argument("a")
@click.argument("b")
@click.option(
    "--data",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=str),
    help="JSON Lines to judge by both, as `sluice score` reads them; may be repeated. Default: stored comments.",
)
@click.option(
    "--last",
    default=1000,
    type=click.IntRange(0, 1_000_000),
    help="Without --data: so many of the last decided comments here are judged by both; 0 judges none.",
)
@click.option("--site", "site_name", help="Name or id of the site whose stored comments are judged.")
@click.option("--texts", is_flag=True, help="Quote the comments that are judged differently.")
@as_json
@data_dir
@plainly
@told
def compare_models(
    *,
    a: str,
    b: str,
    data: tuple[str, ...],
    last: int,
    site_name: str | None,
    texts: bool,
    as_json: bool,
    data_dir: Path | None,
) -> None:
    """Compare versions A and B (or folders, or `shipped`): recipes, reports, and how they judge the same comments."""
    from service.commands.models_compared import compared, comparison_page

    with opened(data_dir) as (chosen, database):
        site = site_of(database, site_name)
        found = compared(chosen, database, a, b, data=data, last=last, site=site, texts=texts, log=sys.stderr)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        comparison_page(found)


def _register(database: Store, path: Path, site: Site | None, note: str | None) -> tuple[str, bool]:
    from service.models import read_version, register

    packed = read_version(path)
    site_id = None if site is None else site.id
    new = database.write(lambda c: register(c, packed, site_id=site_id, made_by=_who(), note=note, now=_now()))
    return packed.version, new


def _say(database: Store, done: Promoted, site: Site | None, as_json: bool) -> None:
    """What decides now, and which adaptations rest from now on."""
    from service.models import resting, shipped_version

    with database.read() as connection:
        asleep = [row.version for row in resting(connection)]
    if as_json:
        found = {
            "version": done.version,
            "previous": done.previous,
            "changed": done.changed,
            "site": None if site is None else site.name,
            "resting": asleep,
        }
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    nothing = "no adaptation" if site is not None else f"{shipped_version()} (shipped)"
    where = "" if site is None else f" for {site.name}"
    if not done.changed:
        click.echo(f"{done.version or nothing} decides{where} already; nothing was changed.")
        return
    click.echo(f"{done.version or nothing} decides{where} now; before: {done.previous or nothing}.")
    if asleep and site is None:
        click.echo(f"These adaptations to sites rest until they are trained again: {', '.join(asleep)}.")


def _who() -> str:
    return f"cli:{getpass.getuser()}"[:200]


def _now() -> datetime:
    return datetime.now(UTC)
