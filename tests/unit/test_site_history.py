"""What a site's own experience says for and against a comment; and how it cannot be gamed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from classifier.domain import (
    Action,
    Article,
    Author,
    AuthorRecord,
    Context,
    DomainRecord,
    Identity,
    Likeness,
    Rates,
    Signal,
)
from classifier.history import (
    MOST_DISTRUST,
    MOST_TRUST,
    MOST_TRUST_WITH_LINK,
    author_signals,
    domain_signals,
    has_substance,
    likeness_signals,
    rate_signals,
)
from classifier.text import read

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=90)
SUBSTANCE = (
    "The ferry company promised the council two additional sailings every winter weekend, and neither the timetable "
    "nor the harbour budget has mentioned them since the minister resigned."
)


def a_record(identity: Identity = Identity.SIGNED, **fields: Any) -> AuthorRecord:
    """A reader the site has seen for months, and yesterday."""
    return AuthorRecord(
        **{"identity": identity, "first_seen": LONG_AGO, "last_seen": NOW - timedelta(days=1), **fields}
    )


def said_of(record: AuthorRecord | None, text: str = "I disagree.", **fields: Any) -> list[Signal]:
    """The author's signals on a comment."""
    return list(author_signals(Context(text=text, record=record, now=NOW, **fields), read(text)))


def weight_of(record: AuthorRecord, text: str = "I disagree.", **fields: Any) -> float:
    """All of them together."""
    return sum(signal.weight for signal in said_of(record, text, **fields))


def test_a_known_author_is_trusted_a_little_the_stronger_the_identity():
    """A signed id outweighs a verified address, and that a typed one, which counts for next to nothing."""
    weights = [weight_of(a_record(identity, approved=40, earned=40)) for identity in Identity]

    assert weights == sorted(weights)
    assert weights[0] == pytest.approx(-MOST_TRUST[Identity.SIGNED], abs=0.01)
    assert -0.2 <= weights[2] < 0


def test_nobody_is_judged_without_a_record():
    """Unknown is not bad."""
    assert said_of(None) == []
    assert said_of(AuthorRecord()) == []


@pytest.mark.parametrize(
    "record",
    [
        a_record(approved=5),
        a_record(approved=2, earned=2),
        a_record(approved=9, earned=9, first_seen=NOW - timedelta(hours=30)),
    ],
    ids=["greetings only", "two comments", "all in one day"],
)
def test_trust_is_not_farmed(record):
    """Neither by compliments, nor by one or two comments, nor in one sitting."""
    assert said_of(record) == []


def test_trust_buys_no_link():
    """With a link in the comment or on the name, trust is worth little: accounts are sold for that."""
    record = a_record(approved=200, earned=200)

    assert weight_of(record, "See https://a.example now") == -MOST_TRUST_WITH_LINK
    assert weight_of(record, author=Author(url="https://a.example")) == -MOST_TRUST_WITH_LINK


def test_trust_fades():
    """Half of it in half a year of silence."""
    fresh = a_record(approved=40, earned=40, last_seen=NOW)
    stale = a_record(approved=40, earned=40, last_seen=NOW - timedelta(days=180))

    assert weight_of(stale) == pytest.approx(weight_of(fresh) / 2, abs=1e-3)


def test_rejections_end_trust():
    """One among fifty good comments is forgiven, one among ten is not, and then even speaks against the author."""
    forgiven, spotted = (a_record(approved=good, earned=good, rejected=1) for good in (50, 10))

    assert weight_of(forgiven) < -1
    assert 0 <= weight_of(spotted) < 0.3


def test_bad_history_counts_whoever_typed_the_address():
    """Under a typed address good comments hardly excuse bad ones; a signed-in author's do."""
    bad = {"rejected": 5, "approved": 100, "earned": 100}

    assert weight_of(a_record(Identity.TYPED, **bad)) > 1.5
    assert weight_of(a_record(Identity.SIGNED, **bad)) < 0.2


def test_a_moderators_rejection_counts_more_than_the_machines():
    """And no history is more than a bound."""
    by_machine, by_person = a_record(rejected=2), a_record(rejected=2, ruled_rejected=2)

    assert weight_of(by_machine) < weight_of(by_person)
    assert weight_of(a_record(rejected=10_000, ruled_rejected=10_000)) <= MOST_DISTRUST


def test_the_message_says_what_can_be_checked():
    """Counts, and who rejected."""
    (signal,) = said_of(a_record(rejected=3, ruled_rejected=1))

    assert signal.code == "author.rejected_before"
    assert signal.message == "3 comments of this author were rejected before, 1 by a moderator."


@pytest.mark.parametrize(
    ("text", "worth"),
    [
        ("Nice post!", False),
        ("Great article, thank you so much for sharing this with all of us here, keep up the good work!", False),
        ("thanks " * 40, False),
        (SUBSTANCE, True),
        (SUBSTANCE + " https://a.example", False),
    ],
)
def test_what_earns_credit(text, worth):
    """Sentences of one's own do; greetings, repetition and links do not."""
    assert has_substance(read(text)) is worth


# --- Pace ---------------------------------------------------------------------------------------------------------


