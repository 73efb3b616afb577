"""The one way out: a POST to an address that a stranger gave, which must not lead anywhere else.

The name is resolved once, every answer is judged, and the connection goes to an address that was judged, with the name
in TLS and in `Host`. So a name that means another host a moment later (DNS rebinding) means nothing to us. Redirects
are not followed, proxies of the environment are not used, and time and size have limits that hold in all.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, urlsplit

from service.addresses import Address, Network, is_in, may_be_reached, parse_networks, plain

if TYPE_CHECKING:
    from urllib3.connection import HTTPConnection

#: Of an answer's body so much is read, and thrown away; a sender who is cut off in mid-sentence may undo its work.
ANSWER_BYTES: Final = 64 * 1024
#: Of a name's addresses so many are tried.
MAX_ADDRESSES: Final = 3

_PORTS: Final = {"http": 80, "https": 443}
_HOST_NAME: Final = re.compile(
    r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*"
)
# `2130706433`, `0x7f.1` and `0177.0.0.1` are 127.0.0.1 to the C library.
_NUMERIC: Final = re.compile(r"([0-9]+|0x[0-9a-f]*)")
_NOT_PLAIN: Final = (
    "The address must start with https://; for plain http within your own network name that network in the setting "
    "webhook_allowed_networks, and for plain http anywhere set webhook_plain_http."
)
_TARGET: Final = re.compile(r"[!-~]*")

Resolve = Callable[[str, int], Sequence[str]]


class EgressError(Exception):
    """Nothing could be sent, or nothing was answered; the message says why in one sentence."""


class RefusedError(EgressError):
    """We did not even try: the address is not one that we send to."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Where we send to, and how long that may take."""

    ports: tuple[range, ...]
    allowed_networks: tuple[Network, ...]
    plain_http: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Target:
    """An address, taken apart once; nobody parses it a second time."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def host_header(self) -> str:
        """Host, and port where it is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def rules_of(ports: Sequence[str], networks: Sequence[str], *, plain_http: bool, seconds: float) -> Rules:
    """Rules from the settings' words."""
    return Rules(tuple(parse_ports(each) for each in ports), parse_networks(networks), plain_http, seconds)


def parse_ports(text: str) -> range:
    """`443` or `8000-8999`.

    Raises:
        ValueError: it is neither.
    """
    first, dash, last = text.partition("-")
    found = range(int(first), int(last if dash else first) + 1)
    if not found or found[0] < 1 or found[-1] > 65_535:
        raise ValueError("must be a port or a range of ports, such as 443 or 8000-8999")
    return found


def target_of(url: str, rules: Rules) -> Target:
    """What an address says, if it is one that we might send to; who is there is not looked up.

    Raises:
        RefusedError: with the sentence for whoever wrote the address.
    """
    if not _TARGET.fullmatch(url) or "\\" in url:
        raise RefusedError("The address has characters that none may have; write a name as xn--… and a path with %.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise RefusedError("The address cannot be understood.") from None
    if parts.scheme not in _PORTS:
        raise RefusedError("The address must start with https:// or http://.")
    if "@" in parts.netloc:
        raise RefusedError("The address must not hold a user name or password.")
    if "#" in url:
        raise RefusedError("The address must not have a part after #.")
    port = _PORTS[parts.scheme] if port is None else port
    host = _host_of(parts)
    if not any(port in allowed for allowed in rules.ports):
        raise RefusedError(f"Port {port} is not one that webhooks may use; the setting webhook_ports lists them.")
    if parts.scheme == "http" and not rules.plain_http and not rules.allowed_networks:
        raise RefusedError(_NOT_PLAIN)
    with contextlib.suppress(ValueError):
        _judge(parts.scheme, [ipaddress.ip_address(host)], rules)
    query = f"?{parts.query}" if parts.query else ""
    return Target(parts.scheme, host, port, (parts.path or "/") + query)


def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a name, as the system knows them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    rules: Rules,
    *,
    resolve: Resolve = resolve,
    tls: ssl.SSLContext | None = None,
) -> int:
    """Send a body and return the status that was answered, whatever it is.

    Raises:
        RefusedError: it is no address that we send to. EgressError: nobody answered in time.
    """
    target = target_of(url, rules)
    ends = time.monotonic() + rules.seconds
    addresses = _addresses(target, rules, resolve, ends)
    said = "Nobody answers there."
    for address in addresses[:MAX_ADDRESSES]:
        connection = _connection(target, address, ends - time.monotonic(), tls)
        with _cut_off_at(ends, connection) as late:
            try:
                connection.connect()
            except Exception as error:  # noqa: BLE001 - put into words; the next address may answer
                said = _in_words(error, late=late.is_set())
                connection.close()
                continue
            try:
                return _exchange(connection, target, body, headers, late)
            except Exception as error:  # noqa: BLE001 - put into words
                raise EgressError(_in_words(error, late=late.is_set())) from None
            finally:
                connection.close()
    raise EgressError(said)


