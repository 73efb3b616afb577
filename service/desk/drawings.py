"""Small pictures as plain numbers, which templates draw as SVG: no script, no inline style, readable without colour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from classifier.triage import BAD_FROM, FINE_BELOW, Lane

SPARK_WIDTH: Final = 160
SPARK_HEIGHT: Final = 32
_SPARK_BARS: Final = 32
HISTOGRAM_BARS: Final = 40
HISTOGRAM_WIDTH: Final = 800
HISTOGRAM_HEIGHT: Final = 160


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a picture, what it counts, and what it is a kind of."""

    x: float
    y: float
    width: float
    height: float
    count: int
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """An upright line with what it says; ``row`` keeps labels apart."""

    x: float
    label: str
    row: int


def sparkline(hours: Sequence[tuple[datetime, int]]) -> list[Bar]:
    """How many came when, from the first hour to the last, in a few bars."""
    if not hours:
        return []
    first, last = hours[0][0], hours[-1][0] + timedelta(hours=1)
    span = max((last - first) / timedelta(hours=1), 1.0)
    bars = int(min(span, _SPARK_BARS))
    counts = [0] * bars
    for hour, count in hours:
        at = int((hour - first) / timedelta(hours=1) / span * bars)
        counts[min(at, bars - 1)] += count
    return _bars(counts, SPARK_WIDTH, SPARK_HEIGHT, [""] * bars)


def histogram(risks: Sequence[float]) -> list[Bar]:
    """How many comments have which risk, each bar of the kind of its lane; a risk of 1 is in the last bar."""
    counts = [0] * HISTOGRAM_BARS
    for risk in risks:
        counts[min(int(risk * HISTOGRAM_BARS), HISTOGRAM_BARS - 1)] += 1
    kinds = []
    for at in range(HISTOGRAM_BARS):
        middle = (at + 0.5) / HISTOGRAM_BARS
        kinds.append(Lane.BAD if middle >= BAD_FROM else Lane.FINE if middle < FINE_BELOW else Lane.UNCERTAIN)
    return _bars(counts, HISTOGRAM_WIDTH, HISTOGRAM_HEIGHT, [kind.value for kind in kinds])


def lines(places: Mapping[str, float]) -> list[Line]:
    """The lines of a policy over a histogram, from left to right."""
    ordered = sorted(places.items(), key=lambda pair: (pair[1], pair[0]))
    return [Line(round(place * HISTOGRAM_WIDTH, 1), label, row) for row, (label, place) in enumerate(ordered)]


def _bars(counts: Sequence[int], width: int, height: int, kinds: Sequence[str]) -> list[Bar]:
    """Bars side by side; whatever is not nothing can be seen."""
    highest = max(counts, default=0) or 1
    step = width / max(len(counts), 1)
    bars = []
    for at, (count, kind) in enumerate(zip(counts, kinds, strict=True)):
        tall = max(count / highest * height, 2.0) if count else 0.0
        bars.append(
            Bar(round(at * step, 2), round(height - tall, 2), round(step * 0.86, 2), round(tall, 2), count, kind)
        )
    return bars
