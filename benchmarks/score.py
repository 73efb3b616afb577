"""Stateless scoring over HTTP against rspamd: the same comments, the same client, the same run."""

from __future__ import annotations

import contextlib
import sys
from typing import Any

from benchmarks import client, report, rspamd, stack, texts
from benchmarks.plan import Plan

NAMES = {"eight": "8 connections", "one": "1 connection", "batches": "batches of 50, 8 connections"}


def run(plan: Plan) -> dict[str, Any]:
    """Each round: rspamd and ours at eight connections, at one, ours in batches, and the durable path."""
    count = plan.size(1500, 300)
    rates: dict[str, list[float]] = {}
    with contextlib.ExitStack() as opened:
        folder = opened.enter_context(stack.folder())
        sluice = opened.enter_context(stack.Stack(folder / "data"))
        peer = opened.enter_context(rspamd.start(folder / "rspamd")) if rspamd.PROGRAM else None
        if peer is None:
            print("rspamd is not installed, so /v1/score has nothing to be compared with", file=sys.stderr)
        _round(sluice, peer, texts.comments(200, 1), {})
        for number in range(plan.rounds):
            _round(sluice, peer, texts.comments(count, 100 + number), rates)
    return report.answer(_rows(rates), rates=rates, comments=count, rspamd=peer is not None)


def _round(sluice: stack.Stack, peer: stack.Process | None, comments: list[str], rates: dict[str, list[float]]) -> None:
    bodies = texts.submissions(comments)
    singles = [sluice.post("/v1/score", body) for body in bodies]
    batches = [sluice.post("/v1/score/batch", bodies[at : at + 50]) for at in range(0, len(bodies), 50)]
    durable = [sluice.post("/v1/comments", body, Prefer="wait=20") for body in bodies]
    found = {}
    if peer is not None:
        mails = [rspamd.check(peer.address, text, number) for number, text in enumerate(comments)]
        found["rspamd eight"] = client.run(peer.address, mails, 8).expect(200).rate
    found["eight"] = client.run(sluice.address, singles, 8).expect(200).rate
    if peer is not None:
        found["rspamd one"] = client.run(peer.address, mails[::3], 1).expect(200).rate
    found["one"] = client.run(sluice.address, singles[::3], 1).expect(200).rate
    found["batches"] = client.run(sluice.address, batches, 8).expect(200).rate * 50
    found["durable"] = client.run(sluice.address, durable, 8).expect(200).rate
    for name, rate in found.items():
        rates.setdefault(name, []).append(rate)


def _rows(rates: dict[str, list[float]]) -> list[report.Row]:
    durable = "the durable path beside it (`Prefer: wait`, 8 connections)"
    if "rspamd eight" not in rates:
        names = {**NAMES, "durable": durable}
        return [report.alone(f"`POST /v1/score`, {label}", rates[name], "/s") for name, label in names.items()]
    eight, one = rates["rspamd eight"], rates["rspamd one"]
    return [
        report.versus(
            f"`POST /v1/score` v. rspamd, {NAMES['eight']}", rates["eight"], eight, "/s", at_least=0.7, dream=1
        ),
        report.versus(f"`POST /v1/score` v. rspamd, {NAMES['one']}", rates["one"], one, "/s", at_least=0.3),
        report.versus(
            f"`POST /v1/score/batch` v. rspamd, {NAMES['batches']}", rates["batches"], eight, "/s", at_least=1.5
        ),
        report.versus(f"... {durable}", rates["durable"], eight, "/s"),
    ]
