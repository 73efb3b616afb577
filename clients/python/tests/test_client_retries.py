"""When the client sends again, against a real server that refuses, breaks and hangs up."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from email.utils import formatdate
from typing import Any

import httpx
import pytest

from sluice_client import Article, AsyncSluice, Author, NewComment, Retries, Seen, Sluice, SluiceError, Submission
from sluice_client.inputs import as_json
from sluice_client.retries import seconds_of

KEY = "k" * 12
ARTICLE = Article(url="https://blog.example/bread")
QUICK = Retries(first_pause=0.01, longest_pause=0.02)
NEEDED = dict.fromkeys(
    ("external_id", "action", "scores", "counterfactual", "decision", "ruling", "model", "policy", "decided_at")
)
COMMENT = NEEDED | {
    "id": "c",
    "article_id": "a",
    "revision": 1,
    "status": "pending",
    "reasons": [],
    "received_at": "2026-11-28T17:00:00Z",
    "status_page": "https://sluice.example/c/x",
}


def ok(document: Any) -> tuple[int, dict[str, str], bytes]:
    """An answer of the service."""
    return 200, {"Content-Type": "application/json"}, json.dumps(document).encode()


def problem(status: int, code: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """A refusal of the service."""
    body = {"type": "about:blank", "title": "T", "status": status, "code": code, "detail": "D.", "request_id": "r-1"}
    return status, {name.replace("_", "-"): value for name, value in headers.items()}, json.dumps(body).encode()


def test_a_submission_is_repeated_under_one_key(rude):
    """Hung up, 429, 502, then taken: four requests that are one."""
    server = rude(None, problem(429, "rate.limited", Retry_After="0"), (502, {}, b"<html>"), ok(COMMENT))
    with Sluice(server.url, KEY, retries=QUICK) as sluice:
        assert sluice.submit(ARTICLE, NewComment(text="Hello")).id == "c"

    assert len(server.asked) == 4
    assert len({each.headers["idempotency-key"] for each in server.asked}) == 1
    assert len({each.body for each in server.asked}) == 1
    assert server.asked[0].headers["authorization"] == f"Bearer {KEY}"


def test_async_repeats_alike(rude):
    """The same tries by the other client."""
    server = rude(None, problem(503, "storage.unavailable", Retry_After="0"), ok(COMMENT))

    async def work() -> str:
        async with AsyncSluice(server.url, KEY, retries=QUICK) as sluice:
            return (await sluice.submit(ARTICLE, NewComment(text="Hello", id="7"))).id

    assert asyncio.run(work()) == "c"
    assert ["idempotency-key" in each.headers for each in server.asked] == [False] * 3


@pytest.mark.parametrize("broken", [None, (500, {}, b""), (504, {}, b"")])
def test_what_would_be_done_twice_is_not_repeated_in_doubt(rude, broken):
    """Acts without a key, and batches of comments without ids."""
    server = rude(broken)
    asks = [
        lambda s: s.rule_many([Seen("c", 1)], "approve"),
        lambda s: s.undo("act"),
        lambda s: s.take_back("c", "ruling"),
        lambda s: s.write_note("c", "Look."),
        lambda s: s.submit_batch([Submission(ARTICLE, NewComment(text="Hi"))]),
    ]
    with Sluice(server.url, KEY, retries=QUICK) as sluice:
        for number, ask in enumerate(asks, 1):
            with pytest.raises(SluiceError):
                ask(sluice)
            assert len(server.asked) == number


def test_what_was_certainly_not_done_is_repeated(rude):
    """A refusal for now says that nothing happened, whatever was asked."""
    server = rude(problem(429, "rate.limited"), ok({"act": None, "done": [], "conflicts": []}))
    with Sluice(server.url, KEY, retries=QUICK) as sluice:
        assert sluice.undo("act").done == ()
    assert len(server.asked) == 2


def test_an_erasure_that_worked_before_its_answer_was_lost_is_done(rude):
    """410 to a second try is what was wanted; to a first one it is an error."""
    with Sluice(rude(None, problem(410, "comment.erased")).url, KEY, retries=QUICK) as sluice:
        sluice.erase("c")
    with Sluice(rude(problem(410, "comment.erased")).url, KEY) as sluice, pytest.raises(SluiceError, match="erased"):
        sluice.erase("c")


def test_refusals_are_not_repeated(rude):
    """What is wrong stays wrong."""
    for status, code in ((401, "auth.invalid"), (404, "not_found"), (409, "comment.exists"), (422, "request.invalid")):
        server = rude(problem(status, code))
        with Sluice(server.url, KEY, retries=QUICK) as sluice, pytest.raises(SluiceError) as found:
            sluice.read("c")
        assert (found.value.code, found.value.status, found.value.request_id) == (code, status, "r-1")
        assert len(server.asked) == 1


def test_retry_after_is_kept_to_and_patience_ends(rude):
    """Not earlier than asked; and not at all when that is too long, but the caller learns when."""
    server = rude(problem(429, "rate.limited", Retry_After="1"), ok(COMMENT))
    with Sluice(server.url, KEY, retries=QUICK) as sluice:
        began = time.monotonic()
        sluice.read("c")
        assert time.monotonic() - began >= 1
    server = rude(problem(503, "storage.unavailable", Retry_After="120"))
    with Sluice(server.url, KEY) as sluice, pytest.raises(SluiceError) as found:
        sluice.read("c")
    assert found.value.retry_after == 120
    assert len(server.asked) == 1


def test_pauses_grow_are_bounded_and_differ():
    """Doubled, jittered, never beyond the longest, and over after the last try."""
    retries = Retries(tries=10, first_pause=1, longest_pause=4, patience=100)
    for tried, longest in ((1, 1), (2, 2), (3, 4), (9, 4)):
        pauses = {retries.pause(tried, 0, None) for _ in range(200)}
        assert len(pauses) > 100
        assert longest / 2 <= min(pauses)
        assert max(pauses) <= longest
    assert all(retries.pause(1, 0, 3) >= 3 for _ in range(50))
    assert retries.pause(10, 0, None) is None
    assert retries.pause(1, 99.9, None) is None
    assert Retries(tries=1).pause(1, 0, 0) is None


def test_retry_after_in_all_its_forms():
    """Seconds, a date, and what is neither."""
    assert seconds_of("7") == 7
    assert 50 < seconds_of(formatdate(time.time() + 60, usegmt=True)) <= 60
    assert seconds_of("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert [seconds_of(each) for each in (None, "", "soon", "-1", "²")] == [None] * 5


def test_nobody_there_and_silence_have_codes():
    """Unreachable and timed out, after so many tries, without the address of anything secret."""
    with Sluice("http://127.0.0.1:1", KEY, retries=QUICK) as sluice, pytest.raises(SluiceError) as found:
        sluice.rule_many([Seen("c", 1)], "approve")
    assert (found.value.code, found.value.status) == ("client.unreachable", 0)

    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        Sluice(f"http://127.0.0.1:{silent.getsockname()[1]}", KEY, timeout=0.1, retries=QUICK) as sluice,
    ):
        began = time.monotonic()
        with pytest.raises(SluiceError) as found:
            sluice.read("c")
        assert found.value.code == "client.timed_out"
        assert 0.4 <= time.monotonic() - began < 5


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"id": 7}', b"", b"null", b"\xff", b"[" * 100_000])
def test_an_answer_of_something_else_is_told(rude, body):
    """A proxy's page, or another service."""
    with Sluice(rude((200, {}, body)).url, KEY) as sluice, pytest.raises(SluiceError) as found:
        sluice.read("c")
    assert found.value.code == "client.unreadable"


