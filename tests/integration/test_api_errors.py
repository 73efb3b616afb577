"""Every way a request can be wrong, and the one shape of the answer."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.api.operations import OPERATIONS
from service.errors import CATALOGUE

GOOD = {"article": {"url": "https://news.example/a"}, "comment": {"text": "Hello"}}
MARK = "zebra-9f3"


def with_comment(**fields: object) -> dict[str, object]:
    """A submission with more fields in its comment."""
    return {**GOOD, "comment": {**GOOD["comment"], **fields}}


@pytest.mark.parametrize(
    ("sent", "status", "code", "pointer"),
    [
        (b"{", 400, "request.malformed", None),
        (b"\xff\xfe", 400, "request.malformed", None),
        (b"", 400, "request.malformed", None),
        (b"[]", 422, "request.invalid", "#"),
        (b"null", 422, "request.invalid", "#"),
        ({"comment": {"text": "x"}}, 422, "request.invalid", "#/article"),
        (with_comment(texxt=MARK), 422, "request.invalid", "#/comment/texxt"),
        (with_comment(text=5), 422, "request.invalid", "#/comment/text"),
        (with_comment(text=f"{MARK}\0"), 422, "request.invalid", "#/comment/text"),
        (
            b'{"article":{"url":"https://n.example/"},"comment":{"text":"a\\ud800"}}',
            422,
            "request.invalid",
            "#/comment/text",
        ),
        (with_comment(text="x" * 65_537), 422, "request.invalid", "#/comment/text"),
        (with_comment(author={"ip": MARK}), 422, "request.invalid", "#/comment/author/ip"),
        (with_comment(author={"verified": "yes"}), 422, "request.invalid", "#/comment/author/verified"),
        (with_comment(author={"name": f"{MARK}\0"}), 422, "request.invalid", "#/comment/author/name"),
        (with_comment(created_at="2026-11-22T10:00:00"), 422, "request.invalid", "#/comment/created_at"),
        (with_comment(created_at="9999-12-31T23:59:59-23:00"), 422, "request.invalid", "#/comment/created_at"),
        (with_comment(created_at=5), 422, "request.invalid", "#/comment/created_at"),
        (with_comment(form_seconds=-1), 422, "request.invalid", "#/comment/form_seconds"),
        (with_comment(format=MARK), 422, "request.invalid", "#/comment/format"),
        ({"article": {"url": f"ftp://{MARK}"}, "comment": {"text": "x"}}, 422, "request.invalid", "#/article/url"),
        ({"article": {"url": f"https://{MARK} x"}, "comment": {"text": "x"}}, 422, "request.invalid", "#/article/url"),
    ],
)
def test_a_bad_body_is_one_clear_problem(client, headers, sent, status, code, pointer):
    """The status and code are as documented, the field is named, and nothing submitted is repeated."""
    data = sent if isinstance(sent, bytes) else json.dumps(sent)
    for path in ("/v1/comments", "/v1/score"):
        answer = client.post(path, data=data, headers={**headers, "Content-Type": "application/json"})

        assert answer.status_code == status, answer.text
        assert answer.mimetype == "application/problem+json"
        assert answer.json["code"] == code
        assert answer.json.get("pointer") == pointer
        assert answer.json["request_id"] == answer.headers["X-Request-Id"]
        assert MARK not in answer.text


def test_the_comment_may_have_exactly_the_longest_text(client, headers):
    """65,536 code points are accepted, emoji included."""
    assert client.post("/v1/comments", json=with_comment(text="😀" * 65_536), headers=headers).status_code == 202


def test_what_is_no_json_or_too_large_is_refused(client, headers):
    """415 for another content type or an encoding, 413 over the limit."""
    form = client.post(
        "/v1/comments", data="text=x", headers={**headers, "Content-Type": "application/x-www-form-urlencoded"}
    )
    zipped = client.post("/v1/comments", json=GOOD, headers={**headers, "Content-Encoding": "gzip"})
    large = client.post("/v1/comments", json=with_comment(author={"name": "x" * 1_100_000}), headers=headers)

    assert (form.status_code, zipped.status_code, large.status_code) == (415, 415, 413)
    assert large.json["code"] == "request.too_large"


def test_keys_that_do_not_work_are_401(client):
    """Missing, malformed and unknown keys look the same; none is echoed."""
    for value in (None, "", "Bearer", "Bearer zzzzzzzzzzzz", "Basic abc", "Bearer " + MARK, "Bearer ÿ"):
        answer = client.get("/v1/comments", headers={"Authorization": value} if value is not None else {})

        assert answer.status_code == 401
        assert answer.json["code"] == "auth.invalid"
        assert "WWW-Authenticate" in answer.headers
        assert MARK not in answer.text


def test_wrong_places_and_methods(client, headers):
    """404 for unknown addresses and odd ids, 405 with Allow for wrong methods, all as problems."""
    nowhere = client.get("/nowhere", headers=headers)
    odd_id = client.get("/v1/comments/not-an-id", headers=headers)
    method = client.patch("/v1/comments", headers=headers)

    assert (nowhere.status_code, odd_id.status_code, method.status_code) == (404, 404, 405)
    assert set(method.headers["Allow"].split(", ")) >= {"GET", "POST"}
    assert {answer.mimetype for answer in (nowhere, odd_id, method)} == {"application/problem+json"}


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=x", "limit=201", "status=nice", "order=up", "cursor=%00", "cursor=é"]
)
def test_odd_queries_are_422(client, headers, query):
    """A parameter that is not as it should be is named."""
    answer = client.get(f"/v1/comments?{query}", headers=headers)

    assert answer.status_code == 422
    assert answer.json["pointer"] == f"#/{query.partition('=')[0]}"


def test_an_idempotency_key_must_be_printable(client, headers):
    """An odd key is refused before anything is stored."""
    answer = client.post("/v1/comments", json=GOOD, headers={**headers, "Idempotency-Key": "x" * 256})

    assert answer.status_code == 422
    assert client.get("/v1/comments", headers=headers).json["items"] == []


def test_every_answer_is_fenced(client, headers):
    """Strict CSP and no sniffing on every kind of answer, pages included."""
    for path in ("/healthz", "/docs", "/docs/errors", "/openapi.json", "/static/docs.css", "/nowhere", "/v1/comments"):
        answer = client.get(path, headers=headers)

        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        answer.close()


def test_every_error_code_is_explained_on_the_page(client):
    """The type of each problem leads to its explanation."""
    page = client.get("/docs/errors").text

    assert all(f'id="{code}"' in page for code in CATALOGUE)


def test_every_operation_is_on_the_page_and_in_the_document(client):
    """Nothing is served that is not documented."""
    document = client.get("/openapi.json").json
    page = client.get("/docs").text
    for operation in OPERATIONS:
        assert document["paths"][operation.path][operation.method.lower()]["operationId"] == operation.name
        assert f'id="{operation.name}"' in page


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.sampled_from(
    ["id", "text", "format", "parent_id", "created_at", "referrer", "honeypot", "form_seconds", "author", "x"]
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(comment=st.dictionaries(FIELDS, JSON), article=st.dictionaries(st.sampled_from(["url", "id", "tags"]), JSON))
def test_no_body_is_our_fault(client, headers, comment, article):
    """Whatever is sent, the answer is never a 5xx and never slow to make."""
    sent = {"article": {"url": "https://n.example/", **article}, "comment": {"text": "Hello", **comment}}
    answer = client.post("/v1/comments", data=json.dumps(sent), headers={**headers, "Content-Type": "application/json"})

    assert answer.status_code in {202, 400, 409, 410, 422}, answer.text


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sent=st.binary(max_size=200))
def test_no_bytes_are_our_fault(client, headers, sent):
    """Neither are bytes that are no JSON at all."""
    for path in ("/v1/comments", "/v1/comments/batch", "/v1/score"):
        answer = client.post(path, data=sent, headers={**headers, "Content-Type": "application/json"})

        assert answer.status_code in {400, 422}


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        ("/v1/acts?comment=", "#/comment"),
        ("/v1/policy?url=" + "x" * 2_001, "#/url"),
        ("/v1/policy/versions?before=0", "#/before"),
        ("/v1/queue?reason=", "#/reason"),
        ("/v1/queue?q=" + "x" * 501, "#/q"),
    ],
)
def test_a_parameter_outside_of_what_the_document_allows_is_named(client, headers, path, pointer):
    """A filter that is not as promised must not quietly mean "all of them"."""
    answer = client.get(path, headers=headers)

    assert (answer.status_code, answer.json["pointer"]) == (422, pointer)


def test_a_whole_number_may_be_written_with_a_fraction_of_nothing(client, headers):
    """JSON has one kind of number, so 3.0 is as whole as 3; 3.5, true and "3" are not."""
    one = {"id": "01a22380-25b2-7774-a6c5-2ea9ecdf11c9"}

    def rule(revision):
        body = {"action": "approve", "comments": [{**one, "revision": revision}]}
        return client.post("/v1/rulings", json=body, headers=headers).status_code

    assert [rule(revision) for revision in (3.0, 3.5, True, "3", 1e400)] == [200, 422, 422, 422, 422]


def test_the_ruling_that_somebody_saw_is_named_by_its_id(client, headers):
    """Anything else would never be the one that stands."""
    seen = {"id": "01a22380-25b2-7774-a6c5-2ea9ecdf11c9", "revision": 1, "seen": "AAA"}

    answer = client.post("/v1/rulings", json={"action": "hold", "comments": [seen]}, headers=headers)

    assert (answer.status_code, answer.json["pointer"]) == (422, "#/comments/0/seen")


def test_the_document_says_which_parameters_are_required(client):
    """Taking a ruling back names the ruling."""
    (ruling,) = [
        each
        for each in client.get("/openapi.json").json["paths"]["/v1/comments/{id}/rulings"]["delete"]["parameters"]
        if each["name"] == "ruling"
    ]

    assert ruling["required"] is True
