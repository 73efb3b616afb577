"""What comes back: frozen dataclasses with the names of the API.

Fields that a newer service adds are ignored, and unknown values of ``status`` or ``action`` pass through as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Action = Literal["approve", "hold", "reject"]
Status = Literal["pending", "approved", "held", "rejected", "erased"]
Spans = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Scores:
    """Calibrated probabilities."""

    spam: float
    toxicity: float
    severe_toxicity: float
    insult: float
    threat: float
    identity_attack: float
    obscene: float
    sexual: float


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a decision came out as it did; a positive weight speaks against the comment."""

    code: str
    message: str
    weight: float
    head: str | None = None
    escalate: bool = False
    spans: Spans | None = None


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """The smallest single change that would get the comment approved."""

    change: str
    action: Action
    message: str
    code: str | None = None
    spans: Spans | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What the machine decided on the current revision."""

    action: Action
    kind: Literal["machine", "late", "failed"]
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a moderator ruled on the current revision."""

    action: Action
    reason: str | None
    ruled_at: datetime


@dataclass(frozen=True, slots=True)
class Comment:
    """Where a comment stands."""

    id: str
    external_id: str | None
    article_id: str
    revision: int
    status: Status
    action: Action | None
    scores: Scores | None
    reasons: tuple[Reason, ...]
    counterfactual: Counterfactual | None
    decision: Decision | None
    ruling: Ruling | None
    model: str | None
    policy: str | None
    received_at: datetime
    decided_at: datetime | None
    status_page: str

    @property
    def may_be_published(self) -> bool:
        """Whether to show it now. What has no decision yet is to be treated as held."""
        return self.action == "approve"


@dataclass(frozen=True, slots=True)
class CommentPage:
    """A page of comments."""

    items: tuple[Comment, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One thing wrong with an item."""

    pointer: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class ItemProblem:
    """Why an item of a batch was refused."""

    code: str
    title: str
    status: int
    detail: str
    pointer: str | None = None
    errors: tuple[FieldProblem, ...] | None = None


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What became of an item: ``comment`` or ``problem``."""

    index: int
    status: int
    comment: Comment | None = None
    problem: ItemProblem | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Results in the order of the items."""

    results: tuple[BatchResult, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """One amount of an account, in logits."""

    what: str
    says: str
    amount: float
    code: str | None = None
    spans: Spans | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """What one score is made of."""

    logit: float
    score: float
    hold_at: float | None
    reject_at: float | None
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Accounts:
    """An account for each score."""

    spam: Account
    toxicity: Account
    severe_toxicity: Account
    insult: Account
    threat: Account
    identity_attack: Account
    obscene: Account
    sexual: Account


@dataclass(frozen=True, slots=True)
class Score:
    """A judgement of which nothing was stored."""

    action: Action
    scores: Scores | None
    reasons: tuple[Reason, ...]
    counterfactual: Counterfactual | None
    model: str | None
    policy: str
    explanation: Accounts | None = None


@dataclass(frozen=True, slots=True)
class ScoreResult:
    """The judgement of an item, or what is wrong with it."""

    index: int
    status: int
    score: Score | None = None
    problem: ItemProblem | None = None


@dataclass(frozen=True, slots=True)
class ScoreBatch:
    """Results in the order of the items."""

    results: tuple[ScoreResult, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the scores of the decision on a comment are made of."""

    id: str
    revision: int
    action: Action
    model: str
    policy: str
    accounts: Accounts


@dataclass(frozen=True, slots=True)
class ArticleRecord:
    """An article as it is kept; its text is not repeated."""

    id: str
    external_id: str | None
    url: str
    title: str | None
    text_chars: int
    published_at: datetime | None
    tags: tuple[str, ...]
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class RulingRecord:
    """One entry of a comment's rulings; ``undoes`` is the ruling that it takes back."""

    id: str
    revision: int
    action: Literal["approve", "reject", "hold", "undo"]
    reason: str | None
    note: str | None
    moderator: str
    source: str
    ruled_at: datetime
    undoes: str | None


@dataclass(frozen=True, slots=True)
class Rulings:
    """All rulings on a comment, in the order they were made."""

    items: tuple[RulingRecord, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """What was done to one comment."""

    id: str
    ruling: str
    status: Status


@dataclass(frozen=True, slots=True)
class Conflict:
    """A comment that was left alone, and why."""

    id: str
    code: str
    message: str
    status: Status | None
    by: str | None


@dataclass(frozen=True, slots=True)
class Many:
    """What became of an act on many comments; ``act`` is what ``undo`` takes."""

    act: str | None
    done: tuple[Done, ...]
    conflicts: tuple[Conflict, ...]


@dataclass(frozen=True, slots=True)
class Claim:
    """Who looks at a comment just now."""

    moderator: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a trainee would decide."""

    action: Action
    reason: str | None
    moderator: str


@dataclass(frozen=True, slots=True)
class QueueArticle:
    """The article under which the comment was left."""

    id: str
    url: str
    title: str | None


@dataclass(frozen=True, slots=True)
class QueueItem:
    """A comment that waits for a person; ``ruling`` is what to send back as ``Seen.seen``."""

    id: str
    external_id: str | None
    revision: int
    status: Status
    ruling: str | None
    origin: str
    lane: str
    risk: float
    escalated: bool
    language: str | None
    opened_at: datetime
    text: str
    format: Literal["text", "html"]
    author_name: str | None
    author_url: str | None
    article: QueueArticle
    scores: Scores | None
    reasons: tuple[Reason, ...]
    counterfactual: Counterfactual | None
    campaign: str | None
    claim: Claim | None
    proposal: Proposal | None


@dataclass(frozen=True, slots=True)
class QueuePage:
    """A page of the queue."""

    items: tuple[QueueItem, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class View:
    """How much waits in a view, and since when."""

    view: str
    count: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class Views:
    """The views of the queue."""

    views: tuple[View, ...]
    campaigns: int
    comments_in_campaigns: int


@dataclass(frozen=True, slots=True)
class Note:
    """A moderator's note."""

    id: str
    moderator: str
    text: str
    written_at: datetime


@dataclass(frozen=True, slots=True)
class Notes:
    """All notes on a comment."""

    items: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that somebody did."""

    id: str
    at: datetime
    moderator: str
    source: str
    verb: str
    comment: str | None
    revision: int | None
    reason: str | None
    ruling: str | None
    status_before: Status | None
    status_after: Status | None
    batch: str | None
    undoes: str | None
    undone: bool


@dataclass(frozen=True, slots=True)
class ActPage:
    """A page of acts, the newest first."""

    items: tuple[Act, ...]
    next_cursor: str | None
