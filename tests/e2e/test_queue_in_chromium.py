"""The queue in a real browser over the real service: by keys alone, with others about, and when things go wrong."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from axe_playwright_python.sync_playwright import Axe
from factories import an_article
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect, sync_playwright
from queue_items import a_reason, all_held, held
from servers import Sluice
from visitors import PASSWORD

from classifier.domain import Action
from service.acts import Actor
from service.people import add_user
from service.roles import Role
from service.rulings import Wish, rule_many
from service.store import accounts, tables
from service.store.accounts import Site
from service.store.engine import Store

pytestmark = [pytest.mark.slow, pytest.mark.chromium]

#: What an author's first name asks for, and how the comment stands once its key was pressed.
KEYS = {
    "Good": ("a", "approved", None),
    "Seller": ("s", "rejected", "spam"),
    "Rude": ("d", "rejected", "toxicity"),
    "Odd": ("h", "held", None),
}
WHERE = """() => {
  const row = document.querySelector(".item.current");
  return {
    author: row ? row.querySelector(".who").textContent : null,
    id: row ? row.dataset.id : null,
    lost: document.activeElement === document.body || !document.activeElement,
    inRow: Boolean(row && row.contains(document.activeElement)),
    shown: document.querySelector("[data-detail]")?.dataset.detail,
  };
}"""
PULSE = "() => document.dispatchEvent(new Event('visibilitychange'))"


@dataclass
class Desk:
    """The running service, its store, and a browser."""

    live: Sluice
    store: Store
    browser: Browser
    contexts: list[BrowserContext]
    problems: list[str]

    def site(self, name: str) -> Site:
        """A site of a test's own, so that tests do not see each other's comments."""
        now = datetime.now(UTC)
        return self.store.write(lambda c: accounts.add_site(c, name, f"https://{name}.example", now))

    def enter(self, site: Site, name: str, role: Role = Role.MODERATOR, **options: Any) -> Page:
        """A browser of somebody who is signed in and looks at the site's queue."""
        now = datetime.now(UTC)
        self.store.write(lambda c: add_user(c, name, {site.id: role}, now, password=PASSWORD))
        context = self.browser.new_context(**{"viewport": {"width": 1280, "height": 720}, **options})
        self.contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.set_default_timeout(10_000)
        page.goto(f"{self.live.url}/desk/sign-in")
        page.fill("#f-name", name)
        page.fill("#f-password", PASSWORD)
        page.click("button.main")
        page.wait_for_load_state()
        return self.open(page, site)

    def open(self, page: Page, site: Site, query: str = "") -> Page:
        """Go to the queue and wait until the keys work."""
        page.goto(f"{self.live.url}/desk/{site.name}/queue?{query}")
        if page.evaluate("() => true"):
            page.wait_for_selector("html.scripted", state="attached")
        return page

    def statuses(self, site: Site) -> dict[str, tuple[str, str, str | None, int]]:
        """By author: status, the last ruling's reason, and how many rulings there are."""
        comments, rulings = tables.comments, tables.rulings
        query = (
            sa.select(comments.c.id, comments.c.author_name, comments.c.status, rulings.c.reason, rulings.c.id)
            .outerjoin(rulings, rulings.c.comment_id == comments.c.id)
            .where(comments.c.site_id == site.id)
            .order_by(comments.c.id, rulings.c.id)
        )
        found: dict[str, tuple[str, str, str | None, int]] = {}
        with self.store.read() as connection:
            for comment, name, status, reason, ruling in connection.execute(query):
                count = found.get(name, ("", "", None, 0))[3] + (ruling is not None)
                found[name] = (comment, status, reason, count)
        return found


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """Debian's Chromium."""
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield made
        made.close()


@pytest.fixture
def desk(live: Sluice, browser: Browser) -> Iterator[Desk]:
    """The desk; afterwards every window is closed, and no script has failed."""
    store = Store(f"sqlite:///{live.data_dir / 'sluice.db'}")
    made = Desk(live, store, browser, [], [])
    yield made
    for context in made.contexts:
        context.close()
    store.close()
    assert made.problems == []


