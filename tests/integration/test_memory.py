"""What a site remembers, through the whole service: attacks on it, waves, pace, failures, and what it costs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis
import sqlalchemy as sa

from classifier.domain import Action, Context, Identity, Signal
from classifier.signals import find_signals
from classifier.text import read
from service import rulings
from service.history import Known
from service.pace import Arrival, Pace
from service.queue import connect
from service.store import comments as sql
from service.store.tables import authors, comments, domains, fingerprints
from workers import classify
from workers.upkeep import Upkeep

SUBSTANCE = (
    "The ferry company promised the council {} additional sailings every winter weekend, and neither the timetable "
    "nor the {} budget has mentioned them since the {} minister resigned from the transport committee."
)
TOPICS = ["harbour", "hospital", "library", "airport", "museum", "theatre", "stadium", "tunnel"]
SPAM = "I found this wonderful offer for all of you on https://cheap-watches.example.com/offer so have a look"


@pytest.fixture
def blog(client, headers, here, site_and_key):
    """A blog with a worker's parts at hand."""
    return Blog(client, headers, here, site_and_key[0].id)


class Blog:
    """Short words for what the tests do."""

    def __init__(self, client: Any, headers: dict[str, str], here: Any, site_id: str) -> None:
        self.client, self.headers, self.here, self.site_id = client, headers, here, site_id

    def submit(self, *texts: str, article: str = "https://news.example/a", **fields: Any) -> list[str]:
        """Post comments; their ids."""
        items = [{"article": {"url": article}, "comment": {"text": text, **fields}} for text in texts]
        answer = self.client.post("/v1/comments/batch", json=items, headers=self.headers)
        assert answer.status_code == 200, answer.json
        return [result["comment"]["id"] for result in answer.json["results"]]

    def known(self, *ids: str) -> list[Known]:
        """What the brain would be told of waiting comments."""
        with self.here.store.read() as connection:
            waiting = {comment.id: comment for comment in sql.undecided(connection, ids)}
        return self.here.history.gather([waiting[comment_id] for comment_id in ids], datetime.now(UTC))

    def signals(self, comment_id: str) -> dict[str, Signal]:
        """What a waiting comment's context says, by code."""
        (known,) = self.known(comment_id)
        return {signal.code: signal for signal in find_signals(known.context, read(known.context.text))}

    def decide(self, ids: list[str]) -> None:
        """Let a worker decide, 64 at a time."""
        for at in range(0, len(ids), classify.BATCH):
            classify.decide(self.here, ids[at : at + classify.BATCH])

    def rule(self, ids: list[str], action: Action) -> None:
        """Let a moderator rule."""
        now = datetime.now(UTC)
        for comment_id in ids:
            self.here.store.write(
                lambda c, each=comment_id: rulings.rule(c, self.site_id, each, 1, action, moderator="ann", now=now)
            )

    def a_reader(self, author: dict[str, Any], texts: list[str], action: Action = Action.APPROVE) -> None:
        """Somebody whose comments were ruled on, months ago."""
        ids = self.submit(*texts, author=author)
        self.decide(ids)
        self.rule(ids, action)
        past = datetime.now(UTC) - timedelta(days=60)
        self.here.store.write(lambda c: c.execute(sa.update(authors).values(first_seen=past)))

    def rows(self, table: sa.Table) -> list[dict[str, Any]]:
        """All rows of a table."""
        with self.here.store.read() as connection:
            return [dict(row) for row in connection.execute(sa.select(table)).mappings()]


DIFFERENT = (
    (
        "Nobody on the harbour committee answered our questions last January, although engineers had published "
        "alarming reports about asbestos in both warehouses."
    ),
    (
        "When my grandmother worked at that hospital, nurses were paid overtime; today volunteers carry patients "
        "upstairs because the elevators have been broken since Easter."
    ),
    (
        "The library should simply open on Sundays again. Students have nowhere quiet to study, and lighting two "
        "reading rooms costs less than one fireworks display."
    ),
    (
        "Flights at night wake the entire valley. I measured eighty decibels in our bedroom, sent the recordings to "
        "the airport and never received so much as a receipt."
    ),
    (
        "Contrary to what Professor Lindqvist claims, the museum bought those paintings legally; the invoices were "
        "printed in the Gazette three weeks before the auction."
    ),
    (
        "What struck me about yesterday's performance was how empty the theatre felt: perhaps cheaper tickets for "
        "pensioners would have filled the balcony."
    ),
    (
        "A stadium that stands unused for eleven months deserves neither subsidies nor a second car park, whatever the "
        "union of football supporters repeats."
    ),
    (
        "Flooding in the tunnel was predicted by Greenwood as early as 1998, yet contractors poured cheap concrete and "
        "insurance companies quietly raised premiums afterwards."
    ),
)


