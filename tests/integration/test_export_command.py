"""`sluice export` and `export-person` from the outside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from exports_of_others import a_wp_comment, a_wp_item, a_wxr

from service.cli import cli


@pytest.fixture
def sluice(tmp_path: Path):
    """The command on an installation with a short history."""
    environment = {"SLUICE_DATA_DIR": str(tmp_path / "data"), "SLUICE_SECRET_KEY": "s" * 40}

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli, arguments, env=environment)

    file = tmp_path / "blog.xml"
    others = a_wp_comment(3, author_email="kim@reader.example")
    file.write_text(a_wxr(a_wp_item(a_wp_comment(1), a_wp_comment(2, "Buy", "spam"), others)))
    assert run("site", "add", "blog", "--url", "https://blog.example").exit_code == 0
    assert run("import", str(file), "--site", "blog", "--yes").exit_code == 0
    return run


def test_a_site_is_exported(sluice, tmp_path):
    """Once; the second time the file is in the way."""
    target = tmp_path / "out.jsonl"

    done = sluice("export", str(target), "--site", "blog")
    again = sluice("export", str(target), "--site", "blog")

    assert done.exit_code == 0, done.output
    assert f"3 comments of blog are in {target}." in done.output
    assert target.stat().st_mode & 0o777 == 0o600
    assert (again.exit_code, f"There is already a file {target}" in again.output) == (1, True)


def test_a_person_is_exported_though_the_addresses_are_past_their_retention(sluice, tmp_path):
    """Imported comments of years ago; the log names nobody."""
    target = tmp_path / "jo.jsonl"

    done = sluice("export-person", str(target), "--site", "blog", "--email", "jo@reader.example", "--json")

    assert json.loads(done.stdout.splitlines()[-1])["comments"] == 2
    assert "reader.example" not in done.output.replace(str(target), "")
    assert sluice("export-person", str(tmp_path / "x"), "--site", "blog").exit_code == 2


def test_a_folder_that_is_not_there_is_named(sluice, tmp_path):
    """In a sentence."""
    refused = sluice("export", str(tmp_path / "no" / "out.jsonl"), "--site", "blog")

    assert refused.exit_code == 1
    assert "cannot be used: No such file or directory." in refused.output
