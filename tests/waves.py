"""Waves of near copies as the machine sees them: stored, read, grouped and held, without a worker in between."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import redis
import sqlalchemy as sa
from factories import a_submission, a_verdict, an_article, an_author
from sqlalchemy.engine import Connection

from classifier.domain import HEADS, Action, Reason
from service import moderation
from service.history import History
from service.pace import Pace
from service.pseudonyms import Pseudonyms
from service.rows import Keep
from service.store.comments import undecided
from service.store.engine import Store
from service.store.tables import comments

#: Slots with words that stand for each other, as whoever plants a wave fills them.
_SLOTS = (
    ("I earned", "I made", "My cousin earned"),
    ("four thousand dollars", "4,000 dollars"),
    ("last month", "in a month"),
    ("working from home with this simple online job and"),
    ("everybody", "anybody", "anyone"),
    ("can do it without any experience so"),
    ("do not wait", "hurry up"),
    ("and open the website"),
    ("https://easy-{}.example.com/start",),
    ("where all the details about the weekly payment are explained"),
)
_NAMES = ("Kim", "Lee", "Max", "Noor", "Ola", "Pat", "Quin", "Rae", "Sam", "Toni")


def wave(count: int, seed: int = 1) -> list[str]:
    """Texts of one wave with paraphrase noise; no two need be the same."""
    chance = random.Random(seed)
    return [
        " ".join(chance.choice(slot) if isinstance(slot, tuple) else slot for slot in _SLOTS).format(
            chance.randrange(4)
        )
        for _ in range(count)
    ]


class Planter:
    """Puts comments where a worker would have put them."""

    def __init__(self, store: Store, site_id: str, client: redis.Redis, secret: bytes) -> None:
        self.store = store
        self.site_id = site_id
        self._pseudonyms = Pseudonyms(secret)
        self._history = History(store, Pace(client), self._pseudonyms)

    def plant(
        self,
        texts: Sequence[str],
        then: datetime,
        *,
        risk: float = 0.95,
        action: Action = Action.HOLD,
        code: str = "model.spam",
        message: str = "It reads like an advertisement.",
        article: dict[str, Any] | None = None,
        **author: Any,
    ) -> list[str]:
        """Store and decide comments, 500 at a time; their ids in order."""
        ids: list[str] = []
        for start in range(0, len(texts), 500):
            submissions = [
                a_submission(
                    text,
                    article=an_article(**(article or {"url": f"https://blog.example/{at % 9}"})),
                    author=an_author(
                        **{"name": _NAMES[at % len(_NAMES)], "email": f"reader{at}@reader.example", **author}
                    ),
                )
                for at, text in enumerate(texts[start : start + 500], start)
            ]
            ids += self._decide(submissions, then, risk, action, Reason(code=code, message=message, weight=2.5))
        return ids

    def _decide(
        self, submissions: Sequence[Any], then: datetime, risk: float, action: Action, reason: Reason
    ) -> list[str]:
        keep = Keep(pseudonyms=self._pseudonyms)

        def submit(connection: Connection) -> list[str]:
            accepted = moderation.submit(connection, self.site_id, submissions, then, keep=keep)
            ids = [each.id for each in accepted]
            # Upkeep of a running service takes what waits for long for forgotten, and a worker would decide before us.
            waiting = sa.update(comments).where(comments.c.id.in_(ids)).values(waiting_since=datetime.now(UTC))
            connection.execute(waiting)
            return ids

        ids = self.store.write(submit)
        scores = {**dict.fromkeys(HEADS, 0.01), "spam": risk}
        verdict = a_verdict(action, scores=scores, reasons=(reason,))
        with self.store.read() as connection:
            waiting = undecided(connection, ids)
        known = self._history.gather(waiting, then)
        seen = {(each.id, each.revision): found.evidence for each, found in zip(waiting, known, strict=True)}
        self.store.write(lambda c: moderation.record_decisions(c, dict.fromkeys(seen, verdict), then, seen=seen))
        return ids
