"""Hostile text by every way in, looked for on every page and in every answer: it stays text."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from hostile import PAYLOADS, REFUSED, TEXTS
from pages import foreign, links, ours, paths_of
from populated import EMAIL, IP, REPORTER, SECRETS, Populated, asked, packed, populate
from visitors import PASSWORD, Visitor, a_person

import config
from config import Settings
from service import people
from service.app import create_app
from service.roles import Role
from service.store import accounts
from service.store.accounts import AccountError, Site
from service.store.engine import Store
from service.store.tables import metadata
from workers import classify, runtime

pytestmark = pytest.mark.slow

SECRET = "a secret of the test suite, long enough to be one"
SITES = tuple(text for text in PAYLOADS if text.isprintable() and 0 < len(text.strip()) <= 200)[::60]
#: What each query parameter that a page may know is set to.
PARAMETERS = ("q", "view", "sort", "reason", "lang", "article", "by", "author", "domain", "age", "risk", "campaign")
OTHERS = ("at", "cursor", "done", "clash", "scope", "days", "next", "after", "since", "from", "to", "verb", "who", "do")


@dataclass(frozen=True)
class World:
    """A service in this process, full of hostile text."""

    app: Flask
    store: Store
    site: Site
    api: FlaskClient
    admin: Visitor
    made: Populated


class Keyed(FlaskClient):
    """The blog's server: every request carries the key."""

    key = ""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        kwargs["headers"] = {"Authorization": f"Bearer {self.key}", **(kwargs.get("headers") or {})}
        return super().open(*args, **kwargs)


@pytest.fixture(scope="module")
def world(
    redis_server: str, tmp_path_factory: pytest.TempPathFactory, make_current: Callable[[Settings], None]
) -> Iterator[World]:
    """Every payload in every field that takes any text, by the way that everybody uses."""
    folder = Path(tmp_path_factory.mktemp("hostile"))
    plenty = {f"{kind}_{what}": 1_000_000 for kind in ("write", "read") for what in ("rate_per_second", "burst")}
    values = {"data_dir": folder / "data", "redis_url": redis_server, "secret_key": SECRET, **plenty}
    settings = config.load(values, environ={})
    make_current(settings)
    app = create_app(settings)
    store: Store = app.extensions["sluice"].store
    worker = runtime.start(settings)
    now = datetime.now(UTC)
    site = store.write(lambda c: accounts.add_site(c, "blog", "https://blog.example", now))
    key = store.write(lambda c: accounts.add_key(c, site, settings.secret, now))
    for name in SITES:
        store.write(lambda c, name=name: accounts.add_site(c, name, "https://blog.example/" + name[:1], now))
    api = Keyed(app, app.response_class, use_cookies=False)
    api.key = key
    made = populate(api, TEXTS, lambda ids: decide(worker, ids), fields=[text[:1_000] for text in TEXTS])
    speak_other_protocols(api, key)
    names = list(add_people(store))
    assert len(names) > 200
    a_person(app, "Ada", Role.ADMIN)
    admin = Visitor(app)
    assert admin.sign_in("Ada").status_code == 303
    ask_for_another_look(app, made.rejected)
    save_policies(admin)
    yield World(app, store, site, api, admin, made)
    worker.brain.close()
    worker.store.close()
    for part in (app.extensions["sluice"].brain, app.extensions["sluice"].replies, store):
        part.close()


def decide(worker: runtime.Runtime, ids: list[str]) -> None:
    """What a worker does, here and now."""
    for start in range(0, len(ids), classify.BATCH):
        classify.decide(worker, ids[start : start + classify.BATCH])


def speak_other_protocols(api: FlaskClient, key: str) -> None:
    """What Akismet's and Perspective's clients say of comments, told to us in every field."""
    for number, text in enumerate(packed(PAYLOADS, 900)):
        names = (
            "comment_content",
            "comment_author",
            "comment_author_url",
            "permalink",
            "referrer",
            "user_agent",
            "blog",
        )
        form = dict.fromkeys((*names, "blog", "comment_type", "user_role"), text)
        form |= {"api_key": key, "user_ip": IP, "comment_author_email": f"{text} {EMAIL}"}
        told = api.post(f"/1.1/submit-{'spam' if number % 2 else 'ham'}", data=form)
        assert (told.status_code, told.text) == (200, "Thanks for making the web a better place.")
        judged("submit", told)
        said = {"comment": {"text": f"x {text}"}, "languages": ["en"], "communityId": text, "clientToken": text}
        scores = {"attributeScores": {"TOXICITY": {"summaryScore": {"value": number % 2}}}}
        told = api.post(f"/v1alpha1/comments:suggestscore?key={key}", json={**said, **scores})
        assert told.status_code == 200, told.text
        judged("suggestscore", told)


def add_people(store: Store) -> Iterator[str]:
    """Users of hostile names, as far as names may be so."""

    def add(connection: Any, name: str) -> bool:
        try:
            people.add_user(connection, name, {}, datetime.now(UTC))
        except AccountError:
            return False
        return True

    for name in PAYLOADS:
        if store.write(lambda c, name=name: add(c, name)):
            yield name


