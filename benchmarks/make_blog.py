"""A made-up blog as a WordPress export: the same seed gives the same bytes, whatever size is asked for.

    python -m benchmarks.make_blog 100000 blog.xml
    python -m benchmarks.make_blog --megabytes 1024 large.xml

All sentences are our own. Readers write of what an article is about, some of them often; spammers sell a few things in
waves of near copies; some are rude.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

BEGINS: Final = datetime(2014, 3, 1, 8, 0, tzinfo=UTC)
#: A comment has more bytes than this, so a file of some size has fewer comments.
_LEAST_BYTES: Final = 600
#: However many comments there are, they are from these ten years.
_SECONDS: Final = 10 * 365 * 86_400
_PER_ARTICLE: Final = 40

_TOPICS: Final = ("harbour", "bridge", "market", "library", "tram", "river", "school", "garden", "bakery", "theatre")
_PEOPLE: Final = ("Ada", "Bruno", "Chiara", "Deniz", "Elif", "Fritz", "Greta", "Hugo", "Ines", "Jonas", "Kaja", "Luca")
_GOOD: Final = (
    "I walked past the {topic} on {day} and it looks {adjective} since they repaired the {part}.",
    "Thank you for writing about the {topic}; my {relative} worked there for {number} years.",
    "Is there a plan for what happens to the {part} once the {topic} is finished?",
    "The photo of the {topic} is from before the {season}, the {part} has been moved since.",
    "I disagree about the {part}. Without it the {topic} would be {adjective} and nobody would come.",
    "We took the children to the {topic} last {season}, and they still talk about the {part}.",
)
_SPAM: Final = (
    "Cheap {goods} here, {number} percent off, visit http://{shop}.example.net/{goods} now",
    "Great post! I earn {number}00 dollars a week with {goods}, see http://{shop}.example.net",
    "Best {goods} online, no questions, fast delivery: http://{shop}.example.net/buy-{goods}",
    '<a href="http://{shop}.example.net">{goods}</a> for less, today only {number} pieces',
)
_RUDE: Final = (
    "You are an idiot, and whoever believes this about the {topic} is one as well.",
    "Shut up about the {topic}, you pathetic little fool.",
    "Only a complete moron could write such rubbish about the {part}.",
)
_ADJECTIVES: Final = ("lovely", "much better", "rather sad", "smaller than before", "surprisingly quiet", "worn out")
_PARTS: Final = ("roof", "old gate", "bicycle path", "railing", "clock", "steps", "lamps", "entrance", "benches")
_GOODS: Final = ("watches", "pills", "casino-chips", "loans", "handbags", "followers")
_SHOPS: Final = ("best-deal", "cheap-pharm", "lucky-spin", "fast-cash", "top-brand")
_DAYS: Final = ("Monday", "Tuesday", "Thursday", "Saturday", "Sunday morning")
_SEASONS: Final = ("spring", "summer", "autumn", "winter", "storm")
_RELATIVES: Final = ("aunt", "father", "grandmother", "neighbour", "brother")

_HEAD: Final = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" \
xmlns:wp="http://wordpress.org/export/1.2/">
<channel>
<title>The Harbour Blog</title>
<link>https://harbour.example</link>
<wp:wxr_version>1.2</wp:wxr_version>
"""
_TAIL: Final = "</channel>\n</rss>\n"


@dataclass(frozen=True, slots=True)
class Made:
    """A comment of the made-up blog."""

    id: int
    parent: int
    author: str
    email: str
    url: str
    text: str
    status: str
    at: datetime