def saved(page: Page) -> None:
    """Wait until the service has answered everything that was decided."""
    page.wait_for_function("() => !Object.keys(localStorage).some((key) => key.startsWith('sluice-unsent'))")


def press(page: Page, *keys: str) -> None:
    """One key after the other."""
    for key in keys:
        page.keyboard.press(key)


def mixed(chance: random.Random, number: int) -> dict[str, Any]:
    """A comment of a lively site, named after what it deserves."""
    kind = chance.choice([*KEYS])
    text = {
        "Good": "I took the ferry for thirty years, and I will miss the talk on its deck more than the ride.",
        "Seller": "Guys I found a really great shop for cheap watches and bags, delivery was quick, see luxbags.top",
        "Rude": "You are an idiot and so is whoever paid for this bridge.",
        "Odd": "هذا الجسر الجديد سيغير حياة الناس في الميناء",
    }[kind]
    severe = kind == "Rude" and chance.random() < 0.3
    return {
        "text": f"{text} {number}",
        "risk": chance.random(),
        "alike": kind == "Seller",
        "language": "ar" if kind == "Odd" else "en",
        "author": {"name": f"{kind} {number}", "email": f"{kind}{number % 9}@reader.example"},
        "reasons": (
            a_reason("threat.direct" if severe else "model.spam", spans=((4, 12),), weight=chance.random() * 3),
            a_reason("premoderation.first_time", weight=0.0),
        ),
        "now": datetime.now(UTC) - timedelta(minutes=chance.randrange(1, 4_000)),
    }


def test_two_hundred_are_cleared_by_keys_alone_while_more_come(desk: Desk):
    """One key each; the focus is never lost, and no key hits another comment than the one in front."""
    site, chance = desk.site("mixed"), random.Random(4)
    all_held(desk.store, site.id, [mixed(chance, number) for number in range(200)])
    page = desk.enter(site, "Mia")
    coming = threading.Event()

    def more() -> None:
        store = Store(desk.store.url.render_as_string(hide_password=False))
        late = random.Random(5)
        for number in range(200, 230):
            if coming.wait(0.25):
                break
            held(store, site.id, **{**mixed(late, number), "now": datetime.now(UTC)})
        store.close()

    arriving = threading.Thread(target=more)
    arriving.start()
    decided: dict[str, str] = {}
    lost = 0
    for turn in range(300):
        here = page.evaluate(WHERE)
        lost += here["lost"] or (here["author"] is not None and not here["inRow"])
        if here["author"] is None:
            if not page.locator("[data-more]").count():
                break
            page.wait_for_selector(".item.current")
            page.wait_for_timeout(260)
            continue
        kind = here["author"].split()[0]
        decided[here["author"]] = kind
        page.keyboard.press(KEYS[kind][0])
        if turn % 25 == 24:
            page.evaluate(PULSE)
    coming.set()
    arriving.join()
    saved(page)

    assert lost == 0
    assert len([name for name in decided if int(name.split()[1]) < 200]) == 200
    stands = desk.statuses(site)
    wrong = {
        name: stands[name]
        for name, kind in decided.items()
        if stands[name][1:3] != KEYS[kind][1:] or stands[name][3] > 1
    }
    assert wrong == {}
    untouched = {name for name in stands if name not in decided}
    assert {stands[name][1] for name in untouched} <= {"held"}


def test_new_comments_wait_behind_a_button(desk: Desk):
    """The list does not move; r shows them."""
    site = desk.site("new")
    held(desk.store, site.id, author={"name": "First"})
    page = desk.enter(site, "Nora")
    before = page.inner_html("[data-items]")

    held(desk.store, site.id, author={"name": "Second"})
    held(desk.store, site.id, author={"name": "Third"})
    page.evaluate(PULSE)

    expect(page.locator("[data-new]")).to_have_text("2 new - press r")
    assert page.inner_html("[data-items]") == before
    expect(page.locator("[data-rail] [aria-current] .count")).to_have_text("3")
    press(page, "r")
    expect(page.locator(".item")).to_have_count(3)


