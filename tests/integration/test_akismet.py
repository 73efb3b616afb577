"""Akismet's protocol, line by line: what clients send and what they must read."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from factories import FORM, HAM, SPAM, THANKS, is_plain

from classifier.domain import MAX_TEXT_CHARS
from service.protocols.akismet_fields import charset_of, moment_of, read_fields
from service.scopes import Scope
from service.store import accounts
from service.store.tables import comments, decisions, revisions, rulings
from service.store.tables_protocols import check_counts, checks

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
WORDPRESS = "WordPress/6.8 | Akismet/5.5"


# --- Endpoints and keys --------------------------------------------------------------------------------------------


@pytest.fixture
def overrides() -> dict[str, object]:
    """Patience, so that a machine with much to do changes nothing."""
    return {"protocol_wait_seconds": 10}


def test_a_live_key_is_valid(call):
    """The body is the word, the whole word and nothing but the word; nothing on it says that something is wrong."""
    answer = call("verify-key")

    assert is_plain(answer, "valid")
    assert "X-akismet-debug-help" not in answer.headers


@pytest.mark.parametrize(
    "name",
    ["verify-key", "comment-check", "submit-spam", "submit-ham", "usage-limit", "key-sites", "deactivate", "token",
     "get-subscription", "get-stats", "get-key-stats"],
)  # fmt: skip
def test_a_bad_key_is_invalid_everywhere(call, client, rows, name):
    """It is 200 and the word, with the header by which one client knows it from spam; nothing is stored."""
    for bad in ("0" * 12, "short", "x" * 5000, ""):
        answer = call(name, api_key=bad, comment_content=HAM)

        assert is_plain(answer, "invalid"), bad
        assert answer.headers["X-akismet-debug-help"]
    assert rows(comments) == []


def test_a_revoked_key_is_an_alert(app, call, site_and_key):
    """The owner must act, so WordPress shows them why; an unknown key is none."""
    site, key = site_and_key
    here = app.extensions["sluice"]
    here.store.write(lambda connection: accounts.revoke_key(connection, site, key, datetime.now(UTC)))

    answer = call("verify-key")

    assert is_plain(answer, "invalid")
    assert answer.headers["X-akismet-alert-code"] == "10403"
    assert "revoked" in answer.headers["X-akismet-alert-msg"]
    assert "X-akismet-alert-code" not in call("verify-key", api_key="0" * 12).headers


def test_the_key_of_wordpress_com_is_not_known_here(call):
    """Accounts of WordPress.com are Automattic's."""
    assert is_plain(call("verify-wpcom-key"), "invalid")


def test_other_calls_answer_as_documented(call):
    """Switching the plugin off, and the token for a page of statistics."""
    assert is_plain(call("deactivate"), "deactivated")
    assert re.fullmatch(r"[0-9a-f]{32}", call("token").text)
    assert call("token").text == call("token").text


@pytest.mark.parametrize(
    ("data", "host", "valid"),
    [
        ({"key": "KEY", "api_key": "0" * 12}, "rest.akismet.com", True),  # WordPress: the new key, and the stored one
        ({"api_key": "KEY"}, "rest.akismet.com", True),  # @cedx
        ({"key": " KEY\n"}, "x.example", True),
        ({"key": "UPPER"}, "x.example", True),
        ({}, "KEY.rest.akismet.com", True),
        ({}, "KEY.sluice.example:8080", True),
        ({}, "UPPER.rest.akismet.com", True),
        ({"key": "", "api_key": ""}, "KEY.rest.akismet.com", True),
        ({}, "rest.akismet.com", False),
        ({"key": "0" * 12, "api_key": "KEY"}, "KEY.rest.akismet.com", False),  # the first that is not empty decides
    ],
)
def test_the_key_is_found_where_clients_put_it(client, key, data, host, valid):
    """In `key`, then in `api_key`, then in the first label of the host's name."""
    put = {name: value.replace("KEY", key).replace("UPPER", key.upper()) for name, value in data.items()}
    host = host.replace("KEY", key).replace("UPPER", key.upper())

    answer = client.post("/1.1/verify-key", data=urlencode(put), headers={"Host": host, "Content-Type": FORM})

    assert answer.text == ("valid" if valid else "invalid")