def different(count: int) -> list[str]:
    """Comments of substance, each in words of its own."""
    return list(DIFFERENT[:count])


# --- Attacks ------------------------------------------------------------------------------------------------------


def test_trust_cannot_be_borrowed_by_typing_an_address(blog):
    """A signed-in reader's good name, and a verified one, stay with who can prove them."""
    trusted = {"id": "reader-1", "email": "jo@reader.example", "verified": True}
    blog.a_reader(trusted, different(6))
    blog.a_reader({"email": "jo@reader.example", "verified": True}, different(8)[6:])

    (own,) = blog.submit("I agree with every word.", author=trusted)
    (thief,) = blog.submit("I agree with every word!", author={"name": "Jo", "email": "jo@reader.example"})

    assert blog.signals(own)["author.approved_before"].weight < -0.5
    assert "author.approved_before" not in blog.signals(thief)
    (known,) = blog.known(thief)
    assert (known.context.record.identity, known.context.record.approved) == (Identity.TYPED, 0)


def test_nor_can_a_good_name_be_spoilt_by_typing_it(blog):
    """What an impostor under the same address earns stays with the typed address."""
    author = {"id": "reader-1", "email": "jo@reader.example", "verified": True}
    blog.a_reader(author, different(4))
    blog.a_reader({"email": "jo@reader.example"}, [SPAM], Action.REJECT)

    (own,) = blog.submit("I agree with every word.", author=author)

    assert "author.rejected_before" not in blog.signals(own)


def test_five_short_compliments_buy_nothing(blog):
    """Then comes the link; it is judged as a stranger's."""
    author = {"id": "farmer", "name": "Fay"}
    blog.a_reader(author, ["Nice post!", "Great article", "Thank you!", "So true", "Love this blog"])

    (link,) = blog.submit(SPAM, author=author)

    assert blog.signals(link).keys().isdisjoint({"author.approved_before"})
    (row,) = blog.rows(authors)
    assert (row["approved"], row["earned"]) == (5, 0)


def test_the_same_long_comment_again_and_again_buys_nothing(blog):
    """Only the first of copies is to its author's credit, also under other articles."""
    author = {"id": "farmer"}
    for number in range(5):
        ids = blog.submit(
            SUBSTANCE.format("two", "harbour", "last"), author=author, article=f"https://news.example/{number}"
        )
        blog.decide(ids)
        blog.rule(ids, Action.APPROVE)

    (row,) = blog.rows(authors)
    assert (row["approved"], row["earned"]) == (5, 1)


def test_an_edit_after_approval_takes_its_credit_back(blog):
    """The new text is judged afresh, does not vouch for itself, and a quick approval of it earns nothing unseen."""
    ids = blog.submit(*different(3), author={"id": "editor"})
    blog.decide(ids)
    blog.rule(ids, Action.APPROVE)
    before = blog.rows(authors)[0]["earned"]

    change = {"comment": {"text": SPAM, "author": {"id": "editor"}}}
    answer = blog.client.put(f"/v1/comments/{ids[0]}", json=change, headers=blog.headers)

    after = blog.rows(authors)[0]
    assert (before, answer.json["status"]) == (3, "pending")
    assert (after["approved"], after["earned"]) == (2, 2)
    assert "links.new_domain" in blog.signals(ids[0])
    now = datetime.now(UTC)
    blog.here.store.write(lambda c: rulings.rule(c, blog.site_id, ids[0], 2, Action.APPROVE, moderator="ann", now=now))
    assert blog.rows(authors)[0]["earned"] == 2


# --- Waves --------------------------------------------------------------------------------------------------------