def test_undo_of_one_of_many_and_of_what_was_before_a_reload(desk: Desk):
    """Each puts the comments back where they were, in the page and in the database."""
    site = desk.site("undo")
    ids = [held(desk.store, site.id, author={"name": f"Jo {number}"}) for number in range(5)]
    page = desk.enter(site, "Una")

    press(page, "a", "s")
    expect(page.locator(".receipt")).to_have_count(2)
    press(page, "z")
    assert page.evaluate(WHERE)["author"] == "Jo 1"
    press(page, "Shift+Z")
    press(page, "z", "z")
    assert page.evaluate(WHERE)["author"] == "Jo 0"
    expect(page.locator(".receipt")).to_have_count(0)
    press(page, "x", "j", "x", "j", "x", "Shift+S")
    expect(page.locator(".receipt")).to_have_count(3)
    assert page.evaluate(WHERE)["author"] == "Jo 3"
    press(page, "a")
    saved(page)
    page.wait_for_function("() => document.querySelectorAll('.receipt').length === 4")
    press(page, "z", "z")
    expect(page.locator(".item")).to_have_count(5)
    assert page.evaluate(WHERE)["author"] == "Jo 0"
    page.wait_for_timeout(300)
    assert {status for _, status, _, _ in desk.statuses(site).values()} == {"held"}

    press(page, "d")
    saved(page)
    page.reload()
    page.wait_for_selector("html.scripted", state="attached")
    expect(page.locator(".item")).to_have_count(4)
    press(page, "z")
    expect(page.locator(".item")).to_have_count(5)
    expect(page.locator(f"[data-detail='{ids[0]}']")).to_be_visible()
    assert page.evaluate(WHERE) == {"author": "Jo 0", "id": ids[0], "lost": False, "inRow": True, "shown": ids[0]}


def test_two_people_on_one_view_decide_nothing_twice(desk: Desk):
    """Who looks is seen, keys do nothing on a colleague's comment, and what was decided is told by whom."""
    site = desk.site("two")
    first = held(desk.store, site.id, author={"name": "First"})
    held(desk.store, site.id, author={"name": "Second"})
    held(desk.store, site.id, author={"name": "Third"})
    ann = desk.enter(site, "Ann")
    ann.wait_for_timeout(900)
    bea = desk.enter(site, "Bea")

    claim = bea.locator(f"#c-{first} .claim")
    expect(claim).to_have_text("Ann")
    press(bea, "a")
    expect(bea.locator("[data-told]")).to_have_text("Ann is looking at this comment just now. Take it over: Shift+C")
    expect(bea.locator(".receipt")).to_have_count(0)
    assert desk.statuses(site)["First"][1] == "held"

    # Ann decides what Bea still has in her list; Bea has not heard of it yet.
    press(ann, "a", "s")
    saved(ann)
    press(bea, "j", "a")
    expect(bea.locator(".clash")).to_contain_text("Already rejected by Ann.")
    assert bea.evaluate(WHERE)["author"] == "Third"
    bea.evaluate(PULSE)
    expect(bea.locator("li.clash")).to_have_count(2)
    expect(bea.locator("li.clash").first).to_contain_text("Approved by Ann")
    press(bea, "k")
    expect(bea.locator("[data-overtaken]")).to_contain_text("Already rejected by Ann.")
    expect(bea.locator("[data-detail] .acts button")).to_have_count(0)
    press(bea, "j")
    expect(bea.locator("[data-overtaken]")).to_have_count(0)

    # Overriding is possible, and on purpose.
    bea.locator("li.clash", has_text="Already rejected").locator("[data-act=override]").click()
    saved(bea)
    stands = desk.statuses(site)
    assert (stands["First"][1], stands["First"][3]) == ("approved", 1)
    assert (stands["Second"][1], stands["Second"][3]) == ("approved", 2)


