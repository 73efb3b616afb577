"""`sluice doctor`: every fault is found and named with what to do, and looking changes nothing."""

from __future__ import annotations

import json
import os
import shutil
from collections import namedtuple
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
import sqlalchemy as sa
from click.testing import CliRunner
from factories import a_model, a_submission, a_verdict, an_adaptation

import config
from classifier import registry
from classifier.packing import pack
from config import Settings
from service import checkup, hooks, moderation
from service.checkup import Finding, State, examine
from service.cli import cli
from service.deliveries import disable
from service.models import promote, register, shipped_version
from service.queue import LEADER, WaitingList, connect
from service.store import accounts, deliveries, tables
from service.store.engine import Store
from service.store.migrate import ensure_current
from service.store.tables_hooks import webhooks

NOW = datetime.now(UTC)


@pytest.fixture
def settings(tmp_path: Path, redis_url: str, make_current: Callable[[Settings], None]) -> Settings:
    """An installation with an outside Redis, a worker, and somebody who does upkeep."""
    chosen = config.load({"data_dir": tmp_path / "data", "redis_url": redis_url, "secret_key": "s" * 40}, environ={})
    make_current(chosen)
    client = connect(redis_url)
    WaitingList(client).report_alive("a-worker", "a-model")
    client.set(LEADER, "somebody", ex=15)
    return chosen


@pytest.fixture
def client(redis_url: str) -> redis.Redis:
    """A look into Redis, put right again afterwards."""
    found = connect(redis_url)
    yield found
    found.config_set("maxmemory-policy", "noeviction")
    found.config_set("maxmemory", 0)
    found.close()


def wrong(settings: Settings) -> dict[str, str]:
    """What is wrong, by name of the check."""
    return {found.name: found.message for found in examine(settings) if found.state is State.WRONG}


def everything_in(folder: Path) -> dict[str, tuple[int, int]]:
    """All files with size and time."""
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in folder.rglob("*") if path.is_file()}


def test_a_healthy_installation(settings):
    """Every check is fine, and each says so in one sentence."""
    findings = examine(settings)

    assert [found for found in findings if found.state is not State.FINE] == []
    assert {found.name for found in findings} >= {
        "settings", "data folder", "disk", "secret", "database", "migrations", "API keys", "undecided", "Redis",
        "Redis clock", "queue", "workers", "upkeep", "model", "webhooks",
    }  # fmt: skip
    assert all(found.message.endswith(".") and "\n" not in found.message for found in findings)


@pytest.mark.postgres
def test_a_healthy_installation_on_postgresql(settings, postgres_url):
    """The database server's clock is looked at, too."""
    chosen = settings.model_copy(update={"database_url": postgres_url})
    ensure_current(chosen)

    findings = examine(chosen)

    assert [found for found in findings if found.state is not State.FINE] == []
    assert Finding("database clock", State.FINE, "It agrees with this machine's.") in findings


def test_an_empty_machine_is_left_empty(tmp_path):
    """Nothing is made by looking: no folder, no database, no secret."""
    settings = config.load({"data_dir": tmp_path / "data"}, environ={})

    found = wrong(settings)

    assert {"data folder", "database", "Redis"} == set(found)
    assert "`sluice up` makes it" in found["data folder"]
    assert not settings.data_dir.exists()


def test_looking_changes_nothing(settings):
    """Not one file of a stopped installation is another one afterwards."""
    before = everything_in(settings.data_dir)

    examine(settings)

    after = everything_in(settings.data_dir)
    assert {name: facts for name, facts in after.items() if not name.endswith("-writer")} == {
        name: facts for name, facts in before.items() if not name.endswith("-writer")
    }


def test_an_older_database_is_reported_and_not_migrated(settings):
    """Doctor says which command migrates."""
    store = Store(settings.database_address)
    store.write(lambda c: c.exec_driver_sql("UPDATE alembic_version SET version_num = '0000'"))

    found = wrong(settings)

    assert found == {"migrations": checkup._migration_advice("0000")}
    assert "`sluice migrate` backs up and migrates" in found["migrations"]
    with store.read() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == "0000"
    store.close()


@pytest.mark.parametrize(("revision", "advice"), [("9999", "install the newer Sluice"), (None, "no tables yet")])
def test_a_newer_or_empty_database_is_named(settings, revision, advice):
    """Each has its own way out."""
    store = Store(settings.database_address)
    change = f"UPDATE alembic_version SET version_num = '{revision}'" if revision else "DROP TABLE alembic_version"
    store.write(lambda c: c.exec_driver_sql(change))
    store.close()

    assert advice in wrong(settings)["migrations"]


def test_a_database_that_is_no_database(settings):
    """The file is named as unusable; the other checks go on."""
    (settings.data_dir / "sluice.db").write_bytes(b"this is not a database" * 100)

    assert wrong(settings)["database"].startswith("It cannot be used: file is not a database;")


def test_a_database_server_that_is_away(settings):
    """Its address may hold a password, which is never repeated."""
    chosen = settings.model_copy(update={"database_url": "postgresql+psycopg://u:hunter2@127.0.0.1:1/x"})

    found = wrong(chosen)

    assert "check SLUICE_DATABASE_URL" in found["database"]
    assert "hunter2" not in str(found)


