"""The guide on webhooks does what it says: its receiver and its commands, as they stand on the page."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from servers import free_port

from service.egress import post as send
from service.egress import rules_of
from service.webhooks import headers, new_secret

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "webhooks.md").read_text(encoding="utf-8")
HOME = rules_of(["1-65535"], ["127.0.0.1"], plain_http=False, seconds=5)
OLD, NEW = new_secret(), new_secret()


def block(language: str, beginning: str) -> str:
    """The block of the page that begins so."""
    return next(
        found for found in re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL) if found.startswith(beginning)
    )


class Running:
    """The page's receiver."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        (folder / "receiver.py").write_text(block("python", "# receiver.py"))
        self.process = subprocess.Popen(
            [sys.executable, "receiver.py", f"{OLD},{NEW}", str(self.port)],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/"

    def take(self, body: bytes, secret: str, message_id: str = "an-id", timestamp: float | None = None) -> int:
        """Send it a signed message."""
        signed = headers([secret], message_id, int(timestamp or time.time()), body)
        return send(self.url, body, signed, HOME)

    def stop(self) -> str:
        """End it; what it said."""
        self.process.terminate()
        said, _ = self.process.communicate(timeout=10)
        return said


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """The receiver, once it listens."""
    made = Running(tmp_path)
    ends = time.monotonic() + 20
    while True:
        try:
            httpx.post(made.url)
            break
        except httpx.TransportError:
            assert time.monotonic() < ends
            time.sleep(0.05)
    yield made
    if made.process.poll() is None:
        made.stop()


def an_event(message_id: str, kind: str, action: str | None) -> bytes:
    """A message about one comment."""
    shown = f'"{action}"' if action else "null"
    return (
        f'{{"id": "{message_id}", "type": "{kind}", '
        f'"data": {{"comment": {{"id": "x", "external_id": "c1", "action": {shown}}}}}}}'
    ).encode()


def test_the_receiver_takes_what_is_genuine_once_and_in_order(running):
    """Either secret; not another one, not a recording, not a message twice, not an older one after a newer one."""
    first, second = an_event("0001", "comment.decided", "hold"), an_event("0002", "comment.ruled", "approve")

    assert running.take(first, OLD, "0001") == 204
    assert running.take(second, NEW, "0002") == 204
    assert running.take(second, NEW, "0002") == 204
    assert running.take(first, OLD, "0001") == 204
    assert running.take(b'{"type": "webhook.test", "id": "0003", "data": {}}', NEW) == 204
    assert running.take(second, new_secret(), "0002") == 401
    assert running.take(second, NEW, "0002", time.time() - 400) == 401
    assert httpx.post(running.url, content=second).status_code == 401

    assert running.stop().splitlines() == ["comment.decided c1 hold", "comment.ruled c1 approve"]


def test_openssl_and_curl_sign_what_the_receiver_takes(running, tmp_path):
    """The commands of the page, with the port of the test."""
    (tmp_path / "body.json").write_bytes(an_event("0001", "comment.decided", "hold"))
    commands = block("sh", "KEY=").replace(":8900/", f":{running.port}/")
    variables = {
        "SECRET": NEW,
        "ID": "0001",
        "TIMESTAMP": str(int(time.time())),
        "PATH": "/usr/local/bin:/usr/bin:/bin",
    }
    done = subprocess.run(
        ["sh", "-ec", commands], cwd=tmp_path, env=variables, capture_output=True, text=True, check=True, timeout=30
    )

    assert done.stdout.strip() == "204"
    assert running.stop().splitlines() == ["comment.decided c1 hold"]
