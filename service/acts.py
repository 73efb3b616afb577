"""What people do, on record: who, by which way, what, and what stood before and after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Literal

from service.store.accounts import new_id

#: By what way an act came.
Source = Literal["desk", "api", "cli", "import", "reader"]


class Verb(StrEnum):
    """What was done."""

    APPROVE = "approve"
    REJECT = "reject"
    HOLD = "hold"
    """Put, or put back, into the queue by a person."""
    PROPOSE = "propose"
    """A trainee's ruling, which waits for a second look."""
    ESCALATE = "escalate"
    SKIP = "skip"
    NOTE = "note"
    TAKE_OVER = "take_over"
    ERASE = "erase"
    REPORT = "report"
    APPEAL = "appeal"
    BATCH = "batch"
    """Many acts that were one: a selection, a range of scores, a campaign, the result of a search."""
    UNDO = "undo"
    POLICY = "policy"
    IMPORT = "import"
    EXPORT = "export"
    MODEL = "model"
    PEOPLE = "people"
    SETTING = "setting"


#: What cannot be taken back.
FINAL: Final = frozenset({Verb.ERASE, Verb.REPORT, Verb.APPEAL, Verb.IMPORT, Verb.EXPORT, Verb.MODEL, Verb.PEOPLE})


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a user of the desk (``id``), or whoever came by another way under a name."""

    name: str
    source: Source
    id: str | None = None


#: Whoever holds a site's key: the API does not know more than that.
KEY_HOLDER: Final = Actor("api", "api")


#: Whoever sets the installation up on its machine.
SETUP: Final = Actor("setup", "cli")


def actor_of(made_by: str) -> Actor:
    """Whom a note of authorship (``cli:ada``, ``api``, else somebody at the desk) means."""
    way, _, name = made_by.partition(":")
    if way == "cli" and name:
        return Actor(name, "cli")
    return KEY_HOLDER if made_by == KEY_HOLDER.name else Actor(made_by, "desk")


def act_row(
    actor: Actor,
    verb: Verb,
    now: datetime,
    *,
    site_id: str | None,
    **facts: Any,
) -> dict[str, Any]:
    """An act as a row; every column is named, so that rows of several kinds go in together."""
    row: dict[str, Any] = dict.fromkeys(_FACTS)
    unknown = set(facts) - set(_FACTS)
    if unknown:
        raise TypeError(f"An act has no {', '.join(sorted(unknown))}.")
    return row | {
        "id": new_id(),
        "site_id": site_id,
        "at": now,
        "actor_id": actor.id,
        "actor": actor.name,
        "source": actor.source,
        "verb": verb.value,
        **facts,
    }


_FACTS: Final = (
    "comment_id",
    "revision",
    "reason",
    "ruling_id",
    "decision_id",
    "status_before",
    "status_after",
    "batch_id",
    "undoes",
    "detail",
)
