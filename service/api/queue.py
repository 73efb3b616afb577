"""The moderators' queue over the API, so that a blog's own admin page can have it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, Literal, TypeVar

from flask import Response, request
from pydantic import BaseModel, Field
from sqlalchemy.engine import Connection

from classifier.domain import Action, Status
from classifier.triage import Lane
from service import review
from service.api.moderators import ModeratorIn, actor_of
from service.api.operations import Parameter, operation
from service.api.paging import LIMIT, page_limit
from service.errors import field_problem, refused
from service.moderation import ModerationError, NotFoundError
from service.schemas import LongLine, Moment, ReasonOut, Scores, Uuid
from service.schemas_explained import CounterfactualOut
from service.scopes import Scope
from service.store import pages
from service.store.accounts import Site
from service.store.comments import AnyRow
from service.store.pages import Sort, View, Wanted
from service.web import MAX_COMMENT_BYTES, answer, now, parse, read_bytes, web

T = TypeVar("T")


class EscalateIn(ModeratorIn):
    """Why somebody with more experience should look."""

    note: LongLine | None = Field(None, description="For whoever looks; erased with the comment.")


class ClaimOut(BaseModel):
    """Who looks at a comment just now, and until when if they say nothing more."""

    moderator: str
    until: Moment


class ProposalOut(BaseModel):
    """What a trainee would decide."""

    action: Action
    reason: str | None
    moderator: str


class QueueArticle(BaseModel):
    """The article under which the comment was left."""

    id: Uuid
    url: str
    title: str | None


class QueueItem(BaseModel):
    """A comment that waits for a person, with all that the queue shows of it; never an email or an IP."""

    id: Uuid = Field(description="Sluice's id of the comment.")
    external_id: str | None
    revision: int
    status: Status
    ruling: Uuid | None = Field(description="The ruling that stands, if any; send it back as `seen` when you rule.")
    origin: Literal["hold", "report", "appeal"]
    lane: Lane
    risk: float = Field(description="The highest probability of any kind of spam or abuse.")
    escalated: bool
    language: str | None
    opened_at: Moment
    text: str
    format: Literal["text", "html"]
    author_name: str | None
    author_url: str | None
    article: QueueArticle
    scores: Scores | None
    reasons: list[ReasonOut]
    counterfactual: CounterfactualOut | None
    campaign: Uuid | None = Field(description="The same for all comments that read alike.")
    claim: ClaimOut | None
    proposal: ProposalOut | None


class QueuePage(BaseModel):
    """A page of the queue; follow next_cursor until it is null."""

    items: list[QueueItem]
    next_cursor: str | None


class ViewOut(BaseModel):
    """How much waits in a view, and since when the oldest of it does."""

    view: View
    count: int
    oldest: Moment | None


class ViewsOut(BaseModel):
    """The views of the queue. Campaigns are counted over all of it."""

    views: list[ViewOut]
    campaigns: int
    comments_in_campaigns: int


MAX_FILTER: Final = 500
MODERATOR: Final = Parameter(
    "moderator", "query", "Who asks: what they skipped is in the view `skipped` for them.", {"type": "string"}
)


def _text(name: str, description: str) -> Parameter:
    return Parameter(name, "query", description, {"type": "string", "minLength": 1, "maxLength": MAX_FILTER})


_PARAMETERS: Final = (
    Parameter("view", "query", "A part of the queue; all of it by default.", {"enum": [view.value for view in View]}),
    Parameter("sort", "query", "Oldest first by default.", {"enum": [sort.value for sort in Sort]}),
    _text("reason", "Only with this reason: a code."),
    _text("language", "Only in this language, such as `en`."),
    _text("article", "Only under this article: Sluice's id of it."),
    _text("author", "Only by authors whose name holds this."),
    _text("domain", "Only with a link to this domain."),
    _text("campaign", "Only what reads like this campaign."),
    _text("q", "Only with these words in the text."),
    Parameter("risk_from", "query", "Only from this risk on.", {"type": "number", "minimum": 0, "maximum": 1}),
    Parameter("risk_to", "query", "Only up to this risk.", {"type": "number", "minimum": 0, "maximum": 1}),
    Parameter("before", "query", "Only what waits since before this time.", {"type": "string", "format": "date-time"}),
    MODERATOR,
    LIMIT,
    Parameter("cursor", "query", "The `next_cursor` of the page before.", {"type": "string", "maxLength": 200}),
)


@operation("GET", "/v1/queue", scope="read", answers={200: QueuePage}, parameters=_PARAMETERS)
def list_queue(site: Site) -> Response:
    """List what waits for a person.

    By keyset, so that what comes or goes meanwhile moves nothing. Every filter that is given must fit.
    """
    wanted, limit, cursor = _wanted(), page_limit(), request.args.get("cursor")
    actor = actor_of(site, request.args.get("moderator"))
    try:
        with web().store.read() as connection:
            page = pages.page_of(
                connection, site.id, wanted, user_id=actor.id or "", limit=limit, cursor=cursor or None
            )
    except ValueError:
        raise field_problem("#/cursor", "Must be the next_cursor of a page of the same order.") from None
    return answer(QueuePage.model_construct(items=[item_of(row) for row in page.rows], next_cursor=page.following))


@operation("GET", "/v1/queue/views", scope="read", answers={200: ViewsOut}, parameters=(MODERATOR,))
def list_views(site: Site) -> Response:
    """Count the queue by views."""
    actor = actor_of(site, request.args.get("moderator"))
    with web().store.read() as connection:
        found = pages.loads(connection, site.id, actor.id or "")
        campaigns, inside = pages.campaign_load(connection, site.id)
    views = [ViewOut.model_construct(view=view, count=load.count, oldest=load.oldest) for view, load in found.items()]
    return answer(ViewsOut.model_construct(views=views, campaigns=campaigns, comments_in_campaigns=inside))


_ITEM_PROBLEMS: Final = ("not_found", "item.closed")


@operation("GET", "/v1/queue/{id}", scope="read", answers={200: QueueItem}, problems=("not_found",))
def read_queue_item(site: Site, comment_id: str) -> Response:
    """Read one comment as the queue shows it, also after it was decided."""
    return answer(_item(site, comment_id))


@operation(
    "POST",
    "/v1/queue/{id}/claim",
    scope="write",
    needs=Scope.MODERATE,
    body=ModeratorIn,
    answers={200: QueueItem},
    problems=(*_ITEM_PROBLEMS, "item.claimed"),
)
def claim_item(site: Site, comment_id: str) -> Response:
    """Say that somebody looks at a comment.

    A lease of 90 seconds, renewed by asking again; colleagues' rulings at the desk are refused as long as it holds.
    """
    who = actor_of(site, parse(ModeratorIn, read_bytes(MAX_COMMENT_BYTES)).moderator)
    moment = now()
    _written(
        lambda c: review.claim(c, site.id, comment_id, user_id=who.id or "", name=who.name, now=moment),
    )
    return answer(_item(site, comment_id))


@operation(
    "DELETE",
    "/v1/queue/{id}/claim",
    scope="write",
    needs=Scope.MODERATE,
    answers={204: None},
    problems=("not_found",),
    parameters=(MODERATOR,),
)
def release_item(site: Site, comment_id: str) -> Response:
    """Give one's own lease back."""
    who = actor_of(site, request.args.get("moderator"))
    _written(lambda c: review.release(c, site.id, comment_id, user_id=who.id or ""))
    return Response(status=204)


