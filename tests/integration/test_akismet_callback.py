"""A moderator's decision reaches WordPress, which named its address with the check; and nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from factories import FORM, HAM, SPAM
from receivers import Receiver, a_receiver
from rq import SimpleWorker
from rq.serializers import JSONSerializer

from service.deliver_queue import DELIVER_QUEUE
from service.queue import connect
from service.store import accounts
from service.store.tables import comments
from service.store.tables_hooks import deliveries, webhooks
from workers import runtime


@pytest.fixture
def overrides() -> dict[str, object]:
    """The blog is on this machine, on whatever port is free."""
    return {"webhook_allowed_networks": "127.0.0.1", "webhook_ports": "1-65535", "protocol_wait_seconds": 0.05}


@pytest.fixture
def wordpress() -> Iterator[Receiver]:
    """The blog's server."""
    with a_receiver() as server:
        yield server


@pytest.fixture
def blog(app, secret, wordpress) -> tuple[Any, str]:
    """The site that this WordPress is, and its key."""

    def work(connection: Any) -> tuple[Any, str]:
        now = datetime.now(UTC)
        site = accounts.add_site(connection, "wordpress", f"http://127.0.0.1:{wordpress.port}", now)
        return site, accounts.add_key(connection, site, secret, now)

    return app.extensions["sluice"].store.write(work)


@pytest.fixture
def check(client, blog, wordpress):
    """Asks as the plugin does; answers the check's name."""

    def do(text: str = HAM, **fields: Any) -> str:
        body = {"api_key": blog[1], "comment_content": text, "callback": wordpress.url, "user_ip": "", **fields}
        with client.post("/1.1/comment-check", data=urlencode(body), content_type=FORM) as answer:
            answer.get_data()
        return answer.headers["X-akismet-guid"]

    return do


@pytest.fixture
def rule(client, blog, rows):
    """A moderator decides on the comment that came last."""

    def do(action: str) -> None:
        comment = max(rows(comments), key=lambda row: row.id)
        body = {"action": action, "revision": 1, "reason": "spam" if action == "reject" else None}
        headers = {"Authorization": f"Bearer {blog[1]}"}
        answer = client.post(f"/v1/comments/{comment.id}/rulings", json=body, headers=headers)
        assert answer.status_code == 200, answer.text

    return do


@pytest.fixture
def tell(settings, here: runtime.Runtime):
    """What delivers, until nothing waits."""
    runtime.start_outgoing(settings, here.store)

    def do() -> None:
        worker = SimpleWorker([DELIVER_QUEUE], connection=connect(settings.redis_address), serializer=JSONSerializer)
        worker.work(burst=True, logging_level="WARNING", with_scheduler=False)

    return do


def test_a_moderators_decision_reaches_wordpress(check, rule, tell, blog, wordpress):
    """In the plugin's own words: the key, the check's name and the result; every change of mind, in order."""
    guid = check()
    for action in ("reject", "approve"):
        rule(action)
    tell()

    assert [each.document for each in wordpress.received] == [
        {"key": blog[1], "endpoint": "comment-check", "comments": [{"guid": guid, "result": result}]}
        for result in ("true", "false")
    ]
    assert {each.headers["Content-Type"] for each in wordpress.received} == {"application/json"}
    assert not any(name.lower().startswith("webhook-") for each in wordpress.received for name in each.headers)


def test_a_comment_checked_again_has_all_its_names(check, rule, tell, wordpress):
    """WordPress may know it by the first or by the last."""
    names = [check(), check(recheck_reason="recheck_queue")]
    rule("reject")
    tell()

    [received] = wordpress.received
    assert {each["guid"] for each in received.document["comments"]} == set(names)


def test_other_comments_are_none_of_wordpresss_business(client, check, rule, tell, blog, wordpress):
    """One that came by the native API has no name there."""
    check()
    headers = {"Authorization": f"Bearer {blog[1]}"}
    body = {"article": {"url": "https://news.example/a"}, "comment": {"text": SPAM}}
    client.post("/v1/comments", json=body, headers=headers)
    rule("reject")
    tell()

    assert wordpress.received == []


def test_a_failure_is_tried_again(check, rule, tell, wordpress, rows):
    """It waits in the outbox like every delivery."""
    wordpress.statuses = [503]
    check()
    rule("reject")
    tell()

    [delivery] = rows(deliveries)
    assert (delivery.state, delivery.last_status, delivery.attempts) == ("waiting", 503, 1)


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.2:PORT/hook",
        "http://evil.example/hook",
        "http://127.0.0.1@evil.example/hook",
        "http://127.0.0.1.evil.example/hook",
        "ftp://127.0.0.1/hook",
        "http://[::1]:PORT/hook",
        "//127.0.0.1:PORT/hook",
        "nonsense",
    ],
)
def test_only_the_sites_own_host_is_told(check, rule, tell, wordpress, rows, address):
    """A check cannot have us send anywhere else."""
    check(callback=address.replace("PORT", str(wordpress.port)))
    rule("reject")
    tell()

    assert wordpress.received == []
    assert rows(webhooks) == []


@pytest.mark.parametrize("overrides", [{"webhook_ports": "1-65535", "protocol_wait_seconds": 0.05}])
def test_private_addresses_are_refused(check, rows):
    """Even the site's own, unless the operator allows the network."""
    check()

    assert rows(webhooks) == []


def test_the_address_follows_the_last_check_and_the_key_is_sealed(app, client, check, secret, blog, wordpress, rows):
    """One row for a site, however often it asks; no key is readable in it, and the owner's list does not show it."""
    check()
    check()
    site, key = blog
    other = app.extensions["sluice"].store.write(lambda c: accounts.add_key(c, site, secret, datetime.now(UTC)))
    before = rows(webhooks)
    check(api_key=other, callback=f"{wordpress.url}/2")

    assert len(before) == 1
    [row] = rows(webhooks)
    assert (row.id, row.url) == (before[0].id, f"{wordpress.url}/2")
    assert row.secret != before[0].secret
    assert key not in before[0].secret
    listed = client.get("/v1/webhooks", headers={"Authorization": f"Bearer {key}"})
    assert listed.json["items"] == []


def test_a_test_value_names_no_address(check, rows):
    """Nothing of a test is kept."""
    check(is_test="1")
    check(comment_author="viagra-test-123")

    assert rows(webhooks) == []