def ask_for_another_look(app: Flask, pages: list[str]) -> None:
    """Readers appeal; each from an address of their own, because one alone may not ask so often."""
    reader = app.test_client()
    for number, (page, text) in enumerate(zip(pages, itertools.cycle(packed(TEXTS, 900)))):
        address = {"REMOTE_ADDR": f"198.51.{number // 250}.{number % 250}"}
        asked_again = reader.post(page, data={"reason": "other", "text": text}, environ_overrides=address)
        assert asked_again.status_code == 303, asked_again.text


def save_policies(admin: Visitor) -> None:
    """Versions whose notes say it, for the page's list of them."""
    token = admin.token()
    for number, note in enumerate(packed(PAYLOADS, 400)):
        toml = f'premoderation.modes = ["all"]\n[heads.spam]\nhold_at = {(number % 90 + 1) / 100}\n'
        form = {"scope": "section:x", "toml": toml, "note": f"x {note}", "csrf_token": token}
        saved = admin.client.post("/desk/blog/policy", data=form)
        assert saved.status_code == 303, saved.text


def rows(world: World, table: str, column: str) -> list[str]:
    """What a column holds."""
    found = metadata.tables[table]
    with world.store.read() as connection:
        return [str(each) for each in connection.execute(sa.select(found.c[column]).distinct()).scalars()]


def values(world: World, some: slice = slice(None)) -> dict[str, list[str]]:
    """What stands in a path under its name."""
    return {
        "site_name": ["blog", *(site for site in rows(world, "sites", "id"))],
        "user_id": rows(world, "users", "id")[some],
        "comment_id": world.made.comments[some],
        "item_id": world.made.comments[some],
        "act_id": rows(world, "acts", "id")[::40],
        "campaign": rows(world, "fingerprints", "campaign")[some],
        "token": [page.rsplit("/", 1)[1] for page in world.made.pages][some],
        "webhook_id": rows(world, "webhooks", "id")[some],
        "provider": ["x"],
    }


def test_there_are_many_of_them():
    """The corpus is what the promise names, and no two are the same."""
    assert len(PAYLOADS) >= 500
    assert len(set(TEXTS)) == len(TEXTS)
    assert ("script", "src") in ours()
    assert ("script", "canary") not in ours()
    assert foreign("<p>fine <a href='/desk/'>x</a>") == []
    assert len(foreign("<p canary>x<a href='//evil.example'>y</a><script>z</script><!-- w -->")) == 4


def look(world: World, path: str, **options: Any) -> str:
    """A page; it is whole, ours, and tells nobody's address."""
    options.setdefault("environ_overrides", {"REMOTE_ADDR": f"198.51.100.{next(_NUMBERS) % 250}"})
    answer = world.admin.get(path, **options)
    return judged(path, answer)


_NUMBERS = itertools.count()


def judged(path: str, answer: Any) -> str:
    """The answer's text, if nothing is wrong with it."""
    assert answer.status_code < 500 or path == "/readyz", f"{path}: {answer.text[-2_000:]}"
    text: str = answer.text
    told = [secret for secret in SECRETS if secret in text or secret in str(answer.headers)]
    assert not told, f"{path} tells {told}"
    assert not {"canary", "X-Canary"} & {name for name, _ in answer.headers}, path
    assert "canary=1" not in answer.headers.get("Set-Cookie", ""), path
    location = answer.headers.get("Location")
    assert location is None or (location.startswith("/") and not location.startswith("//")), f"{path} -> {location}"
    if answer.mimetype == "text/html":
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
        found = foreign(text)
        assert not found, f"{path}: {found[:5]}"
    else:
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        if answer.mimetype.endswith("json") and text:
            json.loads(text)
    return text


def test_no_page_holds_anything_that_is_not_ours(world: World):
    """Every page of every route, for every site, comment, person and act."""
    seen = 0
    for rule, path in paths_of(world.app, values(world, slice(None, None, 3))):
        if rule.rule.startswith("/v1") or (rule.arguments == {"token"} and "/desk/" in rule.rule):
            continue
        if len(rule.arguments) > 1 and "/blog/" not in path:
            continue
        look(world, path)
        seen += 1
    assert seen > 500


def test_every_link_leads_to_such_a_page(world: World):
    """Breadth first from the front, some of each kind of address."""
    waiting, known, kinds = ["/", "/desk/"], set(), {}
    while waiting:
        path = waiting.pop(0)
        kind = "&".join(sorted(part.partition("=")[0] for part in path.partition("?")[2].split("&")))
        kind = f"{path.partition('?')[0].rstrip('0123456789abcdef-')}?{kind}"
        if path in known or kinds.setdefault(kind, 0) >= 5:
            continue
        known.add(path)
        kinds[kind] += 1
        waiting += links(look(world, path.partition("#")[0]))
    assert len(known) > 20


