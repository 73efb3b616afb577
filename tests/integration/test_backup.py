"""Backup and restore: the same file for SQLite and PostgreSQL, while the service writes, and never half of it."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
import threading
import time
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from factories import a_comment, a_model, a_submission, a_verdict, an_article, an_author

import config
from classifier.domain import Action
from classifier.packing import pack
from config import Settings
from service import hooks, moderation, people, rulings
from service.brain import Brain
from service.cli import cli
from service.deliveries import deliver, secrets_of
from service.models import promote, register
from service.moderation import Idempotency
from service.roles import Role
from service.schemas import Edit
from service.sign_in import DeadLinkError, Patience, begin_session, check_password, find_link, find_session
from service.store import accounts, backup, deliveries, glance, portable, tables
from service.store.archive import BackupError, inspect
from service.store.backup import restore
from service.store.comments import undecided_since
from service.store.engine import Store
from service.store.facts import write_fact
from service.store.glance import HEAD
from service.store.migrate import current_revision, ensure_current
from service.store.people import roles_of
from workers.upkeep import Upkeep

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


def an_installation(folder: Path, **values: Any) -> tuple[Settings, Store]:
    """A migrated installation and its store."""
    settings = config.load({"data_dir": folder, **values}, environ={})
    ensure_current(settings)
    return settings, Store(settings.database_address)


def fill(settings: Settings, store: Store, comments: int = 12) -> str:
    """A site with a bit of everything; returns its key."""

    def work(connection: sa.Connection) -> str:
        site = accounts.add_site(connection, "blog", "https://blog.example", NOW)
        author = an_author(id="u1", url="https://jo.example", user_agent="UA", role="r", verified=True)
        long = an_article(id="a1", text="Ωμέγα \u2028 \t\"'\\ 👩‍👩‍👧 " * 50, published_at=NOW, tags=("city", "news"))
        answers = moderation.submit(
            connection,
            site.id,
            [a_submission(f"Comment {n}: \r\n żółć 👋", id=f"c{n}", article=long, author=author, form_seconds=0.1 + n)
             for n in range(comments)],
            NOW,
        )  # fmt: skip
        ids = [answer.id for answer in answers]
        moderation.submit(connection, site.id, [a_submission()], NOW, idempotency=Idempotency("key", "digest"))
        verdicts = {(ids[n], 1): a_verdict(list(Action)[n % 3]) for n in range(comments // 2)}
        moderation.record_decisions(connection, verdicts, NOW)
        rulings.rule(connection, site.id, ids[0], 1, Action.REJECT, moderator="ann", now=NOW, note="Nein.")
        moderation.edit(connection, site.id, ids[1], Edit(comment=a_comment("Edited.")), now=NOW)
        moderation.erase(connection, site.id, ids[2])
        return accounts.add_key(connection, site, settings.secret, NOW)

    return store.write(work)


def contents(store: Store) -> dict[str, list[dict[str, Any]]]:
    """Everything in the database, but for the reminder that a restore leaves."""
    with store.read() as connection:
        found = {
            name: [dict(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key)).mappings()]
            for name, table in tables.metadata.tables.items()
        }
    found["facts"] = [row for row in found["facts"] if row["name"] != "scrub_due"]
    return found


def run(*arguments: object, **options: Any) -> Result:
    """A command of ours."""
    return CliRunner().invoke(cli, [str(argument) for argument in arguments], **options)


@pytest.fixture
def source(tmp_path: Path) -> tuple[Settings, Store, str]:
    """A filled SQLite installation with the secret made by itself; and its key."""
    settings, store = an_installation(tmp_path / "source")
    return settings, store, fill(settings, store)


@pytest.fixture
def saved(source: tuple[Settings, Store, str], tmp_path: Path) -> Path:
    """Its backup."""
    settings, store, _ = source
    backup.backup(settings, store, tmp_path / "saved.tar.gz")
    return tmp_path / "saved.tar.gz"


# --- There and back -----------------------------------------------------------------------------------------------


def test_a_backup_is_private_complete_and_says_what_it_is(source, saved):
    """One file that nobody else can read, with a checksum and a count for everything."""
    settings, store, _ = source

    manifest = inspect(saved)

    assert saved.stat().st_mode & 0o777 == 0o600
    assert manifest.revision == HEAD
    assert manifest.rows == {name: len(rows) for name, rows in contents(store).items()}
    assert manifest.secret == glance.fingerprint(settings.secret)
    with tarfile.open(saved) as archive:
        names = archive.getnames()
        assert archive.extractfile("secret.key").read() == settings.secret
    assert names[-1] == "manifest.json"
    assert set(manifest.sha256) == set(names) - {"manifest.json"}
    assert list(settings.data_dir.glob("backups/.*")) == []


def test_an_empty_machine_becomes_the_old_one(source, saved, tmp_path):
    """Everything is as it was to the microsecond, and the old API key works."""
    _, old, key = source
    settings = config.load({"data_dir": tmp_path / "new"}, environ={})

    restore(settings, saved, inspect(saved))

    new = Store(settings.database_address)
    assert contents(new) == contents(old)
    with new.read() as connection:
        assert accounts.site_of_key(connection, accounts.digest_key(settings.secret, key)).name == "blog"
        assert undecided_since(connection)[0] == undecided_since_of(old)
    assert settings.secret_file.stat().st_mode & 0o777 == 0o600
    assert list(settings.data_dir.glob("backups/.*")) == []
    ensure_current(settings)


def test_people_come_along_and_nobody_stays_signed_in(source, tmp_path):
    """Names, roles and passwords are as they were; an old session or link does not come alive again."""
    settings, store, _ = source
    patience = Patience(timedelta(hours=1), timedelta(days=1))
    secret, password = settings.secret, "correct horse battery"
    user = store.write(lambda c: people.add_user(c, "Ada", {None: Role.ADMIN}, NOW, password=password))
    token = store.write(lambda c: begin_session(c, user.id, "password", secret=secret, patience=patience, now=NOW))
    link = store.write(lambda c: people.make_link(c, secret, "invite", user.id, NOW))
    backup.backup(settings, store, tmp_path / "with-people.tar.gz")
    new = config.load({"data_dir": tmp_path / "new"}, environ={})

    restore(new, tmp_path / "with-people.tar.gz", inspect(tmp_path / "with-people.tar.gz"))

    restored = Store(new.database_address)
    assert check_password(restored, "ada", password, NOW)[0].id == user.id
    assert find_session(store, token, secret, patience, NOW) is not None
    assert find_session(restored, token, secret, patience, NOW) is None
    with restored.read() as connection:
        assert roles_of(connection, user.id) == {None: Role.ADMIN}
        with pytest.raises(DeadLinkError):
            find_link(connection, link, secret, NOW)
    restored.close()


def undecided_since_of(store: Store) -> int:
    """How many comments a store still has to decide."""
    with store.read() as connection:
        return undecided_since(connection)[0]


@pytest.mark.postgres
def test_a_growing_site_moves_to_postgresql_and_back(source, saved, tmp_path, postgres_url):
    """The same file goes into PostgreSQL, and PostgreSQL's backup into SQLite, without a bit lost."""
    small, old, key = source
    packed = pack(a_model(tmp_path / "a", "a"))
    old.write(lambda c: register(c, packed, site_id=None, made_by="test", note=None, now=NOW))
    old.write(lambda c: promote(c, packed.version, site_id=None, by="test", note=None, now=NOW))
    saved.unlink()
    backup.backup(small, old, saved)
    url, secret = postgres_url.replace("+psycopg", ""), small.secret.decode()
    large = config.load({"data_dir": tmp_path / "large", "database_url": url, "secret_key": secret}, environ={})

    restore(large, saved, inspect(saved))
    moved = Store(large.database_address)
    assert contents(moved) == contents(old)

    backup.backup(large, moved, tmp_path / "again.tar.gz")
    back = config.load({"data_dir": tmp_path / "back", "secret_key": secret}, environ={})
    manifest = inspect(tmp_path / "again.tar.gz")
    restore(back, tmp_path / "again.tar.gz", manifest)
    returned = Store(back.database_address)
    assert contents(returned) == contents(old)
    assert not manifest.has_secret
    with returned.read() as connection:
        assert accounts.site_of_key(connection, accounts.digest_key(back.secret, key)) is not None
    for store in (moved, returned):
        store.close()


