"""What the brain costs per comment: the lean scorer against the plain scikit-learn pipeline made of the same weights.

Each ratio is taken within its round, since the speed of a shared machine wanders. Templates write the comments.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final
from zlib import crc32

from benchmarks import report
from benchmarks.plan import Plan
from classifier.assess import assess
from classifier.domain import Article, Author, AuthorRecord, Context, DomainRecord, Identity, Likeness, Rates
from classifier.features import build_pipeline
from classifier.policy import DEFAULT_POLICY
from classifier.registry import load_default
from classifier.scoring import Scorer
from classifier.synthetic import read_templates, write

BATCH = 1024


def comments(count: int, seed: int) -> list[str]:
    """Different comments of the usual length; one in ten is spam."""
    rng = random.Random(seed)
    honest, spam = (
        [text for templates in read_templates(file).values() for text in write(templates, 400, rng)]
        for file in ("ham.txt", "spam.txt")
    )

    def comment() -> str:
        sentences = spam if rng.random() < 0.1 else honest
        return f"{' '.join(rng.sample(sentences, rng.choice((1, 2, 2, 3))))} {rng.randrange(10**6)}"

    return [comment() for _ in range(count)]


def run(plan: Plan) -> dict[str, Any]:
    """Rates in comments per second: the linear part one by one, and the whole brain one by one and in batches."""
    scorer = load_default()
    pipeline = build_pipeline(scorer.weights)
    singles = plan.size(200, 20)
    rates: dict[str, list[float]] = {}
    _round(scorer, pipeline, comments(singles * 2 + BATCH, 1), {})
    for number in range(plan.rounds):
        _round(scorer, pipeline, comments(singles * 2 + BATCH, 1000 + number), rates)
    new, seen = rates["pipeline, new"], rates["pipeline, seen"]
    rows = [
        report.versus("one comment, texts seen before (remembered)", rates["lean, seen"], seen, "/s", at_least=10),
        report.versus("one comment, texts not seen before", rates["lean, new"], new, "/s", at_least=5),
        report.versus("whole brain, one comment", rates["brain, one"], new, "/s", at_least=5),
        report.alone("whole brain, one comment, p50", [1000 / rate for rate in rates["brain, one"]], "ms", at_most=0.7),
        report.alone(f"whole brain, batches of {BATCH:,}", rates["brain, batch"], "/s", at_least=4_000),
    ]
    return report.answer(rows, rates=rates, comments=singles, batch=BATCH, model=scorer.version)


def _round(scorer: Scorer, pipeline: Any, texts: list[str], rates: dict[str, list[float]]) -> None:
    """Lean and plain take turns on comments of their own, so that neither warms the other's memory."""

    def note(name: str, rate: float) -> None:
        rates.setdefault(name, []).append(rate)

    singles = (len(texts) - BATCH) // 2
    ours, theirs, batch = texts[:singles], texts[singles:-BATCH], texts[-BATCH:]
    for seen in ("new", "seen"):
        note(f"lean, {seen}", rate_of(ours, lambda text: scorer.score([text])))
        note(f"pipeline, {seen}", rate_of(theirs, lambda text: pipeline.predict_proba([text])))
    contexts = [whole(text) for text in batch]
    note("brain, one", rate_of(contexts[:singles], lambda context: assess([context], scorer, DEFAULT_POLICY)))
    fresh = [whole(f"{text} {singles}") for text in batch]
    note("brain, batch", BATCH / _seconds(lambda: assess(fresh, scorer, DEFAULT_POLICY)))
    note("pipeline, batch", BATCH / _seconds(lambda: pipeline.predict_proba(batch)))


def rate_of(items: list[Any], call: Callable[[Any], object]) -> float:
    """Calls per second by the median time of one call."""
    return 1 / statistics.median(_seconds(partial(call, item)) for item in items)


def _seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def whole(text: str) -> Context:
    """A comment with everything the brain looks at, what the site remembers included."""
    article = Article(title="Council votes on the new bypass", text="The council met to vote on the bypass. " * 40)
    drawn = crc32(text.encode())
    first, last = _FIRST[drawn % len(_FIRST)], _LAST[drawn // 97 % len(_LAST)]
    author = Author(name=f"{first} {last}", email="anna@example.org", url=f"https://example.org/{last}/{drawn % 89}")
    record = AuthorRecord(
        identity=Identity.TYPED, approved=6, earned=4, rejected=1,
        first_seen=_NOW - timedelta(days=90), last_seen=_NOW - timedelta(days=2),
    )  # fmt: skip
    return Context(
        text=text,
        author=author,
        article=article,
        form_seconds=42.0,
        record=record,
        rates=Rates(author=2, network=3, site=12, site_usual=9.0),
        domains={"example.org": DomainRecord(approved=3)},
        likeness=Likeness(days=30),
        parent_text="I doubt that the bypass is worth it: nobody asked the people of the village about the noise.",
        now=_NOW,
    )


#: What is remembered of a name helps only with those who come back, so comments have more authors than one.
_FIRST: Final = ("Anna", "Ben", "Clara", "David", "Eva", "Greta", "Hugo", "Ida", "Jonas", "Lena", "Max", "Nora", "Paul")
_LAST: Final = (
    "Smith",
    "Jones",
    "Brown",
    "Garcia",
    "Weber",
    "Novak",
    "Rossi",
    "Silva",
    "Kim",
    "Chen",
    "Olsen",
    "Meyer",
)
_NOW: Final = datetime(2026, 11, 22, tzinfo=UTC)
