"""`sluice serve`, `sluice work`, `sluice upkeep`: the halves that `sluice up` runs together."""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import click

from config import Settings
from service.commands.options import data_dir, fail, plainly, settings

#: How long a predecessor that is just ending may keep the port.
PORT_SECONDS = 3.0


@click.command()
@data_dir
@click.option("--host", help="Address to listen on. Default: 127.0.0.1.")
@click.option("--port", type=click.IntRange(1, 65_535), help="Port to listen on. Default: 8000.")
@click.option("--processes", "web_processes", type=click.IntRange(1, 64), help="Web processes.")
@click.option("--threads", "web_threads", type=click.IntRange(2, 1024), help="Threads in each web process.")
@plainly
def serve(
    data_dir: Path | None, host: str | None, port: int | None, web_processes: int | None, web_threads: int | None
) -> None:
    """Serve the HTTP API; `sluice work` on this or other hosts makes the decisions."""
    from granian.constants import Interfaces, RuntimeModes
    from granian.log import LogLevels
    from granian.server import Server

    from service.store.glance import is_current

    chosen = settings(data_dir=data_dir, host=host, port=port, web_processes=web_processes, web_threads=web_threads)
    _await_port(chosen)
    if not is_current(chosen):
        from service.store.migrate import ensure_current

        ensure_current(chosen)
    _hand_down(chosen)
    # Most of our threads wait for a decision, they do not compute: the advice to have fewer does not apply.
    logging.getLogger("_granian").addFilter(lambda record: "Python threads" not in record.getMessage())
    Server(
        "service.wsgi:serve_app",
        factory=True,
        interface=Interfaces.WSGI,
        address=chosen.host,
        port=chosen.port,
        workers=chosen.web_processes,
        blocking_threads=chosen.web_threads,
        blocking_threads_idle_timeout=600,
        runtime_mode=RuntimeModes.st,
        backlog=2048,
        respawn_failed_workers=True,
        workers_kill_timeout=5,
        websockets=False,
        log_level=LogLevels.warning,
    ).serve()


@click.command()
@data_dir
@click.option("--no-upkeep", is_flag=True, help="Leave upkeep to another process.")
@plainly
def work(data_dir: Path | None, no_upkeep: bool) -> None:
    """Decide comments: one RQ worker process, with upkeep unless told otherwise. Start as many as there are cores."""
    from service.store.migrate import ensure_current

    chosen = settings(data_dir=data_dir)
    ensure_current(chosen)
    _workers("work")(chosen, with_upkeep=not no_upkeep)


@click.command()
@data_dir
@plainly
def upkeep(data_dir: Path | None) -> None:
    """Find lost work, hold what is late, erase what is due; one host does it at a time."""
    from service.store.migrate import ensure_current

    chosen = settings(data_dir=data_dir)
    ensure_current(chosen)
    _workers("keep_up")(chosen)


def _workers(name: str) -> Callable[..., None]:
    """A function of ``workers.main``, by name: service must not import workers."""
    import importlib

    found: Callable[..., None] = getattr(importlib.import_module("workers.main"), name)
    return found


def _await_port(chosen: Settings) -> None:
    """End with a sentence when somebody else listens there; granian would share the port, and the requests, with it."""
    from service.process.up import CannotStartError, check_port

    ends = time.monotonic() + PORT_SECONDS
    while True:
        try:
            return check_port(chosen.host, chosen.port)
        except CannotStartError as error:
            if time.monotonic() > ends:
                fail(str(error))
        time.sleep(0.1)


def _hand_down(chosen: Settings) -> None:
    """Put what the options said where granian's processes look for it."""
    for name in ("data_dir", "host", "port", "web_processes", "web_threads"):
        os.environ[f"SLUICE_{name.upper()}"] = str(getattr(chosen, name))
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        folder = chosen.data_dir / "run" / "metrics"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, mode=0o700)
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
