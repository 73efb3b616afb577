"""A site's policy over the API, from the command line, and in the worker that goes by it."""

from __future__ import annotations

import json
import time

import jsonschema
import openapi_spec_validator
import pytest
from click.testing import CliRunner

from classifier.policy_document import from_toml
from service import policies
from service.cli import cli
from workers import classify

CALM = {"article": {"url": "https://news.example/sports/a"}, "comment": {"text": "I laughed at the second paragraph."}}
TOML = {"Content-Type": "application/toml"}


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """Look for changes at every comment, so that no test waits for a second."""
    monkeypatch.setattr(policies, "LOOK_SECONDS", 0)


def decided(client, headers, here, body=CALM):
    """A comment as the worker decides it."""
    comment_id = client.post("/v1/comments", json=body, headers=headers).json["id"]
    classify.decide(here, [comment_id])
    return client.get(f"/v1/comments/{comment_id}", headers=headers).json


def test_a_site_starts_with_the_default(client, headers):
    """Version 0 of its own, and everything that holds."""
    answer = client.get("/v1/policy", headers=headers)

    assert answer.status_code == 200
    assert answer.headers["ETag"] == '"0"'
    assert answer.json["document"] == {}
    assert answer.json["scopes"] == []
    assert answer.json["policy"] == "default@2"
    assert answer.json["effective"]["heads"]["spam"]["hold_at"] > 0


@pytest.mark.parametrize("kind", ["json", "toml"])
def test_a_policy_that_was_set_is_there_and_holds(client, headers, here, kind):
    """JSON and TOML say the same; the worker and /v1/score go by it, and decisions name it."""
    if kind == "json":
        sent = {
            "json": {"name": "blog", "premoderation": {"modes": ["all"]}, "heads": {"spam": {"reject_at": "never"}}}
        }
    else:
        sent = {"data": 'name="blog"\n[premoderation]\nmodes=["all"]\n[heads.spam]\nreject_at="never"', "headers": TOML}
    before = decided(client, headers, here)
    put = client.put("/v1/policy?note=quiet+please", **{**sent, "headers": {**headers, **sent.get("headers", {})}})
    after = decided(client, headers, here)
    scored = client.post("/v1/score", json=CALM, headers=headers).json
    batch = client.post("/v1/score/batch", json=[CALM, CALM], headers=headers).json

    assert put.status_code == 200
    assert put.headers["ETag"] == '"1"'
    assert put.json["document"]["heads"] == {"spam": {"reject_at": "never"}}
    assert put.json["effective"]["heads"]["spam"]["reject_at"] == "never"
    assert put.json["scopes"] == [{"scope": "site", "version": 1}]
    assert (before["status"], before["policy"]) == ("approved", "default@2")
    assert (after["status"], after["policy"]) == ("held", "blog@1")
    assert "premoderation.all" in [reason["code"] for reason in after["reasons"]]
    assert (scored["action"], scored["policy"]) == ("hold", "blog@1")
    assert [item["score"]["policy"] for item in batch["results"]] == ["blog@1", "blog@1"]


def test_comments_of_one_batch_are_judged_under_their_own_policies(client, headers, here, make_site):
    """Two sites and two sections in one batch of the worker."""
    _, other_key = make_site("other")
    other = {"Authorization": f"Bearer {other_key}"}
    section = {"match": {"paths": ["/sports"]}, "premoderation": {"modes": ["all"]}}
    client.put("/v1/policy?scope=section:sports", json=section, headers=headers)
    news = {**CALM, "article": {"url": "https://news.example/news/b"}}
    sent = [(headers, CALM), (headers, news), (other, CALM)]
    ids = [client.post("/v1/comments", json=body, headers=who).json["id"] for who, body in sent]
    classify.decide(here, ids)
    found = [client.get(f"/v1/comments/{i}", headers=who).json for i, (who, _) in zip(ids, sent, strict=True)]

    assert [(each["status"], each["policy"]) for each in found] == [
        ("held", "sports@1"),
        ("approved", "default@2"),
        ("approved", "default@2"),
    ]


def test_a_running_process_sees_a_change_within_two_seconds(client, headers, here, monkeypatch):
    """Without a restart, with the cache as it is in service."""
    monkeypatch.setattr(policies, "LOOK_SECONDS", 1.0)
    assert decided(client, headers, here)["status"] == "approved"
    client.put("/v1/policy", json={"closed": {"always": True}}, headers=headers)
    time.sleep(1.1)
    found = decided(client, headers, here)

    assert found["status"] == "rejected"
    assert found["reasons"][0]["code"] == "article.closed"


def test_rules_point_at_what_was_sent(client, headers, here):
    """The span of a disguised word is that of the raw text; harm says that it escalates."""
    rules = {"rules": {"ads": {"words": ["casino"], "action": "hold", "message": "No advertising."}}}
    client.put("/v1/policy", json=rules, headers=headers)
    text = "My <b>c.a.s.i.n.o</b> is open. I will kill you."
    found = decided(client, headers, here, {**CALM, "comment": {"text": text}})
    reasons = {reason["code"]: reason for reason in found["reasons"]}

    (start, end) = reasons["rule.ads"]["spans"][0]
    assert text[start:end] == "c.a.s.i.n.o"
    assert reasons["rule.ads"]["message"] == "No advertising."
    assert "escalate" not in reasons["rule.ads"]
    assert reasons["threat.direct"]["escalate"] is True


