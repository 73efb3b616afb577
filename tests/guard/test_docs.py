"""Undocumented means failing: settings, commands, operations, codes, metrics and links are counted."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click
import pytest
from repository import ROOT, tracked

from classifier.domain import HEADS
from classifier.training import Recipe
from config.settings import DEFAULTS_FILE, Settings
from service.api.operations import OPERATIONS
from service.app import ROUTE_MODULES
from service.cli import COMMANDS, cli
from service.errors import CATALOGUE

#: Reads constants of wp-config.php.
WORDPRESS = ROOT / "clients" / "wordpress" / "sluice.php"
REFERENCE = ROOT / "docs" / "reference"
CODE = re.compile(r"(?!.*\.toml$)[a-z]+\.[a-z_]+")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")


def page(name: str) -> str:
    """A page of the reference."""
    return (REFERENCE / name).read_text(encoding="utf-8")


def first_cells(text: str) -> list[str]:
    """The first cell of each row of each table, when it is one code."""
    return re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)


def sources(*packages: str) -> Iterator[tuple[Path, ast.Module]]:
    """Our Python files, parsed."""
    for package in packages:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path, ast.parse(path.read_text(encoding="utf-8"))


# --- Settings -----------------------------------------------------------------------------------------------------


def test_every_setting_has_a_default_and_a_row():
    """Settings, defaults.toml and the page name the same settings with the same defaults."""
    defaults = tomllib.loads(DEFAULTS_FILE.read_text(encoding="utf-8"))
    rows = dict(re.findall(r"^\| `([a-z_]+)` \| `([^`]+)` \|", page("settings.md"), re.MULTILINE))

    assert rows.keys() == defaults.keys() == Settings.model_fields.keys()
    assert {name: json.loads(value) for name, value in rows.items()} == defaults


def test_every_setting_of_a_recipe_has_a_row():
    """The page names what a recipe may say, with its default."""
    rows = dict(re.findall(r"^\| `([a-z_]+)` \| `([^`]+)` \|", page("recipe.md"), re.MULTILINE))
    defaults = {name: value for name, value in asdict(Recipe(name="any")).items() if name != "name"}

    assert rows.keys() == defaults.keys()
    assert {name: json.loads(value) for name, value in rows.items()} == defaults


def test_every_setting_is_explained_where_it_stands():
    """In defaults.toml each key, or the group it stands in, follows a comment."""
    lines = DEFAULTS_FILE.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        if re.match(r"[a-z_]+ = ", line):
            above = [earlier for earlier in lines[:number] if not re.match(r"[a-z_]+ = ", earlier)]
            assert above[-1].startswith("#"), line


def test_pages_name_only_settings_that_exist():
    """A variable that a reader copies from any page is one that Sluice reads."""
    known = {f"SLUICE_{name.upper()}" for name in Settings.model_fields} | {"SLUICE_CONFIG", "SLUICE_TEST_REQUIRE"}
    known |= set(re.findall(r"constant\( '(SLUICE_\w+)'", WORDPRESS.read_text(encoding="utf-8")))
    for path in (path for path in tracked() if path.suffix == ".md"):
        assert set(re.findall(r"SLUICE_[A-Z_]*[A-Z]", path.read_text(encoding="utf-8"))) <= known, path.name


# --- Commands -----------------------------------------------------------------------------------------------------


def commands(group: click.Group, name: str = "sluice") -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by its full name."""
    context = click.Context(group)
    for part in group.list_commands(context):
        command = group.get_command(context, part)
        if isinstance(command, click.Group):
            yield from commands(command, f"{name} {part}")
        else:
            yield f"{name} {part}", command


def documented_commands() -> dict[str, set[str]]:
    """Command -> options that its section, or the chapter it stands in, speaks of."""
    found = {}
    for chapter in page("cli.md").split("\n## ")[1:]:
        intro, *sections = chapter.split("\n### `")
        for section in sections:
            name = re.match(r"sluice [a-z-]+(?: [a-z]+)?", section)[0]
            found[name] = set(OPTION.findall(section)) | set(OPTION.findall(intro))
    return found


def test_every_command_and_option_is_documented():
    """The page and `--help` know the same commands with the same options."""
    real = {
        name: {
            option
            for parameter in command.params
            for option in (*parameter.opts, *parameter.secondary_opts)
            if option.startswith("--")
        }
        for name, command in commands(cli)
    }

    assert documented_commands() == real