def test_a_wave_is_seen_from_its_third_comment_on(blog):
    """Different authors, articles and small words; in one batch and over batches."""
    texts = [
        SUBSTANCE.format(number, topic, when) for number in range(10) for topic in TOPICS for when in ("last", "first")
    ]
    ids = [
        comment_id
        for number, text in enumerate(texts)
        for comment_id in blog.submit(text, article=f"https://news.example/{number}", author={"name": f"N{number}"})
    ]
    strangers = blog.submit(*different(8))

    first = [each.context.likeness for each in blog.known(*ids[:64])]
    blog.decide(ids[:128])
    later = [each.context.likeness for each in blog.known(*ids[128:], *strangers)]

    assert sum(like.similar >= 2 for like in first) >= 0.9 * 64
    assert all(like.similar >= 60 for like in later[:-8])
    assert all(like.similar == 0 for like in later[-8:])


def test_what_moderators_did_with_a_wave_is_known(blog):
    """The next one is held, and the message says how many were rejected."""
    ids = [blog.submit(SUBSTANCE.format(n, "harbour", "last"), author={"id": f"u{n}"})[0] for n in range(6)]
    blog.decide(ids)
    blog.rule(ids[:5], Action.REJECT)

    (next_one,) = blog.submit(SUBSTANCE.format("seven", "harbour", "last"), author={"id": "u9"})
    signal = blog.signals(next_one)["campaign.near_duplicate"]

    assert signal.message == "6 comments like this in 7 days, 5 of them rejected."
    assert signal.forces is Action.HOLD
    blog.decide([next_one])
    assert blog.client.get(f"/v1/comments/{next_one}", headers=blog.headers).json["status"] in ("held", "rejected")


def test_who_sends_a_comment_twice_is_no_wave(blog):
    """The same author under the same article: a double click."""
    author = {"id": "jo"}
    blog.decide(blog.submit(*different(1), author=author))

    (again,) = blog.submit(*different(1), author=author)
    (elsewhere,) = blog.submit(*different(1), author=author, article="https://news.example/other")

    assert "duplicate.same_text" not in blog.signals(again)
    assert "duplicate.same_text" in blog.signals(elsewhere)


def test_erasing_a_comment_forgets_its_text_its_links_and_its_author(blog):
    """Nothing of it is left in what the site remembers."""
    (comment_id,) = blog.submit(different(1)[0] + " https://some.example.com/x", author={"id": "jo"})
    blog.decide([comment_id])
    assert all(blog.rows(table) for table in (fingerprints, domains, authors))

    blog.client.delete(f"/v1/comments/{comment_id}", headers=blog.headers)

    assert blog.rows(fingerprints) == blog.rows(domains) == blog.rows(authors) == []
    (row,) = blog.rows(comments)
    assert (row["author_key"], row["link_domains"], row["earns"]) == (None, None, False)


def test_old_fingerprints_are_forgotten_by_upkeep(blog, settings):
    """After thirty days a text is not known again."""
    blog.decide(blog.submit(*different(4)))
    past = datetime.now(UTC) - timedelta(days=31)
    blog.here.store.write(lambda c: c.execute(sa.update(fingerprints).values(seen_at=past)))

    Upkeep(settings).forget_what_is_old()

    assert blog.rows(fingerprints) == []


# --- Links and parents --------------------------------------------------------------------------------------------


def test_a_domain_is_new_once_and_bad_after_rejections(blog):
    """What a moderator did with its links is told to the next comment."""
    ids = blog.submit(SPAM, SPAM.replace("wonderful", "great"), author={"id": "u1"})
    assert "links.new_domain" in blog.signals(ids[0])
    blog.decide(ids)
    blog.rule(ids, Action.REJECT)

    (next_one,) = blog.submit("Look at www.example.com please", author={"id": "u2"})

    signal = blog.signals(next_one)["links.bad_domain"]
    assert signal.message == "2 comments with a link to example.com were rejected before."


def test_the_comment_answered_reaches_the_brain(blog):
    """By the blog's own id of it."""
    blog.submit("What did the drone hit?", id="c1")
    (answer,) = blog.submit("The bomb hit the old bridge.", parent_id="c1")

    assert blog.known(answer)[0].context.parent_text == "What did the drone hit?"


