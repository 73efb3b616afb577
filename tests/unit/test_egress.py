"""The way out leads nowhere else: address forms, private networks, rebinding, redirects, slow and huge answers."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from receivers import a_certificate, a_receiver, a_rude_server

from service.addresses import is_public, may_be_reached, parse_networks
from service.egress import EgressError, RefusedError, Rules, parse_ports, post, rules_of, target_of

EVERY_PORT = (range(1, 65_536),)
#: What an operator has who named nothing.
STRICT = Rules(ports=EVERY_PORT, allowed_networks=(), plain_http=True, seconds=2)
#: What an operator has whose blog is on the same machine.
HOME = replace(STRICT, allowed_networks=parse_networks(["127.0.0.1"]), plain_http=False)
PUBLIC = "93.184.215.14"


def never(host: str, port: int) -> Sequence[str]:
    """A name service that must not be asked."""
    raise AssertionError(f"asked for {host}:{port}")


# --- Addresses ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "100.100.100.200",
        "127.0.0.1",
        "127.255.255.254",
        "168.63.129.16",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:0:127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:0:7f00:1::",
        "2001:db8::1",
        "2002:7f00:1::1",
        "2002:a9fe:a9fe::1",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "2606:4700::1111%eth0",
        "fec0::1",
        "ff02::1",
    ],
)
def test_private_and_special_addresses_are_refused(address: str):
    """Whichever way they are written, and whatever they are embedded in."""
    assert not is_public(ipaddress.ip_address(address))
    with pytest.raises(RefusedError, match="private or special"):
        post("https://name.example/", b"", {}, STRICT, resolve=lambda *_: [address])


@pytest.mark.parametrize(
    "address", [PUBLIC, "1.1.1.1", "100.128.0.1", "172.32.0.1", "2606:4700::1111", "64:ff9b::101:101", "::ffff:1.1.1.1"]
)
def test_public_addresses_are_public(address: str):
    """Neighbours of private networks among them."""
    assert is_public(ipaddress.ip_address(address))


@given(st.integers(0, 2**32 - 1).map(ipaddress.IPv4Address))
def test_an_ipv4_address_is_judged_alike_in_every_wrapping(address: ipaddress.IPv4Address):
    """Never public where Python takes it for private, and no wrapping makes a private one public."""
    public = is_public(address)
    number = int(address)

    assert not (public and (not address.is_global or address.is_multicast or address.is_reserved))
    assert is_public(ipaddress.IPv6Address(0xFFFF << 32 | number)) is public
    assert is_public(ipaddress.IPv6Address((0x64FF9B << 96) | number)) is public
    for wrapped in ((0x2002 << 112) | number << 80, (0x20010000 << 96) | number ^ 0xFFFFFFFF, number):
        assert not is_public(ipaddress.IPv6Address(wrapped))


@given(st.integers(0, 2**128 - 1).map(ipaddress.IPv6Address))
def test_no_special_ipv6_address_is_public(address: ipaddress.IPv6Address):
    """Python's own list agrees wherever it knows."""
    if is_public(address) and address.ipv4_mapped is None:
        assert address.is_global
        assert not address.is_multicast


@given(st.ip_addresses(), st.sampled_from(["10.0.0.0/8", "127.0.0.1", "fd00::/8"]))
def test_an_operator_opens_what_was_named_and_nothing_else(address, network: str):
    """One network on purpose does not open the next one."""
    inside = address in ipaddress.ip_network(network)

    assert may_be_reached(address, parse_networks([network])) is (inside or is_public(address))


def test_all_answers_must_be_allowed():
    """One public answer beside a private one would let the name's owner choose."""
    for answers in ([PUBLIC, "127.0.0.1"], ["::1", PUBLIC], [PUBLIC, "::ffff:10.0.0.1"]):
        with pytest.raises(RefusedError):
            post("https://name.example/", b"", {}, STRICT, resolve=lambda *_, found=answers: found)


