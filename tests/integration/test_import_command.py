"""`sluice import` from the outside: what it says, what it stores, and that a killed one goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from exports_of_others import a_wp_comment, a_wp_item, a_wxr
from servers import SLUICE

from benchmarks.make_blog import comments, write
from service.cli import cli
from service.store import tables
from service.store.engine import Store
from workers import classify
from workers.upkeep import Upkeep

SECRET = "a secret of the test suite, long enough to be one"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An installation of its own, with a site."""
    found = {"SLUICE_DATA_DIR": str(tmp_path / "data"), "SLUICE_SECRET_KEY": SECRET}
    assert CliRunner().invoke(cli, ["site", "add", "blog", "--url", "https://blog.example"], env=found).exit_code == 0
    return found


def sluice(environment: dict[str, str], *arguments: str) -> Result:
    """The command on that installation."""
    return CliRunner().invoke(cli, arguments, env=environment)


def stored(folder: Path) -> tuple[int, ...]:
    """How much there is of everything that an import writes, and what the counters come to."""
    store = Store(f"sqlite:///{folder / 'sluice.db'}", pool_size=1)
    of = [tables.comments, tables.revisions, tables.rulings, tables.articles, tables.authors, tables.domains]
    with closing(store), store.read() as connection:
        counts = [connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() for table in of]
        sums = [
            connection.execute(sa.select(sa.func.sum(table.c[name]))).scalar_one()
            for table in (tables.authors, tables.domains)
            for name in ("approved", "rejected", "ruled_rejected")
        ]
    return (*counts, *sums)


def test_a_dry_run_says_what_would_be_stored_and_stores_nothing(environment, tmp_path):
    """By status, by article, and what is odd with its line."""
    file = tmp_path / "blog.xml"
    file.write_text(a_wxr(a_wp_item(a_wp_comment(1), a_wp_comment(2, "Buy", "spam"), a_wp_comment(3, type="pingback"))))

    seen = sluice(environment, "import", str(file), "--site", "blog", "--dry-run")

    assert seen.exit_code == 0, seen.output
    assert "blog.xml: WordPress export (WXR), UTF-8" in seen.output
    assert "2 comments, 2020-05-01 to 2020-05-01:" in seen.output
    assert "        1  spam: rejected, and labels for the model" in seen.output
    starts = [line for line, text in enumerate(file.read_text().split("\n"), 1) if text.endswith("<wp:comment>")]
    assert f"Line {starts[2]} (pingback)" in seen.output
    assert "        2  https://blog.example/harbour" in seen.output
    assert stored(tmp_path / "data")[0] == 0


def test_an_import_asks_tells_and_is_done_once(environment, tmp_path):
    """With --json it prints one document."""
    file = tmp_path / "blog.xml"
    write(file, 300)
    asked = CliRunner().invoke(cli, ["import", str(file), "--site", "blog"], env=environment, input="n\n")
    assert asked.exit_code == 1
    unheard = CliRunner().invoke(cli, ["import", str(file), "--site", "blog"], env=environment)
    assert unheard.exit_code == 1
    assert "add --yes" in unheard.stderr
    assert "Aborted" not in unheard.stderr
    assert stored(tmp_path / "data")[0] == 0

    done = sluice(environment, "import", str(file), "--site", "blog", "--yes")
    again = sluice(environment, "import", str(file), "--site", "blog", "--yes", "--json")

    assert done.exit_code == 0, done.output
    assert "300 comments are new in blog; 0 were there already" in done.output
    document = json.loads(again.stdout)
    assert (document["new"], document["known"], document["comments"]) == (0, 300, 300)
    statuses = [made.status for made in comments(300)]
    assert document["stood"]["spam"] == statuses.count("spam") > 20


@pytest.mark.parametrize(
    ("content", "arguments", "said"),
    [
        ("<!DOCTYPE rss><rss/>", [], "This file is refused: line 1 has a document type declaration"),
        ("<html/>", [], "This is XML, but no WordPress or Disqus export"),
        ("number\n7\n", [], "say which: --map text=COLUMN"),
        ("number\n7\n", ["--map", "text"], "text is not FIELD=COLUMN"),
        ("<rss/>", ["--map", "text=a"], "--map is for columns"),
        ("id,text\n1,Fine\n", ["--site", "nobody"], "There is no site named nobody"),
    ],
)
def test_what_cannot_be_imported_is_one_sentence(content, arguments, said, environment, tmp_path):
    """And no traceback."""
    file = tmp_path / "export"
    file.write_text(content)

    refused = sluice(environment, "import", str(file), "--site", "blog", "--yes", *arguments)

    assert refused.exit_code in (1, 2)
    assert said in " ".join(refused.output.split())
    assert "Traceback" not in refused.output


