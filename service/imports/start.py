"""The first evening of a site: its history scored and grouped, questions about what is most telling, a forecast."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

import numpy as np
from sqlalchemy.engine import Connection

from classifier.adaptation import Adaptation
from classifier.assess import assess
from classifier.campaigns import Candidate, bands_of, fingerprints, group
from classifier.domain import HEADS, Action
from classifier.interview import ASKED, Said, pool_of
from classifier.lessons import RulingReason, labels_for
from classifier.scoring import Scorer
from classifier.text import read
from service.policies import PolicyBook
from service.rulings import rule, take_back
from service.store.engine import Store
from service.store.replay import Past, newest, past_of

#: So many of the newest comments are scored and grouped, and of these so many are judged for the forecast.
SCORED: Final = 20_000
FORECAST: Final = 2_000
#: A person asked is never asked more than this.
MOST_QUESTIONS: Final = 40
#: What a moderator needs for a comment that is held, on the mean.
SECONDS_EACH: Final = 20
#: By what way answers come.
ASKED_HERE: Final = "cli"
_PORTION: Final = 256

Told = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Looked:
    """What a first look at a history found: how many comments and different texts, and which ones to choose from."""

    comments: int
    different: int
    pool: tuple[Past, ...]
    answered: int
    """Of the pool, how many were answered in an earlier sitting; they come last."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A comment that is judged otherwise than before."""

    text: str
    before: Action
    after: Action


@dataclass(frozen=True, slots=True)
class Forecast:
    """Of a hundred comments like the newest ones: what becomes of them, before and after."""

    judged: int
    a_day: float | None
    before: dict[Action, int]
    after: dict[Action, int]
    changed: tuple[Changed, ...]


def look(database: Store, site_id: str, scorer: Scorer, told: Told = lambda _: None) -> Looked:
    """Score the newest comments of a site, put near copies together, and choose a pool for questions."""
    ids: list[str] = []
    logits: list[np.ndarray] = []
    candidates: list[Candidate] = []
    answered: list[str] = []
    columns = [HEADS.index(head) for head in ASKED]
    with database.snapshot() as connection:
        for portion in _portions(newest(connection, site_id, SCORED)):
            documents = [read(past.context.text) for past in portion]
            logits.append(scorer.calibrated_logits(documents)[:, columns])
            for past, found in zip(portion, fingerprints(documents), strict=True):
                if found is not None:
                    candidates.append(Candidate(str(len(ids)), found, bands_of("", found.signature)))
                ids.append(past.id)
                if past.source == ASKED_HERE:
                    answered.append(past.id)
            told(len(ids))
    leaders = {int(each.id): int(to.campaign) for each, to in zip(candidates, group(candidates, []), strict=True)}
    groups = [leaders.get(at, at) for at in range(len(ids))]
    chosen = [ids[at] for at in pool_of(np.concatenate(logits), groups)] if ids else []
    wanted = [*(each for each in chosen if each not in answered), *answered]
    with database.read() as connection:
        pool = past_of(connection, wanted)
    return Looked(len(ids), len(set(groups)), tuple(pool[each] for each in wanted if each in pool), len(answered))


def said_of(past: Past) -> Said:
    """A comment with the labels that its ruling gives it."""
    labels = labels_for(past.action, past.reason) if past.action is not None else {}
    return Said(past.context.text, labels, past.weight)


#: What a person may answer, as a ruling.
ANSWERS: Final = {
    "approve": (Action.APPROVE, None),
    "spam": (Action.REJECT, RulingReason.SPAM),
    "abuse": (Action.REJECT, RulingReason.TOXICITY),
}


def answer(connection: Connection, site_id: str, past: Past, said: str, *, moderator: str, now: datetime) -> str:
    """Record an answer as a ruling; its id.

    Raises:
        ModerationError: the comment was edited or erased meanwhile.
    """
    action, reason = ANSWERS[said]
    return rule(
        connection,
        site_id,
        past.id,
        past.revision,
        action,
        moderator=moderator,
        now=now,
        source=ASKED_HERE,
        reason=reason,
        note="First questions.",
    )


def unanswer(connection: Connection, site_id: str, past: Past, ruling: str, *, moderator: str, now: datetime) -> None:
    """Take an answer back."""
    take_back(connection, site_id, past.id, ruling, moderator=moderator, now=now, source=ASKED_HERE)


def forecast(
    database: Store,
    site_id: str,
    scorer: Scorer,
    adaptations: tuple[Adaptation | None, Adaptation | None],
    told: Told = lambda _: None,
) -> Forecast:
    """Judge the newest comments with the one adaptation and with the other, under the policies of today.

    Authors count as strangers in both, since what the site remembers of them comes from these very comments.
    """
    policies = PolicyBook(database)
    counts: tuple[dict[Action, int], dict[Action, int]] = (dict.fromkeys(Action, 0), dict.fromkeys(Action, 0))
    changed: list[Changed] = []
    times: list[datetime] = []
    judged = 0
    with database.snapshot() as connection:
        for portion in _portions(newest(connection, site_id, FORECAST)):
            contexts = [past.context for past in portion]
            lines = policies.policies_for([(site_id, context.article) for context in contexts])
            documents = [read(context.text) for context in contexts]
            before, after = (assess(contexts, scorer, lines, documents, [each] * len(contexts)) for each in adaptations)
            for past, one, other in zip(portion, before, after, strict=True):
                counts[0][one.action] += 1
                counts[1][other.action] += 1
                if one.action is not other.action:
                    changed.append(Changed(past.context.text, one.action, other.action))
                times.append(past.received_at)
            judged += len(portion)
            told(judged)
    return Forecast(judged, _a_day(times), _of_hundred(counts[0]), _of_hundred(counts[1]), _spread(changed))


def _a_day(times: Sequence[datetime]) -> float | None:
    """How many comments a day there were between the newest and the oldest of some."""
    days = (max(times) - min(times)) / timedelta(days=1) if times else 0.0
    return len(times) / days if days >= 1.0 else None


def _of_hundred(counts: dict[Action, int]) -> dict[Action, int]:
    """Shares as whole numbers that come to a hundred."""
    total = sum(counts.values())
    if not total:
        return dict.fromkeys(Action, 0)
    exact = {action: 100 * count / total for action, count in counts.items()}
    whole = {action: int(share) for action, share in exact.items()}
    for action in sorted(exact, key=lambda each: whole[each] - exact[each])[: 100 - sum(whole.values())]:
        whole[action] += 1
    return whole


def _spread(changed: Sequence[Changed], most: int = 10) -> tuple[Changed, ...]:
    """Some of the changes, of each kind in turn, and no text twice."""
    kinds: dict[tuple[Action, Action], list[Changed]] = {}
    for each in {change.text: change for change in changed}.values():
        kinds.setdefault((each.before, each.after), []).append(each)
    rounds = [each for nth in range(most) for of in kinds.values() for each in of[nth : nth + 1]]
    return tuple(rounds[:most])


def _portions(found: Iterator[Past]) -> Iterator[list[Past]]:
    while portion := list(islice(found, _PORTION)):
        yield portion
