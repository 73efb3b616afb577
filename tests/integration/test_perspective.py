"""Perspective's protocol, field by field: what callers send and what they must read."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from classifier.languages import language_of
from service.protocols.perspective_attributes import ATTRIBUTES, LANGUAGES, REASONS
from service.scopes import Scope
from service.store import accounts
from service.store import rulings as store_of_rulings
from service.store.tables import articles, comments, metadata, revisions, rulings

RUDE = "You are a complete idiot and everybody hates your stupid face."
KIND = "I walked over the old bridge with my father every Sunday, and it was lovely."
PRODUCTION = {"TOXICITY", "SEVERE_TOXICITY", "IDENTITY_ATTACK", "INSULT", "PROFANITY", "THREAT"}
OTHERS = {
    "SEXUALLY_EXPLICIT", "ATTACK_ON_AUTHOR", "ATTACK_ON_COMMENTER", "INCOHERENT", "INFLAMMATORY", "LIKELY_TO_REJECT",
    "OBSCENE", "SPAM", "UNSUBSTANTIAL",
}  # fmt: skip


@pytest.fixture
def post(client, key):
    """Posts a body to a method."""

    def do(body: Any, method: str = "analyze", path: str | None = None, **options: Any):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return client.post(path or f"/v1alpha1/comments:{method}?key={key}", data=data, **options)

    return do


def a_request(text: str = RUDE, **fields: Any) -> dict[str, Any]:
    """A request as Coral makes it."""
    return {"comment": {"text": text}, "requestedAttributes": {"TOXICITY": {}}, **fields}


def value(answer, name: str = "TOXICITY") -> float:
    """A summary score."""
    assert answer.status_code == 200, answer.text
    return answer.json["attributeScores"][name]["summaryScore"]["value"]


def test_a_text_is_scored(post):
    """The shape is Google's; a token that was sent comes back, and languages are told."""
    answer = post(a_request(RUDE, clientToken="comment:42", languages=["en"]))

    assert answer.content_type == "application/json; charset=UTF-8"
    assert answer.json["attributeScores"]["TOXICITY"].keys() == {"summaryScore"}
    assert answer.json["attributeScores"]["TOXICITY"]["summaryScore"]["type"] == "PROBABILITY"
    assert answer.json["languages"] == ["en"]
    assert answer.json["detectedLanguages"] == ["en"]
    assert answer.json["clientToken"] == "comment:42"
    assert value(answer) > 0.8
    assert value(post(a_request(KIND))) < 0.3
    assert "clientToken" not in post(a_request(KIND)).json


def test_scores_are_those_of_the_native_api(post, client, headers):
    """The text is judged where `/v1/score` judges."""
    body = {"article": {"url": "https://blog.example"}, "comment": {"text": RUDE}}
    scores = client.post("/v1/score", json=body, headers=headers).json["scores"]

    wanted = dict.fromkeys(("TOXICITY", "INSULT", "PROFANITY", "SPAM", "THREAT", "SEXUALLY_EXPLICIT", "OBSCENE"))
    answer = post(a_request(requestedAttributes=wanted))

    heads = ("toxicity", "insult", "obscene", "spam", "threat", "sexual", "obscene")
    assert [value(answer, name) for name in wanted] == [scores[head] for head in heads]


def test_the_attributes_are_the_promised_fifteen(post):
    """Each is answered with a probability when it is asked for, and nothing else is."""
    assert ATTRIBUTES.keys() == REASONS.keys() == PRODUCTION | OTHERS

    answer = post(a_request(requestedAttributes=dict.fromkeys(ATTRIBUTES)))

    assert answer.json["attributeScores"].keys() == ATTRIBUTES.keys()
    assert all(0 <= value(answer, name) <= 1 for name in ATTRIBUTES)


