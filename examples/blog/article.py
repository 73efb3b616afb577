"""The one article of the blog; the text is our own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from sluice_client import Article

PATH: Final = "/world/drones-over-the-kremlin"
TITLE: Final = "Two drones brought down over the Kremlin in night attack"
PUBLISHED_AT: Final = datetime(2026, 11, 25, 6, 30, tzinfo=UTC)
TAGS: Final = ("world", "war")
_TEXT: Final = """\
Two drones were brought down over the Kremlin in the early hours of Wednesday. Videos filmed by residents show
a flash above the dome of the Senate building, followed by smoke; debris fell inside the walls, and nobody was
hurt.

Moscow called it a terrorist attack and said that it would answer it. Kyiv denied any part in it and said that
its army fights on its own soil only.

Military analysts asked by this newspaper were divided. Some think that small drones with a few kilograms of
explosives could have been started close to the city; others doubt that a device of this kind flies four
hundred kilometres past air defence without being seen. Flights over the capital have been banned since.

In Kharkiv and Kherson, where bombs killed twenty-one people on the same day, few had time to wonder who had
sent the drones. “We hear them every night,” said a nurse who treats the wounded at a railway station. “Nobody
calls a press conference for that.”
"""
PARAGRAPHS: Final = tuple(" ".join(each.split()) for each in _TEXT.split("\n\n"))


def article_at(base_url: str) -> Article:
    """What Sluice is told of the article."""
    return Article(
        url=base_url + PATH,
        id="drones-over-the-kremlin",
        title=TITLE,
        text="\n\n".join(PARAGRAPHS),
        published_at=PUBLISHED_AT,
        tags=TAGS,
    )
