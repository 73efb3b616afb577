"""Webhooks through real processes: `sluice up` sends them apart from deciding, whatever the receiver does."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from receivers import a_receiver, a_rude_server
from servers import Sluice

from service.process.runfile import read_record
from service.webhooks import verify

pytestmark = pytest.mark.slow

HOME = {"SLUICE_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.1", "SLUICE_WEBHOOK_PORTS": "1-65535"}


@pytest.fixture(scope="module")
def sluice(start_sluice: Callable[..., Sluice]) -> Sluice:
    """A service with one worker that decides."""
    return start_sluice(**HOME)


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Wait until something holds, or fail."""
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, f"not within {seconds} s"
        time.sleep(0.1)


def submit(sluice: Sluice, text: str) -> dict[str, Any]:
    """A decided comment."""
    body = {"article": {"url": "https://blog.example/a"}, "comment": {"text": text}}
    answer = sluice.http.post("/v1/comments", json=body, headers={"Prefer": "wait=20"})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_ruling_and_its_undo_arrive_within_seconds(sluice):
    """Signed, in order; made by the command while the service runs."""
    with a_receiver() as receiver:
        made = json.loads(sluice.command("webhook", "add", "blog", receiver.url, "--json").stdout)
        comment = submit(sluice, "The old bridge was lovely.")
        address = f"/v1/comments/{comment['id']}/rulings"
        sluice.http.post(address, json={"action": "reject", "revision": 1})
        ruling = sluice.http.get(address).json()["items"][0]["id"]
        sluice.http.delete(address, params={"ruling": ruling})
        until(lambda: len(receiver.received) == 3)
        sluice.command("webhook", "remove", made["webhook"]["id"], "--yes")

    assert receiver.kinds == ["comment.decided", "comment.ruled", "ruling.undone"]
    for each in receiver.received:
        assert verify([made["secret"]], each.headers, each.body, time.time())


def test_silent_receivers_keep_no_comment_waiting(sluice):
    """One worker decides while another process waits for a server that says nothing."""
    silent = threading.Event()

    def say_nothing(_connection: socket.socket, stop: threading.Event) -> None:
        silent.set()
        stop.wait(20)

    with a_rude_server(say_nothing) as port:
        made = json.loads(sluice.command("webhook", "add", "blog", f"http://127.0.0.1:{port}/", "--json").stdout)
        submit(sluice, "The first one.")
        assert silent.wait(20)
        began = time.monotonic()
        for number in range(3):
            submit(sluice, f"Number {number}, while somebody is silent.")
        took = time.monotonic() - began
        sluice.command("webhook", "remove", made["webhook"]["id"], "--yes")

    assert took < 5


def test_a_killed_sender_loses_nothing(sluice):
    """Another one comes, and sends what is still to be told."""
    with a_receiver() as receiver:
        made = json.loads(sluice.command("webhook", "add", "blog", receiver.url, "--json").stdout)
        os.kill(read_record(sluice.data_dir / "run")["upkeep"], signal.SIGKILL)
        comment = submit(sluice, "A lovely day at the harbour.")
        until(lambda: receiver.received)
        sluice.command("webhook", "remove", made["webhook"]["id"], "--yes")

    assert receiver.received[0].document["data"]["comment"]["id"] == comment["id"]
