"""Limits, readiness, metrics: and what they say when a part is gone."""

from __future__ import annotations

import socket
import time

import pytest
import redis
from sqlalchemy.exc import OperationalError

from service.api import health
from service.limits import Bucket, Failures
from service.queue import MODELS, WORKERS, Queue, WaitingList, connect

GOOD = {"article": {"url": "https://news.example/a"}, "comment": {"text": "Hello"}}


def test_a_bucket_gives_its_burst_and_then_its_rate(redis_url):
    """Exactly the burst at once; then as many as the rate says; a refusal says when to come again."""
    bucket = Bucket(connect(redis_url), "test", rate=50, burst=20)

    at_once = sum(bucket.spend("me").allowed for _ in range(40))
    refused = bucket.spend("me")
    time.sleep(0.25)
    later = sum(bucket.spend("me").allowed for _ in range(40))

    assert 20 <= at_once <= 23
    assert not refused.allowed
    assert 0 < refused.retry_after <= 0.1
    assert "Retry-After" in refused.headers()
    assert 10 <= later <= 17
    assert bucket.spend("somebody else").allowed


def test_two_processes_share_a_bucket(redis_url):
    """The burst holds over all of them, also when they take handfuls."""
    first = Bucket(connect(redis_url), "shared", rate=1, burst=1000)
    second = Bucket(connect(redis_url), "shared", rate=1, burst=1000)

    allowed = sum(bucket.spend("me").allowed for _ in range(700) for bucket in (first, second))

    assert 980 <= allowed <= 1002


def test_a_cost_over_the_burst_counts_as_the_burst(redis_url):
    """A batch larger than the whole burst is not refused for ever."""
    bucket = Bucket(connect(redis_url), "large", rate=10, burst=5)

    assert bucket.spend("me", 50).allowed
    assert not bucket.spend("me", 50).allowed


def test_limits_fail_open_and_quickly_without_redis(tmp_path):
    """Redis gone: everyone passes, and only the first one waits for the time-out."""
    bucket = Bucket(connect(f"unix://{tmp_path}/nobody.sock"), "gone", rate=1, burst=1)

    assert all(bucket.spend("me").allowed for _ in range(50))
    assert not Failures(connect(f"unix://{tmp_path}/nobody.sock"), 1).count("me")


class TestOverTheLimit:
    """A site that writes too fast."""

    @pytest.fixture
    def overrides(self) -> dict[str, object]:
        return {"write_rate_per_second": 1, "write_burst": 3, "auth_failures_per_minute": 5}

    def test_it_is_told_when_to_come_again_and_others_are_not(self, client, headers, make_site):
        """429 with Retry-After and RateLimit; another site's key is not touched, and neither is reading."""
        answers = [client.post("/v1/comments", json=GOOD, headers=headers) for _ in range(5)]
        _, other = make_site("other")

        assert [answer.status_code for answer in answers] == [202, 202, 202, 429, 429]
        assert answers[0].headers["RateLimit"].startswith("limit=3, remaining=2")
        assert int(answers[-1].headers["Retry-After"]) >= 1
        assert answers[-1].json["code"] == "rate.limited"
        assert client.post("/v1/comments", json=GOOD, headers={"Authorization": f"Bearer {other}"}).status_code == 202
        assert client.get("/v1/comments", headers=headers).status_code == 200

    def test_a_batch_costs_one_write_for_64_comments(self, client, headers):
        """129 comments are three writes: the whole burst."""
        began = time.monotonic()
        batch = client.post("/v1/comments/batch", json=[GOOD] * 129, headers=headers)
        back = int(time.monotonic() - began)  # a slow machine has earned so many writes meanwhile

        assert batch.status_code == 200
        after = [client.post("/v1/comments", json=GOOD, headers=headers).status_code for _ in range(back + 1)]
        assert after[-1] == 429

    def test_guessing_keys_is_slowed_down_without_locking_the_owner_out(self, client, headers):
        """After a few failures an address gets 429; its right key still works."""
        wrong = {"Authorization": "Bearer aaaaaaaaaaaa"}
        codes = [client.get("/v1/comments", headers=wrong).status_code for _ in range(8)]

        assert codes[0] == 401
        assert codes[-1] == 429
        assert client.get("/v1/comments", headers=headers).status_code == 200


