"""The first start shows what Sluice does: a site, an article and a dozen comments through the real HTTP API."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any, Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from config import Settings
from service.process.up import DEMO_MARK, base_url
from service.store import accounts
from service.store.engine import Store

SITE_NAME: Final = "demo"
SITE_URL: Final = "https://news.example"
SHOWN_REASONS: Final = 3
COLOURS: Final = {"approve": "green", "hold": "yellow", "reject": "red"}

#: Posts a body to a path of the API and returns the answer.
Post = Callable[[str, Mapping[str, Any]], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Sample:
    """One of our comments, what it stands for, and what was decided."""

    shows: str
    comment: Mapping[str, Any]
    answer: Mapping[str, Any]


class DemoError(Exception):
    """The demo cannot go on; the message says why."""


def run(settings: Settings, console: Console) -> None:
    """Show what the running service does with our samples, unless there is a site already.

    Raises:
        DemoError, OSError: the service did not answer as it should.
    """
    key = make_site(settings)
    if key:
        url = base_url(settings.host, settings.port)
        show(console, url, key, list(samples(poster(url, key))))
    else:
        console.print("There are sites already, so the demo is not shown again.")
    (settings.data_dir / "run" / DEMO_MARK).touch()


def make_site(settings: Settings) -> str | None:
    """Make the demo site and return its API key; ``None`` when there is any site already."""
    store = Store(settings.database_address, pool_size=1)
    now = datetime.now(UTC)
    try:
        with store.read() as connection:
            if accounts.all_sites(connection):
                return None
        return store.write(
            lambda connection: accounts.add_key(
                connection, accounts.add_site(connection, SITE_NAME, SITE_URL, now), settings.secret, now
            )
        )
    finally:
        store.close()


def poster(url: str, key: str) -> Post:
    """A function that posts to the API and waits up to ten seconds for the decision."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy does not know this machine's port
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", "Prefer": "wait=10"}

    def post(path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        request = urllib.request.Request(f"{url}{path}", json.dumps(body).encode(), headers)  # noqa: S310 - our own
        try:
            with opener.open(request, timeout=20) as response:
                answer: dict[str, Any] = json.load(response)
                return answer
        except urllib.error.HTTPError as error:
            raise DemoError(f"{path} answered {error.code}: {error.read(2_000).decode(errors='replace')}") from None

    return post


def samples(post: Post) -> Iterator[Sample]:
    """Post our comments one after the other, each with what came back."""
    folder = files("service") / "sample"
    article = json.loads((folder / "article.json").read_text(encoding="utf-8"))
    article["published_at"] = (datetime.now(UTC) - timedelta(hours=2)).isoformat(timespec="seconds")
    for number, sample in enumerate(json.loads((folder / "comments.json").read_text(encoding="utf-8")), 1):
        body = {"article": article, "comment": {"id": f"sample-{number}", **sample["comment"]}}
        yield Sample(sample["shows"], sample["comment"], post("/v1/comments", body))


def show(console: Console, url: str, key: str, decided: list[Sample]) -> None:
    """Print the decisions with their reasons, and how to send the next comment."""
    console.print("\n[bold]Sample comments under the article “Two drones brought down over the Kremlin”[/bold]")
    console.print(_table(decided))
    console.print(f"\n  [bold]URL[/bold]      {url}  (documentation: {url}/docs)")
    console.print(f"  [bold]API key[/bold]  {key}  (of the site “{SITE_NAME}”; shown this once)")
    console.print("\n  Send a comment of your own:\n")
    console.file.write(f"{curl(url, key)}\n\n")  # past rich, which would break the line in the middle of a word
    console.file.flush()


def curl(url: str, key: str) -> str:
    """A command for any shell: one line, single quotes only, nothing inside them that a shell would touch."""
    body = {
        "article": {"url": f"{SITE_URL}/my-article", "title": "My first article"},
        "comment": {"text": "I read this twice and still wonder who sent the drones.", "author": {"name": "Ada"}},
    }
    return (
        f"curl -sS '{url}/v1/comments' -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' "
        f"-H 'Prefer: wait=10' -d '{json.dumps(body)}'"
    )


def _table(decided: list[Sample]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=False, show_edge=False)
    table.add_column("Comment", ratio=5)
    table.add_column("Decision", no_wrap=True)
    table.add_column("Reasons, and their weight against it", ratio=6)
    for sample in decided:
        action = sample.answer.get("action") or "pending"
        author = Text(f"{sample.comment['author']['name']} ({sample.shows})", style="dim")
        words = Text(_shortened(sample.comment["text"], 90))
        decision = Text(str(action), style=COLOURS.get(str(action), ""))
        table.add_row(Text("\n").join([author, words]), decision, Text(_reasons(sample.answer)), end_section=True)
    return table


def _reasons(answer: Mapping[str, Any]) -> str:
    reasons = sorted(answer.get("reasons") or (), key=lambda reason: -abs(reason["weight"]))
    lines = [f"{reason['weight']:+.1f} {reason['code']}: {reason['message']}" for reason in reasons[:SHOWN_REASONS]]
    return "\n".join(lines) or "nothing speaks against it"


def _shortened(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[:limit].rpartition(" ")[0] + " …"
