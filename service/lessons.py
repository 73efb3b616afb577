"""What a site's moderators have taught so far, as the training of that site reads it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlalchemy.engine import Connection

from classifier.lessons import Lesson, labels_for
from service.store.rulings import ruled_on

#: An imported status says what was done with a comment and not why, so it counts for less than a ruling.
IMPORTED: Final = 0.5


def lessons_of(connection: Connection, site_id: str) -> Iterator[Lesson]:
    """The lessons of a site's rulings, the oldest comment first; rulings that teach nothing are left out."""
    for ruled in ruled_on(connection, site_id):
        labels = labels_for(ruled.action, ruled.reason)
        if labels:
            yield Lesson(
                text=ruled.text,
                labels=labels,
                weight=IMPORTED if ruled.source == "import" else 1.0,
                origin=f"{ruled.source}:{ruled.comment_id}",
            )
