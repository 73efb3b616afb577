"""A person's final word on a comment: say it, read what was said, take it back."""

from __future__ import annotations

from typing import Any, Final, Literal

from flask import Response, request
from pydantic import BaseModel, Field
from sqlalchemy.engine import Connection

from classifier.domain import Action, Status
from classifier.lessons import RulingReason
from service.api.answers import comment_of
from service.api.comments import facts, idempotency_of, retrying
from service.api.operations import IDEMPOTENCY_KEY, Parameter, operation
from service.errors import field_problem, refused
from service.moderation import ErasedError, ModerationError
from service.rulings import rule, take_back
from service.schemas import CommentOut, Line, LongLine, Moment, Revision, Strict, Uuid
from service.scopes import Scope
from service.store import rulings as store
from service.store.accounts import Site
from service.store.comments import AnyRow
from service.waiting import announce
from service.web import MAX_COMMENT_BYTES, answer, now, parse, read_bytes, web

RULING: Final = Parameter(
    "ruling",
    "query",
    "The ruling to take back: the one that stands.",
    {"type": "string", "format": "uuid"},
    required=True,
)


class RulingIn(Strict):
    """A moderator's final word on the text they saw."""

    action: Literal["approve", "reject", "hold"] = Field(description="`hold` puts it back into the queue.")
    revision: Revision
    reason: RulingReason | None = Field(
        None,
        description="Why. Only an approval, spam and the kinds of abuse teach the model; exception never does.",
    )
    note: LongLine | None = Field(None, description="For other moderators; erased with the comment.")
    moderator: Line | None = Field(None, max_length=150, description="Who ruled, as your site knows them.")


class RulingRecord(BaseModel):
    """One entry of a comment's rulings."""

    id: Uuid
    revision: int
    action: Literal["approve", "reject", "hold", "undo"]
    reason: str | None
    note: str | None
    moderator: str
    source: Literal["api", "cli", "desk", "import"]
    ruled_at: Moment
    undoes: Uuid | None = Field(description="The ruling that this one takes back.")


class RulingsOut(BaseModel):
    """All rulings on a comment, in the order they were made."""

    items: list[RulingRecord]


@operation(
    "POST",
    "/v1/comments/{id}/rulings",
    scope="write",
    needs=Scope.MODERATE,
    body=RulingIn,
    answers={200: CommentOut},
    problems=("not_found", "comment.changed", "comment.erased", "idempotency.reused"),
    parameters=(IDEMPOTENCY_KEY,),
)
def rule_on_comment(site: Site, comment_id: str) -> Response:
    """Rule on a comment.

    Approve or reject it, or put it back into the queue, whatever was decided or ruled before; no decision of the
    machine overturns it. A ruling on a revision that is no longer the current one is refused.
    """
    here = web()
    body = read_bytes(MAX_COMMENT_BYTES)
    ruling = parse(RulingIn, body)
    promise = idempotency_of(here, f"rulings {comment_id} ".encode() + body)
    ruled_at = now()

    def work(connection: Connection) -> None:
        rule(
            connection,
            site.id,
            comment_id,
            ruling.revision,
            Action(ruling.action),
            moderator=ruling.moderator or "api",
            now=ruled_at,
            source="api",
            reason=ruling.reason,
            note=ruling.note,
            idempotency=promise,
        )

    try:
        retrying(lambda: here.store.write(work))
    except ModerationError as error:
        raise refused(error) from None
    return answer(comment_of(facts(here, site, comment_id)))


@operation(
    "GET",
    "/v1/comments/{id}/rulings",
    scope="read",
    answers={200: RulingsOut},
    problems=("not_found", "comment.erased"),
)
def list_rulings(site: Site, comment_id: str) -> Response:
    """List all rulings on a comment.

    Those on earlier revisions and those taken back are among them.
    """
    here = web()
    if facts(here, site, comment_id).status == Status.ERASED:
        raise refused(ErasedError("This comment was erased."))
    with here.store.read() as connection:
        rows = store.rulings_of(connection, comment_id)
    return answer(RulingsOut.model_construct(items=[_record(row) for row in rows]))


@operation(
    "DELETE",
    "/v1/comments/{id}/rulings",
    scope="write",
    needs=Scope.MODERATE,
    answers={200: CommentOut, 202: CommentOut},
    problems=("not_found", "comment.changed", "comment.erased"),
    parameters=(RULING,),
)
def take_back_ruling(site: Site, comment_id: str) -> Response:
    """Take a ruling back.

    The comment stands again as the rest of its history says, and what the ruling taught is forgotten at the next
    training. It stays on record that it was made and taken back.
    """
    here = web()
    ruling_id = request.args.get("ruling", "").lower()
    if not ruling_id:
        raise field_problem("#/ruling", "Must be the id of the ruling to take back.", "field.missing")
    undone_at = now()

    def work(connection: Connection) -> Status:
        return take_back(connection, site.id, comment_id, ruling_id, moderator="api", now=undone_at)

    try:
        status = here.store.write(work)
    except ModerationError as error:
        raise refused(error) from None
    if status is Status.PENDING:
        announce(here, [comment_id])
    row = facts(here, site, comment_id)
    return answer(comment_of(row), 202 if row.status == Status.PENDING else 200)


def _record(row: AnyRow) -> Any:
    names = ("id", "revision", "action", "reason", "note", "moderator", "source", "ruled_at", "undoes")
    return RulingRecord.model_construct(**{name: getattr(row, name) for name in names})
