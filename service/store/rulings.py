"""SQL about rulings: what people said of comments; rows are added, never changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from classifier.domain import Action, Status
from classifier.lessons import RulingReason
from service.store.comments import AnyRow, State
from service.store.tables import comments, decisions, revisions, rulings

#: Comments that are read at a time.
CHUNK: Final = 500
#: The source of what was imported.
IMPORT: Final = "import"
#: The action of a row that takes another ruling back.
UNDO: Final = "undo"


@dataclass(frozen=True, slots=True)
class Ruled:
    """The ruling that stands on one revision, with its text and what the machine had said before."""

    comment_id: str
    revision: int
    action: Action
    reason: RulingReason | None
    source: str
    ruled_at: datetime
    weight: float | None
    text: str
    scores: Mapping[str, float]
    model: str | None


_NEW: Final = sa.insert(rulings)
_MOVE: Final = (
    sa.update(comments)
    .where(comments.c.id == sa.bindparam("comment"))
    .values(status=sa.bindparam("to"), ruled=True, held_late=False, ruling_id=sa.bindparam("ruling"))
)


def insert_rulings(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Append rulings."""
    if rows:
        connection.execute(_NEW, list(rows))


def move_by_ruling(connection: Connection, states: Sequence[State]) -> None:
    """Give comments the status and the ruling that these states say; the caller holds their locks."""
    rows = [{"comment": state.id, "to": state.status.value, "ruling": state.ruling_id} for state in states]
    if rows:
        connection.execute(_MOVE, rows)


def rulings_of(connection: Connection, comment_id: str) -> list[AnyRow]:
    """All rulings on a comment, in the order they were made."""
    return rulings_of_all(connection, [comment_id]).get(comment_id, [])


def rulings_of_all(connection: Connection, ids: Sequence[str]) -> dict[str, list[AnyRow]]:
    """The same for many comments."""
    found: dict[str, list[AnyRow]] = {}
    for start in range(0, len(ids), CHUNK):
        query = sa.select(rulings).where(rulings.c.comment_id.in_(ids[start : start + CHUNK]))
        for row in connection.execute(query.order_by(rulings.c.id)):
            found.setdefault(row.comment_id, []).append(row)
    return found


def standing_of(rows: list[AnyRow]) -> AnyRow | None:
    """Of the rulings on one revision, in order, the last that nobody took back."""
    undone = {row.undoes for row in rows if row.undoes is not None}
    left = [row for row in rows if row.undoes is None and row.id not in undone]
    return left[-1] if left else None


_ON_COMMENTS: Final = (
    sa.select(
        rulings.c.id,
        rulings.c.comment_id,
        rulings.c.revision,
        rulings.c.action,
        rulings.c.reason,
        rulings.c.source,
        rulings.c.undoes,
        rulings.c.ruled_at,
        rulings.c.weight,
        revisions.c.text,
        decisions.c.scores,
        decisions.c.model,
    )
    .join(
        revisions,
        sa.and_(revisions.c.comment_id == rulings.c.comment_id, revisions.c.number == rulings.c.revision),
    )
    .outerjoin(
        decisions,
        sa.and_(
            decisions.c.comment_id == rulings.c.comment_id,
            decisions.c.revision == rulings.c.revision,
            decisions.c.kind == "machine",
        ),
    )
    .where(rulings.c.comment_id.in_(sa.bindparam("ids", expanding=True)))
    .order_by(rulings.c.comment_id, rulings.c.revision, rulings.c.id)
)
_NEXT_RULED: Final = (
    sa.select(comments.c.id)
    .where(comments.c.site_id == sa.bindparam("site_id"), comments.c.id > sa.bindparam("after"))
    .where(sa.exists().where(rulings.c.comment_id == comments.c.id, rulings.c.source != IMPORT))
    .order_by(comments.c.id)
    .limit(CHUNK)
)


def is_by_a_person(row: AnyRow) -> bool:
    """Whether it counts as a person's word; of an imported status nobody may know whether a person looked."""
    return bool(row.weight is None or row.weight >= 1.0)


def ruled_on(connection: Connection, site_id: str) -> Iterator[Ruled]:
    """What people said here of this site's texts, one after the other: erased texts are not among them.

    Comments of which only an imported status is known are left to ``imported_on``.

    They come in the order of the comments, so the same rulings come in the same order.
    """
    after = ""
    while ids := list(connection.execute(_NEXT_RULED, {"site_id": site_id, "after": after}).scalars()):
        after = ids[-1]
        rows = connection.execute(_ON_COMMENTS, {"ids": ids})
        for (comment_id, revision), group in groupby(rows, key=lambda row: (row.comment_id, row.revision)):
            last = standing_of(list(group))
            if last is not None:
                yield _ruled(comment_id, revision, last)


def imported_on(connection: Connection, site_id: str, action: Action, most: int) -> Iterator[Ruled]:
    """The newest texts that came with this status from elsewhere, and that nobody has ruled on since.

    A rejection teaches by its reason, so rejections without one are not among them.
    """
    query = (
        sa.select(
            rulings.c.comment_id,
            rulings.c.revision,
            rulings.c.action,
            rulings.c.reason,
            rulings.c.source,
            rulings.c.ruled_at,
            rulings.c.weight,
            revisions.c.text,
            sa.null().label("scores"),
            sa.null().label("model"),
        )
        .join(comments, comments.c.ruling_id == rulings.c.id)
        .join(revisions, sa.and_(revisions.c.comment_id == comments.c.id, revisions.c.number == rulings.c.revision))
        .where(comments.c.site_id == site_id, rulings.c.source == IMPORT, rulings.c.action == action.value)
        .order_by(comments.c.received_at.desc(), comments.c.id.desc())
        .limit(most)
    )
    if action is Action.REJECT:
        query = query.where(rulings.c.reason.is_not(None))
    for row in connection.execute(query):
        yield _ruled(row.comment_id, row.revision, row)


def _ruled(comment_id: str, revision: int, row: AnyRow) -> Ruled:
    return Ruled(
        comment_id=comment_id,
        revision=revision,
        action=Action(row.action),
        reason=RulingReason(row.reason) if row.reason in set(RulingReason) else None,
        source=row.source,
        ruled_at=row.ruled_at,
        weight=row.weight,
        text=row.text,
        scores=row.scores or {},
        model=row.model,
    )


def waiting_scores(connection: Connection, site_id: str, model: str) -> list[Mapping[str, float]]:
    """The scores of what this model judged on the site and still waits for a person."""
    query = (
        sa.select(decisions.c.scores)
        .join(comments, comments.c.decision_id == decisions.c.id)
        .where(comments.c.site_id == site_id, comments.c.status == Status.HELD.value, ~comments.c.ruled)
        .where(decisions.c.model == model)
    )
    return [scores for scores in connection.execute(query).scalars() if scores]
