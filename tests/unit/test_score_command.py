"""``sluice score``: exactly one line out per line in, in order, whatever comes in."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from classifier.cli import score
from classifier.domain import HEADS
from classifier.policy import DEFAULT_POLICY
from classifier.registry import load_default
from classifier.rows import RowError, read_row, score_batch

SCORER = load_default()
LONG = "The council says that the road along the river will be open again before the school holidays begin."


def judged(content: bytes) -> list[dict[str, Any]]:
    """What the command answers to some input."""
    result = CliRunner().invoke(score, ["-"], input=content)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_every_line_has_its_answer() -> None:
    """Broken, blank and odd lines are held with a reason, in their place."""
    lines = [
        b'{"id": 1, "text": "The council meets on Monday to discuss the road."}',
        b"",
        b"not json",
        b"[1, 2]",
        b'{"id": "x", "text": null}',
        b'{"id": "y", "text": 7}',
        b'{"id": 2, "text": "fine", "author": ["no"]}',
        b'{"text": NaN}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"id": 3, "text": "\\ud800 lone"}',
        b'{"id": 4, "text": "ok", "author": null, "article": {"title": null}, "form_seconds": null, "unknown": 1}',
        b'{"id": 5, "text": "Great post! I will bookmark your blog", "author": "cheap viagra", "author_url": "x.biz"}',
    ]

    answers = judged(b"\n".join(lines))

    assert len(answers) == len(lines)
    invalid = [number for number, answer in enumerate(answers) if answer["reasons"][:1] and
               answer["reasons"][0]["code"] == "input.invalid"]  # fmt: skip
    assert invalid == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert all(answers[number]["action"] == "hold" and answers[number]["scores"] == {} for number in invalid)
    assert [answer["id"] for answer in answers] == [1, None, None, None, "x", "y", 2, None, None, None, 3, 4, 5]
    assert [answers[0]["action"], answers[11]["action"], answers[12]["action"]] == ["approve", "approve", "reject"]
    assert tuple(answers[0]["scores"]) == HEADS
    assert all(set(answer) == {"id", "action", "scores", "reasons", "counterfactual"} for answer in answers)


def test_gzip_and_plain_files_give_the_same(tmp_path: Path) -> None:
    """The content decides, not the name."""
    rows = b'{"text": "hello there"}\n{"text": "See you at the meeting"}'
    (tmp_path / "plain").write_bytes(rows)
    (tmp_path / "packed").write_bytes(gzip.compress(rows))

    plain = CliRunner().invoke(score, [str(tmp_path / "plain")])
    packed = CliRunner().invoke(score, [str(tmp_path / "packed")])

    assert plain.stdout == packed.stdout
    assert plain.stdout.count("\n") == 2


def test_a_torn_gzip_file_still_answers_what_it_held(tmp_path: Path) -> None:
    """Rows before the tear are judged, and the tear is said aloud as one more held row."""
    packed = gzip.compress(b'{"text": "hello"}\n' * 5000)
    (tmp_path / "torn").write_bytes(packed[:-20])

    result = CliRunner().invoke(score, [str(tmp_path / "torn")])

    assert result.exit_code == 0
    last = json.loads(result.stdout.splitlines()[-1])
    assert last["reasons"][0]["code"] == "input.invalid"


def test_no_input_no_output() -> None:
    """An empty file is answered by an empty file."""
    assert judged(b"") == []


def test_a_row_is_judged_the_same_in_any_company() -> None:
    """Rows are independent of each other."""
    row = b'{"id": 1, "text": "Send me your address, I love this casino bonus http://bit.ly/x"}'
    alone = score_batch([row], SCORER, DEFAULT_POLICY)[0]
    company = score_batch([b"junk", b'{"text": "' + "ж😀".encode() * 400 + b'"}', row], SCORER, DEFAULT_POLICY)[2]

    assert company == alone


def test_the_article_and_its_short_form_mean_the_same() -> None:
    """``context`` is the article's text when no article is given."""
    praise = {"text": "Great article on reactor maintenance budgets", "author_url": "https://example.org"}
    about = "The reactor maintenance budgets were cut."
    short = score_batch([json.dumps({**praise, "context": about}).encode()], SCORER, DEFAULT_POLICY)
    long = score_batch([json.dumps({**praise, "article": {"text": about}}).encode()], SCORER, DEFAULT_POLICY)

    assert short == long