def pace_codes(**rates: Any) -> list[str]:
    """The codes that a pace gives."""
    return [signal.code for signal in rate_signals(Context(text="x", rates=Rates(**rates)), read("x"))]


def test_people_in_a_heated_thread_are_not_fast():
    """Eight comments in ten minutes are possible, and twenty from one office."""
    assert pace_codes(author=8, network=20, site=60) == []
    assert pace_codes() == []


def test_machines_are():
    """Each kind has a name of its own."""
    assert pace_codes(author=9, site=50) == ["velocity.author"]
    assert pace_codes(network=40, site=100) == ["velocity.network"]
    assert pace_codes(site=500, site_usual=10.0) == ["velocity.site"]


def test_a_blog_that_sends_its_own_proxys_address_is_not_punished():
    """When all comments come from one network, the network says nothing."""
    assert pace_codes(network=90, site=100) == []


def test_a_busy_site_is_not_unusual_for_itself():
    """Nor is one whose usual pace nobody knows yet."""
    assert pace_codes(site=500, site_usual=100.0) == []
    assert pace_codes(site=500) == []


def test_pace_is_bounded():
    """It alone holds nothing."""
    context = Context(text="x", rates=Rates(author=10**6, network=10**6, site=10**7, site_usual=1.0))

    assert [signal.weight for signal in rate_signals(context, read("x"))] == [1.5, 1.0, 0.3]


# --- Copies -------------------------------------------------------------------------------------------------------


def copies(**fields: Any) -> dict[str, Signal]:
    """What copies say, by code."""
    context = Context(text="x", likeness=Likeness(**fields))
    return {signal.code: signal for signal in likeness_signals(context, read("x"))}


def test_no_copies_no_signal():
    """Nor when nobody looked."""
    assert copies() == {}
    assert list(likeness_signals(Context(text="x"), read("x"))) == []


def test_copies_are_counted_in_words():
    """How many, since when, and what became of them."""
    found = copies(same=1, similar=12, rejected=9)

    assert found["duplicate.same_text"].message == "The same text was posted here once in 7 days, 9 of them rejected."
    assert found["campaign.near_duplicate"].message == "12 comments like this in 7 days, 9 of them rejected."
    assert found["campaign.near_duplicate"].forces is Action.HOLD


def test_one_similar_comment_is_chance():
    """Two people may say nearly the same."""
    assert copies(similar=1) == {}
    assert set(copies(similar=2)) == {"campaign.near_duplicate"}
    assert copies(similar=500)["campaign.near_duplicate"].forces is None


def test_a_text_that_moderators_approve_is_welcome():
    """A petition's words come often, and speak against nobody."""
    unknown, welcome = copies(same=20, similar=20), copies(same=20, similar=20, approved=15)

    assert welcome["duplicate.same_text"].weight < unknown["duplicate.same_text"].weight / 2


# --- Domains ------------------------------------------------------------------------------------------------------

LINKED = "I wrote about it on https://www.shop.example.com/page today"


def domain_codes(text: str = LINKED, **known: DomainRecord) -> dict[str, Signal]:
    """What the site knows of example.com says, by code."""
    domains = {name.replace("_", "."): record for name, record in known.items()}
    context = Context(text=text, domains=domains, now=NOW, article=Article(url="https://blog.example.net/a"))
    return {signal.code: signal for signal in domain_signals(context, read(text))}


def test_a_new_domain_is_weak_evidence_and_is_shown():
    """Its link is marked in the raw text."""
    signal = domain_codes()["links.new_domain"]

    assert 0 < signal.weight <= 0.5
    assert [LINKED[span.start : span.end] for span in signal.spans] == ["https://www.shop.example.com/page"]
    assert "example.com" in signal.message


def test_the_sites_own_domain_is_not_new():
    """People link to its other articles."""
    assert domain_codes("See https://www.example.net/other for that") == {}


def test_nobody_looked():
    """A preview knows nothing of the site."""
    assert list(domain_signals(Context(text=LINKED), read(LINKED))) == []


def test_a_domain_of_rejected_comments_is_bad():
    """A person's rejections weigh more than the machine's; approvals speak against it."""
    machine = domain_codes(example_com=DomainRecord(rejected=2))["links.bad_domain"].weight
    person = domain_codes(example_com=DomainRecord(rejected=2, ruled_rejected=2))["links.bad_domain"].weight

    assert 1.0 < machine < person < 3.0
    assert "links.bad_domain" not in domain_codes(example_com=DomainRecord(rejected=2, approved=3))


def test_spammers_cannot_spoil_a_good_domain():
    """Fifty rejected comments that quote a video site beside many honest ones do not make it bad."""
    assert domain_codes(example_com=DomainRecord(rejected=50, approved=60)) == {}


def test_a_domain_becomes_known_by_a_person_or_by_time():
    """A wave that the machine let through does not vouch for itself."""
    wave = DomainRecord(approved=50, first_seen=NOW - timedelta(hours=3))
    custom = DomainRecord(approved=50, first_seen=LONG_AGO)
    ruled = DomainRecord(approved=1, ruled_approved=1, first_seen=NOW)

    assert domain_codes(example_com=wave) == {}
    assert domain_codes(example_com=custom)["links.known_domain"].weight < 0
    assert "links.known_domain" in domain_codes(example_com=ruled)
