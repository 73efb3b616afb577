"""Setting up: the Makefile's words for unsuitable machines, and lock files that work anywhere."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What `make setup` looks at before it downloads anything."""
    for name in ("Makefile", "pyproject.toml", *LOCKS):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def a_command(folder: Path, name: str, script: str) -> Path:
    """A small program on PATH."""
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


def make(checkout: Path, *arguments: str, path: str = "") -> subprocess.CompletedProcess[str]:
    """Run make there."""
    environment = {"PATH": f"{path}:/usr/bin:/bin", "HOME": str(checkout)}
    line = ["make", "--no-print-directory", *arguments]
    return subprocess.run(line, cwd=checkout, env=environment, capture_output=True, text=True, timeout=60, check=False)


def sentences(done: subprocess.CompletedProcess[str]) -> list[str]:
    """What make printed, without its own complaint."""
    return [line for line in (done.stdout + done.stderr).splitlines() if not line.startswith("make: ***")]


def test_help_lists_every_target():
    """`make` alone tells what there is, each with what it does."""
    text = (ROOT / "Makefile").read_text()
    targets = set(re.search(r"^\.PHONY: (.+)$", text, re.MULTILINE)[1].split()) - {"setup-dev"}

    listed = re.findall(r"^  make (\S+) +\S", make(ROOT).stdout, re.MULTILINE)

    assert set(listed) == targets


def test_no_suitable_python_is_one_sentence(checkout: Path):
    """Every Python of this machine is made too old; the sentence names what to install."""
    for name in ("python3.12", "python3.11", "python3"):
        a_command(checkout / "old", name, "echo 3.9; exit 1")

    done = make(checkout, "setup", path=str(checkout / "old"))

    assert done.returncode != 0
    assert len(sentences(done)) == 1
    assert "needs Python 3.11 or 3.12 (looked for: python3.12 python3.11 python3): install one" in sentences(done)[0]


def test_unsuitable_python_by_name_is_one_sentence(checkout: Path):
    """Whoever names a Python is told that it does not do."""
    old = a_command(checkout / "old", "python3.9", "exit 1")

    done = make(checkout, "setup", f"PYTHON={old}")

    assert len(sentences(done)) == 1
    assert f"needs Python 3.11 or 3.12 (looked for: {old})" in sentences(done)[0]


def test_python_without_venv_is_one_sentence(checkout: Path):
    """Debian splits venv off; the sentence names the package."""
    bare = a_command(checkout / "bare", "python3.12", 'case "$2" in *ensurepip*) exit 1;; esac')

    done = make(checkout, "setup", f"PYTHON={bare}")

    assert len(sentences(done)) == 1
    assert "apt-get install python3-venv" in sentences(done)[0]


def test_other_machines_are_told_what_to_do(checkout: Path):
    """No wheel of Redis there: the sentence says what to install instead."""
    a_command(checkout / "bin", "uname", "echo Darwin arm64")

    done = make(checkout, "setup", path=str(checkout / "bin"))

    assert len(sentences(done)) == 1
    assert "install Redis or Valkey" in sentences(done)[0]


@pytest.mark.parametrize("name", LOCKS)
def test_lock_files_hold_packages_only(name: str):
    """Exact versions with hashes; no index, host or path of whoever made them."""
    lines = (ROOT / name).read_text().splitlines()
    pins = [line for line in lines if line and line[0] not in " #"]

    assert all(re.match(r"[a-z0-9._-]+==\S+ ", pin) for pin in pins)
    assert sum("--hash=sha256:" in line for line in lines) >= len(pins)
    assert not [line for line in lines if "://" in line or line.startswith("--") or "/opt" in line or "/home" in line]


def test_the_development_lock_contains_the_other():
    """What is tested is what runs."""
    run, dev = (set(re.findall(r"^\S+==\S+", (ROOT / name).read_text(), re.MULTILINE)) for name in LOCKS)

    assert run <= dev


def test_lock_knows_every_dependency():
    """A dependency added to pyproject.toml needs `make lock`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    locked = set(re.findall(r"^([a-z0-9._-]+)==", (ROOT / LOCKS[1]).read_text(), re.MULTILINE))
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]

    assert {re.match(r"[A-Za-z0-9._-]+", line)[0].lower().replace("_", "-") for line in wanted} <= locked


def test_ci_script_can_be_run():
    """Whoever clones runs .ci/run as it is."""
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
