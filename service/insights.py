"""How moderation goes on a site, in numbers that each come with their count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import median, quantiles
from typing import Final

from sqlalchemy.engine import Connection

from classifier.triage import BAD_FROM, FINE_BELOW, UNKNOWN_RISK, Lane
from service.store import insights as store

#: A moderator's gap between two rulings that is longer was a pause.
PAUSE_SECONDS: Final = 60.0
#: What a ruling takes where nobody has ruled yet.
USUAL_SECONDS: Final = 7.0
PACE_ACTS: Final = 500
#: Rulings that a reason needs to be listed.
FEWEST: Final = 3


@dataclass(frozen=True, slots=True)
class Day:
    """What happened on one day, in UTC."""

    date: datetime
    approved: int
    held: int
    rejected: int
    ruled: int


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many, with the 95% interval."""

    hits: int
    of: int

    @property
    def value(self) -> float:
        """The share; 0 of nothing."""
        return self.hits / self.of if self.of else 0.0

    @property
    def bounds(self) -> tuple[float, float]:
        """Wilson's."""
        from classifier.compare import interval  # noqa: PLC0415 - with the brain, which the first requests do not need

        return interval(self.hits, self.of) if self.of else (0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Wait:
    """How long good comments waited for a person, in seconds."""

    comments: int
    median: float
    ninetieth: float


@dataclass(slots=True)
class Insights:
    """The page's numbers."""

    days: list[Day] = field(default_factory=list)
    lanes: dict[Lane, Share] = field(default_factory=dict)
    """Of the comments of a lane that people ruled on, how many they decided as the lane says."""
    overruled: Share = Share(0, 0)
    """Of the comments that the machine had published or rejected by itself and people ruled on, how many were wrong."""
    wait: Wait | None = None
    rules: list[tuple[str, Share]] = field(default_factory=list)
    """For each reason, of the comments held or rejected with it that people ruled on, how many they rejected."""
    seconds_per_ruling: float = USUAL_SECONDS


def insights(connection: Connection, site_id: str, days: int, now: datetime) -> Insights:
    """The numbers of the last days."""
    since = now - timedelta(days=days)
    found = Insights(days=_days(connection, site_id, days, now))
    lanes: dict[Lane, list[bool]] = {lane: [] for lane in Lane}
    waits: list[float] = []
    rules: dict[str, Counter[str]] = {}
    wrong, alone = 0, 0
    for row in store.ruled_with_decisions(connection, site_id, since):
        approved = row.verb == "approve"
        if row.action == "hold":
            lane = _lane(row.scores)
            lanes[lane].append(approved == (lane is not Lane.BAD))
            if approved:
                waits.append((row.at - row.received_at).total_seconds())
        else:
            alone += 1
            wrong += approved != (row.action == "approve")
        for code in {reason["code"] for reason in row.reasons}:
            rules.setdefault(code, Counter())[row.verb] += 1
    found.lanes = {lane: Share(sum(right), len(right)) for lane, right in lanes.items()}
    found.overruled = Share(wrong, alone)
    found.wait = _wait(waits)
    shares = [(code, Share(counted["reject"], counted.total())) for code, counted in rules.items()]
    found.rules = sorted((each for each in shares if each[1].of >= FEWEST), key=lambda each: (-each[1].of, each[0]))
    found.seconds_per_ruling = pace(connection, site_id, now)
    return found


def pace(connection: Connection, site_id: str, now: datetime) -> float:
    """Seconds that a ruling takes this site's moderators: the median gap between two of theirs, pauses left out."""
    moments = store.moments_of_acts(connection, site_id, now - timedelta(days=30), PACE_ACTS)
    last: dict[str, datetime] = {}
    gaps: list[float] = []
    for actor, at in moments:
        if actor in last and (gap := (at - last[actor]).total_seconds()) <= PAUSE_SECONDS:
            gaps.append(gap)
        last[actor] = at
    return median(gaps) if len(gaps) >= 10 else USUAL_SECONDS


def _days(connection: Connection, site_id: str, days: int, now: datetime) -> list[Day]:
    last = int(now.timestamp()) // store.DAY
    since = datetime.fromtimestamp((last - days + 1) * store.DAY, UTC)
    decided = store.decided_per_day(connection, site_id, since)
    ruled = store.ruled_per_day(connection, site_id, since)
    found = []
    for number in range(last - days + 1, last + 1):
        counts = decided.get(number, {})
        found.append(
            Day(
                datetime.fromtimestamp(number * store.DAY, UTC),
                counts.get("approve", 0),
                counts.get("hold", 0),
                counts.get("reject", 0),
                ruled.get(number, 0),
            )
        )
    return found


def _lane(scores: dict[str, float] | None) -> Lane:
    risk = max((scores or {}).values(), default=UNKNOWN_RISK)
    return Lane.BAD if risk >= BAD_FROM else Lane.FINE if risk < FINE_BELOW else Lane.UNCERTAIN


def _wait(seconds: Sequence[float]) -> Wait | None:
    if not seconds:
        return None
    high = quantiles(seconds, n=10)[-1] if len(seconds) > 1 else seconds[0]
    return Wait(len(seconds), median(seconds), high)
