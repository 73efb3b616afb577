"""What happens to comments, noted for the webhooks of their site in the transaction in which it happens.

An event holds ids, how the comment stands, and what was decided or ruled: never a text, a name, an email or an IP.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

import uuid_utils
from sqlalchemy.engine import Connection

from classifier.lifecycle import ACTION_OF_STATUS
from service.store import checks, comments, hooks
from service.store import deliveries as store
from service.store.accounts import new_id
from service.store.comments import AnyRow, State
from service.store.engine import tell_when_committed

#: What an event says of a reason; not where in the text it was.
_OF_A_REASON: Final = ("code", "message", "weight", "head", "escalate")


class EventKind(StrEnum):
    """What a webhook may be told."""

    DECIDED = "comment.decided"
    RULED = "comment.ruled"
    UNDONE = "ruling.undone"
    REPORTED = "comment.reported"
    ERASED = "comment.erased"


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that happened to a comment, which stands now as ``state`` says."""

    kind: EventKind
    state: State
    details: Mapping[str, Any]


def decided(state: State, decision: Mapping[str, Any]) -> Happened:
    """The machine, or its clock, moved a comment; ``decision`` is the row on record."""
    said = {name: decision[name] for name in ("id", "action", "kind", "scores", "model", "policy")}
    said["reasons"] = [
        {name: reason[name] for name in _OF_A_REASON if name in reason} for reason in decision["reasons"]
    ]
    said["decided_at"] = moment(decision["decided_at"])
    return Happened(EventKind.DECIDED, state, {"decision": said})


def ruled(state: State, ruling: Mapping[str, Any]) -> Happened:
    """A person ruled; who, and their note, are not told."""
    said = {name: ruling[name] for name in ("id", "action", "reason", "source")}
    return Happened(EventKind.RULED, state, {"ruling": {**said, "ruled_at": moment(ruling["ruled_at"])}})


def undone(state: State, undo: Mapping[str, Any]) -> Happened:
    """A ruling was taken back; the comment stands as if it had never been."""
    said = {"ruling_id": undo["undoes"], "source": undo["source"], "undone_at": moment(undo["ruled_at"])}
    return Happened(EventKind.UNDONE, state, {"undone": said})


def reported(state: State, reporters: int) -> Happened:
    """So many readers flagged a comment that it is held until a person has looked; who they are is not told."""
    return Happened(EventKind.REPORTED, state, {"reports": {"readers": reporters}})


def note(connection: Connection, happened: Sequence[Happened], now: datetime) -> None:
    """Write down what happened for every live webhook that wants to know; costs nothing for sites without one.

    The caller holds the comments' locks. Whoever delivers is told once this is committed.
    """
    heard = [each for each in happened if each.state.hooked]
    if not heard:
        return
    listeners = hooks.live_webhooks(connection, {each.state.site_id for each in heard})
    ids = [each.state.id for each in heard]
    subjects = store.subjects(connection, ids)
    checked = checks.guids_of(connection, ids) if any(hook.speaks == hooks.AKISMET for hook in listeners) else {}
    last = store.last_events(connection, ids)
    noted: comments.Rows = []
    to_tell: comments.Rows = []
    for each in heard:
        state = each.state
        wanted = [
            hook.id
            for hook in listeners
            if hook.site_id == state.site_id
            and each.kind in hook.events
            and (hook.speaks == hooks.SLUICE or state.id in checked)
        ]
        if not wanted:
            continue
        event_id = id_after(last.get(state.id))
        last[state.id] = event_id
        noted.append(
            {
                "id": event_id,
                "site_id": state.site_id,
                "comment_id": state.id,
                "revision": state.revision,
                "kind": each.kind.value,
                "occurred_at": now,
                "payload": _payload(event_id, each, subjects[state.id], now),
            }
        )
        to_tell += [_delivery(hook_id, event_id, state.id, now) for hook_id in wanted]
    if noted:
        store.insert_events(connection, noted, to_tell)
        tell_when_committed(connection, [row["id"] for row in to_tell])


def note_erased(connection: Connection, state: State, now: datetime) -> None:
    """Forget what earlier events said of a comment, and tell that it was erased: ids and nothing else."""
    store.forget_events(connection, state.id)
    note(connection, [Happened(EventKind.ERASED, state, {})], now)


def id_after(earlier: str | None) -> str:
    """A new UUIDv7 that sorts after an earlier one, even if another host's clock was ahead when that was made."""
    made = new_id()
    if earlier is None or made > earlier:
        return made
    milliseconds = int(earlier.replace("-", "")[:12], 16) + 1
    return str(uuid_utils.uuid7(nanoseconds=milliseconds * 1_000_000))


def moment(value: datetime) -> str:
    """A time as the API writes it."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _payload(event_id: str, happened: Happened, subject: AnyRow, now: datetime) -> dict[str, Any]:
    state = happened.state
    comment: dict[str, Any] = {"id": state.id, "external_id": subject.external_id}
    if happened.kind is not EventKind.ERASED:
        kind, _, article = subject.article_key.partition(":")
        action = ACTION_OF_STATUS.get(state.status)
        comment |= {
            "revision": state.revision,
            "status": state.status.value,
            "action": action and action.value,
            "article": {
                "id": subject.article_id,
                "external_id": article if kind == "id" else None,
                "url": subject.article_url,
            },
        }
    data = {"site_id": state.site_id, "comment": comment, **happened.details}
    return {"id": event_id, "type": happened.kind.value, "timestamp": moment(now), "data": data}


def _delivery(webhook_id: str, event_id: str, comment_id: str, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "event_id": event_id,
        "webhook_id": webhook_id,
        "comment_id": comment_id,
        "state": store.WAITING,
        "attempts": 0,
        "next_at": now,
    }
