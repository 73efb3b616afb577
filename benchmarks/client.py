"""The load client: one thread, raw sockets, keep-alive; the same for every server that is measured.

It shares the machine with what it measures, so it does as little as it can: requests are bytes made beforehand, and
of an answer it reads only the status and the length.
"""

from __future__ import annotations

import json
import selectors
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Address = tuple[str, int]

#: So long without any answer means that something hangs.
STUCK_SECONDS = 60


@dataclass
class Load:
    """What came out of sending some requests."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Answers per second."""
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """Milliseconds within which this share of the answers came."""
        return sorted(self.latencies)[min(len(self.latencies) - 1, int(len(self.latencies) * share))] * 1000

    def expect(self, *statuses: int) -> Load:
        """This load, if every answer had one of these statuses.

        Raises:
            RuntimeError: another status came, so the figures would mean nothing.
        """
        if set(self.statuses) - set(statuses):
            message = f"unexpected answers: {self.statuses}"
            raise RuntimeError(message)
        return self


def request(address: Address, method: str, path: str, body: bytes, headers: Mapping[str, str] | None = None) -> bytes:
    """A whole HTTP/1.1 request."""
    fields = {"Host": f"{address[0]}:{address[1]}", "Connection": "keep-alive", "Content-Length": str(len(body))}
    fields |= headers or {}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body


def post_json(address: Address, path: str, body: object, headers: Mapping[str, str] | None = None) -> bytes:
    """A POST of a JSON body."""
    raw = json.dumps(body).encode()
    return request(address, "POST", path, raw, {"Content-Type": "application/json", **(headers or {})})


def run(address: Address, requests: Sequence[bytes], connections: int) -> Load:
    """Send all requests over some connections, each of which sends its next one when the last was answered."""
    load = Load()
    left = iter(requests)
    selector = selectors.DefaultSelector()
    clock = time.perf_counter
    for _ in range(min(connections, len(requests))):
        selector.register(_Connection(address), selectors.EVENT_READ)
    began = clock()
    for key in selector.get_map().values():
        key.fileobj.send(next(left), clock())  # type: ignore[union-attr]
    open_connections = len(selector.get_map())
    while open_connections:
        ready = selector.select(STUCK_SECONDS)
        if not ready:
            raise TimeoutError(f"{open_connections} requests were not answered")
        for key, _ in ready:
            connection = key.fileobj
            status = connection.receive()  # type: ignore[union-attr]
            if status is None:
                continue
            now = clock()
            load.latencies.append(now - connection.sent_at)  # type: ignore[union-attr]
            load.statuses[status] = load.statuses.get(status, 0) + 1
            following = next(left, None)
            if following is None:
                selector.unregister(connection)
                connection.close()  # type: ignore[union-attr]
                open_connections -= 1
            else:
                connection.send(following, now)  # type: ignore[union-attr]
    load.seconds = clock() - began
    selector.close()
    return load


def once(address: Address, message: bytes) -> tuple[int, bytes]:
    """Send one request; its status and the answer's body."""
    connection = _Connection(address)
    connection.send(message, time.perf_counter())
    status = None
    while status is None:
        status = connection.receive()
    connection.close()
    return status, connection.body


class _Connection:
    """One keep-alive connection; the selector waits on it, ``receive`` reads what is there."""

    def __init__(self, address: Address) -> None:
        self._socket = socket.create_connection(address, timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._read = b""
        self._needed = 0
        self._body_at = 0
        self.sent_at = 0.0

    def fileno(self) -> int:
        return self._socket.fileno()

    def send(self, message: bytes, now: float) -> None:
        self._read, self._needed = b"", 0
        self.sent_at = now
        self._socket.sendall(message)

    def receive(self) -> int | None:
        """The status when the answer is complete, else ``None``."""
        chunk = self._socket.recv(262_144)
        if not chunk:
            raise ConnectionError("the server closed the connection")
        self._read += chunk
        if not self._needed:
            head = self._read.find(b"\r\n\r\n")
            if head < 0:
                return None
            self._body_at = head + 4
            self._needed = self._body_at + _length(self._read[:head])
        return int(self._read[9:12]) if len(self._read) >= self._needed else None

    @property
    def body(self) -> bytes:
        return self._read[self._body_at :]

    def close(self) -> None:
        self._socket.close()


def _length(head: bytes) -> int:
    at = head.lower().find(b"\r\ncontent-length:")
    if at < 0:
        raise ConnectionError("an answer without Content-Length cannot be measured")
    return int(head[at + 17 :].split(b"\r\n", 1)[0])