def test_each_comment_is_text_in_lists_and_alone(world: World):
    """All pages of the queue, each comment beside it, and as the desk's script asks for it."""
    if "desk.queue" not in world.app.view_functions:
        pytest.fail("the queue's page is gone")
    told = 0
    for comment in world.made.comments:
        page = look(world, f"/desk/blog/queue/comments/{comment}", headers={"X-Desk": "1"})
        told += "canary" in page
    assert told > 300
    cursor, rows_seen = "", 0
    for _ in range(len(world.made.comments) // 40 + 1):
        page = look(world, f"/desk/blog/queue?view=all&sort=oldest{cursor}", headers={"X-Desk": "1"})
        rows_seen += page.count("data-id=")
        further = re.findall(r"cursor=([^\"&]+)", page)
        cursor = f"&cursor={further[-1]}" if further else ""
    assert rows_seen > 100


def test_a_search_is_text_too(world: World):
    """Whatever is typed into an address or a search field."""
    pages = [
        path
        for rule, path in paths_of(world.app, {"site_name": ["blog"], "token": []})
        if rule.rule.startswith("/desk") and rule.arguments <= {"site_name"}
    ]
    assert len(pages) > 8
    searches = itertools.cycle(name for name in ("queue", "history") if f"desk.{name}" in world.app.view_functions)
    for text, page in zip(PAYLOADS[::3], itertools.cycle(pages)):
        look(world, f"{page}?{urlencode(dict.fromkeys(PARAMETERS + OTHERS, text[:500]))}")
    for text in PAYLOADS:
        name = next(searches)
        look(world, f"/desk/blog/{name}?{urlencode({'q': text[:500]})}", headers={"X-Desk": "1"})
        asked_for = urlencode({"q": text[:500] or "x", "author": text[:500] or "x"})
        judged("/v1/queue", world.api.get(f"/v1/queue?{asked_for}"))


def test_the_api_answers_with_text_and_without_addresses(world: World):
    """Every list and every comment, as JSON that a browser takes for nothing else."""
    for rule, path in paths_of(world.app, values(world, slice(None, None, 7))):
        if rule.rule.startswith("/v1"):
            judged(path, world.api.get(path))
    told = asked(world.api, "GET", "/v1/queue?limit=200")["items"]
    assert len(told) > 100
    hooks = asked(world.api, "GET", f"/v1/acts?moderator={REPORTER}")
    assert hooks["items"] == []


def test_an_export_starts_no_cell_with_a_formula(world: World):
    """A spreadsheet that opens the file computes nothing."""
    token, exports = world.admin.token(), 0
    for rule, path in paths_of(world.app, {"site_name": ["blog"]}, "POST"):
        if "export" not in rule.endpoint:
            continue
        for kind in ("csv", "json"):
            form = {"csrf_token": token, "format": kind, "view": "all", "q": ""}
            answer = world.admin.client.post(path, data=form)
            text = judged(path, answer)
            assert answer.status_code == 200, path
            assert "attachment" in answer.headers["Content-Disposition"]
            exports += 1
            if kind == "csv":
                for cell in itertools.chain.from_iterable(csv.reader(io.StringIO(text))):
                    assert not is_formula(cell), cell[:100]
    assert exports or not any("export" in rule.endpoint for rule in world.app.url_map.iter_rules())


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet would compute it; a number is no formula."""
    try:
        float(cell)
    except ValueError:
        return cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"))
    return False


@pytest.mark.parametrize("bad", REFUSED)
def test_what_is_no_text_is_refused_by_name(world: World, bad: str):
    """Half of a pair and NUL: in each field, with a pointer, and nothing of it comes back."""
    for field in ("text", "referrer", "name"):
        value = f'"{field}": "{bad}"'
        inner = {"text": value, "referrer": f'"text": "x", {value}', "name": f'"text": "x", "author": {{{value}}}'}[
            field
        ]
        body = f'{{"article": {{"url": "https://b.example"}}, "comment": {{{inner}}}}}'
        answer = world.api.post("/v1/comments", data=body, content_type="application/json")
        assert answer.status_code == 422
        assert answer.json["pointer"].endswith(f"/{field}")
        assert "script" not in answer.text


def test_a_rule_has_a_plain_name(world: World):
    """Names are shown and logged as reasons' codes, so they are letters; a message may be anything."""
    names = {text[:200] or "-": {"words": ["x"], "action": "hold"} for text in PAYLOADS[:300]}
    answer = world.api.put("/v1/policy", json={"rules": names})

    assert answer.status_code == 422
    assert "canary" not in answer.text
    judged("/v1/policy", answer)


def test_nobody_signs_in_by_a_hostile_name(world: World):
    """The form shows it again as text, and says no."""
    stranger = Visitor(world.app)
    token = stranger.token()
    for number, text in enumerate(packed(PAYLOADS, 300)):
        form = {"csrf_token": token, "name": text, "password": PASSWORD, "next": text}
        address = {"REMOTE_ADDR": f"198.51.{number}.9"}
        answer = stranger.client.post("/desk/sign-in", data=form, environ_overrides=address)
        judged("/desk/sign-in", answer)
        assert answer.status_code != 303
