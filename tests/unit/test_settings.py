"""Settings: every problem at once, a hint for every misspelling, and one order of precedence."""

from __future__ import annotations

import re
import stat
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import config
from config import SettingsError, load
from config.settings import DEFAULTS_FILE, Settings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder."""
    return tmp_path / "data"


def problems(**options: object) -> list[str]:
    """What ``load`` has to say."""
    with pytest.raises(SettingsError) as refusal:
        load(**options)
    return str(refusal.value).splitlines()


def test_every_setting_has_a_default_and_a_comment():
    """defaults.toml is the operator's reference: nothing is missing, nothing is left over, all is explained."""
    text = DEFAULTS_FILE.read_text(encoding="utf-8")

    assert set(tomllib.loads(text)) == set(Settings.model_fields)
    paragraphs = re.split(r"\n\s*\n", text)
    for paragraph in paragraphs:
        if re.search(r"^\w+ = ", paragraph, re.MULTILINE):
            assert paragraph.lstrip().startswith("#"), paragraph


def test_the_defaults_can_be_used(folder):
    """Nothing needs to be set to begin."""
    settings = load({"data_dir": folder}, environ={})

    assert settings.data_dir == folder
    assert settings.database_address == f"sqlite:///{folder}/sluice.db"
    assert settings.embedded_redis


@pytest.mark.parametrize(
    ("overrides", "environment", "file", "expected"),
    [
        ({}, {}, "", 8000),
        ({}, {}, "port = 1111", 1111),
        ({}, {"SLUICE_PORT": "2222"}, "port = 1111", 2222),
        ({"port": 3333}, {"SLUICE_PORT": "2222"}, "port = 1111", 3333),
        ({"port": None}, {"SLUICE_PORT": "2222"}, "port = 1111", 2222),
    ],
)
def test_the_command_line_beats_the_environment_beats_the_file_beats_the_defaults(
    folder, overrides, environment, file, expected
):
    """One order, for every setting; an option that was not given does not count."""
    folder.mkdir()
    (folder / "sluice.toml").write_text(file)

    settings = load({"data_dir": folder, **overrides}, environ=environment)

    assert settings.port == expected


def test_the_file_may_be_named(folder, tmp_path):
    """SLUICE_CONFIG names the file; one that is not there is an error, not a default."""
    named = tmp_path / "mine.toml"
    named.write_text("workers = 7\n")

    assert load({"data_dir": folder}, environ={"SLUICE_CONFIG": str(named)}).workers == 7
    assert "there is no file" in problems(environ={"SLUICE_CONFIG": str(tmp_path / "none.toml")})[0]


@pytest.mark.parametrize("content", [b"port = \n", b"\xff\xfe", b"[port]\n]"])
def test_a_file_that_cannot_be_read_is_one_sentence(folder, content):
    """The file and what is wrong with it, no trace."""
    folder.mkdir()
    (folder / "sluice.toml").write_bytes(content)

    (problem,) = problems(overrides={"data_dir": folder}, environ={})

    assert str(folder / "sluice.toml") in problem


def test_all_problems_are_reported_at_once(folder):
    """Nobody mends settings one error at a time."""
    folder.mkdir()
    (folder / "sluice.toml").write_text('web_thread = 4\nlog_format = "xml"\n')
    environment = {"SLUICE_PROT": "1", "SLUICE_WORKERS": "many", "SLUICE_SECRET_KEY": "short", "HOME": "/root"}

    found = problems(overrides={"data_dir": folder, "port": 70_000}, environ=environment)

    assert {line.partition(":")[0] for line in found} == {
        "web_thread", "prot", "workers", "secret_key", "port", "log_format"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("written", "meant"),
    [("SLUICE_PROT", "port"), ("SLUICE_DATABASE_ULR", "database_url"), ("SLUICE_WORKER", "workers")],
)
def test_a_misspelt_variable_gets_a_hint(written, meant):
    """An unknown setting is never ignored."""
    (problem,) = problems(environ={written: "1"})

    assert problem.endswith(f"Did you mean {meant}?")


