"""The load client: one thread, raw sockets, keep-alive; the same for every server that is measured.

It shares the machine with what it measures, so it does as little as it can: requests are bytes made beforehand, and
of an answer it reads only the status and the length.
"""

from __future__ import annotations

import json
import select
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
    poll = select.epoll()
    clock = time.perf_counter
    opened = [_Connection(address) for _ in range(min(connections, len(requests)))]
    by_number = {connection.fileno(): connection for connection in opened}
    for number in by_number:
        poll.register(number, select.EPOLLIN)
    began = clock()
    for connection in opened:
        connection.send(next(left), clock())
    while by_number:
        ready = poll.poll(STUCK_SECONDS)
        if not ready:
            raise TimeoutError(f"{len(by_number)} requests were not answered")
        for number, _ in ready:
            connection = by_number[number]
            status = connection.receive()
            if status is None:
                continue
            now = clock()
            load.latencies.append(now - connection.sent_at)
            load.statuses[status] = load.statuses.get(status, 0) + 1
            following = next(left, None)
            if following is None:
                del by_number[number]
                poll.unregister(number)
                connection.close()
            elif connection.send(following, now):
                del by_number[number]
                by_number[connection.fileno()] = connection
                poll.register(connection.fileno(), select.EPOLLIN)
    load.seconds = clock() - began
    poll.close()
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
    """One connection, kept alive when the server does; the selector waits on it, ``receive`` reads what is there."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._socket = self._connected()
        self._read = b""
        self._needed = 0
        self._body_at = 0
        self._closing = False
        self.sent_at = 0.0

    def fileno(self) -> int:
        return self._socket.fileno()

    def send(self, message: bytes, now: float) -> bool:
        """Send, over a new connection if the server closes the old one; whether it is a new one."""
        self.sent_at = now
        renewed = self._closing
        if renewed:
            self._socket.close()
            self._socket = self._connected()
        self._read, self._needed = b"", 0
        self._socket.sendall(message)
        return renewed

    def receive(self) -> int | None:
        """The status when the answer is complete, else ``None``."""
        chunk = self._socket.recv(262_144)
        if not chunk:
            raise ConnectionError("the server closed the connection")
        self._read += chunk
        if not self._needed:
            at = self._read.find(b"\r\n\r\n")
            if at < 0:
                return None
            head = self._read[:at].lower()
            self._body_at = at + 4
            self._needed = self._body_at + _length(head)
            self._closing = b"\r\nconnection: close" in head
        return int(self._read[9:12]) if len(self._read) >= self._needed else None

    @property
    def body(self) -> bytes:
        return self._read[self._body_at :]

    def close(self) -> None:
        self._socket.close()

    def _connected(self) -> socket.socket:
        connection = socket.create_connection(self._address, timeout=60)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection


def _length(head: bytes) -> int:
    at = head.find(b"\r\ncontent-length:")
    if at < 0:
        raise ConnectionError("an answer without Content-Length cannot be measured")
    return int(head[at + 17 :].split(b"\r\n", 1)[0])
