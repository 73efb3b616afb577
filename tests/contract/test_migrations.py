"""Every migration goes up and down on both databases, and builds exactly the tables that the code describes."""

from __future__ import annotations

import shutil
import tarfile
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from factories import a_submission

import config
from config import Settings, SettingsError
from service import moderation
from service.store import accounts, glance, indexes, migrate, tables  # noqa: F401 - the indexes join the tables
from service.store.archive import BackupError
from service.store.engine import Store
from service.store.facts import read_fact
from service.store.glance import HEAD, SECRET_FACT
from service.store.migrate import begin_afresh, current_revision, downgrade, ensure_current, upgrade

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def revisions() -> list[str]:
    """All revisions, first to last."""
    script = Config()
    script.set_main_option("script_location", str(Path(migrate.__file__).resolve().parents[2] / "migrations"))
    return [each.revision for each in reversed(list(ScriptDirectory.from_config(script).walk_revisions()))]


def schema(store: Store) -> dict[str, object]:
    """Tables with columns, keys and indexes, as the database tells them."""
    with store.read() as connection:
        inspector = sa.inspect(connection)
        return {
            name: (
                [(c["name"], str(c["type"]), c["nullable"]) for c in inspector.get_columns(name)],
                inspector.get_pk_constraint(name),
                sorted(inspector.get_foreign_keys(name), key=str),
                sorted(inspector.get_unique_constraints(name), key=str),
                sorted(
                    (i["name"], i["column_names"], i["unique"], *map(str, i.get("dialect_options", {}).values()))
                    for i in inspector.get_indexes(name)
                ),
            )
            for name in inspector.get_table_names()
            if name != "alembic_version"
        }


def test_migrations_are_one_line_whose_last_is_the_head():
    """They are numbered in order; the number that the code waits for is the last."""
    found = revisions()

    assert found == sorted(found)
    assert found[-1] == HEAD


def test_every_migration_goes_up_down_and_up_again(empty_store):
    """What a step down leaves is what was there before the step up."""
    before = schema(empty_store)
    for revision in revisions():
        upgrade(empty_store, revision)
        after = schema(empty_store)
        assert after != before

        downgrade(empty_store, "-1")
        assert schema(empty_store) == before

        upgrade(empty_store, revision)
        assert schema(empty_store) == after
        before = after
    assert current_revision(empty_store) == HEAD


def test_going_all_the_way_down_leaves_nothing(empty_store):
    """The first migration can be taken back as well."""
    upgrade(empty_store)

    downgrade(empty_store, "base")

    assert schema(empty_store) == {}
    assert current_revision(empty_store) is None


def test_the_migrated_schema_is_the_one_the_code_describes(empty_store):
    """Autogenerate finds nothing to add, change or drop."""
    upgrade(empty_store)

    with empty_store.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        difference = compare_metadata(context, tables.metadata)

    assert difference == []


def test_partial_indexes_cover_what_the_code_says(empty_store):
    """Autogenerate does not compare the conditions of partial indexes, so this does."""
    upgrade(empty_store)
    dialect = "sqlite" if empty_store.is_sqlite else "postgresql"

    with empty_store.read() as connection:
        found = {
            index["name"]: index.get("dialect_options", {}).get(f"{dialect}_where")
            for table in tables.metadata.tables
            for index in sa.inspect(connection).get_indexes(table)
        }
        for table in tables.metadata.tables.values():
            for index in table.indexes:
                wanted = index.dialect_options[dialect]["where"]
                assert (found[index.name] is None) == (wanted is None), index.name
                if wanted is not None:
                    said = str(wanted.compile(dialect=connection.dialect))
                    words = said.replace(f"{table.name}.", "").lower()
                    assert all(word.strip("()'") in str(found[index.name]).lower() for word in words.split())


def test_beginning_afresh_replaces_whatever_was_there(empty_store):
    """A database of another version is emptied table by table, children first."""
    upgrade(empty_store)
    wanted = schema(empty_store)
    empty_store.write(lambda c: c.exec_driver_sql("ALTER TABLE comments ADD COLUMN of_the_future VARCHAR(5)"))
    empty_store.write(lambda c: c.exec_driver_sql("CREATE TABLE of_the_future (id INTEGER PRIMARY KEY)"))

    empty_store.write(begin_afresh)

    assert schema(empty_store) == wanted
    assert current_revision(empty_store) == HEAD


