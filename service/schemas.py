"""Request and response models of the native API: they validate, and the OpenAPI document is made from them."""

from __future__ import annotations

import ipaddress
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, FiniteFloat, StringConstraints
from pydantic import Strict as StrictType

from classifier.domain import MAX_TEXT_CHARS, Action, Status

MAX_ARTICLE_CHARS = 262_144
MAX_BATCH_ITEMS = 1_000


def _no_nul(value: str) -> str:
    if "\0" in value:
        msg = "must not contain the NUL character"
        raise ValueError(msg)
    return value


def _http_url(value: str) -> str:
    if not value.lower().startswith(("http://", "https://")) or any(c.isspace() or c < " " for c in value):
        msg = "must be an address that starts with http:// or https:// and has no white space"
        raise ValueError(msg)
    return value


def _ip(value: str) -> str:
    try:
        return str(ipaddress.ip_address(value.strip().partition("%")[0]))
    except ValueError:
        msg = "must be an IPv4 or IPv6 address"
        raise ValueError(msg) from None


def _sane_year(value: datetime) -> datetime:
    if not 1970 <= value.year <= 2200:
        msg = "must be a time between 1970 and 2200"
        raise ValueError(msg)
    return value


def _text(maximum: int, minimum: int = 0) -> Any:
    return Annotated[str, StringConstraints(strict=True, min_length=minimum, max_length=maximum), AfterValidator(_no_nul)]


ExternalId = Annotated[_text(500, 1), Field(description="Your own id of it; the same id is the same thing.")]
Line = _text(1_000)
Moment = Annotated[AwareDatetime, StrictType(), AfterValidator(_sane_year)]
HttpUrl = Annotated[_text(2_000, 1), AfterValidator(_http_url)]