# --- What an address may look like --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "ftp://name.example/",
        "file:///etc/passwd",
        "gopher://name.example/",
        "//name.example/",
        "name.example",
        "https://",
        "https:///path",
        "https://user@name.example/",
        "https://user:word@name.example/",
        "https://name.example@127.0.0.1/",
        "https://name.example#@127.0.0.1/",
        "https://name.example/#part",
        "https://name.example:0/",
        "https://name.example:99999/",
        "https://name.example:port/",
        "https://name.example\\@127.0.0.1/",
        "https://name.example\t/",
        "https://name.example/a b",
        "https://name.example/\r\nHost: other",
        "https://nämé.example/",
        "https://①②⑦.⓪.⓪.①/",
        "https://127。0。0。1/",
        "https://-name.example/",
        "https://name..example/",
        "https://.example/",
        "https://[::1/",
        "https://[name]/",
        "https://[::1%25eth0]/",
        f"https://{'a' * 64}.example/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://127.0.0.01/",
        "https://1.2.3.4.5/",
        "https://name.0x7f/",
        "https://127.0.0.1/",
        "https://127.0.0.1./",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/",
        "https://[::ffff:7f00:1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://0/",
    ],
)
def test_odd_addresses_are_refused_before_any_name_is_looked_up(url: str):
    """Other users' names and passwords, other parsers' hosts, numbers in disguise, and what is private as it stands."""
    with pytest.raises(RefusedError):
        post(url, b"", {}, STRICT, resolve=never)


@pytest.mark.parametrize("name", ["localhost", "localhost.", "LOCALHOST", "localhost.localdomain"])
def test_a_name_for_this_machine_is_refused(name: str):
    """The system's own name service says what it means."""
    with pytest.raises(EgressError):
        post(f"https://{name}/", b"", {}, STRICT)


def test_an_address_is_taken_apart_once():
    """Host in lower case and without its last dot, path and query as they stand."""
    target = target_of("https://Name.Example.:8443/a%20b?c=d&e", rules_of(["8443"], [], plain_http=False, seconds=1))

    assert (target.host, target.port, target.path) == ("name.example", 8443, "/a%20b?c=d&e")
    assert target.host_header == "name.example:8443"
    assert target_of("https://[2606:4700::1111]", STRICT).host_header == "[2606:4700::1111]"
    assert target_of("https://xn--nm-uia.example?q", STRICT).path == "/?q"


def test_ports_are_those_of_the_list():
    """443 by default, and what the setting names."""
    rules = rules_of(["443", "8000-8999"], [], plain_http=True, seconds=1)

    assert target_of("https://name.example/", rules).port == 443
    assert target_of("https://name.example:8999/", rules).port == 8999
    for port in (22, 25, 80, 6379, 7999, 9000):
        with pytest.raises(RefusedError, match=f"Port {port}"):
            target_of(f"https://name.example:{port}/", rules)
    for text in ("0", "9-8", "70000", "x"):
        with pytest.raises(ValueError):
            parse_ports(text)


def test_plain_http_is_for_those_who_said_so():
    """By a setting, or by naming the network."""
    with pytest.raises(RefusedError, match="https"):
        target_of("http://name.example/", replace(STRICT, plain_http=False))
    with pytest.raises(RefusedError, match="https"):
        post("http://name.example/", b"", {}, HOME, resolve=lambda *_: [PUBLIC])


# --- Connections --------------------------------------------------------------------------------------------------


def test_a_message_arrives_as_it_was_sent():
    """Body, headers and the name in Host; nothing of the environment's proxies."""
    with a_receiver() as receiver:
        status = post(
            f"http://blog.example:{receiver.port}/hook?a=b",
            b'{"a": 1}',
            {"Content-Type": "application/json", "webhook-id": "x"},
            HOME,
            resolve=lambda *_: ["127.0.0.1"],
        )

    (only,) = receiver.received
    assert (status, only.body, only.path) == (204, b'{"a": 1}', "/hook?a=b")
    assert only.headers["Host"] == f"blog.example:{receiver.port}"
    assert (only.headers["webhook-id"], only.headers["Content-Type"]) == ("x", "application/json")


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch):
    """A proxy would resolve the name again, by its own lights."""
    with a_receiver() as proxy, a_receiver() as receiver:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        post(receiver.url, b"x", {}, HOME)

    assert (len(receiver.received), proxy.received) == (1, [])


def test_a_name_that_changes_its_mind_is_asked_once():
    """DNS rebinding: the first answer is judged, and it is the one that is connected to."""
    with a_receiver() as trap:
        asked: list[str] = []

        def rebinding(host: str, _port: int) -> Sequence[str]:
            asked.append(host)
            return ["127.0.0.2"] if len(asked) == 1 else ["127.0.0.1"]

        rules = replace(HOME, allowed_networks=parse_networks(["127.0.0.2"]))
        with pytest.raises(EgressError):
            post(f"http://rebinding.example:{trap.port}/", b"", {}, rules, resolve=rebinding)
        with pytest.raises(RefusedError):
            post(f"http://rebinding.example:{trap.port}/", b"", {}, rules, resolve=rebinding)

    assert asked == ["rebinding.example"] * 2
    assert trap.received == []


