"""Comments and articles: submit, read, change, erase."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, TypeVar

from flask import Response, request
from pydantic import ValidationError
from pydantic_core import from_json
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from classifier.domain import Status
from service import moderation
from service.api.answers import comment_of, pending
from service.api.operations import IDEMPOTENCY_KEY, WAIT, Parameter, operation
from service.api.paging import CURSOR, LIMIT, cursor, page_limit
from service.errors import Problem, field_problem, invalid, refused
from service.limits import Allowance
from service.moderation import Accepted, Idempotency, ModerationError
from service.rows import Keep
from service.schemas import (
    MAX_BATCH_ITEMS,
    ArticleFacts,
    ArticleOut,
    BatchOut,
    BatchResult,
    CommentOut,
    CommentPage,
    Edit,
    Submission,
)
from service.store import comments as store
from service.store.accounts import Site
from service.waiting import announce, decided_within
from service.web import (
    MAX_BATCH_BYTES,
    MAX_COMMENT_BYTES,
    Web,
    answer,
    digest_of_body,
    now,
    parse,
    preferred_wait,
    read_bytes,
    request_id,
    web,
)

T = TypeVar("T")

RETRY_AFTER_SECONDS: Final = "1"
#: How often a write that lost a race against another host's is tried again.
RACES: Final = 5
#: Comments that cost as much as one write: what a worker decides at once.
BATCH_UNIT: Final = 64
_PRINTABLE: Final = re.compile(r"[\x21-\x7e][\x20-\x7e]{0,254}")
_NDJSON: Final = ("application/x-ndjson", "application/ndjson", "application/jsonl")

STATUS: Final = Parameter(
    "status", "query", "Only comments that stand so.", {"type": "string", "enum": [s.value for s in Status]}
)
EXTERNAL_ID: Final = Parameter(
    "external_id", "query", "Only the comment with your id.", {"type": "string", "pattern": "^[^\\u0000]*$"}
)
ORDER: Final = Parameter(
    "order", "query", "Which come first.", {"type": "string", "enum": ["newest", "oldest"], "default": "newest"}
)


@operation(
    "POST",
    "/v1/comments",
    scope="write",
    body=Submission,
    answers={200: CommentOut, 202: CommentOut},
    problems=("comment.exists", "idempotency.reused", "comment.erased"),
    parameters=(WAIT, IDEMPOTENCY_KEY),
)
def submit_comment(site: Site) -> Response:
    """Submit a comment.

    It is stored durably before you get an answer. With `Prefer: wait=N` the answer is 200 with the decision as soon
    as it is made; else, or when time is up, 202 while it is pending: ask again at `Location`. The same `id` again is
    the same comment, so retries are free; another text under the same `id` is refused (use PUT).
    """
    here = web()
    body = read_bytes(MAX_COMMENT_BYTES)
    submission = parse(Submission, body)
    idempotency = idempotency_of(here, body)
    outcome, received_at = _submit_one(here, site, submission, idempotency)
    accepted = _unless_refused(outcome)
    wait = preferred_wait(here.settings.wait_max_seconds)
    known = None if accepted.created else facts(here, site, accepted.id)
    if known is None or known.status == Status.PENDING:
        known = decided_within(here, site, accepted.id, wait) or known
    if known is not None:
        return _commented(comment_of(known), wait)
    return _commented(pending(accepted.id, submission.comment.id, accepted.article_id or "", received_at), wait)


@operation(
    "POST",
    "/v1/comments/batch",
    scope="write",
    batch_of=Submission,
    body_description=f"A JSON array, or one object a line (application/x-ndjson); at most {MAX_BATCH_ITEMS:,} items.",
    answers={200: BatchOut},
)
def submit_batch(site: Site) -> Response:
    """Submit up to 1,000 comments at once.

    Each item is accepted or refused on its own; the results come in the order of the items, pending ones with
    status 202. The accepted ones are stored durably, together, before you get the answer.
    """
    here = web()
    items = read_batch(MAX_BATCH_BYTES)
    spend_batch(here, site, len(items))
    good = [(index, item) for index, item in enumerate(items) if isinstance(item, Submission)]
    received_at = now()
    outcomes = _submit(here, site, [item for _, item in good], received_at)
    created: list[str] = []
    repeated: list[str] = []
    for outcome in outcomes:
        if isinstance(outcome, Accepted):
            (created if outcome.created else repeated).append(outcome.id)
    if created:
        announce(here, created)
    with here.store.read() as connection:
        known = store.facts_of_all(connection, site.id, repeated) if repeated else {}
    results = {index: _refusal(index, item) for index, item in enumerate(items) if isinstance(item, Problem)}
    for (index, item), outcome in zip(good, outcomes, strict=True):
        if isinstance(outcome, ModerationError):
            results[index] = _refusal(index, refused(outcome))
        else:
            comment = (
                comment_of(known[outcome.id])
                if outcome.id in known
                else pending(outcome.id, item.comment.id, outcome.article_id or "", received_at)
            )
            status = 202 if comment.status is Status.PENDING else 200
            results[index] = BatchResult.model_construct(index=index, status=status, comment=comment, problem=None)
    return answer(BatchOut.model_construct(results=[results[index] for index in range(len(items))]))


@operation(
    "GET",
    "/v1/comments",
    scope="read",
    answers={200: CommentPage},
    parameters=(STATUS, EXTERNAL_ID, ORDER, LIMIT, CURSOR),
)
def list_comments(site: Site) -> Response:
    """List your comments.

    Follow `next_cursor` until it is null; the deepest page costs what the first does.
    """
    status = _choice("status", [s.value for s in Status])
    newest_first = _choice("order", ["newest", "oldest"]) != "oldest"
    limit = page_limit()
    external_id = request.args.get("external_id")
    if external_id is not None and "\0" in external_id:
        raise field_problem("#/external_id", "Must not contain the NUL character.")
    with web().store.read() as connection:
        rows = store.page(
            connection,
            site.id,
            status=Status(status) if status else None,
            external_id=external_id,
            after=cursor(),
            newest_first=newest_first,
            limit=limit + 1,
        )
    following = rows[limit - 1].id if len(rows) > limit else None
    items = [comment_of(row) for row in rows[:limit]]
    return answer(CommentPage.model_construct(items=items, next_cursor=following))


@operation(
    "GET",
    "/v1/comments/{id}",
    scope="read",
    answers={200: CommentOut},
    problems=("not_found", "comment.erased"),
)
def read_comment(site: Site, comment_id: str) -> Response:
    """Read where a comment stands."""
    row = facts(web(), site, comment_id)
    if row.status == Status.ERASED:
        raise refused(moderation.ErasedError("This comment was erased."))
    return answer(comment_of(row))


@operation(
    "PUT",
    "/v1/comments/{id}",
    scope="write",
    body=Edit,
    answers={200: CommentOut, 202: CommentOut},
    problems=("not_found", "comment.exists", "comment.erased"),
    parameters=(WAIT,),
)
def edit_comment(site: Site, comment_id: str) -> Response:
    """Change a comment.

    A new text is a new revision and is decided again, whatever was decided or ruled before; the same text changes
    nothing but what you say about its author.
    """
    here = web()
    change = parse(Edit, read_bytes(MAX_COMMENT_BYTES))
    edited_at = now()

    def work(connection: Connection) -> bool:
        return moderation.edit(connection, site.id, comment_id, change, now=edited_at, keep=here.keep)

    try:
        retrying(lambda: here.store.write(work))
    except ModerationError as error:
        raise refused(error) from None
    wait = preferred_wait(here.settings.wait_max_seconds)
    row = facts(here, site, comment_id)
    if row.status == Status.PENDING:
        row = decided_within(here, site, comment_id, wait) or row
    return _commented(comment_of(row), wait)


@operation(
    "DELETE",
    "/v1/comments/{id}",
    scope="write",
    answers={204: None},
    problems=("not_found", "comment.erased"),
)
def erase_comment(site: Site, comment_id: str) -> Response:
    """Erase a comment for good.

    Its text and all personal data leave the database's files. Its id stays taken: the same comment sent again is 410.
    """
    here = web()
    erased_at = now()

    def work(connection: Connection) -> None:
        moderation.erase(connection, site.id, comment_id, now=erased_at)
        store.ask_for_scrub(connection)

    try:
        here.store.write(work)
    except ModerationError as error:
        raise refused(error) from None
    if here.store.is_sqlite and here.store.scrub():
        here.store.write(store.scrub_done)
    return Response(status=204)


@operation(
    "PUT",
    "/v1/articles/{id}",
    scope="write",
    body=ArticleFacts,
    answers={200: ArticleOut},
    problems=("not_found",),
)
def put_article(site: Site, article_id: str) -> Response:
    """Store an article under your id for it.

    Send a long article once here, and only its `id` and `url` with each comment.
    """
    here = web()
    if not 1 <= len(article_id) <= 500 or "\0" in article_id:
        raise Problem("not_found", "An article's id has 1 to 500 characters, none of them NUL.")
    facts = parse(ArticleFacts, read_bytes(MAX_COMMENT_BYTES))
    put_at = now()
    retrying(
        lambda: here.store.write(
            lambda connection: moderation.put_article(connection, site.id, article_id, facts, put_at)
        )
    )
    with here.store.read() as connection:
        row = store.find_article(connection, site.id, f"id:{article_id}")
    if row is None:
        raise Problem("not_found", "There is no such article.")
    return answer(
        ArticleOut(
            id=row["id"],
            external_id=article_id,
            url=row["url"],
            title=row["title"],
            text_chars=len(row["text"] or ""),
            published_at=row["published_at"],
            tags=row["tags"],
            updated_at=row["updated_at"],
        )
    )


def read_batch(limit: int) -> list[Submission | Problem]:
    """The items of a batch, each parsed or with its problem.

    Raises:
        Problem: the body as a whole is no array of at most 1,000 items.
    """
    body = read_bytes(limit, ("application/json", *_NDJSON))
    if request.mimetype in _NDJSON:
        lines = [line for line in body.split(b"\n") if line.strip()]
        _check_count(len(lines))
        return [_item(line) for line in lines]
    try:
        values = from_json(body)
    except ValueError as error:
        try:
            values = json.loads(body)  # a lone surrogate is the item's fault, not the batch's
        except (ValueError, RecursionError):
            raise Problem("request.malformed", f"The body is not valid JSON: {error}.") from None
    if not isinstance(values, list):
        raise field_problem("#", "Must be a list.", "field.type")
    _check_count(len(values))
    return [_item(json.dumps(value).encode()) for value in values]


def spend_batch(here: Web, site: Site, items: int) -> None:
    """Charge a batch's further writes; the first was charged before its body was read.

    Raises:
        Problem: ``rate.limited``.
    """
    more = (items - 1) // BATCH_UNIT
    if more > 0:
        raise_if_limited(here.writes.spend(site.id, more))


def raise_if_limited(allowance: Allowance) -> None:
    """Refuse a request that has no tokens left."""
    if not allowance.allowed:
        raise Problem("rate.limited", "Slow down; Retry-After says when to try again.", headers=allowance.headers())


def _item(body: bytes) -> Submission | Problem:
    try:
        return Submission.model_validate_json(body)
    except ValidationError as error:
        return invalid(error, body)


def _check_count(count: int) -> None:
    if not 1 <= count <= MAX_BATCH_ITEMS:
        raise field_problem("#", f"Must have 1 to {MAX_BATCH_ITEMS:,} items.", "field.too_long")


def _submit_one(
    here: Web, site: Site, submission: Submission, idempotency: Idempotency | None
) -> tuple[Accepted | ModerationError, datetime]:
    """Store a comment, and when that was; those that arrive at the same time are stored together."""
    if idempotency is not None:
        received_at = now()
        return _submit(here, site, [submission], received_at, idempotency)[0], received_at
    return retrying(lambda: here.store.write_each(_submit_together, (site.id, here.keep), submission))


def _submit_together(
    connection: Connection, kind: tuple[str, Keep], submissions: list[Submission]
) -> list[tuple[Accepted | ModerationError, datetime]]:
    (site_id, keep), received_at = kind, now()
    outcomes = moderation.submit(connection, site_id, submissions, received_at, keep=keep)
    return [(outcome, received_at) for outcome in outcomes]


def _submit(
    here: Web,
    site: Site,
    submissions: list[Submission],
    received_at: datetime,
    idempotency: Idempotency | None = None,
) -> list[Accepted | ModerationError]:
    def work(connection: Connection) -> list[Accepted | ModerationError]:
        return moderation.submit(connection, site.id, submissions, received_at, keep=here.keep, idempotency=idempotency)

    return retrying(lambda: here.store.write(work))


def retrying(write: Callable[[], T]) -> T:
    """Two hosts may store the same id at the same moment: the second sees the first one's row when it tries again."""
    for _ in range(RACES):
        try:
            return write()
        except IntegrityError:
            continue
    return write()


