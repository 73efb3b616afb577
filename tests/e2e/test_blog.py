"""The example blog in a real browser, started as `make demo` starts it: what readers see of what Sluice decides."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright
from servers import free_port

from blog.__main__ import SITE
from blog.app import BlogSettings, create_app
from sluice_client import Sluice

pytestmark = [pytest.mark.slow, pytest.mark.chromium]

ROOT = Path(__file__).parents[2]
EMAIL = "priya.secret@reader.example"
ARTICLE = "/world/drones-over-the-kremlin"
HONEST = "The Senate dome is four hundred kilometres from the border. How could a small drone get that far unseen?"
PRAISE = "Great article, thank you!"
SPAM = "Great post! Visit https://cheap-pills.example for discount pills, order now, best price, no prescription"
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@dataclass
class Demo:
    """Sluice and the blog, as one process started them."""

    folder: Path
    process: subprocess.Popen[str]
    said: list[str] = field(default_factory=list)
    url: str = ""
    sluice_url: str = ""

    @property
    def key(self) -> str:
        """The blog's key."""
        return str(json.loads((self.folder / "blog.json").read_text())["sluice_key"])

    def read(self) -> None:
        """Keep what it says."""
        for line in self.process.stdout or ():
            self.said.append(line)
            if line.startswith("The blog is at "):
                self.url = line.split()[4].rstrip("/")
            elif line.startswith("Sluice is ready at "):
                self.sluice_url = line.split()[4]

    def comment_id(self, text: str) -> str:
        """Sluice's id of the newest comment with this text, as the blog's own id finds it."""
        with sqlite3.connect(self.folder / "blog.db") as connection:
            rows = connection.execute("SELECT id FROM comments WHERE text = ? ORDER BY number DESC", (text,)).fetchall()
        connection.close()
        with Sluice(self.sluice_url, self.key) as sluice:
            return sluice.comments(external_id=rows[0][0]).items[0].id


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """`make demo` on folders and ports of its own."""
    folder = tmp_path_factory.mktemp("demo") / "data"
    ports = ["--port", str(free_port()), "--sluice-port", str(free_port())]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "examples"), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "blog", "--data-dir", str(folder), *ports],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    made = Demo(folder, process)
    reader = threading.Thread(target=made.read)
    reader.start()
    until(lambda: made.url or process.poll() is not None, 60)
    assert made.url, "".join(made.said)
    yield made
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 0
    reader.join()
    process.stdout.close()


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """Debian's Chromium."""
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=chromium)
        yield made
        made.close()


@pytest.fixture
def page(demo: Demo, browser: Browser) -> Iterator[Page]:
    """A reader at the article; whatever the browser complains about fails the test."""
    context = browser.new_context(reduced_motion="reduce")
    made = context.new_page()
    complaints: list[str] = []
    made.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    made.on("pageerror", lambda error: complaints.append(str(error)))
    made.goto(demo.url)
    yield made
    context.close()
    assert complaints == []


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Wait until something holds, or fail."""
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, f"not within {seconds} s"
        time.sleep(0.1)


def leave_reply(page: Page, text: str, *, name: str = "Priya", website: str = "", remember: bool = False) -> None:
    """Fill in the form as a reader does, and post."""
    page.get_by_label("Comment *").fill(text)
    page.get_by_label("Name *").fill(name)
    if page.get_by_role("textbox", name="Email *").count():
        page.get_by_role("textbox", name="Email *").fill(EMAIL)
    page.get_by_role("textbox", name="Website").fill(website)
    page.get_by_label("Save my name").set_checked(remember)
    page.get_by_role("button", name="Post Comment").click()
    page.wait_for_url(re.compile("comment="))


def comments(page: Page) -> Locator:
    """What stands under the article."""
    return page.locator(".comments .text")


def everybody_sees(demo: Demo, text: str) -> bool:
    """Whether a stranger's page has the comment."""
    return text in httpx.get(demo.url + ARTICLE).text