def test_a_colleagues_comment_can_be_taken_over(desk: Desk):
    """Shift+C, on record."""
    site = desk.site("over")
    held(desk.store, site.id, author={"name": "First"})
    ann = desk.enter(site, "Ava")
    ann.wait_for_timeout(900)
    bea = desk.enter(site, "Bibi")
    expect(bea.locator(".item.claimed")).to_have_count(1)

    press(bea, "Shift+C")
    expect(bea.locator(".item.claimed")).to_have_count(0)
    expect(bea.locator(".acts button[value=approve]")).to_be_visible()
    press(bea, "a")
    saved(bea)

    assert desk.statuses(site)["First"][1] == "approved"


def test_a_closed_window_lets_go(desk: Desk):
    """The lease is given back at once, without waiting for it to run out."""
    site = desk.site("closed")
    held(desk.store, site.id, author={"name": "First"})
    ann = desk.enter(site, "Amy")
    ann.wait_for_timeout(900)
    ann.goto(f"{desk.live.url}/desk/help")

    bea = desk.enter(site, "Bob")

    expect(bea.locator(".item.claimed")).to_have_count(0)


def test_keys_do_nothing_where_they_would_surprise(desk: Desk):
    """While typing, with other modifiers, held down, in the middle of an input method, just after a change."""
    site = desk.site("guards")
    for number in range(3):
        held(desk.store, site.id, author={"name": f"Jo {number}"})
    page = desk.enter(site, "Gus")
    synthetic = """(init) => document.activeElement.dispatchEvent(
      new KeyboardEvent("keydown", {key: "a", code: "KeyA", bubbles: true, cancelable: true, ...init}))"""

    press(page, "/")
    page.keyboard.type("as dazh")
    assert page.input_value("#f-q") == "as dazh"
    press(page, "Escape", "Control+a", "Meta+a", "Alt+a")
    page.evaluate(synthetic, {"repeat": True})
    page.evaluate(synthetic, {"isComposing": True})
    page.evaluate(synthetic, {"keyCode": 229})
    press(page, "m")
    page.keyboard.type("a note, and so on")
    press(page, "Escape", "?", "a", "Escape")
    expect(page.locator(".receipt")).to_have_count(0)
    assert {status for _, status, _, _ in desk.statuses(site).values()} == {"held"}

    # Somebody else decides the comment in front; a key that was on its way hits nothing.
    other = desk.enter(site, "Gil")
    press(other, "j", "k")
    expect(other.locator(".item.current .claim")).to_have_text("Gus")
    press(page, "Tab")
    page.evaluate("() => document.querySelector('.item.current .open').focus()")
    press(page, "a")
    saved(page)
    assert [status for _, status, _, _ in desk.statuses(site).values()].count("approved") == 1


def test_what_cannot_be_saved_comes_back(desk: Desk):
    """With the cause in words and the focus on it; Enter tries again, and a reload does."""
    site = desk.site("fails")
    for number in range(2):
        held(desk.store, site.id, author={"name": f"Jo {number}"})
    page = desk.enter(site, "Flo")

    def refuse(route: Route) -> None:
        route.abort()

    page.route("**/queue/decide", refuse)
    press(page, "s")
    expect(page.locator(".item.failed .cause")).to_have_text(
        "Not saved: the service does not answer. Enter tries again."
    )
    assert page.evaluate(WHERE)["author"] == "Jo 0"
    page.unroute("**/queue/decide")
    page.wait_for_timeout(300)
    press(page, "Enter")
    saved(page)
    assert desk.statuses(site)["Jo 0"][1:] == ("rejected", "spam", 1)

    page.route("**/queue/decide", refuse)
    page.wait_for_timeout(300)
    press(page, "a")
    expect(page.locator(".item.failed")).to_have_count(1)
    page.unroute("**/queue/decide")
    page.reload()
    page.wait_for_selector("html.scripted", state="attached")
    saved(page)
    assert desk.statuses(site)["Jo 1"][1:] == ("approved", None, 1)


