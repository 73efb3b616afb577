"""Examples written by templates of ours, for kinds that no redistributable data covers.

Every row is marked by its source (``synthetic-…``); the same seed gives the same rows. Each kind of spam has honest
counterparts that share its words, so that the words alone do not become evidence.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from classifier.attacks import disguised_words
from classifier.datasets import Example
from classifier.domain import HEADS

_TEMPLATES: Final = Path(__file__).parent / "templates"
_CHOICE: Final = re.compile(r"\{([^{}]*)\}")
_SLOT: Final = re.compile(r"<([a-z]+)>")
_ABUSE: Final = ("toxicity", "insult", "obscene")
#: What the first word of a kind says of its rows; a kind of one word is spam.
_LABELS: Final[Mapping[str, Mapping[str, float]]] = {
    "ham": {"spam": 0.0},
    "civil": dict.fromkeys(HEADS, 0.0),
    "abuse": {"spam": 0.0, **dict.fromkeys(_ABUSE, 1.0)},
}
_SPAM: Final = {"spam": 1.0}


def synthesise(rows_per_kind: int, seed: int) -> list[Example]:
    """So many different rows of each kind, or fewer where a kind has not enough to say."""
    examples = []
    for file in ("spam", "ham", "abuse"):
        for kind, templates in read_templates(f"{file}.txt").items():
            first, _, name = kind.rpartition(" ")
            labels = _LABELS[first] if first else _SPAM
            source = f"synthetic-{name}" if file == "spam" else f"synthetic-{file}-{name}"
            texts = write(templates, rows_per_kind, random.Random(f"{seed}/{kind}"))  # noqa: S311 not a secret
            examples += [Example(text=text, labels=labels, source=source) for text in texts]
    return examples


def disguise_some(examples: Sequence[Example], count: int, seed: int) -> list[Example]:
    """Copies of some spam with a few words in disguise."""
    rng = random.Random(f"{seed}/disguise")  # noqa: S311 not a secret
    spam = [example for example in examples if example.labels.get("spam", 0) >= 0.5 and example.text.isascii()]
    return [
        replace(example, text=disguised_words(example.text, rng, rng.randrange(1, 4)), source="synthetic-disguised")
        for example in rng.sample(spam, min(count, len(spam)))
    ]


def read_templates(file: str) -> dict[str, list[str]]:
    """The templates of a file by kind."""
    kinds: dict[str, list[str]] = {}
    for line in (_TEMPLATES / file).read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            kinds[line[3:].strip()] = []
        elif line.strip() and not line.startswith("#"):
            kinds[next(reversed(kinds))].append(line.strip())
    return kinds


def write(templates: list[str], count: int, rng: random.Random) -> list[str]:
    """Different texts written by some templates, each template in its turn."""
    written: dict[str, None] = {}
    for attempt in range(count * 3):
        written[compose(templates[attempt % len(templates)], rng)] = None
        if len(written) >= count:
            break
    return list(written)


def compose(template: str, rng: random.Random) -> str:
    """One text: choices made, slots filled, and sometimes careless, as people are."""
    text = template
    while _CHOICE.search(text):
        text = _CHOICE.sub(lambda match: rng.choice(match[1].split("|")), text)
    text = " ".join(_SLOT.sub(lambda match: _fill(match[1], rng), text).split())
    return _carelessly(text, rng)


def _fill(slot: str, rng: random.Random) -> str:
    fillers = FILLERS
    if slot == "link":
        host = f"{rng.choice(fillers['word'])}{rng.choice(['', '-'])}{rng.choice(fillers['thing'])}"
        scheme = rng.choice(["https://", "http://", "https://www.", "www.", ""])
        return f"{scheme}{host}.{rng.choice(fillers['tld'])}{rng.choice(fillers['path'])}"
    if slot == "newslink":
        return f"https://{rng.choice(fillers['newshost'])}{rng.choice(fillers['newspath'])}"
    if slot == "mail":
        return rng.choice(["<email>", f"{rng.choice(fillers['name'])}{rng.choice(fillers['thing'])}@gmail.com".lower()])
    if slot == "phone":
        digits = f"{rng.randrange(800, 990)}{rng.choice('- .')}{rng.randrange(200, 999)}{rng.choice('- .')}"
        return f"{rng.choice(fillers['first'])}{rng.choice(['-', ' ', ' ('])}{digits}{rng.randrange(1000, 9999)}"
    return rng.choice(fillers[slot])


def _carelessly(text: str, rng: random.Random) -> str:
    chance = rng.random()
    if chance < 0.12:
        return text.lower()
    if chance < 0.16:
        return text.upper()
    return text.rstrip(".!") if chance < 0.24 else text


def _read_fillers() -> Iterator[tuple[str, list[str]]]:
    for line in (_TEMPLATES / "fillers.txt").read_text(encoding="utf-8").splitlines():
        slot, _, values = line.partition(": ")
        yield slot, values.split("|")


#: What each slot of a template may hold.
FILLERS: Final[Mapping[str, list[str]]] = dict(_read_fillers())