def test_a_wholly_unknown_setting_gets_no_hint():
    """A guess far off would only mislead."""
    (problem,) = problems(environ={"SLUICE_XYZZY": "1"})

    assert problem == "xyzzy: there is no such setting (environment)."


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("database_url", "mysql://host/db"),
        ("database_url", "postgresql"),
        ("redis_url", "http://host"),
        ("secret_key", "x" * 31),
        ("trusted_proxies", "10.0.0.0/8, nonsense"),
        ("webhook_allowed_networks", "127.0.0.1, localhost"),
        ("webhook_ports", "443, https"),
        ("webhook_ports", "0"),
        ("webhook_ports", "9000-8000"),
        ("webhook_ports", "1-65536"),
        ("webhook_timeout_seconds", 31),
        ("wait_max_seconds", "31"),
        ("retention_ip_days", "-1"),
        ("web_threads", "1"),
        ("upkeep_seconds", "0"),
        ("log_level", "loud"),
    ],
)
def test_a_value_that_cannot_be_used_is_named(setting, value):
    """The message says which setting it is and what it may be."""
    (problem,) = problems(environ={f"SLUICE_{setting.upper()}": value})

    assert problem.startswith(f"{setting}: ")


@pytest.mark.parametrize("setting", ["database_url", "redis_url", "secret_key", "port"])
def test_a_message_never_repeats_what_may_hold_a_password(setting):
    """A password in a mistyped address must not end up in a log."""
    (problem,) = problems(environ={f"SLUICE_{setting.upper()}": "my:hunter2@host"})

    assert problem.startswith(f"{setting}: ")
    assert "hunter2" not in problem


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_postgresql_is_reached_through_psycopg(scheme):
    """However the address is written."""
    settings = load(environ={"SLUICE_DATABASE_URL": f"{scheme}://u:p@h/d", "SLUICE_SECRET_KEY": "x" * 32})

    assert settings.database_address == "postgresql+psycopg://u:p@h/d"


def test_proxies_are_a_list_in_a_file_and_commas_in_the_environment(folder):
    """Both ways say the same."""
    folder.mkdir()
    (folder / "sluice.toml").write_text('trusted_proxies = ["10.0.0.0/8", "::1"]\n')

    from_file = load({"data_dir": folder}, environ={})
    from_environment = load(environ={"SLUICE_TRUSTED_PROXIES": "10.0.0.0/8, ::1"})

    assert from_file.trusted_proxies == from_environment.trusted_proxies == ("10.0.0.0/8", "::1")


def test_secrets_are_not_in_the_representation():
    """Settings may be printed in a traceback."""
    settings = load(environ={"SLUICE_SECRET_KEY": "very-secret-" * 4, "SLUICE_METRICS_TOKEN": "also-secret"})

    assert "secret-" not in repr(settings)
    assert "also-secret" not in repr(settings)


def test_settings_cannot_be_changed():
    """What was read at the start holds until the end."""
    settings = load(environ={})

    with pytest.raises(ValueError):
        settings.port = 1


@pytest.mark.parametrize("outside", ["SLUICE_DATABASE_URL=postgresql://h/d", "SLUICE_REDIS_URL=redis://h"])
def test_outside_servers_need_a_secret_from_outside(outside, folder):
    """Another host must be able to have the same one; a file on this one would not do."""
    name, _, value = outside.partition("=")
    settings = load({"data_dir": folder}, environ={name: value})

    with pytest.raises(SettingsError, match="set SLUICE_SECRET_KEY"):
        _ = settings.secret
    assert not folder.exists()
    assert not settings.embedded_secret


def test_an_embedded_secret_is_made_once_and_private(folder):
    """Many processes that start together agree on one; nobody else may read it."""
    settings = load({"data_dir": folder}, environ={})

    with ThreadPoolExecutor(8) as threads:
        secrets = set(threads.map(lambda _: settings.secret, range(8)))

    assert len(secrets) == 1
    assert len(secrets.pop()) >= 32
    assert stat.S_IMODE(settings.secret_file.stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == ["secret.key"]


def test_nobody_else_reads_the_environment():
    """Settings come in through ``config.load``; the exceptions hand something down or find a program."""
    root = Path(config.__file__).parents[1]
    allowed = {
        "config/settings.py", "config/paths.py", "service/commands/run.py", "service/app.py", "service/process/up.py",
        "service/process/children.py",
    }  # fmt: skip
    sources = [path for part in ("config", "classifier", "service", "workers") for path in (root / part).rglob("*.py")]

    readers = {
        str(path.relative_to(root)) for path in sources if re.search(r"os\.environ|getenv", path.read_text("utf-8"))
    }

    assert readers <= allowed
