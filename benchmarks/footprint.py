"""Time to start and memory."""

from __future__ import annotations

from typing import Any

from benchmarks import client, report, stack, texts
from benchmarks.plan import Plan
from service.process.cli import sluice_command


def run(plan: Plan) -> dict[str, Any]:
    """Each round: `sluice up` on the same folder until ready, `sluice serve` until its first answer."""
    ready: list[float] = []
    first: list[float] = []
    totals: list[float] = []
    processes: dict[str, float] = {}
    with stack.folder() as folder:
        with stack.Stack(folder / "data") as sluice:
            empty = sluice.ready_seconds
        for number in range(plan.rounds):
            with stack.Process(*_serve(folder), path="/healthz", env=stack.environment()) as web:
                first.append(web.ready_seconds)
            with _up(folder) as sluice:
                ready.append(sluice.ready_seconds)
                _work(sluice, plan.size(2000, 300), number)
                processes = stack.pss(sluice.tree)
                totals.append(sum(processes.values()))
    listed = ", ".join(f"{name.partition(' ')[2]} {megabytes:.0f}" for name, megabytes in processes.items())
    rows = [
        report.alone("`sluice serve`: start to first answer", first, " s", at_most=1),
        report.alone("`sluice up`, two workers: start to ready", ready, " s"),
        report.alone("`sluice up`: start to ready on an empty folder, once", [empty], " s", at_most=60),
        report.alone(f"`sluice up`, two workers, after load: sum of PSS ({listed})", totals, " MB", at_most=400),
    ]
    return report.answer(rows, first_answer_s=first, ready_s=ready, empty_s=empty, pss_mb=totals, processes=processes)


def _serve(folder: Any) -> tuple[list[str], client.Address]:
    host, port = stack.free_address()
    return [*sluice_command(), "serve", "--data-dir", str(folder / "data"), "--host", host, "--port", str(port)], (
        host,
        port,
    )


def _up(folder: Any) -> stack.Stack:
    return stack.Stack(folder / "data")


def _work(sluice: stack.Stack, count: int, number: int) -> None:
    """Use every part, so that what is loaded lazily is loaded."""
    bodies = texts.submissions(texts.comments(count, 500 + number))
    client.run(sluice.address, [sluice.post("/v1/score", body) for body in bodies[:50]], 8).expect(200)
    client.run(sluice.address, [sluice.post("/v1/comments", body, Prefer="wait=20") for body in bodies], 32).expect(200)
    client.run(sluice.address, [sluice.post("/v1/comments/batch", bodies[:1000])], 1).expect(200)
    sluice.wait_until_decided()