def test_a_key_does_what_it_may(app, call, site_and_key, secret, rows):
    """The key of a form checks and does not rule; it is told which scope is missing."""
    form = app.extensions["sluice"].store.write(
        lambda c: accounts.add_key(c, site_and_key[0], secret, datetime.now(UTC), frozenset({Scope.SUBMIT}))
    )

    assert call("verify-key", api_key=form).text == "valid"
    assert call("comment-check", api_key=form, comment_author="viagra-test-123").text == "true"
    refused = call("submit-spam", api_key=form, comment_content=SPAM)
    assert is_plain(refused, "invalid")
    assert "moderate" in refused.headers["X-akismet-debug-help"]
    assert call("usage-limit", api_key=form).text == "invalid"
    assert rows(comments) == []


def test_checks_take_the_key_from_body_query_json_or_host(client, key):
    """`key` is no name of it in a check; all four places of the others are."""
    content = {"comment_author": "viagra-test-123"}
    by_host = {"Host": f"{key}.rest.akismet.com"}
    sent = [
        client.post("/1.1/comment-check", data=urlencode({**content, "api_key": key}), content_type=FORM),
        client.post(f"/1.1/comment-check?api_key={key}", data=urlencode(content), content_type=FORM),
        client.post("/1.1/comment-check", json={**content, "api_key": key}),
        client.post("/1.1/comment-check", data=urlencode(content), headers=by_host, content_type=FORM),
    ]
    by_key = client.post("/1.1/comment-check", data=urlencode({**content, "key": key}), content_type=FORM)

    assert [answer.text for answer in sent] == ["true"] * 4
    assert by_key.text == "invalid"


def test_paths_that_are_not_there_are_plain_404s(client):
    """No problem+json leaks into this protocol; wrong methods are 405."""
    for path in ("/1.1/activity", "/1.1/stats", "/1.2/", "/1.1/comment-check/x"):
        answer = client.post(path)
        assert (answer.status_code, answer.content_type) == (404, "text/plain; charset=utf-8"), path
    wrong = client.get("/1.1/comment-check")
    assert (wrong.status_code, wrong.headers["Allow"]) == (405, "POST")
    assert wrong.content_type == "text/plain; charset=utf-8"


def test_key_guessing_is_slowed_down(call, key):
    """Too many bad keys from one address are 429 with a number of seconds; live keys work on."""
    answers = [call("verify-key", api_key="0" * 12) for _ in range(62)]

    assert answers[0].text == "invalid"
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert call("verify-key").text == "valid"


@pytest.mark.parametrize("overrides", [{"write_rate_per_second": 1, "write_burst": 2}])
def test_too_many_calls_are_429(call):
    """The official SDK understands this; others count it as a failure and come again."""
    answers = [call("comment-check", comment_author="viagra-test-123") for _ in range(4)]

    assert [answer.status_code for answer in answers[:2]] == [200, 200]
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert answers[-1].content_type == "text/plain; charset=utf-8"


# --- Checks --------------------------------------------------------------------------------------------------------


def test_spam_is_true_and_ham_is_false(call, working, rows):
    """Both are stored as comments and decided as any other; each call has a name of its own."""
    spam, ham = call("comment-check", comment_content=SPAM), call("comment-check", comment_content=HAM)

    assert is_plain(spam, "true")
    assert is_plain(ham, "false")
    names = {answer.headers["X-akismet-guid"] for answer in (spam, ham)}
    assert len(names) == 2
    assert all(UUID.fullmatch(name) for name in names)
    for answer in (spam, ham):
        assert not {"X-akismet-debug-help", "X-akismet-error", "X-akismet-alert-code", "X-akismet-recheck-after"} & set(
            map(str, answer.headers.keys())
        )
    assert sorted(row.status for row in rows(comments)) == ["approved", "rejected"]
    assert {row.guid: row.answer for row in rows(checks)} == {
        spam.headers["X-akismet-guid"]: "spam",
        ham.headers["X-akismet-guid"]: "ham",
    }


