"""Client of Sluice: ``Sluice`` and ``AsyncSluice`` with the same methods, and ``verify`` for webhooks."""

from __future__ import annotations

from sluice_client.aio import AsyncSluice
from sluice_client.answers import (
    Action,
    ActPage,
    ArticleRecord,
    BatchResult,
    Comment,
    CommentPage,
    Conflict,
    Counterfactual,
    Done,
    Explanation,
    Many,
    Note,
    QueueItem,
    QueuePage,
    Reason,
    RulingRecord,
    Score,
    ScoreResult,
    Scores,
    Status,
    Views,
)
from sluice_client.errors import FieldError, SluiceError
from sluice_client.inputs import Article, Author, NewComment, Seen, Submission
from sluice_client.retries import Retries
from sluice_client.sync import Sluice
from sluice_client.webhooks import Event, EventComment, verify

__all__ = [
    "ActPage",
    "Action",
    "Article",
    "ArticleRecord",
    "AsyncSluice",
    "Author",
    "BatchResult",
    "Comment",
    "CommentPage",
    "Conflict",
    "Counterfactual",
    "Done",
    "Event",
    "EventComment",
    "Explanation",
    "FieldError",
    "Many",
    "NewComment",
    "Note",
    "QueueItem",
    "QueuePage",
    "Reason",
    "Retries",
    "RulingRecord",
    "Score",
    "ScoreResult",
    "Scores",
    "Seen",
    "Sluice",
    "SluiceError",
    "Status",
    "Submission",
    "Views",
    "verify",
]
