"""What the brain sees of comments that are scored and not stored, so that score and later decision agree.

Of the article it is what the submission says, and what is stored where it is silent; of the comment answered the text
that is stored. Nothing is written. What a site remembers of authors, links and copies is left to workers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy.exc import SQLAlchemyError

import config.logs
from classifier.domain import Article, Author, Context, TextFormat
from classifier.relevance import ARTICLE_CHARS, PARENT_CHARS
from service.rows import article_facts, article_key
from service.schemas import Submission
from service.store.engine import Store
from service.store.threads import articles_of, parents_of

log = config.logs.get("score")

_NOTHING: Final[Mapping[str, Any]] = {"title": None, "text": None, "published_at": None, "tags": ()}


def contexts_of(database: Store, site_id: str, submissions: Sequence[Submission]) -> list[Context]:
    """The contexts of some comments of a site, in order.

    When the database cannot be read they are scored by what was sent alone.
    """
    keys = {article_key(submission.article) for submission in submissions}
    answered = {(site_id, each.comment.parent_id) for each in submissions if each.comment.parent_id is not None}
    articles: Mapping[str, Mapping[str, Any]] = {}
    parents: Mapping[tuple[str, str], str] = {}
    try:
        with database.read() as connection:
            articles = articles_of(connection, site_id, keys, ARTICLE_CHARS)
            parents = parents_of(connection, answered, PARENT_CHARS)
    except SQLAlchemyError as error:
        log.warning("score.without_page", error=type(error).__name__)
    return [
        _context(
            submission,
            articles.get(article_key(submission.article), _NOTHING),
            parents.get((site_id, submission.comment.parent_id or "")),
        )
        for submission in submissions
    ]


def _context(submission: Submission, known: Mapping[str, Any], parent_text: str | None) -> Context:
    comment, author = submission.comment, submission.comment.author
    article = {**known, **article_facts(submission.article)}
    return Context(
        text=comment.text,
        format=TextFormat(comment.format),
        author=Author(
            id=author.id,
            name=author.name,
            email=author.email,
            url=author.url,
            ip=author.ip,
            user_agent=author.user_agent,
            role=author.role,
            verified=author.verified,
        ),
        article=Article(
            url=article["url"],
            title=article["title"],
            text=article["text"],
            published_at=article["published_at"],
            tags=tuple(article["tags"]),
        ),
        parent_text=parent_text,
        created_at=comment.created_at,
        referrer=comment.referrer,
        honeypot=comment.honeypot,
        form_seconds=comment.form_seconds,
    )