def test_derived_attributes_mean_something(post):
    """Trivial texts are unsubstantial, keyboard noise is incoherent, spam is likely to be rejected."""
    spam = "Buy cheap viagra and cialis online now, no prescription! http://pills-cheap.example"
    texts = {"trivial": "ok so it is", "noise": "xkcd qwrtz bcdfg hjklm sdfgh", "spam": spam, "kind": KIND}
    wanted = dict.fromkeys(("UNSUBSTANTIAL", "INCOHERENT", "LIKELY_TO_REJECT"))
    found = {name: post(a_request(text, requestedAttributes=wanted)) for name, text in texts.items()}

    assert value(found["trivial"], "UNSUBSTANTIAL") > 0.7 > 0.5 > value(found["kind"], "UNSUBSTANTIAL")
    assert value(found["noise"], "INCOHERENT") == 1 > 0.1 > value(found["kind"], "INCOHERENT")
    assert value(found["spam"], "LIKELY_TO_REJECT") > 0.9 > 0.5 > value(found["kind"], "LIKELY_TO_REJECT")


def test_thresholds_leave_scores_out(post):
    """What is below is not there, even when that is everything."""
    wanted = {"TOXICITY": {"scoreThreshold": 0.5, "scoreType": "PROBABILITY"}, "THREAT": {"scoreThreshold": 1}}

    assert post(a_request(requestedAttributes=wanted)).json["attributeScores"].keys() == {"TOXICITY"}
    assert post(a_request(KIND, requestedAttributes=wanted)).json["attributeScores"] == {}


def test_spans_are_sentences_in_utf16(post):
    """One for each sentence, counted as JavaScript counts, the last one to the end; each judged by itself."""
    text = f"😀 I love this bridge. {RUDE}"
    answer = post(a_request(text, spanAnnotations=True))

    spans = answer.json["attributeScores"]["TOXICITY"]["spanScores"]
    units = text.encode("utf-16-le")
    said = [units[2 * span["begin"] : 2 * span["end"]].decode("utf-16-le") for span in spans]
    assert said == ["😀 I love this bridge. ", RUDE]
    assert spans[-1]["end"] == len(text) + 1
    assert spans[0]["score"]["value"] < 0.3 < 0.8 < spans[1]["score"]["value"]
    assert spans[0]["score"]["type"] == "PROBABILITY"
    assert "spanScores" not in post(a_request(text)).json["attributeScores"]["TOXICITY"]


@pytest.mark.parametrize(
    "path",
    [
        "/v1alpha1/comments:analyze?key=KEY",
        "/v1alpha1/comments%3Aanalyze?key=KEY",
        "/perspective/v1alpha1/comments:analyze?key=KEY",
        "/v1alpha1/comments:analyze?key=KEY&alt=json&prettyPrint=true&fields=*&quotaUser=x&%24.xgafv=1",
        "/v1alpha1/comments:analyze?uploadType=y&upload_protocol=z&callback=c&access_token=t&key=KEY",
    ],
)
def test_paths_and_parameters_of_google(post, key, path):
    """An escaped colon, a prefix that the proxy left on, and parameters that mean nothing here."""
    assert value(post(a_request(), path=path.replace("KEY", key))) > 0.8


def test_the_key_may_be_in_a_header(post, key):
    """As Google's newer clients send it; whatever the body says that it is, it is JSON."""
    answer = post(a_request(), path="/v1alpha1/comments:analyze", headers={"X-Goog-Api-Key": key})

    assert value(answer) > 0.8
    assert value(post(a_request(), content_type="text/plain")) > 0.8
    assert value(post(a_request(), content_type="application/x-www-form-urlencoded")) > 0.8


@pytest.mark.parametrize("fields", [{"languages": ["en-US"]}, {"languages": []}, {"languages": ["en", "de"]}, {}])
def test_languages_are_repeated_or_detected(post, fields):
    """Exactly as they were sent; else the one that the text is in."""
    answer = post(a_request(KIND, **fields))

    assert answer.json["languages"] == (fields.get("languages") or ["en"])


def test_an_unsure_language_is_the_sites(post, app, site_and_key):
    """A short text never fails for its language, nor does one in a language that is not offered."""
    assert language_of("yo hamburger", ["yo", "hamburger"]) is None
    assert post(a_request("yo hamburger")).json["detectedLanguages"] == ["en"]
    here = app.extensions["sluice"]
    here.store.write(lambda c: accounts.set_options(c, site_and_key[0], {"language": "de"}))
    here.keys.forget(site_and_key[0])

    assert post(a_request("yo hamburger")).json["languages"] == ["de"]
    assert post(a_request("昨日の橋はとても美しかったです。散歩を楽しみました")).json["detectedLanguages"] == ["de"]
    assert post(a_request("Je ne suis pas d'accord avec les gens qui sont dans la rue pour une cause")).json[
        "detectedLanguages"
    ] == ["fr"]


