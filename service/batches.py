"""Many rulings as one act: a selection, a range of scores, a campaign. One receipt, one undo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy.engine import Connection

from classifier.domain import Action
from classifier.lessons import RulingReason
from service.acts import Actor, Verb, act_row
from service.rulings import Conflict, Done, Wish, rule_many
from service.store import acts
from service.store.engine import Store

#: So many comments are ruled on in one transaction; other writers get their turn in between.
PORTION: Final = 500


@dataclass(frozen=True, slots=True)
class Batch:
    """What became of a batch; ``act_id`` is what an undo names."""

    act_id: str
    done: tuple[Done, ...]
    conflicts: tuple[Conflict, ...]


def rule_batch(
    database: Store,
    site_id: str,
    wishes: Sequence[Wish],
    action: Action,
    *,
    actor: Actor,
    now: datetime,
    kind: str,
    reason: RulingReason | None = None,
    detail: Mapping[str, Any] | None = None,
) -> Batch:
    """Rule on many comments as one act; those that are not as they were seen are left alone and told of.

    ``kind`` says what made them one: ``selection``, ``sweep``, ``campaign`` or ``search``. When the process dies in
    between, the portions that were committed stand, and the batch is undone as far as it got.
    """
    header = act_row(
        actor,
        Verb.BATCH,
        now,
        site_id=site_id,
        reason=reason and reason.value,
        detail={"kind": kind, "action": action.value, "count": len(wishes), **(detail or {})},
    )
    done: list[Done] = []
    conflicts: list[Conflict] = []
    database.write(lambda connection: acts.insert_acts(connection, [header]))
    for start in range(0, len(wishes), PORTION):
        portion = wishes[start : start + PORTION]

        def work(connection: Connection, portion: Sequence[Wish] = portion) -> tuple[list[Done], list[Conflict]]:
            return rule_many(
                connection,
                site_id,
                portion,
                action,
                actor=actor,
                now=now,
                reason=reason,
                batch_id=header["id"],
                take_over=True,
            )

        made, left = database.write(work)
        done += made
        conflicts += left
    return Batch(header["id"], tuple(done), tuple(conflicts))