class Strict(BaseModel):
    """Unknown fields are errors: a misspelt field would silently weaken a decision."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AuthorIn(Strict):
    """The commenter. Email and IP are never shown again, serve reputation only, and are erased on a schedule."""

    id: ExternalId | None = Field(None, description="Your id of a signed-in author.")
    name: Line | None = None
    email: Annotated[Line | None, Field(description="As typed. Never in answers, logs or pages.")] = None
    url: Annotated[_text(2_000) | None, Field(description="As typed; any text is accepted and judged.")] = None  # type: ignore[valid-type]
    ip: Annotated[Annotated[_text(64), AfterValidator(_ip)] | None, Field(description="IPv4 or IPv6.")] = None
    user_agent: Annotated[_text(2_000) | None, Field(description="Of the commenter's browser.")] = None  # type: ignore[valid-type]
    role: Annotated[_text(100) | None, Field(description="Role on your site, such as subscriber.")] = None  # type: ignore[valid-type]
    verified: Annotated[bool, Field(strict=True, description="Whether you have verified the email address.")] = False


class ArticleFacts(Strict):
    """What may be known of the page commented on."""

    url: HttpUrl
    title: Line | None = None
    text: Annotated[
        _text(MAX_ARTICLE_CHARS) | None,  # type: ignore[valid-type]
        Field(description="The article's text; up to 256 KiB. Send it once with PUT /v1/articles/{id}."),
    ] = None
    published_at: Moment | None = None
    tags: Annotated[tuple[_text(100), ...], Field(max_length=50)] = ()  # type: ignore[valid-type]


class ArticleIn(ArticleFacts):
    """The page commented on. Without an id the address identifies it."""

    id: ExternalId | None = None


class CommentIn(Strict):
    """What a reader wrote."""

    id: ExternalId | None = None
    text: Annotated[_text(MAX_TEXT_CHARS), Field(description="At most 65,536 code points.")]  # type: ignore[valid-type]
    format: Literal["text", "html"] = "text"
    parent_id: Annotated[ExternalId | None, Field(description="Your id of the comment this one answers.")] = None
    created_at: Moment | None = None
    referrer: Annotated[_text(2_000) | None, Field(description="Page the commenter came from.")] = None  # type: ignore[valid-type]
    honeypot: Annotated[
        _text(1_000) | None,  # type: ignore[valid-type]
        Field(description="Value of a field that people cannot see; robots fill it in."),
    ] = None
    form_seconds: Annotated[
        Annotated[FiniteFloat, Field(ge=0, strict=True)] | None,
        Field(description="Seconds from showing the form to sending it."),
    ] = None
    author: AuthorIn = AuthorIn()


class Submission(Strict):
    """A comment and the article it stands under."""

    article: ArticleIn
    comment: CommentIn


class Edit(Strict):
    """A new version of a comment; the article may be left out if it is the same."""

    comment: CommentIn
    article: ArticleIn | None = None


class ReasonOut(BaseModel):
    """Why a decision came out as it did."""

    code: str = Field(description="Stable name, such as links.many.")
    message: str = Field(description="One sentence for people.")
    weight: float = Field(description="In logits; positive speaks against the comment.")
    spans: list[tuple[int, int]] | None = Field(
        None, description="Where in the text, as [start, end) in code points of what you sent."
    )


class Scores(BaseModel):
    """Calibrated probabilities."""

    model_config = ConfigDict(extra="forbid")

    spam: Annotated[float, Field(ge=0, le=1)]
    toxicity: Annotated[float, Field(ge=0, le=1)]
    severe_toxicity: Annotated[float, Field(ge=0, le=1)]
    insult: Annotated[float, Field(ge=0, le=1)]
    threat: Annotated[float, Field(ge=0, le=1)]
    identity_attack: Annotated[float, Field(ge=0, le=1)]
    obscene: Annotated[float, Field(ge=0, le=1)]
    sexual: Annotated[float, Field(ge=0, le=1)]


class DecisionOut(BaseModel):
    """What the machine decided on the current revision."""

    action: Action
    kind: Literal["machine", "late", "failed"] = Field(
        description="machine: by the classifier; late: held because the deadline passed; failed: held after an error."
    )
    decided_at: datetime


class RulingOut(BaseModel):
    """What a moderator ruled on the current revision."""

    action: Action
    reason: str | None
    ruled_at: datetime


class CommentOut(BaseModel):
    """Where a comment stands. It never carries the author's email or IP."""

    id: UUID
    external_id: str | None
    article_id: UUID
    revision: int
    status: Status
    action: Action | None = Field(description="What your blog should do now; null only while pending or erased.")
    scores: Scores | None = Field(description="Null until scored, or when no model could score the comment.")
    reasons: list[ReasonOut]
    decision: DecisionOut | None
    ruling: RulingOut | None
    model: str | None
    policy: str | None
    received_at: datetime
    decided_at: datetime | None


class ScoreOut(BaseModel):
    """A judgement of which nothing was stored."""

    action: Action
    scores: Scores | None
    reasons: list[ReasonOut]
    model: str | None
    policy: str


class CommentPage(BaseModel):
    """A page of comments; follow next_cursor until it is null."""

    items: list[CommentOut]
    next_cursor: str | None


class FieldProblem(BaseModel):
    """One thing wrong with the request."""

    pointer: str = Field(description="JSON Pointer to the field, in URI fragment form.")
    code: str
    message: str


class ProblemOut(BaseModel):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    code: str = Field(description="Stable name of the error.")
    detail: str
    request_id: str
    pointer: str | None = Field(None, description="The first field that is wrong.")
    errors: list[FieldProblem] | None = None


class BatchResult(BaseModel):
    """What became of one item of a batch: ``comment`` or ``problem``."""

    index: int
    status: int = Field(description="The HTTP status this item would have had alone.")
    comment: CommentOut | None = None
    problem: ProblemOut | None = None


class BatchOut(BaseModel):
    """Results in the order of the items."""

    results: list[BatchResult]


class ScoreResult(BaseModel):
    """The judgement of one item of a batch, or what is wrong with the item."""

    index: int
    status: int
    score: ScoreOut | None = None
    problem: ProblemOut | None = None


class ScoreBatchOut(BaseModel):
    """Results in the order of the items."""

    results: list[ScoreResult]


class ArticleOut(BaseModel):
    """An article as stored; its text is not repeated."""

    id: UUID
    external_id: str | None
    url: str
    title: str | None
    text_chars: int
    published_at: datetime | None
    tags: list[str]
    updated_at: datetime
