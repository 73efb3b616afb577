"""Coral's external moderation phase: a signed comment in, what Coral should do with it out.

Coral skips the phase on any error, and publishes. So whatever is signed gets an answer in time: a comment that cannot
be judged is withheld.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from flask import Flask, Response, request
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

import config.logs
from classifier.domain import MAX_TEXT_CHARS, Status
from service import checks, coral_secrets
from service.api.comments import retrying
from service.checks import Asked
from service.errors import Problem
from service.protocols.akismet_fields import clean, is_address
from service.protocols.speaking import Protocol, read_body
from service.rows import Keep
from service.schemas import ArticleIn, AuthorIn, CommentIn, Submission
from service.store import coral as store
from service.store.accounts import Site, find_site
from service.waiting import PATIENCE, decided_within, seconds_left
from service.web import MAX_COMMENT_BYTES, Web, now, web

log = config.logs.get("coral")

SIGNATURE: Final = "X-Coral-Signature"
WITHHELD: Final = "SYSTEM_WITHHELD"
_STATUS: Final = {Status.HELD: WITHHELD, Status.PENDING: WITHHELD, Status.REJECTED: "REJECTED"}


@dataclass(frozen=True, slots=True)
class Told:
    """What Coral is told: a status, and the reason for which moderators see a flag."""

    status: str
    flag: str | None = None

    def response(self) -> Response:
        """As Coral reads it; anything that it does not know would make the whole answer invalid."""
        body: dict[str, Any] = {"status": self.status}
        if self.flag is not None:
            body["actions"] = [{"actionType": "FLAG", "reason": self.flag}]
        return Response(json.dumps(body), 200, content_type="application/json")


def moderate(site_id: str) -> Response:
    """Answer for a comment that Coral is about to publish."""
    here = web()
    body = read_body(MAX_COMMENT_BYTES)
    site = _signed_by(here, str(site_id), body)
    submission = submission_of(site, body)
    if submission is None or not here.writes.spend(site.id).allowed:
        log.warning("coral.withheld", site=site.id, readable=submission is not None)
        return Told(WITHHELD).response()
    try:
        guid, told = _told(here, site, submission)
    except SQLAlchemyError as error:
        log.error("coral.unstored", site=site.id, error=type(error).__name__)
        return Told(WITHHELD).response()
    response = told.response()
    response.call_on_close(partial(_count, here, site, guid, told))
    return response


def submission_of(site: Site, body: bytes) -> Submission | None:
    """The comment of a request; nothing when there is none in it."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return None
    text = _text(said, "comment", "body")
    if text is None:
        return None
    author, parent, url = _text(said, "author", "id"), _text(said, "comment", "parentID"), _text(said, "story", "url")
    comment = CommentIn(
        text=text[:MAX_TEXT_CHARS],
        format=site.options.coral_body,
        parent_id=f"coral:{parent}"[:500] if parent else None,
        author=AuthorIn(
            id=f"coral:{author}"[:500] if author else None,
            role=(_text(said, "author", "role") or "").lower()[:100] or None,
        ),
    )
    if len(text) > MAX_TEXT_CHARS:
        comment = comment.model_copy(update={"text": text})  # unchecked, and held for its length
    return Submission(article=ArticleIn(url=url if url and is_address(url) else site.url), comment=comment)


def _signed_by(here: Web, site_id: str, body: bytes) -> Site:
    """The site whose secret signed the body.

    Raises:
        Problem: nobody's did.
    """
    with here.store.read() as connection:
        site = find_site(connection, site_id)
        rows = [] if site is None else store.secrets_of(connection, site.id)
    signing = coral_secrets.opened(rows, here.settings.secret)
    if site is not None and coral_secrets.is_signed(body, request.headers.get(SIGNATURE, ""), signing):
        return site
    here.keys.note_failure(request)
    raise Problem("auth.invalid", "No signature in X-Coral-Signature is of this body under a secret known here.")


def _told(here: Web, site: Site, submission: Submission) -> tuple[str, Told]:
    digest = checks.digest_of(here.settings.secret, site.id, submission.comment.text)
    asked = Asked(checks.new_guid(), digest, submission)
    comment_id = retrying(lambda: here.store.write_each(_ask_together, (site.id, here.keep), asked))
    left = seconds_left(here.settings.protocol_wait_seconds)
    row = decided_within(here, site, comment_id, left, patience=PATIENCE)
    if row is None or row.status == Status.PENDING:
        return asked.guid, Told(WITHHELD)
    approved = "APPROVED" if site.options.coral_approve == "approved" else "NONE"
    status = _STATUS.get(Status(row.status), approved)
    return asked.guid, Told(status, None if status == approved else flag_of(row.reasons or ()))


def flag_of(reasons: Any) -> str | None:
    """Which of Coral's two reasons the weightiest reason that is about the text is."""
    head = next((reason["head"] for reason in reasons if reason.get("head")), None)
    if head is None:
        return None
    return "COMMENT_DETECTED_SPAM" if head == "spam" else "COMMENT_DETECTED_TOXIC"


def _ask_together(connection: Connection, kind: tuple[str, Keep], asked: list[Asked]) -> list[str]:
    site_id, keep = kind
    return checks.ask(connection, site_id, asked, now(), keep)


def _count(here: Web, site: Site, guid: str, told: Told) -> None:
    """Note the answer after it was given."""
    answer: checks.Answer = "ham" if told.status in ("NONE", "APPROVED") else "spam"
    moment = now()
    try:
        here.store.write(lambda connection: checks.answered(connection, site.id, guid, answer, moment))
    except SQLAlchemyError as error:
        log.warning("coral.uncounted", error=type(error).__name__)


def _text(said: Any, part: str, name: str) -> str | None:
    inner = said.get(part) if isinstance(said, Mapping) else None
    value = inner.get(name) if isinstance(inner, Mapping) else None
    return clean(value) if isinstance(value, str) else None


def _register(app: Flask) -> None:
    app.add_url_rule(
        "/coral/<uuid:site_id>",
        endpoint="coral_moderate",
        view_func=moderate,
        methods=["POST"],
        provide_automatic_options=False,
    )


def _fault(problem: Problem) -> Response:
    body = json.dumps({"error": problem.detail})
    return Response(body, problem.status, problem.headers, content_type="application/json")


CORAL: Final = Protocol("coral", lambda path: path.startswith("/coral/"), _register, _fault)