def test_severe_words_show_while_a_key_is_held(desk: Desk):
    """And not a moment longer."""
    site = desk.site("care")
    held(
        desk.store,
        site.id,
        "Hello, I will find you and hurt you.",
        reasons=(a_reason("threat.direct", spans=((7, 35),), weight=2.0, escalate=True),),
    )
    page = desk.enter(site, "Cleo")
    colour = "() => getComputedStyle(document.querySelector('.comment .shield mark')).color"
    hidden = page.evaluate(colour)

    page.keyboard.down(".")
    shown = page.evaluate(colour)
    page.keyboard.up(".")

    assert hidden == page.evaluate(colour) == "rgba(0, 0, 0, 0)"
    assert shown != hidden


def test_a_reason_takes_two_keys_and_a_note_is_written_by_keys(desk: Desk):
    """t and Enter for the likeliest, t and a number for another one, m or e and words and Ctrl+Enter."""
    site = desk.site("tray")
    for number in range(4):
        held(desk.store, site.id, scores={"insult": 0.9}, author={"name": f"Jo {number}"})
    page = desk.enter(site, "Tea")

    press(page, "t", "Enter")
    press(page, "t", "9")
    press(page, "m")
    page.keyboard.type("Look at the first word.")
    press(page, "Control+Enter")
    expect(page.locator(".note")).to_contain_text("Look at the first word.")
    assert page.evaluate(WHERE)["author"] == "Jo 2"
    press(page, "e")
    page.keyboard.type("Over to you.")
    press(page, "Control+Enter")
    saved(page)

    stands = desk.statuses(site)
    assert (stands["Jo 0"][2], stands["Jo 1"][2]) == ("insult", "off_topic")
    assert page.evaluate(WHERE)["author"] == "Jo 3"
    desk.open(page, site, "view=escalated")
    expect(page.locator(".item")).to_have_count(1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessible(desk: Desk, scheme: str):
    """axe finds nothing, whichever part is open, wide and narrow."""
    site = desk.site(f"axe-{scheme}")
    chance = random.Random(7)
    for number in range(6):
        held(desk.store, site.id, **mixed(chance, number))
    held(desk.store, site.id, "Cheap v\u200biagra <a href='https://evil.example'>here</a>", format="html")
    page = desk.enter(site, f"Axel {scheme}", color_scheme=scheme, reduced_motion="reduce")
    found: dict[str, list[str]] = {}

    def look(name: str) -> None:
        page.wait_for_timeout(150)
        report = Axe().run(page)
        found[name] = [
            f"{each['id']}: {node['html'][:160]}" for each in report.response["violations"] for node in each["nodes"]
        ]

    look("list")
    press(page, "a", "p", "c", "t")
    look("all open")
    press(page, "Escape", "?")
    look("help")
    press(page, "Escape", "/")
    look("filters")
    page.set_viewport_size({"width": 320, "height": 640})
    desk.open(page, site)
    look("narrow list")
    press(page, "Enter")
    look("narrow detail")
    page.goto(f"{desk.live.url}/desk/keys")
    look("keys")
    desk.open(page, site, "q=nothing+like+it")
    look("empty")

    assert {name: problems for name, problems in found.items() if problems} == {}


def test_everything_can_be_done_on_a_narrow_screen(desk: Desk):
    """At 320 pixels nothing is cut off sideways, and a comment is opened, decided and taken back by touch."""
    site = desk.site("narrow")
    for number in range(3):
        held(desk.store, site.id, f"Word {'long' * 60} {number}", author={"name": f"Jo{'x' * 90} {number}"})
    page = desk.enter(site, "Nils", viewport={"width": 320, "height": 640}, has_touch=True)
    fits = "() => document.documentElement.scrollWidth <= 320"

    assert page.evaluate(fits)
    page.locator(".item .open").first.tap()
    expect(page.locator(".beside")).to_be_visible()
    assert page.evaluate(fits)
    assert page.evaluate("() => document.querySelector('.beside').scrollWidth <= 320")
    page.locator(".acts button[value=approve]").tap()
    saved(page)
    expect(page.locator("[data-detail]")).to_be_visible()
    page.locator("[data-back]").tap()
    expect(page.locator(".beside")).to_be_hidden()
    page.locator(".receipt button").tap()
    expect(page.locator(".item")).to_have_count(3)
    page.wait_for_timeout(300)
    assert {status for _, status, _, _ in desk.statuses(site).values()} == {"held"}


def test_a_usual_comment_fits_the_screen(desk: Desk):
    """At 1280 by 720 nothing of the detail needs scrolling."""
    site = desk.site("fits")
    held(
        desk.store,
        site.id,
        "The ferry was never about money. My grandmother took it every Sunday, and half the town met on its deck. "
        "A bridge is quicker, but who will say good morning to whom on a bridge?",
        reasons=(
            a_reason("premoderation.first_time", "It is the author's first comment here.", 0.0),
            a_reason("links.new_domain", "A link to a domain that nobody here has linked to before.", 1.1),
            a_reason("relevance.on_topic", "The comment speaks of what the article is about.", -1.0),
        ),
    )
    page = desk.enter(site, "Fay")

    over = page.evaluate(
        "() => { const it = document.querySelector('.scrolls'); return it.scrollHeight - it.clientHeight; }"
    )

    assert over <= 0


def test_hostile_comments_run_nothing_and_ask_for_nothing(desk: Desk):
    """Five hundred payloads in text, name, address and title: no script, no request, no layout that breaks."""
    site, chance = desk.site("hostile"), random.Random(3)
    payloads = [hostile(chance, number) for number in range(500)]
    all_held(
        desk.store,
        site.id,
        [
            {
                "text": payload,
                "format": chance.choice(["text", "html"]),
                "author": {"name": payload[:200], "url": "javascript:window.hacked=1"},
                "article": an_article(url=f"https://blog.example/{number}", title=payload[:300], text=payload),
                "reasons": (a_reason("model.spam", payload[:300], spans=((0, 9), (chance.randrange(20), 60))),),
            }
            for number, payload in enumerate(payloads)
        ],
    )
    page = desk.enter(site, "Hal")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: asked.append(f"dialog {dialog.message}"))

    desk.open(page, site, "sort=oldest")
    for _ in range(30):
        if not page.locator("[data-more]").count():
            break
        press(page, "]")
        page.wait_for_timeout(60)
    expect(page.locator(".item")).to_have_count(500)
    for _ in range(60):
        press(page, "j", "v")
    page.wait_for_timeout(200)

    assert [url for url in asked if not url.startswith(desk.live.url)] == []
    assert page.evaluate("() => window.hacked") is None
    assert (
        page.evaluate(
            "() => document.querySelectorAll('[data-queue] :is(script, img, iframe, svg, style, object, video)').length"
        )
        == 0
    )
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(
        "() => [...document.querySelectorAll('.item')].every((row) => row.getBoundingClientRect().height < 160)"
    )


