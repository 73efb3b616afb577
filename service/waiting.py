"""Telling the workers of comments, and waiting for what they decide."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Final

import redis
from flask import g

import config.logs
from service.metrics import UNANNOUNCED
from service.store import comments as store
from service.store.accounts import Site
from service.web import Web

log = config.logs.get("api")

#: How long those wait for a waiting place whose client takes "not decided yet" for a decision.
PATIENCE: Final = 0.2


def announce(here: Web, ids: Sequence[str], reply_to: str | None = None) -> bool:
    """Tell the workers of comments to decide; false when Redis is away, and upkeep will tell them."""
    try:
        here.queue.announce(ids, reply_to)
    except redis.RedisError as error:
        UNANNOUNCED.inc(len(ids))
        log.warning("queue.unavailable", comments=len(ids), error=type(error).__name__)
        return False
    return True


def decided_within(here: Web, site: Site, comment_id: str, seconds: float, *, patience: float = 0.0) -> Any:
    """Tell the workers; wait for the decision if there is time and a waiting place, and look how the comment stands.

    ``None`` when there was no waiting. A place is waited for with ``patience``: a client that knows no "pending" is
    better answered a moment later.
    """
    ends = time.monotonic() + seconds
    if seconds <= 0 or not here.waiting_slots.acquire(timeout=min(patience, seconds)):
        announce(here, [comment_id])
        return None
    reply = here.replies.expect(comment_id)
    try:
        if not announce(here, [comment_id], here.replies.address):
            return None
        return reply.wait(max(0.0, ends - time.monotonic())) or standing(here, site, comment_id)
    finally:
        here.replies.forget(reply)
        here.waiting_slots.release()


def standing(here: Web, site: Site, comment_id: str) -> Any:
    """How a comment of this site stands; nothing when there is none."""
    with here.store.read() as connection:
        return store.facts_of(connection, site.id, comment_id)


def seconds_left(seconds: float) -> float:
    """What is left of the time in which this request must be answered."""
    return seconds - (time.perf_counter() - float(g.began))
