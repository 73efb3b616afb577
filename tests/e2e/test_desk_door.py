"""The desk's first hour in a real browser: from the printed link to a colleague at work, accessible on every page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pyotp
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from servers import Sluice

pytestmark = [pytest.mark.slow, pytest.mark.chromium]

PASSWORD = "correct horse battery"
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """Debian's Chromium."""
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=chromium)
        yield made
        made.close()


@pytest.fixture(scope="module")
def live(start_sluice: Callable[..., Sluice]) -> Sluice:
    """A service that nobody has signed in to."""
    return start_sluice()


class Watched:
    """A page whose complaints are heard: a refused script or style, a failed request, a request to elsewhere."""

    def __init__(self, browser: Browser, base: str, **options: object) -> None:
        self.base = base
        self.complaints: list[str] = []
        self.page: Page = browser.new_context(reduced_motion="reduce", **options).new_page()
        self.page.on("console", lambda message: self._note(message.type, message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self._elsewhere(request.url))

    def open(self, path: str) -> Page:
        """Go to a page."""
        self.page.goto(f"{self.base}{path}")
        return self.page

    def is_good(self) -> None:
        """The present page breaks no rule of axe in light and dark, and fits into 320 pixels."""
        for scheme in ("light", "dark"):
            self.page.emulate_media(color_scheme=scheme)
            found = Axe().run(self.page, options=RULES)
            assert found.violations_count == 0, f"{self.page.url} {scheme}: {found.generate_report()}"
        self.page.set_viewport_size({"width": 320, "height": 640})
        width = self.page.evaluate("document.documentElement.scrollWidth")
        self.page.set_viewport_size({"width": 1280, "height": 720})
        assert width <= 320, self.page.url
        assert self.complaints == []

    def _note(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"}:
            self.complaints.append(text)

    def _elsewhere(self, url: str) -> None:
        if not url.startswith(self.base):
            self.complaints.append(f"a request to {url}")


def first_link(live: Sluice) -> str:
    """What the start printed."""
    return re.search(r"/desk/link/[\w-]+", "".join(live.said))[0]


def test_from_the_printed_link_to_a_colleague(live: Sluice, browser: Browser):
    """The first admin signs in, sets up a second step, and adds somebody who gets in by the link and a password."""
    boss = Watched(browser, live.url)
    page = boss.open(first_link(live))
    boss.is_good()
    page.get_by_label("Name").fill("Ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Begin").click()
    page.wait_for_url(re.compile(r"/desk/"))
    for path in ("/desk/", "/desk/help", "/desk/people", "/desk/account", "/desk/account/code"):
        boss.open(path)
        boss.is_good()

    secret = page.locator("input[name=secret]").get_attribute("value")
    page.get_by_label("Code", exact=True).fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Switch on").click()
    page.get_by_role("heading", name="Your recovery codes").wait_for()
    boss.is_good()
    codes = page.locator(".codes code").all_inner_texts()
    assert len(codes) == 10

    boss.open("/desk/people")
    page.get_by_label("Name").fill("Bea")
    page.get_by_role("button", name="Add", exact=True).click()
    link = page.get_by_label("Link").input_value()
    boss.is_good()
    page.get_by_role("link", name="Back to people").click()
    page.get_by_role("link", name="Bea").click()
    boss.is_good()

    colleague = Watched(browser, live.url)
    colleague.open(link.removeprefix(live.url))
    colleague.is_good()
    colleague.page.get_by_role("button", name="Sign in").click()
    colleague.page.get_by_label("New password").fill(PASSWORD)
    colleague.page.locator("section[aria-labelledby=password] button").click()
    colleague.page.get_by_text("Your new password holds").wait_for()
    colleague.is_good()

    page.get_by_text("Ada", exact=True).click()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    boss.is_good()
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="One more step").wait_for()
    boss.is_good()
    page.get_by_label("Code").fill(codes[0])
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("Ada", exact=True).wait_for()


def test_everything_works_without_javascript(live: Sluice, browser: Browser):
    """Sign in, save, sign out: forms and links are enough."""
    live.command("user", "add", "Cleo", "--role", "moderator")
    link = live.command("user", "reset", "Cleo").stdout.split()[-1]
    cleo = Watched(browser, live.url, java_script_enabled=False)
    page = cleo.open(link.removeprefix(live.url))
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Language").select_option("de")
    page.locator("section[aria-labelledby=preferences] button").click()
    assert page.get_by_text("Gespeichert.").is_visible()
    page.locator(".me summary").click()

    page.get_by_role("button", name="Abmelden", exact=True).click()

    assert "/desk/sign-in" in page.url
    assert cleo.complaints == []


def test_escape_closes_a_menu_and_gives_the_focus_back(live: Sluice, browser: Browser):
    """For whoever has no mouse."""
    live.command("user", "add", "Dan", "--role", "viewer")
    link = live.command("user", "reset", "Dan").stdout.split()[-1]
    dan = Watched(browser, live.url)
    page = dan.open(link.removeprefix(live.url))
    page.get_by_role("button", name="Sign in").click()
    menu = page.locator("details.me")
    menu.locator("summary").focus()
    page.keyboard.press("Enter")
    assert menu.get_attribute("open") is not None

    page.keyboard.press("Escape")

    assert menu.get_attribute("open") is None
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
