"""The command `sluice up`: reads options and settings, then becomes the supervisor."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from service.commands.options import data_dir

if TYPE_CHECKING:
    from config import Settings
    from service.process.up import Plan


@click.command()
@data_dir
@click.option("--host", help="Address to listen on. Default: 127.0.0.1.")
@click.option("--port", type=click.IntRange(0, 65_535), help="Port to listen on; 0 takes a free one. Default: 8000.")
@click.option("--workers", type=click.IntRange(1, 64), help="How many worker processes decide. Default: 2.")
@click.option("--no-demo", is_flag=True, help="Do not create a demo site on the first start.")
def up(data_dir: Path | None, host: str | None, port: int | None, workers: int | None, no_demo: bool) -> None:
    """Run everything on this machine: web, workers, upkeep and Redis, restarted when they die."""
    from config import SettingsError, load
    from config.paths import UnsafeFolderError
    from service.process.redis_server import RedisUnavailableError

    try:
        settings = load({"data_dir": data_dir, "host": host, "port": port, "workers": workers})
        if settings.database_url or settings.redis_url:
            _ = settings.secret  # cannot be made up here; say so before anything starts
        plan = make_plan(settings, demo=not no_demo)
    except (SettingsError, RedisUnavailableError, UnsafeFolderError) as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    except OSError as error:
        click.echo(f"Cannot listen on {settings.host}: {error.strerror}; give another --host.", err=True)
        sys.exit(1)
    os.execv(sys.executable, [sys.executable, "-P", "-m", "service.process.up", plan.to_json()])  # noqa: S606


def make_plan(settings: Settings, *, demo: bool) -> Plan:
    """What to start for these settings.

    Raises:
        RedisUnavailableError: Redis is to be embedded and there is none.
        UnsafeFolderError: the place for its socket belongs to somebody else.
    """
    from config.paths import direct_socket_path, fits, short_socket_path
    from service.process.redis_server import find_program
    from service.process.up import Plan

    port = settings.port or free_port(settings.host)
    command, folder = sluice_command(), ["--data-dir", str(settings.data_dir)]
    address = ["--host", settings.host, "--port", str(port)]
    direct = direct_socket_path(settings.data_dir)
    return Plan(
        data_dir=str(settings.data_dir),
        host=settings.host,
        port=port,
        web=[*command, "serve", *folder, *address],
        work=[*command, "work", *folder, "--no-upkeep"],
        workers=settings.workers,
        upkeep=[*command, "upkeep", *folder],
        demo=[*command, "demo", *folder, *address] if demo else None,
        first_user=[*command, "user", "first", *folder, *address],
        redis_program=str(find_program()) if settings.embedded_redis else None,
        redis_socket=str(direct if fits(direct) else short_socket_path(settings.data_dir)),
        log_json=settings.log_format == "json",
        quiet=settings.log_level in {"warning", "error"},
    )


def sluice_command() -> list[str]:
    """How to start our own command: the script beside this Python, else the module."""
    script = Path(sys.executable).with_name("sluice")
    return [str(script)] if os.access(script, os.X_OK) else [sys.executable, "-P", "-m", "service.cli"]


def free_port(host: str) -> int:
    """A port that nobody listens on at this moment."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as server:
        return int(server.getsockname()[1])
