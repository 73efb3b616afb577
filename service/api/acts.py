"""What moderators do, over the API: rule on many at once, write notes, read the history, take things back."""

from __future__ import annotations

from typing import Any, Final, Literal

from flask import Response, request
from pydantic import BaseModel, Field

from classifier.domain import Action, Status
from classifier.lessons import RulingReason
from service import review
from service.acts import Verb
from service.api.comments import facts
from service.api.moderators import ModeratorIn, actor_of
from service.api.operations import Parameter, operation
from service.api.paging import LIMIT, cursor, id_argument, page_limit
from service.api.queue import MODERATOR
from service.batches import rule_batch
from service.errors import field_problem, refused
from service.moderation import ErasedError, ModerationError
from service.rulings import ANY, Conflict, Done, Wish, in_words
from service.schemas import MAX_BATCH_ITEMS, LongLine, Moment, OurId, Revision, Strict, Uuid
from service.scopes import Scope
from service.store import acts as store
from service.store import review as items
from service.store.accounts import Site
from service.store.comments import AnyRow
from service.undo import undo
from service.waiting import announce
from service.web import MAX_BATCH_BYTES, MAX_COMMENT_BYTES, answer, now, parse, read_bytes, web


class SeenIn(Strict):
    """A comment as its moderator saw it."""

    id: OurId
    revision: Revision
    seen: OurId | None = Field(
        None,
        description="The ruling that stood when it was read, null for none: if another one stands by now, nothing is "
        "done. Leave it out to rule whatever stands.",
    )


class RulingsIn(ModeratorIn):
    """One word on many comments."""

    action: Literal["approve", "reject", "hold"]
    reason: RulingReason | None = None
    comments: list[SeenIn] = Field(min_length=1, max_length=MAX_BATCH_ITEMS)


class DoneOut(BaseModel):
    """What was done to one comment."""

    id: Uuid
    ruling: Uuid
    status: Status


class ConflictOut(BaseModel):
    """A comment that was left alone, and why."""

    id: Uuid
    code: str
    message: str
    status: Status | None
    by: str | None


class ManyOut(BaseModel):
    """What became of an act on many comments; `act` is what an undo names, null when there was nothing to do."""

    act: Uuid | None
    done: list[DoneOut]
    conflicts: list[ConflictOut]


class NoteIn(ModeratorIn):
    """What other moderators should know of a comment."""

    text: LongLine = Field(min_length=1)


class NoteOut(BaseModel):
    """A note."""

    id: Uuid
    moderator: str
    text: str
    written_at: Moment


class NotesOut(BaseModel):
    """All notes on a comment, the first one first."""

    items: list[NoteOut]


class ActOut(BaseModel):
    """One thing that somebody did."""

    id: Uuid
    at: Moment
    moderator: str
    source: Literal["desk", "api", "cli", "import", "reader"]
    verb: Verb
    comment: Uuid | None
    revision: int | None
    reason: str | None
    ruling: Uuid | None
    status_before: Status | None
    status_after: Status | None
    batch: Uuid | None = Field(description="The act that this one was part of.")
    undoes: Uuid | None = Field(description="The act that this one takes back.")
    undone: bool


class ActPage(BaseModel):
    """A page of acts, the newest first; follow next_cursor until it is null."""

    items: list[ActOut]
    next_cursor: str | None


@operation("POST", "/v1/rulings", scope="write", needs=Scope.MODERATE, body=RulingsIn, answers={200: ManyOut})
def rule_on_many(site: Site) -> Response:
    """Rule on many comments as one act.

    One undo takes all of it back. Comments that are not as they were seen are left alone and told of.
    """
    here = web()
    said = parse(RulingsIn, read_bytes(MAX_BATCH_BYTES))
    wishes = [
        Wish(each.id, each.revision, each.seen if "seen" in each.model_fields_set else ANY) for each in said.comments
    ]
    batch = rule_batch(
        here.store,
        site.id,
        list({wish.comment_id: wish for wish in wishes}.values()),
        Action(said.action),
        actor=actor_of(site, said.moderator),
        now=now(),
        kind="selection",
        reason=said.reason,
    )
    return answer(_many(batch.act_id, batch.done, batch.conflicts))