def an_error(answer, code: int, status: str, message: str, kind: str | None) -> dict[str, Any]:
    """Google's form of an error; its nested object."""
    assert answer.content_type == "application/json; charset=UTF-8"
    error = answer.json["error"]
    assert (answer.status_code, error["code"], error["status"]) == (code, code, status), error
    assert message in error["message"]
    if kind is None:
        assert "details" not in error
        return {}
    [detail] = error["details"]
    assert detail.get("errorType", detail.get("reason")) == kind
    return detail


@pytest.mark.parametrize(
    ("body", "message", "kind"),
    [
        (a_request(""), "Comment must be non-empty.", "COMMENT_EMPTY"),
        (a_request(" \n\t"), "Comment must be non-empty.", "COMMENT_EMPTY"),
        ({"requestedAttributes": {"TOXICITY": {}}}, "Comment must be non-empty.", "COMMENT_EMPTY"),
        (a_request("é" * 10_241), "Comment text too long.", "COMMENT_TOO_LONG"),
        (a_request("e" * 900_000), "Comment text too long.", "COMMENT_TOO_LONG"),
        ({"comment": {"text": "x"}}, "Missing requested_attributes", "NO_REQUESTED_ATTRIBUTES"),
        (a_request(requestedAttributes={}), "Missing requested_attributes", "NO_REQUESTED_ATTRIBUTES"),
        (
            a_request(requestedAttributes={"FLIRTATION": {}}),
            "Unknown requested attribute: FLIRTATION",
            "INVALID_REQUEST",
        ),
        (a_request(requestedAttributes={"toxicity": {}}), "Unknown requested attribute: toxicity", "INVALID_REQUEST"),
        (
            a_request(requestedAttributes={"TOXICITY": {"scoreType": "PERCENTILE"}}),
            "Requested score type PERCENTILE is not supported by attribute TOXICITY",
            "INVALID_REQUEST",
        ),
        (
            {**a_request(), "comment": {"text": "<b>x</b>", "type": "HTML"}},
            "Currently, only 'PLAIN_TEXT' comments are supported",
            "INVALID_REQUEST",
        ),
        (
            a_request(
                context={"entries": [{"text": "a"}], "articleAndParentComment": {"article": {"text": "b"}}},
            ),
            "Context can have either entries or article_and_parent_comment, but both fields were populated.",
            "INVALID_REQUEST",
        ),
        (b"{", "Invalid JSON payload received.", None),
        (b"", "Invalid JSON payload received.", None),
        (b"[]", "Invalid JSON payload received.", None),
        (b"\xff", "Invalid JSON payload received.", None),
        (b"[" * 100_000, "Invalid JSON payload received.", None),
        (a_request(languages="en"), "Invalid JSON payload received.", None),
        (a_request(languages=[1]), "Invalid JSON payload received.", None),
        (a_request(doNotStore="yes"), "Invalid JSON payload received.", None),
        (a_request(clientToken=5), "Invalid JSON payload received.", None),
        (a_request(requestedAttributes=["TOXICITY"]), "Invalid JSON payload received.", None),
        (a_request(requestedAttributes={"TOXICITY": 1}), "Invalid JSON payload received.", None),
        (a_request(requestedAttributes={"TOXICITY": {"scoreThreshold": "x"}}), "Invalid JSON payload", None),
        (a_request(requestedAttributes={"TOXICITY": {"scoreThreshold": 2}}), "Invalid JSON payload", None),
        ({**a_request(), "comment": "x"}, "Invalid JSON payload received.", None),
        ({**a_request(), "comment": {"text": 5}}, "Invalid JSON payload received.", None),
        ({**a_request(), "comment": {"text": "x", "type": "POEM"}}, "Invalid JSON payload received.", None),
        (a_request(context="x"), "Invalid JSON payload received.", None),
        (a_request(context={"entries": ["x"]}), "Invalid JSON payload received.", None),
    ],
)
def test_every_error_is_googles(post, body, message, kind):
    """400 with a message that callers look for, and the type that some read."""
    an_error(post(body), 400, "INVALID_ARGUMENT", message, kind)


