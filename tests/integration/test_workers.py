"""Workers and upkeep over a real database and a real Redis."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from rq import SimpleWorker
from rq.serializers import JSONSerializer

from classifier import registry
from classifier.domain import Action
from service import moderation, rulings
from service.queue import BELL, CLASSIFY_QUEUE, LISTENING, WAITING, connect
from service.store.tables import comments, decisions
from workers import classify
from workers.upkeep import Upkeep

GOOD = {"article": {"url": "https://news.example/a"}, "comment": {"text": "I laughed at the second paragraph."}}


@pytest.fixture
def redis_client(redis_url):
    """A look into Redis."""
    return connect(redis_url, block_seconds=2)


@pytest.fixture
def upkeep(settings, app):
    """Upkeep over the app's database."""
    return Upkeep(settings)


def submit(client, headers, count=1):
    """Post comments and return their ids."""
    answer = client.post("/v1/comments/batch", json=[GOOD] * count, headers=headers)
    return [result["comment"]["id"] for result in answer.json["results"]]


def column(here, name, comment_id):
    """One field of a comment's row."""
    with here.store.read() as connection:
        return connection.execute(sa.select(comments.c[name]).where(comments.c.id == comment_id)).scalar_one()


def age(here, seconds, **values):
    """Make all comments older, and whatever else."""
    past = datetime.now(UTC) - timedelta(seconds=seconds)
    here.store.write(lambda connection: connection.execute(sa.update(comments).values(waiting_since=past, **values)))


def kinds(here, comment_id):
    """The kinds of a comment's decisions."""
    with here.store.read() as connection:
        rows = connection.execute(sa.select(decisions.c.kind).where(decisions.c.comment_id == comment_id))
        return sorted(rows.scalars())


def answer_bells(redis_url):
    """Let RQ run the jobs that wait, as a worker process does."""
    worker = SimpleWorker([CLASSIFY_QUEUE], connection=connect(redis_url), serializer=JSONSerializer)
    worker.work(burst=True, logging_level="WARNING")


def test_one_bell_brings_every_waiting_comment(client, headers, here, redis_url, redis_client, monkeypatch):
    """Two hundred comments are one RQ job, not two hundred; the list is empty and the marks are gone afterwards."""
    monkeypatch.setattr(classify, "PATIENCE", 1)
    ids = submit(client, headers, 200)
    jobs = redis_client.llen(f"rq:queue:{CLASSIFY_QUEUE}")

    answer_bells(redis_url)

    assert jobs == 1
    assert redis_client.llen(WAITING) == 0
    assert not redis_client.exists(BELL, LISTENING)
    assert {column(here, "status", comment_id) for comment_id in ids} <= {"approved", "held", "rejected"}
    assert all(kinds(here, comment_id) == ["machine"] for comment_id in ids)


