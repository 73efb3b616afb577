"""Real clients of Akismet, unmodified, against the running service: over the wire, in time."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import akismet
import httpx
import needs
import psutil
import pytest
from akismet import AsyncClient, CheckResponse, Config, SyncClient
from factories import FORM, HAM, SPAM, THANKS

pytestmark = pytest.mark.slow

CLIENTS = Path(__file__).parents[1] / "clients"


class ToSluice(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """What an owner gives this client, which knows one address only: the way to another host."""

    def __init__(self, url: str) -> None:
        self._url = httpx.URL(url)
        self._sync, self._async = httpx.HTTPTransport(), httpx.AsyncHTTPTransport()

    def _redirected(self, request: httpx.Request) -> httpx.Request:
        request.url = self._url.join(request.url.raw_path.decode())
        return request

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._sync.handle_request(self._redirected(request))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._async.handle_async_request(self._redirected(request))

    def close(self) -> None:
        self._sync.close()

    async def aclose(self) -> None:
        await self._async.aclose()


@pytest.fixture(scope="module")
def config(live) -> Config:
    """A key and a blog."""
    return Config(key=live.key, url="https://blog.example")


def test_pypi_akismet(live, config):
    """All its methods, with its own time-out of a second."""
    http = httpx.Client(transport=ToSluice(live.url), timeout=1.0, headers={"User-Agent": akismet.USER_AGENT})
    with SyncClient.validated_client(config=config, http_client=http) as client:
        who = {"comment_author": "Jo", "comment_author_email": "jo@reader.example", "comment_type": "comment"}

        assert client.comment_check("192.0.2.7", comment_content=HAM, **who) == CheckResponse.HAM
        assert client.comment_check("192.0.2.7", comment_content=SPAM) in (CheckResponse.SPAM, CheckResponse.DISCARD)
        assert client.comment_check("192.0.2.7", comment_author="viagra-test-123", is_test=True) == CheckResponse.SPAM
        discard = {"comment_author": "viagra-test-123", "comment_author_email": "akismet-guaranteed-spam@example.com"}
        assert client.comment_check("192.0.2.7", **discard) == CheckResponse.DISCARD
        assert client.comment_check("127.0.0.1", user_role="administrator", is_test=True) == CheckResponse.HAM
        assert client.submit_spam("192.0.2.7", comment_content=HAM, **who)
        assert client.submit_ham("192.0.2.7", comment_content=HAM, **who)
        assert client.usage_limit()["usage"] >= 2
        assert client.verify_key()
        assert not client.verify_key("0" * 12, "https://blog.example")
        with pytest.raises(akismet.APIKeyError):
            client.key_sites()  # 25.10.1 forgets to send the key
    with httpx.Client(transport=ToSluice(live.url)) as other, pytest.raises(akismet.APIKeyError):
        SyncClient.validated_client(config=Config(key="0" * 12, url="https://blog.example"), http_client=other)


def test_pypi_akismet_async(live, config):
    """The same without blocking, many at a time."""

    async def run() -> list[object]:
        http = httpx.AsyncClient(transport=ToSluice(live.url), timeout=1.0)
        client = await AsyncClient.validated_client(config=config, http_client=http)
        async with client:
            checks = [client.comment_check("192.0.2.7", comment_content=f"{HAM} {number}") for number in range(16)]
            found = list(await asyncio.gather(*checks))
            found.append(await client.submit_spam("192.0.2.7", comment_content=SPAM))
        return found

    found = asyncio.run(run())

    assert set(found[:16]) <= {CheckResponse.HAM, CheckResponse.SPAM}  # sixteen copies may well be held
    assert found[0] == CheckResponse.HAM
    assert found[16] is True


@pytest.mark.node
def test_npm_cedx(live, tmp_path):
    """@cedx/akismet, which takes a wrong header on a good answer for an error."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        needs.missing("node", "Node.js is not here; install it (Debian: apt-get install nodejs npm).")
    folder = shutil.copytree(CLIENTS / "cedx", tmp_path / "cedx")
    subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=folder, check=True, timeout=120)

    done = subprocess.run(
        ["node", "run.mjs", live.url, live.key], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 0, done.stderr
    understood = json.loads(done.stdout)
    assert understood.pop("badKey").startswith("The API key is missing")
    assert understood.pop("ham") in ("ham", "spam")  # the other tests of this module sent copies of it
    assert understood == {
        "valid": True,
        "invalid": False,
        "spam": "spam",
        "pervasive": "pervasiveSpam",
        "submitSpam": "",
        "submitHam": "",
    }


def spoken(url: str, request: bytes) -> bytes:
    """What the server says until it closes the connection."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as line:
        line.sendall(request)
        return b"".join(iter(lambda: line.recv(65_536), b""))


def test_wordpress_speaks_http_1_0(live):
    """The answer is whole, not in chunks, and the connection ends."""
    body = f"api_key={live.key}&blog=https%3A%2F%2Fblog.example&comment_author=viagra-test-123&comment_author_url&x"
    head = (
        "POST /1.1/comment-check HTTP/1.0\r\nHost: rest.akismet.com\r\nUser-Agent: WordPress/6.8 | Akismet/5.5\r\n"
        f"Content-Type: {FORM}\r\nContent-Length: {len(body)}\r\n\r\n"
    )

    said = spoken(live.url, (head + body).encode())

    top, _, text = said.partition(b"\r\n\r\n")
    assert top.split(b"\r\n")[0].split(b" ", 1)[1] == b"200 OK"
    assert b"chunked" not in top.lower()
    assert text == b"true"


def test_the_host_name_carries_the_key(live):
    """The old form: pykismet3, npm akismet, Discourse and the gems send no key anywhere else."""
    host = f"{live.key}.rest.akismet.com"
    for name, body, wanted in (
        ("comment-check", {"comment_author": "viagra-test-123", "blog": "https://blog.example"}, "true"),
        ("submit-ham", {"comment_content": HAM, "blog": "https://blog.example"}, THANKS),
        ("verify-key", {"blog": "https://blog.example"}, "valid"),
    ):
        answer = httpx.post(f"{live.url}/1.1/{name}", data=body, headers={"Host": host})
        assert answer.text == wanted


def test_answers_come_in_time_while_nobody_decides(start_sluice):
    """Sixteen at a time, with a worker that does not move: each is answered in time, and decided later."""
    sluice = start_sluice()
    family = psutil.Process(sluice.process.pid).children(recursive=True)
    workers = [each for each in family if "work" in each.cmdline()[1:]]
    assert workers
    body = {"api_key": sluice.key, "blog": "https://blog.example", "user_ip": "192.0.2.7"}

    def ask(number: int) -> tuple[str, float]:
        began = time.monotonic()
        answer = sluice.http.post("/1.1/comment-check", data={**body, "comment_content": f"{HAM} {number}"})
        return answer.text, time.monotonic() - began

    ask(0)
    for worker in workers:
        worker.suspend()
    try:
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(ask, range(1, 33)))
    finally:
        for worker in workers:
            worker.resume()

    assert {text for text, _ in answers} == {"true"}  # held, as the site's mapping has it
    assert max(seconds for _, seconds in answers) < 1.0
    ends = time.monotonic() + 20
    while sluice.http.get("/v1/comments?status=pending").json()["items"]:
        assert time.monotonic() < ends
        time.sleep(0.2)


def test_keys_are_in_no_log(start_sluice):
    """Not from bodies, query strings or host names, even when everything is logged."""
    sluice = start_sluice(SLUICE_LOG_LEVEL="debug", SLUICE_LOG_FORMAT="json")
    for key in (sluice.key, "abcdefghij99"):
        httpx.post(f"{sluice.url}/1.1/comment-check?api_key={key}", data={"comment_content": HAM})
        httpx.post(f"{sluice.url}/1.1/submit-spam", data={"api_key": key, "comment_content": HAM})
        httpx.post(f"{sluice.url}/1.1/nowhere?api_key={key}", headers={"Host": f"{key}.rest.akismet.com"})
        httpx.post(f"{sluice.url}/1.1/deactivate", headers={"Host": f"{key}.rest.akismet.com"})
    logged = "".join(sluice.said)

    assert "akismet.deactivated" in logged
    assert not re.search(f"{sluice.key}|abcdefghij99|{re.escape(HAM[:20])}", logged)


def test_form_fields_survive_the_wire(live):
    """400 fields and 900 kB go through the real server as they do through the app."""
    fields = {f"HTTP_X_{number}": "v" * 100 for number in range(400)} | {"api_key": live.key, "is_test": "1"}

    answer = httpx.post(f"{live.url}/1.1/comment-check", content=urlencode(fields | {"comment_content": "x" * 900_000}))

    assert answer.text in ("true", "false")
