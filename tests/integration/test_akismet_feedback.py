"""Akismet's feedback becomes rulings, and its reports are counted from what happened."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from factories import HAM, SPAM, THANKS, is_plain

from service import checks as use_cases
from service.store import rulings as store_of_rulings
from service.store.tables import comments, rulings
from service.store.tables_protocols import check_counts, checks

NOBODY_DECIDES = {"protocol_wait_seconds": 0.05}
MONTH = f"{datetime.now(UTC):%Y-%m}"


@pytest.fixture
def overrides() -> dict[str, object]:
    """Patience, so that a machine with much to do changes nothing."""
    return {"protocol_wait_seconds": 10}


def test_feedback_rules_on_the_comment_that_was_checked(call, working, rows):
    """Missed spam is rejected as spam by whoever reported it; the comment is the one of the check."""
    call("comment-check", comment_content=HAM, comment_author="Jo", comment_author_email="jo@reader.example")

    answer = call("submit-spam", comment_content=HAM, comment_author="Jo", reporter="editor-anna")

    assert is_plain(answer, THANKS)
    [comment], [ruling] = rows(comments), rows(rulings)
    assert comment.status == "rejected"
    assert (ruling.action, ruling.reason, ruling.source, ruling.moderator) == ("reject", "spam", "api", "editor-anna")
    assert [row.missed_spam for row in rows(check_counts)] == [1]


def test_ham_approves_and_counts_a_false_positive(call, working, rows):
    """What we took for spam is approved."""
    call("comment-check", comment_content=SPAM)

    assert is_plain(call("submit-ham", comment_content=SPAM), THANKS)

    assert [row.status for row in rows(comments)] == ["approved"]
    assert [(row.false_positives, row.missed_spam) for row in rows(check_counts)] == [(1, 0)]


def test_the_same_feedback_twice_is_one_ruling(call, working, rows):
    """Sent again it is thanked for and changes nothing; the opposite is a ruling of its own."""
    call("comment-check", comment_content=HAM)
    for name in ("submit-spam", "submit-spam", "submit-ham"):
        assert is_plain(call(name, comment_content=HAM), THANKS)

    assert [row.action for row in rows(rulings)] == ["reject", "approve"]
    assert [row.status for row in rows(comments)] == ["approved"]
    assert [(row.false_positives, row.missed_spam) for row in rows(check_counts)] == [(0, 1)]


@pytest.mark.parametrize("overrides", [NOBODY_DECIDES])
def test_feedback_finds_the_author_it_means(call, rows):
    """Of several comments with one text the one whose author, address and ip agree; missing fields do not matter."""
    for name, ip in (("Ann", "192.0.2.1"), ("Ben", "192.0.2.2"), ("Cid", "192.0.2.3")):
        call("comment-check", comment_content=HAM, comment_author=name, user_ip=ip)

    call("submit-spam", comment_content=HAM, comment_author="Ben", user_ip="")
    call("submit-spam", comment_content=f"<p>{HAM}</p>", user_ip="192.0.2.1")

    ruled = {row.author_name: row.status for row in rows(comments)}
    assert ruled == {"Ann": "rejected", "Ben": "rejected", "Cid": "pending"}


@pytest.mark.parametrize("overrides", [NOBODY_DECIDES])
def test_feedback_by_guid_needs_nothing_else(call, rows):
    """The name of the check is enough, and another site's means nothing."""
    guid = call("comment-check", comment_content=HAM).headers["X-akismet-guid"]

    call("submit-spam", guid=guid)

    assert [row.status for row in rows(comments)] == ["rejected"]


@pytest.mark.parametrize("overrides", [NOBODY_DECIDES])
def test_another_sites_checks_are_not_found(call, client, make_site, rows):
    """Neither by name nor by text."""
    guid = call("comment-check", comment_content=HAM).headers["X-akismet-guid"]
    _, other = make_site("other")

    call("submit-spam", api_key=other, guid=guid, comment_content=HAM)

    assert sorted(row.status for row in rows(comments)) == ["pending", "rejected"]


def test_a_comment_never_checked_is_a_label(app, call, site_and_key, rows):
    """It is stored with its ruling, so that the site's model learns from it."""
    assert is_plain(call("submit-spam", comment_content=SPAM, comment_check_response="false"), THANKS)
    assert is_plain(call("submit-ham", comment_content=HAM), THANKS)

    with app.extensions["sluice"].store.read() as connection:
        taught = list(store_of_rulings.ruled_on(connection, site_and_key[0].id))
    assert [(each.text, each.action, each.reason) for each in taught] == [
        (SPAM, "reject", "spam"),
        (HAM, "approve", None),
    ]
    assert [row.missed_spam for row in rows(check_counts)] == [1]


def test_corals_feedback_is_json_without_a_blog(client, key, rows):
    """A flat object with booleans."""
    body = {"api_key": key, "comment_content": SPAM, "user_ip": "", "is_test": False, "comment_author": "Jo"}

    assert client.post("/1.1/submit-spam", json=body).text == THANKS
    assert [row.status for row in rows(comments)] == ["rejected"]


def test_an_address_is_no_name_of_a_moderator(call, rows):
    """Email addresses never appear on a page, so none is stored as who ruled."""
    call("submit-spam", comment_content=SPAM, reporter="anna@blog.example")

    assert [row.moderator for row in rows(rulings)] == ["akismet"]


