"""Parts of the desk's bulk pages: filters in addresses, pictures as numbers, and how many mistakes to expect."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.desk.drawings import HISTOGRAM_BARS, HISTOGRAM_WIDTH, SPARK_HEIGHT, histogram, lines, sparkline
from service.desk.wanted import WantedError, read_wanted, write_wanted
from service.mistakes import FEWEST, mistakes_of
from service.store.pages import Sort, View, Wanted

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TEXTS = st.none() | st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20
).map(str.strip).filter(bool)
WANTED = st.builds(
    Wanted,
    view=st.sampled_from(View),
    sort=st.sampled_from(Sort),
    reason=TEXTS,
    language=TEXTS,
    author=TEXTS,
    domain=TEXTS,
    text=TEXTS,
    before=st.none() | st.datetimes(timezones=st.just(UTC)),
    risk_from=st.none() | st.floats(0, 1),
    risk_to=st.none() | st.floats(0, 1),
)


@given(WANTED)
def test_filters_survive_the_address(wanted: Wanted):
    """What is written is read, and what is as it is anyway is not written."""
    assert read_wanted(write_wanted(wanted), NOON) == wanted
    assert write_wanted(Wanted()) == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("view", "nowhere"),
        ("sort", "-1"),
        ("risk_from", "nan"),
        ("risk_to", "1.5"),
        ("risk_to", "inf"),
        ("before", "soon"),
        ("q", "a\0b"),
        ("risk", "40"),
        ("risk", "40-101"),
        ("age", "soon"),
        ("author", "x" * 301),
    ],
)
def test_a_filter_that_says_nothing_is_refused(name: str, value: str):
    """Leaving it out would act on more than was asked for."""
    with pytest.raises(WantedError) as caught:
        read_wanted({name: value}, NOON)
    assert caught.value.name == name


def test_filters_of_other_pages_do_not_matter():
    """An address may hold more than ours, and empty fields of a form."""
    assert read_wanted({"cursor": "x", "view": "", "risk_from": "0,5"}, NOON) == Wanted(risk_from=0.5)


def test_the_queues_own_ways_to_say_it():
    """Risk in percent, and how long something waits."""
    wanted = read_wanted({"risk": "40-90", "age": "6h", "lang": "de", "q": "roof"}, NOON)

    assert wanted == Wanted(risk_from=0.4, risk_to=0.9, before=NOON - timedelta(hours=6), language="de", text="roof")


@given(st.lists(st.floats(0, 1)))
def test_every_comment_is_in_one_bar(risks: list[float]):
    """Those with a risk of 1 too; what is not nothing can be seen, and bars do not overlap."""
    bars = histogram(risks)

    assert len(bars) == HISTOGRAM_BARS
    assert sum(bar.count for bar in bars) == len(risks)
    assert all((bar.height >= 2) == (bar.count > 0) for bar in bars)
    assert all(one.x + one.width <= other.x for one, other in pairwise(bars))
    assert bars[-1].x + bars[-1].width <= HISTOGRAM_WIDTH


@given(
    st.lists(st.tuples(st.integers(0, 2_000), st.integers(1, 500)), min_size=1, max_size=40, unique_by=lambda p: p[0])
)
def test_a_sparkline_counts_everything(hours: list[tuple[int, int]]):
    """From the first hour to the last, in bars that fit."""
    bars = sparkline(sorted((NOON + timedelta(hours=hour), count) for hour, count in hours))

    assert sum(bar.count for bar in bars) == sum(count for _, count in hours)
    assert all(0 <= bar.y <= SPARK_HEIGHT for bar in bars)
    assert bars[0].count
    assert bars[-1].count


def test_lines_stand_from_left_to_right():
    """Each label in a row of its own."""
    drawn = lines({"reject": 0.99, "hold": 0.5})

    assert [(line.label, line.x, line.row) for line in drawn] == [("hold", 400.0, 0), ("reject", 792.0, 1)]


def test_too_few_rulings_say_nothing():
    """No number is better than a wrong one."""
    assert mistakes_of(0, FEWEST - 1, 500).expected is None


def test_mistakes_come_with_their_interval():
    """One of fifty went the other way: of five hundred about ten, between hardly any and fifty-three."""
    found = mistakes_of(1, 50, 500)

    assert found.expected == 10
    assert found.least == pytest.approx(0.25, abs=0.05)
    assert found.most == pytest.approx(53.2, abs=0.3)


@given(st.integers(FEWEST, 400), st.data())
def test_the_interval_holds_the_estimate(looked: int, data: st.DataObject):
    """And stays within what is there."""
    wrong = data.draw(st.integers(0, looked))
    found = mistakes_of(wrong, looked, 100)

    assert 0 <= found.least <= found.expected + 1e-9
    assert found.expected <= found.most + 1e-9
    assert found.most <= 100
