"""The doorbell: drain the waiting list in batches, decide, commit, answer those who wait.

One RQ job costs twenty round trips, so a job is not a comment: it takes up to 64 at a time, and stays to listen for
a while, so that under load no bell needs to ring at all.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

import config.logs
from service import moderation
from service.metrics import DECISIONS
from service.queue import JOB_TIMEOUT
from service.store import comments as store
from service.store.comments import Undecided
from workers import runtime
from workers.runtime import Runtime

log = config.logs.get("classify")

BATCH: Final = 64
#: How long a job stays in all; RQ would end it at JOB_TIMEOUT.
STAY_SECONDS: Final = JOB_TIMEOUT - 5
#: How long it listens for a next comment before it goes.
LISTEN_SECONDS: Final = 1
#: How many times it listens in vain before it goes.
PATIENCE: Final = 3


def answer_the_bell() -> None:
    """The job: decide what waits. Safe to run twice, and at the same time elsewhere."""
    here = runtime.current()
    ends = time.monotonic() + STAY_SECONDS
    here.waiting.answer_bell()
    with runtime.noticing_stop() as stop:
        unheard = 0
        while time.monotonic() < ends and unheard < PATIENCE and not stop.is_set():
            unheard = 0 if _take_and_decide(here, LISTEN_SECONDS) else unheard + 1
    here.waiting.stop_listening()
    # One look after our mark is gone: whoever pushed before saw the mark and did not ring.
    _take_and_decide(here, 0)
    if here.queue.waiting():
        here.queue.ring()


def _take_and_decide(here: Runtime, wait_seconds: int) -> bool:
    taken = here.waiting.take(BATCH, wait_seconds)
    if not taken:
        return False
    if len(taken) == BATCH and here.queue.waiting() > 0:
        here.queue.ring()  # there is more than one worker's worth
    try:
        decide(here, [comment_id for comment_id, _ in taken])
    except SQLAlchemyError as error:
        # The comments are where they were; upkeep announces them again.
        log.error("store.unavailable", comments=len(taken), error=type(error).__name__)
        time.sleep(1)
        return True
    here.waiting.reply(taken)
    return True


def decide(here: Runtime, ids: Sequence[str]) -> None:
    """Judge those of the comments that still wait and record what came out."""
    with here.store.read() as connection:
        waiting = store.undecided(connection, ids)
    together = [comment for comment in waiting if comment.attempts < moderation.ALONE_AFTER]
    alone = [comment for comment in waiting if comment.attempts >= moderation.ALONE_AFTER]
    for batch in [together, *([comment] for comment in alone)]:
        if batch:
            _decide_batch(here, batch)


def _decide_batch(here: Runtime, batch: Sequence[Undecided]) -> None:
    known = here.history.gather(batch, datetime.now(UTC))
    policies = here.policies.policies_for([(comment.site_id, comment.context.article) for comment in batch])
    found = here.brain.judge(
        [each.context for each in known],
        policies,
        [each.document for each in known],
        [comment.site_id for comment in batch],
    )
    verdicts = {(comment.id, comment.revision): verdict for comment, verdict in zip(batch, found, strict=True)}
    seen = {(comment.id, comment.revision): each.evidence for comment, each in zip(batch, known, strict=True)}
    decided_at = datetime.now(UTC)
    here.store.write(lambda connection: moderation.record_decisions(connection, verdicts, decided_at, seen=seen))
    for verdict in found:
        DECISIONS.labels(verdict.action.value).inc()