def idempotency_of(here: Web, body: bytes) -> Idempotency | None:
    """The promise that the request makes, if it makes one."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not _PRINTABLE.fullmatch(key):
        raise field_problem("#/Idempotency-Key", "Must be 1 to 255 printable ASCII characters.")
    return Idempotency(key, digest_of_body(here.settings.secret, body))


def _unless_refused(outcome: Accepted | ModerationError) -> Accepted:
    if isinstance(outcome, ModerationError):
        raise refused(outcome)
    return outcome


def facts(here: Web, site: Site, comment_id: str) -> Any:
    """How a comment of this site stands.

    Raises:
        Problem: there is none.
    """
    with here.store.read() as connection:
        row = store.facts_of(connection, site.id, comment_id)
    if row is None:
        raise Problem("not_found", "There is no such comment.")
    return row


def _commented(comment: CommentOut, wait: int) -> Response:
    headers = {"Location": f"/v1/comments/{comment.id}"}
    if wait:
        headers["Preference-Applied"] = f"wait={wait}"
    if comment.status is Status.PENDING:
        return answer(comment, 202, {**headers, "Retry-After": RETRY_AFTER_SECONDS})
    return answer(comment, 200, headers)


def _refusal(index: int, problem: Problem) -> BatchResult:
    return BatchResult.model_construct(
        index=index, status=problem.status, comment=None, problem=problem.out(request_id())
    )


def _choice(name: str, allowed: list[str]) -> str | None:
    value = request.args.get(name)
    if value is not None and value not in allowed:
        raise field_problem(f"#/{name}", f"Must be one of: {', '.join(allowed)}.")
    return value
