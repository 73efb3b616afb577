"""What the brain costs per comment: the lean scorer against the plain scikit-learn pipeline made of the same weights.

``python -m benchmarks.scoring [--rounds N] [--json FILE]`` prints a table. Every figure is the median of the rounds,
and each ratio is taken within its round, since the speed of a shared machine wanders. Templates write the comments.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from classifier.assess import assess
from classifier.domain import Article, Author, Context
from classifier.features import build_pipeline
from classifier.policy import DEFAULT_POLICY
from classifier.registry import load_default
from classifier.synthetic import read_templates, write
from classifier.text import read

BATCH = 1024
SINGLES = 200


def comments(count: int, seed: int) -> list[str]:
    """Different comments of the usual length, honest for the most part."""
    rng = random.Random(seed)
    kinds = [*read_templates("ham.txt").values(), *read_templates("spam.txt").values()]
    sentences = [text for templates in kinds for text in write(templates, 400, rng)]
    return [f"{' '.join(rng.sample(sentences, rng.choice((1, 2, 2, 3))))} {rng.randrange(10**6)}" for _ in range(count)]


def run(rounds: int = 5) -> dict[str, Any]:
    """All figures; times in milliseconds per comment."""
    scorer = load_default()
    pipeline = build_pipeline(scorer.weights)
    figures: dict[str, list[float]] = {}

    def note(name: str, value: float) -> float:
        figures.setdefault(name, []).append(value)
        return value

    for number in range(rounds):
        fresh = comments(SINGLES * 2, 1000 + number)
        lean_cold = note("lean_cold_ms", per_call(fresh[:SINGLES], lambda text: scorer.score([text])))
        plain_cold = note("pipeline_cold_ms", per_call(fresh[SINGLES:], lambda text: pipeline.predict_proba([text])))
        note("cold_ratio", plain_cold / lean_cold)
        lean_warm = note("lean_warm_ms", per_call(fresh[:SINGLES], lambda text: scorer.score([text])))
        plain_warm = note("pipeline_warm_ms", per_call(fresh[SINGLES:], lambda text: pipeline.predict_proba([text])))
        note("warm_ratio", plain_warm / lean_warm)
        documents = [read(text) for text in fresh[:SINGLES]]
        note("linear_part_ms", per_call(documents, lambda document: scorer.score([document])))
        contexts = [whole(text) for text in comments(BATCH + SINGLES, 5000 + number)]
        note("brain_single_ms", per_call(contexts[BATCH:], lambda context: assess([context], scorer, DEFAULT_POLICY)))
        started = time.perf_counter()
        assess(contexts[:BATCH], scorer, DEFAULT_POLICY)
        note("brain_batch_per_second", BATCH / (time.perf_counter() - started))
        started = time.perf_counter()
        pipeline.predict_proba(fresh)
        note("pipeline_batch_per_second", len(fresh) / (time.perf_counter() - started))
    return {name: round(statistics.median(values), 4) for name, values in figures.items()} | {"rounds": rounds}


def per_call(items: list[Any], call: Callable[[Any], object]) -> float:
    """The median time of one call, in milliseconds."""
    times = []
    for item in items:
        started = time.perf_counter()
        call(item)
        times.append(time.perf_counter() - started)
    return statistics.median(times) * 1000


def whole(text: str) -> Context:
    """A comment with everything the brain looks at."""
    article = Article(title="Council votes on the new bypass", text="The council met to vote on the bypass. " * 40)
    author = Author(name="Anna Smith", email="anna@example.org", url="https://example.org")
    return Context(text=text, author=author, article=article, form_seconds=42.0)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    figures = run(arguments.rounds)
    for name, value in figures.items():
        print(f"{name:28} {value:>12,.3f}")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
