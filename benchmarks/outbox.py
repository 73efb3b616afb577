"""What webhooks cost the path of a decision: recording batches for sites without one, and with one."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import report, texts
from benchmarks.plan import Plan
from classifier.domain import HEADS, Action, Reason, Verdict
from service import hooks, moderation
from service.egress import rules_of
from service.schemas import ArticleIn, CommentIn, Submission
from service.store import accounts, comments
from service.store.accounts import Site
from service.store.engine import Store
from service.store.migrate import upgrade
from service.store.tables_hooks import HOOKED

BATCH = 64
NOW = datetime(2026, 3, 1, tzinfo=UTC)
SECRET = b"a secret of the benchmarks, long enough to be one"


def run(plan: Plan) -> dict[str, Any]:
    """Each round: 64 decisions at a time on SQLite, for a site without and one with a webhook; and the look alone."""
    batches = plan.size(40, 5)
    plain: list[float] = []
    told: list[float] = []
    looked: list[float] = []
    blind: list[float] = []
    with TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{Path(folder) / 'sluice.db'}")
        upgrade(store)
        deaf, listening = (_site(store, name) for name in ("deaf", "listening"))
        rules = rules_of(["443"], [], plain_http=False, seconds=1)
        store.write(lambda c: hooks.add(c, listening, "https://b.example/", [], secret=SECRET, rules=rules, now=NOW))
        for number in range(plan.rounds):
            plain.append(_record(store, deaf, batches, number))
            told.append(_record(store, listening, batches, number))
            with_look, without = _look(store, deaf, batches)
            looked.append(with_look)
            blind.append(without)
        store.close()
    rows = [
        report.versus("Reading 64 states, with the look for a webhook", looked, blind, " ms"),
        report.alone("Recording 64 decisions, site without a webhook", plain, " ms"),
        report.versus("Recording 64 decisions, site with a webhook", told, plain, " ms"),
    ]
    return report.answer(rows, plain=plain, told=told, looked=looked, blind=blind)


def _site(store: Store, name: str) -> Site:
    return store.write(lambda connection: accounts.add_site(connection, name, f"https://{name}.example", NOW))


def _submitted(store: Store, site: Site, count: int, seed: int) -> list[str]:
    article = ArticleIn(url="https://blog.example/a")
    items = [Submission(article=article, comment=CommentIn(text=text)) for text in texts.comments(count, seed)]
    return [each.id for each in store.write(lambda c: moderation.submit(c, site.id, items, NOW))]


def _record(store: Store, site: Site, batches: int, seed: int) -> float:
    """Milliseconds for a batch, commit included."""
    ids = _submitted(store, site, batches * BATCH, seed)
    reason = Reason(code="links.many", message="The comment has 4 links.", weight=0.8)
    verdict = Verdict(
        action=Action.APPROVE, scores=dict.fromkeys(HEADS, 0.25), reasons=(reason,) * 3, model="m", policy="p"
    )
    began = time.perf_counter()
    for start in range(0, len(ids), BATCH):
        verdicts = {(comment_id, 1): verdict for comment_id in ids[start : start + BATCH]}
        store.write(lambda c, batch=verdicts: moderation.record_decisions(c, batch, NOW))
    return (time.perf_counter() - began) * 1000 / batches


def _look(store: Store, site: Site, batches: int) -> tuple[float, float]:
    """Milliseconds to read 64 states, with and without the column that says whether anybody listens."""
    ids = _submitted(store, site, BATCH, 9_999)
    states = comments._STATES  # noqa: SLF001 - the statement that is measured
    without = states.with_only_columns(*(each for each in states.selected_columns if each.name != HOOKED.name))
    spent = []
    for query in (states, without):
        with store.read() as connection:
            list(connection.execute(query, {"ids": ids}))
            began = time.perf_counter()
            for _ in range(batches * 5):
                list(connection.execute(query, {"ids": ids}).mappings())
            spent.append((time.perf_counter() - began) * 1000 / (batches * 5))
    return spent[0], spent[1]
