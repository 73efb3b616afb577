"""What the desk's pages of campaigns, sweep and history ask the database, with 10,000 comments in the queue.

SQLite; a PostgreSQL database, empty and migrated, is measured too when ``SLUICE_BENCH_POSTGRES`` names it.
"""

from __future__ import annotations

import contextlib
import os
import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from benchmarks import report, stack, texts
from benchmarks.plan import Plan
from classifier.campaigns import Candidate, bands_of, fingerprints, group
from classifier.domain import HEADS, Action, Reason, Status, Verdict
from classifier.lessons import RulingReason
from classifier.text import read
from service import moderation
from service.act_search import read_search
from service.acts import Actor
from service.batches import rule_batch
from service.reputation import Evidence
from service.rulings import Wish
from service.schemas import Submission
from service.store import accounts, pages, trail, waves
from service.store.campaigns import band_values
from service.store.engine import Store
from service.store.pages import Wanted
from service.undo import undo

CALLS: Final = 30
ADA: Final = Actor("Ada", "desk", "user-ada")
_WAVE: Final = (
    "I earned {} dollars last month working from home with this simple online job, {} it at https://easy-{}.example.com"
)


def run(plan: Plan) -> dict[str, Any]:
    """All questions of the pages, and an act on 500 with its undo."""
    held = plan.size(10_000, 1_000)
    with stack.folder() as folder, _database(folder, held) as (database, site_id):
        rows = _questions(database, site_id, plan.rounds, f"SQLite, {held:,} held")
    if address := os.environ.get("SLUICE_BENCH_POSTGRES"):
        store = Store(address)
        rows += _questions(store, _plant(store, held), plan.rounds, f"PostgreSQL, {held:,} held")
        store.close()
    return report.answer(rows)


def _questions(database: Store, site_id: str, rounds: int, where: str) -> list[report.Row]:
    now = datetime.now(UTC)
    with database.read() as connection:
        board = waves.waiting_waves(connection, site_id, limit=9)
        ids = [campaign for campaign, _ in board[:8]]
        asked: dict[str, Callable[[], object]] = {
            "campaigns that wait": lambda: waves.waiting_waves(connection, site_id, limit=9),
            "how they stand": lambda: waves.standings_of(connection, site_id, ids),
            "by how many, where": lambda: waves.spread_of(connection, ids),
            "when they came": lambda: waves.hours_of(connection, ids),
            "where they link": lambda: waves.links_of(connection, ids),
            "members of the largest": lambda: waves.members_of_wave(
                connection, site_id, ids[0], list(Status), until=now
            ),
            "histogram of risk": lambda: pages.risks_of(connection, site_id, Wanted(), user_id="user-ada"),
            "first page of the history": lambda: trail.trail_of(
                connection, site_id, read_search("")[0], limit=40, people=True
            ),
        }
        rows = [
            report.alone(f"{name} ({where})", [_typical(call) for _ in range(rounds)], " ms")
            for name, call in asked.items()
        ]
        members = waves.members_of_wave(connection, site_id, ids[0], [Status.HELD], until=now)
    wishes = [Wish(row.comment_id, row.revision, row.seen) for row in members[:500]]
    done: list[float] = []
    undone: list[float] = []
    for _ in range(rounds):
        began = time.perf_counter()
        batch = rule_batch(
            database,
            site_id,
            wishes,
            Action.REJECT,
            actor=ADA,
            now=datetime.now(UTC),
            kind="campaign",
            reason=RulingReason.SPAM,
        )
        done.append((time.perf_counter() - began) * 1e3)
        began = time.perf_counter()
        taken = batch.act_id
        database.write(lambda c, taken=taken: undo(c, site_id, taken, actor=ADA, now=datetime.now(UTC)))
        undone.append((time.perf_counter() - began) * 1e3)
    rows.append(report.alone(f"Rejecting {len(wishes)} as one ({where})", done, " ms"))
    rows.append(report.alone(f"Taking {len(wishes)} back as one ({where})", undone, " ms"))
    return rows


def _typical(call: Callable[[], object]) -> float:
    """Median milliseconds of a call."""
    found = []
    for _ in range(CALLS):
        began = time.perf_counter()
        call()
        found.append(time.perf_counter() - began)
    return sorted(found)[CALLS // 2] * 1e3


@contextlib.contextmanager
def _database(folder: Path, held: int) -> Iterator[tuple[Store, str]]:
    stack.add_site(folder)
    database = Store(f"sqlite:///{folder / 'sluice.db'}")
    try:
        yield database, _plant(database, held)
    finally:
        database.close()


def _plant(database: Store, held: int) -> str:
    """A site with so many comments in its queue, half of them in waves of 500; its id."""
    then = datetime.now(UTC) - timedelta(hours=3)
    name = f"desk-{then:%H%M%S%f}"
    site = database.write(lambda c: accounts.add_site(c, name, "https://news.example", then))
    chance = random.Random(7)
    said = texts.comments(held // 2, 78)
    for number in range(max(1, held // 1_000)):
        said += [
            _WAVE.format(chance.choice(["4,000", "four thousand"]), chance.choice(["try", "read about"]), number)
            + f" which {texts.comments(1, number)[0][:80]}"
            for _ in range(min(500, held // 2))
        ]
    bodies = [Submission.model_validate(body) for body in texts.submissions(said)]
    for start in range(0, len(bodies), 500):
        _decide(database, site.id, bodies[start : start + 500], then + timedelta(minutes=start // 100), chance)
    return site.id


def _decide(database: Store, site_id: str, bodies: list[Submission], then: datetime, chance: random.Random) -> None:
    accepted = [
        each
        for each in database.write(lambda c: moderation.submit(c, site_id, bodies, then))
        if isinstance(each, moderation.Accepted)
    ]
    found = fingerprints([read(body.comment.text) for body in bodies])
    candidates = [
        Candidate(each.id, mark, bands_of(site_id, mark.signature))
        for each, mark in zip(accepted, found, strict=True)
        if mark is not None
    ]
    joined = {one.id: all_.campaign for one, all_ in zip(candidates, group(candidates, []), strict=True)}
    marks = {
        one.id: {
            "comment_id": one.id,
            "article_id": each.article_id,
            "poster": one.id,
            "campaign": joined[one.id],
            "exact": one.fingerprint.exact,
            "signature": one.fingerprint.signature,
            "seen_at": then,
            **band_values(one.bands if joined[one.id] == one.id else None),
        }
        for each, one in zip([a for a, m in zip(accepted, found, strict=True) if m], candidates, strict=True)
    }
    verdicts = {}
    seen = {}
    for each in accepted:
        scores = {**dict.fromkeys(HEADS, 0.01), "spam": round(chance.random(), 4)}
        reason = Reason(code="model.spam", message="It reads like an advertisement.", weight=1.0)
        verdicts[each.id, 1] = Verdict(
            action=Action.HOLD, scores=scores, reasons=(reason,), model="benchmark", policy="default"
        )
        seen[each.id, 1] = Evidence(domains=("example.com",), fingerprint=marks.get(each.id), language="en")
    database.write(lambda c: moderation.record_decisions(c, verdicts, then, seen=seen))
