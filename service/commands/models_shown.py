"""What `sluice models list` and `sluice models show` say."""

from __future__ import annotations

import sys
from typing import Any

import click
from sqlalchemy.engine import Connection

from classifier.compare import areas, key_numbers
from classifier.packing import page as page_of
from classifier.registry import DEFAULT_MODEL, read_manifest, read_report
from service.models import SHIPPED, ModelsError, shipped_version, states
from service.store import models as store
from service.store.accounts import Site, all_sites
from service.store.engine import Store


def listed(database: Store, site: Site | None) -> list[dict[str, Any]]:
    """A row for each version, newest first; the shipped one is the last."""
    with database.read() as connection:
        rows = store.all_models(connection, None if site is None else site.id)
        standing, ever = states(connection), store.ever_promoted(connection)
        names = {each.id: each.name for each in all_sites(connection)}
    found = [
        {
            "version": row.version,
            "state": standing.get(row.version, "retired" if row.version in ever else "candidate"),
            "kind": row.kind,
            "site": names.get(row.site_id),
            "base": row.base,
            "made_at": row.created_at.isoformat(timespec="seconds"),
            "made_by": row.made_by,
            "rows": row.manifest.get("rows"),
            "numbers": _numbers(row.report),
            "note": row.note,
        }
        for row in rows
    ]
    if site is None:
        found.append(_shipped(standing.get(None, SHIPPED)))
    return found


def _shipped(state: str) -> dict[str, Any]:
    manifest = read_manifest(DEFAULT_MODEL)
    return {
        "version": manifest["version"],
        "state": state,
        "kind": "global",
        "site": None,
        "base": None,
        "made_at": None,
        "made_by": SHIPPED,
        "rows": manifest.get("rows"),
        "numbers": _numbers(read_report(DEFAULT_MODEL)),
        "note": None,
    }


def _numbers(report: dict[str, Any]) -> dict[str, float]:
    return {name: round(mean, 4) for name, (mean, _) in key_numbers(report).items()}


def table(found: list[dict[str, Any]]) -> None:
    """The rows for people."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    colours = {"champion": "bold green", "previous": "yellow"}
    shown = Table(box=None, pad_edge=False)
    shown.add_column("Version", no_wrap=True)
    for heading in ("State", "For", "Made", "Rows", "Mean area under the curve", "Note"):
        shown.add_column(heading)
    for each in found:
        shown.add_row(
            each["version"],
            Text(each["state"], colours.get(each["state"], "")),
            each["site"] or "all sites",
            (each["made_at"] or each["made_by"])[:10],
            "" if each["rows"] is None else f"{each['rows']:,}",
            "\n".join(f"{value:.3f} {name.replace('_', ' ')}" for name, value in each["numbers"].items()),
            each["note"] or "",
        )
    Console(highlight=False, soft_wrap=not sys.stdout.isatty()).print(shown)


def details(database: Store, version: str) -> dict[str, Any]:
    """Everything that is known of a version."""
    if version in {SHIPPED, shipped_version()}:
        licence = DEFAULT_MODEL / "LICENSE"
        return {
            **_shipped(SHIPPED),
            "manifest": read_manifest(DEFAULT_MODEL),
            "report": read_report(DEFAULT_MODEL),
            "licence": licence.read_text(encoding="utf-8") if licence.exists() else "",
            "promotions": [],
        }
    with database.read() as connection:
        row = store.find_model(connection, version)
        archive = store.read_archive(connection, version)
        if row is None or archive is None:
            raise ModelsError(f"There is no model {version}; `sluice models list` shows them.")
        about = next(each for each in listed(database, None) if each["version"] == version)
        return {
            **about,
            "manifest": row.manifest,
            "report": row.report,
            "licence": page_of(archive, "LICENSE"),
            "promotions": _promotions(connection, version),
        }


def _promotions(connection: Connection, version: str) -> list[dict[str, Any]]:
    return [
        {
            "promoted_at": row.promoted_at.isoformat(timespec="seconds"),
            "promoted_by": row.promoted_by,
            "previous": row.previous,
            "note": row.note,
        }
        for row in store.promotions_to(connection, version, 100)
    ]


def page(found: dict[str, Any]) -> None:
    """The same for people."""
    manifest = found["manifest"]
    click.echo(f"{found['version']}  {found['state']}, for {found['site'] or 'all sites'}")
    for name in ("base", "made_at", "made_by", "note"):
        if found[name]:
            click.echo(f"  {name.replace('_', ' ')}: {found[name]}")
    for name in ("rows", "seed", "snapshot"):
        if manifest.get(name) is not None:
            click.echo(f"  {name}: {manifest[name]}")
    for title, part in (("Recipe", "recipe"), ("Libraries", "libraries")):
        if isinstance(manifest.get(part), dict):
            click.echo(f"\n{title}")
            for name, value in manifest[part].items():
                click.echo(f"  {name}: {value}")
    if measured := areas(found["report"]):
        click.echo("\nAreas under the curve")
        for name, value in measured.items():
            click.echo(f"  {value:.3f}  {name.replace('_', ' ')}")
    if found["promotions"]:
        click.echo("\nPromoted")
        for each in found["promotions"]:
            line = f"  {each['promoted_at']}  {each['promoted_by']}  {each['note'] or ''}"
            click.echo(line.rstrip())
    if found["licence"]:
        click.echo(f"\nTerms\n{found['licence'].rstrip()}")
