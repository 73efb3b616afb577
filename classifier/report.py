"""An evaluation as a page to read: HTML with its plots inside, or Markdown with them beside it.

A page may hold what readers wrote. It is made for the operator's eyes: the file is theirs alone, every text is escaped,
its invisible and direction-changing characters are shown, and a page loads nothing.
"""

from __future__ import annotations

import html
import os
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

_HERE: Final = Path(__file__).parent / "pages"
_LONGEST_SHOWN: Final = 600
_MARKS: Final = re.compile(r"([\\`*_{}\[\]()#+\-.!|~>])")


def write_report(evaluation: Mapping[str, Any], target: Path, *, texts: bool = True) -> None:
    """Write a page (``.html`` or ``.md``), readable by its owner only; with ``texts`` off no comment is quoted."""
    from classifier.plots import draw  # noqa: PLC0415 - a second of loading that only a report needs

    plots = draw(evaluation)
    if target.suffix == ".md":
        folder = target.with_name(f"{target.stem}-plots")
        folder.mkdir(mode=0o700, exist_ok=True)
        for name, svg in plots.items():
            write_private(folder / f"{name}.svg", svg)
        page = _page("report.md.jinja", evaluation, {name: f"{folder.name}/{name}.svg" for name in plots}, texts=texts)
    else:
        page = _page("report.html.jinja", evaluation, {name: Markup(svg) for name, svg in plots.items()}, texts=texts)  # noqa: S704 - drawn by us from numbers
    write_private(target, page)


def write_private(path: Path, text: str) -> None:
    """Write a file that its owner alone may read; it is whole or not there."""
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    beside.replace(path)


def _page(template: str, evaluation: Mapping[str, Any], plots: Mapping[str, str], *, texts: bool) -> str:
    markdown = template.endswith(".md.jinja")
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=not markdown,  # noqa: S701 - Markdown is escaped by the filter "quoted"
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"share": _share, "area": _area, "quoted": _in_markdown if markdown else shown}
    return environment.get_template(template).render(evaluation=evaluation, plots=plots, texts=texts)


def _share(value: Mapping[str, Any]) -> str:
    if not value["of"]:
        return "none there"
    return f"{value['share']:.1%} ({value['low']:.1%} to {value['high']:.1%} of {value['of']:,})"


def _area(value: Mapping[str, Any]) -> str:
    return f"{value['auc']:.3f} ± {value['auc_plus_minus']:.3f}"


def shown(text: object) -> str:
    """A text on one line, cut where it is long, with its hidden characters made visible."""
    whole = str(text)
    cut = whole[:_LONGEST_SHOWN] + (" […]" if len(whole) > _LONGEST_SHOWN else "")
    return "".join(
        " "
        if char.isspace()
        else f"\\u{{{ord(char):x}}}"
        if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co"}
        else char
        for char in cut
    )


def _in_markdown(text: object) -> str:
    return _MARKS.sub(r"\\\1", html.escape(shown(text)))