def hostile(chance: random.Random, number: int) -> str:
    """One of many attempts to be more than text."""
    code = f"window.hacked={number}"
    pieces: list[Callable[[], str]] = [
        lambda: f"<script>{code}</script>",
        lambda: f"<img src=x onerror={code}>",
        lambda: f"\"'><svg onload={code}>",
        lambda: f'<a href="javascript:{code}">x</a>',
        lambda: f"</textarea></title></style><iframe src=//evil.example/{number}>",
        lambda: "<style>*{display:none}</style>",
        lambda: "{{ config }}{% raw %}",
        lambda: "\u202e\u2066\u2069" + chr(chance.randrange(0x20, 0x3000)),
        lambda: "Z" + "\u0335\u0321" * chance.randrange(1, 80),
        lambda: "W" * chance.randrange(1, 2_000),
        lambda: "&lt;script&gt;&#x3c;b&#x3e;&amp;nbsp;",
        lambda: "<template><!-- <div data-act=override></div> -->",
        lambda: "\x0b\x1b[31m\u2028\u2029\ufeff",
        lambda: "\n" * chance.randrange(1, 40),
        lambda: "=cmd|' /C calc'!A0",
        lambda: f"<form action=//evil.example><button name=do value=approve>{number}",
    ]
    return "".join(chance.choice(pieces)() for _ in range(chance.randrange(1, 5))) or "x"


