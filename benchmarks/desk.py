"""The moderators' queue with 10,000 comments held: first rows, key to paint, and what the server does behind it.

A real Chromium drives the real service.
"""

from __future__ import annotations

import random
import shutil
import statistics
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.sync_api import Page, sync_playwright

from benchmarks import report, stack, texts
from benchmarks.plan import Plan
from classifier.domain import HEADS, Action, Reason, Verdict
from service import moderation
from service.people import add_user
from service.roles import Role
from service.schemas import Submission
from service.store.engine import Store

#: Between two keys: eight decisions a second, faster than anybody reads.
PAUSE_MS = 125
PASSWORD = "a long enough pass phrase"
#: From the start of the navigation until a frame with rows was painted.
FIRST_ROWS = """() => new Promise((done) => {
  const look = () => document.querySelector(".item")
    ? requestAnimationFrame(() => setTimeout(() => done(performance.now()), 0))
    : requestAnimationFrame(look);
  look();
})"""
#: The browser's own measure (Event Timing): from the key's time stamp to the next frame on the screen, to 8 ms.
WATCH_KEYS = """() => {
  window.paints = [];
  new PerformanceObserver((seen) => {
    for (const each of seen.getEntries()) if (each.name === "keydown") window.paints.push(each.duration);
  }).observe({ type: "event", durationThreshold: 16 });
}"""


def run(plan: Plan) -> dict[str, Any]:
    """Each round: the page anew, then a run of decisions by key."""
    many, keys = plan.size(10_000, 500), plan.size(150, 30)
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        raise RuntimeError("Chromium is not here; install it (Debian: apt-get install chromium)")
    first: list[float] = []
    paints: list[float] = []
    served: dict[str, list[float]] = {"page": [], "detail": [], "pulse": []}
    with stack.folder() as folder, stack.Stack(folder / "data") as sluice, sync_playwright() as playwright:
        store = Store(f"sqlite:///{folder / 'data' / 'sluice.db'}")
        _fill(store, sluice.site_id, many)
        store.write(lambda c: add_user(c, "Bench", {None: Role.ADMIN}, datetime.now(UTC), password=PASSWORD))
        store.close()
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        base = f"http://{sluice.address[0]}:{sluice.address[1]}"
        queue = f"{base}/desk/{sluice.site_id}/queue"
        _sign_in(page, base)
        for _ in range(plan.rounds):
            page.goto(queue, wait_until="commit")
            first.append(page.evaluate(FIRST_ROWS))
            page.wait_for_selector("html.scripted", state="attached")
            page.evaluate(WATCH_KEYS)
            for number in range(keys):
                page.keyboard.press("asd"[number % 3])
                page.wait_for_timeout(PAUSE_MS)
            told = page.evaluate("() => window.paints")
            paints += [*told, *[16.0] * (keys - len(told))]  # what took less than 16 ms is not told
            if page.locator(".receipt").count() != keys:
                raise RuntimeError("some keys decided nothing")
            page.wait_for_function("() => !Object.keys(localStorage).some((key) => key.startsWith('sluice-unsent'))")
            for name, seconds in _served(page, queue).items():
                served[name].append(1_000 * seconds)
        browser.close()
    ordered = sorted(paints)
    rows = [
        report.alone(f"desk: first rows of {many:,} held", first, " ms", at_most=500),
        report.alone("desk: key to paint, p50", [statistics.median(paints)], " ms"),
        report.alone("desk: key to paint, p95", [ordered[int(0.95 * len(ordered))]], " ms", at_most=100),
        *(report.alone(f"desk: {name} of the queue from the server", each, " ms") for name, each in served.items()),
    ]
    return report.answer(rows, first_rows_ms=first, key_to_paint_ms=paints, served_ms=served)


def _fill(store: Store, site_id: str, many: int) -> None:
    """Hold comments of all lanes, received over some days."""
    chance, now = random.Random(1), datetime.now(UTC)
    bodies = texts.submissions(texts.comments(many, 1))
    for start in range(0, many, 1_000):
        submissions = [Submission.model_validate(body) for body in bodies[start : start + 1_000]]
        received = now - timedelta(minutes=many - start)

        def work(connection: Any, batch: list[Submission] = submissions, at: datetime = received) -> None:
            accepted = moderation.submit(connection, site_id, batch, at)
            verdicts = {(each.id, 1): _verdict(chance) for each in accepted if isinstance(each, moderation.Accepted)}
            moderation.record_decisions(connection, verdicts, at)

        store.write(work)


def _verdict(chance: random.Random) -> Verdict:
    reasons = tuple(
        Reason(code=code, message="A reason of the benchmark.", weight=chance.random() * 3)
        for code in chance.sample(["model.spam", "links.new_domain", "premoderation.first_time", "velocity.site"], 2)
    )
    scores = {**dict.fromkeys(HEADS, 0.01), "spam": chance.random()}
    return Verdict(action=Action.HOLD, scores=scores, reasons=reasons, model="benchmark", policy="benchmark")


def _sign_in(page: Page, base: str) -> None:
    page.goto(f"{base}/desk/sign-in")
    page.fill("#f-name", "Bench")
    page.fill("#f-password", PASSWORD)
    page.click("button.main")
    page.wait_for_load_state()


def _served(page: Page, queue: str) -> dict[str, float]:
    """Seconds that the server takes for each kind of answer."""
    comment = page.evaluate("() => document.querySelector('.item').dataset.id")
    script = """async (path) => {
      const began = performance.now();
      await (await fetch(path, { headers: { "X-Desk": "part" } })).text();
      return (performance.now() - began) / 1000;
    }"""
    paths = {"page": queue, "detail": f"{queue}/comments/{comment}", "pulse": f"{queue}/pulse?after=z"}
    return {name: page.evaluate(script, path) for name, path in paths.items()}