@pytest.mark.parametrize(
    "fields",
    [{}, {"comment_content": "   "}, {"guid": "nonsense"}, {"guid": "\0" * 50}, {"comment_content": "\0\ud83d"}],
)
def test_feedback_never_fails(call, client, key, fields):
    """Whatever it says, it is thanked for."""
    body = json.dumps({"api_key": key, **fields})

    assert client.post("/1.1/submit-ham", data=body, content_type="application/json").text == THANKS


def test_erased_comments_stay_erased(app, call, client, headers, working, rows):
    """Feedback by the old name does not bring them back, and nothing is left to know the text by."""
    guid = call("comment-check", comment_content=HAM).headers["X-akismet-guid"]
    client.delete(f"/v1/comments/{rows(comments)[0].id}", headers=headers)

    assert is_plain(call("submit-spam", guid=guid, comment_content=HAM), THANKS)

    assert [(row.status, row.ruled) for row in rows(comments)] == [("erased", False)]
    assert [row.digest for row in rows(checks)] == [None]


def test_the_digest_knows_html_and_plain_text_for_one():
    """Spacing, tags, entities and case do not matter; words, sites and installations do."""
    digest = use_cases.digest_of
    same = {
        digest(b"k", "s", text) for text in ("Tom &amp; Jo,  late", "<p>Tom &amp; Jo,<br>late</p>", "tom & jo, LATE")
    }

    assert len(same) == 1
    assert digest(b"k", "t", "tom & jo, late") not in same
    assert digest(b"l", "s", "tom & jo, late") not in same
    assert digest(b"k", "s", "🙂") != digest(b"k", "s", "🙃")
    assert digest(b"k", "s", "<" * 500_000)  # in no time


# --- Reports ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def counted(app, site_and_key):
    """Puts counts into months."""

    def put(month: str, **counts: int) -> None:
        app.extensions["sluice"].store.write(
            lambda connection: use_cases.store.add_to_counts(connection, site_and_key[0].id, month, **counts)
        )

    return put


def test_usage_limit(call, counted):
    """No limit; the percentage is a string; more with `extended`."""
    counted(MONTH, spam=3, ham=4)
    plain = {"limit": "none", "usage": 7, "percentage": "0.00", "throttled": False}

    assert call("usage-limit").json == plain
    assert call("usage-limit", extended="true").json == {**plain, "notice_level": "NOTICE_NONE", "upgrade": False}


def test_reports_can_be_read_with_get(client, key):
    """The calls of version 1.2 take their parameters from the query string."""
    assert client.get(f"/1.2/usage-limit?api_key={key}").json["usage"] == 0
    assert client.get("/1.2/usage-limit").text == "invalid"
    assert client.get("/1.2/key-sites?month=2026-11").text == "invalid"  # PyPI akismet 25.10.1 forgets the key


def test_key_sites_as_json(call, counted):
    """Counts are strings; another month is empty."""
    counted("2026-10", spam=2069, ham=3, false_positives=4)
    row = {"site": "blog.example", "api_calls": "2072", "spam": "2069", "ham": "3", "missed_spam": "0"}
    row |= {"false_positives": "4", "is_revoked": False}

    found = call("key-sites", month="2026-10").json

    assert found == {"2026-10": [row], "limit": 500, "offset": 0, "total": 1}
    assert call("key-sites", month="2025-01").json == {"2025-01": [], "limit": 500, "offset": 0, "total": 0}
    assert call("key-sites").json[MONTH] == []
    assert call("key-sites", month="2026-10", filter="other").json["total"] == 0
    assert call("key-sites", month="2026-10", filter="Blog", order="spam", limit="1").json["limit"] == 1
    assert call("key-sites", month="2026-10", offset="1").json["2026-10"] == []


def test_key_sites_as_csv(call, counted, key):
    """Two lines of heading, then rows."""
    counted("2026-11", spam=2069, ham=3, false_positives=4)

    answer = call("key-sites", month="2026-11", format="csv")

    assert answer.text.split("\n") == [
        f"Active sites for {key} during 2026-11 (limit:500, offset: 0, total: 1)",
        "Site,Total API Calls,Spam,Ham,Missed Spam,False Positives,Is Revoked",
        "blog.example,2072,2069,3,0,4,false",
    ]


def test_stats(call, counted):
    """All six fields of each month, and what they come to."""
    counted("2020-01", spam=100)
    counted(MONTH, spam=10, ham=20, missed_spam=1)
    month = {"spam": 10, "ham": 20, "missed_spam": 1, "false_positives": 0, "blogs": 1, "da": f"{MONTH}-01"}

    for period in ("60-days", "6-months", "1-months"):
        assert call("get-stats", **{"from": period}).json == {
            "spam": 10,
            "ham": 20,
            "missed_spam": 1,
            "false_positives": 0,
            "accuracy": "96.77",
            "time_saved": 120,
            "breakdown": {MONTH: month},
        }
    assert call("get-key-stats", **{"from": "all"}).json["spam"] == 110
    assert call("get-stats", **{"from": "999999-months"}).json["spam"] in (10, 110)


def test_subscription(call):
    """All fields that the settings page of WordPress reads; no address."""
    assert call("get-subscription").json.keys() == {
        "account_id", "account_name", "account_type", "status", "next_billing_date", "user_login", "user_email",
    }  # fmt: skip
    assert call("get-subscription").json["status"] == "active"
