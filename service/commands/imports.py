"""`sluice import`: a blog's history from WordPress, Disqus, CSV or JSON Lines."""

from __future__ import annotations

import functools
import getpass
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, ParamSpec

import click

from service.commands.models import opened
from service.commands.options import as_json, data_dir, fail, plainly

if TYPE_CHECKING:
    from service.imports.detect import Reader
    from service.imports.importing import Done, Preview
    from service.imports.source import Source
    from service.imports.tally import Tally

P = ParamSpec("P")

_STOOD: Final = {
    "approved": "approved",
    "pending": "pending: they will be judged, and wait in the queue where a person is needed",
    "spam": "spam: rejected, and labels for the model",
    "removed": "in the trash or deleted: rejected, but they teach nothing",
}

file_argument = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
format_option = click.option(
    "--format",
    "asked",
    type=click.Choice(["wxr", "disqus", "csv", "jsonl"]),
    help="What the file is, where it is not recognised.",
)
map_option = click.option(
    "--map", "maps", multiple=True, metavar="FIELD=COLUMN", help="Which column holds a field; may be repeated."
)


def readable(command: Callable[P, None]) -> Callable[P, None]:
    """Turn a file that cannot be imported into one sentence."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        from service.imports.rows import UnreadableFileError

        try:
            command(*args, **kwargs)
        except UnreadableFileError as error:
            fail(plain(str(error), 2_000))

    return run


@click.command("import")
@file_argument
@click.option("--site", "site_name", required=True, help="Name or id of the site that the comments belong to.")
@format_option
@map_option
@click.option("--dry-run", is_flag=True, help="Read everything, say what would be stored, and store nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
@data_dir
@plainly
@readable
def import_history(
    *,
    file: Path,
    site_name: str,
    asked: str | None,
    maps: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    as_json: bool,
    data_dir: Path | None,
) -> None:
    """Take in the comments of FILE with the statuses they had: WordPress (WXR), Disqus, CSV or JSON Lines."""
    from service.commands.models import site_of
    from service.imports.importing import digest_of, preview, run
    from service.imports.storing import Into

    with opened(data_dir) as (chosen, database), reading(file, asked, maps, quiet=as_json) as (source, reader):
        site = site_of(database, site_name)
        assert site is not None  # noqa: S101 - a name was given
        into = Into(site, chosen, reader.format.value, datetime.now(UTC))
        if dry_run:
            with progress(source, "Reading") as told:
                seen = preview(source, reader, into, told)
            _say_preview(seen, as_json=as_json)
            return
        if not yes:
            _ask(f"Import {file.name} into {site.name}?")
        digest = digest_of(file, reader)
        with progress(source, "Importing") as told:
            done = run(database, source, reader, into, digest=digest, made_by=who(), told=told)
    say_done(done, site.name, as_json=as_json)


def _ask(question: str) -> None:
    """Go on only after a yes; where nobody can answer, say how to do without the question."""
    try:
        click.confirm(question, default=True, abort=True, err=True)
    except click.Abort:
        if sys.stdin.isatty():
            raise
        click.echo(err=True)
        fail("Nothing was imported: there was no yes, and no terminal to ask at; add --yes to import without asking.")


def who() -> str:
    """Whoever sits at this terminal, as records name them."""
    return f"cli:{getpass.getuser()}"[:200]


@contextmanager
def reading(
    file: Path, asked: str | None, maps: tuple[str, ...], *, quiet: bool = False
) -> Iterator[tuple[Source, Reader]]:
    """The opened file and its reader; says on standard error how the file is going to be read."""
    from service.imports.detect import NAMES, Format, reader_for
    from service.imports.source import open_source

    said = dict(_pair(each) for each in maps)
    with closing(open_source(file)) as source:
        reader = reader_for(source, Format(asked) if asked else None, said)
        if not quiet:
            click.echo(f"{plain(file.name, 200)}: {NAMES[reader.format]}, {source.encoding.upper()}", err=True)
            if reader.layout is not None:
                mapped = ", ".join(f"{field}={name}" for field, name in reader.layout.mapping.items())
                left = [name for name in reader.layout.names if name not in reader.layout.mapping.values()]
                click.echo(f"Columns: {plain(mapped, 2_000)}", err=True)
                click.echo(f"Columns not read: {plain(', '.join(left) or 'none', 2_000)}", err=True)
        yield source, reader


def _pair(written: str) -> tuple[str, str]:
    field, equals, column = written.partition("=")
    if not equals or not field or not column:
        raise click.BadParameter(f"{written} is not FIELD=COLUMN.", param_hint="--map")
    return field.strip(), column.strip()


@contextmanager
def progress(source: Source, what: str) -> Iterator[Callable[[int], None]]:
    """A bar on standard error with the rate and the time that is left; silent where nobody watches."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    bar = Progress(
        TextColumn(what),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[comments]:,} comments, {task.fields[rate]:,.0f} a second"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=Console(file=sys.stderr),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    with bar:
        task = bar.add_task(what, total=source.size, comments=0, rate=0.0)

        def told(comments: int) -> None:
            rate = comments / max(bar.tasks[0].elapsed or 0.0, 0.001)
            bar.update(task, completed=source.position, comments=comments, rate=rate)

        yield told


