"""Webhooks over HTTP: a real receiver hears of decisions, rulings, undos and erasures, in order and signed."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from factories import a_submission
from receivers import Receiver, a_receiver, a_rude_server
from rq import SimpleWorker
from rq.serializers import JSONSerializer
from servers import SLUICE

import config
from config import Settings
from service import moderation
from service.cli import cli
from service.deliver_queue import DELIVER_QUEUE
from service.queue import CLASSIFY_QUEUE, connect
from service.store import accounts
from service.store.comments import count_by_status
from service.store.engine import Store
from service.store.migrate import ensure_current
from service.store.tables_hooks import deliveries, events, webhooks
from service.webhooks import verify
from workers import classify, deliver, runtime
from workers.upkeep import Upkeep

GOOD = {
    "article": {"id": "a1", "url": "https://news.example/a"},
    "comment": {"text": "I laughed at the second paragraph.", "author": {"email": "jo@reader.example"}},
}


@pytest.fixture
def overrides() -> dict[str, object]:
    """The blog is on this machine, on whatever port is free."""
    return {"webhook_allowed_networks": "127.0.0.1", "webhook_ports": "1-65535"}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """The blog's server."""
    with a_receiver() as server:
        yield server


@pytest.fixture
def outgoing(settings: Settings, here: runtime.Runtime) -> runtime.Outgoing:
    """A process that delivers."""
    return runtime.start_outgoing(settings, here.store)