def test_another_secret_than_the_databases(settings):
    """All clients would get 401; doctor says why."""
    chosen = settings.model_copy(update={"secret_key": "t" * 40})

    assert wrong(chosen) == {
        "API keys": "They were made with another secret: bring the old one back, or restore a backup."
    }


def test_a_missing_secret_for_outside_servers(settings):
    """The sentence names the variable to set."""
    assert "set SLUICE_SECRET_KEY" in wrong(settings.model_copy(update={"secret_key": ""}))["secret"]


def test_files_that_others_can_read(tmp_path, redis_url):
    """Folder and secret are ours alone, or the command to make them so is given."""
    settings = config.load({"data_dir": tmp_path / "data"}, environ={})
    ensure_current(settings)
    settings.data_dir.chmod(0o755)
    settings.secret_file.chmod(0o644)
    (settings.data_dir / "sluice.db").chmod(0o644)

    found = wrong(settings)

    assert f"chmod 700 {settings.data_dir}" in found["data folder"]
    assert f"chmod 600 {settings.secret_file}" in found["secret"]
    assert "chmod 600" in found["database"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to somebody else")
def test_somebody_elses_data_folder_is_not_touched(settings):
    """Opening the database as root would leave files that the service cannot open."""
    for path in (settings.data_dir, *settings.data_dir.iterdir()):
        shutil.chown(path, 12345)

    findings = {found.name: found for found in examine(settings)}

    assert "run this command as that user" in findings["data folder"].message
    assert findings["database"].state is State.UNKNOWN


def test_a_full_disk(settings, monkeypatch):
    """Said while there is still room to act."""
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**10, 10**10, 10**6))

    assert wrong(settings) == {
        "disk": f"Only 1 MB are free for {settings.data_dir}; make room or move it to a larger disk."
    }


def test_a_redis_that_is_away(settings, tmp_path):
    """What only Redis knows is unknown, not wrong, and nothing of the address is repeated."""
    chosen = settings.model_copy(update={"redis_url": f"unix://u:hunter2@{tmp_path}/nobody.sock"})

    findings = {found.name: found for found in examine(chosen)}

    assert findings["Redis"].state is State.WRONG
    assert "check SLUICE_REDIS_URL" in findings["Redis"].message
    assert {findings[name].state for name in ("queue", "workers", "upkeep")} == {State.UNKNOWN}
    assert "hunter2" not in str(findings)


def test_a_redis_that_may_throw_the_queue_away(settings, client):
    """An eviction policy fit for a cache loses work here."""
    client.config_set("maxmemory-policy", "allkeys-lru")

    assert wrong(settings) == {
        "Redis": "Redis may throw away the queue (allkeys-lru); set maxmemory-policy to noeviction."
    }


def test_a_redis_that_is_nearly_full(settings, client):
    """Before it refuses to take ids."""
    client.config_set("maxmemory", int(client.info()["used_memory"] * 1.05))

    assert "raise maxmemory" in wrong(settings)["Redis"]


@pytest.mark.parametrize(
    ("info", "message"),
    [
        ({"redis_version": "6.0.16"}, "Redis 6.0.16 is too old"),
        ({"redis_version": "7.2.4", "aof_enabled": 0}, "does not keep its file"),
        ({"redis_version": "7.2.4", "aof_enabled": 1, "aof_last_write_status": "err"}, "cannot write its file"),
    ],
)
def test_what_redis_says_of_itself(tmp_path, info, message):
    """Version and file are read from what any Redis tells."""
    embedded = config.load({"data_dir": tmp_path}, environ={})

    found = checkup._redis_itself(embedded, info)

    assert found.state is State.WRONG
    assert message in found.message


def test_nobody_at_work(settings, client):
    """Without workers and upkeep comments wait; both are said with the command that starts them."""
    client.flushall()

    found = wrong(settings)

    assert set(found) == {"workers", "upkeep"}
    assert "`sluice work`" in found["workers"]
    assert "`sluice upkeep`" in found["upkeep"]


def test_comments_that_wait_too_long(settings):
    """The queue's length and the age of its oldest member, from the database."""
    store = Store(settings.database_address)
    site = store.write(lambda c: accounts.add_site(c, "blog", "https://blog.example", NOW))
    for age in (1, 600):
        long_ago = datetime.now(UTC) - timedelta(seconds=age)
        store.write(lambda c, moment=long_ago: moderation.submit(c, site.id, [a_submission()], moment))
    store.close()

    assert "2 comments wait for the machine, the oldest for 60" in wrong(settings)["undecided"]