def say_done(done: Done, name: str, *, as_json: bool) -> None:
    """What was stored, what was odd, and what to do next."""
    from service.imports.importing import damaged
    from service.imports.rows import Stood

    if as_json:
        document = {"new": done.new, "known": done.known, "resumed": done.resumed_at > 0, "orphans": done.orphans}
        click.echo(json.dumps({**document, **_document(done.tally)}, ensure_ascii=False))
        return
    _say_tally(done.tally)
    if done.resumed_at:
        click.echo("An earlier run had been stopped; this one went on where it was.")
    click.echo(f"{done.new:,} comments are new in {name}; {done.known:,} were there already and stay as they are.")
    if done.orphans:
        click.echo(f"{done.orphans:,} comments of {name} answer a comment that is not there; they stand on their own.")
    if damaged(done.tally):
        click.echo("The file is damaged; export it again and import that: what is here already is not stored twice.")
    if not done.tally.stood[Stood.SPAM]:
        click.echo("There is no spam in this file; the usual exports leave it out, and the model learns from it.")


def _say_preview(seen: Preview, *, as_json: bool) -> None:
    if as_json:
        document = {"articles": seen.articles, "repeated": seen.repeated, **_document(seen.tally)}
        click.echo(json.dumps(document, ensure_ascii=False))
        return
    _say_tally(seen.tally)
    click.echo(f"They stand under {seen.articles:,} articles. Most are under:")
    for article, count in seen.busiest:
        click.echo(f"  {count:>9,}  {plain(article, 90)}")
    if seen.repeated:
        click.echo(f"{seen.repeated:,} have the id of an earlier one in the file, and would be left out.")
    click.echo("Nothing was stored. Without --dry-run it will be.")


def _say_tally(tally: Tally) -> None:
    from service.imports.rows import Stood

    span = (
        "" if tally.oldest is None or tally.newest is None else f", {tally.oldest:%Y-%m-%d} to {tally.newest:%Y-%m-%d}"
    )
    click.echo(f"{tally.comments:,} comments{span}:")
    for stood, sentence in _STOOD.items():
        click.echo(f"  {tally.stood[Stood(stood)]:>9,}  {sentence}")
    if tally.aside:
        lines = "line of another kind" if tally.aside == 1 else "lines of other kinds"
        click.echo(f"  {tally.aside:>9,}  {lines}, which import does not need")
    if tally.odd:
        click.echo("Odd:")
    for odd, count in tally.odd.most_common():
        places = ", ".join(
            f"{each.line:,}{f' ({plain(each.detail, 40)})' if each.detail else ''}" for each in tally.examples[odd]
        )
        more = ", …" if count > len(tally.examples[odd]) else ""
        click.echo(f"  {count:>9,}  {odd.value} Line {places}{more}")


def _document(tally: Tally) -> dict[str, Any]:
    from service.imports.rows import Stood

    return {
        "comments": tally.comments,
        "stood": {stood: tally.stood[Stood(stood)] for stood in _STOOD},
        "odd": {
            odd.name.lower(): {"count": count, "lines": [each.line for each in tally.examples[odd]]}
            for odd, count in tally.odd.items()
        },
        "other_lines": tally.aside,
        "oldest": tally.oldest and tally.oldest.isoformat(),
        "newest": tally.newest and tally.newest.isoformat(),
    }


def plain(text: str, most: int) -> str:
    """Foreign text for a terminal: what could move the cursor or hide something is drawn, and long text is cut."""
    drawn = "".join(each if each.isprintable() else f"\\x{ord(each):02x}" for each in text[: most + 1])
    return drawn if len(text) <= most else f"{drawn[:most]}…"