@operation(
    "POST",
    "/v1/queue/{id}/skip",
    scope="write",
    needs=Scope.MODERATE,
    body=ModeratorIn,
    answers={200: QueueItem},
    problems=_ITEM_PROBLEMS,
)
def skip_item(site: Site, comment_id: str) -> Response:
    """Leave a comment to others for now.

    It moves to this moderator's view `skipped`.
    """
    who = actor_of(site, parse(ModeratorIn, read_bytes(MAX_COMMENT_BYTES)).moderator)
    moment = now()
    _written(lambda c: review.skip(c, site.id, comment_id, actor=who, now=moment))
    return answer(_item(site, comment_id))


@operation(
    "POST",
    "/v1/queue/{id}/escalate",
    scope="write",
    needs=Scope.MODERATE,
    body=EscalateIn,
    answers={200: QueueItem},
    problems=("not_found", "comment.erased"),
)
def escalate_item(site: Site, comment_id: str) -> Response:
    """Ask for a more experienced eye; a comment that was not in the queue is put there."""
    said = parse(EscalateIn, read_bytes(MAX_COMMENT_BYTES))
    moment, who = now(), actor_of(site, said.moderator)
    _written(lambda c: review.escalate(c, site.id, comment_id, said.note, actor=who, now=moment))
    return answer(_item(site, comment_id))


