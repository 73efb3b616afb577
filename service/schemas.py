"""Request and response models of the native API: they validate, and the OpenAPI document is made from them."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    WithJsonSchema,
)
from pydantic import Strict as StrictType
from pydantic_core import CoreSchema, core_schema

from classifier.domain import MAX_TEXT_CHARS, Action, Status
from service.schemas_explained import AccountsOut, CounterfactualOut, Span

MAX_ARTICLE_CHARS = 262_144
MAX_BATCH_ITEMS = 1_000


def _no_nul(value: str) -> str:
    if "\0" in value:
        msg = "must not contain the NUL character"
        raise ValueError(msg)
    return value


def _is_space(character: str) -> bool:
    return character.isspace() or character < " "


def _http_url(value: str) -> str:
    if not value.lower().startswith(("http://", "https://")) or value.endswith("://") or any(map(_is_space, value)):
        msg = "must be an address that starts with http:// or https:// and has no white space"
        raise ValueError(msg)
    return value


def _ip(value: str) -> str:
    try:
        return str(ipaddress.ip_address(value.partition("%")[0]))
    except ValueError:
        msg = "must be an IPv4 or IPv6 address"
        raise ValueError(msg) from None


def _whole(value: object) -> object:
    """JSON has one kind of number, so 3.0 is as whole as 3."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _sane_year(value: datetime) -> datetime:
    if not 1970 <= value.year < 2200:
        msg = "must be a time between 1970 and 2199"
        raise ValueError(msg)
    return value


class _Says:
    """A check of ours that stands in the JSON Schema too, so that a generated client makes it as well."""

    def __init__(self, check: Callable[[str], str], **schema: Any) -> None:
        self._check = check
        self._schema = schema

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(schema), **self._schema}


NO_NUL = _Says(_no_nul, pattern="^[^\\u0000]*$")
ExternalId = Annotated[
    str,
    StrictType(),
    Field(min_length=1, max_length=500, description="Your own id of it; the same id is the same thing."),
    NO_NUL,
]
Tag = Annotated[str, StrictType(), Field(max_length=100), NO_NUL]
Line = Annotated[str, StrictType(), Field(max_length=1_000), NO_NUL]
LongLine = Annotated[str, StrictType(), Field(max_length=2_000), NO_NUL]
CommentText = Annotated[str, StrictType(), Field(max_length=MAX_TEXT_CHARS), NO_NUL]
ArticleText = Annotated[str, StrictType(), Field(max_length=MAX_ARTICLE_CHARS), NO_NUL]
IpAddress = Annotated[
    str, StrictType(), Field(max_length=64), _Says(_ip, anyOf=[{"format": "ipv4"}, {"format": "ipv6"}])
]
HttpUrl = Annotated[
    str,
    StrictType(),
    Field(min_length=1, max_length=2_000),
    _Says(_http_url, pattern="^[Hh][Tt][Tt][Pp][Ss]?://[^\\s\\u0000-\\u0020]+$"),
]
Moment = Annotated[
    AwareDatetime,
    StrictType(),
    AfterValidator(_sane_year),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": "^(19[7-9]|20\\d|21\\d)\\d-"}),
]
Seconds = Annotated[FiniteFloat, StrictType(), Field(ge=0)]
Revision = Annotated[
    int,
    StrictType(),
    Field(ge=1, le=2**31 - 1, description="The revision that was read."),
    BeforeValidator(_whole),
]
Uuid = Annotated[str, Field(json_schema_extra={"format": "uuid"})]
OurId = Annotated[Uuid, Field(pattern="^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")]