def moderator(demo: Demo, browser: Browser) -> Page:
    """The first admin, who opens the printed link and looks for the praise in the queue."""
    desk = browser.new_context(reduced_motion="reduce").new_page()
    desk.goto(re.search(r"http://\S+/desk/link/\S+", "".join(demo.said))[0])
    desk.get_by_label("Name").fill("Ada")
    desk.get_by_label("Password").fill("correct horse battery")
    desk.get_by_role("button", name="Begin").click()
    desk.wait_for_url(re.compile(r"/desk/"))
    desk.goto(f"{demo.sluice_url}/desk/{SITE}/queue?q=Great+article")
    desk.wait_for_selector("html.scripted", state="attached")
    return desk


def test_a_readers_comment_appears_at_once(demo, page):
    """Approved within the request: the reader finds it under the article, and so does everybody."""
    leave_reply(page, HONEST, website="https://priya.example")

    assert HONEST in comments(page).all_inner_texts()
    assert page.get_by_text("awaiting moderation").count() == 0
    assert page.get_by_role("link", name="Priya").get_attribute("rel") == "nofollow ugc noopener noreferrer"
    assert everybody_sees(demo, HONEST)


def test_a_spammers_comment_is_for_the_spammer_alone(demo, page):
    """Not published, with the way to ask for another look; nobody else sees it."""
    leave_reply(page, SPAM, name="Buy Pills Online", website="https://cheap-pills.example")

    assert page.get_by_text("Your comment was not published").is_visible()
    page.get_by_role("link", name="See how it stands").click()
    assert page.get_by_role("heading", name="Not published").is_visible()
    assert not everybody_sees(demo, "cheap-pills")


def test_a_robot_is_caught_by_the_field_that_nobody_sees(demo, page):
    """The trap is out of sight and out of the order of tabs, and its value goes to Sluice."""
    assert page.locator("#phone").get_attribute("tabindex") == "-1"
    assert page.locator("#phone").bounding_box()["x"] < -1000
    page.locator("#phone").evaluate("field => { field.value = '555-1234' }")
    leave_reply(page, HONEST + " Tell me.")

    assert not everybody_sees(demo, HONEST + " Tell me.")
    with Sluice(demo.sluice_url, demo.key) as sluice:
        reasons = sluice.read(demo.comment_id(HONEST + " Tell me.")).reasons
    assert any("honeypot" in reason.code for reason in reasons)


def test_a_held_comment_appears_when_a_moderator_approves_it_and_goes_with_the_undo(demo, page, browser):
    """By two keys at the desk: the signed webhook publishes it under the article, and takes it down again."""
    leave_reply(page, PRAISE)
    assert page.get_by_text("Your comment is awaiting moderation").is_visible()
    assert PRAISE in comments(page).all_inner_texts()
    assert not everybody_sees(demo, PRAISE)

    desk = moderator(demo, browser)
    expect(desk.locator(".item.current")).to_contain_text(PRAISE)
    desk.keyboard.press("a")
    until(lambda: everybody_sees(demo, PRAISE))
    page.reload()
    assert page.get_by_text("awaiting moderation").count() == 0
    assert PRAISE in comments(page).all_inner_texts()

    desk.keyboard.press("z")
    until(lambda: not everybody_sees(demo, PRAISE))
    page.reload()
    assert page.get_by_text("Your comment is awaiting moderation").is_visible()
    desk.context.close()

    with Sluice(demo.sluice_url, demo.key) as sluice:
        sluice.erase(demo.comment_id(PRAISE))
        until(lambda: demo_has_forgotten(demo, PRAISE))


def demo_has_forgotten(demo: Demo, text: str) -> bool:
    """Whether the blog's own file has no such comment."""
    connection = sqlite3.connect(demo.folder / "blog.db")
    found = connection.execute("SELECT count(*) FROM comments WHERE text = ?", (text,)).fetchone()[0]
    connection.close()
    return found == 0


