"""Decisions per second with durable writes: the batch endpoint and single POSTs against baseline B."""

from __future__ import annotations

import json
import time
from typing import Any

from benchmarks import client, report, stack, texts
from benchmarks.baseline import Baseline
from benchmarks.plan import Plan

BATCH = 1000
CONNECTIONS = 32


def run(plan: Plan) -> dict[str, Any]:
    """Each round: the baseline, a few thousand comments in batches, and single POSTs at 32 connections."""
    count, few = plan.size(5000, 1000), plan.size(100, 40)
    rates: dict[str, list[float]] = {"baseline": [], "batch": [], "single": [], "accepted": []}
    with stack.folder() as folder, stack.Stack(folder / "data") as sluice:
        baseline = Baseline(folder / "baseline", sluice.redis_url)
        try:
            _batches(sluice, texts.comments(500, 1))
            for number in range(plan.rounds):
                rates["baseline"].append(baseline.rate(texts.comments(few, 100 + number)))
                rates["batch"].append(_batches(sluice, texts.comments(count, 200 + number)))
                accepted, decided = _singles(sluice, texts.comments(count // 2, 300 + number))
                rates["accepted"].append(accepted)
                rates["single"].append(decided)
            check(sluice)
        finally:
            baseline.stop()
    base = rates["baseline"]
    rows = [
        report.versus("Decisions/s, durable, batches of 1,000", rates["batch"], base, "/s", at_least=60, dream=100),
        report.versus("Decisions/s, single POSTs, 32 connections", rates["single"], base, "/s", at_least=30),
        report.alone("Single POSTs accepted (202), 32 connections", rates["accepted"], "/s"),
    ]
    return report.answer(rows, rates=rates, comments=count, comments_of_baseline=few)


def _batches(sluice: stack.Stack, comments: list[str]) -> float:
    bodies = texts.submissions(comments)
    messages = [sluice.post("/v1/comments/batch", bodies[at : at + BATCH]) for at in range(0, len(bodies), BATCH)]
    began = time.perf_counter()
    client.run(sluice.address, messages, 2).expect(200)
    sluice.wait_until_decided()
    return len(comments) / (time.perf_counter() - began)


def _singles(sluice: stack.Stack, comments: list[str]) -> tuple[float, float]:
    messages = [sluice.post("/v1/comments", body) for body in texts.submissions(comments)]
    began = time.perf_counter()
    load = client.run(sluice.address, messages, CONNECTIONS).expect(202)
    sluice.wait_until_decided()
    return load.rate, len(comments) / (time.perf_counter() - began)


def check(sluice: stack.Stack) -> None:
    """See that decisions are real ones: a batch's comments have scores.

    Raises:
        RuntimeError: they have not.
    """
    message = client.request(
        sluice.address, "GET", "/v1/comments?limit=50", b"", {"Authorization": f"Bearer {sluice.key}"}
    )
    items = json.loads(client.once(sluice.address, message)[1])["items"]
    if not items or any(item["scores"] is None or item["decision"]["kind"] != "machine" for item in items):
        raise RuntimeError("some comments were not decided by the machine")