def test_newer_services_may_say_more(rude):
    """Unknown fields are ignored, and unknown values pass through."""
    with Sluice(rude(ok({**COMMENT, "mood": "good", "status": "parked"})).url, KEY) as sluice:
        comment = sluice.read("c")
    assert comment.status == "parked"
    assert not comment.may_be_published


def test_an_id_is_one_part_of_the_address(rude):
    """Whatever it holds; and none is no id."""
    server = rude(ok(COMMENT))
    with Sluice(server.url, KEY) as sluice:
        for odd in ("a/b", "..", "ä?#", "%2e"):
            sluice.read(odd)
        with pytest.raises(ValueError, match="empty"):
            sluice.read("")
    paths = ["/v1/comments/a%2Fb", "/v1/comments/%2E%2E", "/v1/comments/%C3%A4%3F%23", "/v1/comments/%252e"]
    assert [each.path for each in server.asked] == paths


def test_a_client_of_your_own_stays_open(rude):
    """Whoever brought it closes it."""
    with httpx.Client() as http:
        with Sluice(rude(ok(COMMENT)).url, KEY, http=http) as sluice:
            sluice.read("c")
        assert not http.is_closed


@pytest.mark.parametrize(
    ("url", "key"), [("localhost:8000", KEY), ("ftp://x", KEY), ("http://x", ""), ("http://x", "ö")]
)
def test_a_wrong_address_or_key_is_told_at_once(url, key):
    """Before anything is sent."""
    with pytest.raises(ValueError, match=r"^(base_url|key) must"):
        Sluice(url, key)


def test_what_is_left_out_is_not_sent():
    """None and empty tags; what you said stays, also an empty text."""
    sent = as_json(Submission(ARTICLE, NewComment(text="", author=Author(name="", verified=True), form_seconds=0.0)))

    assert sent == {
        "article": {"url": "https://blog.example/bread"},
        "comment": {"text": "", "author": {"name": "", "verified": True}, "format": "text", "form_seconds": 0.0},
    }
    assert as_json([Seen("c", 1), Seen("c", 1, None)]) == [
        {"id": "c", "revision": 1},
        {"id": "c", "revision": 1, "seen": None},
    ]