def test_hands_trained_elsewhere(desk: Desk):
    """Coral's keys, chosen on the page of keys; and with single keys off none of them does anything."""
    site = desk.site("hands")
    for number in range(4):
        held(desk.store, site.id, author={"name": f"Jo {number}"})
    page = desk.enter(site, "Cora")

    press(page, "?")
    page.get_by_role("link", name="Change them").click()
    page.select_option("#preset", "coral")
    page.get_by_role("button", name="Keep").click()
    desk.open(page, site)
    press(page, "f", "d", "u")
    saved(page)
    page.wait_for_timeout(300)
    stands = desk.statuses(site)
    assert (stands["Jo 0"][1], stands["Jo 1"][1]) == ("approved", "held")

    page.goto(f"{desk.live.url}/desk/keys")
    page.uncheck("[name=single]")
    page.get_by_role("button", name="Keep").click()
    desk.open(page, site)
    press(page, "f", "d", "ArrowDown")
    assert page.evaluate(WHERE)["author"] == "Jo 2"
    expect(page.locator(".receipt")).to_have_count(0)


def test_one_comment_alone_and_staying(desk: Desk):
    """f hides the list and keys go on; Shift+Enter keeps the decided one in front; n goes where work is."""
    site = desk.site("alone")
    for number in range(4):
        held(desk.store, site.id, risk=0.1, author={"name": f"Jo {number}"})
    held(desk.store, site.id, risk=0.95, author={"name": "Bad"})
    page = desk.enter(site, "Alma")
    desk.open(page, site, "view=fine")

    press(page, "f")
    expect(page.locator(".list")).to_be_hidden()
    press(page, "a")
    here = page.evaluate(WHERE)
    assert (here["author"], here["lost"]) == ("Jo 1", False)
    press(page, "f", "Shift+Enter", "a")
    expect(page.locator(".receipt.current")).to_contain_text("Jo 1")
    assert page.evaluate("() => document.activeElement.closest('.receipt') !== null")
    press(page, "j")
    assert page.evaluate(WHERE)["author"] == "Jo 2"
    saved(page)
    press(page, "n")
    page.wait_for_url("**view=bad**")
    press(page, "1")
    page.wait_for_url("**view=fine**")
    press(page, "g", "i")
    page.wait_for_url("**/insights")


def test_signed_out_in_the_middle(desk: Desk):
    """The cause is said, and the decision is kept and sent once somebody is back."""
    site = desk.site("out")
    held(desk.store, site.id, author={"name": "Jo"})
    page = desk.enter(site, "Otto")
    cookies = page.context.cookies()
    page.context.clear_cookies()

    press(page, "a")
    expect(page.locator(".item.failed .cause")).to_contain_text("You were signed out")
    assert desk.statuses(site)["Jo"][1] == "held"
    page.context.add_cookies(cookies)
    desk.open(page, site)
    saved(page)

    assert desk.statuses(site)["Jo"][1:] == ("approved", None, 1)


def test_what_somebody_acted_on_since_cannot_be_taken_back(desk: Desk):
    """The row does not stay as if it waited."""
    site = desk.site("since")
    comment = held(desk.store, site.id, author={"name": "Jo"})
    held(desk.store, site.id, author={"name": "Next"})
    page = desk.enter(site, "Sia")
    press(page, "a")
    saved(page)
    with desk.store.read() as connection:
        seen = connection.execute(
            sa.select(tables.comments.c.ruling_id).where(tables.comments.c.id == comment)
        ).scalar_one()
    other = Actor("Bo", "desk", "user-bo")
    desk.store.write(
        lambda c: rule_many(c, site.id, [Wish(comment, 1, seen)], Action.REJECT, actor=other, now=datetime.now(UTC))
    )

    press(page, "z")

    expect(page.locator(".receipt")).to_contain_text("Already rejected by Bo.")
    assert page.evaluate(WHERE)["author"] == "Next"
    assert desk.statuses(site)["Jo"][1] == "rejected"


