"""A look at the whole installation: what `sluice doctor` reports.

Each check answers in one sentence, and says what to do when something is wrong. Nothing here starts, makes or
migrates anything; a check that depends on a part that is away is reported as unknown.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import redis
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from classifier.adaptation import load_adaptation
from classifier.registry import ModelError, load, load_default
from config import Settings, SettingsError
from config.paths import UnsafeFolderError
from service.artefacts import Artefacts
from service.deliveries import how_it_stands, secrets_of
from service.models import resting
from service.process.redis_server import OLDEST_REDIS
from service.queue import LEADER, Queue, connect
from service.store import comments, hooks, models
from service.store.engine import Store
from service.store.facts import probe, read_fact
from service.store.glance import HEAD, SECRET_FACT, fingerprint
from service.store.migrate import current_revision

#: Less free space than this is too little for a busy day and a backup.
LEAST_FREE_BYTES: Final = 500 * 1024 * 1024
#: Clocks further apart than this make deadlines and retention wrong.
CLOCK_SECONDS: Final = 2.0
#: An event that no webhook was told for so long is worth a look.
LATE_WEBHOOK_SECONDS: Final = 900.0


class State(StrEnum):
    """How a check came out."""

    FINE = "ok"
    WRONG = "wrong"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check's answer."""

    name: str
    state: State
    message: str


def examine(settings: Settings) -> list[Finding]:
    """Every check, in the order in which one would mend things."""
    return [
        Finding("settings", State.FINE, "All settings can be used."),
        *_data_folder(settings),
        _secret_file(settings),
        *_database(settings),
        *_redis(settings),
    ]


# --- Files --------------------------------------------------------------------------------------------------------