def comments(count: int, seed: int = 0) -> Iterator[Made]:
    """So many comments, about one in six of them spam and one in fifty rude."""
    rng = random.Random(seed)
    at = BEGINS
    longest = min(5_400, 2 * _SECONDS // count)
    for number in range(1, count + 1):
        at += timedelta(seconds=rng.randint(1, longest))
        yield _comment(rng, number, at)


def wxr(count: int, seed: int = 0) -> Iterator[str]:
    """The export in pieces, an article each."""
    yield _HEAD
    article: list[Made] = []
    for made in comments(count, seed):
        article.append(made)
        if len(article) == _PER_ARTICLE:
            yield _item(article)
            article = []
    if article:
        yield _item(article)
    yield _TAIL


def write(path: Path, count: int, seed: int = 0, most_bytes: int | None = None) -> int:
    """Write the export, whole in any case; how many bytes it has."""
    written = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        for piece in wxr(count, seed):
            if most_bytes is not None and written > most_bytes and piece != _TAIL:
                continue
            written += file.write(piece)
            if most_bytes is not None and written > most_bytes:
                file.write(_TAIL)
                break
    return path.stat().st_size


def _comment(rng: random.Random, number: int, at: datetime) -> Made:
    drawn = rng.random()
    if drawn < 0.17:
        shop, goods = rng.choice(_SHOPS), rng.choice(_GOODS)
        text = rng.choice(_SPAM).format(goods=goods, shop=shop, number=rng.randint(5, 90))
        name, url = f"{goods} {rng.randint(1, 99)}", f"http://{shop}.example.net"
        status = rng.choices(("spam", "1", "trash"), (90, 4, 6))[0]
        return Made(number, 0, name, f"{goods}{rng.randint(1, 400)}@{shop}.example.net", url, text, status, at)
    topic, part = rng.choice(_TOPICS), rng.choice(_PARTS)
    templates = _RUDE if drawn > 0.98 else _GOOD
    sentences = [
        template.format(
            topic=topic,
            part=part,
            adjective=rng.choice(_ADJECTIVES),
            day=rng.choice(_DAYS),
            season=rng.choice(_SEASONS),
            relative=rng.choice(_RELATIVES),
            number=rng.randint(2, 40),
        )
        for template in rng.sample(templates, rng.randint(1, 3))
    ]
    reader = int(rng.paretovariate(1.1)) % 5_000
    name = f"{_PEOPLE[reader % len(_PEOPLE)]} {chr(65 + reader % 26)}."
    status = rng.choices(("1", "0", "trash"), (20, 1, 79) if templates is _RUDE else (97, 2, 1))[0]
    parent = number - rng.randint(1, 5) if number > 6 and rng.random() < 0.3 else 0
    return Made(number, parent, name, f"reader{reader}@mail.example", "", " ".join(sentences), status, at)


def _item(article: list[Made]) -> str:
    first = article[0]
    rows = [
        "<item>",
        f"<title>About the {_TOPICS[first.id % len(_TOPICS)]}, part {first.id}</title>",
        f"<link>https://harbour.example/{first.at:%Y/%m}/{first.id}/</link>",
        f"<wp:post_id>{first.id}</wp:post_id>",
        "<wp:post_type>post</wp:post_type>",
        *(_xml(made) for made in article),
        "</item>\n",
    ]
    return "\n".join(rows)


def _xml(made: Made) -> str:
    written = made.text.replace("]]>", "]]]]><![CDATA[>")
    return f"""<wp:comment>
<wp:comment_id>{made.id}</wp:comment_id>
<wp:comment_author><![CDATA[{made.author}]]></wp:comment_author>
<wp:comment_author_email>{escape(made.email)}</wp:comment_author_email>
<wp:comment_author_url>{escape(made.url)}</wp:comment_author_url>
<wp:comment_author_IP>198.51.100.{made.id % 250 + 1}</wp:comment_author_IP>
<wp:comment_date_gmt>{made.at:%Y-%m-%d %H:%M:%S}</wp:comment_date_gmt>
<wp:comment_content><![CDATA[{written}]]></wp:comment_content>
<wp:comment_approved>{made.status}</wp:comment_approved>
<wp:comment_type>comment</wp:comment_type>
<wp:comment_parent>{made.parent}</wp:comment_parent>
<wp:comment_user_id>0</wp:comment_user_id>
</wp:comment>"""


def main() -> None:
    """Write a blog."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", type=int, nargs="?", default=0)
    parser.add_argument("path", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--megabytes", type=int)
    chosen = parser.parse_args()
    most = chosen.megabytes * 1024 * 1024 if chosen.megabytes else None
    count = chosen.count or (most or 0) // _LEAST_BYTES or 1
    print(f"{write(chosen.path, count, chosen.seed, most):,} bytes")


if __name__ == "__main__":
    main()
