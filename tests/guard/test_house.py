"""Wishes about the house as a whole, which would not survive as wishes."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest
from repository import ROOT, texts, tracked
from rq.utils import import_attribute

from service import deliver_queue, queue

OURS = "sluice-moderation"


def test_import_contracts_hold():
    """Arrows between packages point one way; pyproject.toml says which."""
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([str(program), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("package", ["config", "classifier", "service", "workers", "migrations"])
def test_packages_are_ours_alone(package: str):
    """Their names are common: another distribution with one of them would shadow ours."""
    assert set(packages_distributions()[package]) == {OURS}


def test_the_client_is_a_distribution_of_its_own():
    """A blog installs a few files, and none of the service."""
    assert set(packages_distributions()["sluice_client"]) == {"sluice-client"}
    assert requires("sluice-client") == ["httpx>=0.27"]


def test_the_example_knows_the_client_alone():
    """Whoever copies the blog needs nothing of the service."""
    source = "".join(text for name, text in texts() if name.startswith("examples/") and name.endswith(".py"))

    assert not re.findall(r"(?m)^\s*(?:from|import) (?:config|classifier|service|workers)\b", source)
    assert re.findall(r"(?m)^from sluice_client import", source)


def test_job_names_resolve():
    """RQ finds a job by its name, which no type checker sees."""
    named = {**vars(queue), **vars(deliver_queue)}
    names = [value for name, value in named.items() if name.endswith("_JOB")]

    assert len(names) == 2
    for name in names:
        assert callable(import_attribute(name)), name


def test_nothing_is_pickled():
    """No tracked file can run code when it is loaded, and nothing outside the tests loads such files."""
    suffixes = {".pkl", ".pickle", ".joblib", ".dill", ".sav"}

    assert [path for path in tracked() if path.suffix in suffixes] == []
    code = {name: text for name, text in texts() if name.endswith(".py") and not name.startswith("tests/")}
    assert [name for name, text in code.items() if re.search(r"allow_pickle=True|import (?:pickle|joblib)", text)] == []


def test_no_tracked_file_is_huge():
    """A clone stays small: at most 12 MB in one file."""
    assert [path for path in tracked() if path.stat().st_size > 12_000_000] == []


def test_no_source_file_is_long():
    """A file of the product is one subject that can be read in one sitting: under 500 lines."""
    long = {name: text.count("\n") for name, text in texts() if name.endswith(".py") and text.count("\n") >= 500}

    assert {name: lines for name, lines in long.items() if not name.startswith("tests/")} == {}


@pytest.mark.parametrize(
    "forbidden",
    [
        pytest.param(r"(?<![\w.-])/wo" + r"rk/", id="a path of one machine"),
        pytest.param(r"/home/(?!sluice)\w+/", id="somebody's home"),
        pytest.param(r"https?://[^/\s\"']*(?:pypi|pythonhosted|npmjs)[^/\s\"']*", id="a registry"),
        pytest.param(r"(?m)^--(?:extra-)?(?:index-url|find-links|trusted-host)", id="an index in a lock file"),
    ],
)
def test_no_machine_is_named(forbidden: str):
    """A clone works elsewhere: nothing names the machine or the registry it was made with."""
    pattern = re.compile(forbidden)

    assert [name for name, text in texts() if pattern.search(text)] == []
