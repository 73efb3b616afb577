"""What a policy would have done with the comments of the last days, before it is saved.

The comments are judged anew under the policy that holds and under the one that is tried, with what is known of their
authors today; so a flip is due to the policy alone. What a site remembers of pace and copies is of another day and left
out of both.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from classifier.domain import Action, AuthorRecord, Status
from classifier.policy_document import parse
from service.insights import USUAL_SECONDS, pace
from service.policies import Shelf, load_shelf
from service.pseudonyms import identity_of
from service.store import reputation
from service.store.engine import Store
from service.store.replay import Decided, has_decided_before, last_decided

if TYPE_CHECKING:
    from service.brain import Brain

#: Comments that are looked at, the newest first, and seconds that it may take.
MOST_COMMENTS: Final = 20_000
MOST_SECONDS: Final = 10.0
PORTION: Final = 64
#: Flips that are shown of each direction.
SHOWN: Final = 50


@dataclass(frozen=True, slots=True)
class Flip:
    """A comment with which something else would have been done."""

    comment_id: str
    text: str
    before: Action
    after: Action
    risk: float
    ruled: Action | None
    """What a person ruled on it, if one did: then it is known which policy is right."""


@dataclass(slots=True)
class WhatIf:
    """What would be otherwise, over so many days."""

    days: float = 0.0
    comments: int = 0
    seconds_per_comment: float = USUAL_SECONDS
    """What a held comment takes this site's moderators."""
    whole: bool = True
    """Whether all comments of the days were looked at."""
    before: Counter[Action] = field(default_factory=Counter)
    after: Counter[Action] = field(default_factory=Counter)
    stricter: list[Flip] = field(default_factory=list)
    looser: list[Flip] = field(default_factory=list)
    flips: Counter[tuple[Action, Action]] = field(default_factory=Counter)
    by_language: dict[str, Counter[str]] = field(default_factory=dict)
    """For each language: comments, held before, held after, rejected before, rejected after."""

    @property
    def stricter_count(self) -> int:
        """How many comments would have fared worse."""
        return sum(count for (before, after), count in self.flips.items() if _graver(before, after))

    @property
    def looser_count(self) -> int:
        """How many would have fared better."""
        return self.flips.total() - self.stricter_count

    def per_day(self, action: Action, *, after: bool) -> float:
        """How many comments a day get this action."""
        return (self.after if after else self.before)[action] / max(self.days, 1e-9)

    def minutes_per_day(self, *, after: bool) -> float:
        """Minutes of a moderator's day that what is held takes."""
        return self.per_day(Action.HOLD, after=after) * self.seconds_per_comment / 60


def what_if(
    database: Store,
    brain: Brain,
    site_id: str,
    instead: Mapping[str, dict[str, Any]],
    *,
    now: datetime,
    days: int = 14,
    seconds: float = MOST_SECONDS,
) -> WhatIf:
    """Try documents (by scope) in the place of those that are stored; nothing is changed.

    Raises:
        PolicyError: a document cannot be used.
        LookupError: there is no model to judge with.
    """
    for fields in instead.values():
        parse(fields)  # what is stored and cannot be read holds everything; what is tried must say so
    since = now - timedelta(days=days)
    with database.read() as connection:
        shelves = load_shelf(connection, site_id), load_shelf(connection, site_id, instead)
        found = WhatIf(seconds_per_comment=pace(connection, site_id, now))
    ends = time.monotonic() + seconds
    oldest = now
    with database.snapshot() as connection:
        rows = iter(last_decided(connection, site_id, MOST_COMMENTS))
        for portion in _portions(rows, since):
            known = reputation.authors_by_key(connection, (row.author_key for row in portion if row.author_key))
            _judge(brain, site_id, [_with_record(row, known) for row in portion], shelves, found)
            oldest = min((row.context.now for row in portion if row.context.now is not None), default=oldest)
            if time.monotonic() > ends:
                found.whole = False
                break
        else:
            found.whole = found.comments < MOST_COMMENTS
        older = has_decided_before(connection, site_id, since)
    looked_back = (now - oldest).total_seconds() / 86_400
    if not found.whole:
        found.days = max(looked_back, 1 / 24)
    else:  # a young site was not there for all of the days; what it had in a day is divided by what it was there for
        found.days = float(days) if older else min(float(days), max(looked_back, 1.0))
    found.stricter.sort(key=lambda flip: flip.risk)
    found.looser.sort(key=lambda flip: -flip.risk)
    del found.stricter[SHOWN:], found.looser[SHOWN:]
    return found


def _portions(rows: Iterator[Decided], since: datetime) -> Iterator[list[Decided]]:
    while portion := list(islice(rows, PORTION)):
        recent = [row for row in portion if row.context.now is not None and row.context.now >= since]
        if recent:
            yield recent
        if len(recent) < len(portion):
            return


def _with_record(row: Decided, known: Mapping[str, AuthorRecord]) -> Decided:
    """What is known of the author today, this very comment left out."""
    if row.author_key is None:
        return row
    record = known.get(row.author_key) or AuthorRecord(identity=identity_of(row.author_key))
    name = {Status.APPROVED: "approved", Status.HELD: "held", Status.REJECTED: "rejected"}.get(row.status)
    if name is not None and getattr(record, name) > 0:
        own = int(row.earns and row.status is Status.APPROVED)
        record = replace(record, **{name: getattr(record, name) - 1, "earned": max(0, record.earned - own)})
    return replace(row, context=replace(row.context, record=record))


def _judge(brain: Brain, site_id: str, portion: Sequence[Decided], shelves: tuple[Shelf, Shelf], found: WhatIf) -> None:
    policies = [tuple(shelf.policy_for(row.context.article) for shelf in shelves) for row in portion]
    judged = brain.weigh_twice([row.context for row in portion], [(each[0], each[1]) for each in policies], site_id)
    for row, (one, other) in zip(portion, judged, strict=True):
        before, after = one.action, other.action
        found.comments += 1
        found.before[before] += 1
        found.after[after] += 1
        counted = found.by_language.setdefault(one.language or "?", Counter())
        counted["comments"] += 1
        counted[f"{before.value}_before"] += 1
        counted[f"{after.value}_after"] += 1
        if before is after:
            continue
        found.flips[before, after] += 1
        risk = max(one.scores.values(), default=0.5)
        flip = Flip(row.id, row.context.text, before, after, risk, row.ruled)
        (found.stricter if _graver(before, after) else found.looser).append(flip)


def _graver(before: Action, after: Action) -> bool:
    return _ORDER.index(after) > _ORDER.index(before)


_ORDER: Final = (Action.APPROVE, Action.HOLD, Action.REJECT)