def test_what_a_file_says_cannot_speak_to_the_terminal(environment, tmp_path):
    """Escape sequences in addresses and columns are drawn."""
    table = tmp_path / "table.csv"
    table.write_text("text,permalink,status,odd\x07name\nFine,https://blog.example/\x1b]0;owned\x07,\x1b[1mnew,x\n")

    seen = sluice(environment, "import", str(table), "--site", "blog", "--dry-run")

    assert seen.exit_code == 0, seen.output
    assert "\x1b" not in seen.output
    assert "\x07" not in seen.output


@pytest.mark.slow
def test_a_killed_import_goes_on_and_ends_as_if_it_never_was(environment, tmp_path):
    """A process that is killed in the middle: the next one ends with the very same rows and counters."""
    file = tmp_path / "blog.xml"
    write(file, 6_000)
    other = {**environment, "SLUICE_DATA_DIR": str(tmp_path / "whole")}
    sluice(other, "site", "add", "blog", "--url", "https://blog.example")
    whole = sluice(other, "import", str(file), "--site", "blog", "--yes")
    assert whole.exit_code == 0, whole.output
    command = [str(SLUICE), "import", str(file), "--site", "blog", "--yes"]

    killed = subprocess.Popen(command, env={**os.environ, **environment}, stderr=subprocess.DEVNULL)
    ends = time.monotonic() + 60
    while stored(tmp_path / "data")[0] < 1_000 and time.monotonic() < ends:
        time.sleep(0.01)
    killed.send_signal(signal.SIGKILL)
    assert killed.wait(timeout=20) == -signal.SIGKILL
    before = stored(tmp_path / "data")
    assert 0 < before[0] < 6_000
    resumed = sluice(environment, "import", str(file), "--site", "blog", "--yes")

    assert "An earlier run had been stopped; this one went on where it was." in resumed.output
    assert "6,000 comments are new in blog; 0 were there already" in resumed.output
    assert stored(tmp_path / "data") == stored(tmp_path / "whole")


def test_pending_comments_are_judged_by_workers(here, settings, site_and_key, tmp_path):
    """Upkeep finds them; nothing else has to be told."""
    file = tmp_path / "blog.xml"
    file.write_text(a_wxr(a_wp_item(*(a_wp_comment(number, f"Waiting {number}", "0") for number in range(5)))))
    environment = {"SLUICE_DATA_DIR": str(settings.data_dir), "SLUICE_SECRET_KEY": settings.secret.decode()}
    assert sluice(environment, "import", str(file), "--site", "blog", "--yes").exit_code == 0

    past = datetime.now(UTC) - timedelta(seconds=60)  # upkeep leaves alone what came within the last seconds
    here.store.write(lambda connection: connection.execute(sa.update(tables.comments).values(waiting_since=past)))
    assert Upkeep(settings, here.store).announce_what_is_lost() == 5
    classify._take_and_decide(here, 1)

    with here.store.read() as connection:
        statuses = set(connection.execute(sa.select(tables.comments.c.status)).scalars())
    assert statuses <= {"approved", "held", "rejected"}


def test_imported_comments_are_answered_like_any_other(client, headers, settings, tmp_path):
    """Over the API: with status and ruling, without an address; a moderator's ruling and its undo work on them."""
    file = tmp_path / "blog.xml"
    file.write_text(a_wxr(a_wp_item(a_wp_comment(1), a_wp_comment(2, "Buy", "spam"))))
    environment = {"SLUICE_DATA_DIR": str(settings.data_dir), "SLUICE_SECRET_KEY": settings.secret.decode()}
    assert sluice(environment, "import", str(file), "--site", "blog", "--yes").exit_code == 0

    answer = client.get("/v1/comments", headers=headers)

    assert answer.status_code == 200, answer.text
    fine, spam = sorted(answer.json["items"], key=lambda item: item["external_id"])
    assert (fine["status"], fine["action"], fine["decision"], fine["scores"]) == ("approved", "approve", None, None)
    assert (spam["status"], spam["ruling"]["reason"]) == ("rejected", "spam")
    assert "reader.example" not in answer.text
    at = f"/v1/comments/{fine['id']}/rulings"
    ruled = client.post(at, json={"revision": 1, "action": "reject", "reason": "off_topic"}, headers=headers)
    assert ruled.status_code == 200
    assert [each["source"] for each in client.get(at, headers=headers).json["items"]] == ["import", "api"]
