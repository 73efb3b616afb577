"""How fast comments come, by author, by network and by site: counters in Redis under pseudonyms.

Time is cut into pieces of five minutes by when a comment arrived, so that work put off does not look like haste; a
count is that of a comment's piece and the one before. One round trip serves a batch. Without Redis nobody counts and
nothing is held against anyone.
"""

from __future__ import annotations

import collections
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast

import redis
from prometheus_client import Counter

import config.logs
from classifier.domain import Rates

log = config.logs.get("pace")

UNCOUNTED: Final = Counter("sluice_pace_uncounted_total", "Comments whose pace is unknown because Redis was away")
PIECE_SECONDS: Final = 300
DAY_SECONDS: Final = 86_400
#: A site's usual pace is per this many seconds.
SPAN_SECONDS: Final = 2 * PIECE_SECONDS
#: After Redis failed to answer, it is left alone for so long.
AWAY_SECONDS: Final = 1.0

# KEYS: pairs of a counter and the one of the piece before. ARGV: for each pair what to add and for how long to keep it.
_COUNT: Final = """
local counts = {}
for pair = 1, #KEYS / 2 do
    local now = redis.call('INCRBY', KEYS[2 * pair - 1], ARGV[2 * pair - 1])
    redis.call('EXPIRE', KEYS[2 * pair - 1], ARGV[2 * pair])
    counts[2 * pair - 1] = now
    counts[2 * pair] = tonumber(redis.call('GET', KEYS[2 * pair]) or 0)
end
return counts
"""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A comment that came: when, where, from whom and from which network (pseudonyms)."""

    at: datetime
    site: str
    author: str | None
    network: str | None


class Pace:
    """Counts arrivals."""

    def __init__(self, connection: redis.Redis) -> None:
        self._count = connection.register_script(_COUNT)
        self._away_until = float("-inf")

    def count(self, arrivals: Sequence[Arrival]) -> list[Rates | None]:
        """Count a batch and say how fast its comments came; a batch that is counted twice seems twice as fast."""
        added: collections.Counter[tuple[str, int, int]] = collections.Counter()
        for arrival in arrivals:
            added.update(_keys(arrival))
        try:
            found = self._ask(added)
        except redis.RedisError as error:
            self._away_until = time.monotonic() + AWAY_SECONDS
            log.warning("pace.uncounted", error=type(error).__name__)
            found = None
        if found is None:
            UNCOUNTED.inc(len(arrivals))
            return [None] * len(arrivals)
        return [_rates(arrival, found) for arrival in arrivals]

    def _ask(
        self, added: collections.Counter[tuple[str, int, int]]
    ) -> dict[tuple[str, int, int], tuple[int, int]] | None:
        if time.monotonic() < self._away_until:
            return None
        keys, arguments = [], []
        for (name, piece, seconds), count in added.items():
            keys += [f"sluice:pace:{name}:{seconds}:{piece}", f"sluice:pace:{name}:{seconds}:{piece - 1}"]
            arguments += [count, 2 * seconds]
        counts = cast("list[int]", self._count(keys=keys, args=arguments)) if keys else []
        return dict(zip(added, zip(counts[::2], counts[1::2], strict=True), strict=True))


def _keys(arrival: Arrival) -> list[tuple[str, int, int]]:
    names = [name for name in (arrival.author, arrival.network, arrival.site) if name is not None]
    return [*(_key(name, arrival, PIECE_SECONDS) for name in names), _key(arrival.site, arrival, DAY_SECONDS)]


def _key(name: str, arrival: Arrival, seconds: int) -> tuple[str, int, int]:
    return name, int(arrival.at.timestamp()) // seconds, seconds


def _rates(arrival: Arrival, found: dict[tuple[str, int, int], tuple[int, int]]) -> Rates:
    def lately(name: str | None) -> int | None:
        return None if name is None else sum(found[_key(name, arrival, PIECE_SECONDS)])

    yesterday = found[_key(arrival.site, arrival, DAY_SECONDS)][1]
    return Rates(
        author=lately(arrival.author),
        network=lately(arrival.network),
        site=lately(arrival.site),
        site_usual=yesterday * SPAN_SECONDS / DAY_SECONDS if yesterday else None,
    )
