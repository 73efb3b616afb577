"""`sluice doctor`: what is wrong, and what to do about it. It looks only: nothing is started, made or migrated."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from config import SettingsError
from service.commands.options import as_json, data_dir, plainly, settings

if TYPE_CHECKING:
    from service.checkup import Finding


@click.command()
@as_json
@data_dir
@plainly
def doctor(as_json: bool, data_dir: Path | None) -> None:
    """Check the installation and say in one sentence each what is wrong and what to do; exit 1 if anything is."""
    from service.checkup import Finding, State, examine

    try:
        findings = examine(settings(data_dir=data_dir))
    except SettingsError as error:
        findings = [Finding("settings", State.WRONG, problem) for problem in str(error).splitlines()]
    healthy = all(finding.state is not State.WRONG for finding in findings)
    if as_json:
        checks = [{"name": each.name, "state": each.state.value, "message": each.message} for each in findings]
        click.echo(json.dumps({"ok": healthy, "checks": checks}, ensure_ascii=False))
    else:
        _show(findings)
    sys.exit(0 if healthy else 1)


def _show(findings: list[Finding]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from service.checkup import State

    colours = {State.FINE: "green", State.WRONG: "bold red", State.UNKNOWN: "yellow"}
    table = Table(box=None, pad_edge=False)
    for heading in ("Check", "State", "What is so"):
        table.add_column(heading)
    for each in findings:
        table.add_row(each.name, Text(each.state.value, colours[each.state]), Text(each.message))
    Console(highlight=False, soft_wrap=not sys.stdout.isatty()).print(table)