# --- Pace ---------------------------------------------------------------------------------------------------------

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def test_pace_counts_authors_networks_and_sites(redis_url):
    """Over ten minutes, each by itself; the day before gives a site's usual pace."""
    pace = Pace(connect(redis_url))
    arrivals = [Arrival(NOON, "site", f"a{n % 2}", "net" if n < 6 else None) for n in range(10)]
    pace.count([Arrival(NOON - timedelta(days=1), "site", None, None)] * 288)

    rates = pace.count(arrivals)

    assert (rates[0].author, rates[0].network, rates[0].site, rates[9].network) == (5, 6, 10, None)
    assert rates[0].site_usual == 2.0
    (later,) = pace.count([Arrival(NOON + timedelta(minutes=5), "site", "a0", "net")])
    assert (later.author, later.network, later.site) == (6, 7, 11)
    (much_later,) = pace.count([Arrival(NOON + timedelta(minutes=10), "other", "a0", "net")])
    assert (much_later.author, much_later.site) == (2, 1)


def test_pace_is_one_round_trip_and_expires(redis_url):
    """A batch costs one command, and what it leaves in Redis goes by itself."""
    client = connect(redis_url)
    pace = Pace(client)
    pace.count([Arrival(NOON, "site", "a", "n")])
    before = client.info("commandstats")["cmdstat_evalsha"]["calls"]

    pace.count([Arrival(NOON, "site", f"a{n}", f"n{n}") for n in range(64)])

    assert client.info("commandstats")["cmdstat_evalsha"]["calls"] == before + 1
    assert all(0 < client.ttl(key) <= 2 * 86_400 for key in client.scan_iter("sluice:pace:*"))


def test_without_redis_nobody_counts(tmp_path):
    """No signal, no error, and no second wait for the same time-out."""
    pace = Pace(redis.Redis.from_url(f"unix://{tmp_path}/nobody.sock"))

    assert pace.count([Arrival(NOON, "site", "a", "n")] * 3) == [None] * 3
    assert pace.count([]) == []


def test_a_robot_is_seen_through_the_service(blog):
    """Thirty comments in a moment from one address."""
    ids = blog.submit(
        *(f"Number {n} of many." for n in range(30)), author={"email": "x@y.example", "ip": "203.0.113.9"}
    )

    (known, *_) = blog.known(*ids)

    assert (known.context.rates.author, known.context.rates.network) == (30, 30)


# --- Cost and failures --------------------------------------------------------------------------------------------


def statements(blog: Blog, ids: list[str]) -> int:
    """How many statements it takes to decide a batch; policies are looked at once a second, whatever comes."""
    seen: list[str] = []

    def count(*arguments: Any) -> None:
        if "policies" not in arguments[2]:
            seen.append(arguments[2])

    sa.event.listen(blog.here.store.engine, "before_cursor_execute", count)
    try:
        classify.decide(blog.here, ids)
    finally:
        sa.event.remove(blog.here.store.engine, "before_cursor_execute", count)
    return len(seen)


def test_a_batch_costs_as_many_statements_as_one_comment(blog):
    """Everything is looked up and stored for all at once."""
    fields = {"parent_id": "c1"}
    blog.decide(blog.submit(*different(8), *[f"{text} https://x.example.com" for text in different(8)], id=None))
    links = [f"{SUBSTANCE.format(n, TOPICS[n % 8], n)} https://site{n}.com" for n in range(64)]
    many = [blog.submit(text, author={"id": f"u{n}"}, **fields)[0] for n, text in enumerate(links[:63])]
    (one,) = blog.submit(links[63], author={"id": "u63"}, **fields)

    single = statements(blog, [one])
    batch = statements(blog, many)

    assert batch <= single + 1
    assert batch <= 16


def test_a_text_that_cannot_be_read_harms_nobody_else(blog, monkeypatch):
    """It is left to the brain, which holds it alone."""
    original = read

    def fragile(text: str) -> Any:
        if "poison" in text:
            raise ValueError("broken")
        return original(text)

    monkeypatch.setattr("service.history.read", fragile)
    ids = blog.submit(different(1)[0], "poison", different(2)[1])

    known = blog.known(*ids)

    assert [each.document is None for each in known] == [False, True, False]
    assert isinstance(known[1].context, Context)
    assert known[1].evidence.fingerprint is None