def test_a_reader_who_comes_back_need_not_say_the_email_again(demo, page):
    """Name and website are filled in; the email is kept at the blog and shown to nobody, its owner included."""
    leave_reply(page, HONEST + " I asked before.", remember=True, website="https://priya.example")
    page.goto(demo.url)

    assert page.get_by_label("Name *").input_value() == "Priya"
    assert page.get_by_role("textbox", name="Website").input_value() == "https://priya.example"
    assert page.get_by_role("textbox", name="Email").input_value() == ""
    assert EMAIL not in page.content()
    assert EMAIL not in json.dumps(page.context.cookies())
    page.get_by_label("Comment *").fill(HONEST + " And now again.")
    page.get_by_role("button", name="Post Comment").click()
    page.wait_for_url(re.compile("comment="))
    assert everybody_sees(demo, HONEST + " And now again.")


def test_markup_stays_text(demo, page):
    """What a reader writes is shown, not run, and a website that is no address is no link."""
    text = "Is <b>bold</b> & <script>alert(1)</script> shown as it was written under this article on the drones?"
    leave_reply(page, text, website="javascript:alert(1)")
    with Sluice(demo.sluice_url, demo.key) as sluice:
        sluice.rule(demo.comment_id(text), "approve", revision=1)
    until(lambda: everybody_sees(demo, "&lt;script&gt;alert(1)"))
    page.goto(demo.url)

    assert text in comments(page).all_inner_texts()
    assert page.locator("a[href^=javascript]").count() == 0


def test_what_is_missing_is_told(demo, page):
    """In a sentence, with everything but the email as it was typed."""
    body = {"comment": "A word about the drones.", "author": "", "email": EMAIL, "url": ""}
    refused = httpx.post(demo.url + ARTICLE, data=body)
    assert refused.status_code == 400
    assert "Please fill in the required fields: name and email." in refused.text
    assert "A word about the drones." in refused.text
    assert EMAIL not in refused.text
    refused = httpx.post(demo.url + ARTICLE, data={**body, "author": "A", "email": "nobody"})
    assert "valid email address" in refused.text


def test_while_sluice_is_away_comments_are_kept_and_held(demo, tmp_path):
    """Nobody loses a comment, nothing is published unseen, and the next one that gets through takes it along."""

    def a_blog(sluice_url: str) -> Flask:
        settings = BlogSettings("https://b.example", sluice_url, demo.key, "whsec_AAAA", "s" * 32, tmp_path / "b.db")
        return create_app(settings)

    def post(app: Flask, text: str) -> None:
        body = {"comment": text, "author": "Ada", "email": EMAIL}
        shown = app.test_client().post(ARTICLE, data=body, follow_redirects=True)
        assert shown.status_code == 200
        app.extensions["sluice"].close()

    first = HONEST + " Nobody was there to decide."
    post(a_blog("http://127.0.0.1:1"), first)
    assert first not in a_blog("http://127.0.0.1:1").test_client().get(ARTICLE).text

    post(a_blog(demo.sluice_url), HONEST + " Somebody is back.")
    assert first in a_blog("http://127.0.0.1:1").test_client().get(ARTICLE).text


def test_nobody_else_can_publish(demo):
    """A message that Sluice did not sign is refused and changes nothing."""
    body = {"id": "z", "type": "comment.ruled", "timestamp": "2026-11-28T17:00:00Z"}
    assert httpx.post(f"{demo.url}/sluice-hook", json=body).status_code == 401


def test_the_page_is_accessible(demo, page):
    """Light and dark, and on a small phone."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found = Axe().run(page, options=RULES)
        assert found.violations_count == 0, found.generate_report()
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_the_email_is_nowhere(demo, page):
    """Not in any page of the blog or of Sluice, nor in what either said all along."""
    leave_reply(page, "Which air defence was it that did not see them coming, I wonder?")
    with Sluice(demo.sluice_url, demo.key) as sluice:
        answers = list(sluice.all_comments())
    pages = [page.content(), *(httpx.get(each.status_page).text for each in answers)]

    assert len(pages) > 1
    assert EMAIL not in "".join(pages) + repr(answers) + "".join(demo.said)
