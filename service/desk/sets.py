"""An exact set of comments to act on at once: what is in it, ten of it to read first, and proof that they were shown.

A page that shows a set hands out a token with it, and acting takes that token: whoever acts has had the sample on a
page of theirs, and what came into the set later is not in it.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from flask import current_app
from itsdangerous import BadData, URLSafeTimedSerializer
from sqlalchemy.engine import Connection

from service.desk.session import signed_in
from service.desk.words import ngettext
from service.rulings import Wish
from service.store.comments import AnyRow
from service.store.shown import shown

SAMPLE: Final = 10
#: So many comments are ruled on as one act; what is beyond is left for the next. Taking them back is one transaction,
#: which others wait for.
MOST: Final = 2_000
#: For so long a set that was shown can be acted on.
MINUTES: Final = 60


class StaleError(Exception):
    """What was shown is too old, or was shown to somebody else; nothing was done."""


@dataclass(frozen=True, slots=True)
class ExactSet:
    """Comments that are acted on as one."""

    count: int
    articles: int
    languages: tuple[str, ...]
    more: int
    """How many fit beyond what is acted on at once."""
    unsure: int = 0
    """How many are in a language of which nobody is sure; they count as none."""

    @property
    def in_words(self) -> str:
        """What is in it: "61 comments, 9 articles, 2 languages, 3 whose languages are not sure"."""
        said = [
            ngettext("%(num)d comment", "%(num)d comments", self.count),
            ngettext("%(num)d article", "%(num)d articles", self.articles),
        ]
        if self.languages:
            said.append(ngettext("%(num)d language", "%(num)d languages", len(self.languages)))
        if self.unsure:
            said.append(
                ngettext("%(num)d whose language is not sure", "%(num)d whose languages are not sure", self.unsure)
            )
        return ", ".join(said)


@dataclass(frozen=True, slots=True)
class Seen:
    """What somebody had on a page: which set, as of when, and how many it held."""

    about: dict[str, Any]
    moment: datetime
    count: int


def exact_set(rows: Sequence[AnyRow]) -> ExactSet:
    """What these rows come to; each has an article and perhaps a language."""
    kept = rows[:MOST]
    languages = sorted({row.language for row in kept if row.language})
    unsure = sum(not row.language for row in kept)
    return ExactSet(len(kept), len({row.article_id for row in kept}), tuple(languages), len(rows) - len(kept), unsure)


def sample_of(connection: Connection, site_id: str, rows: Sequence[AnyRow], seed: int) -> list[AnyRow]:
    """Ten of them by chance, the same ten for the same seed."""
    ids = [row.comment_id for row in rows[:MOST]]
    chosen = random.Random(seed).sample(ids, min(SAMPLE, len(ids)))  # noqa: S311 - any ten will do
    return shown(connection, site_id, chosen)


def seed_of(moment: datetime) -> int:
    """A seed that is another one each time a set is shown."""
    return int(moment.timestamp() * 1000) % 1_000_000


def as_wishes(rows: Iterable[AnyRow], moment: datetime) -> list[Wish]:
    """Each as it was when it was shown: one that somebody has ruled on since is left alone."""
    return [
        Wish(row.comment_id, row.revision, "" if row.seen and made_after(row.seen, moment) else row.seen)
        for row in list(rows)[:MOST]
    ]


def made_after(id_: str, moment: datetime) -> bool:
    """Whether an id of ours, which begins with its time, is younger."""
    return (UUID(id_).int >> 80) > int(moment.timestamp() * 1000)


def shown_token(kind: str, about: dict[str, Any], count: int, moment: datetime) -> str:
    """What a form on the page that shows a set must hold."""
    return _signer(kind).dumps({"about": about, "at": moment.isoformat(), "count": count})


def read_token(kind: str, token: str, now: datetime) -> Seen:
    """What the form's page had shown.

    Raises:
        StaleError.
    """
    try:
        said = _signer(kind).loads(token, max_age=MINUTES * 60)
    except BadData:
        raise StaleError from None
    moment = datetime.fromisoformat(said["at"])
    if moment > now + timedelta(seconds=1):
        raise StaleError
    return Seen(said["about"], moment, int(said["count"]))


def _signer(kind: str) -> URLSafeTimedSerializer:
    """Of one person's session: a page that a colleague saw is no page that one saw oneself."""
    return URLSafeTimedSerializer(str(current_app.secret_key), salt=f"set:{kind}:{signed_in().session_id}")
