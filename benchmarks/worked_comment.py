"""Renews the numbers of the worked comment in the docs: ``python -m benchmarks.worked_comment``, after each new model.

Runs what the page says is run and puts what is answered in its place. A test holds the page to it.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = ROOT / "docs" / "explanation" / "how-a-decision-comes-about.md"
_PAIR: Final = re.compile(
    r"(<!-- run -->\n```sh\n)(.*?)(^```\n\n<!-- answers -->\n```json\n)(.*?)(^```$)", re.MULTILINE | re.DOTALL
)
_WIDTH: Final = 118


def renewed(page: str) -> str:
    """The page with every answer as the command before it gives it now."""
    return _PAIR.sub(
        lambda pair: "".join((*pair.group(1, 2, 3), laid_out(json.loads(_run(pair[2]))), "\n", pair[5])), page
    )


def laid_out(value: Any, indent: int = 0) -> str:
    """JSON as a person would write it: on one line what fits there."""
    short = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or (len(short) + indent < _WIDTH and indent):
        return short
    inner = " " * (indent + 2)
    if isinstance(value, dict):
        items = [f"{json.dumps(key)}: {laid_out(each, indent + 2)}" for key, each in value.items()]
    else:
        items = [laid_out(each, indent + 2) for each in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}\n{inner}" + f",\n{inner}".join(items) + f"\n{' ' * indent}{closing}"


def _run(command: str) -> str:
    return subprocess.run(["bash", "-c", command], cwd=ROOT, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
