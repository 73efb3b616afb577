"""Coral's external moderation phase: signed questions, answers in time, never an error for what could be held."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from click.testing import CliRunner
from factories import HAM, SPAM
from sqlalchemy.exc import OperationalError

from classifier.domain import MAX_TEXT_CHARS
from service import checks, coral_secrets
from service.cli import cli
from service.protocols.coral import flag_of
from service.store.tables import articles, comments, revisions
from service.store.tables_protocols import coral_secrets as secrets_table

SECRET = "c0ffee" * 10
OTHER = "decade" * 10
RUDE = "You are a complete idiot and everybody hates your stupid face."


@pytest.fixture
def overrides() -> dict[str, object]:
    """Patience, so that a machine with much to do changes nothing."""
    return {"protocol_wait_seconds": 10}


@pytest.fixture
def trusted(app, site_and_key, secret) -> str:
    """The site trusts a Coral; the path that Coral is given."""
    app.extensions["sluice"].store.write(
        lambda c: coral_secrets.add(c, site_and_key[0], secret, SECRET, datetime.now(UTC))
    )
    return f"/coral/{site_and_key[0].id}"


def signature(body: bytes, *signing: str) -> str:
    """As Coral signs."""
    return ",".join(f"sha256={hmac.new(each.encode(), body, hashlib.sha256).hexdigest()}" for each in signing)


def a_question(text: str = HAM, action: str = "NEW", **comment: Any) -> dict[str, Any]:
    """What Coral sends."""
    return {
        "action": action,
        "comment": {"body": text, "parentID": "p1", **comment},
        "author": {"id": "a1", "role": "COMMENTER"},
        "story": {"id": "s1", "url": "https://news.example/bridge"},
        "site": {"id": "x1"},
        "tenantID": "t1",
        "tenantDomain": "news.example",
    }


@pytest.fixture
def ask(client, trusted):
    """Sends a signed body, and closes the answer as a server does."""

    def do(body: Any, *signing: str, header: str | None = None):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        header = signature(raw, *(signing or (SECRET,))) if header is None else header
        headers = {"X-Coral-Signature": header, "Content-Type": "application/json"}
        with client.post(trusted, data=raw, headers=headers) as answer:
            answer.get_data()
        return answer

    return do


def test_decisions_in_corals_words(ask, working, rows):
    """Approved goes on with Coral's own rules, held is withheld and rejected rejected, each flagged with its reason."""
    ham, spam, rude = ask(a_question(HAM)), ask(a_question(SPAM)), ask(a_question(RUDE, "EDIT"))

    assert ham.json == {"status": "NONE"}
    assert spam.json == {
        "status": "REJECTED",
        "actions": [{"actionType": "FLAG", "reason": "COMMENT_DETECTED_SPAM"}],
    }
    assert rude.json == {
        "status": "SYSTEM_WITHHELD",
        "actions": [{"actionType": "FLAG", "reason": "COMMENT_DETECTED_TOXIC"}],
    }
    assert {answer.status_code for answer in (ham, spam, rude)} == {200}
    row = next(row for row in rows(comments) if row.status == "approved")
    assert (row.author_external_id, row.author_role, row.parent_external_id) == ("coral:a1", "commenter", "coral:p1")
    assert [article.url for article in rows(articles)] == ["https://news.example/bridge"]
    assert {revision.format for revision in rows(revisions)} == {"html"}


def test_a_site_may_publish_what_is_approved(ask, options, working, rows):
    """By its options, which also say how Coral sends comments."""
    options(coral_approve="approved", coral_body="text")

    assert ask(a_question()).json == {"status": "APPROVED"}
    assert [row.format for row in rows(revisions)] == ["text"]


@pytest.mark.parametrize("overrides", [{"protocol_wait_seconds": 0.2}])
def test_no_decision_in_time_is_withheld(ask, rows):
    """Coral is answered before it gives up; the comment is decided later."""
    began = datetime.now(UTC)

    assert ask(a_question()).json == {"status": "SYSTEM_WITHHELD"}
    assert (datetime.now(UTC) - began).total_seconds() < 0.7
    assert [row.status for row in rows(comments)] == ["pending"]


@pytest.mark.parametrize("overrides", [{"protocol_wait_seconds": 0.05}])
def test_any_of_two_secrets_may_sign(app, ask, site_and_key, secret, rows):
    """While Coral rolls its secret it signs with both; any that is trusted is enough."""
    assert ask(a_question(), OTHER, SECRET).status_code == 200
    assert ask(a_question(), SECRET, OTHER).status_code == 200
    assert ask(a_question(), OTHER).status_code == 401
    here = app.extensions["sluice"]
    here.store.write(lambda c: coral_secrets.add(c, site_and_key[0], secret, OTHER, datetime.now(UTC)))
    assert ask(a_question(), OTHER).status_code == 200
    here.store.write(lambda c: coral_secrets.remove(c, site_and_key[0], SECRET[-4:]))
    assert ask(a_question(), SECRET).status_code == 401
    assert [row.hint for row in rows(secrets_table)] == [OTHER[-4:]]
    assert SECRET not in rows(secrets_table)[0].sealed


@pytest.mark.parametrize(
    "header",
    ["", "sha256=", "sha1=00", "sha256=zz", f"sha256={'0' * 64}", f"{'0' * 64}", ",,,,", "sha256=" + "0" * 5000],
)
def test_an_unsigned_question_is_refused(ask, rows, header):
    """401, plainly, and nothing is stored."""
    answer = ask(a_question(), header=header)

    assert (answer.status_code, answer.content_type) == (401, "application/json")
    assert rows(comments) == []