def test_webhooks_that_are_stuck_dead_disabled_or_sealed_by_another_secret(settings):
    """One sentence with what to do, the worst first; a working one is fine."""
    store = Store(settings.database_address)
    rules = hooks.rules_from(settings)

    def happen(moment: datetime) -> hooks.Made:
        def work(connection: Any) -> hooks.Made:
            site = accounts.add_site(connection, f"blog {moment}", "https://blog.example", NOW)
            url = "https://blog.example/hook"
            made = hooks.add(connection, site, url, [], secret=settings.secret, rules=rules, now=NOW)
            (accepted,) = moderation.submit(connection, site.id, [a_submission()], moment)
            moderation.record_decisions(connection, {(accepted.id, 1): a_verdict()}, moment)
            return made

        return store.write(work)

    made = happen(datetime.now(UTC))
    assert "webhooks" not in wrong(settings)

    happen(datetime.now(UTC) - timedelta(hours=1))
    assert wrong(settings)["webhooks"].startswith("2 events are on the way, the oldest for 3,60")
    store.write(lambda c: deliveries.lay_down(c, "A test."))
    assert wrong(settings)["webhooks"].startswith("2 events could not be delivered.")
    store.write(lambda c: disable(c, made.webhook.id, "A test.", NOW))
    assert wrong(settings)["webhooks"].startswith("1 webhook is disabled.")
    store.write(lambda c: c.execute(sa.update(webhooks).values(secret="gone")))
    assert "sealed with another secret" in wrong(settings)["webhooks"]
    store.close()


@pytest.mark.parametrize(("theirs", "state"), [(99.0, State.FINE), (97.0, State.WRONG), (104.0, State.WRONG)])
def test_clocks_that_differ(theirs, state):
    """Two seconds are allowed, beyond the time that the question took."""
    assert checkup._clock("Redis clock", theirs, before=100.0, after=100.5).state is state


def test_a_shipped_model_that_is_gone(settings, tmp_path, monkeypatch):
    """Its folder is named, and what it means for comments."""
    monkeypatch.setattr(registry, "DEFAULT_MODEL", tmp_path / "gone")

    found = wrong(settings)

    assert str(tmp_path / "gone") in found["model"]
    assert "every comment is held" in found["model"]


def test_a_promoted_model_that_is_broken(settings, tmp_path):
    """Its name and its fault are told, and that an earlier one decides; so are adaptations that rest."""
    store = Store(settings.database_address)

    def work(connection):
        site = accounts.add_site(connection, "blog", "https://blog.example", NOW)
        made = pack(an_adaptation(tmp_path / "s", "blog", base=shipped_version(), site=site.id))
        for packed, scope in ((made, site.id), (pack(a_model(tmp_path / "a", "a")), None)):
            register(connection, packed, site_id=scope, made_by="test", note=None, now=NOW)
            promote(connection, packed.version, site_id=scope, by="test", note=None, now=NOW)
        return packed.version, made.version

    champion, adaptation = store.write(work)
    assert wrong(settings) == {
        "adaptations": f"Not in use, since another model decides now: {adaptation}; train them again."
    }

    store.write(lambda c: c.execute(sa.update(tables.models).values(archive=b"broken")))
    store.close()

    found = wrong(settings)["model"]
    assert found.startswith(f"{champion} was promoted but cannot be used")
    assert "checksum" in found


def test_workers_with_different_models(settings, redis_url):
    """For some seconds after a promotion that is as it should be, so it is not called wrong."""
    WaitingList(connect(redis_url)).report_alive("b-worker", "b-model")

    (found,) = (each for each in examine(settings) if each.name == "workers")

    assert found.state is State.UNKNOWN
    assert "1 with a-model, 1 with b-model" in found.message


# --- The command --------------------------------------------------------------------------------------------------


def run(settings: Settings, *arguments: str, **environment: str):
    """The command, as the operator runs it."""
    environment = {"SLUICE_REDIS_URL": settings.redis_url, "SLUICE_SECRET_KEY": settings.secret_key, **environment}
    return CliRunner().invoke(cli, ["doctor", "--data-dir", str(settings.data_dir), *arguments], env=environment)


def test_the_command_says_yes_with_its_status(settings):
    """0 when all is fine."""
    result = run(settings)

    assert result.exit_code == 0
    assert "wrong" not in result.stdout
    assert "SQLite can be read and written." in result.stdout


def test_the_command_speaks_json_to_machines(settings, client):
    """1 when something is wrong; the JSON says what."""
    client.flushall()

    result = run(settings, "--json")

    answer = json.loads(result.stdout)
    assert result.exit_code == 1
    assert answer["ok"] is False
    assert {check["name"] for check in answer["checks"] if check["state"] == "wrong"} == {"workers", "upkeep"}


def test_settings_that_cannot_be_used_are_a_finding_too(settings):
    """All of them, with the hints."""
    result = run(settings, "--json", SLUICE_PROT="1", SLUICE_WORKERS="many")

    messages = [check["message"] for check in json.loads(result.stdout)["checks"]]
    assert result.exit_code == 1
    assert len(messages) == 2
    assert "Did you mean port?" in messages[0]


@pytest.mark.slow
def test_a_running_service_is_healthy(live):
    """`sluice up` with everything embedded: nothing is wrong."""
    result = live.command("doctor", "--json", check=False)

    answer = json.loads(result.stdout)
    assert [check for check in answer["checks"] if check["state"] != "ok"] == []
    assert result.returncode == 0