def _host_of(parts: SplitResult) -> str:
    host = (parts.hostname or "").removesuffix(".")
    if ":" in host:
        try:
            return str(ipaddress.IPv6Address(host))
        except ValueError:
            raise RefusedError("The address cannot be understood.") from None
    if not _HOST_NAME.fullmatch(host):
        raise RefusedError("The address does not name a host.")
    if _NUMERIC.fullmatch(host.rpartition(".")[2]):
        try:
            return str(ipaddress.IPv4Address(host))
        except ValueError:
            raise RefusedError("An IPv4 address must be written as four plain numbers.") from None
    return host


def _addresses(target: Target, rules: Rules, resolve: Resolve, ends: float) -> list[Address]:
    """Where the name leads; all of it must be allowed, else whoever answers for the name could choose at will."""
    found = _in_time(lambda: resolve(target.host, target.port), ends)
    if not found:
        raise EgressError("The name of the host is not known.")
    addresses = [plain(ipaddress.ip_address(each)) for each in found]
    _judge(target.scheme, addresses, rules)
    return addresses


def _judge(scheme: str, addresses: Sequence[Address], rules: Rules) -> None:
    if not all(may_be_reached(address, rules.allowed_networks) for address in addresses):
        raise RefusedError("The address leads into a private or special network, where webhooks are not sent.")
    ours = all(is_in(address, rules.allowed_networks) for address in addresses)
    if scheme == "http" and not rules.plain_http and not ours:
        raise RefusedError(_NOT_PLAIN)


def _in_time(ask: Callable[[], Sequence[str]], ends: float) -> Sequence[str]:
    """The answer of the name service, which knows no time limit of its own."""
    answers: list[Sequence[str]] = []

    def work() -> None:
        with contextlib.suppress(OSError, UnicodeError):
            answers.append(ask())

    thread = threading.Thread(target=work, name="resolve", daemon=True)
    thread.start()
    thread.join(max(0.0, ends - time.monotonic()))
    if thread.is_alive():
        raise EgressError("The name service did not answer in time.")
    return answers[0] if answers else []


def _connection(target: Target, address: Address, seconds: float, tls: ssl.SSLContext | None) -> HTTPConnection:
    from urllib3.connection import HTTPConnection, HTTPSConnection  # noqa: PLC0415 - the web process seldom sends

    timeout = max(0.001, seconds)
    if target.scheme == "http":
        return HTTPConnection(str(address), target.port, timeout=timeout)
    return HTTPSConnection(
        str(address),
        target.port,
        timeout=timeout,
        server_hostname=target.host,
        assert_hostname=target.host,
        ssl_context=tls or ssl.create_default_context(),
        cert_reqs=ssl.CERT_REQUIRED,
    )


@contextlib.contextmanager
def _cut_off_at(ends: float, connection: HTTPConnection) -> Iterator[threading.Event]:
    """End the connection when time is up, however slowly the other side drips; the event says that this happened."""
    late = threading.Event()

    def cut() -> None:
        late.set()
        sock = connection.sock
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(0.0, ends - time.monotonic()), cut)
    timer.daemon = True
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()


def _exchange(
    connection: HTTPConnection, target: Target, body: bytes, headers: Mapping[str, str], late: threading.Event
) -> int:
    sent = {**headers, "Host": target.host_header, "Connection": "close", "Accept-Encoding": "identity"}
    connection.request("POST", target.path, body, sent, preload_content=False, decode_content=False)
    answer = connection.getresponse()
    if late.is_set():  # what we cut off ourselves may still look like the end of an answer's headers
        raise TimeoutError
    # What was said beside the status is not for us; a fault in it changes nothing about what was answered.
    with contextlib.suppress(Exception):
        answer.read(ANSWER_BYTES)
    return int(answer.status)


def _in_words(error: Exception, *, late: bool) -> str:
    """What went wrong, without an address of ours or a word of theirs."""
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError  # noqa: PLC0415

    if isinstance(error, NewConnectionError) and not late:  # a kind of time-out to urllib3
        return "Nobody answers there."
    if late or isinstance(error, TimeoutError | ConnectTimeoutError):
        return "No answer in time."
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"The certificate is not valid: {error.verify_message or 'it cannot be verified'}."
    if isinstance(error, ssl.SSLError) or type(error).__name__ == "CertificateError":
        return "No secure connection could be made: the certificate or the protocol is not as it should be."
    if isinstance(error, ConnectionError) and not type(error).__module__.startswith("urllib3"):
        return "The connection was closed before an answer came."
    return "What was answered is not HTTP."
