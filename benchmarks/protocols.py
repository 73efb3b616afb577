"""Akismet's and Perspective's protocols: how long a caller waits, alone and beside fifteen others.

Their strictest clients give up after 1.0 s and 0.8 s. There is nothing to compare with: the services themselves are
elsewhere, and one of them ends.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from benchmarks import client, report, stack, texts
from benchmarks.plan import Plan

CONNECTIONS = 16
FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}


def run(plan: Plan) -> dict[str, Any]:
    """Each round: both calls at one connection, then at sixteen."""
    few, many = plan.size(300, 60), plan.size(1_500, 200)
    calls = {"comment-check": _check, "comments:analyze": _analyze}
    found: dict[str, list[float]] = {}
    with stack.folder() as folder, stack.Stack(folder / "data") as sluice:
        for name, messages in calls.items():
            client.run(sluice.address, messages(sluice, texts.comments(100, 1)), CONNECTIONS).expect(200)
            for number in range(plan.rounds):
                one = client.run(sluice.address, messages(sluice, texts.comments(few, 100 + number)), 1)
                all_of_them = client.run(
                    sluice.address, messages(sluice, texts.comments(many, 200 + number)), CONNECTIONS
                )
                for connections, load in ((1, one.expect(200)), (CONNECTIONS, all_of_them.expect(200))):
                    for percent in (50, 95):
                        what = f"`{name}` p{percent}, {connections} connection{'s' * (connections > 1)}"
                        found.setdefault(what, []).append(load.percentile(percent / 100))
        sluice.wait_until_decided()
    rows = [report.alone(what, values, " ms", **_target(what)) for what, values in found.items()]
    return report.answer(rows, latencies_ms=found)


def _target(what: str) -> dict[str, float]:
    return {"at_most": 300} if "p95" in what else {}


def _check(sluice: stack.Stack, comments: list[str]) -> list[bytes]:
    common = {"api_key": sluice.key, "blog": "https://news.example", "user_ip": "192.0.2.7", "comment_type": "comment"}
    return [
        client.request(
            sluice.address,
            "POST",
            "/1.1/comment-check",
            urlencode({**common, "comment_author": f"Reader {number}", "comment_content": text}).encode(),
            FORM,
        )
        for number, text in enumerate(comments)
    ]


def _analyze(sluice: stack.Stack, comments: list[str]) -> list[bytes]:
    wanted = {"requestedAttributes": {"TOXICITY": {}, "INSULT": {}, "SPAM": {}}, "languages": ["en"]}
    path = f"/v1alpha1/comments:analyze?key={sluice.key}"
    return [client.post_json(sluice.address, path, {**wanted, "comment": {"text": text}}) for text in comments]