class TestWithoutRedis:
    """Redis is down altogether."""

    @pytest.fixture
    def overrides(self, tmp_path) -> dict[str, object]:
        return {"redis_url": f"unix://{tmp_path}/nobody.sock"}

    def test_comments_are_still_stored(self, client, headers):
        """POST commits and answers 202, with and without wait; readiness says what is wrong."""
        plain = client.post("/v1/comments", json=GOOD, headers=headers)
        began = time.monotonic()
        waiting = client.post("/v1/comments", json=GOOD, headers={**headers, "Prefer": "wait=5"})
        took = time.monotonic() - began

        assert (plain.status_code, waiting.status_code) == (202, 202)
        assert took < 2
        assert len(client.get("/v1/comments", headers=headers).json["items"]) == 2
        ready = client.get("/readyz")
        assert ready.status_code == 200
        assert "redis" in ready.json["degraded"]


def test_readiness_waits_for_a_worker_and_then_names_what_is_missing(client, app, redis_url, monkeypatch):
    """503 while the first worker is awaited; 200 with it; 200 and degraded when patience is over."""
    monkeypatch.setattr(health, "_READINESS", health.Readiness())
    workers = WaitingList(connect(redis_url))

    starting = client.get("/readyz")
    workers.report_alive("a-worker", "a-model")
    with_worker = client.get("/readyz")
    workers.report_gone("a-worker")
    without = client.get("/readyz")

    assert (starting.status_code, starting.json["status"]) == (503, "starting")
    assert (with_worker.status_code, with_worker.json["status"]) == (200, "ok")
    assert (without.status_code, without.json["degraded"]) == (200, ["workers"])


def test_workers_say_which_model_they_use(redis_url, client):
    """Counted by version; a worker that stopped, or was not heard of for long, is not counted."""
    workers, queue = WaitingList(connect(redis_url)), Queue(connect(redis_url))
    for name, model in (("a", "old"), ("b", "new"), ("c", "new"), ("d", "old")):
        workers.report_alive(name, model)
    connect(redis_url).zadd(WORKERS, {"a": 1})

    workers.report_gone("d")
    workers.report_alive("b", "newer")

    assert queue.models() == {"newer": 1, "new": 1}
    assert connect(redis_url).hkeys(MODELS) == [b"b", b"c"]
    assert 'sluice_worker_models{model="newer"} 1.0' in client.get("/metrics").text


def test_readiness_is_503_only_when_nothing_can_be_stored(client, app, monkeypatch):
    """A database that refuses to write is the one reason to send comments elsewhere."""

    def refuse(_work: object) -> None:
        raise OperationalError("BEGIN", {}, OSError("disk full"))

    monkeypatch.setattr(app.extensions["sluice"].store, "write", refuse)
    ready = client.get("/readyz")

    assert ready.status_code == 503
    assert ready.json["degraded"] == ["database"]


def test_metrics_are_for_this_machine_or_a_token(app, client, headers):
    """Another address is refused, also when it hides behind a proxy on this machine that nobody told us of."""
    client.post("/v1/comments", json=GOOD, headers=headers)
    page = client.get("/metrics")
    elsewhere = client.get("/metrics", environ_overrides={"REMOTE_ADDR": "203.0.113.9"})
    proxied = client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"})

    assert page.status_code == 200
    assert 'sluice_comments{status="pending"} 1.0' in page.text
    assert "sluice_model_promoted 1.0" in page.text
    assert (elsewhere.status_code, proxied.status_code) == (403, 403)


class TestWithToken:
    """The operator set a token for metrics."""

    @pytest.fixture
    def overrides(self) -> dict[str, object]:
        return {"metrics_token": "let me see", "trusted_proxies": "127.0.0.1,10.0.0.0/8"}

    def test_the_token_opens_metrics_elsewhere(self, client):
        """With the token any address may look."""
        away = {"REMOTE_ADDR": "203.0.113.9"}

        assert client.get("/metrics", environ_overrides=away).status_code == 403
        opened = client.get("/metrics", environ_overrides=away, headers={"Authorization": "Bearer let me see"})
        assert opened.status_code == 200

    def test_a_trusted_proxy_is_believed(self, client):
        """Behind a trusted proxy the forwarded address counts, up to the first one that is not trusted."""
        for forwarded, status in (
            ("203.0.113.9", 403),
            ("203.0.113.9, 10.1.1.1", 403),
            ("127.0.0.1, 203.0.113.9", 403),
        ):
            assert client.get("/metrics", headers={"X-Forwarded-For": forwarded}).status_code == status


def test_a_silent_redis_is_waited_for_once(tmp_path):
    """Redis accepts and never answers: the first request pays the time-out, those after it do not."""
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "silent.sock"))
        silent.listen(16)
        queue = Queue(connect(f"unix://{tmp_path}/silent.sock"))
        with pytest.raises(redis.RedisError):
            queue.announce(["an-id"])
        began = time.monotonic()
        for _ in range(20):
            with pytest.raises(redis.RedisError):
                queue.announce(["an-id"])

    assert time.monotonic() - began < 0.5