@pytest.mark.postgres
def test_a_restore_replaces_what_postgresql_held(source, saved, tmp_path, postgres_url):
    """A second restore leaves exactly the backup, too."""
    url, secret = postgres_url.replace("+psycopg", ""), source[0].secret.decode()
    settings, store = an_installation(tmp_path / "pg", database_url=url, secret_key=secret)
    fill(settings, store, comments=3)

    for _ in range(2):
        restore(settings, saved, inspect(saved))

    assert contents(store) == contents(source[1])
    store.close()


def test_a_restore_replaces_all_that_is_there(source, saved):
    """What came after the backup is gone, also from the database's files once they are scrubbed."""
    settings, store, _ = source
    before = contents(store)
    site = before["sites"][0]["id"]
    store.write(lambda c: moderation.submit(c, site, [a_submission("Written after the backup.", id="later")], NOW))

    restore(settings, saved, inspect(saved))

    assert contents(store) == before
    assert store.scrub()
    for file in settings.data_dir.glob("sluice.db*"):
        assert b"Written after the backup." not in file.read_bytes()


def test_webhooks_travel_along_and_what_was_on_its_way_is_not_sent(source, tmp_path):
    """Their secrets still sign and what was told is on record; the rest waits for somebody to want it sent."""
    settings, store, _ = source

    def work(connection: sa.Connection) -> hooks.Made:
        site = accounts.get_site(connection, "blog")
        rules = hooks.rules_from(settings)
        made = hooks.add(connection, site, "https://b.example/", [], secret=settings.secret, rules=rules, now=NOW)
        for _ in range(2):
            (accepted,) = moderation.submit(connection, site.id, [a_submission()], NOW)
            moderation.record_decisions(connection, {(accepted.id, 1): a_verdict()}, NOW)
        return made

    made = store.write(work)
    told = store.write(lambda c: deliveries.due(c, NOW, 1))[0]
    deliver(store, settings.secret, lambda *_: 200, told, clock=lambda: NOW, chance=0.0)
    backup.backup(settings, store, tmp_path / "hooks.tar.gz")
    there = config.load({"data_dir": tmp_path / "new"}, environ={})
    restore(there, tmp_path / "hooks.tar.gz", inspect(tmp_path / "hooks.tar.gz"))

    new = Store(there.database_address)
    with new.read() as connection:
        assert deliveries.count_by_state(connection) == {"delivered": 1, "dead": 1}
        assert secrets_of(there.secret, hooks.find(connection, made.webhook.id)) == [made.secret]
        assert deliveries.records(connection, state="dead")[0].last_error.startswith("It was on its way")
    assert new.write(lambda c: hooks.replay_dead(c, NOW)) == 1
    assert contents(new)["events"] == contents(store)["events"]


