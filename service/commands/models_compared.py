"""What `sluice models compare` says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final, TextIO

import click

from classifier.adaptation import load_adaptation
from classifier.compare import PORTION, Case, Comparison, Judge, areas, differences, interval
from classifier.datasets import DataError, numbered_rows
from classifier.policy import DEFAULT_POLICY
from classifier.registry import DEFAULT_MODEL, load, read_manifest, read_report
from classifier.rows import RowError, identity_of, read_row
from config import Settings
from service.artefacts import Artefacts
from service.models import SHIPPED, ModelsError, shipped_version
from service.policies import PolicyBook
from service.store.accounts import Site
from service.store.engine import Store
from service.store.replay import last_decided

#: So much of a comment is quoted.
QUOTED: Final = 200


def compared(
    chosen: Settings,
    database: Store,
    a: str,
    b: str,
    *,
    data: Sequence[str],
    last: int,
    site: Site | None,
    texts: bool,
    log: TextIO,
) -> dict[str, Any]:
    """Two versions side by side as one document."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    artefacts = Artefacts(database, chosen.models_dir)
    paths = [_folder(artefacts, name) for name in (a, b)]
    manifests = [read_manifest(path) for path in paths]
    reports = [areas(read_report(path)) for path in paths]
    judges = [_judge(artefacts, *each) for each in zip(paths, manifests, strict=True)]
    taught = {each.adaptation.site for each in judges if each.adaptation is not None}
    if len(taught | ({site.id} if site is not None else set())) > 1:
        raise ModelsError("An adaptation judges comments of its own site only; compare what belongs to one site.")
    cases = _rows(data) if data else _stored(database, next(iter(taught), None if site is None else site.id), last)
    result, quotes = Comparison(), dict[str, str]()
    columns = (SpinnerColumn(), TextColumn("{task.completed:,} comments judged by both"), TimeElapsedColumn())
    with Progress(*columns, console=Console(file=log), transient=True, disable=not log.isatty()) as progress:
        task = progress.add_task("compare", total=None)
        while portion := list(islice(cases, PORTION)):
            result.add(portion, *judges)
            progress.update(task, completed=result.judged)
            if texts:
                flipped = {each for ids in result.examples.values() for each in ids}
                quotes |= {case.id: case.context.text[:QUOTED] for case in portion if case.id in flipped}
    return {
        "a": judges[0].version,
        "b": judges[1].version,
        "made": [
            {"what": path, "a": one, "b": other}
            for path, one, other in differences(*({name: m.get(name) for name in _MADE} for m in manifests))
        ],
        "areas": {name: [report.get(name) for report in reports] for name in {**reports[0], **reports[1]}},
        "judged": _document(result, quotes if texts else None),
    }


_MADE: Final = ("base", "recipe", "rows", "seed", "snapshot", "libraries")


def _folder(artefacts: Artefacts, name: str) -> Path:
    if Path(name).is_dir():
        return Path(name)
    return DEFAULT_MODEL if name in {SHIPPED, shipped_version()} else artefacts.fetch(name)


def _judge(artefacts: Artefacts, path: Path, manifest: dict[str, Any]) -> Judge:
    """What is in a folder; an adaptation together with the model that it was made for."""
    if manifest.get("kind") != "site":
        return Judge(load(path))
    adaptation = load_adaptation(path)
    return Judge(load(_folder(artefacts, adaptation.base)), adaptation)


def _rows(files: Sequence[str]) -> Iterator[Case]:
    """The comments in JSON Lines files, under the default policy; a row without an id is named by its place."""
    for file in files:
        for number, row in numbered_rows(file):
            try:
                context = read_row(row)
            except RowError as error:
                raise DataError(f"{file}, line {number}: {error}.") from None
            identity = identity_of(row.get("id"))
            yield Case(f"{Path(file).name}:{number}" if identity is None else str(identity), context, DEFAULT_POLICY)


def _stored(database: Store, site_id: str | None, limit: int) -> Iterator[Case]:
    """The last decided comments of this installation, under the policies that hold now."""
    if not limit:
        return
    policies = PolicyBook(database)
    with database.snapshot() as connection:
        rows = last_decided(connection, site_id, limit)
        while portion := list(islice(rows, PORTION)):
            found = policies.policies_for([(row.site_id, row.context.article) for row in portion])
            for row, policy in zip(portion, found, strict=True):
                yield Case(row.id, row.context, policy, row.ruled)


def _document(result: Comparison, quotes: dict[str, str] | None) -> dict[str, Any]:
    low, high = interval(result.same, result.judged)
    flips = [
        {
            "a": one.value,
            "b": other.value,
            "comments": result.counts[one, other],
            "examples": ids,
            **({} if quotes is None else {"texts": [quotes[each] for each in ids]}),
        }
        for (one, other), ids in sorted(result.examples.items(), key=lambda each: -result.counts[each[0]])
    ]
    return {
        "comments": result.judged,
        "same": result.same,
        "same_share": round(result.same / result.judged, 4) if result.judged else None,
        "same_interval": [round(low, 4), round(high, 4)] if result.judged else None,
        "flips": flips,
        "ruled": result.ruled,
        "agree_with_rulings": {"a": result.agreed[0], "b": result.agreed[1]},
    }


def comparison_page(found: dict[str, Any]) -> None:
    """The same for people."""
    click.echo(f"A  {found['a']}\nB  {found['b']}")
    if found["made"]:
        click.echo("\nMade differently")
        for each in found["made"]:
            click.echo(f"  {each['what']}: {each['a']} -> {each['b']}")
    if found["areas"]:
        click.echo("\nAreas under the curve, A and B as each was measured when it was trained")
        for line in _areas(found["areas"].items()):
            click.echo(line)
    judged = found["judged"]
    if not judged["comments"]:
        click.echo("\nNo comments were judged by both: there are none stored here, or --last is 0.")
        return
    low, high = judged["same_interval"]
    click.echo(
        f"\nOf {judged['comments']:,} comments both judge {judged['same']:,} alike: {judged['same_share']:.1%} "
        f"({low:.1%} to {high:.1%})."
    )
    for flip in judged["flips"]:
        click.echo(f"  A {flip['a']}, B {flip['b']}: {flip['comments']:,}")
        for at, name in enumerate(flip["examples"]):
            quoted = f"  {flip['texts'][at]!r}" if "texts" in flip else ""
            click.echo(f"    {name}{quoted}")
    if judged["ruled"]:
        agreed = judged["agree_with_rulings"]
        click.echo(
            f"A person ruled on {judged['ruled']:,} of them: A agrees with {agreed['a']:,}, B with {agreed['b']:,}."
        )


def _areas(rows: Iterable[tuple[str, list[float | None]]]) -> Iterator[str]:
    for name, values in rows:
        one, other = ("    -" if value is None else f"{value:.3f}" for value in values)
        yield f"  {one}  {other}  {name.replace('_', ' ')}"