def test_answers_and_bodies_are_as_the_published_document_says(client, headers):
    """The OpenAPI document is valid with policies in it; what we send and what we answer fits its schemas."""
    document = client.get("/openapi.json").json
    openapi_spec_validator.validate(document)
    body = {"heads": {"spam": {"hold_at": 0.4, "reject_at": "never"}}, "rules": {"x": {"words": ["a"], "weight": 1}}}
    client.put("/v1/policy", json=body, headers=headers)
    answers = {
        "PolicyDocument": body,
        "PolicyOut": client.get("/v1/policy", headers=headers).json,
        "PolicyVersionsOut": client.get("/v1/policy/versions", headers=headers).json,
    }

    for name, value in answers.items():
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        jsonschema.Draft202012Validator(schema).validate(value)


class TestVersions:
    """Optimistic changes and their history."""

    def test_a_version_that_changed_is_412(self, client, headers):
        """If-Match with the ETag that was read; without it the last one wins."""
        first = client.put("/v1/policy", json={"closed": {"after_days": 9}}, headers={**headers, "If-Match": '"0"'})
        stale = client.put("/v1/policy", json={"closed": {"after_days": 8}}, headers={**headers, "If-Match": '"0"'})
        fresh = client.put(
            "/v1/policy", json={"closed": {"after_days": 7}}, headers={**headers, "If-Match": first.headers["ETag"]}
        )
        blind = client.put("/v1/policy", json={"closed": {"after_days": 6}}, headers=headers)

        assert (stale.status_code, stale.json["code"]) == (412, "policy.changed")
        assert [each.headers["ETag"] for each in (first, fresh, blind)] == ['"1"', '"2"', '"3"']

    def test_they_can_be_listed(self, client, headers):
        """Newest first, with document, who, when and why; older ones by ``before``."""
        for days in (3, 2, 1):
            client.put(f"/v1/policy?note=n{days}", json={"closed": {"after_days": days}}, headers=headers)
        found = client.get("/v1/policy/versions", headers=headers).json
        older = client.get("/v1/policy/versions?before=2", headers=headers).json

        assert [item["version"] for item in found["items"]] == [3, 2, 1]
        assert found["items"][0]["document"] == {"closed": {"after_days": 1}}
        assert found["items"][0]["note"] == "n1"
        assert found["items"][0]["made_by"] == "api"
        assert [item["version"] for item in older["items"]] == [1]

    def test_an_empty_document_takes_it_back(self, client, headers, here):
        """The default holds again."""
        client.put("/v1/policy", json={"premoderation": {"modes": ["all"]}}, headers=headers)
        client.put("/v1/policy", data="", headers={**headers, **TOML})

        assert client.get("/v1/policy", headers=headers).json["policy"] == "default@2"
        assert decided(client, headers, here)["policy"] == "default@2"

    def test_what_holds_for_an_address_can_be_asked(self, client, headers):
        """Section and article documents are laid over the site's."""
        client.put("/v1/policy", json={"name": "blog", "closed": {"after_days": 9}}, headers=headers)
        client.put("/v1/policy?scope=section:sports", json={"match": {"paths": ["/sports"]}}, headers=headers)
        url = "https://news.example/sports/a"
        client.put(f"/v1/policy?scope=article:{url}", json={"closed": {"action": "hold"}}, headers=headers)
        found = client.get(f"/v1/policy?url={url}", headers=headers).json
        own = client.get("/v1/policy?scope=article:/sports/a", headers=headers).json

        assert found["policy"] == own["policy"] == "blog@1+sports@1+article@1"
        assert found["effective"]["closed"] == {"after_days": 9, "action": "hold"}
        assert own["document"] == {"closed": {"action": "hold"}}
        assert "match" not in found["effective"]