def test_the_next_address_of_a_name_is_tried_when_nobody_answers_at_the_first():
    """Names have several for a reason."""
    with a_receiver() as receiver:
        rules = replace(HOME, allowed_networks=parse_networks(["127.0.0.0/8"]))
        found = ["127.0.0.9", "127.0.0.1"]
        assert post(f"http://b.example:{receiver.port}/", b"", {}, rules, resolve=lambda *_: found) == 204


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(status: int):
    """A public receiver cannot send us on into a private network."""
    with a_receiver() as elsewhere, a_receiver() as receiver:
        receiver.statuses.append(status)
        receiver.headers["Location"] = elsewhere.url

        assert post(receiver.url, b"x", {}, HOME) == status
    assert (len(receiver.received), elsewhere.received) == (1, [])


def test_the_certificate_must_be_of_the_name_and_not_of_the_address(tmp_path: Path):
    """The name goes into TLS although the connection goes to an address."""
    server, client = a_certificate(tmp_path, "blog.example")
    with a_receiver(tls=server) as receiver:

        def send(name: str, **options) -> int:
            url = f"https://{name}:{receiver.port}/"
            return post(url, b"x", {}, HOME, resolve=lambda *_: ["127.0.0.1"], **options)

        assert send("blog.example", tls=client) == 204
        for name, options in (("other.example", {"tls": client}), ("127.0.0.1", {"tls": client}), ("blog.example", {})):
            with pytest.raises(EgressError, match="certificate"):
                send(name, **options)
    assert len(receiver.received) == 1


def a_drip(connection: socket.socket, stop: threading.Event) -> None:
    """A header a tenth of a second, for ever."""
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while not stop.wait(0.1):
        connection.sendall(b"X-More: and more\r\n")


def a_silence(_connection: socket.socket, stop: threading.Event) -> None:
    """Nothing."""
    stop.wait(30)


@pytest.mark.parametrize("answer", [a_drip, a_silence])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_time_is_up_in_all_however_slowly_somebody_drips(answer, scheme: str):
    """Not for each byte, but for the whole attempt; in the middle of a handshake, too."""
    with a_rude_server(answer) as port:
        began = time.monotonic()
        with pytest.raises(EgressError):
            post(f"{scheme}://127.0.0.1:{port}/", b"x", {}, replace(HOME, seconds=0.6))

    assert time.monotonic() - began < 3


def test_a_name_service_that_is_silent_costs_no_more_than_the_time():
    """It has no limit of its own that we could set."""
    release = threading.Event()

    def silent(_host: str, _port: int) -> Sequence[str]:
        release.wait(10)
        return []

    began = time.monotonic()
    with pytest.raises(EgressError, match="name service"):
        post("https://name.example/", b"", {}, replace(STRICT, seconds=0.3), resolve=silent)
    release.set()

    assert time.monotonic() - began < 3


def test_a_huge_answer_is_not_read_to_its_end():
    """The status counts; 100 MB behind it do not come in."""
    sent = [0]

    def huge(connection: socket.socket, _stop: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
        for _ in range(1_000):
            connection.sendall(b"x" * 100_000)
            sent[0] += 100_000

    with a_rude_server(huge) as port:
        assert post(f"http://127.0.0.1:{port}/", b"x", {}, HOME) == 200

    assert sent[0] < 50_000_000


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (b"", "closed before an answer"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "not HTTP|closed before"),
        (b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 5_000 + b"\r\n", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 200_000 + b"\r\n\r\n", "not HTTP"),
    ],
)
def test_what_is_not_an_answer_is_said_in_words(answer: bytes, sentence: str):
    """And nothing of what was said is repeated."""
    with (
        a_rude_server(lambda connection, _: connection.sendall(answer)) as port,
        pytest.raises(EgressError, match=sentence) as caught,
    ):
        post(f"http://127.0.0.1:{port}/", b"x", {}, HOME)

    assert "SSH" not in str(caught.value)


def test_nobody_there_is_said_in_words():
    """A closed port, and a name that is not known."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(EgressError, match="Nobody answers"):
        post(f"http://127.0.0.1:{port}/", b"x", {}, HOME)
    with pytest.raises(EgressError, match="not known"):
        post("https://name.invalid/", b"x", {}, STRICT, resolve=lambda *_: [])
