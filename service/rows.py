"""Rows of comments, texts and decisions, made of what the blog sent and the brain found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from classifier.documents import counterfactual_document, reason_document
from classifier.domain import Status, Verdict
from service.pseudonyms import Pseudonyms
from service.schemas import ArticleIn, CommentIn
from service.store.accounts import new_id


@dataclass(frozen=True, slots=True)
class Keep:
    """Which personal fields are stored at all; a retention of 0 days means never.

    Without ``pseudonyms`` nobody is known again.
    """

    email: bool = True
    ip: bool = True
    user_agent: bool = True
    referrer: bool = True
    pseudonyms: Pseudonyms | None = None


KEEP_ALL: Final = Keep()


def article_key(article: ArticleIn) -> str:
    """What an article of a site is known by."""
    return f"id:{article.id}" if article.id is not None else f"url:{article.url}"


def article_facts(article: ArticleIn) -> dict[str, Any]:
    """What a submission says of its article; what it is silent about stays as known."""
    said = {
        "url": article.url,
        "title": article.title,
        "text": article.text,
        "published_at": article.published_at,
        "tags": list(article.tags) or None,
    }
    return {name: value for name, value in said.items() if value is not None}


def new_row(
    comment_id: str, article_id: str | None, site_id: str, comment: CommentIn, *, now: datetime, keep: Keep
) -> dict[str, Any]:
    """A comment that waits."""
    return {
        "id": comment_id,
        "site_id": site_id,
        "article_id": article_id,
        "external_id": comment.id,
        "status": Status.PENDING.value,
        "revision": 1,
        "held_late": False,
        "ruled": False,
        "attempts": 0,
        "waiting_since": now,
        "received_at": now,
        **author_columns(site_id, comment, keep),
    }


def author_columns(site_id: str, comment: CommentIn, keep: Keep) -> dict[str, Any]:
    """What the blog said of the author and of the comment\'s arrival, as far as it is kept."""
    author = comment.author
    email = author.email if keep.email else None
    key = keep.pseudonyms and keep.pseudonyms.author(site_id, author.id, email, verified=author.verified)
    return {
        "author_key": key,
        "parent_external_id": comment.parent_id,
        "created_at": comment.created_at,
        "author_external_id": author.id,
        "author_name": author.name,
        "author_email": email,
        "author_url": author.url,
        "author_ip": author.ip if keep.ip else None,
        "author_user_agent": author.user_agent if keep.user_agent else None,
        "author_role": author.role,
        "author_verified": author.verified,
        "referrer": comment.referrer if keep.referrer else None,
        "honeypot": comment.honeypot,
        "form_seconds": comment.form_seconds,
    }


def revision_row(comment_id: str, number: int, comment: CommentIn, now: datetime) -> dict[str, Any]:
    """A text."""
    return {
        "comment_id": comment_id,
        "number": number,
        "text": comment.text,
        "format": comment.format,
        "received_at": now,
    }


def decision_row(comment_id: str, revision: int, verdict: Verdict, now: datetime, kind: str) -> dict[str, Any]:
    """A verdict on record."""
    return {
        "id": new_id(),
        "comment_id": comment_id,
        "revision": revision,
        "kind": kind,
        "action": verdict.action.value,
        "scores": dict(verdict.scores),
        "reasons": [reason_document(reason) for reason in verdict.reasons],
        "counterfactual": counterfactual_document(verdict.counterfactual),
        "model": verdict.model,
        "policy": verdict.policy,
        "decided_at": now,
    }