@pytest.mark.parametrize("overrides", [{"protocol_wait_seconds": 0.05}])
def test_the_raw_bytes_are_signed(ask):
    """A body that says the same in other bytes is another body."""
    body = json.dumps(a_question()).encode()
    header = signature(body, SECRET)

    assert ask(body, header=header).status_code == 200
    assert ask(body + b" ", header=header).status_code == 401


def test_other_sites_secrets_do_not_sign(client, ask, make_site):
    """Nor does any for a site that trusts none, or is none."""
    body = json.dumps(a_question()).encode()
    for site_id in (make_site("other")[0].id, "00000000-0000-7000-8000-000000000000"):
        answer = client.post(f"/coral/{site_id}", data=body, headers={"X-Coral-Signature": signature(body, SECRET)})
        assert answer.status_code == 401
    assert client.post("/coral/nonsense", data=body).status_code == 404
    assert client.get(f"/coral/{site_id}").content_type == "application/json"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"[" * 100_000,
        {"comment": "x"},
        {"comment": {"body": 5}},
        {"comment": {"body": None}},
    ],
)
def test_what_is_signed_and_odd_is_withheld(ask, rows, body):
    """An error would have it published unseen."""
    assert ask(body).json == {"status": "SYSTEM_WITHHELD"}
    assert rows(comments) == []


@pytest.mark.parametrize(
    "question",
    [
        {"comment": {"body": HAM}},
        a_question(parentID=None),
        {**a_question(), "author": None, "story": {"url": "not an address"}},
        {
            **a_question(),
            "author": {"id": "a" * 2_000, "role": ["x"]},
            "story": {"url": "https://x.example/" + "y" * 3_000},
        },
        a_question("half \ud83d and nul \0"),
    ],
)
def test_whatever_else_is_missing_does_not_matter(ask, working, question):
    """The text is judged."""
    assert ask(question).json["status"] in ("NONE", "SYSTEM_WITHHELD")


def test_a_long_comment_is_kept_whole_and_withheld(ask, working, rows):
    """Only its beginning was read."""
    text = "The ferry was late again. " * 4_000
    assert len(text) > MAX_TEXT_CHARS

    assert ask(a_question(text)).json["status"] == "SYSTEM_WITHHELD"
    assert rows(revisions)[0].text == text


@pytest.mark.parametrize("overrides", [{"write_rate_per_second": 1, "write_burst": 1}])
def test_too_many_are_withheld(ask, working):
    """A refusal would have them published."""
    answers = [ask(a_question()) for _ in range(3)]

    assert answers[-1].json == {"status": "SYSTEM_WITHHELD"}


@pytest.mark.parametrize("overrides", [{"protocol_wait_seconds": 0.05}])
def test_without_storage_it_is_withheld(ask, monkeypatch):
    """A fault of ours is no reason to publish."""

    def fail(*_: object) -> None:
        raise OperationalError("", {}, Exception("disk full"))

    monkeypatch.setattr(checks, "ask", fail)

    assert ask(a_question()).json == {"status": "SYSTEM_WITHHELD"}


def test_corals_moderators_rule_on_what_was_asked(client, ask, key, working, rows):
    """Their verdicts come back by Perspective's or Akismet's protocol, and find the comment of the phase."""
    ask(a_question(f"<p>{HAM}</p>"))

    said = {"comment": {"text": HAM}, "attributeScores": {"TOXICITY": {"summaryScore": {"value": 1}}}}
    assert client.post(f"/v1alpha1/comments:suggestscore?key={key}", json=said).status_code == 200

    assert [row.status for row in rows(comments)] == ["rejected"]


def test_the_flag_is_the_weightiest_reason_about_the_text():
    """Reasons about neither, such as a rule of the owner, have no flag of Coral's."""
    assert flag_of([{"code": "owner.rule"}, {"code": "model.insult", "head": "insult"}]) == "COMMENT_DETECTED_TOXIC"
    assert flag_of([{"code": "links.many", "head": "spam"}, {"head": "insult"}]) == "COMMENT_DETECTED_SPAM"
    assert flag_of([{"code": "decision.late"}]) is None


def test_secrets_on_the_command_line(settings, app, site_and_key):
    """Added from a prompt, shown by their last four characters, removed by them; two at most."""
    environment = {"SLUICE_REDIS_URL": settings.redis_url, "SLUICE_SECRET_KEY": settings.secret_key}

    def run(*arguments: str, typed: str = "") -> str:
        line = ["coral", *arguments, "--data-dir", str(settings.data_dir)]
        done = CliRunner().invoke(cli, line, env=environment, input=typed, catch_exceptions=False)
        return f"{done.exit_code} {done.output}"

    added = run("add", "blog", typed=f"{SECRET}\n")
    assert f"/coral/{site_and_key[0].id}" in added
    assert SECRET not in added
    assert run("add", "blog", "--secret", SECRET).startswith("1 blog has a secret that ends in")
    assert run("add", "blog", "--secret", "short").startswith("1 A signing secret has 16")
    assert run("add", "blog", "--secret", OTHER).startswith("0")
    assert run("add", "blog", "--secret", "deface" * 10).startswith("1 blog has 2 secrets already")
    shown = json.loads(run("show", "blog", "--json").removeprefix("0 "))
    assert [each["hint"] for each in shown["secrets"]] == [SECRET[-4:], OTHER[-4:]]
    assert run("remove", "blog", SECRET[-4:]).startswith("0")
    assert run("remove", "blog", SECRET[-4:]).startswith("1 blog has no secret that ends so")
