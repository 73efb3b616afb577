"""`sluice user` and the scopes of `sluice key`, as whoever has the machine types them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import config
from config import Settings
from service.cli import cli
from service.store.engine import Store
from service.store.tables_people import users

Run = Callable[..., Result]


@pytest.fixture
def installation(tmp_path: Path, make_current: Callable[[Settings], None]) -> Settings:
    """A migrated installation."""
    settings = config.load({"data_dir": tmp_path / "data"}, environ={})
    make_current(settings)
    return settings


@pytest.fixture
def run(installation: Settings) -> Run:
    """Runs a command of ours there."""

    def command(*words: str, given: str | None = None) -> Result:
        return CliRunner().invoke(cli, [*words, "--data-dir", str(installation.data_dir)], input=given)

    return command


def test_the_life_of_a_user(run: Run):
    """Add, list, give another role, disable, enable, reset; each says in a sentence what happened."""
    run("site", "add", "blog", "--url", "https://blog.example")
    assert run("user", "list").output == "There is nobody yet; `sluice user add` adds somebody.\n"

    added = run("user", "add", "Ada", "--role", "admin")
    assert added.output.startswith("Ada is admin on all sites. This link lets them in once, for 24 hours:")
    assert "http://127.0.0.1:8000/desk/link/" in added.output
    assert run("user", "add", "Bea", "--role", "trainee", "--site", "blog").exit_code == 0
    assert run("user", "role", "bea", "moderator", "--site", "blog").output == "Bea is moderator on blog.\n"
    listed = json.loads(run("user", "list", "--json").output)["users"]
    assert [(each["name"], each["roles"]) for each in listed] == [
        ("Ada", [{"site": None, "role": "admin"}]),
        ("Bea", [{"site": "blog", "role": "moderator"}]),
    ]
    assert run("user", "disable", "Bea").output == "Bea cannot sign in any more.\n"
    assert "Bea  moderator on blog  last signed in: never  disabled" in run("user", "list").output
    assert run("user", "enable", "Bea").output == "Bea can sign in again.\n"
    assert "/desk/link/" in run("user", "reset", "Bea").output
    assert run("user", "role", "Bea", "none", "--site", "blog").output == "Bea has no role on blog any more.\n"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("user", "add", "ADA"), "There is already a user ADA."),
        (("user", "add", "Bea", "--site", "nowhere"), "There is no site named nowhere; `sluice site list` shows them."),
        (("user", "reset", "Eve"), "There is no user Eve; `sluice user list` shows all."),
        (("user", "disable", "Ada"), "Somebody else must be an admin of all sites first; nobody would be left."),
        (("user", "role", "Ada", "viewer"), "Somebody else must be an admin of all sites first; nobody would be left."),
    ],
)
def test_what_cannot_be_is_one_sentence(run: Run, words: tuple[str, ...], sentence: str):
    """And status 1."""
    run("user", "add", "Ada", "--role", "admin")

    done = run(*words)

    assert done.exit_code == 1
    assert done.output.strip() == sentence


def test_a_password_from_standard_input(run: Run, installation: Settings):
    """For scripts: it is stored hashed, and there is no link."""
    done = run("user", "add", "Ada", "--password-stdin", given="correct horse battery\n")
    refused = run("user", "add", "Bea", "--password-stdin", given="short\n")

    assert done.output == "Ada is moderator on all sites.\n"
    assert refused.output == "A password needs at least 10 characters.\n"
    store = Store(installation.database_address)
    with store.read() as connection:
        (row,) = connection.execute(users.select())
    store.close()
    assert row.password_hash.startswith("$argon2id$")


def test_the_first_link_is_there_until_somebody_is(run: Run):
    """Then it says where the desk is."""
    first = json.loads(run("user", "first", "--port", "9000", "--json").output)
    assert first["link"].startswith("http://127.0.0.1:9000/desk/link/")

    run("user", "add", "Ada", "--role", "admin")

    assert run("user", "first", "--port", "9000").output == "The moderators' desk is at http://127.0.0.1:9000/desk/\n"


def test_a_key_with_scopes(run: Run):
    """Its site shows what it may do."""
    run("site", "add", "blog", "--url", "https://blog.example")

    made = run("key", "add", "blog", "--scope", "submit", "--scope", "read", "--json")

    keys = json.loads(run("site", "show", "blog", "--json").output)["keys"]
    assert [key["scopes"] for key in keys] == [["submit", "read", "moderate", "admin"], ["submit", "read"]]
    assert keys[1]["hint"] == json.loads(made.output)["key"][-4:]
    assert "may submit, read" in run("site", "show", "blog").output
