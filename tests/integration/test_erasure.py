"""What was erased is gone from the bytes on disk, not only from the answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from servers import free_port

from service.store import tables
from service.store.engine import Store
from workers.upkeep import Upkeep

pytestmark = pytest.mark.slow

#: Each is a word that nothing else on the disk contains.
PERSONAL = {
    "text": "Quibblefrost",
    "edited text": "Zanzibaroque",
    "name": "Wilhelmina Ottoline Crabtree",
    "email": "w.crabtree@ottoline.example",
    "address of the author": "https://crabtree-ottoline.example/blog",
    "ip": "203.0.113.211",
    "user agent": "CrabtreeBrowser/7.1",
    "id of the author": "author-crabtree-991",
    "referrer": "https://search.example/?q=crabtree-referrer",
    "honeypot": "crabtree-honeypot",
}
AUTHOR = {
    "id": PERSONAL["id of the author"],
    "name": PERSONAL["name"],
    "email": PERSONAL["email"],
    "url": PERSONAL["address of the author"],
    "ip": PERSONAL["ip"],
    "user_agent": PERSONAL["user agent"],
}


def a_body(text: str, **fields: Any) -> dict[str, Any]:
    """A comment full of personal data."""
    comment = {"text": text, "author": AUTHOR, "referrer": PERSONAL["referrer"], "honeypot": PERSONAL["honeypot"]}
    return {"article": {"url": "https://blog.example/a"}, "comment": {**comment, **fields}}


def found_in(folder: Path, words: dict[str, str]) -> dict[str, list[str]]:
    """Which words are in the bytes of which files; case does not matter."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    assert any(path.name == "sluice.db" for path in files)
    contents = {path: path.read_bytes().lower() for path in files}
    hits = {
        what: [str(path.relative_to(folder)) for path, content in contents.items() if word.lower().encode() in content]
        for what, word in words.items()
    }
    return {what: places for what, places in hits.items() if places}