def test_models_travel_along(source, tmp_path):
    """Versions, however large, come back byte for byte from the backup, and the promoted one decides."""
    settings, store, _ = source
    packed = [pack(a_model(tmp_path / name, name)) for name in ("a", "b")]

    def work(connection: sa.Connection) -> None:
        for each in packed:
            register(connection, each, site_id=None, made_by="test", note=None, now=NOW)
            promote(connection, each.version, site_id=None, by="test", note=None, now=NOW)

    store.write(work)
    before = contents(store)
    backup.backup(settings, store, tmp_path / "saved.tar.gz")
    new = config.load({"data_dir": tmp_path / "new"}, environ={})

    restore(new, tmp_path / "saved.tar.gz", inspect(tmp_path / "saved.tar.gz"))

    restored = Store(new.database_address)
    assert contents(restored) == before
    brain = Brain(restored, new.models_dir)
    assert (brain.model, brain.fault) == (packed[1].version, None)
    brain.close()
    restored.close()


def test_models_are_carried_a_few_at_a_time(source, tmp_path, monkeypatch):
    """Rows with large binary columns are not held in memory by the hundred."""
    _, store, _ = source
    packed = pack(a_model(tmp_path / "a", "a"))
    store.write(lambda c: register(c, packed, site_id=None, made_by="test", note=None, now=NOW))
    monkeypatch.setattr(portable, "BINARY_BYTES", 3 * len(packed.archive))

    with store.read() as connection:
        at_a_time = {t.name: portable._rows_at_a_time(connection, t) for t in tables.metadata.sorted_tables}

    assert (at_a_time["models"], at_a_time["comments"], at_a_time["fingerprints"]) == (3, 500, 500)