def test_all_parameters_are_understood(call, working, rows):
    """What is known of a comment is stored in its place, and unknown names are ignored."""
    call(
        "comment-check",
        comment_content="<p>The <b>ferry</b> was late again.</p>",
        comment_author="Jo Reader",
        comment_author_email="jo@reader.example",
        comment_author_url="https://jo.example",
        user_ip="2001:db8::7",
        user_agent="Mozilla/5.0",
        referrer="https://search.example/",
        permalink="https://blog.example/2026/harbour",
        comment_type="reply",
        comment_parent="17",
        comment_date_gmt="2026-11-02 03:04:05",
        comment_post_modfied_gmt="2026-11-01T00:00:00Z",
        honeypot_field_name="fax",
        fax="a robot",
        user_role="subscriber, author",
        blog_lang="en, fr_ca",
        classify="1",
        akismet_comment_nonce="inactive",
        HTTP_ACCEPT="*/*",
        POST_ak_js="123",
    )

    [row] = rows(comments)
    assert (row.author_name, row.author_email, row.author_url) == (
        "Jo Reader",
        "jo@reader.example",
        "https://jo.example",
    )
    assert (row.author_ip, row.author_user_agent, row.referrer) == (
        "2001:db8::7",
        "Mozilla/5.0",
        "https://search.example/",
    )
    assert (row.parent_external_id, row.honeypot, row.author_role) == ("17", "a robot", "subscriber, author")
    assert row.created_at == datetime(2026, 11, 2, 3, 4, 5, tzinfo=UTC)
    assert row.external_id is None
    assert rows(revisions)[0].text == "<p>The <b>ferry</b> was late again.</p>"


def test_any_address_of_the_commenter_is_accepted(call, working):
    """Coral sends none, and others send words."""
    for ip in ("", "ip", "unknown", "999.1.1.1", "fe80::1%eth0", "\0", None):
        assert call("comment-check", comment_content=HAM, user_ip=ip).text in ("true", "false"), ip


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-11-02T03:04:05Z", datetime(2026, 11, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-11-02 03:04:05", datetime(2026, 11, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-11-02T03:04:05+02:00", datetime(2026, 11, 2, 1, 4, 5, tzinfo=UTC)),
        ("2026-11-02T03:04:05.123Z", datetime(2026, 11, 2, 3, 4, 5, 123000, tzinfo=UTC)),
        ("yesterday", None),
        ("", None),
        ("0001-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59-23:00", None),
    ],
)
def test_times_are_read_in_every_form(written, read):
    """ISO 8601 with and without offset and milliseconds, and MySQL's; what cannot be read is ignored."""
    assert moment_of(written) == read


@pytest.mark.parametrize(
    "sent",
    [
        "comment_context[]=news&comment_context[]=harbour",
        "comment_context[0]=news&comment_context[1]=harbour",
        "comment_context%5B0%5D=news&comment_context%5B1%5D=harbour",
        "comment_context=news&comment_context=harbour",
        '{"comment_context": ["news", "harbour"]}',
    ],
)
def test_the_articles_tags_come_in_four_forms(sent):
    """With empty, numbered or escaped brackets, plain, and as a list in JSON."""
    kind = "application/json" if sent[0] == "{" else FORM

    assert read_fields(kind, sent.encode(), b"").context == ("news", "harbour")


def test_bare_names_and_hundreds_of_fields_are_fine(call, key, working, rows):
    """WordPress leaves the `=` of empty values out, and sends its whole environment."""
    body = f"api_key={key}&comment_author_url&user_ID=0&comment_content={'+'.join(HAM.split())}&user_role"
    body += "".join(f"&HTTP_X_{number}=value" for number in range(400))

    assert call("comment-check", raw=body.encode()).text == "false"
    assert rows(revisions)[0].text == HAM
    assert rows(comments)[0].author_url is None


