"""`sluice policy`: what a site's owner asks for, from the command line."""

from __future__ import annotations

import functools
import getpass
import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click
from sqlalchemy.engine import Connection

from classifier.policy import PolicyError
from classifier.policy_document import Fault, from_toml, parse, to_fields, to_toml
from classifier.policy_tables import PolicyDocument
from classifier.proof import CONFIDENCE, FEWEST_CAUGHT, LIMIT, needed
from service.commands.options import as_json, data_dir, fail, plainly, settings
from service.moderation import ModerationError
from service.policies import Effective, check_scope, load_shelf, read_scope, set_policy
from service.proofs import Found, evidence, proofs_of, with_lines
from service.store import policies as store
from service.store.accounts import get_site
from service.store.engine import Store
from service.store.migrate import ensure_current

P = ParamSpec("P")
T = TypeVar("T")


def _faults_told(command: Callable[P, None]) -> Callable[P, None]:
    """Turn what is wrong with a policy or scope into a sentence for each fault."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except (PolicyError, ModerationError) as error:
            fail(str(error))

    return run


scope_option = click.option(
    "--scope", default="site", help="site, section:NAME, or article:ADDRESS (the path is what counts)."
)


@click.group()
def policy() -> None:
    """Read, set and check the policies of a site."""


@policy.command("show")
@click.argument("site_name")
@scope_option
@click.option("--effective", is_flag=True, help="Show all that holds there, and which version each value is from.")
@as_json
@data_dir
@plainly
@_faults_told
def show_policy(site_name: str, scope: str, effective: bool, as_json: bool, data_dir: Path | None) -> None:
    """Show the policy of a scope, as the TOML that `sluice policy set` reads."""
    place = read_scope(scope)

    def work(connection: Connection, site_id: str) -> tuple[int, Effective, PolicyDocument]:
        row = store.current(connection, site_id, place)
        holds = load_shelf(connection, site_id).effective_of(place)
        own = PolicyDocument() if row is None else parse(row.document)
        return 0 if row is None else row.version, holds, holds.document if effective else own

    version, holds, document = _with_site(data_dir, site_name, work)
    if as_json:
        found = {"scope": place, "version": version, "policy": holds.version, "document": to_fields(document)}
        click.echo(json.dumps(found | ({"origins": dict(holds.origins)} if effective else {}), ensure_ascii=False))
        return
    click.echo(f"# {place} of {site_name}, version {version}; decisions there are recorded as {holds.version}")
    click.echo(to_toml(document, holds.origins if effective else {}), nl=False)


@policy.command("set")
@click.argument("site_name")
@click.argument("file", type=click.File("rb"))
@scope_option
@click.option("--if-version", type=click.IntRange(min=0), help="Refuse if the policy has another version by now.")
@click.option("--note", help="Why; kept with the version.")
@as_json
@data_dir
@plainly
@_faults_told
def set_policy_from(
    *,
    site_name: str,
    file: Any,
    scope: str,
    if_version: int | None,
    note: str | None,
    as_json: bool,
    data_dir: Path | None,
) -> None:
    """Set the policy of a scope from FILE (TOML, - for standard input). Workers go by it within seconds."""
    place, document = read_scope(scope), _read(file)

    def work(connection: Connection, site_id: str) -> int:
        return set_policy(
            connection,
            site_id,
            place,
            document,
            expected=if_version,
            made_by=f"cli:{getpass.getuser()}"[:200],
            note=note,
            now=datetime.now(UTC),
        )

    version = _with_site(data_dir, site_name, work)
    text = f"The policy of {site_name} ({place}) is at version {version}."
    click.echo(json.dumps({"scope": place, "version": version}) if as_json else text)


@policy.command("history")
@click.argument("site_name")
@scope_option
@click.option("--limit", type=click.IntRange(1, 1000), default=20, help="How many versions to list.")
@as_json
@data_dir
@plainly
@_faults_told
def policy_history(site_name: str, scope: str, limit: int, as_json: bool, data_dir: Path | None) -> None:
    """List the versions of a scope's policy, newest first."""
    place = read_scope(scope)
    rows = _with_site(data_dir, site_name, lambda c, site_id: store.versions(c, site_id, place, None, limit))
    if as_json:
        items = [
            {
                "version": row.version,
                "made_by": row.made_by,
                "created_at": row.created_at.isoformat(timespec="seconds"),
                "note": row.note,
                "document": row.document,
            }
            for row in rows
        ]
        click.echo(json.dumps({"scope": place, "items": items}, ensure_ascii=False))
        return
    for row in rows:
        click.echo(f"{row.version:>4}  {row.created_at:%Y-%m-%d %H:%M}  {row.made_by}  {row.note or ''}".rstrip())
    if not rows:
        click.echo("No policy was ever set here; what it inherits holds.")