def test_a_cleared_queue_stays_clear_after_a_reload(desk: Desk):
    """The address forgets the last comment; whoever goes back to it finds it in its own column."""
    site = desk.site("cleared")
    comment = held(desk.store, site.id, author={"name": "Only"})
    page = desk.enter(site, "Cleo Clear")

    press(page, "a")
    saved(page)
    assert "at=" not in page.url
    page.reload()
    page.wait_for_selector("html.scripted", state="attached")
    expect(page.locator("[data-empty]")).to_be_in_viewport()
    expect(page.locator("[data-detail]")).to_have_count(0)

    desk.open(page, site, f"at={comment}")
    expect(page.locator("[data-empty]")).to_be_in_viewport()
    listed, beside = page.locator(".list").bounding_box(), page.locator("[data-detail]").bounding_box()
    assert listed["x"] + listed["width"] <= beside["x"]
    assert beside["y"] + beside["height"] <= 720


def test_a_decided_row_loses_its_tick(desk: Desk):
    """Decided alone, and back again: nothing is picked, and deciding on nothing says what to do."""
    site = desk.site("ghosts")
    for number in range(2):
        held(desk.store, site.id, author={"name": f"Gil {number}"})
    page = desk.enter(site, "Gwen")

    press(page, "x")
    expect(page.locator("[data-ticked]")).to_have_text("Ticked: 1")
    press(page, "a")
    expect(page.locator("#bulk")).to_be_hidden()
    press(page, "Shift+D")
    expect(page.locator("[data-told]")).to_have_text("Tick some comments first.")
    expect(page.locator("[data-told]")).to_be_visible()
    press(page, "z")
    expect(page.locator(".tick input:checked")).to_have_count(0)
    expect(page.locator(".acts button[value=skip]")).to_be_visible()
    expect(page.locator(".detail .status.approved")).to_have_count(0)
    expect(page.locator("#bulk")).to_be_hidden()


def test_loads_agree_after_each_decision(desk: Desk):
    """All is the sum of its parts at once, not only when the service has counted."""
    site = desk.site("loads")
    for _ in range(3):
        held(desk.store, site.id, risk=0.6)
    page = desk.enter(site, "Lou")
    loads = """() => Object.fromEntries([...document.querySelectorAll("[data-rail] a[data-view]")]
      .map((view) => [view.dataset.view, Number(view.querySelector(".count").textContent)]))"""

    press(page, "a")
    told = page.evaluate(loads)
    assert (told["all"], told["uncertain"]) == (2, 2)
    press(page, "h")
    told = page.evaluate(loads)
    assert (told["all"], told["uncertain"], told["skipped"]) == (2, 1, 1)
    saved(page)
    expect(page.locator("[data-view=skipped][data-count='1']")).to_have_count(1)
    assert page.evaluate(loads) == told


def test_whoever_went_away_looks_at_nothing(desk: Desk):
    """The lease is renewed while somebody reads, and no longer once nothing was moved for a minute."""
    site = desk.site("away")
    held(desk.store, site.id)
    page = desk.enter(site, "Ivo")
    page.clock.install()
    desk.open(page, site)
    claims: list[str] = []
    page.on("request", lambda request: claims.append(request.url) if request.url.endswith("/claim") else None)

    page.clock.run_for(45_000)
    read = len(claims)
    page.clock.run_for(180_000)
    away = len(claims)
    press(page, "ArrowDown")
    page.clock.run_for(1_000)

    assert read >= 1
    assert away <= read + 1
    assert len(claims) == away + 1
