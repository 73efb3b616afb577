"""What a site's moderators have taught so far, as the training of that site reads it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlalchemy.engine import Connection

from classifier.domain import Action
from classifier.lessons import Lesson, labels_for
from service.store.rulings import IMPORT, Ruled, imported_on, ruled_on

#: An imported status of which nothing more is known: it says what was done with a comment and not why.
IMPORTED: Final = 0.5
#: So many imported texts of each side teach: a history of a hundred thousand must not drown forty rulings, and
#: what was published must not drown what was spam.
MOST_IMPORTED: Final = 100
#: Copies are left out, so more are looked at than taken.
_LOOKED_AT: Final = 10 * MOST_IMPORTED


def lessons_of(connection: Connection, site_id: str) -> Iterator[Lesson]:
    """The lessons of a site: first its imported history, some of each side, then its rulings, the oldest comment first.

    Rulings that teach nothing are left out. What comes last is what training keeps when there is too much.
    """
    for action in (Action.APPROVE, Action.REJECT):
        texts: set[str] = set()
        for ruled in imported_on(connection, site_id, action, _LOOKED_AT):
            plain = " ".join(ruled.text.lower().split())
            if plain not in texts:
                texts.add(plain)
                yield from _lesson(ruled)
            if len(texts) == MOST_IMPORTED:
                break
    for ruled in ruled_on(connection, site_id):
        yield from _lesson(ruled)


def _lesson(ruled: Ruled) -> Iterator[Lesson]:
    labels = labels_for(ruled.action, ruled.reason)
    if labels:
        yield Lesson(
            text=ruled.text,
            labels=labels,
            weight=_weight(ruled),
            origin=f"{ruled.source}:{ruled.comment_id}",
        )


def _weight(ruled: Ruled) -> float:
    if ruled.weight is not None:
        return ruled.weight
    return IMPORTED if ruled.source == IMPORT else 1.0