def add(client: Any, headers: dict[str, str], url: str, **fields: Any) -> dict[str, Any]:
    """A webhook with its secret."""
    answer = client.post("/v1/webhooks", json={"url": url, **fields}, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json


def submit(client: Any, headers: dict[str, str], here: runtime.Runtime, **fields: Any) -> str:
    """A comment that was decided."""
    body = {**GOOD, "comment": {**GOOD["comment"], **fields}}
    comment_id = client.post("/v1/comments", json=body, headers=headers).json["id"]
    classify.decide(here, [comment_id])
    return comment_id


def work(settings: Settings, *queues: str) -> None:
    """What an RQ worker does until its queues are empty."""
    connection = connect(settings.redis_address)
    worker = SimpleWorker(list(queues), connection=connection, serializer=JSONSerializer)
    worker.work(burst=True, logging_level="WARNING", with_scheduler=False)


def make_due(here: runtime.Runtime) -> None:
    """The gap has passed."""
    past = datetime.now(UTC) - timedelta(seconds=1)
    here.store.write(lambda c: c.execute(sa.update(deliveries).values(next_at=past)))
    here.store.write(lambda c: c.execute(sa.update(webhooks).values(paused_until=None)))


def test_decision_ruling_undo_and_erasure_arrive_in_order_and_signed(
    client, headers, here, settings, outgoing, receiver
):
    """Through RQ, as soon as each is committed."""
    hook = add(client, headers, receiver.url)
    comment = submit(client, headers, here, id="c1")
    client.post(f"/v1/comments/{comment}/rulings", json={"action": "reject", "revision": 1}, headers=headers)
    ruling = client.get(f"/v1/comments/{comment}/rulings", headers=headers).json["items"][0]["id"]
    client.delete(f"/v1/comments/{comment}/rulings?ruling={ruling}", headers=headers)
    work(settings, DELIVER_QUEUE)
    client.delete(f"/v1/comments/{comment}", headers=headers)
    work(settings, DELIVER_QUEUE)

    assert receiver.kinds == ["comment.decided", "comment.ruled", "ruling.undone", "comment.erased"]
    for each in receiver.received:
        assert verify([hook["secret"]], each.headers, each.body, time.time()) == each.document["id"]
        assert each.headers["Content-Type"] == "application/json"
        assert b"paragraph" not in each.body
        assert b"jo@reader" not in each.body
    assert receiver.received[0].document["data"]["comment"]["external_id"] == "c1"
    stored = client.get("/v1/webhooks/deliveries", headers=headers).json["items"]
    assert [each["state"] for each in stored] == ["delivered"] * len(stored)


def test_what_happened_while_the_receiver_was_down_arrives_in_order(client, headers, here, settings, outgoing, app):
    """Upkeep brings it when its time has come."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    add(client, headers, f"http://127.0.0.1:{port}/hook")
    comment = submit(client, headers, here)
    client.post(f"/v1/comments/{comment}/rulings", json={"action": "reject", "revision": 1}, headers=headers)
    work(settings, DELIVER_QUEUE)
    (second, first) = client.get("/v1/webhooks/deliveries", headers=headers).json["items"]
    assert (first["attempts"], first["last_error"], second["attempts"]) == (1, "Nobody answers there.", 0)
    assert Upkeep(settings).deliver_what_is_due() == 0

    make_due(here)
    with a_receiver(port) as receiver:
        assert Upkeep(settings).deliver_what_is_due() == 1
        work(settings, DELIVER_QUEUE)

    assert receiver.kinds == ["comment.decided", "comment.ruled"]


def test_what_redis_lost_is_delivered_all_the_same(client, headers, here, settings, outgoing, receiver):
    """The database is the truth; a job that is lost is made again, and one too many sends nothing."""
    add(client, headers, receiver.url)
    comment = submit(client, headers, here)
    connect(settings.redis_address).flushall()
    upkeep = Upkeep(settings)

    assert upkeep.deliver_what_is_due() == 1
    assert upkeep.deliver_what_is_due() == 0  # while jobs are waiting, no more are made
    (delivery,) = client.get("/v1/webhooks/deliveries", headers=headers).json["items"]
    deliver.deliver(delivery["id"])
    work(settings, DELIVER_QUEUE)
    assert [each.document["data"]["comment"]["id"] for each in receiver.received] == [comment]


def test_redis_holds_ids_only(client, headers, here, settings, receiver):
    """No address, no secret, no payload in a job."""
    hook = add(client, headers, receiver.url)
    submit(client, headers, here)
    redis = connect(settings.redis_address)

    held = b"".join(b"".join(redis.hgetall(key).values()) for key in redis.keys("rq:job:*"))
    assert b"workers.deliver.deliver" in held
    for word in (receiver.url, hook["secret"], "news.example", "approve"):
        assert word.encode() not in held


def test_a_dead_one_is_replayed_from_the_api_and_the_command(client, headers, here, settings, outgoing, receiver):
    """One by its id, or all; under the ids they had."""
    add(client, headers, receiver.url)
    for _ in range(2):
        submit(client, headers, here)
    here.store.write(lambda c: c.execute(sa.update(deliveries).values(attempts=9)))
    receiver.statuses = [500, 500]
    work(settings, DELIVER_QUEUE)
    dead = client.get("/v1/webhooks/deliveries?state=dead", headers=headers).json["items"]
    assert [each["last_status"] for each in dead] == [500, 500]

    answer = client.post(f"/v1/webhooks/deliveries/{dead[0]['id']}/replay", headers=headers)
    assert answer.json == {"replayed": 1}
    work(settings, DELIVER_QUEUE)
    assert command(settings, "replay", "--all-dead")[0] == "1 delivery is sent again."
    Upkeep(settings).deliver_what_is_due()
    work(settings, DELIVER_QUEUE)

    first, second, third, fourth = (each.document for each in receiver.received)
    assert {third["id"], fourth["id"]} == {first["id"], second["id"]}
    assert client.get("/v1/webhooks/deliveries?state=dead", headers=headers).json["items"] == []


def test_after_a_rotation_both_secrets_sign(client, headers, here, settings, outgoing, receiver):
    """A receiver may change over whenever it likes."""
    old = add(client, headers, receiver.url)
    new = client.post(f"/v1/webhooks/{old['id']}/rotate", headers=headers).json
    submit(client, headers, here)
    work(settings, DELIVER_QUEUE)

    (only,) = receiver.received
    assert (old["secrets"], new["secrets"]) == (1, 2)
    for secret in (old["secret"], new["secret"]):
        assert verify([secret], only.headers, only.body, time.time())


def test_a_slow_receiver_keeps_no_comment_waiting(client, headers, here, settings, outgoing):
    """Comments are decided by processes that do not deliver; and where one does both, comments come first."""
    released = threading.Event()

    def slow(connection: socket.socket, _stop: threading.Event) -> None:
        released.wait(20)
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    with a_rude_server(slow) as port:
        add(client, headers, f"http://127.0.0.1:{port}/")
        submit(client, headers, here)
        sending = threading.Thread(target=deliver.deliver, args=(deliveries_of(client, headers)[0]["id"],))
        sending.start()
        began = time.monotonic()
        second = submit(client, headers, here)
        took = time.monotonic() - began
        sent_meanwhile = sending.is_alive()
        released.set()
        sending.join()

    assert sent_meanwhile
    assert took < 5
    assert client.get(f"/v1/comments/{second}", headers=headers).json["status"] != "pending"


def test_a_process_that_does_both_decides_first(client, headers, here, settings, outgoing, receiver, monkeypatch):
    """RQ takes the queues in the order in which they are named."""
    monkeypatch.setattr(classify, "PATIENCE", 1)
    add(client, headers, receiver.url)
    submit(client, headers, here)
    undecided = client.post("/v1/comments", json=GOOD, headers=headers).json["id"]
    order: list[str] = []
    decide = classify.decide
    monkeypatch.setattr(classify, "decide", lambda h, ids: (order.append("decide"), decide(h, ids)))
    sent = len(receiver.received)
    monkeypatch.setattr(deliver.deliveries, "deliver", recording(order, deliver.deliveries.deliver))
    work(settings, CLASSIFY_QUEUE, DELIVER_QUEUE)

    assert order[0] == "decide"
    assert order.count("deliver") == 2
    assert len(receiver.received) == sent + 2
    assert receiver.received[-1].document["data"]["comment"]["id"] == undecided


def recording(order: list[str], deliver_one: Callable[..., Any]) -> Callable[..., Any]:
    """The same, noted."""

    def run(*arguments: Any, **named: Any) -> Any:
        order.append("deliver")
        return deliver_one(*arguments, **named)

    return run


def deliveries_of(client: Any, headers: dict[str, str]) -> list[dict[str, Any]]:
    """What the API lists."""
    return client.get("/v1/webhooks/deliveries", headers=headers).json["items"]


class TestWithoutRedis:
    """Nobody hears of what is committed; the database knows it all the same."""

    @pytest.fixture
    def overrides(self, overrides: dict[str, object], tmp_path: Any) -> dict[str, object]:
        return {**overrides, "redis_url": f"unix://{tmp_path}/nobody.sock"}

    def test_what_happens_is_noted_and_nothing_fails(self, client, headers, here, receiver):
        """The ruling is answered as ever, and its event waits."""
        add(client, headers, receiver.url)
        comment = client.post("/v1/comments", json=GOOD, headers=headers).json["id"]
        ruled = client.post(
            f"/v1/comments/{comment}/rulings", json={"action": "approve", "revision": 1}, headers=headers
        )

        assert (ruled.status_code, ruled.json["status"]) == (200, "approved")
        assert [each["state"] for each in deliveries_of(client, headers)] == ["waiting"]


def test_upkeep_goes_on_and_ends_when_asked_although_redis_is_away(tmp_path):
    """Late comments are held, and SIGTERM is heard within seconds, while there is nobody to deliver for."""
    folder = tmp_path / "data"
    environment = {
        **os.environ,
        "SLUICE_REDIS_URL": f"unix://{tmp_path}/nobody.sock",
        "SLUICE_SECRET_KEY": "s" * 40,
        "SLUICE_DECISION_DEADLINE_SECONDS": "1",
    }
    chosen = config.load({"data_dir": folder}, environ=environment)
    ensure_current(chosen)
    store = Store(chosen.database_address)
    old = datetime.now(UTC) - timedelta(hours=1)
    site = store.write(lambda c: accounts.add_site(c, "blog", "https://blog.example", old))
    store.write(lambda c: moderation.submit(c, site.id, [a_submission()], old))
    process = subprocess.Popen([str(SLUICE), "upkeep", "--data-dir", str(folder)], env=environment)
    try:
        ends = time.monotonic() + 40
        while True:
            with store.read() as connection:
                if count_by_status(connection) == {"held": 1}:
                    break
            assert time.monotonic() < ends, "nothing was held"
            time.sleep(0.2)
        process.terminate()
        assert process.wait(15) == 0
    finally:
        process.kill()
        process.wait()
        store.close()


# --- The API ------------------------------------------------------------------------------------------------------


def test_a_secret_is_shown_once(client, headers, receiver):
    """In the answer to adding or rotating, and nowhere else."""
    made = add(client, headers, receiver.url, events=["comment.erased", "comment.ruled"])
    listed = client.get("/v1/webhooks", headers=headers)

    assert made["secret"].startswith("whsec_")
    assert made["events"] == ["comment.ruled", "comment.erased"]
    assert made["secret"] not in listed.text
    assert [each["id"] for each in listed.json["items"]] == [made["id"]]


def test_the_test_message_says_how_it_went(client, headers, receiver):
    """Taken, refused, or nobody there; it is signed like every other and stored nowhere."""
    made = add(client, headers, receiver.url)
    address = f"/v1/webhooks/{made['id']}/test"
    taken = client.post(address, headers=headers)
    receiver.statuses = [500]
    refused = client.post(address, headers=headers)

    assert taken.json == {"delivered": True, "status": 204, "error": None}
    assert refused.json == {"delivered": False, "status": 500, "error": "The receiver answered 500."}
    assert receiver.kinds == ["webhook.test"] * 2
    assert verify([made["secret"]], receiver.received[0].headers, receiver.received[0].body, time.time())
    assert deliveries_of(client, headers) == []


def test_tests_do_not_take_all_threads(client, headers, receiver, app):
    """When half of the threads wait already, the answer comes at once."""
    made = add(client, headers, receiver.url)
    slots = app.extensions["sluice"].waiting_slots
    while slots.acquire(blocking=False):
        pass
    busy = client.post(f"/v1/webhooks/{made['id']}/test", headers=headers)
    slots.release()
    free = client.post(f"/v1/webhooks/{made['id']}/test", headers=headers)
    again = client.post(f"/v1/webhooks/{made['id']}/test", headers=headers)

    assert (busy.status_code, busy.headers["Retry-After"]) == (429, "1")
    assert (free.status_code, again.status_code) == (200, 200)


@pytest.mark.parametrize(
    "url",
    ["https://127.0.0.2/", "https://10.0.0.1/", "https://[::1]/", "https://user@blog.example/", "ftp://x.example"],
)
def test_an_address_that_we_do_not_send_to_is_refused(client, headers, url):
    """403 with a sentence; what is no address at all is a field's fault."""
    answer = client.post("/v1/webhooks", json={"url": url}, headers=headers)

    expected = (422, "request.invalid") if url.startswith("ftp") else (403, "webhook.address")
    assert (answer.status_code, answer.json["code"]) == expected


def test_another_sites_webhooks_are_not_found(client, headers, make_site, receiver, here, settings):
    """Not shown, not changed, not replayed."""
    made = add(client, headers, receiver.url)
    submit(client, headers, here)
    (delivery,) = deliveries_of(client, headers)
    stranger = {"Authorization": f"Bearer {make_site('other')[1]}"}

    for verb in ("rotate", "enable", "test"):
        assert client.post(f"/v1/webhooks/{made['id']}/{verb}", headers=stranger).status_code == 404
    assert client.delete(f"/v1/webhooks/{made['id']}", headers=stranger).status_code == 404
    assert client.post(f"/v1/webhooks/deliveries/{delivery['id']}/replay", headers=stranger).status_code == 404
    assert client.post("/v1/webhooks/deliveries/replay", headers=stranger).json == {"replayed": 0}
    assert client.get("/v1/webhooks", headers=stranger).json == {"items": []}
    assert deliveries_of(client, stranger) == []
    assert client.delete(f"/v1/webhooks/{made['id']}", headers=headers).status_code == 204
    assert deliveries_of(client, headers) == []


def test_deliveries_come_in_pages(client, headers, here, receiver):
    """By key, newest first; odd parameters are 422."""
    add(client, headers, receiver.url)
    for _ in range(3):
        submit(client, headers, here)
    first = client.get("/v1/webhooks/deliveries?limit=2", headers=headers).json
    second = client.get(f"/v1/webhooks/deliveries?limit=2&cursor={first['next_cursor']}", headers=headers).json

    ids = [each["id"] for page in (first, second) for each in page["items"]]
    assert (len(ids), ids, second["next_cursor"]) == (3, sorted(ids, reverse=True), None)
    for odd in ("limit=0", "limit=x", "state=odd", "cursor=odd", "webhook=odd"):
        assert client.get(f"/v1/webhooks/deliveries?{odd}", headers=headers).status_code == 422, odd


def test_metrics_count_what_was_told(client, headers, here, settings, outgoing, receiver):
    """And say how old the oldest is that was not."""
    add(client, headers, receiver.url)
    submit(client, headers, here)
    submit(client, headers, here)
    receiver.statuses = [500]
    work(settings, DELIVER_QUEUE)
    page = client.get("/metrics").text

    assert 'sluice_webhook_deliveries{state="waiting"} 1.0' in page
    assert 'sluice_webhook_deliveries{state="delivered"} 1.0' in page
    assert "sluice_webhook_oldest_seconds 0.0\n" not in page
    assert 'sluice_webhook_attempts_total{outcome="failed"}' in page


def test_retention_forgets_events_by_the_setting(client, headers, here, settings, outgoing, receiver):
    """After 30 days, by upkeep."""
    add(client, headers, receiver.url)
    submit(client, headers, here)
    work(settings, DELIVER_QUEUE)
    upkeep = Upkeep(settings)
    upkeep.forget_what_is_old()
    assert len(deliveries_of(client, headers)) == 1

    past = datetime.now(UTC) - timedelta(days=31)
    here.store.write(lambda c: c.execute(sa.update(events).values(occurred_at=past)))
    upkeep.forget_what_is_old()
    assert deliveries_of(client, headers) == []


# --- The command --------------------------------------------------------------------------------------------------


def command(settings: Settings, *arguments: str, status: int = 0) -> list[str]:
    """What `sluice webhook` prints."""
    environment = {
        "SLUICE_REDIS_URL": settings.redis_url,
        "SLUICE_SECRET_KEY": settings.secret_key,
        "SLUICE_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.1",
        "SLUICE_WEBHOOK_PORTS": "1-65535",
    }
    done = CliRunner().invoke(cli, ["webhook", *arguments, "--data-dir", str(settings.data_dir)], env=environment)
    assert done.exit_code == status, done.output
    return done.output.strip().splitlines()


def test_the_command_does_what_the_api_does(client, headers, here, settings, outgoing, receiver):
    """Add, list, show, test, rotate, deliveries, remove."""
    made = json.loads(command(settings, "add", "blog", receiver.url, "--event", "comment.decided", "--json")[0])
    hook_id = made["webhook"]["id"]
    assert made["webhook"]["events"] == ["comment.decided"]

    submit(client, headers, here)
    work(settings, DELIVER_QUEUE)
    assert verify([made["secret"]], receiver.received[0].headers, receiver.received[0].body, time.time())
    assert command(settings, "list", "--site", "blog") == [f"{hook_id}  {receiver.url}  works"]
    assert command(settings, "test", hook_id) == ["The test message was taken: the receiver answered 204."]
    assert command(settings, "rotate", hook_id)[0].startswith("Secret: whsec_")
    shown = command(settings, "show", hook_id)
    assert made["secret"] not in "".join(shown)
    assert len(shown[2].split(": ")[1].split(", ")) == 2
    said = command(settings, "deliveries")
    assert said[0] == "Every webhook was told everything."
    assert "comment.decided  delivered, 1 try" in said[1]
    assert command(settings, "remove", hook_id, "--yes") == [f"Removed {receiver.url}."]
    assert command(settings, "list") == ["There are no webhooks yet."]


def test_a_webhook_works_once_it_took_something(client, headers, here, settings, outgoing, receiver):
    """Before that nothing was told; a test that was not taken is said until something is taken."""
    made = add(client, headers, receiver.url)
    receiver.statuses = [302]
    assert command(settings, "list")[0].endswith("  nothing told yet")

    command(settings, "test", made["id"], status=1)
    assert "nothing told yet; the last test was not taken: " in command(settings, "list")[0]
    assert "the last test was not taken: " in command(settings, "show", made["id"])[0]

    receiver.statuses = []
    submit(client, headers, here)
    work(settings, DELIVER_QUEUE)
    assert command(settings, "list")[0].endswith("  works")


def test_the_command_says_what_is_wrong_in_a_sentence(client, headers, settings, receiver):
    """Exit status 1, or 2 for what was misspelt."""
    made = add(client, headers, receiver.url)
    receiver.statuses = [302]

    assert "private" in command(settings, "add", "blog", "https://10.0.0.1/", status=1)[0]
    assert "no site named nobody" in command(settings, "add", "nobody", receiver.url, status=1)[0]
    assert "no such webhook" in command(settings, "rotate", "nothing", status=1)[0]
    assert "redirects are not followed" in command(settings, "test", made["id"], status=1)[0]
    assert "no such delivery" in command(settings, "replay", "nothing", status=1)[0]
    command(settings, "replay", status=2)
    assert command(settings, "enable", made["id"])[0].startswith("Enabled ")