def test_a_backup_of_a_running_service_is_of_one_moment(source, tmp_path):
    """Writers go on; no comment is in the backup without its text, its article or its decision's comment."""
    settings, store, _ = source
    site = contents(store)["sites"][0]["id"]
    stop = threading.Event()
    written: list[str] = []

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            item = a_submission("Live.", article=an_article(id=f"live-{number}"))
            (accepted,) = store.write(lambda c, each=item: moderation.submit(c, site, [each], NOW))
            verdicts = {(accepted.id, 1): a_verdict()}
            store.write(lambda c, found=verdicts: moderation.record_decisions(c, found, NOW))
            written.append(accepted.id)

    writers = [threading.Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    try:
        manifests = [backup.backup(settings, store, tmp_path / f"{n}.tar.gz") for n in range(3)]
    finally:
        stop.set()
        for writer in writers:
            writer.join()

    counts = [manifest.rows["comments"] for manifest in manifests]
    assert counts == sorted(counts)
    assert counts[-1] > counts[0]
    for number in range(3):
        new = config.load({"data_dir": tmp_path / f"new{number}"}, environ={})
        restore(new, tmp_path / f"{number}.tar.gz", inspect(tmp_path / f"{number}.tar.gz"))  # foreign keys are on
        back = Store(new.database_address)
        rows = contents(back)
        live = {row["id"] for row in rows["comments"] if row["external_id"] is None} & set(written)
        assert {row["comment_id"] for row in rows["revisions"]} >= live
        back.close()


def test_a_restore_into_a_running_service(tmp_path, start_sluice):
    """The service goes on answering; a comment that was pending in the backup is decided by it."""
    settings, store = an_installation(tmp_path / "old")
    key = fill(settings, store)
    pending = undecided_since_of(store)
    backup.backup(settings, store, tmp_path / "saved.tar.gz")
    service = start_sluice(SLUICE_SECRET_KEY=settings.secret.decode())
    service.http.post("/v1/comments", json={"article": {"url": "https://b.example"}, "comment": {"text": "Hm."}})
    refused = service.command("restore", str(tmp_path / "saved.tar.gz"), check=False)

    restored = service.command("restore", str(tmp_path / "saved.tar.gz"), "--yes", "--json")

    assert refused.returncode != 0
    assert "1 site with 1 comment" in refused.stderr
    assert json.loads(restored.stdout)["restored"]["restart_needed"] is False
    headers = {"Authorization": f"Bearer {key}"}
    time.sleep(1)
    assert service.http.get("/v1/comments").status_code == 401
    ends = time.monotonic() + 30
    while time.monotonic() < ends:
        waiting = service.http.get("/v1/comments?status=pending", headers=headers).json()["items"]
        if not waiting:
            break
        time.sleep(0.3)
    assert pending > 0
    assert waiting == []
    assert service.http.get("/readyz").status_code == 200


# --- Refusals -----------------------------------------------------------------------------------------------------


def rebuild(saved: Path, target: Path, change: Any) -> Path:
    """A backup with other members: ``change`` gets them by name, and may alter them."""
    with tarfile.open(saved) as archive:
        members = {member.name: archive.extractfile(member).read() for member in archive}
    change(members)
    with tarfile.open(target, "w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return target


def resign(members: dict[str, bytes], **changes: Any) -> None:
    """Make the manifest say what the members are, and whatever else."""
    manifest = json.loads(members.pop("manifest.json"))
    manifest["sha256"] = {name: hashlib.sha256(content).hexdigest() for name, content in members.items()}
    members["manifest.json"] = json.dumps(manifest | changes).encode()


def another_text(members: dict[str, bytes]) -> None:
    members["tables/revisions.jsonl"] = members["tables/revisions.jsonl"].replace(b"Comment 3", b"Comment X")


def no_manifest(members: dict[str, bytes]) -> None:
    del members["manifest.json"]


def a_member_less(members: dict[str, bytes]) -> None:
    del members["tables/rulings.jsonl"]


def a_member_more(members: dict[str, bytes]) -> None:
    members["models/extra"] = b"?"


def a_climbing_member(members: dict[str, bytes]) -> None:
    members["models/../../evil"] = b"?"
    resign(members)


def an_odd_manifest(members: dict[str, bytes]) -> None:
    members["manifest.json"] = b"[]"


@pytest.mark.parametrize(
    "change", [another_text, no_manifest, a_member_less, a_member_more, a_climbing_member, an_odd_manifest]
)
def test_a_backup_that_was_changed_is_refused(saved, tmp_path, change):
    """Every member is held against its checksum before anything is touched."""
    broken = rebuild(saved, tmp_path / "broken.tar.gz", change)

    with pytest.raises(BackupError, match=r"(damaged|not a backup)"):
        inspect(broken)


@pytest.mark.parametrize("kept", [0, 1, 100, 0.5, 0.95])
def test_a_backup_that_was_cut_off_is_refused(saved, tmp_path, kept):
    """A full disk or a broken download leaves half a file."""
    whole = saved.read_bytes()
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(whole[: int(kept * len(whole)) if isinstance(kept, float) else kept])

    with pytest.raises(BackupError, match=r"damaged"):
        inspect(cut)


@pytest.mark.parametrize(
    "content", [b"not an archive", gzip.compress(b"not a tar"), bytes(range(256)) * 9], ids=["text", "gzip", "bytes"]
)
def test_a_file_that_is_no_backup_is_refused_in_one_sentence(tmp_path, source, content):
    """The command says so, exits 1 and changes nothing."""
    settings, store, _ = source
    before = contents(store)
    (tmp_path / "odd.tar.gz").write_bytes(content)

    result = run("restore", tmp_path / "odd.tar.gz", "--yes", "--data-dir", settings.data_dir)

    assert result.exit_code == 1
    assert len(result.stderr.strip().splitlines()) == 1
    assert contents(store) == before


A_LIST = {"id": "r", "comment_id": [1], "revision": 1, "action": "approve", "reason": None, "note": None}
ODD_ROW = json.dumps({**A_LIST, "moderator": "ann", "ruled_at": NOW.isoformat()}).encode()


@pytest.mark.parametrize("rows", [ODD_ROW, b'{"id": 1}\n', b"[]\n", b'{"comment_id": "x"', b'"text"\n'])
def test_rows_that_do_not_fit_leave_the_database_as_it_was(saved, source, tmp_path, rows):
    """Even with the right checksums, nothing is replaced before all of it has been read."""

    def change(members: dict[str, bytes]) -> None:
        members["tables/rulings.jsonl"] = rows
        resign(members)

    settings, store, _ = source
    before = contents(store)
    broken = rebuild(saved, tmp_path / "broken.tar.gz", change)

    with pytest.raises(BackupError, match=r"nothing was changed"):
        restore(settings, broken, inspect(broken))

    assert contents(store) == before
    assert list(settings.data_dir.glob("backups/.*")) == []


@pytest.mark.parametrize("newer", [{"format": 2}, {"revision": "9999"}])
def test_a_backup_of_a_newer_sluice_is_refused(saved, tmp_path, newer):
    """It may hold what this version would lose."""
    made = rebuild(saved, tmp_path / "newer.tar.gz", lambda members: resign(members, **newer))

    with pytest.raises(BackupError, match=r"made by a newer Sluice; install that version first"):
        inspect(made)


def test_a_database_that_holds_something_is_only_replaced_when_asked_for(source, saved):
    """Without --yes the command asks, and no is the answer of a script that cannot answer."""
    settings, store, _ = source
    store.write(lambda c: write_fact(c, "mark", "still here"))
    before = contents(store)

    unanswered = run("restore", saved, "--data-dir", settings.data_dir)
    declined = run("restore", saved, "--data-dir", settings.data_dir, input="n\n")

    assert unanswered.exit_code == declined.exit_code == 1
    assert "1 site with 13 comments" in declined.stderr
    assert contents(store) == before
    assert run("restore", saved, "--data-dir", settings.data_dir, input="y\n").exit_code == 0
    assert contents(store) != before


def test_another_secret_comes_with_the_backup_and_says_restart(saved, source, tmp_path):
    """Where the secret is ours to keep, the backup's replaces it, since only with it the API keys work."""
    settings, store = an_installation(tmp_path / "other")
    ours = settings.secret

    result = run("restore", saved, "--yes", "--data-dir", settings.data_dir)

    assert result.exit_code == 0
    assert "restart it now" in result.stdout
    assert settings.secret_file.read_bytes() == source[0].secret != ours
    assert contents(store) == contents(source[1])
    store.close()


def test_another_secret_from_outside_is_refused_with_the_way_out(saved, tmp_path, source):
    """The operator is told which secret to set and where it is."""
    settings, store = an_installation(tmp_path / "other", secret_key="o" * 40)

    result = run("restore", saved, "--yes", "--data-dir", settings.data_dir, env={"SLUICE_SECRET_KEY": "o" * 40})

    assert result.exit_code == 1
    assert "set SLUICE_SECRET_KEY" in result.stderr
    hint = result.stderr.partition("`")[2].partition("`")[0]
    assert subprocess.run(hint.split(), capture_output=True, check=True).stdout == source[0].secret
    assert contents(store)["sites"] == []
    store.close()


def test_a_backup_without_its_secret_needs_it_from_outside(tmp_path):
    """A backup of an installation whose secret is in its environment does not hold it."""
    settings, store = an_installation(tmp_path / "outside", secret_key="o" * 40)
    fill(settings, store)
    manifest = backup.backup(settings, store, tmp_path / "saved.tar.gz")
    assert not manifest.has_secret

    without = config.load({"data_dir": tmp_path / "without"}, environ={})
    with pytest.raises(BackupError, match=r"set SLUICE_SECRET_KEY to it\.$"):
        restore(without, tmp_path / "saved.tar.gz", manifest)
    assert not without.secret_file.exists()
    store.close()


def test_a_newer_database_makes_way_for_an_older_backup(source, saved):
    """Going back to an older Sluice: its backup replaces what the newer one left in the file."""
    settings, store, _ = source
    before = contents(store)
    store.write(lambda c: c.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'"))
    store.write(lambda c: c.exec_driver_sql("CREATE TABLE of_the_future (id INTEGER)"))

    assert run("restore", saved, "--yes", "--data-dir", settings.data_dir).exit_code == 0

    assert current_revision(store) == HEAD
    assert contents(store) == before


@pytest.mark.postgres
def test_a_newer_postgresql_is_left_alone(source, saved, tmp_path, postgres_url):
    """Other tables in it may be somebody else's."""
    url, secret = postgres_url.replace("+psycopg", ""), source[0].secret.decode()
    settings, store = an_installation(tmp_path / "pg", database_url=url, secret_key=secret)
    store.write(lambda c: c.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(BackupError, match="into an empty database instead"):
        restore(settings, saved, inspect(saved))
    store.close()


# --- Where backups go ---------------------------------------------------------------------------------------------


def test_the_command_finds_a_place_or_takes_one(source, tmp_path):
    """Without FILE into the data folder; a folder gets a dated name; an existing file is never replaced."""
    settings, _, _ = source
    folder = tmp_path / "elsewhere"
    folder.mkdir()

    default = run("backup", "--json", "--data-dir", settings.data_dir)
    into = run("backup", folder, "--json", "--data-dir", settings.data_dir)
    again = run("backup", json.loads(default.stdout)["backup"]["file"], "--data-dir", settings.data_dir)

    assert Path(json.loads(default.stdout)["backup"]["file"]).parent == settings.data_dir / "backups"
    assert Path(json.loads(into.stdout)["backup"]["file"]).parent == folder
    assert json.loads(into.stdout)["backup"]["rows"]["comments"] == 13
    assert again.exit_code == 1
    assert "There is already a file" in again.stderr


def test_a_backup_makes_and_migrates_nothing(source, tmp_path):
    """A wrong folder is said and not filled; a database of another version is saved as it is, or refused."""
    settings, store, _ = source

    nowhere = run("backup", "--data-dir", tmp_path / "wrong")
    store.write(lambda c: c.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'"))
    newer = run("backup", "--data-dir", settings.data_dir)

    assert nowhere.exit_code == newer.exit_code == 1
    assert "There is no database in" in nowhere.stderr
    assert "belongs to a newer Sluice" in newer.stderr
    assert not (tmp_path / "wrong").exists()
    assert current_revision(store) == "9999"


def test_an_installation_that_lost_its_secret_can_still_be_saved(source, tmp_path):
    """The comments are worth keeping; the backup says which secret its keys need and does not pretend to hold it."""
    settings, _, _ = source
    secret = settings.secret
    settings.secret_file.unlink()

    result = run("backup", tmp_path / "saved.tar.gz", "--data-dir", settings.data_dir)

    manifest = inspect(tmp_path / "saved.tar.gz")
    assert result.exit_code == 0
    assert not manifest.has_secret
    assert manifest.secret == glance.fingerprint(secret)
    assert not settings.secret_file.exists()


def test_a_place_that_cannot_be_written_is_one_sentence(source, tmp_path):
    """And leaves nothing behind."""
    settings, _, _ = source
    (tmp_path / "file").write_text("")

    result = run("backup", tmp_path / "file" / "x.tar.gz", "--data-dir", settings.data_dir)

    assert result.exit_code == 1
    assert "cannot be written" in result.stderr
    assert list(settings.data_dir.glob("backups/*")) == []


def test_upgrades_backups_are_forgotten_in_time_and_others_never(source):
    """What was erased does not live on in backups that nobody asked for."""
    settings, store, _ = source
    upgrade = backup.backup_before_upgrade(settings, store)
    asked_for = backup.default_target(settings, NOW)
    backup.backup(settings, store, asked_for)
    left = settings.data_dir / "backups" / ".work-killed"
    left.mkdir()
    now = datetime.now(UTC)

    assert backup.forget_old_backups(settings, now) == 0
    assert backup.forget_old_backups(settings, now + timedelta(days=29)) == 0
    assert not left.exists()
    old = (now - timedelta(days=31)).timestamp()
    for file in (upgrade, asked_for):
        os.utime(file, (old, old))
    Upkeep(settings).forget_what_is_old()
    assert not upgrade.exists()
    assert asked_for.exists()


def test_memory_stays_flat_however_much_there_is(tmp_path):
    """Rows pass through in chunks: five times the comments need about as much memory."""
    peaks = []
    for comments in (1_000, 5_000):
        settings, store = an_installation(tmp_path / str(comments))
        site = store.write(lambda c: accounts.add_site(c, "blog", "https://blog.example", NOW))
        for start in range(0, comments, 1000):
            batch = [a_submission(f"Comment {start + n}. " * 20) for n in range(1000)]
            store.write(lambda c, each=batch, blog=site.id: moderation.submit(c, blog, each, NOW))
        tracemalloc.start()
        target = tmp_path / f"{comments}.tar.gz"
        backup.backup(settings, store, target)
        restore(settings, target, inspect(target))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        store.close()
        shutil.rmtree(settings.data_dir)

    assert peaks[1] < 1.5 * peaks[0]
