"""`Prefer: wait`: the decision in the answer, against a bare Flask route that commits one row and answers."""

from __future__ import annotations

from typing import Any

import config
from benchmarks import client, report, stack, texts
from benchmarks.plan import Plan


def run(plan: Plan) -> dict[str, Any]:
    """Each round: both at 16 connections, both at one."""
    many, few = plan.size(1500, 400), plan.size(300, 100)
    rates: dict[str, list[float]] = {"bare": [], "sluice": []}
    latencies: dict[str, list[float]] = {"bare": [], "sluice": [], "bare p99": [], "sluice p99": []}
    with stack.folder() as folder, stack.Stack(folder / "data") as sluice:
        settings = config.load({"data_dir": folder / "data"}, {})
        address = stack.free_address()
        served = [*map(str, address), str(settings.web_processes), str(settings.web_threads)]
        command = stack.module("benchmarks.bare", str(folder / "bare.db"), *served)
        with stack.Process(command, address, path="/healthz", env=stack.environment()) as bare:
            _wait(sluice, texts.comments(200, 1), 16)
            _bare(bare, texts.comments(200, 1), 16)
            for number in range(plan.rounds):
                rates["bare"].append(_bare(bare, texts.comments(many, 100 + number), 16).rate)
                rates["sluice"].append(_wait(sluice, texts.comments(many, 200 + number), 16).rate)
                one_bare = _bare(bare, texts.comments(few, 300 + number), 1)
                one = _wait(sluice, texts.comments(few, 400 + number), 1)
                for name, load in (("bare", one_bare), ("sluice", one)):
                    latencies[name].append(load.percentile(0.5))
                    latencies[f"{name} p99"].append(load.percentile(0.99))
    p50, p99 = "`Prefer: wait` p50, 1 connection", "`Prefer: wait` p99, 1 connection"
    rows = [
        report.versus("`Prefer: wait`, 16 connections", rates["sluice"], rates["bare"], "/s", at_least=0.3),
        report.versus(p50, latencies["sluice"], latencies["bare"], " ms", at_most=6),
        report.versus(p99, latencies["sluice p99"], latencies["bare p99"], " ms"),
    ]
    return report.answer(rows, rates=rates, latencies_ms=latencies)


def _bare(bare: stack.Process, comments: list[str], connections: int) -> client.Load:
    messages = [client.post_json(bare.address, "/comments", body) for body in texts.submissions(comments)]
    return client.run(bare.address, messages, connections).expect(200)


def _wait(sluice: stack.Stack, comments: list[str], connections: int) -> client.Load:
    messages = [sluice.post("/v1/comments", body, Prefer="wait=20") for body in texts.submissions(comments)]
    return client.run(sluice.address, messages, connections).expect(200)
