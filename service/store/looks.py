"""SQL about how people ruled one by one: what says how many mistakes a range of scores holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from service.acts import Verb
from service.store.tables import comments, decisions
from service.store.tables_desk import acts

#: Rulings that are looked at, the newest first.
MOST: Final = 5_000


def ruled_one_by_one(connection: Connection, site_id: str, model: str) -> list[tuple[bool, Mapping[str, float]]]:
    """Whether people approved what this model had scored so, newest first: rulings that stand and were no batch.

    What was ruled on in a batch was not read one by one; counting it would let a range prove itself.
    """
    query = (
        sa.select(acts.c.verb, decisions.c.scores)
        .join(comments, sa.and_(comments.c.id == acts.c.comment_id, comments.c.ruling_id == acts.c.ruling_id))
        .join(decisions, decisions.c.id == acts.c.decision_id)
        .where(
            acts.c.site_id == site_id,
            acts.c.verb.in_([Verb.APPROVE.value, Verb.REJECT.value]),
            acts.c.batch_id.is_(None),
            acts.c.source != "import",
            comments.c.ruled,
            decisions.c.kind == "machine",
            decisions.c.model == model,
        )
        .order_by(acts.c.id.desc())
        .limit(MOST)
    )
    return [(row[0] == Verb.APPROVE.value, row[1]) for row in connection.execute(query) if row[1]]
