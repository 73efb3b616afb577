"""A real service for the client's tests, and a server that behaves as ill as a test wants."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parents[3] / "tests"))

from servers import Sluice as Service

for _name in [name for name in os.environ if name.startswith("SLUICE_") and not name.startswith("SLUICE_TEST_")]:
    del os.environ[_name]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A running service with one site."""
    made = Service(tmp_path_factory.mktemp("client") / "data")
    yield made
    made.stop()


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Rude:
    """Answers with ``answers`` one after the other: a status with headers, or ``None``, which hangs up."""

    url: str
    answers: list[tuple[int, dict[str, str], bytes] | None]
    asked: list[Asked] = field(default_factory=list)


@pytest.fixture
def rude() -> Iterator[Callable[..., Rude]]:
    """Makes a server that answers as the test says, and goes on with the last answer."""
    servers: list[tuple[ThreadingHTTPServer, threading.Thread]] = []

    def make(*answers: tuple[int, dict[str, str], bytes] | None) -> Rude:
        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                length = int(self.headers.get("Content-Length", "0"))
                headers = {name.lower(): value for name, value in self.headers.items()}
                found.asked.append(Asked(self.command, self.path, headers, self.rfile.read(length)))
                given = found.answers.pop(0) if len(found.answers) > 1 else found.answers[0]
                if given is None:
                    self.close_connection = True
                    return
                status, sent, body = given
                self.send_response(status)
                for name, value in {**sent, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - the names of the base class

            def log_message(self, *_: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        found = Rude(f"http://127.0.0.1:{server.server_address[1]}", list(answers))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        servers.append((server, thread))
        return found

    yield make
    for server, thread in servers:
        server.shutdown()
        server.server_close()
        thread.join()