@policy.command("check")
@click.argument("file", type=click.File("rb"))
@click.option("--site", "site_name", required=True, help="Site whose policies the file is laid over.")
@scope_option
@as_json
@data_dir
@plainly
@_faults_told
def check_policy(file: Any, site_name: str, scope: str, as_json: bool, data_dir: Path | None) -> None:
    """Say what is wrong with FILE, or what would hold if it were set; changes nothing."""
    place, document = read_scope(scope), _read(file)
    check_scope(place, document)
    holds = _with_site(
        data_dir, site_name, lambda c, site_id: load_shelf(c, site_id, instead={place: to_fields(document)})
    ).effective_of(place)
    if as_json:
        found = {"scope": place, "effective": to_fields(holds.document), "origins": dict(holds.origins)}
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    click.echo(f"# Good. With this file, this would hold in {place} of {site_name}:")
    click.echo(to_toml(holds.document, holds.origins), nl=False)


@policy.command("prove")
@click.argument("site_name")
@scope_option
@click.option("--limit", type=click.FloatRange(0.0005, 0.2), default=LIMIT, help="Most honest comments to be rejected.")
@click.option("--confidence", type=click.FloatRange(0.5, 0.9999), default=CONFIDENCE, help="How sure the proof is.")
@click.option("--set", "setting", is_flag=True, help="Set the proved lines in the scope's policy, with the evidence.")
@as_json
@data_dir
@plainly
@_faults_told
def prove_policy(
    *, site_name: str, scope: str, limit: float, confidence: float, setting: bool, as_json: bool, data_dir: Path | None
) -> None:
    """Find from which scores on the site's rulings prove that rejecting is safe, as TOML for its policy."""
    place = read_scope(scope)

    def work(connection: Connection, site_id: str) -> tuple[Found, int | None]:
        found = proofs_of(connection, site_id, limit=limit, confidence=confidence)
        if not setting or not found.proofs:
            return found, None
        row = store.current(connection, site_id, place)
        document = with_lines({} if row is None else row.document, found)
        return found, set_policy(
            connection,
            site_id,
            place,
            document,
            expected=None,
            made_by=f"cli:{getpass.getuser()}"[:200],
            note="; ".join(evidence(head, proof, limit) for head, proof in found.proofs.items()),
            now=datetime.now(UTC),
        )

    found, version = _with_site(data_dir, site_name, work)
    if as_json:
        proofs = {head: asdict(proof) for head, proof in found.proofs.items()}
        answer = {"model": found.model, "honest": found.honest, "proofs": proofs, "version": version}
        click.echo(json.dumps(answer))
        return
    for head, proof in found.proofs.items():
        click.echo(f"# {evidence(head, proof, limit)}\n[heads.{head}]\nreject_at = {proof.line:g}\n")
    if not found.proofs:
        least = f"{needed(limit, confidence):,} are needed at least, besides {FEWEST_CAUGHT} rejected for one reason"
        fail(f"Nothing is proved: people approved {found.honest:,} comments that {found.model} had judged; {least}.")
    if version is not None:
        click.echo(f"The policy of {site_name} ({place}) is at version {version}.")


def _read(file: Any) -> PolicyDocument:
    try:
        return from_toml(file.read().decode())
    except UnicodeDecodeError:
        raise PolicyError([Fault((), "This is not UTF-8.")]) from None


def _with_site(data_dir: Path | None, site_name: str, work: Callable[[Connection, str], T]) -> T:
    chosen = settings(data_dir=data_dir)
    ensure_current(chosen)
    database = Store(chosen.database_address, pool_size=1)
    try:
        return database.write(lambda connection: work(connection, get_site(connection, site_name).id))
    finally:
        database.close()