@pytest.mark.parametrize("language", ["xx", "ja", "hi-Latn", "", "english"])
def test_a_language_that_is_named_must_be_offered(post, language):
    """Some callers look for the phrase, others for the nested object."""
    message = f"Attribute TOXICITY does not support request languages: {language}"
    answer = post(a_request(languages=["en", language]))

    detail = an_error(answer, 400, "INVALID_ARGUMENT", message, "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE")
    assert detail["languageNotSupportedByAttributeError"] == {"requestedLanguages": [language], "attribute": "TOXICITY"}


def test_all_offered_languages_are_accepted(post):
    """With and without a region."""
    for language in LANGUAGES:
        assert post(a_request(languages=[language, f"{language}-XX"])).status_code == 200


def test_keys(post, client):
    """A bad one is 400 with the words that PyPI perspective.py reads; none is 403."""
    bad = post(a_request(), path="/v1alpha1/comments:analyze?key=000000000000")
    none = post(a_request(), path="/v1alpha1/comments:analyze")

    an_error(bad, 400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", "API_KEY_INVALID")
    an_error(none, 403, "PERMISSION_DENIED", "", None)
    discovery = client.get("/$discovery/rest?version=v1alpha1&key=000000000000")
    an_error(discovery, 400, "INVALID_ARGUMENT", "API key not valid", "API_KEY_INVALID")


def test_a_key_does_what_it_may(app, post, site_and_key, secret, rows):
    """The key of a form scores and does not rule."""
    form = app.extensions["sluice"].store.write(
        lambda c: accounts.add_key(c, site_and_key[0], secret, datetime.now(UTC), frozenset({Scope.SUBMIT}))
    )

    assert value(post(a_request(), path=f"/v1alpha1/comments:analyze?key={form}")) > 0.8
    refused = post(a_suggestion(), path=f"/v1alpha1/comments:suggestscore?key={form}")
    an_error(refused, 403, "PERMISSION_DENIED", "moderate", None)
    assert rows(comments) == []


@pytest.mark.parametrize("overrides", [{"write_rate_per_second": 1, "write_burst": 1}])
def test_quota(post):
    """429 with when to come again."""
    answers = [post(a_request()) for _ in range(3)]

    message = "Quota exceeded for quota metric 'Analysis requests (AnalyzeComment)'"
    detail = an_error(answers[-1], 429, "RESOURCE_EXHAUSTED", message, "RATE_LIMIT_EXCEEDED")
    assert detail["domain"] == "googleapis.com"
    assert detail["metadata"]["quota_limit_value"] == "1"
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_other_addresses_are_googles_errors_too(client, key):
    """No problem+json leaks into this protocol."""
    an_error(client.get(f"/v1alpha1/comments:analyze?key={key}"), 405, "UNIMPLEMENTED", "", None)
    an_error(client.post(f"/v1alpha1/comments:delete?key={key}"), 404, "NOT_FOUND", "", None)
    an_error(client.get("/$discovery/rest?version=v2"), 404, "NOT_FOUND", "", None)


@pytest.mark.parametrize("overrides", [{"protocol_wait_seconds": 0.05}])
def test_without_a_model_it_is_unavailable_at_once(app, post):
    """503 in time, so that the caller goes on."""
    champion = app.extensions["sluice"].brain._champion
    champion.is_ready(10)
    champion._ready.clear()

    an_error(post(a_request()), 503, "UNAVAILABLE", "", None)
    champion._ready.set()


def test_nothing_of_a_text_is_kept(app, post, caplog, capfd, settings):
    """No row, no log line, no entry in Redis, whatever doNotStore says; the database is not even written to."""
    mark = "Quibblefrost"
    before = {table.name: _count(app, table) for table in metadata.sorted_tables}
    caplog.set_level(logging.DEBUG)

    for keep in (True, False, None):
        answer = post(
            a_request(
                f"{mark} you idiot. {mark} again.",
                doNotStore=keep,
                spanAnnotations=True,
                communityId=mark,
                context={"entries": [{"text": mark}]},
            )
        )
        assert answer.status_code == 200
    post({**a_request(mark), "requestedAttributes": {mark: {}}})
    post(f'{{"comment": {{"text": "{mark}"'.encode())

    assert {table.name: _count(app, table) for table in metadata.sorted_tables} == before
    redis = app.extensions["sluice"].queue._redis
    assert not any(mark.encode() in (redis.dump(name) or b"") for name in redis.scan_iter())
    assert mark not in caplog.text + "".join(capfd.readouterr())
    for path in settings.data_dir.rglob("*"):
        assert not path.is_file() or mark.encode() not in path.read_bytes()


def _count(app, table: sa.Table) -> int:
    with app.extensions["sluice"].store.read() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def test_names_of_the_schema_are_read_too(post):
    """Google's servers take both spellings of a field."""
    answer = post(
        {
            "comment": {"text": RUDE},
            "requested_attributes": {"TOXICITY": {"score_threshold": 0.1}},
            "span_annotations": True,
            "client_token": "t",
        }
    )

    assert "spanScores" in answer.json["attributeScores"]["TOXICITY"]
    assert answer.json["clientToken"] == "t"


def test_half_a_character_counts_one(post):
    """JSON can say what Unicode cannot."""
    raw = (
        b'{"comment": {"text": "a\\ud800 you idiot"}, "requestedAttributes": {"TOXICITY": {}}, "spanAnnotations": true}'
    )

    [span] = post(raw).json["attributeScores"]["TOXICITY"]["spanScores"]
    assert (span["begin"], span["end"]) == (0, 12)


# --- suggestscore ----------------------------------------------------------------------------------------------------


def a_suggestion(text: str = KIND, score: float = 1, name: str = "TOXICITY", **fields: Any) -> dict[str, Any]:
    """What Coral sends when a moderator decided."""
    return {"comment": {"text": text}, "attributeScores": {name: {"summaryScore": {"value": score}}}, **fields}


CORAL = {
    "clientToken": "comment:c1",
    "communityId": "Coral:https://news.example",
    "context": {
        "entries": [
            {
                "text": json.dumps(
                    {
                        "url": "https://news.example/bridge",
                        "Coral_comment_id": "c1",
                        "reply_to_id_Coral_comment_id": "c0",
                    }
                )
            }
        ]
    },
}


def test_a_suggestion_is_a_label(app, post, site_and_key, rows):
    """The text is stored with a ruling, under its article and with the ids that came with it."""
    answer = post(a_suggestion(**CORAL), "suggestscore")

    assert answer.json == {"clientToken": "comment:c1", "detectedLanguages": ["en"], "requestedLanguages": ["en"]}
    [comment], [article], [ruling] = rows(comments), rows(articles), rows(rulings)
    assert (comment.external_id, comment.parent_external_id, comment.status) == ("coral:c1", "coral:c0", "rejected")
    assert article.url == "https://news.example/bridge"
    assert (ruling.action, ruling.reason, ruling.moderator, ruling.source) == (
        "reject",
        "toxicity",
        "perspective",
        "api",
    )
    assert ruling.note == "TOXICITY 1; community Coral:https://news.example; token comment:c1"
    with app.extensions["sluice"].store.read() as connection:
        assert [each.text for each in store_of_rulings.ruled_on(connection, site_and_key[0].id)] == [KIND]


def test_a_moderator_changes_their_mind(post, rows):
    """The same comment again is the same row with another ruling; an edited one is a label of its own."""
    for text, score in ((KIND, 1), (KIND, 1), (KIND, 0), (RUDE, 1)):
        assert post(a_suggestion(text, score, **CORAL), "suggestscore").status_code == 200

    assert [row.action for row in rows(rulings)] == ["reject", "approve", "reject"]
    assert {row.text for row in rows(revisions)} == {KIND, RUDE}
    assert len(rows(comments)) == 2


def test_a_suggestion_reaches_the_comment_that_was_checked(post, call, working, rows):
    """Whatever protocol it was checked in, and whether it was HTML there."""
    call("comment-check", comment_content=f"<p>{KIND}</p>")

    post(a_suggestion(KIND, 1, "SPAM"), "suggestscore")

    assert [row.status for row in rows(comments)] == ["rejected"]
    assert [row.reason for row in rows(rulings)] == ["spam"]


@pytest.mark.parametrize(
    ("scores", "action", "reason"),
    [
        ({"INSULT": {"summaryScore": {"value": 0.5}}}, "reject", "insult"),
        ({"INSULT": {"summaryScore": {"value": 0.49}}}, "approve", None),
        ({"THREAT": {"spanScores": [{"score": {"value": 0.1}}, {"score": {"value": 0.9}}]}}, "reject", "threat"),
        (
            {"SPAM": {"summaryScore": {"value": 0.6}}, "PROFANITY": {"summaryScore": {"value": 0.9}}},
            "reject",
            "obscene",
        ),
        ({"LIKELY_TO_REJECT": {"summaryScore": {"value": 1}}}, "reject", "other"),
    ],
)
def test_what_suggestions_teach(post, rows, scores, action, reason):
    """From one half on the text should not appear; the highest score says why."""
    assert post({"comment": {"text": KIND}, "attributeScores": scores}, "suggestscore").status_code == 200

    assert [(row.action, row.reason) for row in rows(rulings)] == [(action, reason)]


@pytest.mark.parametrize(
    "body",
    [
        {"comment": {"text": KIND}},
        a_suggestion(name="NICENESS"),
        a_suggestion(score=2),
        a_suggestion(""),
        {"comment": {"text": KIND}, "attributeScores": {"TOXICITY": {}}},
        a_suggestion(languages=["xx"]),
    ],
)
def test_odd_suggestions_are_refused(post, rows, body):
    """In Google's shape, and nothing is stored."""
    assert post(body, "suggestscore").json["error"]["status"] == "INVALID_ARGUMENT"
    assert rows(comments) == []


def test_an_erased_comment_stays_erased(post, client, headers, rows):
    """A suggestion about it is answered and forgotten."""
    post(a_suggestion(**CORAL), "suggestscore")
    client.delete(f"/v1/comments/{rows(comments)[0].id}", headers=headers)

    assert post(a_suggestion(**CORAL), "suggestscore").status_code == 200
    assert [row.status for row in rows(comments)] == ["erased"]
    assert [row.note for row in rows(rulings)] == [None]


# --- Discovery -------------------------------------------------------------------------------------------------------


def test_discovery(client):
    """Both methods, with their addresses under the host that was asked."""
    found = client.get("/$discovery/rest?version=v1alpha1", headers={"Host": "sluice.example:8080"}).json

    assert (found["kind"], found["discoveryVersion"], found["id"]) == (
        "discovery#restDescription",
        "v1",
        "commentanalyzer:v1alpha1",
    )
    assert found["rootUrl"] == found["baseUrl"] == "http://sluice.example:8080/"
    assert (found["servicePath"], found["batchPath"], found["protocol"]) == ("", "batch", "rest")
    assert {"key", "alt", "fields", "prettyPrint", "quotaUser"} <= found["parameters"].keys()
    for name in ("analyze", "suggestscore"):
        method = found["resources"]["comments"]["methods"][name]
        assert method["id"] == f"commentanalyzer.comments.{name}"
        assert (method["path"], method["httpMethod"]) == (f"v1alpha1/comments:{name}", "POST")
        assert (method["parameterOrder"], method["parameters"]) == ([], {})
        assert {method["request"]["$ref"], method["response"]["$ref"]} <= found["schemas"].keys()


@pytest.mark.parametrize("overrides", [{"public_url": "https://sluice.example.org/perspective"}])
def test_discovery_names_the_public_address(client):
    """Behind a proxy with a prefix."""
    assert client.get("/$discovery/rest").json["baseUrl"] == "https://sluice.example.org/perspective/"


def test_time(post):
    """The longest text, all attributes, all spans: far from the 0.8 s after which Coral goes on without us."""
    longest = ("You idiot. " * 2_000)[:20_480]
    body = a_request(longest, requestedAttributes=dict.fromkeys(ATTRIBUTES), spanAnnotations=True)
    post(body)
    began = datetime.now(UTC)

    assert post(a_request(longest[::-1], requestedAttributes=body["requestedAttributes"], spanAnnotations=True)).json
    assert (datetime.now(UTC) - began).total_seconds() < 0.8
