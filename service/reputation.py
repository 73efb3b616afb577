"""Keeps what a site remembers in step with where its comments stand; called by whatever moves a comment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.engine import Connection

from classifier.domain import Status
from service.store import reputation as store
from service.store.comments import State


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was seen of a text when it was judged and is kept beside the decision."""

    earns: bool = False
    """Whether its approval is to its author's credit."""
    domains: tuple[str, ...] = ()
    fingerprint: dict[str, Any] | None = None
    """The row to remember the text by."""
    language: str | None = None


NOTHING_SEEN = Evidence()


def tally(state: State) -> Counter[str]:
    """What a comment adds to the counters of its author, as it stands; nothing while it waits or was held for time."""
    counted: Counter[str] = Counter()
    if state.status is Status.APPROVED:
        counted.update(approved=1, ruled_approved=int(state.ruled), earned=int(state.earns))
    elif state.status is Status.REJECTED:
        counted.update(rejected=1, ruled_rejected=int(state.ruled))
    elif state.status is Status.HELD and not state.held_late:
        counted.update(held=1)
    return counted


def move(connection: Connection, moves: Iterable[tuple[State, State]]) -> None:
    """Move the counters of authors and domains with comments that went from one state to another.

    Rows are taken in the order of their keys, so that two workers do not wait for each other in a circle.
    """
    authors: dict[str, dict[str, Any]] = {}
    domains: dict[tuple[str, str], dict[str, Any]] = {}
    for before, after in moves:
        for state, sign in ((before, -1), (after, 1)):
            counted = {name: sign * count for name, count in tally(state).items() if count}
            if not counted:
                continue
            if state.author_key is not None:
                row = authors.setdefault(state.author_key, _row(state, key=state.author_key, earned=0))
                _add(row, counted, state)
            for domain in state.domains:
                row = domains.setdefault((state.site_id, domain), _row(state, domain=domain))
                _add(row, {name: count for name, count in counted.items() if name != "earned"}, state)
    store.add_to_authors(connection, [authors[key] for key in sorted(authors) if _changes(authors[key])])
    store.add_to_domains(connection, [domains[pair] for pair in sorted(domains) if _changes(domains[pair])])


def forget(connection: Connection, state: State) -> None:
    """Take back what a comment that is erased counted for; who or what has nothing left is forgotten."""
    move(connection, [(state, replace(state, status=Status.ERASED))])
    store.forget_empty(connection, state.site_id, state.author_key, state.domains)


def _row(state: State, **fields: Any) -> dict[str, Any]:
    seen = {"first_seen": state.received_at, "last_seen": state.received_at}
    return {"site_id": state.site_id, **dict.fromkeys(store.COUNTERS, 0), **seen, **fields}


def _add(row: dict[str, Any], counted: dict[str, int], state: State) -> None:
    for name, count in counted.items():
        row[name] += count
    row["first_seen"] = min(row["first_seen"], state.received_at)
    row["last_seen"] = max(row["last_seen"], state.received_at)


def _changes(row: dict[str, Any]) -> bool:
    return any(row[name] for name in (*store.COUNTERS, "earned") if name in row)
