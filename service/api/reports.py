"""Readers' flags, relayed by the blog."""

from __future__ import annotations

from flask import Response
from pydantic import Field
from sqlalchemy.engine import Connection

from classifier.domain import Status
from classifier.lessons import RulingReason
from service.api.answers import comment_of
from service.api.comments import facts
from service.api.operations import operation
from service.errors import refused
from service.moderation import ModerationError
from service.readers import report, reporter_key
from service.schemas import CommentOut, ExternalId, LongLine, Strict
from service.store.accounts import Site
from service.web import MAX_COMMENT_BYTES, answer, now, parse, read_bytes, web


class ReportIn(Strict):
    """What a reader says of a published comment."""

    reporter: ExternalId = Field(
        description="Your id of the reader, or whatever tells one from another, such as a session; each counts once. "
        "Kept as a keyed hash."
    )
    reason: RulingReason = RulingReason.OTHER
    note: LongLine | None = Field(None, description="In the reader's words; erased with the comment.")


@operation(
    "POST",
    "/v1/comments/{id}/reports",
    scope="write",
    body=ReportIn,
    answers={200: CommentOut},
    problems=("not_found", "comment.erased"),
)
def report_comment(site: Site, comment_id: str) -> Response:
    """Flag a comment for a reader.

    It goes into the moderators' queue. Three different readers take a comment down until a person has looked, unless a
    person had approved it: then it stays up meanwhile.
    """
    here = web()
    said = parse(ReportIn, read_bytes(MAX_COMMENT_BYTES))
    made_at, reporter = now(), reporter_key(here.settings.secret, site.id, said.reporter)

    def work(connection: Connection) -> Status:
        return report(connection, site.id, comment_id, said.reason, reporter=reporter, note=said.note, now=made_at)

    try:
        here.store.write(work)
    except ModerationError as error:
        raise refused(error) from None
    return answer(comment_of(facts(here, site, comment_id)))
