"""`sluice start-from`: from a blog's export to a site that knows it, in one sitting."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import click

from service.commands.imports import (
    file_argument,
    format_option,
    map_option,
    plain,
    progress,
    readable,
    reading,
    say_done,
    who,
)
from service.commands.models import opened, told
from service.commands.options import data_dir, plainly

if TYPE_CHECKING:
    from classifier.scoring import Scorer
    from config import Settings
    from service.imports.detect import Reader
    from service.imports.source import Source
    from service.imports.start import Forecast, Looked
    from service.store.accounts import Site
    from service.store.engine import Store

_MOST: Final = 40


@click.command("start-from")
@file_argument
@click.option("--site", "site_name", required=True, help="Name of the site; it is made if there is none.")
@click.option("--url", help="Front page of a new site. Default: that of the articles in the file.")
@format_option
@map_option
@click.option(
    "--questions", type=click.IntRange(0, _MOST), default=_MOST, help="At most so many; earlier answers count."
)
@click.option("--promote/--no-promote", default=None, help="Let what was learnt decide, or not; else it asks.")
@data_dir
@plainly
@told
@readable
def start_from(
    *,
    file: Path,
    site_name: str,
    url: str | None,
    asked: str | None,
    maps: tuple[str, ...],
    questions: int,
    promote: bool | None,
    data_dir: Path | None,
) -> None:
    """Import FILE, ask about the most telling comments, teach the site's model, and forecast an ordinary day."""
    from service.commands.train import present_model
    from service.imports.importing import digest_of, run
    from service.imports.start import look
    from service.imports.storing import Into

    with opened(data_dir) as (chosen, database):
        with reading(file, asked, maps) as (source, reader):
            site = _site(database, chosen, site_name, lambda: url or _front_page(source, reader))
            into = Into(site, chosen, reader.format.value, datetime.now(UTC))
            with progress(source, "Importing") as step:
                digest = digest_of(file, reader)
                done = run(database, source, reader, into, digest=digest, made_by=who(), told=step)
            say_done(done, site.name, as_json=False)
        scorer = present_model(database, chosen)
        with _counting("scored") as step:
            looked = look(database, site.id, scorer, step)
        click.echo(
            f"\nLooked at the newest {looked.comments:,} comments: {looked.different:,} different texts, near copies "
            "counted once."
        )
        _ask(database, site, scorer, looked, questions)
        _teach(database, chosen, site, scorer, promote)


def _site(database: Store, chosen: Settings, name: str, front_page: Callable[[], str | None]) -> Site:
    """The site of that name or id; a new one gets a key."""
    from service.imports.rows import UnreadableFileError
    from service.store import accounts

    with database.read() as connection:
        found = accounts.find_site(connection, name)
    if found is not None:
        return found
    now = datetime.now(UTC)
    front = front_page()
    if front is None:
        raise UnreadableFileError("The file does not say where the site is; say so: --url https://…")

    def work(connection: Any) -> tuple[Site, str]:
        made = accounts.add_site(connection, name, front, now)
        return made, accounts.add_key(connection, made, chosen.secret, now)

    site, key = database.write(work)
    click.echo(f"Made the site {site.name} ({plain(site.url, 200)}). Its API key, shown this once: {key}")
    return site


def _front_page(source: Source, reader: Reader) -> str | None:
    """Where the first articles of the file are."""
    from service.imports.rows import Imported

    for item in islice(reader.read(source, datetime.now(UTC)), 1_000):
        if isinstance(item, Imported) and item.article.url:
            parts = urlsplit(item.article.url)
            return f"{parts.scheme}://{parts.netloc}"
    return None


def _ask(database: Store, site: Site, scorer: Scorer, looked: Looked, most: int) -> None:
    """The questions that are left."""
    from classifier.interview import Interview
    from service.commands.asking import Questions
    from service.imports.start import said_of

    left = most - looked.answered
    if looked.answered:
        click.echo(f"{looked.answered} questions were answered in an earlier sitting.")
    if left <= 0 or not looked.pool:
        return
    said = [said_of(past) for past in looked.pool]
    interview = Interview(scorer, said)
    for place in range(len(said) - looked.answered, len(said)):
        interview.answer(place, said[place].labels)
    click.echo(f"At most {left} questions follow, one key each. Every answer is kept at once; stop when you like.")
    Questions(database, site.id, looked.pool, interview, moderator=who()).ask(left)


