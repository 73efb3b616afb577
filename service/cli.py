"""The command `sluice`. Each part of it is imported when it runs, so that none pays for another."""

from __future__ import annotations

import importlib
import sys
from typing import Final

import click

#: Command -> where it lives.
COMMANDS: Final = {
    "up": "service.process.cli:up",
    "demo": "service.commands.demo:demo",
    "serve": "service.commands.run:serve",
    "work": "service.commands.run:work",
    "upkeep": "service.commands.run:upkeep",
    "site": "service.commands.accounts:site",
    "key": "service.commands.accounts:key",
    "user": "service.commands.people:user",
    "webhook": "service.commands.webhooks:webhook",
    "import": "service.commands.imports:import_history",
    "start-from": "service.commands.start_from:start_from",
    "export": "service.commands.exports:export",
    "export-person": "service.commands.exports:export_person",
    "coral": "service.commands.coral:coral",
    "policy": "service.commands.policy:policy",
    "models": "service.commands.models:models",
    "migrate": "service.commands.database:migrate",
    "backup": "service.commands.database:backup",
    "restore": "service.commands.database:restore",
    "doctor": "service.commands.doctor:doctor",
    "train": "service.commands.train:train",
    "score": "classifier.cli:score",
    "evaluate": "classifier.cli:evaluate",
}


class Commands(click.Group):
    """A group that imports a command when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        module, _, attribute = place.partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.version_option(package_name="sluice-moderation", prog_name="sluice")
def cli() -> None:
    """Sluice: comment moderation. A comment in, an explained decision out."""


def main() -> None:
    """Run the command; what goes wrong in a known way is one sentence and exit status 1."""
    from config import SettingsError

    try:
        cli()
    except SettingsError as error:
        click.echo(f"The settings cannot be used:\n{error}" if "\n" in str(error) else str(error), err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