def test_what_a_comment_answers_is_looked_at() -> None:
    """``parent_text`` and the article's tags are read like the rest."""
    row = {
        "text": "Lighthouses had keepers until the eighties, my uncle was the last.",
        "parent_text": "I wrote my thesis on lighthouse keepers",
        "article": {"tags": ["history"]},
        "author": {"role": "member"},
    }

    found = read_row(row)

    assert found.parent_text == row["parent_text"]
    assert found.article.tags == ("history",)
    assert found.author.role == "member"
    with pytest.raises(RowError, match="tags is not a list of strings"):
        read_row({**row, "article": {"tags": "history"}})


@given(
    st.lists(
        st.one_of(st.binary(max_size=40), st.text(max_size=40).map(lambda text: json.dumps({"text": text}).encode()))
    )
)
def test_any_bytes_get_one_answer_each(lines: list[bytes]) -> None:
    """Nothing that stands on a line can stop the command."""
    answers = score_batch(lines, SCORER, DEFAULT_POLICY)

    assert len(answers) == len(lines)
    assert all(answer["action"] in ("approve", "hold", "reject") for answer in answers)
    assert json.dumps(answers)


@pytest.mark.parametrize("field", ["author", "author_url", "author_email", "context", "lang"])
def test_a_field_of_the_wrong_type_is_named(field: str) -> None:
    """The message says which field is odd."""
    [answer] = score_batch([json.dumps({"text": "hi", field: 3}).encode()], SCORER, DEFAULT_POLICY)

    assert answer["reasons"][0]["code"] == "input.invalid"
    assert field.removeprefix("author_") in answer["reasons"][0]["message"] or "name" in answer["reasons"][0]["message"]


def test_every_score_can_be_explained() -> None:
    """With ``--explain`` each head has parts that add up to its logit, with author and article taken into account."""
    row = {
        "text": "Thanks for sharing",
        "author": {"name": "cheap viagra", "url": "https://x.biz"},
        "context": "Bread.",
    }
    content = f"{json.dumps(row)}\nnot json"

    result = CliRunner().invoke(score, ["-", "--explain"], input=content)
    found, broken = [json.loads(line) for line in result.stdout.splitlines()]

    assert tuple(found["explanation"]) == HEADS
    for head, account in found["explanation"].items():
        assert round(sum(part["amount"] for part in account["parts"]), 4) == account["logit"]
        assert account["score"] == pytest.approx(found["scores"][head], abs=2e-5)
    codes = {part.get("code") for part in found["explanation"]["spam"]["parts"]}
    assert "author.keyword_name" in codes
    assert found["counterfactual"]["action"] in ("approve", "hold", "reject")
    assert "explanation" not in broken
    assert broken["counterfactual"] is None


def test_a_policy_can_be_tried_on_a_file(tmp_path: Path) -> None:
    """Rules, lists and closed articles act as they would in service; every fault of the file is named."""
    policy = tmp_path / "policy.toml"
    policy.write_text(
        "[rules.x]\nwords=['bridge']\naction='hold'\n[block]\nips=['192.0.2.0/24']\n[closed]\nafter_days=9"
    )
    article = {"published_at": "2026-01-01T00:00:00Z"}
    rows: list[dict[str, Any]] = [
        {"text": LONG.replace("road", "bridge")},
        {"text": LONG, "author": {"ip": "192.0.2.9"}},
        {"text": LONG, "article": article, "created_at": "2026-02-01T00:00:00Z"},
        {"text": LONG, "article": article, "created_at": "2026-01-02T00:00:00+02:00"},
        {"text": LONG, "created_at": "yesterday"},
    ]
    content = "\n".join(map(json.dumps, rows))
    result = CliRunner().invoke(score, ["-", "--policy", str(policy)], input=content)
    found = [json.loads(line) for line in result.stdout.splitlines()]

    assert [(row["action"], [reason["code"] for reason in row["reasons"]]) for row in found] == [
        ("hold", ["rule.x"]),
        ("reject", ["block.ip"]),
        ("reject", ["article.closed"]),
        ("approve", []),
        ("hold", ["input.invalid"]),
    ]
    policy.write_text("[heads.spam]\nhold_at=2\n[closd]")
    refused = CliRunner().invoke(score, ["-", "--policy", str(policy)], input="")
    assert refused.exit_code == 1
    assert "heads.spam.hold_at" in refused.output
    assert "did you mean closed?" in refused.output