@pytest.mark.parametrize(("name", "command"), list(commands(cli)), ids=[name for name, _ in commands(cli)])
def test_every_command_and_option_explains_itself(name: str, command: click.Command):
    """Help is a sentence, and every option has one."""
    assert command.help.strip().splitlines()[0].strip(), name
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.name != "seed":
            assert parameter.help, f"{name} {parameter.opts}"


def test_pages_name_only_commands_that_exist():
    """What a reader copies from any page starts a command of ours."""
    for path in (path for path in tracked() if path.suffix == ".md"):
        text = path.read_text(encoding="utf-8")
        for name in re.findall(r"(?:bin/|`)sluice ([a-z][a-z-]*)", text):
            assert name in COMMANDS, f"{path.name}: sluice {name}"


# --- API ----------------------------------------------------------------------------------------------------------


def test_every_operation_is_mentioned():
    """The table of the page has every route, and no other."""
    assert ROUTE_MODULES
    spans = re.findall(r"`(GET|POST|PUT|DELETE) (/[^`]*)`", page("api.md").split("## Authentication")[0])

    assert {f"{method} {path}" for method, path in spans} == {f"{each.method} {each.path}" for each in OPERATIONS}


def test_every_error_code_is_documented():
    """Every error has a row with its status and what to do, as the service's own page says it."""
    rows = re.findall(r"^\| (\d{3}) \| `([^`]+)` \| ([^|]+) \| ([^|]+) \|", page("api.md"), re.MULTILINE)
    said = {code: (int(status), title, advice) for status, code, title, advice in rows}

    assert said == {code: (each.status, each.title, each.advice) for code, each in CATALOGUE.items()}


def test_every_field_code_is_documented():
    """What stands in `errors[].code` is listed."""
    used = {
        node.value
        for _, tree in sources("service")
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(r"field\.\w+", node.value)
    }

    assert {cell for cell in first_cells(page("api.md")) if cell.startswith("field.")} == used


def test_every_reason_is_documented():
    """Every code that a module which makes signals or reasons names is on the page, and no other."""
    used = {f"model.{head}" for head in HEADS}
    for _, tree in sources("classifier", "service", "workers"):
        calls = {
            node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        if calls & {"Signal", "Reason"}:
            strings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
            used |= {each for each in strings if isinstance(each, str) and CODE.fullmatch(each)}

    assert set(first_cells(page("reasons.md"))) == used - CATALOGUE.keys()


def test_every_metric_is_documented():
    """The page on monitoring has a row for each metric."""
    made = {
        name if kind != "Counter" or name.endswith("_total") else f"{name}_total"
        for path in (ROOT / "service").rglob("*.py")
        for kind, name in re.findall(
            r"(Counter|Gauge|Histogram)\(\s*\"(sluice_\w+)\"", path.read_text(encoding="utf-8")
        )
    }
    text = (ROOT / "docs" / "how-to" / "monitor.md").read_text(encoding="utf-8")

    assert {cell.partition("{")[0] for cell in first_cells(text) if cell.startswith("sluice_")} == made


# --- Links --------------------------------------------------------------------------------------------------------


def links(path: Path) -> list[str]:
    """Where a page leads, code apart."""
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.findall(r"\[[^\]]*\]\(([^)\s]+)\)", text)


def anchors(path: Path) -> set[str]:
    """The places in a page that a link can name."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(
    "path", [path for path in tracked() if path.suffix == ".md"], ids=lambda path: str(path.relative_to(ROOT))
)
def test_local_links_lead_somewhere(path: Path):
    """Every link within the repository ends at a tracked file, and at a heading when it names one."""
    there = set(tracked()) | {parent for each in tracked() for parent in each.parents}
    for link in links(path):
        if not re.match(r"[a-z]+:", link):
            file, _, anchor = link.partition("#")
            target = (path.parent / file).resolve() if file else path
            assert target in there, link
            if anchor:
                assert anchor in anchors(target), link


def test_every_page_can_be_reached():
    """From the README, link by link, one gets to every page under docs/."""
    seen: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        path = waiting.pop()
        if path in seen or path.suffix != ".md" or not path.is_file():
            continue
        seen.add(path)
        waiting += [(path.parent / link.partition("#")[0]).resolve() for link in links(path) if ":" not in link]

    assert {path for path in tracked() if path.suffix == ".md" and ROOT / "docs" in path.parents} <= seen