def wait_until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Wait until something holds, or fail."""
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, f"not within {seconds} s"
        time.sleep(0.2)


@pytest.fixture(scope="module")
def talkative(start_sluice):
    """A running service that logs all it ever would, and notes all for a webhook whose receiver is away."""
    home = {"SLUICE_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.1", "SLUICE_WEBHOOK_PORTS": "1-65535"}
    started = start_sluice(SLUICE_LOG_LEVEL="debug", SLUICE_LOG_FORMAT="json", **home)
    started.command("webhook", "add", "blog", f"http://127.0.0.1:{free_port()}/")
    return started


def test_a_deleted_comment_leaves_no_byte_behind(talkative):
    """Posted, decided, edited, deleted: neither text nor person is in any file of the running service."""
    wait = {"Prefer": "wait=20"}
    for number in range(50):  # neighbours, so that pages of the database are shared, split and reused
        text = f"Neighbour {number} wrote this and stays."
        talkative.http.post("/v1/comments", json={**a_body(text), "comment": {"text": text, "id": f"n{number}"}})
    posted = talkative.http.post("/v1/comments", json=a_body(f"{PERSONAL['text']} " * 400, id="c1"), headers=wait)
    assert posted.status_code == 200
    address = f"/v1/comments/{posted.json()['id']}"
    edited = talkative.http.put(address, json=a_body(f"{PERSONAL['edited text']} casino " * 90, id="c1"), headers=wait)
    assert edited.status_code == 200
    stored = found_in(talkative.data_dir, PERSONAL)
    assert set(stored) == set(PERSONAL)  # else the rest of this test would prove nothing

    assert talkative.http.delete(address).status_code == 204

    wait_until(lambda: not found_in(talkative.data_dir, PERSONAL))
    assert talkative.http.get(address).status_code == 410
    assert talkative.http.post("/v1/comments", json=a_body(PERSONAL["text"], id="c1")).status_code == 410
    assert found_in(talkative.data_dir, PERSONAL) == {}
    assert found_in(talkative.data_dir, {"a neighbour": "Neighbour 49"})


def test_a_comment_deleted_while_it_waits_leaves_no_byte_behind(talkative):
    """Also when the worker is about to decide it."""
    for number in range(10):
        posted = talkative.http.post("/v1/comments", json=a_body(f"{PERSONAL['text']} {number}", id=f"w{number}"))
        assert talkative.http.delete(f"/v1/comments/{posted.json()['id']}").status_code == 204

    wait_until(lambda: not found_in(talkative.data_dir, PERSONAL))


def test_a_refused_comment_leaves_no_byte_behind(talkative):
    """A conflict, an invalid field and a stateless score: nothing of them was to be stored."""
    talkative.http.post(
        "/v1/comments", json=a_body("Something else.", id="c2") | {"article": {"url": "https://b.example"}}
    )
    conflict = talkative.http.post("/v1/comments", json=a_body(PERSONAL["text"], id="n1"))
    invalid = talkative.http.post("/v1/comments", json=a_body(PERSONAL["edited text"], oops=1))
    scored = talkative.http.post("/v1/score", json=a_body(PERSONAL["text"]))

    assert [conflict.status_code, invalid.status_code, scored.status_code] == [409, 422, 200]
    words = {name: PERSONAL[name] for name in ("text", "edited text")}
    assert found_in(talkative.data_dir, words) == {}
    for answer in (conflict, invalid, scored):
        assert not any(value in answer.text for value in PERSONAL.values())


def test_nothing_of_it_was_ever_in_the_logs_or_metrics(talkative):
    """Neither of the comments above, nor of the requests that failed."""
    said = "".join(talkative.said)
    metrics = talkative.http.get("/metrics").text

    assert "worker.started" in said
    assert "sluice_requests_total" in metrics
    for value in (*PERSONAL.values(), talkative.key):
        assert value.lower() not in said.lower()
        assert value.lower() not in metrics.lower()


def test_a_removed_site_leaves_no_byte_behind(talkative):
    """All its comments at once."""
    site, key = talkative.add_site("leaving")
    headers = {"Authorization": f"Bearer {key}", "Prefer": "wait=20"}
    words = {"text": "Perigrinaterra", "email": "perigrin@leaving.example"}
    body = {
        "article": {"url": "https://l.example"},
        "comment": {"text": words["text"], "author": {"email": words["email"]}},
    }
    assert talkative.http.post("/v1/comments", json=body, headers=headers).status_code == 200
    assert set(found_in(talkative.data_dir, words)) == set(words)

    talkative.command("site", "remove", site["name"], "--yes")

    wait_until(lambda: not found_in(talkative.data_dir, words))


RETAINED = {
    "author_email": PERSONAL["email"],
    "author_ip": PERSONAL["ip"],
    "author_user_agent": PERSONAL["user agent"],
    "referrer": PERSONAL["referrer"],
}


def test_after_its_retention_a_field_leaves_no_byte_behind(settings, app, client, headers):
    """Each field after its own time; what has no retention stays."""
    for number in range(30):
        body = a_body(f"{PERSONAL['text']} {number}", id=f"c{number}")
        assert client.post("/v1/comments", json=body, headers=headers).status_code == 202
    store = app.extensions["sluice"].store
    upkeep = Upkeep(settings)
    assert set(found_in(settings.data_dir, RETAINED)) == set(RETAINED)

    age(store, timedelta(days=31))
    upkeep.forget_what_is_old()
    upkeep.scrub_files()
    assert set(found_in(settings.data_dir, RETAINED)) == {"author_email"}

    age(store, timedelta(days=366))
    upkeep.forget_what_is_old()
    upkeep.scrub_files()
    assert found_in(settings.data_dir, RETAINED) == {}
    assert set(found_in(settings.data_dir, {"text": PERSONAL["text"], "name": PERSONAL["name"]})) == {"text", "name"}


def age(store: Store, by: timedelta) -> None:
    """Make all comments so old."""
    moment = datetime.now(UTC) - by
    store.write(lambda connection: connection.execute(sa.update(tables.comments).values(received_at=moment)))


@pytest.mark.parametrize(
    "overrides",
    [{f"retention_{name}_days": 0 for name in ("email", "ip", "user_agent", "referrer")}],
)
def test_a_retention_of_no_days_means_never_on_disk(settings, client, headers, app):
    """Not even for a moment, nor after an edit."""
    posted = client.post("/v1/comments", json=a_body("Fine.", id="c1"), headers=headers)
    client.put(f"/v1/comments/{posted.json['id']}", json=a_body("Finer.", id="c1"), headers=headers)

    assert found_in(settings.data_dir, RETAINED) == {}
    assert found_in(settings.data_dir, {"name": PERSONAL["name"]})