class TestRefusals:
    """Every fault is named with its place, and nothing is stored."""

    def test_every_fault_has_a_pointer(self, client, headers):
        """JSON and TOML alike."""
        fields = {"heads": {"spam": {"hold_at": 2}}, "rules": {"x": {"patterns": ["("], "action": "hold"}}, "clsed": 1}
        answer = client.put("/v1/policy", json=fields, headers=headers)
        toml = "[heads.spam]\nhold_at=2\n[rules.x]\npatterns=['(']\naction='hold'\n[clsed]"
        same = client.put("/v1/policy", data=toml, headers={**headers, **TOML})

        assert answer.status_code == same.status_code == 422
        for each in (answer, same):
            assert {error["pointer"] for error in each.json["errors"]} == {
                "#/heads/spam/hold_at",
                "#/rules/x/patterns/0",
                "#/clsed",
            }
        assert client.get("/v1/policy", headers=headers).headers["ETag"] == '"0"'

    @pytest.mark.parametrize(
        ("path", "body", "more", "status"),
        [
            ("/v1/policy", b"{", {"Content-Type": "application/json"}, 400),
            ("/v1/policy", b"[1]", {"Content-Type": "application/json"}, 422),
            ("/v1/policy", b"x = ", TOML, 400),
            ("/v1/policy", b"\xff", TOML, 400),
            ("/v1/policy", b"x", {"Content-Type": "text/plain"}, 415),
            ("/v1/policy", b'{"name":"' + 300_000 * b"a" + b'"}', {"Content-Type": "application/json"}, 413),
            ("/v1/policy?scope=nowhere", b"{}", {"Content-Type": "application/json"}, 422),
            ("/v1/policy?note=" + 501 * "n", b"{}", {"Content-Type": "application/json"}, 422),
            ("/v1/policy", b"{}", {"Content-Type": "application/json", "If-Match": "soon"}, 422),
            ("/v1/policy", b'{"match":{"tags":["x"]}}', {"Content-Type": "application/json"}, 422),
            ("/v1/policy", b'{"name":"\\ud800"}', {"Content-Type": "application/json"}, 422),
            (
                "/v1/policy",
                b'{"rules":{"x":{"words":["a\\u0000"],"weight":1}}}',
                {"Content-Type": "application/json"},
                422,
            ),
        ],
    )
    def test_what_is_not_a_policy(self, client, headers, path, body, more, status):
        """One problem, in the one shape."""
        answer = client.put(path, data=body, headers={**headers, **more})

        assert answer.status_code == status
        assert answer.content_type == "application/problem+json"
        assert answer.json["code"]

    def test_an_odd_page_of_versions(self, client, headers):
        """``before`` is a number."""
        assert client.get("/v1/policy/versions?before=x", headers=headers).status_code == 422

    def test_a_key_is_needed(self, client):
        """As everywhere."""
        assert client.get("/v1/policy").status_code == 401
        assert client.put("/v1/policy", json={}).status_code == 401

    def test_no_site_sees_another_ones(self, client, headers, make_site):
        """Neither document nor history."""
        client.put("/v1/policy", json={"block": {"emails": ["secret@x.example"]}}, headers=headers)
        _, key = make_site("other")
        other = {"Authorization": f"Bearer {key}"}

        assert client.get("/v1/policy", headers=other).json["document"] == {}
        assert client.get("/v1/policy/versions", headers=other).json["items"] == []


class TestCommands:
    """`sluice policy`."""

    @pytest.fixture
    def run(self, settings, site_and_key, monkeypatch, tmp_path):
        """Runs a command on the data folder of the test."""
        monkeypatch.setenv("SLUICE_SECRET_KEY", settings.secret.decode())
        monkeypatch.setenv("SLUICE_REDIS_URL", settings.redis_address)

        def run(*arguments, code=0, stdin=None):
            result = CliRunner().invoke(cli, [*arguments, "--data-dir", str(settings.data_dir)], input=stdin)
            assert result.exit_code == code, result.output
            return result.output

        return run

    def test_set_show_and_history(self, run, tmp_path):
        """What is shown is what was set, as TOML that can be set again."""
        file = tmp_path / "policy.toml"
        file.write_text("name = 'blog'\n[closed]\nafter_days = 90\n")
        said = run("policy", "set", "blog", str(file), "--note", "spring")
        shown = run("policy", "show", "blog")
        effective = run("policy", "show", "blog", "--effective")
        listed = run("policy", "history", "blog")

        assert "version 1" in said
        assert from_toml(shown) == from_toml(file.read_text())
        assert "blog@1" in shown
        assert from_toml(effective).heads.spam.hold_at is not None
        assert "cli:" in listed
        assert "spring" in listed
        assert json.loads(run("policy", "history", "blog", "--json"))["items"][0]["document"] == {
            "closed": {"after_days": 90}
        } | {"name": "blog"}
        assert json.loads(run("policy", "show", "blog", "--json"))["version"] == 1
        assert "ever set" in run("policy", "history", "blog", "--scope", "section:x")

    def test_a_stale_version_is_refused(self, run):
        """With one sentence and exit status 1."""
        run("policy", "set", "blog", "-", "--if-version", "0", stdin="[closed]\nafter_days=9")

        assert "version 1" in run("policy", "set", "blog", "-", "--if-version", "0", stdin="", code=1)

    def test_check_says_what_is_wrong_and_what_would_hold(self, run, tmp_path):
        """It changes nothing."""
        good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
        good.write_text("[heads.spam]\nhold_at = 0.25\n")
        bad.write_text("[heads.spam]\nhold_at = 2\n[premoderaton]\nmodes = []\n")
        told = run("policy", "check", str(bad), "--site", "blog", code=1)

        assert "heads.spam.hold_at: Must be" in told
        assert "premoderaton: There is no such key; did you mean premoderation?" in told
        assert "hold_at = 0.25" in run("policy", "check", str(good), "--site", "blog")
        assert from_toml(run("policy", "show", "blog")) == from_toml("")
        assert "section:NAME" in run("policy", "check", str(good), "--site", "blog", "--scope", "x", code=1)
        assert "nobody" in run("policy", "show", "nobody", code=1)
