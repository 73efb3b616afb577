"""Campaigns, sweep and history in a real browser against the real service."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import redis
import sqlalchemy as sa
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from servers import Sluice
from visitors import PASSWORD
from waves import Planter, wave

from classifier.domain import Action
from service.acts import Actor
from service.people import add_user
from service.roles import Role
from service.rulings import Wish, rule_many
from service.store import tables, tables_desk
from service.store.engine import Store

pytestmark = [pytest.mark.slow, pytest.mark.chromium]

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
#: What a page may do wrong with it: run it, load it, lay it out wildly.
HOSTILE = '"><img src=//evil.example/x onerror=alert(1)><script>alert(2)</script>\u202e{{7*7}}<svg onload=alert(3)> '


@pytest.fixture(scope="module")
def database(live: Sluice) -> Iterator[Store]:
    """The running service's own database."""
    store = Store(f"sqlite:///{live.data_dir / 'sluice.db'}", pool_size=1)
    yield store
    store.close()


@pytest.fixture(scope="module")
def planter(live: Sluice, database: Store, redis_server: str) -> Iterator[Planter]:
    """Puts comments on the service's site."""
    with redis.Redis.from_url(redis_server) as client:
        yield Planter(database, live.site["id"], client, b"a secret of the test suite, long enough")


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """A Chromium."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def enter(live: Sluice, database: Store, browser: Browser) -> Iterator[Callable[..., Page]]:
    """Signs a moderator of the site in; the page notes what runs or leaves that should not."""
    opened: list[BrowserContext] = []

    def work(**options: Any) -> Page:
        name = f"Ada {uuid.uuid4().hex[:8]}"
        roles = {live.site["id"]: Role.MODERATOR}
        database.write(lambda c: add_user(c, name, roles, datetime.now(UTC), password=PASSWORD))
        context = browser.new_context(base_url=live.url, viewport={"width": 1280, "height": 800}, **options)
        opened.append(context)
        page = context.new_page()
        page.wrong = []  # type: ignore[attr-defined]
        page.on("dialog", lambda dialog: (page.wrong.append(dialog.message), dialog.dismiss()))
        page.on("pageerror", lambda error: page.wrong.append(str(error)))
        page.on("request", lambda sent: None if sent.url.startswith(live.url) else page.wrong.append(sent.url))
        page.on("console", lambda said: page.wrong.append(said.text) if "Content Security" in said.text else None)
        page.goto("/desk/sign-in")
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/desk/**")
        return page

    yield work
    for context in opened:
        context.close()


def an_hour_ago() -> datetime:
    """A moment before anything that a test does."""
    return datetime.now(UTC) - timedelta(hours=1)


def state_hash(store: Store) -> str:
    """Everything that an act changes and its undo must put back, in one number."""
    comments = [c for c in tables.comments.c if c.name not in {"waiting_since", "attempts"}]
    with store.read() as connection:
        rows = [
            connection.execute(sa.select(*comments).order_by(tables.comments.c.id)).all(),
            connection.execute(sa.select(tables.authors).order_by("key")).all(),
            connection.execute(sa.select(tables.domains).order_by("domain")).all(),
            connection.execute(sa.select(tables_desk.review_items).order_by("comment_id")).all(),
        ]
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def waiting(store: Store) -> int:
    """How many comments wait in the queue."""
    with store.read() as connection:
        found = connection.execute(
            sa.select(sa.func.count()).where(tables_desk.review_items.c.closed_at.is_(None))
        ).scalar_one()
    return int(found)


def fine(page: Page) -> None:
    """Nothing ran, left or went wrong, axe finds nothing, and nothing needs to be scrolled sideways."""
    assert page.wrong == []  # type: ignore[attr-defined]
    found = Axe().run(page, options={"runOnly": RULES})
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_a_wave_of_five_hundred_takes_two_decisions_and_one_undo(enter, planter, database, tmp_path: Path):
    """Five hundred near copies, and thirty other comments that stay; then all is as it was before."""
    planter.plant(
        [f"What about question number {at} of the many that are left?" for at in range(30)], an_hour_ago(), risk=0.3
    )
    planter.plant(wave(500), an_hour_ago())
    before, page = state_hash(database), enter()
    assert waiting(database) == 530

    decisions = 0
    while waiting(database) > 45:
        page.goto("/desk/blog/campaigns")
        page.get_by_role("link", name="Reject all as spam…").first.click()
        expect(page.get_by_role("heading", name="10 of them by chance: read them first")).to_be_visible()
        button = page.get_by_role("button", name=re.compile("Reject all as spam: "))
        expect(button).to_be_disabled()
        page.locator("[data-sample] > li").last.scroll_into_view_if_needed()
        button.click()
        expect(page.get_by_text(re.compile(r"\d+ comments rejected\."))).to_be_visible()
        decisions += 1
    assert decisions <= 3
    assert waiting(database) >= 30  # strangers are left alone
    fine(page)

    for _ in range(decisions):
        page.goto("/desk/blog/history?q=is:batch")
        page.locator(".act:not(.undone)").first.get_by_role("button", name="Take back").click()
        expect(page.get_by_text(re.compile("rulings taken back"))).to_be_visible()
    assert state_hash(database) == before


def test_a_sweep_needs_no_script(enter, planter, database):
    """A range from two number fields, exactly what is in it, ten to read, one act, and its undo from the receipt."""
    planter.plant(
        [f"Is number {at} of the timetable still what it was before?" for at in range(14)], an_hour_ago(), risk=0.13
    )
    before, page = state_hash(database), enter(java_script_enabled=False)

    page.goto("/desk/blog/sweep?view=fine")
    page.get_by_label("Risk from").fill("0.12")
    page.get_by_label("to", exact=True).fill("0.14")
    page.get_by_role("button", name="Show these").click()
    expect(page.get_by_text("14 comments")).to_be_visible()
    assert page.locator("[data-sample] > li").count() == 10
    expect(page.get_by_text("which is too few to say how many mistakes this would be")).to_be_visible()
    page.get_by_role("button", name="Approve these").click()
    expect(page.get_by_text("14 comments approved.")).to_be_visible()
    page.get_by_role("button", name="Take all of it back").click()
    expect(page.get_by_text("14 rulings taken back.")).to_be_visible()

    assert state_hash(database) == before


def test_the_handles_of_a_sweep_and_its_fields_are_one(enter, planter):
    """Dragging moves the number, typing moves the handle, and the buttons wait for the sample."""
    planter.plant(
        [f"Does platform {at} have a roof by now, does anybody know?" for at in range(12)], an_hour_ago(), risk=0.22
    )
    page = enter()
    page.goto("/desk/blog/sweep")

    page.get_by_label("Risk from").first.fill("0.21")
    handle = page.locator("input[type=range]").first
    assert handle.input_value() == "0.21"
    page.locator("input[type=range]").last.fill("0.23")
    assert page.locator("#f-to").input_value() == "0.23"
    fine(page)
    page.get_by_role("button", name="Show these").click()
    buttons = page.locator("form[data-after-sample] button")
    expect(buttons.first).to_be_disabled()
    page.locator("[data-sample] > li").last.scroll_into_view_if_needed()
    expect(buttons.first).to_be_enabled()
    fine(page)


def test_history_is_searched_reopened_and_reversed(enter, planter, database, live):
    """Rulings from the API are found by who made them, show their evidence, and are taken back with a reason."""
    ids = planter.plant(
        [f"Why is lane {at} of the new road closed again this week?" for at in range(3)],
        an_hour_ago(),
        risk=0.41,
        code="links.new_domain",
        message="It links to a place never seen before.",
    )
    before = state_hash(database)
    for each in ids:
        said = {"action": "reject", "revision": 1, "moderator": "Wrong Wilma", "reason": "off_topic"}
        assert live.http.post(f"/v1/comments/{each}/rulings", json=said).status_code == 200
    page = enter()

    page.goto("/desk/blog/history")
    page.get_by_label("Search").fill('by:"Wrong Wilma" reason:links.new_domain lane')
    page.get_by_role("button", name="Search").click()
    assert page.locator(".act").count() == 3
    fine(page)
    page.locator(".act a").first.click()
    expect(page.get_by_text("It links to a place never seen before.")).to_be_visible()
    expect(page.get_by_text("by the API")).to_be_visible()
    fine(page)
    page.go_back()
    page.get_by_role("link", name="Take back all of these…").click()
    expect(page.get_by_text("3 comments")).to_be_visible()
    page.locator("[data-sample] > li").last.scroll_into_view_if_needed()
    fine(page)
    page.get_by_label("Why").fill("Wilma had a bad afternoon")
    page.get_by_role("button", name="Take back 3 rulings").click()
    expect(page.get_by_text("3 rulings taken back.")).to_be_visible()
    expect(page.get_by_text("Wilma had a bad afternoon")).to_be_visible()

    assert state_hash(database) == before


def test_hostile_comments_are_only_text(enter, planter):
    """In the board, a campaign, the page before the act, the receipt, the sweep and the history."""
    said = "the harbour committee meets on Thursday about new lamps for the old quay, and everybody may bring cake"
    texts = [f"{HOSTILE} {said} number {at}" for at in range(5)]
    planter.plant(
        texts,
        an_hour_ago(),
        risk=0.77,
        message=HOSTILE,
        article={"url": "https://blog.example/hostile", "title": HOSTILE},
        name=HOSTILE,
    )
    page = enter()

    page.goto("/desk/blog/sweep?risk_from=0.76&risk_to=0.78")
    fine(page)
    page.goto("/desk/blog/campaigns")
    fine(page)
    page.get_by_role("link", name=re.compile("^5 wait")).click()
    expect(page.get_by_role("heading", name="Campaign: 5 comments")).to_be_visible()
    fine(page)
    page.get_by_role("link", name="Reject all as abuse…").click()
    expect(page.get_by_role("heading", name="Reject all as abuse")).to_be_visible()
    fine(page)
    page.locator("[data-sample] > li").last.scroll_into_view_if_needed()
    page.get_by_role("button", name=re.compile("Reject all as abuse: ")).click()
    expect(page.get_by_text("5 comments rejected.")).to_be_visible()
    fine(page)
    page.locator(".act a").first.click()
    expect(page.get_by_role("heading", name="The comment as it was then")).to_be_visible()
    fine(page)
    page.goto("/desk/blog/history?q=" + "%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
    fine(page)


#: Ways out of text, attribute, address, script, style and comment, and what comes after them.
_WAYS = (
    "",
    '"',
    "'",
    '">',
    "'>",
    "-->",
    "</p>",
    "</bdi></p>",
    "</textarea>",
    "</title>",
    "</script>",
    "</style>",
    "]]>",
    "\\",
    "\u2028",
    "\u202e",
    "\x1b[31m",
    "{{",
    "{%",
    "javascript:",
)
_DEEDS = (
    "<script>alert({n})</script>",
    "<img src=x onerror=alert({n})>",
    "<img src=//evil.example/{n}>",
    "<svg/onload=alert({n})>",
    "<svg><animate onbegin=alert({n}) attributeName=x dur=1s>",
    "<iframe src=//evil.example/{n}></iframe>",
    "<iframe srcdoc='<script>alert({n})</script>'>",
    "<body onload=alert({n})>",
    "<a href=javascript:alert({n}) autofocus onfocus=alert({n})>x</a>",
    "<input autofocus onfocus=alert({n})>",
    "<details open ontoggle=alert({n})>",
    "<video><source onerror=alert({n})></video>",
    "<link rel=stylesheet href=//evil.example/{n}.css>",
    "<style>@import'//evil.example/{n}.css';*{{display:none}}</style>",
    "<meta http-equiv=refresh content='0;url=//evil.example/{n}'>",
    "<base href=//evil.example/>",
    "<form action=//evil.example/{n}><button>x</button></form>",
    "<object data=//evil.example/{n}></object>",
    " onmouseover=alert({n}) style=position:fixed;inset:0 ",
    "<div hx-get=//evil.example/{n} hx-trigger=load></div>",
    "<div hx-on:load=alert({n})></div>",
    "<math><mtext></table><img src=x onerror=alert({n})>",
    "{{{{7*7}}}}${{alert({n})}}<%= alert({n}) %>",
    "&lt;script&gt;alert({n})&lt;/script&gt;",
    "<!--<script>alert({n})//-->",
    "<plaintext>",
)


def test_five_hundred_payloads_in_each_field_do_nothing(enter, planter, database):
    """Name, text, article, reason and moderator, in the history, in each batch of it and in searches for them."""
    payloads = [way + deed.format(n=at) for at, (way, deed) in enumerate(product(_WAYS, _DEEDS))]
    assert len(payloads) >= 500
    ids: list[str] = []
    for payload in payloads:
        ids += planter.plant(
            [f"{payload} said reader {len(ids)}"],
            an_hour_ago(),
            risk=0.55,
            name=payload,
            message=payload,
            article={"url": f"https://blog.example/{len(ids)}", "title": payload},
        )
    for each, payload in zip(ids, payloads, strict=True):
        ruling = [Wish(each, 1)]
        mallory = Actor(payload, "api")
        database.write(
            lambda c, ruling=ruling, who=mallory: rule_many(
                c, planter.site_id, ruling, Action.REJECT, actor=who, now=datetime.now(UTC)
            )
        )
    page = enter()
    page.goto("/desk/blog/history?q=verb:reject+article:blog.example/+said")
    seen = page.locator(".act").count()
    while page.get_by_role("link", name="Earlier").count():
        page.get_by_role("link", name="Earlier").click()
        page.wait_for_load_state()
        seen += page.locator(".act").count()
        assert page.locator("main script, main img, main iframe, main style, main form[action*=evil]").count() == 0
    assert seen >= len(payloads)
    fine(page)
    for payload in payloads[::26]:
        page.goto("/desk/blog/history?" + urlencode({"q": payload}))
        assert page.get_by_label("Search").input_value() == " ".join(payload.split("\n"))
    for act in acts_of(database, ids[::26]):
        page.goto(f"/desk/blog/history/{act}")
        assert page.locator("main script, main img, main iframe, main style").count() == 0
    fine(page)


def acts_of(store: Store, ids: list[str]) -> list[str]:
    """The acts on comments."""
    acts = tables_desk.acts
    with store.read() as connection:
        return list(connection.execute(sa.select(acts.c.id).where(acts.c.comment_id.in_(ids))).scalars())


@pytest.mark.parametrize("width", [1280, 320])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_stand_in_any_light_and_width(enter, planter, width: int, scheme: str, tmp_path: Path):
    """With much on them; the pictures are for whoever wants to look."""
    if width == 1280 and scheme == "light":
        planter.plant(wave(24, seed=4), an_hour_ago() - timedelta(hours=7), risk=0.93)
        planter.plant(wave(9, seed=5), an_hour_ago(), risk=0.88, action=Action.APPROVE)
    page = enter(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})

    for name, path in {
        "campaigns": "/desk/blog/campaigns",
        "sweep": "/desk/blog/sweep?risk_from=0.9&risk_to=1",
        "history": "/desk/blog/history",
        "found": "/desk/blog/history?q=is:batch+is:undone+before:x",
    }.items():
        page.goto(path)
        page.screenshot(path=tmp_path / f"{name}-{scheme}-{width}.png", full_page=True)
        fine(page)
    page.goto("/desk/blog/campaigns")
    page.locator(".campaign h2 a").first.click()
    page.screenshot(path=tmp_path / f"campaign-{scheme}-{width}.png", full_page=True)
    fine(page)
    page.locator(".campaign a.button").first.click()
    page.screenshot(path=tmp_path / f"decide-{scheme}-{width}.png", full_page=True)
    fine(page)
    page.goto("/desk/blog/history?q=verb:reject")
    page.locator(".act .what a").first.click()
    page.screenshot(path=tmp_path / f"act-{scheme}-{width}.png", full_page=True)
    fine(page)
