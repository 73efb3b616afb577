"""Reading our pages as strangers' text wants them read: what is in a page that our templates did not put there?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final

from flask import Flask
from werkzeug.routing import Rule

TEMPLATES: Final = Path(__file__).parents[1] / "service" / "templates"
#: What code puts into pages beside the templates: the picture that an authenticator app reads.
_OF_CODE: Final = frozenset(
    {("svg", name) for name in ("", "width", "height", "class", "viewbox", "role", "aria-label", "xmlns")}
    | {("path", name) for name in ("", "d", "stroke", "fill", "class", "transform")}
    | {("g", name) for name in ("", "transform")}
)
#: Attributes in which an address stands.
ADDRESSES: Final = frozenset({"href", "src", "action", "formaction", "data", "poster", "srcset", "ping", "xlink:href"})
_FORBIDDEN_VALUES: Final = re.compile(r"(?i)^\s*(javascript|data|vbscript|blob|file):|^\s*//|^\s*\\")
_ADDRESS: Final = re.compile(r"(/(?!/)|#|\?).*|mailto:.*|", re.DOTALL)


class _Reader(HTMLParser):
    """Collects the elements, their attributes, the addresses and what scripts say."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.seen: set[tuple[str, str]] = set()
        self.addresses: list[tuple[str, str, str]] = []
        self.values: list[tuple[str, str, str]] = []
        self.comments: list[str] = []
        self.inline: list[str] = []
        self._in_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        self.seen.add((tag, ""))
        for name, value in attrs:
            self.seen.add((tag, name))
            if name in ADDRESSES:
                self.addresses.append((tag, name, value or ""))
        self._in_script = tag == "script" and "src" not in names and names.get("type") != "application/json"

    def handle_endtag(self, tag: str) -> None:
        self._in_script = False

    def handle_data(self, data: str) -> None:
        if self._in_script and data.strip():
            self.inline.append(data)

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


def _read(text: str) -> _Reader:
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return reader


@cache
def ours() -> frozenset[tuple[str, str]]:
    """Every element with every attribute that the templates have, as far as they can be read without filling them."""
    found: set[tuple[str, str]] = set(_OF_CODE)
    for path in TEMPLATES.rglob("*.html"):
        source = re.sub(r"\{#.*?#\}|\{%.*?%\}", "", path.read_text(), flags=re.DOTALL)
        found |= _read(re.sub(r"\{\{.*?\}\}", "x", source, flags=re.DOTALL)).seen
        for more in re.findall(r"attributes=\{([^}]*)\}", source):  # of the macro `field`
            found |= {("input", name) for name in re.findall(r'"([a-z-]+)":', more)}
    return frozenset(found)


def foreign(page: str) -> list[str]:
    """What stands in a page that is not ours: elements, attributes, addresses, scripts, comments."""
    reader = _read(page)
    found = [f"<{tag} {name}>" for tag, name in sorted(reader.seen - ours())]
    found += [
        f"<{tag} {name}={value[:80]!r}>" for tag, name, value in reader.addresses if not _ADDRESS.fullmatch(value)
    ]
    found += [f"inline script: {said[:80]!r}" for said in reader.inline]
    found += [f"comment: {said[:80]!r}" for said in reader.comments]
    return found


def links(page: str) -> list[str]:
    """The addresses on this host that a page leads to."""
    return [value for tag, name, value in _read(page).addresses if tag == "a" and value.startswith("/")]


def paths_of(app: Flask, values: dict[str, Iterable[str]], method: str = "GET") -> Iterator[tuple[Rule, str]]:
    """Every route with this method, with every argument that there is.

    Arguments that ``values`` does not know by their name are tried with everything there is.
    """
    everything = [each for group in values.values() for each in group]
    for rule in app.url_map.iter_rules():
        if method not in (rule.methods or ()) or rule.endpoint.endswith("static"):
            continue
        paths: list[dict[str, Any]] = [{}]
        for name in sorted(rule.arguments):
            choices = list(values.get(name, everything))
            paths = [{**path, name: choice} for path in paths for choice in choices]
        for arguments in paths:
            built = rule.build({**arguments}, append_unknown=False)
            if built is not None:
                yield rule, built[1]