def test_bad_bytes_are_replaced(call, key, working, rows):
    """Broken UTF-8, NUL and halves of characters harm nothing."""
    body = f"api_key={key}&comment_author=A%00b&comment_content=caf%E9+%FF%FE+on+the+old+harbour+bridge\xff".encode(
        "latin-1"
    )

    assert call("comment-check", raw=body).text in ("true", "false")
    assert rows(revisions)[0].text.startswith("caf\ufffd ")
    assert rows(comments)[0].author_name == "A\ufffdb"


def test_json_with_half_a_character_is_stored_whole_otherwise(client, key, working, rows):
    """JSON can say what Unicode cannot."""
    body = f'{{"api_key": "{key}", "comment_content": "so \\ud800 so \\u0000", "is_test": false}}'

    assert client.post("/1.1/comment-check", data=body, content_type="application/json").status_code == 200
    assert rows(revisions)[0].text == "so \ufffd so \ufffd"


@pytest.mark.parametrize(
    ("kind", "more", "charset"),
    [
        ("application/x-www-form-urlencoded; charset=ISO-8859-1", "", "latin-1"),
        ('application/x-www-form-urlencoded; charset="windows-1252"', "", "cp1252"),
        ("application/x-www-form-urlencoded", "&blog_charset=ISO-8859-1", "latin-1"),
        ("application/x-www-form-urlencoded; charset=utf-8", "&blog_charset=ISO-8859-1", "utf-8"),
        ("application/x-www-form-urlencoded", "&blog_charset=no-such", "utf-8"),
        ("application/x-www-form-urlencoded; charset=koi8-r", "", "koi8-r"),
    ],
)
def test_other_charsets_are_read(kind, more, charset):
    """Escaped or raw, named in the type or in `blog_charset`; the type wins."""
    word = "Привет" if charset == "koi8-r" else "Füße"
    escaped = "".join(f"%{byte:02X}" for byte in word.encode(charset))
    body = f"comment_author={escaped}{more}&comment_content=".encode() + word.encode(charset)

    fields = read_fields(kind, body, b"")

    assert (fields.get("comment_author"), fields.get("comment_content")) == (word, word)


@pytest.mark.parametrize("name", ["zlib", "base64", "utf-7", "punycode", "unicode_escape", "idna", "", "x" * 9, "a\0"])
def test_codecs_that_are_no_charsets_are_not_used(name):
    """A client cannot choose what decodes its bytes."""
    assert charset_of(name) is None


def test_a_long_text_is_kept_whole_and_held(call, working, rows):
    """Its beginning is scored, all of it stored, and a person has to look, whatever the beginning says."""
    long = "The ferry was late again. " * 4_000
    worst = (SPAM + " ") * 1_000
    assert min(len(long), len(worst)) > MAX_TEXT_CHARS

    assert call("comment-check", comment_content=long).text == "true"
    assert call("comment-check", comment_content=worst).text == "true"

    assert {row.text for row in rows(revisions)} == {long, worst}
    assert {row.status for row in rows(comments)} == {"held"}
    for row in rows(decisions):
        assert "text.too_long" in {reason["code"] for reason in row.reasons}
        assert row.scores["spam"] is not None


def test_a_body_over_a_mebibyte_is_refused_plainly(call, key):
    """413, in the protocol's own shape; half a megabyte is still read."""
    much = call("comment-check", raw=f"api_key={key}&comment_content=".encode() + b"x" * 1_100_000)
    fair = call("comment-check", raw=f"api_key={key}&comment_author=viagra-test-123&x=".encode() + b"x" * 900_000)

    assert (much.status_code, much.content_type) == (413, "text/plain; charset=utf-8")
    assert fair.text == "true"


def test_answers_are_counted_and_remembered(call, working, rows):
    """One count for each answer."""
    for text in (SPAM, HAM, HAM):
        call("comment-check", comment_content=text)

    [counted] = rows(check_counts)
    assert (counted.spam, counted.ham, counted.month) == (1, 2, f"{datetime.now(UTC):%Y-%m}")


