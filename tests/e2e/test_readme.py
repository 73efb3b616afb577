"""The README and the tutorial are typed into a shell, as a newcomer would, and must print what they say.

A fenced block after ``<!-- run -->`` is run; after ``<!-- prints -->`` it is what the command before it prints, with
other keys, ids and times; after ``<!-- answers -->`` it is the JSON that the command before it answers.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from servers import SLUICE, Sluice

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^<!-- (run|prints|answers) -->\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DOCUMENTED_URL = "http://127.0.0.1:8000"
API_KEY = re.compile(r"\b[0-9a-z]{12}\b")
END = "\x1e"
#: What must be as documented, not only of the same kind.
EXACT = {"action", "status", "kind", "revision", "external_id", "type", "title", "detail", "degraded", "policy"}


class Shell:
    """A bash that keeps its variables between commands."""

    def __init__(self, service: Sluice) -> None:
        self._url = service.url
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SLUICE_")}
        self.process = subprocess.Popen(
            ["bash", "--norc"],
            env={**environment, "SLUICE_DATA_DIR": str(service.data_dir)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def type(self, commands: str) -> str:
        """Type commands as they stand in the document; what they print."""
        here = commands.replace(DOCUMENTED_URL, self._url).replace(".venv/bin/sluice", str(SLUICE))
        self.process.stdin.write(f"{here}\nprintf '{END}\\n'\n")
        self.process.stdin.flush()
        printed = ""
        for line in self.process.stdout:
            if line.endswith(f"{END}\n"):
                return printed + line.removesuffix(f"{END}\n")
            printed += line
        raise AssertionError(f"The shell ended after: {commands}")

    def close(self) -> None:
        """End the shell."""
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(timeout=10)


@pytest.fixture
def shell(live: Sluice) -> Iterator[Shell]:
    """A shell in which the commands of a document reach a service of our own."""
    made = Shell(live)
    yield made
    made.close()


@pytest.fixture(scope="module")
def live(start_sluice: Callable[..., Sluice]) -> Sluice:
    """A running service, as `make run` starts it."""
    return start_sluice()


@pytest.mark.parametrize(
    "document",
    ["README.md", "docs/tutorial.md", "docs/explanation/how-a-decision-comes-about.md", "docs/how-to/curl.md"],
)
def test_commands_do_what_the_page_says(document: str, shell: Shell):
    """Each marked command is run in order, with the key that was really given out."""
    text = (ROOT / document).read_text(encoding="utf-8")
    blocks = BLOCK.findall(text)
    key, printed = "", ""

    for kind, block in blocks:
        if kind == "run":
            printed = shell.type(re.sub(r"(?m)^KEY=\S+", f"KEY={key}", block))
            key = next(iter(re.findall(r"(?m)^API key: (\S+)", printed)), key)
        elif kind == "prints":
            assert API_KEY.sub("KEY", printed.strip()) == API_KEY.sub("KEY", block.strip())
        else:
            check_shape(json.loads(block), json.loads(printed), document)

    assert any(kind == "run" for kind, _ in blocks)
    assert len(blocks) == len(re.findall(r"<!-- (?:run|prints|answers) -->", text)), "a mark without its block"


def test_handler_of_the_tutorial_decides(live: Sluice, monkeypatch: pytest.MonkeyPatch):
    """The Python of the tutorial works when pasted, and holds when Sluice is away."""
    source = re.search(r"```python\n(.*?)```", (ROOT / "docs/tutorial.md").read_text(encoding="utf-8"), re.DOTALL)[1]
    monkeypatch.setenv("MODERATION_KEY", live.key)
    pasted: dict[str, Any] = {}
    exec(source.replace(DOCUMENTED_URL, live.url), pasted)
    comment = (
        "https://blog.example/bread",
        "7",
        "Should I bake it hotter?",
        "Ada",
        "ada@reader.example",
        "203.0.113.7",
    )

    assert pasted["what_to_do"](*comment) == "approve"

    pasted["SLUICE"] = "http://127.0.0.1:1"
    assert pasted["what_to_do"](*comment) == "hold"


def check_shape(documented: Any, real: Any, place: str) -> None:
    """The real answer has the documented fields, of the same kinds; what is in EXACT is equal."""
    if isinstance(documented, dict):
        assert isinstance(real, dict), place
        assert real.keys() == documented.keys(), place
        if "parts" in documented:
            for account in (documented, real):
                assert round(sum(part["amount"] for part in account["parts"]), 4) == account["logit"], place
        for name, value in documented.items():
            if name in EXACT:
                assert real[name] == value, f"{place}/{name}"
            elif name == "reasons":
                check_reasons(value, real[name], f"{place}/{name}")
            elif name == "counterfactual":  # what single change is closest differs from model to model
                assert (real[name] is None) == (value is None), place
                assert value is None or {"change", "action", "message"} <= real[name].keys(), place
            else:
                check_shape(value, real[name], f"{place}/{name}")
    else:
        assert type(real) is type(documented), place


def check_reasons(documented: list[dict[str, Any]], real: list[dict[str, Any]], place: str) -> None:
    """Every documented reason is given; where none is documented there is none."""
    by_code = {reason["code"]: reason for reason in real}
    assert bool(documented) == bool(real), place
    for reason in documented:
        assert reason["code"] in by_code, place
        assert by_code[reason["code"]].keys() - {"spans"} == reason.keys() - {"spans"}, place
