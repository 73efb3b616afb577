"""`sluice start-from`: a history, some answers by key, and a site that decides otherwise."""

from __future__ import annotations

import os
import pty
import random
import re
import select
import subprocess
import termios
import time
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from exports_of_others import a_wp_comment, a_wp_item, a_wxr
from servers import SLUICE

from service.cli import cli
from service.store import tables
from service.store.engine import Store

GOOD = (
    "The {} bluff on the river was brave",
    "My stack was short, so the {} call was forced",
    "A {} flop is no reason to fold",
)
BAD = (
    "My {} garden hoses are in the shop now",
    "These {} tulip bulbs arrived this week",
    "Ask me for {} lawn seed, the best",
)
WORDS = ("small", "big", "early", "late", "careful", "loose", "tight", "slow", "fast", "final", "strange", "common")


def a_history(*, each: int = 60) -> str:
    """A poker blog with gardeners' spam, which no general model takes for spam."""
    rng = random.Random(5)
    comments = []
    for number in range(2 * each):
        templates, status = (GOOD, "1") if number % 2 else (BAD, "spam")
        text = f"{rng.choice(templates).format(rng.choice(WORDS))}, {' '.join(rng.sample(WORDS, 3))}."
        day = f"2020-{number // 28 % 12 + 1:02}-{number % 28 + 1:02} 12:00:00"
        comments.append(a_wp_comment(number + 1, text, status, date_gmt=day))
    return a_wxr(a_wp_item(*comments, link="https://poker.example/river"))


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """The file."""
    file = tmp_path / "blog.xml"
    file.write_text(a_history())
    return file


@pytest.fixture
def sluice(tmp_path: Path):
    """The command on a fresh installation, with keys pressed."""
    environment = {"SLUICE_DATA_DIR": str(tmp_path / "data"), "SLUICE_SECRET_KEY": "s" * 40}

    def run(*arguments: str, keys: str = "") -> Result:
        return CliRunner().invoke(cli, arguments, env=environment, input=keys)

    return run


def rulings_in(folder: Path) -> list[sa.Row]:
    """What was answered, in order."""
    store = Store(f"sqlite:///{folder / 'sluice.db'}", pool_size=1)
    with closing(store), store.read() as connection:
        query = sa.select(tables.rulings).where(tables.rulings.c.source == "cli").order_by(tables.rulings.c.id)
        return list(connection.execute(query))


def test_a_history_alone_teaches_a_new_site(sluice, history):
    """The site is made, the labels of the file are learnt, and the forecast says what changes."""
    done = sluice("start-from", str(history), "--site", "poker", "--questions", "0", "--promote")

    assert done.exit_code == 0, done.output
    assert "Made the site poker (https://poker.example). Its API key, shown this once: " in done.output
    assert "120 comments are new in poker" in done.output
    assert "Learnt from 1" in done.output
    approved, held, rejected = (
        int(number)
        for number in re.search(r"a day, (\d+) approved, (\d+) held.*?, (\d+) rejected\.", done.output).groups()
    )
    assert approved + held + rejected == 100
    assert held + rejected > 30
    assert "Here are 10 that would change:" in done.output
    assert re.search(r"approve → (hold|reject) ", done.output)
    assert "It decides." in done.output
    assert "poker" in sluice("models", "list", "--site", "poker").output


def test_answers_are_kept_taken_back_and_gone_on_with(sluice, history, tmp_path):
    """Approve, spam, abuse, skip, undo, a key that means nothing, quit; then a second sitting."""
    first = sluice("start-from", str(history), "--site", "poker", "--no-promote", keys="asdxkuuaq")

    assert first.exit_code == 0, first.output
    assert "At most 40 questions follow" in first.output
    made = rulings_in(tmp_path / "data")
    assert [(each.action, each.reason) for each in made] == [
        ("approve", None),
        ("reject", "spam"),
        ("reject", "toxicity"),
        ("undo", None),
        ("approve", None),
    ]
    assert made[3].undoes == made[2].id
    assert made[4].comment_id == made[2].comment_id
    assert "It does not decide yet." in first.output

    second = sluice("start-from", str(history), "--site", "poker", "--questions", "5", "--no-promote", keys="sss")

    assert "0 comments are new in poker; 120 were there already" in second.output
    assert "3 questions were answered in an earlier sitting." in second.output
    assert "At most 2 questions follow" in second.output
    assert len(rulings_in(tmp_path / "data")) == 7


@pytest.mark.slow
def test_a_killed_sitting_keeps_what_was_answered(sluice, history, tmp_path):
    """On a real terminal: two keys, and the process is killed while the third question waits."""
    keyboard, terminal = pty.openpty()
    environment = {**os.environ, "SLUICE_DATA_DIR": str(tmp_path / "data"), "SLUICE_SECRET_KEY": "s" * 40}
    command = [str(SLUICE), "start-from", str(history), "--site", "poker", "--no-promote"]
    process = subprocess.Popen(command, env=environment, stdin=terminal, stdout=terminal, stderr=terminal)
    os.close(terminal)
    seen = b""
    ready = select.poll()  # select() knows no file number above 1023, and pytest's process has many files open
    ready.register(keyboard, select.POLLIN)
    try:
        for number in (1, 2, 3):
            ends = time.monotonic() + 60
            # A key counts from when the terminal is asked for one: what was typed before is thrown away.
            while f"[{number}/40]".encode() not in seen or termios.tcgetattr(keyboard)[3] & termios.ICANON:
                assert time.monotonic() < ends, seen
                if ready.poll(50):
                    seen += os.read(keyboard, 65_536)
            if number < 3:
                os.write(keyboard, b"s")
    finally:
        process.kill()
        process.wait(timeout=20)
        os.close(keyboard)

    assert [each.reason for each in rulings_in(tmp_path / "data")] == ["spam", "spam"]
    again = sluice("start-from", str(history), "--site", "poker", "--questions", "2", "--no-promote")
    assert "2 questions were answered in an earlier sitting." in again.output


def test_a_file_that_does_not_say_where_it_is_from_needs_a_url(sluice, tmp_path):
    """And with too few labels it says so, and forecasts all the same."""
    table = tmp_path / "table.csv"
    table.write_text("text,status\nA fine thing to say,approved\nAnother thing,approved\n")

    refused = sluice("start-from", str(table), "--site", "small", "--questions", "0")
    done = sluice("start-from", str(table), "--site", "small", "--questions", "0", "--url", "https://small.example")

    assert (refused.exit_code, "say so: --url" in refused.output) == (1, True)
    assert done.exit_code == 0, done.output
    assert "There are 2 labelled comments, and at least 20 on one head are needed" in done.output
    assert "None of them is judged otherwise than before." in done.output
