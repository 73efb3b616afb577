"""The pages for people: complete, without scripts, and leading where they say."""

from __future__ import annotations

import html
import re

import pytest
from flask.testing import FlaskClient

from service.errors import CATALOGUE

PAGES = ("/docs", "/docs/errors")


@pytest.mark.parametrize("path", PAGES)
def test_links_lead_somewhere(client: FlaskClient, path: str):
    """Every link on a page ends at a page of ours, and at a place on it when it names one."""
    places: dict[str, set[str]] = {}
    for link in re.findall(r'href="([^"]+)"', client.get(path).text):
        page, _, place = link.partition("#")
        places.setdefault(page or path, set()).add(place)
    for page, named in places.items():
        answer = client.get(page, follow_redirects=True)

        assert answer.status_code == 200, page
        assert named - {""} <= set(re.findall(r'id="([^"]+)"', answer.text)), page
        answer.close()


@pytest.mark.parametrize("path", PAGES)
def test_pages_need_no_script_and_no_inline_style(client: FlaskClient, path: str):
    """The strict policy would block them anyway."""
    text = client.get(path).text

    assert not re.search(r"<script|<style|\son\w+=|\sstyle=|javascript:", text)


@pytest.mark.parametrize("path", PAGES)
def test_marked_words_are_shown_as_code(client: FlaskClient, path: str):
    """Sentences are written with backticks; people do not see them."""
    assert "`" not in client.get(path).text


def test_errors_say_what_to_do(client: FlaskClient):
    """Each row has the meaning and the advice."""
    text = html.unescape(re.sub(r"<[^>]+>", "", client.get("/docs/errors").text))
    for entry in CATALOGUE.values():
        assert entry.title in text
        assert entry.advice.replace("`", "") in text


def test_the_first_request_works_when_pasted(client: FlaskClient, headers: dict[str, str]):
    """The curl at the top of /docs has a body that is accepted."""
    curl = html.unescape(re.search(r"<pre><code>(curl.*?)</code></pre>", client.get("/docs").text, re.DOTALL)[1])
    body = re.search(r"-d '(.*)'", curl, re.DOTALL)[1]

    answer = client.post("/v1/comments", data=body, headers={**headers, "Content-Type": "application/json"})

    assert answer.status_code == 202