def _teach(database: Store, chosen: Settings, site: Site, scorer: Scorer, promote: bool | None) -> None:
    """Learn from the history and the answers, and say what would come of it."""

    from classifier.adaptation import load_adaptation
    from classifier.site_training import SiteTrainingError
    from service.imports.start import forecast

    target = chosen.models_dir / f"site-{site.id}"
    present = _promoted(database, chosen, site, scorer)
    learnt = present
    try:
        report = _learn(database, site, scorer, target)
        learnt = load_adaptation(target)
        heads = [head for head, found in report["heads"].items() if found["adapted"]]
        click.echo(f"\nLearnt from {report['labels']:,} labelled comments: {', '.join(heads)}.")
    except SiteTrainingError as error:
        click.echo(f"\n{error}")
    with _counting("judged") as step:
        found = forecast(database, site.id, scorer, (present, learnt), step)
    _say_forecast(found)
    if learnt is present:
        return
    if promote is None:
        promote = click.confirm(f"Let it decide on {site.name} from now on?", default=True)
    if promote:
        _promote(database, site, target)
        click.echo(f"It decides. Take it back: sluice models rollback --site {site.name}")
    else:
        click.echo(f"It does not decide yet. Let it: sluice models promote {target} --site {site.name}")


def _learn(database: Store, site: Site, scorer: Scorer, target: Path) -> dict[str, Any]:
    """Learn from history and answers; where that would make the model worse, from answers alone.

    Raises:
        SiteTrainingError: neither is of use.
    """
    from rich.console import Console

    from classifier.site_training import SiteTrainingError, train_site
    from service.commands.train import lessons_for
    from service.store.rulings import IMPORT

    name = re.sub(r"[^A-Za-z0-9]+", "-", site.name).strip("-")[:30] or "site"
    lessons = lessons_for(database, site, ())
    own = [lesson for lesson in lessons if not lesson.origin.startswith(f"{IMPORT}:")]
    with Console(stderr=True).status("") as status:
        try:
            return train_site(target, scorer, lessons, site=site.id, name=name, step=status.update)
        except SiteTrainingError as error:
            try:
                return train_site(target, scorer, own, site=site.id, name=name, step=status.update)
            except SiteTrainingError:
                raise error from None


def _promoted(database: Store, chosen: Settings, site: Site, scorer: Scorer) -> Any:
    """What was taught to the site before, if it is in use."""
    from classifier.adaptation import load_adaptation
    from service.artefacts import Artefacts
    from service.store.models import in_force

    with database.read() as connection:
        row = in_force(connection).get(site.id)
    if row is None or row.version is None:
        return None
    adaptation = load_adaptation(Artefacts(database, chosen.models_dir).fetch(row.version))
    return adaptation if adaptation.base == scorer.version else None


def _promote(database: Store, site: Site, target: Path) -> None:
    from service.models import promote, read_version, register

    packed, now, note = read_version(target), datetime.now(UTC), "sluice start-from"

    def work(connection: Any) -> None:
        register(connection, packed, site_id=site.id, made_by=who(), note=note, now=now)
        promote(connection, packed.version, site_id=site.id, by=who(), note=note, now=now)

    database.write(work)


def _say_forecast(found: Forecast) -> None:
    from classifier.domain import Action
    from service.imports.start import SECONDS_EACH

    if not found.judged:
        click.echo("There are no comments to make a forecast of.")
        return
    after, before = found.after, found.before
    minutes = after[Action.HOLD] * SECONDS_EACH / 60
    work = "" if not after[Action.HOLD] else f" (about {max(1, round(minutes))} minute{'s'[: round(minutes) > 1]})"
    click.echo(
        f"\nOf 100 comments a day, {after[Action.APPROVE]} approved, {after[Action.HOLD]} held{work}, "
        f"{after[Action.REJECT]} rejected."
    )
    rate = "" if found.a_day is None else f"; there were {max(1, round(found.a_day)):,} a day"
    click.echo(f"That is by the newest {found.judged:,} comments of your history, authors taken for strangers{rate}.")
    if not found.changed:
        click.echo("None of them is judged otherwise than before.")
        return
    click.echo(
        f"Before it was {before[Action.APPROVE]} approved, {before[Action.HOLD]} held, {before[Action.REJECT]} "
        f"rejected. Here {'is one' if len(found.changed) == 1 else f'are {len(found.changed)}'} that would change:"
    )
    for each in found.changed:
        text = plain(" ".join(each.text.split()), 90)
        click.echo(f"  {each.before.value:>7} → {each.after.value:<7}  {text}")


@contextmanager
def _counting(what: str) -> Iterator[Callable[[int], None]]:
    """How many comments were done, on standard error; silent where nobody watches."""
    from rich.console import Console

    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with Console(stderr=True).status("") as status:
        yield lambda count: status.update(f"{count:,} comments {what}")
