"""The WordPress mu-plugin under Debian's PHP, asking the running service as Akismet's plugin does."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import needs
import pytest
from servers import Sluice, free_port

pytestmark = [pytest.mark.slow, pytest.mark.php]

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "clients" / "wordpress" / "sluice.php"
STAND_IN = ROOT / "tests" / "clients" / "wordpress" / "stand_in.php"
HONEST = "The old bridge carried my father to work for thirty years; I hope the new one is kind to cyclists as well."
HELD = "I know which street you live in, Olena. I will find you and I will kill you, just wait."
SPAM = "Great post! Visit https://cheap-pills.example for discount pills, order now, best price, no prescription"


@pytest.fixture(scope="module")
def php() -> str:
    """Debian's PHP for the command line."""
    found = shutil.which("php")
    if found is None:
        needs.missing("php", "PHP is not here; install it (Debian, Ubuntu: apt-get install php-cli).")
    return found


@pytest.fixture(scope="module")
def live(start_sluice: Callable[..., Sluice]) -> Sluice:
    """A service whose site keeps held comments pending."""
    made = start_sluice()
    made.command("site", "set", "blog", "hold_as=pending")
    return made


@pytest.fixture
def wordpress(php: str, live: Sluice) -> Callable[..., dict[str, Any]]:
    """Runs WordPress' part once: constants of wp-config.php, calls of Akismet's plugin; what came of it."""

    def run(
        *calls: tuple[str, dict[str, str]], elsewhere: tuple[str, ...] = (), **constants: str | None
    ) -> dict[str, Any]:
        defined = {"AKISMET_VERSION": "5.5", "SLUICE_URL": live.url, "SLUICE_KEY": live.key} | constants
        given = {name: value for name, value in defined.items() if value is not None}
        asked = {"constants": given, "calls": calls, "elsewhere": elsewhere}
        line = [php, "-d", "error_reporting=E_ALL", "-d", "display_errors=stderr", str(STAND_IN), str(PLUGIN)]
        done = subprocess.run(line, input=json.dumps(asked), capture_output=True, text=True, check=False, timeout=60)
        assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
        return json.loads(done.stdout)

    return run


def a_comment(text: str, **fields: str) -> dict[str, str]:
    """What Akismet's plugin sends of a comment."""
    return {
        "blog": "https://blog.example",
        "user_ip": "192.0.2.7",
        "user_agent": "Mozilla/5.0",
        "permalink": "https://blog.example/bridge",
        "comment_type": "comment",
        "comment_author": "Jo Reader",
        "comment_author_email": "jo@reader.example",
        "comment_content": text,
        **fields,
    }


def verdicts(said: dict[str, Any]) -> list[str]:
    """How WordPress leaves each comment."""
    return [answer["verdict"] for answer in said["answers"]]


@pytest.mark.parametrize("version", ["5.0.1", "5.3.7", "5.5", "6.0"])
def test_three_decisions_stay_three(wordpress, version):
    """Approved, spam, and pending for what Sluice holds: whatever the version of Akismet's plugin."""
    checks = [("comment-check", a_comment(f"{text} ({version})")) for text in (HONEST, SPAM, HELD)]
    said = wordpress(*checks, AKISMET_VERSION=version)

    assert verdicts(said) == ["approved", "spam", "pending"]
    assert [answer["body"] for answer in said["answers"]] == ["false", "true", "false"]


def test_the_key_is_that_of_wp_config(wordpress, live):
    """Akismet's settings page takes it for set, and Sluice knows it."""
    said = wordpress(("verify-key", {"key": live.key, "blog": "https://blog.example"}))

    assert said["answers"][0]["body"] == "valid"
    assert (said["key"], said["predefined"], said["notice"]) == (live.key, True, "")


def test_feedback_becomes_a_ruling(wordpress, live):
    """A moderator at WordPress says spam: the comment is rejected here, and it teaches."""
    comment = a_comment(HONEST + " Or is it?")
    said = wordpress(("comment-check", comment), ("submit-spam", {**comment, "reporter": "editor"}))

    assert said["answers"][1]["body"] == "Thanks for making the web a better place."
    newest = live.http.get("/v1/comments", params={"limit": 1}).json()["items"][0]
    assert newest["action"] == "reject"
    assert newest["ruling"]["reason"] == "spam"


def test_requests_arrive_as_they_were(wordpress, live):
    """Method and time-out are the plugin's, by the scheme of SLUICE_URL, at Sluice's own host, under its own path."""
    said = wordpress(("comment-check", a_comment(HONEST + " Yes.")), SLUICE_URL=f" {live.url}/ ")

    expected = {"url": f"{live.url}/1.1/comment-check", "method": "POST", "timeout": 15, "redirection": 0}
    assert said["sent"] == [expected]


def test_other_requests_go_where_they_went(wordpress):
    """Updates, feeds and names that only look like Akismet's are none of ours."""
    dead = f"http://127.0.0.1:{free_port()}/"
    said = wordpress(elsewhere=(dead, dead + "?host=rest.akismet.com"))

    assert [request["url"] for request in said["sent"]] == [dead, dead + "?host=rest.akismet.com"]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_sluice_away_leaves_the_comment_pending(wordpress, scheme):
    """Three tries, as with Akismet: nothing is published, nothing goes to Akismet, and never in the clear by itself."""
    dead = f"{scheme}://127.0.0.1:{free_port()}"
    began = time.monotonic()
    said = wordpress(("comment-check", a_comment(HONEST)), SLUICE_URL=dead)

    assert verdicts(said) == ["pending"]
    assert [request["url"] for request in said["sent"]] == [f"{dead}/1.1/comment-check"] * 3
    assert time.monotonic() - began < 10


def test_what_is_held_when_the_plugin_asks_again_is_spam(wordpress):
    """After Sluice was away: the plugin would publish on "false", so it is not told that."""
    for version in ("5.3.7", "5.5"):
        comment = a_comment(f"{HELD} ({version}, later)", recheck_reason="retry")
        assert verdicts(wordpress(("comment-check", comment), AKISMET_VERSION=version)) == ["spam"]


def test_a_wrong_key_or_address_leaves_the_comment_pending(wordpress, live):
    """Sluice's refusal and another server's page are not taken for an answer."""
    said = wordpress(("comment-check", a_comment(HONEST)), SLUICE_KEY="0" * 12)
    assert (verdicts(said), said["answers"][0]["body"]) == (["pending"], "invalid")
    assert verdicts(wordpress(("comment-check", a_comment(HONEST)), SLUICE_URL=f"{live.url}/docs")) == ["pending"]


@pytest.mark.parametrize("url", ["sluice.example.org", "ftp://sluice.example.org", "", "https://", "https://a b"])
def test_no_address_sends_nothing(wordpress, url):
    """Least of all to Akismet; the owner is told, and the comment waits."""
    said = wordpress(("comment-check", a_comment(HONEST)), SLUICE_URL=url)

    assert (verdicts(said), said["sent"]) == (["pending"], [])
    assert "must be an http:// or https:// address" in said["notice"]


def test_missing_constants_are_told(wordpress):
    """Both, one, and a key that Akismet's plugin would refuse without a word."""
    for constants in ({"SLUICE_URL": None, "SLUICE_KEY": None}, {"SLUICE_KEY": None}, {"SLUICE_URL": None}):
        assert "Define SLUICE_URL and SLUICE_KEY" in wordpress(**constants)["notice"]
    assert "12 characters" in wordpress(SLUICE_KEY="too-short")["notice"]