def _data_folder(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir
    if not folder.is_dir():
        yield _wrong("data folder", f"There is no folder {folder}; `sluice up` makes it, or name another: --data-dir.")
        return
    status = folder.stat()
    if not _is_ours(folder):
        yield _wrong("data folder", f"{folder} belongs to user {status.st_uid}; run this command as that user.")
    elif not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield _wrong("data folder", f"{folder} cannot be written; give it mode 700.")
    elif status.st_mode & 0o077:
        yield _wrong("data folder", f"Others can look into {folder}; run: chmod 700 {folder}")
    else:
        yield _fine("data folder", f"{folder} is ours alone.")
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE_BYTES:
        yield _wrong("disk", f"Only {free / 1e6:,.0f} MB are free for {folder}; make room or move it to a larger disk.")
    else:
        yield _fine("disk", f"{free / 1e9:,.1f} GB are free.")


def _secret_file(settings: Settings) -> Finding:
    if not settings.embedded_secret:
        try:
            return _fine("secret", f"The secret comes from the settings ({len(settings.secret)} bytes).")
        except SettingsError as error:
            return _wrong("secret", str(error))
    if not settings.secret_file.exists():
        return Finding("secret", State.UNKNOWN, "There is no secret yet; the first start makes it.")
    if not os.access(settings.secret_file, os.R_OK):
        return _wrong("secret", f"{settings.secret_file} cannot be read; run this command as the user who owns it.")
    if settings.secret_file.stat().st_mode & 0o077:
        return _wrong("secret", f"Others can read the secret; run: chmod 600 {settings.secret_file}")
    return _fine("secret", f"{settings.secret_file} is ours alone.")


# --- Database -----------------------------------------------------------------------------------------------------


def _database(settings: Settings) -> list[Finding]:
    if not settings.database_url:
        file = settings.data_dir / "sluice.db"
        if not file.exists():
            return [_wrong("database", f"There is no database in {settings.data_dir} yet; `sluice up` makes it.")]
        if not _is_ours(file):  # opening it as somebody else leaves files that its owner cannot open
            return [Finding("database", State.UNKNOWN, "It is looked at only as the user who owns it.")]
        if file.stat().st_mode & 0o077 and settings.data_dir.stat().st_mode & 0o077:
            return [_wrong("database", f"Others can read the database; run: chmod 600 {file}*")]
    store = Store(settings.database_address, pool_size=1)
    try:
        return list(_inside(settings, store))
    except SQLAlchemyError as error:
        return [_wrong("database", f"It cannot be used: {_reason(error)}; check SLUICE_DATABASE_URL and the server.")]
    finally:
        store.close()


def _inside(settings: Settings, store: Store) -> Iterator[Finding]:
    kind = "SQLite" if store.is_sqlite else "PostgreSQL"
    found = current_revision(store)
    if found == HEAD:
        yield _writable(store, kind)
        yield _fine("migrations", f"The database is at version {HEAD}, as it should be.")
        yield _same_secret(settings, store)
        yield _undecided(settings, store)
        yield from _models(store)
        yield _webhooks(settings, store)
    else:
        yield _fine("database", f"{kind} answers.")
        yield _wrong("migrations", _migration_advice(found))
    if not store.is_sqlite:
        with store.read() as connection:
            before = time.time()
            theirs = connection.execute(sa.text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one()
            yield _clock("database clock", float(theirs), before, time.time())


def _writable(store: Store, kind: str) -> Finding:
    try:
        store.write(probe)
    except SQLAlchemyError as error:
        return _wrong("database", f"{kind} can be read but not written: {_reason(error)}; comments cannot be stored.")
    return _fine("database", f"{kind} can be read and written.")


def _migration_advice(found: str | None) -> str:
    if found is None:
        return "The database has no tables yet; `sluice migrate` or any start makes them."
    if found > HEAD:
        return f"The database is at version {found}, newer than this program knows ({HEAD}); install the newer Sluice."
    return f"The database is at version {found} and this program needs {HEAD}; `sluice migrate` backs up and migrates."


def _same_secret(settings: Settings, store: Store) -> Finding:
    with store.read() as connection:
        known = read_fact(connection, SECRET_FACT)
    name = "API keys"
    if known is None:
        return Finding(name, State.UNKNOWN, "No start has noted yet which secret they were made with.")
    try:
        readable = not settings.embedded_secret or settings.secret_file.exists()  # asking would make a new one
        if readable and fingerprint(settings.secret) == known:
            return _fine(name, "They were made with our secret.")
    except (SettingsError, OSError):
        pass  # reported as the secret's own fault
    return _wrong(name, "They were made with another secret: bring the old one back, or restore a backup.")


def _undecided(settings: Settings, store: Store) -> Finding:
    with store.read() as connection:
        count, oldest = comments.undecided_since(connection)
    if oldest is None:
        return _fine("undecided", "Every comment is decided.")
    age = max(0.0, (datetime.now(UTC) - oldest).total_seconds())
    said = f"{count:,} comments wait for the machine, the oldest for {age:,.0f} s"
    if age > settings.decision_deadline_seconds:
        return _wrong("undecided", f"{said}: start workers (`sluice work`), or more of them.")
    return _fine("undecided", f"{said}.")


def _webhooks(settings: Settings, store: Store) -> Finding:
    name = "webhooks"
    with store.read() as connection:
        standing = how_it_stands(connection)
        every = hooks.webhooks_of(connection)
    if not every:
        return _fine(name, "There are none.")
    readable = not settings.embedded_secret or settings.secret_file.exists()  # asking would make a new one
    if readable and any(not secrets_of(settings.secret, row) for row in every):
        return _wrong(name, "A secret was sealed with another secret of ours: `sluice webhook rotate` makes a new one.")
    if standing.disabled or standing.dead:
        advice = "`sluice webhook list` and `sluice webhook deliveries --state dead` say why."
        return _wrong(name, f"{standing.sentence} {advice}")
    age = 0.0
    if standing.oldest_waiting is not None:
        age = max(0.0, (datetime.now(UTC) - standing.oldest_waiting).total_seconds())
    if age > LATE_WEBHOOK_SECONDS:
        why = f" Last: {standing.last_failure}" if standing.last_failure else " Is `sluice upkeep` running?"
        return _wrong(name, f"{standing.sentence[:-1]}, the oldest for {age:,.0f} s.{why}")
    return _fine(name, standing.sentence)


def _models(store: Store) -> Iterator[Finding]:
    """The model that decides, unpacked and loaded as web and worker processes do it."""
    with store.read() as connection:
        in_force = models.in_force(connection)
        asleep = resting(connection)
    promoted = in_force[None].version if None in in_force else None
    try:
        with tempfile.TemporaryDirectory() as folder:
            artefacts = Artefacts(store, Path(folder))
            scorer = load_default() if promoted is None else load(artefacts.fetch(promoted))
    except (ModelError, OSError, ValueError) as error:
        if promoted is None:
            yield _wrong("model", f"{error} Until then every comment is held.")
        else:
            yield _wrong("model", f"{promoted} was promoted but cannot be used, an earlier one decides: {error}")
    else:
        yield _fine("model", f"{scorer.version} is whole{'' if promoted else ', the shipped one'}.")
    yield from _adaptations(store, [row.version for site, row in in_force.items() if site and row.version])
    if asleep:
        names = ", ".join(row.version for row in asleep)
        yield _wrong("adaptations", f"Not in use, since another model decides now: {names}; train them again.")


def _adaptations(store: Store, versions: Sequence[str]) -> Iterator[Finding]:
    """What sites taught, loaded as processes do it."""
    broken = []
    with tempfile.TemporaryDirectory() as folder:
        artefacts = Artefacts(store, Path(folder))
        for version in versions:
            try:
                load_adaptation(artefacts.fetch(version))
            except (ModelError, OSError):
                broken.append(version)
    if broken:
        names = ", ".join(broken)
        yield _wrong(
            "adaptations", f"These cannot be used, so the model decides alone there: {names}; train them again."
        )


# --- Redis --------------------------------------------------------------------------------------------------------


def _redis(settings: Settings) -> list[Finding]:
    try:
        client = connect(settings.redis_address)
        before = time.time()
        seconds, micros = client.time()
        clock = _clock("Redis clock", seconds + micros / 1e6, before, time.time())
        info = client.info()
        return [_redis_itself(settings, info), clock, *_processes(client)]
    except UnsafeFolderError as error:
        return [_wrong("Redis", str(error))]
    except redis.RedisError as error:
        advice = "start the service with `sluice up`" if settings.embedded_redis else "check SLUICE_REDIS_URL"
        away = f"Redis does not answer ({type(error).__name__}): {advice}. Comments are stored and decided later."
        unknown = [Finding(name, State.UNKNOWN, "Redis would know.") for name in ("queue", "workers", "upkeep")]
        return [_wrong("Redis", away), *unknown]


def _redis_itself(settings: Settings, info: dict[str, Any]) -> Finding:
    version = str(info["redis_version"])
    numbers = tuple(int(part) for part in version.split(".")[:2])
    if numbers < OLDEST_REDIS:
        return _wrong("Redis", f"Redis {version} is too old; install 6.2 or newer, or Valkey.")
    policy = info.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        return _wrong("Redis", f"Redis may throw away the queue ({policy}); set maxmemory-policy to noeviction.")
    if settings.embedded_redis and not info.get("aof_enabled"):
        return _wrong("Redis", "The embedded Redis does not keep its file; stop it and start again with `sluice up`.")
    if info.get("aof_last_write_status", "ok") != "ok":
        return _wrong("Redis", "Redis cannot write its file; look at the disk and at Redis' log.")
    limit = int(info.get("maxmemory", 0))
    if limit and int(info["used_memory"]) > 0.9 * limit:
        return _wrong("Redis", "Redis has used nine tenths of its memory; raise maxmemory.")
    return _fine("Redis", f"Redis {version} answers.")


def _processes(client: redis.Redis) -> Iterator[Finding]:
    queue = Queue(client)
    yield _fine("queue", f"{queue.waiting():,} comments are on the waiting list.")
    workers, used = queue.workers(), queue.models()
    if len(used) > 1:
        said = ", ".join(f"{count} with {model}" for model, count in sorted(used.items()))
        hint = "after a promotion they agree within seconds, else see the log of those that do not"
        yield Finding("workers", State.UNKNOWN, f"They use different models ({said}): {hint}.")
    elif workers:
        said = "".join(f", with {model}" for model in used)
        yield _fine("workers", f"{workers} with a model {'is' if workers == 1 else 'are'} at work{said}.")
    else:
        yield _wrong("workers", "No worker with a model has reported lately; start `sluice up` or `sluice work`.")
    if client.exists(LEADER):
        yield _fine("upkeep", "It is done.")
    else:
        yield _wrong("upkeep", "Nobody does upkeep, so lost work is not found; start `sluice up` or `sluice upkeep`.")


# --- Words --------------------------------------------------------------------------------------------------------


def _clock(name: str, theirs: float, before: float, after: float) -> Finding:
    apart = max(before - theirs, theirs - after, 0.0)
    if apart > CLOCK_SECONDS:
        return _wrong(name, f"It is {apart:,.1f} s away from this machine's; set both by NTP.")
    return _fine(name, "It agrees with this machine's.")


def _is_ours(path: Path) -> bool:
    return path.stat().st_uid == os.geteuid()


def _reason(error: SQLAlchemyError) -> str:
    lines = str(getattr(error, "orig", None) or error).strip().splitlines()
    return lines[-1].strip().rstrip(".") if lines else type(error).__name__


def _fine(name: str, message: str) -> Finding:
    return Finding(name, State.FINE, message)


def _wrong(name: str, message: str) -> Finding:
    return Finding(name, State.WRONG, message)
