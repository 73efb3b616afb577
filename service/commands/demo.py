"""`sluice demo`."""

from __future__ import annotations

from pathlib import Path

import click

from service.commands.options import data_dir, fail, plainly, settings


@click.command()
@data_dir
@click.option("--host", help="Where the running service listens.")
@click.option("--port", type=click.IntRange(1, 65_535), help="Its port.")
@plainly
def demo(data_dir: Path | None, host: str | None, port: int | None) -> None:
    """Show a running, still empty service at work: a demo site, sample comments, their decisions."""
    from rich.console import Console

    from service.demo import DemoError, run

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 120
    try:
        run(settings(data_dir=data_dir, host=host, port=port), console)
    except (DemoError, OSError) as error:
        fail(f"The demo stopped: {error}")
