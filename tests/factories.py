"""Builders with good defaults, so that a test shows only what matters to it."""

from __future__ import annotations

from typing import Any

from classifier.domain import HEADS, Action, Reason, Verdict
from service.schemas import ArticleIn, AuthorIn, CommentIn, Submission


def an_author(**fields: Any) -> AuthorIn:
    """A reader who filled in the form."""
    return AuthorIn(**{"name": "Jo Reader", "email": "jo@reader.example", "ip": "192.0.2.7", **fields})


def an_article(**fields: Any) -> ArticleIn:
    """A news article."""
    return ArticleIn(**{"url": "https://blog.example/harbour", "title": "A new bridge for the harbour", **fields})


def a_comment(text: str = "The old bridge was lovely.", **fields: Any) -> CommentIn:
    """What a reader wrote."""
    return CommentIn(**{"text": text, "author": an_author(), **fields})


def a_submission(
    text: str = "The old bridge was lovely.", *, article: ArticleIn | None = None, **fields: Any
) -> Submission:
    """A comment under an article."""
    return Submission(article=article or an_article(), comment=a_comment(text, **fields))


def a_body(text: str = "The old bridge was lovely.", **fields: Any) -> dict[str, Any]:
    """The same as the JSON that a blog posts."""
    return a_submission(text, **fields).model_dump(mode="json", exclude_none=True, exclude_defaults=True)


def a_verdict(action: Action = Action.APPROVE, **fields: Any) -> Verdict:
    """What the machine says."""
    values: dict[str, Any] = {
        "action": action,
        "scores": dict.fromkeys(HEADS, 0.25),
        "reasons": (Reason(code="test.reason", message="A test says so.", weight=1.0),),
        "model": "test-model",
        "policy": "test-policy",
    }
    return Verdict(**(values | fields))