# --- Opening a database -------------------------------------------------------------------------------------------


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A fresh data folder."""
    return config.load({"data_dir": tmp_path / "data"}, environ={})


def test_the_first_start_makes_the_tables_and_notes_the_secret(settings):
    """Nothing is backed up, since there was nothing."""
    ensure_current(settings)

    store = Store(settings.database_address)
    with store.read() as connection:
        assert read_fact(connection, SECRET_FACT) == glance.fingerprint(settings.secret)
    assert current_revision(store) == HEAD
    assert not list(settings.data_dir.glob("backups/*"))
    assert (settings.data_dir / "sluice.db").stat().st_mode & 0o077 == 0
    store.close()


FUTURE = """
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{head}"


def upgrade():
    op.add_column("sites", sa.Column("colour", sa.String(10)))


def downgrade():
    op.drop_column("sites", "colour")
"""


@pytest.fixture
def next_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program of tomorrow, which has one migration more."""
    folder = tmp_path / "migrations"
    shutil.copytree(migrate.MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / "9999_future.py").write_text(FUTURE.format(head=HEAD))
    monkeypatch.setattr(migrate, "MIGRATIONS", folder)
    monkeypatch.setattr(migrate, "HEAD", "9999")


def test_an_older_database_is_backed_up_and_then_migrated(settings, request):
    """The backup holds what was there, in the old version's form."""
    ensure_current(settings)
    store = Store(settings.database_address)
    site = store.write(lambda c: accounts.add_site(c, "blog", "https://blog.example", NOW))
    store.write(lambda c: moderation.submit(c, site.id, [a_submission()], NOW))
    request.getfixturevalue("next_version")

    ensure_current(settings)

    assert current_revision(store) == "9999"
    (made,) = settings.data_dir.glob("backups/*")
    assert made.name.startswith(f"before-{HEAD}-")
    assert made.stat().st_mode & 0o077 == 0
    with tarfile.open(made) as archive:
        assert b"The old bridge was lovely." in archive.extractfile("tables/revisions.jsonl").read()
        assert b"colour" not in archive.extractfile("tables/sites.jsonl").read()
    store.close()


def test_processes_that_start_together_migrate_once(settings, request):
    """The others wait for the first one and find it done: one backup, no failure."""
    ensure_current(settings)
    request.getfixturevalue("next_version")

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: ensure_current(settings), range(4)))

    assert len(list(settings.data_dir.glob("backups/*"))) == 1


def test_a_failed_backup_stops_the_upgrade(settings, request):
    """No backup, no migration: the database stays as it was."""
    ensure_current(settings)
    shutil.rmtree(settings.data_dir / "backups", ignore_errors=True)
    (settings.data_dir / "backups").write_text("in the way")
    request.getfixturevalue("next_version")

    with pytest.raises(BackupError, match="cannot be written"):
        ensure_current(settings)

    store = Store(settings.database_address)
    assert current_revision(store) == HEAD
    store.close()


def test_a_database_of_a_newer_version_is_refused(settings):
    """One sentence says what to do, and nothing is touched."""
    ensure_current(settings)
    store = Store(settings.database_address)
    store.write(lambda c: c.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(SettingsError, match=r"newer than this program knows .* install the newer Sluice"):
        ensure_current(settings)

    assert current_revision(store) == "9999"
    store.close()


def test_another_secret_is_refused(settings):
    """With another secret no API key would work; better said at the start than by 401 to everyone."""
    ensure_current(settings)
    settings.secret_file.unlink()

    with pytest.raises(SettingsError, match=r"another secret: put the old .*secret\.key back"):
        ensure_current(settings)
    assert not settings.secret_file.exists()

    other = config.load({"data_dir": settings.data_dir, "secret_key": "x" * 40}, environ={})
    with pytest.raises(SettingsError, match="another secret: set SLUICE_SECRET_KEY"):
        ensure_current(other)


@pytest.mark.postgres
def test_the_same_secret_is_asked_of_every_host(postgres_url, tmp_path):
    """Two hosts on one PostgreSQL need one secret."""
    url = postgres_url.replace("+psycopg", "")
    hosts = [
        config.load({"data_dir": tmp_path / name, "database_url": url, "secret_key": name * 40}, environ={})
        for name in ("a", "b")
    ]
    ensure_current(hosts[0])
    ensure_current(hosts[0])

    with pytest.raises(SettingsError, match="another secret"):
        ensure_current(hosts[1])
