"""Searching the history: operators are read as they are written, whatever the line."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.act_search import MAX_CHARS, OPERATORS, ActSearch, Fault, read_search, without_people, write_search
from service.acts import Verb

WORDS = st.text(st.characters(exclude_characters='"\0', exclude_categories=["Cs"]), min_size=1, max_size=12).filter(
    lambda word: word.strip() == word
)
PIECES = st.one_of(
    st.tuples(st.sampled_from(OPERATORS), st.sampled_from([":", ':"', "::", " : "]), WORDS).map("".join), WORDS
)
NAMED = {
    name: st.none() | WORDS for name in ("author", "domain", "article", "rule", "reason", "by", "site", "lang", "model")
}
MOMENTS = st.none() | st.datetimes(timezones=st.just(UTC))
SEARCHES = st.builds(
    ActSearch,
    **NAMED,
    before=MOMENTS,
    after=MOMENTS,
    verb=st.none() | st.sampled_from(Verb),
    states=st.frozensets(st.sampled_from(["undone", "batch", "appealed"])),
    text=st.lists(WORDS, max_size=4).map(tuple),
)


def test_operators_words_and_quotations_fit_together():
    """In any order; what is no operator of ours is a word, an address among it."""
    search, faults = read_search('by:Ada "free socks" is:batch http://x.example author:"Jo Reader" verb:REJECT lang:')

    assert faults == []
    assert search == ActSearch(
        by="Ada",
        author="Jo Reader",
        verb=Verb.REJECT,
        states=frozenset({"batch"}),
        text=("free socks", "http://x.example"),
    )


def test_a_quotation_an_address_and_a_time_are_no_unknown_operators():
    """They are words that are looked for."""
    assert read_search('"foo:bar" https://x.example 12:30') == (
        ActSearch(text=("foo:bar", "https://x.example", "12:30")),
        [],
    )


def test_days_and_moments():
    """A day begins in UTC; a moment may have its zone."""
    search, _ = read_search("after:2026-03-01 before:2026-03-02T12:00:00+02:00")

    assert search.after == datetime(2026, 3, 1, tzinfo=UTC)
    assert search.before == datetime(2026, 3, 2, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("is:odd", Fault("is", "odd")),
        ("verb:love", Fault("verb", "love")),
        ("before:yesterday", Fault("before", "yesterday")),
        ("foo:bar", Fault("foo", "bar")),
        ("after:0001-01-01T00:00:00+14:00", Fault("after", "0001-01-01T00:00:00+14:00")),
    ],
)
def test_what_cannot_be_is_told(line: str, fault: Fault):
    """And left out, so that whoever acts on the result can be stopped."""
    assert read_search(line) == (ActSearch(), [fault])


@given(st.lists(PIECES, max_size=12).map(" ".join) | st.text())
def test_every_line_is_read(line: str):
    """Nothing makes it fail, and what was read is read again from what is written."""
    search, _ = read_search(line)

    assert read_search(write_search(search)) == (search, [])


@given(SEARCHES)
def test_what_is_written_is_read(search: ActSearch):
    """Every search has its line."""
    line = write_search(search)

    if len(line) <= MAX_CHARS:
        assert read_search(line) == (search, [])


def test_long_lines_take_no_longer_than_they_are():
    """Ten times the text in about ten times the time, whatever it is made of; a square would be a hundred times."""
    for piece in ('"', ":", "by:", 'by:"', '" ', "a", '"a:'):
        took = []
        for count in (20_000, 200_000):
            line = piece * count
            began = time.perf_counter()
            read_search(line, most=len(line))
            took.append(time.perf_counter() - began)
        assert took[1] < 1.0, piece


def test_what_is_kept_of_a_search_names_no_reader():
    """The record outlives the comment's erasure: that there was a name or a quotation is all it says."""
    kept = without_people(read_search('author:Wilhelmina domain:wilhelmina.example "her secret" by:ada is:undone')[0])

    assert kept == {"author": True, "domain": True, "text": True, "by": "ada", "states": ["undone"]}