# --- What is not decided in time -------------------------------------------------------------------------------------


@pytest.mark.parametrize("overrides", [{"protocol_wait_seconds": 0.2}])
@pytest.mark.parametrize(("hold_as", "body"), [("spam", "true"), ("ham", "false"), ("pending", "true")])
def test_what_is_not_decided_in_time_is_answered_as_held(call, options, rows, hold_as, body):
    """Nobody decides, and still there is an answer in time; the comment waits for its decision."""
    options(hold_as=hold_as)
    began = datetime.now(UTC)

    answer = call("comment-check", comment_content=HAM)

    assert (datetime.now(UTC) - began).total_seconds() < 0.7
    assert is_plain(answer, body)
    assert [row.status for row in rows(comments)] == ["pending"]


def test_a_burst_waits_for_a_place(app, call, working):
    """When all waiting places are taken for a moment, a check waits for one instead of calling a comment spam."""
    here = app.extensions["sluice"]
    taken = 0
    while here.waiting_slots.acquire(blocking=False):
        taken += 1
    assert taken
    threading.Timer(0.05, here.waiting_slots.release).start()

    assert call("comment-check", comment_content=HAM).text == "false"
    while here.waiting_slots.acquire(blocking=False):
        pass
    assert call("comment-check", comment_content=HAM + "!").text == "true"  # and not for ever


def test_pending_is_for_wordpress_that_knows_it(call, options, working):
    """A held comment is pending there; everybody else is told that it is spam."""
    options(hold_as="pending")
    for agent, body, waits in (
        ("WordPress/6.8 | Akismet/5.5", "false", "15552000"),
        ("WordPress/6.8.1 | Akismet/5.6.2", "false", "15552000"),
        ("WordPress/6.8 | Akismet/10.0", "false", "15552000"),
        ("WordPress/6.8 | Akismet/5.4.9", "true", None),
        ("WordPress/6.8 | Akismet/4.9", "true", None),
        ("akismet.py/25.10 | Python/3.11", "true", None),
        ("", "true", None),
    ):
        answer = call("comment-check", comment_content="   ", headers={"User-Agent": agent})  # no text is held

        assert is_plain(answer, body), agent
        assert answer.headers.get("X-akismet-recheck-after") == waits
        assert answer.headers["X-akismet-guid"]
        assert "X-akismet-pro-tip" not in answer.headers


def test_a_second_question_is_never_told_to_wait(call, options, working):
    """What was asked again because it is held is told plainly."""
    options(hold_as="pending")
    agent = {"User-Agent": WORDPRESS}
    call("comment-check", comment_content="   ", headers=agent)

    again = call("comment-check", comment_content="   ", headers=agent, recheck_reason="recheck")

    assert is_plain(again, "true")
    assert "X-akismet-recheck-after" not in again.headers


def test_the_same_content_again_is_the_same_comment(call, client, headers, working, rows):
    """A recheck tells how the earlier comment stands now, a person's ruling included, under a new name."""
    first = call("comment-check", comment_content=HAM, comment_author="Jo")
    [row] = rows(comments)
    client.post(f"/v1/comments/{row.id}/rulings", json={"action": "reject", "revision": 1}, headers=headers)

    again = [
        call("comment-check", comment_content=HAM, comment_author="Jo", recheck_reason=reason)
        for reason in ("edit", "retry", "recheck_queue", "recheck")
    ]

    assert first.text == "false"
    assert [answer.text for answer in again] == ["true"] * 4
    assert len({answer.headers["X-akismet-guid"] for answer in (first, *again)}) == 5
    assert len(rows(comments)) == 1
    assert {check.comment_id for check in rows(checks)} == {row.id}


def test_a_changed_text_is_another_comment(call, working, rows):
    """An edit is decided afresh."""
    call("comment-check", comment_content=HAM)
    assert call("comment-check", comment_content=SPAM, recheck_reason="edit").text == "true"
    assert len(rows(comments)) == 2


