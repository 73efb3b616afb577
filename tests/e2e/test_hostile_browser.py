"""Hostile text in a real browser: nothing runs, nothing leaves, nothing breaks the layout, and the log stays silent."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from hostile import PAYLOADS, TEXTS
from playwright.sync_api import Browser, Page, Route, sync_playwright
from populated import SECRETS, Populated, asked, packed, populate
from servers import Sluice
from visitors import PASSWORD

from service.people import add_user
from service.roles import Role
from service.store import accounts
from service.store.accounts import AccountError
from service.store.engine import Store

pytestmark = [pytest.mark.slow, pytest.mark.chromium, pytest.mark.timeout(600)]

WIDTHS = (320, 1280)
#: Many to a field, so that few pages show them all; one by one they are in tests/integration/test_hostile.py.
FIELDS = packed(PAYLOADS, 900)
STATE = """() => {
  document.querySelectorAll("details").forEach((each) => { each.open = true; });
  const wide = [...document.querySelectorAll("body *")]
    .filter((each) => each.getBoundingClientRect().right > innerWidth + 1)
    .slice(-3).map((each) => each.tagName + "." + each.className);
  return {canary: "canary" in window, wide: document.scrollingElement.scrollWidth > innerWidth ? wide : null};
}"""


@dataclass
class Watched:
    """A browser of an admin, whose complaints are heard."""

    page: Page
    base: str
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("dialog", lambda dialog: (self.complaints.append(f"a dialog: {dialog.message}"), dialog.dismiss()))
        self.page.on("pageerror", lambda error: self.complaints.append(f"a script failed: {error}"))
        self.page.on("popup", lambda _: self.complaints.append("a window opened"))
        self.page.on("console", lambda said: self._hear(said.type, said.text))
        self.page.context.route("**/*", self._let_through)

    def _hear(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"}:
            self.complaints.append(text)

    def _let_through(self, route: Route) -> None:
        if route.request.url.startswith(f"{self.base}/"):
            route.continue_()
        else:
            self.complaints.append(f"a request to {route.request.url[:100]}")
            route.abort()

    def look(self, path: str) -> None:
        """Open a page, and everything in it that opens; it behaves, narrow and wide."""
        self.page.goto(f"{self.base}{path}")
        for width in WIDTHS:
            self.page.set_viewport_size({"width": width, "height": 720})
            state = self.page.evaluate(STATE)
            assert state == {"canary": False, "wide": None}, f"{path} at {width}: {state}"
        assert self.page.url.startswith(f"{self.base}/"), self.page.url
        assert self.complaints == [], f"{path}: {self.complaints}"


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """Debian's Chromium."""
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=chromium)
        yield made
        made.close()


@pytest.fixture(scope="module")
def live(start_sluice: Callable[..., Sluice]) -> Sluice:
    """A service that logs all it ever would."""
    return start_sluice(SLUICE_LOG_LEVEL="debug", SLUICE_LOG_FORMAT="json")


@pytest.fixture(scope="module")
def made(live: Sluice) -> Populated:
    """Every payload in every field; people and sites of such names too."""

    def decided(_: list[str]) -> None:
        ends = time.monotonic() + 90
        while asked(live.http, "GET", "/v1/comments?status=pending")["items"]:
            assert time.monotonic() < ends
            time.sleep(0.2)

    store = Store(f"sqlite:///{live.data_dir / 'sluice.db'}", pool_size=1)
    now = datetime.now(UTC)
    store.write(lambda c: add_user(c, "Ada", {None: Role.ADMIN}, now, password=PASSWORD))
    for text in PAYLOADS[::4]:
        try:
            store.write(lambda c, text=text: add_user(c, text, {}, now))
        except AccountError:
            continue  # no name at all, or too long for one
    for text in [text for text in PAYLOADS if text.isprintable() and text.strip() and len(text) <= 200][::90]:
        store.write(lambda c, text=text: accounts.add_site(c, text, "https://blog.example", now))
    store.close()
    texts = [TEXTS[-1 - number] if number < 7 else each for number, each in enumerate(FIELDS)]
    return populate(live.http, texts, decided, fields=FIELDS)


@pytest.fixture(scope="module")
def ada(browser: Browser, live: Sluice, made: Populated) -> Watched:
    """The admin, signed in."""
    page = browser.new_context(reduced_motion="reduce").new_page()
    watched = Watched(page, live.url)
    page.goto(f"{live.url}/desk/sign-in")
    page.fill("#f-name", "Ada")
    page.fill("#f-password", PASSWORD)
    page.click("button.main")
    page.wait_for_url("**/desk/**")
    return watched


def test_a_watched_page_would_complain(browser: Browser, live: Sluice):
    """What is looked for is found where it is: a script, a dialog, a request, a page that is too wide."""
    watched = Watched(browser.new_page(), live.url)
    watched.page.set_content(
        "<script>window.canary=1;alert(1)</script><img src='https://evil.example/x'><p style='width:3000px'>x"
    )

    assert watched.page.evaluate(STATE) == {"canary": True, "wide": ["P."]}
    assert {each.split(":")[0] for each in watched.complaints} >= {"a dialog", "a request to https"}


def test_lists_stay_lists(ada: Watched):
    """Every page of the navigation, and the queue in each order."""
    for page in ("queue", "campaigns", "sweep", "history", "policy", "insights", "health"):
        ada.look(f"/desk/blog/{page}")
    for sort in ("oldest", "riskiest"):
        ada.look(f"/desk/blog/queue?view=all&sort={sort}")
    for page in ("", "people", "account", "help", "keys"):
        ada.look(f"/desk/{page}")


def test_each_comment_stays_text(ada: Watched, made: Populated):
    """Beside the list, with all that was said about it, everything unfolded, masks off."""
    for comment in made.comments:
        ada.look(f"/desk/blog/queue?view=all&at={comment}&bare=1&real=1&whole=1")


def test_the_keys_do_no_harm(ada: Watched, made: Populated):
    """Moving through the list, unmasking and showing what is hidden runs nothing either."""
    ada.look("/desk/blog/queue?view=all&sort=oldest")
    for key in "jjjkxrvjj":
        ada.page.keyboard.press(key)
    ada.page.wait_for_timeout(500)
    assert ada.page.evaluate(STATE)["canary"] is False
    assert ada.complaints == []


def test_what_readers_see_stays_text(ada: Watched, made: Populated):
    """The page of a comment's author."""
    for page in made.pages[::6]:
        ada.look(page)


def test_a_search_stays_text(ada: Watched):
    """What somebody is made to search for by a link."""
    for text in packed(PAYLOADS, 500)[::6]:
        ada.look(f"/desk/blog/queue?{urlencode({'q': text, 'author': text, 'domain': text})}")
        ada.look(f"/desk/blog/history?{urlencode({'q': text})}")


def test_the_log_heard_nothing(live: Sluice, made: Populated):
    """No error, no address, no text of anybody."""
    said = "".join(live.said)

    assert '"level": "error"' not in said
    assert [secret for secret in (*SECRETS, "canary", "zeppelin") if secret in said] == []