@operation(
    "POST",
    "/v1/acts/{id}/undo",
    scope="write",
    needs=Scope.MODERATE,
    body=ModeratorIn,
    answers={200: ManyOut},
    problems=("not_found", "act.final", "act.undone"),
)
def undo_act(site: Site, act_id: str) -> Response:
    """Take an act back, at any age; a batch as a whole.

    Status, records, what was taught and the place in the queue are as before. Comments that somebody has ruled on since
    are left alone and told of.
    """
    here = web()
    who = actor_of(site, parse(ModeratorIn, read_bytes(MAX_COMMENT_BYTES)).moderator)
    moment = now()
    try:
        undone = here.store.write(lambda c: undo(c, site.id, act_id, actor=who, now=moment))
    except ModerationError as error:
        raise refused(error) from None
    announce(here, [each.comment_id for each in undone.done if each.status is Status.PENDING])
    return answer(_many(undone.act_id or None, undone.done, undone.conflicts))


_VERB: Final = Parameter("verb", "query", "Only such acts.", {"enum": [verb.value for verb in Verb]})
_COMMENT: Final = Parameter(
    "comment", "query", "Only acts on this comment: Sluice's id of it.", {"type": "string", "format": "uuid"}
)
_CURSOR: Final = Parameter(
    "cursor", "query", "The `next_cursor` of the page before.", {"type": "string", "format": "uuid"}
)


@operation(
    "GET", "/v1/acts", scope="read", answers={200: ActPage}, parameters=(_COMMENT, _VERB, MODERATOR, LIMIT, _CURSOR)
)
def list_acts(site: Site) -> Response:
    """List what was done on your site, by whatever way: desk, API, command line, import."""
    limit, after = page_limit(), cursor()
    verb = request.args.get("verb")
    if verb is not None and verb not in list(Verb):
        raise field_problem("#/verb", f"Must be one of: {', '.join(Verb)}.")
    with web().store.read() as connection:
        rows = store.acts_of_site(
            connection,
            site.id,
            comment_id=id_argument("comment"),
            verb=verb,
            actor=request.args.get("moderator"),
            before=after,
            limit=limit + 1,
        )
        undone = store.undone_among(connection, [row.id for row in rows])
    following = rows[limit - 1].id if len(rows) > limit else None
    acts = [_act(row, undone=row.id in undone) for row in rows[:limit]]
    return answer(ActPage.model_construct(items=acts, next_cursor=following))


@operation(
    "POST",
    "/v1/comments/{id}/notes",
    scope="write",
    needs=Scope.MODERATE,
    body=NoteIn,
    answers={200: NotesOut},
    problems=("not_found", "comment.erased"),
)
def write_note(site: Site, comment_id: str) -> Response:
    """Write a note on a comment for other moderators; it is erased with the comment."""
    here = web()
    said = parse(NoteIn, read_bytes(MAX_COMMENT_BYTES))
    moment, who = now(), actor_of(site, said.moderator)
    try:
        here.store.write(lambda c: review.write_note(c, site.id, comment_id, said.text, actor=who, now=moment))
    except ModerationError as error:
        raise refused(error) from None
    return answer(_notes(comment_id))


@operation(
    "GET",
    "/v1/comments/{id}/notes",
    scope="read",
    answers={200: NotesOut},
    problems=("not_found", "comment.erased"),
)
def list_notes(site: Site, comment_id: str) -> Response:
    """List the notes on a comment."""
    if facts(web(), site, comment_id).status == Status.ERASED:
        raise refused(ErasedError("This comment was erased."))
    return answer(_notes(comment_id))


def _many(act_id: str | None, done: tuple[Done, ...] | list[Done], conflicts: Any) -> ManyOut:
    return ManyOut.model_construct(
        act=act_id,
        done=[DoneOut.model_construct(id=each.comment_id, ruling=each.ruling_id, status=each.status) for each in done],
        conflicts=[_conflict(each) for each in conflicts],
    )


def _conflict(found: Conflict) -> ConflictOut:
    return ConflictOut.model_construct(
        id=found.comment_id, code=found.code, message=in_words(found), status=found.status, by=found.by
    )


def _notes(comment_id: str) -> NotesOut:
    with web().store.read() as connection:
        rows = items.notes_on(connection, comment_id)
    return NotesOut.model_construct(
        items=[
            NoteOut.model_construct(id=row.id, moderator=row.author, text=row.text, written_at=row.written_at)
            for row in rows
        ]
    )


def _act(row: AnyRow, *, undone: bool) -> ActOut:
    return ActOut.model_construct(
        id=row.id,
        at=row.at,
        moderator=row.actor,
        source=row.source,
        verb=Verb(row.verb),
        comment=row.comment_id,
        revision=row.revision,
        reason=row.reason,
        ruling=row.ruling_id,
        status_before=row.status_before and Status(row.status_before),
        status_after=row.status_after and Status(row.status_after),
        batch=row.batch_id,
        undoes=row.undoes,
        undone=undone,
    )