def test_discard_is_for_the_blatant_only(call, options, working):
    """Above a limit of its own, and only with a rejection; a site can switch it off."""
    options(discard_above=0.5)
    blatant = call("comment-check", comment_content=SPAM, comment_author="Cheap Viagra Online")
    held = call("comment-check", comment_content=" ")
    options(discard_above=None)
    never = call("comment-check", comment_content=SPAM, comment_author="Cheap Viagra Online")

    assert is_plain(blatant, "true")
    assert blatant.headers["X-akismet-pro-tip"] == "discard"
    assert "X-akismet-pro-tip" not in held.headers
    assert is_plain(never, "true")
    assert "X-akismet-pro-tip" not in never.headers


# --- Test values -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "body", "discard"),
    [
        ({"comment_author": "viagra-test-123"}, "true", False),
        ({"comment_author": "Jo viagra-test-123 Jo", "is_test": "1"}, "true", False),
        ({"comment_author": "akismet-guaranteed-spam"}, "true", False),
        ({"comment_author_email": "akismet-guaranteed-spam@example.com"}, "true", False),
        ({"comment_author_email": "akismet-guaranteed-spam@example.com", "comment_content": HAM}, "true", False),
        (
            {"comment_author": "viagra-test-123", "comment_author_email": "akismet-guaranteed-spam@example.com"},
            "true",
            True,
        ),
        ({"user_role": "administrator", "is_test": "1"}, "false", False),
        ({"user_role": "Administrator", "comment_author": "viagra-test-123"}, "false", False),
        (
            {"user_role": "editor, ADMINISTRATOR", "comment_author": "viagra-test-123", "is_test": "true"},
            "false",
            False,
        ),
        ({"is_test": "1", "test_discard": "1"}, "true", True),
        ({"is_test": "true", "test_discard": "true", "user_role": "administrator"}, "true", True),
        ({"is_test": "1", "comment_content": SPAM}, "true", False),
        ({"is_test": "1", "comment_content": HAM}, "false", False),
    ],
)
def test_test_values_are_answered_and_leave_no_trace(call, rows, options, fields, body, discard):
    """The answer is certain; nothing is stored, counted, learned or queued."""
    options(discard_above=None)
    answer = call("comment-check", **fields)

    assert is_plain(answer, body)
    assert (answer.headers.get("X-akismet-pro-tip") == "discard") is discard
    assert UUID.fullmatch(answer.headers["X-akismet-guid"])
    for name in ("submit-spam", "submit-ham"):
        if "is_test" in fields or "user_role" not in fields:
            assert is_plain(call(name, **fields), THANKS)
    assert [rows(table) for table in (comments, checks, check_counts, rulings)] == [[], [], [], []]


def test_a_test_that_is_none_counts(call, working, rows):
    """Rakismet always sends a zero."""
    for number, value in enumerate(("0", "false", "", "False"), start=1):
        call("comment-check", comment_content=HAM, is_test=value)
        assert len(rows(comments)) == number


def test_an_administrator_is_never_spam(call, rows):
    """Approved at once, on record with its reason, without any worker."""
    answer = call("comment-check", comment_content=SPAM, user_role="administrator")

    assert is_plain(answer, "false")
    [row], [decision] = rows(comments), rows(decisions)
    assert row.status == "approved"
    assert [reason["code"] for reason in decision.reasons] == ["author.administrator"]


def test_a_super_admin_is_judged_like_anybody(call, working):
    """Only the one word counts."""
    assert call("comment-check", comment_content=SPAM, user_role="super_admin").text == "true"


def test_a_pingback_before_its_page_is_fetched_is_only_refused(call, rows):
    """Without content there is nothing to hold, and nothing to store."""
    answer = call(
        "comment-check", comment_type="pingback", akismet_pre_check="1", comment_pingback_target="https://x.example"
    )

    assert is_plain(answer, "false")
    assert rows(comments) == []
