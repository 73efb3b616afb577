"""What the commands share: options, settings, and one sentence when something is wrong."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import click

from config import Settings, SettingsError, load
from config.paths import UnsafeFolderError

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

P = ParamSpec("P")
R = TypeVar("R")

data_dir = click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    help="Folder for database, Redis, models and the secret. Default: SLUICE_DATA_DIR, else ./data.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON only.")


def settings(**overrides: Any) -> Settings:
    """The settings with a command's options, logging set up."""
    import config.logs

    os.umask(0o077)  # comments and addresses of people are in the files that commands make
    loaded = load(overrides)
    config.logs.configure(loaded.log_level, loaded.log_format)
    return loaded


def write(data_dir: Path | None, work: Callable[[Connection, Settings], R], **overrides: Any) -> R:
    """Do something in one transaction of the database, which is made or upgraded first if need be."""
    from service.store.engine import Store
    from service.store.migrate import ensure_current

    chosen = settings(data_dir=data_dir, **overrides)
    ensure_current(chosen)
    store = Store(chosen.database_address, pool_size=1)
    try:
        return store.write(lambda connection: work(connection, chosen))
    finally:
        store.close()


def fail(sentence: str) -> None:
    """Say what is wrong and end with status 1."""
    click.echo(sentence, err=True)
    sys.exit(1)


def plainly(command: Callable[P, R]) -> Callable[P, R]:
    """Turn the errors an operator can mend into one sentence."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        from redis import RedisError
        from sqlalchemy.exc import SQLAlchemyError

        from service.hooks import HookError
        from service.site_options import OptionError
        from service.store.accounts import AccountError
        from service.store.archive import BackupError

        try:
            return command(*args, **kwargs)
        except (AccountError, BackupError, HookError, OptionError, SettingsError, UnsafeFolderError) as error:
            click.echo(str(error), err=True)
        except SQLAlchemyError as error:
            reason = str(getattr(error, "orig", error)).splitlines()[0]
            click.echo(f"The database cannot be used: {reason}", err=True)
        except RedisError as error:
            advice = "is `sluice up` running on this data folder, or SLUICE_REDIS_URL right?"
            click.echo(f"Redis cannot be used ({error}): {advice}", err=True)
        except BrokenPipeError:  # whoever read our output has gone; click ends quietly
            raise
        except OSError as error:
            click.echo(f"{error.filename or 'A file'} cannot be used: {error.strerror or error}.", err=True)
        sys.exit(1)

    return run
