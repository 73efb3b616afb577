"""Comments for the load: made up from a seed, no two alike, as long as comments under news articles are."""

from __future__ import annotations

import math
import random
from typing import Any

_SUBJECTS = (
    "the council",
    "this article",
    "my neighbour",
    "the minister",
    "nobody here",
    "everyone I know",
    "the old bridge",
    "our school",
    "the author",
    "that proposal",
    "the new timetable",
    "a friend of mine",
    "the train company",
    "this government",
    "the whole street",
)
_VERBS = (
    "forgets",
    "explains",
    "ignores",
    "has always known",
    "cannot afford",
    "will never fix",
    "keeps talking about",
    "misreads",
    "supports",
    "should finally admit",
    "paid for",
    "promised",
    "wrote about",
)
_OBJECTS = (
    "the real costs",
    "what happened last winter",
    "public money",
    "people who work nights",
    "the noise at the crossing",
    "their own report",
    "the figures from 2019",
    "half of the story",
    "the bus line to the hospital",
    "small shops",
    "a decision nobody asked for",
    "the vote next month",
    "my question from yesterday",
    "clean air",
    "the park behind the station",
)
_ENDINGS = (
    "I think",
    "as usual",
    "and that is sad",
    "if you ask me",
    "according to the paper",
    "for once",
    "again",
    "in the end",
    "honestly",
    "and I was there",
    "which is fine",
    "thanks for reading",
    "what a shame",
    "lol",
    "well done",
)
_ODD = (
    "Cheap watches at http://deals-{0}.example/best?id={1} !!!",
    "See https://news.example/{0}/story-{1} for another view.",
    "Call me at once, great offer {0}, 100% free money {1}",
    "Shut up, you are a complete fool {0} {1}",
)


def comments(count: int, seed: int) -> list[str]:
    """Distinct texts; the median has about 150 characters, a few have thousands."""
    rng = random.Random(seed)
    return [_comment(rng, seed, number) for number in range(count)]


def submissions(texts: list[str], articles: int = 20) -> list[dict[str, Any]]:
    """Bodies for POST /v1/comments: few articles, many authors, as on a news site."""
    rng = random.Random(len(texts))
    return [
        {
            "article": {"url": f"https://news.example/story/{rng.randrange(articles)}", "title": "A bridge reopens"},
            "comment": {
                "text": text,
                "author": {
                    "name": f"reader {rng.randrange(5000)}",
                    "email": f"reader{rng.randrange(5000)}@mail.example",
                    "ip": f"198.51.100.{rng.randrange(255)}",
                    "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
                },
            },
        }
        for text in texts
    ]


def _comment(rng: random.Random, seed: int, number: int) -> str:
    wanted = min(4000, math.exp(rng.gauss(math.log(110), 0.9)))
    parts = [rng.choice(_ODD).format(seed, number)] if rng.random() < 0.1 else []
    length = 0
    while length < wanted:
        sentence = f"{rng.choice(_SUBJECTS)} {rng.choice(_VERBS)} {rng.choice(_OBJECTS)}"
        if rng.random() < 0.5:
            sentence += f", {rng.choice(_ENDINGS)}"
        # A word of its own, as names, numbers and slips of the pen are.
        sentence += " " + "".join(rng.choice("bdfgklmnprst") + rng.choice("aeiou") for _ in range(3))
        parts.append(sentence[0].upper() + sentence[1:] + rng.choice(".....!?"))
        length += len(parts[-1]) + 1
    rng.shuffle(parts)
    return " ".join(parts)