class Strict(BaseModel):
    """Unknown fields are errors: a misspelt field would silently weaken a decision."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AuthorIn(Strict):
    """The commenter. Email and IP are never shown again, serve reputation only, and are erased on a schedule."""

    id: ExternalId | None = Field(None, description="Your id of a signed-in author.")
    name: Line | None = None
    email: Line | None = Field(None, description="As typed. Never in answers, logs or pages.")
    url: LongLine | None = Field(None, description="As typed; any text is accepted and judged.")
    ip: IpAddress | None = Field(None, description="IPv4 or IPv6.")
    user_agent: LongLine | None = Field(None, description="Of the commenter's browser.")
    role: Tag | None = Field(None, description="Role on your site, such as subscriber.")
    verified: Annotated[bool, StrictType()] = Field(False, description="Whether you verified the email address.")


class ArticleFacts(Strict):
    """What may be known of the page commented on."""

    url: HttpUrl
    title: Line | None = None
    text: ArticleText | None = Field(
        None, description="The article's text; up to 256 KiB. Send it once with PUT /v1/articles/{id}."
    )
    published_at: Moment | None = None
    tags: Annotated[tuple[Tag, ...], Field(max_length=50)] = ()


class ArticleIn(ArticleFacts):
    """The page commented on. Without an id the address identifies it."""

    id: ExternalId | None = None


class CommentIn(Strict):
    """What a reader wrote."""

    id: ExternalId | None = None
    text: CommentText = Field(description="At most 65,536 code points.")
    format: Literal["text", "html"] = "text"
    parent_id: ExternalId | None = Field(None, description="Your id of the comment this one answers.")
    created_at: Moment | None = None
    referrer: LongLine | None = Field(None, description="Page the commenter came from.")
    honeypot: Line | None = Field(None, description="Value of a field that people cannot see; robots fill it in.")
    form_seconds: Seconds | None = Field(None, description="Seconds from showing the form to sending it.")
    author: AuthorIn = AuthorIn()


class Submission(Strict):
    """A comment and the article it stands under."""

    article: ArticleIn
    comment: CommentIn


class ScoreIn(Submission):
    """A comment to score."""

    explain: Annotated[bool, StrictType()] = Field(False, description="Answer what every score is made of as well.")


class Edit(Strict):
    """A new version of a comment; the article may be left out if it is the same."""

    comment: CommentIn
    article: ArticleIn | None = None


class ReasonOut(BaseModel):
    """Why a decision came out as it did."""

    code: str = Field(description="Stable name, such as links.many.")
    message: str = Field(description="One sentence for people.")
    weight: float = Field(description="In logits; positive speaks against the comment.")
    head: str | None = Field(None, description="The score that the weight is part of, if it is part of one.")
    escalate: bool = Field(
        False, description="A person should see this comment first: a threat, a private address, a call to self-harm."
    )
    spans: list[Span] | None = Field(
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

    id: Uuid
    external_id: str | None
    article_id: Uuid
    revision: int
    status: Status
    action: Action | None = Field(description="What your blog should do now; null only while pending or erased.")
    scores: Scores | None = Field(description="Null until scored, or when no model could score the comment.")
    reasons: list[ReasonOut]
    counterfactual: CounterfactualOut | None = Field(
        description="What single change would get it approved; null for what is approved or could not be judged."
    )
    decision: DecisionOut | None
    ruling: RulingOut | None
    model: str | None
    policy: str | None
    received_at: datetime
    decided_at: datetime | None
    status_page: str = Field(
        description="A page for the comment's author: whether it waits, is published or not and why, with a "
        "form to ask once for another look. It needs no account and shows no personal data."
    )


class ScoreOut(BaseModel):
    """A judgement of which nothing was stored."""

    action: Action
    scores: Scores | None
    reasons: list[ReasonOut]
    counterfactual: CounterfactualOut | None = Field(description="Null for what is approved or could not be judged.")
    model: str | None
    policy: str
    explanation: AccountsOut | None = Field(
        None, description="Only if you asked for it; not there when no model could score the comment."
    )


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

    id: Uuid
    external_id: str | None
    url: str
    title: str | None
    text_chars: int
    published_at: datetime | None
    tags: list[str]
    updated_at: datetime
