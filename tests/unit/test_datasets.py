"""Labelled files as people write them: what is wrong is said in one sentence with file and line."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from classifier.datasets import DataError, load_snapshot
from service.cli import cli

GOOD = json.dumps({"text": "Buy now", "label": "spam"}).encode()


def refused(content: bytes, path: Path, *, strict: bool = False) -> str:
    """What is said about a file."""
    path.write_bytes(content)
    with pytest.raises(DataError) as raised:
        load_snapshot([path], strict=strict)
    return str(raised.value)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"{", " is not JSON."),
        (b'{"text": "\xff", "label": "ham"}', " is not JSON."),
        (b"[]", " is not an object."),
        (b'{"text": "x", "labels": "spam"}', ': labels is not an object, as {"toxicity": 1}.'),
        (b'{"text": "x", "labels": {"toxicity": 7}}', ": a label is not a number between 0 and 1."),
        (b'{"text": "x", "labels": {"toxicity": NaN}}', ": a label is not a number between 0 and 1."),
        (b'{"text": "x", "labels": {"toxicity": "1"}}', ": a label is not a number between 0 and 1."),
        (b'{"text": 5, "label": "ham"}', ": text is not a string."),
        (b'{"text": "x", "context": [], "label": "ham"}', ": context is not a string."),
    ],
)
def test_every_reader_says_the_same(line: bytes, said: str, tmp_path: Path) -> None:
    """For one site and for all, and in the commands."""
    path = tmp_path / "rows.jsonl"

    for strict in (False, True):
        assert refused(GOOD + b"\n" + line, path, strict=strict) == f"{path}, line 2{said}"
    for command in (["train", "--out", str(tmp_path / "made")], ["evaluate"]):
        result = CliRunner().invoke(cli, [*command, "--data", str(path)])
        assert (result.exit_code, isinstance(result.exception, SystemExit)) == (1, True)
        assert f"{path}, line 2{said}" in result.output
    assert not (tmp_path / "made").exists()


def test_a_name_does_not_make_a_file_gzip(tmp_path: Path) -> None:
    """What is in it does; a torn one is named."""
    rows = GOOD + b"\n"
    (tmp_path / "a.jsonl.gz").write_bytes(rows)
    (tmp_path / "b.jsonl").write_bytes(gzip.compress(rows))
    assert len(load_snapshot([tmp_path]).examples) == 1

    torn = gzip.compress(b"".join(GOOD[:-1] + b', "n": %d}\n' % n for n in range(5000)))[:-40]
    assert refused(torn, tmp_path / "c.jsonl.gz").endswith(" is not JSON.")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"text": "x", "label": "SPAM"}, 'label is "SPAM", and not ham or spam'),
        ({"text": "x", "label": ["spam"]}, 'label is ["spam"], and not ham or spam'),
        ({"text": "x", "labels": {"toxic": 1}}, '"toxic" is no head of the model (spam, toxicity,'),
        ({"text": " ", "label": "ham"}, "there is no text"),
        ({"label": "ham"}, "there is no text"),
    ],
)
def test_what_a_person_meant_to_teach_is_not_dropped(line: dict[str, object], said: str, tmp_path: Path) -> None:
    """Strictly read, that is; data that others made has rows that teach nothing, and those are passed over."""
    path = tmp_path / "rows.jsonl"
    content = GOOD + b"\n" + json.dumps(line).encode()

    assert f"{path}, line 2: {said}" in refused(content, path, strict=True)
    assert [each.text for each in load_snapshot([path]).examples] == ["Buy now"]


def test_nothing_labelled_is_refused(tmp_path: Path) -> None:
    """A model out of nothing would look like any other."""
    path = tmp_path / "rows.jsonl"
    assert refused(b"", path).startswith(f"Nothing in {path} is labelled: a row needs")
    assert refused(b'{"text": "x"}', path, strict=True).startswith(f"Nothing in {path} is labelled: a row needs")
    assert '"toxic" is no head' in refused(b'{"text": "x", "labels": {"toxic": 1}}', path)

    path.write_bytes(b"")
    result = CliRunner().invoke(cli, ["train", "--data", str(path), "--out", str(tmp_path / "made")])
    assert result.exit_code == 1
    assert f"Nothing in {path} is labelled" in result.output
    assert not (tmp_path / "made").exists()


def test_a_page_that_cannot_be_written_is_said_first(tmp_path: Path) -> None:
    """In a sentence that names what was asked for."""
    path = tmp_path / "rows.jsonl"
    path.write_bytes(GOOD)

    for option in ("--report", "--json"):
        target = tmp_path / "nowhere" / "page.html"
        result = CliRunner().invoke(cli, ["evaluate", "--data", str(path), option, str(target)])
        assert result.exit_code == 1
        assert f"{target} cannot be written: there is no folder {target.parent}." in result.output


def test_training_asks_for_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the default folder is not there."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    result = CliRunner().invoke(cli, ["train"])

    assert result.exit_code == 1
    assert result.output.startswith("Say with --data which folder or files to learn from")