def test_a_bell_that_rings_twice_decides_once(client, headers, here):
    """The same ids decided by two workers at once have one decision each."""
    ids = submit(client, headers, 60)
    threads = [threading.Thread(target=classify.decide, args=(here, ids)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all(kinds(here, comment_id) == ["machine"] for comment_id in ids)


def test_redis_holds_ids_only(client, headers, here, redis_client):
    """No text, name or address goes to Redis."""
    secret = {**GOOD, "comment": {"text": "xyzzy-text", "author": {"email": "xyzzy@example.org", "name": "xyzzy-name"}}}
    client.post("/v1/comments", json=secret, headers={**headers, "Prefer": "wait=0"})

    everything = b""
    for key in redis_client.scan_iter():
        everything += key + (redis_client.dump(key) or b"")
    assert b"xyzzy" not in everything


def test_what_redis_lost_is_announced_again(client, headers, here, upkeep, redis_client):
    """After a flush the comments come back on the list, once, and are decided."""
    ids = submit(client, headers, 5)
    redis_client.flushdb()
    upkeep.once()
    too_early = redis_client.llen(WAITING)
    age(here, 10)
    upkeep.once()

    assert too_early == 0
    assert redis_client.llen(WAITING) == 5
    assert redis_client.llen(f"rq:queue:{CLASSIFY_QUEUE}") == 1
    upkeep.once()
    assert redis_client.llen(WAITING) == 5
    classify._take_and_decide(here, 0)
    assert all(kinds(here, comment_id) == ["machine"] for comment_id in ids)


def test_a_late_comment_is_held_and_the_machine_may_still_speak(client, headers, here, upkeep):
    """Held with decision.late after the deadline; a later decision replaces that."""
    (comment_id,) = submit(client, headers)
    age(here, 61)
    upkeep.hold_what_is_late()
    late = client.get(f"/v1/comments/{comment_id}", headers=headers).json
    classify.decide(here, [comment_id])
    decided = client.get(f"/v1/comments/{comment_id}", headers=headers).json

    assert (late["status"], late["action"], late["scores"]) == ("held", "hold", None)
    assert [reason["code"] for reason in late["reasons"]] == ["decision.late"]
    assert decided["decision"]["kind"] == "machine"
    assert decided["scores"] is not None
    assert kinds(here, comment_id) == ["late", "machine"]


def test_a_person_has_the_last_word_on_a_late_comment(client, headers, here, upkeep, site_and_key):
    """After a ruling the machine's decision is recorded and changes nothing."""
    (comment_id,) = submit(client, headers)
    age(here, 61)
    upkeep.hold_what_is_late()
    now = datetime.now(UTC)
    here.store.write(
        lambda connection: rulings.rule(
            connection, site_and_key[0].id, comment_id, 1, Action.REJECT, moderator="ann", now=now, reason="off_topic"
        )
    )
    classify.decide(here, [comment_id])
    answer = client.get(f"/v1/comments/{comment_id}", headers=headers).json

    assert (answer["status"], answer["action"]) == ("rejected", "reject")
    assert answer["ruling"]["reason"] == "off_topic"


def test_a_comment_that_kills_its_workers_is_held_for_a_person(client, headers, here, upkeep):
    """After five tries it is tried no more, and says why."""
    (comment_id,) = submit(client, headers)
    age(here, 10, attempts=moderation.MAX_ATTEMPTS)
    upkeep.hold_what_is_late()
    answer = client.get(f"/v1/comments/{comment_id}", headers=headers).json

    assert answer["status"] == "held"
    assert answer["reasons"][0]["code"] == "decision.failed"
    assert upkeep.announce_what_is_lost() == 0


def test_a_comment_tried_before_is_decided_alone(client, headers, here, monkeypatch):
    """If its scoring is what kills workers, it takes no other with it."""
    first, second, third = submit(client, headers, 3)
    here.store.write(
        lambda connection: connection.execute(sa.update(comments).where(comments.c.id == second).values(attempts=2))
    )
    batches = []
    original = classify._decide_batch
    monkeypatch.setattr(classify, "_decide_batch", lambda h, batch: (batches.append(len(batch)), original(h, batch)))

    classify.decide(here, [first, second, third])

    assert batches == [2, 1]


class TestBrokenModel:
    """The shipped model cannot be read, and no other was promoted."""

    @pytest.fixture(autouse=True)
    def broken(self, tmp_path, monkeypatch):
        monkeypatch.setattr(registry, "DEFAULT_MODEL", tmp_path / "gone")

    def test_comments_are_held_with_the_reason(self, client, headers, here):
        """Never approved, never an error to the blog."""
        (comment_id,) = submit(client, headers)
        classify.decide(here, [comment_id])
        answer = client.get(f"/v1/comments/{comment_id}", headers=headers).json

        assert answer["status"] == "held"
        assert answer["reasons"][0]["code"] == "classifier.missing"
        assert client.post("/v1/score", json=GOOD, headers=headers).json["action"] == "hold"
        assert "model" in client.get("/readyz").json["degraded"]


def test_only_one_upkeep_leads(settings, app, client, headers, here):
    """The second one does nothing while the first one's lock lives."""
    first, second = Upkeep(settings), Upkeep(settings)
    first.once()
    submit(client, headers)
    age(here, 61)
    second.once()
    with here.store.read() as connection:
        standing = set(connection.execute(sa.select(comments.c.status)).scalars())

    assert standing == {"pending"}
    first.once()
    with here.store.read() as connection:
        assert set(connection.execute(sa.select(comments.c.status)).scalars()) == {"held"}


def test_personal_fields_are_forgotten_after_their_days(client, headers, here, upkeep):
    """IP and user agent go after 30 days, email stays until its own; younger comments keep theirs."""
    author = {"email": "a@example.org", "ip": "203.0.113.7", "user_agent": "Firefox"}
    sent = {**GOOD, "comment": {**GOOD["comment"], "author": author, "referrer": "https://x.example/"}}
    old, young = (client.post("/v1/comments", json=sent, headers=headers).json["id"] for _ in range(2))
    past = datetime.now(UTC) - timedelta(days=31)
    here.store.write(
        lambda connection: connection.execute(sa.update(comments).where(comments.c.id == old).values(received_at=past))
    )

    assert upkeep.forget_what_is_old() == 3

    assert [column(here, f"author_{name}", old) for name in ("ip", "user_agent", "email")] == [
        None,
        None,
        "a@example.org",
    ]
    assert column(here, "referrer", old) is None
    assert column(here, "author_ip", young) == "203.0.113.7"


class TestKeepingNothing:
    """An owner who wants no addresses at all."""

    @pytest.fixture
    def overrides(self):
        return {"retention_ip_days": 0, "retention_email_days": 0}

    def test_they_are_not_even_stored(self, client, headers, here):
        """0 days means the field never reaches the database."""
        sent = {**GOOD, "comment": {**GOOD["comment"], "author": {"email": "a@example.org", "ip": "203.0.113.7"}}}
        comment_id = client.post("/v1/comments", json=sent, headers=headers).json["id"]

        assert column(here, "author_ip", comment_id) is None
        assert column(here, "author_email", comment_id) is None


class TestUpkeepWithoutRedis:
    """Redis is down altogether, and with it the lock."""

    @pytest.fixture
    def overrides(self, tmp_path):
        return {"redis_url": f"unix://{tmp_path}/nobody.sock"}

    def test_late_comments_are_held_all_the_same(self, client, headers, here, upkeep):
        """The deadline needs the database only."""
        (comment_id,) = submit(client, headers)
        age(here, 61)
        upkeep.once()

        assert column(here, "status", comment_id) == "held"
