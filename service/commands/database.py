"""`sluice backup`, `sluice restore` and `sluice migrate`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from config import Settings
from service.commands.options import as_json, data_dir, plainly, settings
from service.store.archive import Manifest
from service.store.engine import Store


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@as_json
@data_dir
@plainly
def backup(file: Path | None, as_json: bool, data_dir: Path | None) -> None:
    """Write everything to FILE (.tar.gz), also while the service runs.

    FILE may be a folder; without it the backup goes to `backups` in the data folder. It holds comments, addresses of
    people and API keys' secret: keep it as safe as the service, and delete it when what was erased must be gone.
    """
    from service.store.archive import BackupError
    from service.store.backup import backup as write_backup
    from service.store.backup import default_target

    chosen = settings(data_dir=data_dir)
    if not _has_database(chosen):
        raise BackupError(f"There is no database in {chosen.data_dir}; name the folder that has one: --data-dir.")
    target = default_target(chosen, datetime.now(UTC))
    if file is not None:
        target = file / target.name if file.is_dir() else file
    store = Store(chosen.database_address, pool_size=1)
    try:
        manifest = write_backup(chosen, store, target)
    finally:
        store.close()
    size = target.stat().st_size
    _say(
        as_json,
        {"backup": {"file": str(target), "bytes": size, **_document(manifest)}},
        f"Backed up {_counted(manifest)} to {target} ({size / 1e6:,.1f} MB).",
    )


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--yes", is_flag=True, help="Replace what the database holds without asking.")
@as_json
@data_dir
@plainly
def restore(file: Path, yes: bool, as_json: bool, data_dir: Path | None) -> None:
    """Replace everything by the backup in FILE, also while the service runs.

    The backup may come from SQLite or PostgreSQL and go to either: set SLUICE_DATABASE_URL to move to PostgreSQL.
    """
    from service.store.archive import inspect
    from service.store.backup import replaces_secret
    from service.store.backup import restore as put_back

    chosen = settings(data_dir=data_dir)
    manifest = inspect(file)
    new_secret = replaces_secret(chosen, file, manifest)
    changed_under_foot = new_secret and chosen.secret_file.exists()
    if not yes and (present := _present(chosen)):
        click.confirm(
            f"Replace {present} by the backup of {manifest.created_at:%Y-%m-%d %H:%M} UTC?", abort=True, err=True
        )
    put_back(chosen, file, manifest)
    sentence = f"Restored {_counted(manifest)} from {file}."
    if changed_under_foot:
        sentence += " The secret key changed with it: if the service runs, restart it now."
    _say(as_json, {"restored": {"restart_needed": changed_under_foot, **_document(manifest)}}, sentence)


@click.command()
@as_json
@data_dir
@plainly
def migrate(as_json: bool, data_dir: Path | None) -> None:
    """Bring the database to this version, backing it up first. Every other command does this by itself."""
    from service.store.glance import HEAD
    from service.store.migrate import current_revision, ensure_current

    chosen = settings(data_dir=data_dir)
    chosen.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    store = Store(chosen.database_address, pool_size=1)
    try:
        before = current_revision(store)
        ensure_current(chosen)
    finally:
        store.close()
    sentence = "The database is current" if before == HEAD else f"Migrated the database from {before or 'nothing'}"
    _say(as_json, {"before": before, "after": HEAD}, f"{sentence} (version {HEAD}).")


def _present(chosen: Settings) -> str:
    """What a restore would replace, in words; empty when there is nothing."""
    from service.store.comments import count_by_status
    from service.store.migrate import current_revision

    if not _has_database(chosen):
        return ""
    store = Store(chosen.database_address, pool_size=1)
    try:
        if current_revision(store) is None:
            return ""
        with store.read() as connection:
            sites = connection.exec_driver_sql("SELECT count(*) FROM sites").scalar_one()
            comments = sum(count_by_status(connection).values())
    finally:
        store.close()
    return f"{_several(sites, 'site')} with {_several(comments, 'comment')}" if sites else ""


def _has_database(chosen: Settings) -> bool:
    """Whether there is one to look into; looking would make an empty file."""
    return bool(chosen.database_url) or (chosen.data_dir / "sluice.db").exists()


def _counted(manifest: Manifest) -> str:
    rows = manifest.rows
    return f"{_several(rows.get('sites', 0), 'site')} with {_several(rows.get('comments', 0), 'comment')}"


def _several(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _document(manifest: Manifest) -> dict[str, Any]:
    return {"revision": manifest.revision, "created_at": manifest.created_at.isoformat(), "rows": manifest.rows}


def _say(as_json: bool, document: dict[str, Any], text: str) -> None:
    click.echo(json.dumps(document, ensure_ascii=False) if as_json else text)