def item_of(row: AnyRow) -> QueueItem:
    """A row of the queue."""
    moment = now()
    claimed = row.claimed_until is not None and row.claimed_until > moment
    claim = ClaimOut.model_construct(moderator=row.claimed_name, until=row.claimed_until)
    proposal = ProposalOut.model_construct(
        action=row.proposed_action and Action(row.proposed_action),
        reason=row.proposed_reason,
        moderator=row.proposed_name,
    )
    return QueueItem.model_construct(
        id=row.comment_id,
        external_id=row.external_id,
        revision=row.revision,
        status=Status(row.status),
        ruling=row.ruling_id if row.ruled else None,
        origin=row.origin,
        lane=Lane(row.lane),
        risk=row.risk,
        escalated=row.escalated,
        language=row.language,
        opened_at=row.opened_at,
        text=row.text,
        format=row.format,
        author_name=row.author_name,
        author_url=row.author_url,
        article=QueueArticle.model_construct(id=row.article_id, url=row.article_url, title=row.article_title),
        scores=Scores.model_construct(None, **row.scores) if row.scores else None,
        reasons=[ReasonOut.model_construct(None, **reason) for reason in row.reasons or ()],
        counterfactual=CounterfactualOut.model_validate(row.counterfactual) if row.counterfactual else None,
        campaign=row.campaign,
        claim=claim if claimed else None,
        proposal=proposal if row.proposed_action else None,
    )


def _item(site: Site, comment_id: str) -> QueueItem:
    with web().store.read() as connection:
        row = pages.item_with_all(connection, site.id, comment_id)
    if row is None:
        raise refused(NotFoundError("There is no such comment in the queue."))
    return item_of(row)


def _written(work: Callable[[Connection], T]) -> T:
    try:
        return web().store.write(work)
    except ModerationError as error:
        raise refused(error) from None


_FILTERS: Final = {
    "reason": "reason",
    "language": "language",
    "article": "article_id",
    "author": "author",
    "domain": "domain",
    "campaign": "campaign",
    "q": "text",
}


def _wanted() -> Wanted:
    """What the parameters ask for.

    Raises:
        Problem: one of them is not as it should be.
    """
    given = request.args
    values: dict[str, Any] = {name: given[argument] for argument, name in _FILTERS.items() if argument in given}
    for name in _FILTERS:
        value = given.get(name, "any")
        if not 1 <= len(value) <= MAX_FILTER or "\0" in value:
            raise field_problem(f"#/{name}", f"Must have 1 to {MAX_FILTER} characters, none of them NUL.")
    for name, kind in (("view", View), ("sort", Sort)):
        if name in given:
            if given[name] not in list(kind):
                raise field_problem(f"#/{name}", f"Must be one of: {', '.join(kind)}.")
            values[name] = kind(given[name])
    for name in ("risk_from", "risk_to"):
        if name in given:
            values[name] = _share(name, given[name])
    if "before" in given:
        values["before"] = _moment(given["before"])
    return Wanted(**values)


def _share(name: str, value: str) -> float:
    try:
        found = float(value)
    except ValueError:
        found = -1.0
    if not 0 <= found <= 1:
        raise field_problem(f"#/{name}", "Must be a number from 0 to 1.")
    return found


def _moment(value: str) -> datetime:
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or not 1970 <= found.year < 2200:
        raise field_problem("#/before", "Must be a time with its zone, such as 2026-03-01T12:00:00Z.")
    return found
