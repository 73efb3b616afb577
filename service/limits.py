"""Rate limits: a token bucket per key in Redis, taken from in small handfuls; fails open, loudly.

The algorithm is GCRA: one number per bucket, the time at which it will be full again. To spare a round trip per
request, a process takes up to a hundredth of the burst at once and spends that first; unspent tokens are forgotten
after a second. So the limit holds over all processes, and a bucket of 100 or fewer is exact.
"""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass
from typing import Final, cast

import redis
from prometheus_client import Counter

import config.logs

log = config.logs.get("limits")

FAILED_OPEN: Final = Counter("sluice_limits_failed_open_total", "Requests let through because Redis was away")
HANDFUL_SECONDS: Final = 1.0

# KEYS[1] the bucket; ARGV rate per second, burst, tokens wanted, tokens needed. Answers tokens given, tokens left,
# and when none were given the milliseconds until `needed` are there. TIME makes all hosts agree on the clock.
_TAKE: Final = """
local rate, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local wanted, needed = tonumber(ARGV[3]), tonumber(ARGV[4])
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1e6
local full_at = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local available = math.floor(burst - (full_at - now) * rate + 1e-6)
local given = math.min(wanted, available)
if given < needed then
    return {0, available, math.ceil((needed - available) / rate * 1000)}
end
full_at = full_at + given / rate
redis.call('SET', KEYS[1], string.format('%.6f', full_at), 'PX', math.ceil((full_at - now) * 1000) + 1000)
return {given, available - given, 0}
"""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a bucket answered."""

    allowed: bool
    limit: int
    remaining: int
    retry_after: float

    def headers(self) -> dict[str, str]:
        """The IETF draft's RateLimit fields, and Retry-After when refused."""
        reset = max(1, math.ceil(self.retry_after))
        fields = {"RateLimit": f"limit={self.limit}, remaining={self.remaining}, reset={reset}"}
        return fields if self.allowed else {**fields, "Retry-After": str(reset)}


@dataclass
class _Handful:
    tokens: int = 0
    left_in_bucket: int = 0
    until: float = 0.0


class Bucket:
    """One kind of limit (writes, say), with a bucket for each owner."""

    def __init__(self, connection: redis.Redis, kind: str, rate: int, burst: int) -> None:
        self._redis = connection
        self._take = connection.register_script(_TAKE)
        self._kind, self._rate, self._burst = kind, rate, burst
        self._handful_size = max(1, min(64, burst // 100))
        self._handfuls: dict[str, _Handful] = {}
        self._lock = threading.Lock()

    def spend(self, owner: str, cost: int = 1) -> Allowance:
        """Take ``cost`` tokens from the owner's bucket, all or none; a cost over the burst counts as the burst."""
        cost = min(cost, self._burst)
        now = time.monotonic()
        with self._lock:
            handful = self._handfuls.setdefault(owner, _Handful())
            if handful.until < now:
                handful.tokens = 0
            if handful.tokens >= cost:
                handful.tokens -= cost
                return self._allowed(handful.left_in_bucket + handful.tokens)
        try:
            given, left, wait = cast(
                "list[int]",
                self._take(
                    keys=[f"sluice:limit:{self._kind}:{owner}"],
                    args=[self._rate, self._burst, max(cost, self._handful_size), cost],
                ),
            )
        except redis.RedisError as error:
            FAILED_OPEN.inc()
            log.warning("limits.failed_open", kind=self._kind, error=type(error).__name__)
            with self._lock:  # and do not make the next request wait for the same time-out
                handful.tokens, handful.until = self._handful_size, time.monotonic() + HANDFUL_SECONDS
            return self._allowed(self._burst)
        if given < cost:
            return Allowance(allowed=False, limit=self._burst, remaining=max(0, left), retry_after=wait / 1000)
        with self._lock:
            handful.tokens += given - cost
            handful.left_in_bucket = left
            handful.until = now + HANDFUL_SECONDS
            return self._allowed(left + handful.tokens)

    def _allowed(self, remaining: int) -> Allowance:
        seconds_to_full = (self._burst - remaining) / self._rate
        return Allowance(allowed=True, limit=self._burst, remaining=remaining, retry_after=seconds_to_full)


class Failures:
    """Counts failed authentications per address, a minute at a time."""

    def __init__(self, connection: redis.Redis, per_minute: int) -> None:
        self._redis = connection
        self._per_minute = per_minute

    def count(self, address_digest: str) -> bool:
        """Note a failure; true when the address has had too many. Fails open."""
        key = self._key(address_digest)
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.incr(key)
        pipeline.expire(key, 120)
        try:
            return cast(int, pipeline.execute()[0]) > self._per_minute
        except redis.RedisError as error:
            FAILED_OPEN.inc()
            log.warning("limits.failed_open", kind="auth", error=type(error).__name__)
            return False

    def reached(self, address_digest: str) -> bool:
        """Whether the address has used up this minute's failures. Fails open."""
        try:
            found = self._redis.get(self._key(address_digest))
        except redis.RedisError as error:
            FAILED_OPEN.inc()
            log.warning("limits.failed_open", kind="auth", error=type(error).__name__)
            return False
        return int(cast(bytes, found) or 0) >= self._per_minute

    @staticmethod
    def _key(address_digest: str) -> str:
        return f"sluice:failures:{address_digest}:{int(time.time() // 60)}"
