"""JSON Lines: what the API takes and `sluice export` writes, or flat objects with the names of a table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from pydantic import ValidationError

from classifier.lessons import RulingReason
from service.imports.cleaning import Draft, finish
from service.imports.columns import draft_of, mapping_of
from service.imports.rows import Aside, Odd, Oddity, Read, Stood, UnreadableFileError, Word
from service.imports.source import Source
from service.schemas import Submission

#: Kinds of lines in our own export that are no comments.
_OTHER: Final = frozenset({"export", "site", "policy", "article", "act", "record", "erased", "end"})
_STOOD: Final = {
    "approved": Stood.APPROVED,
    "spam": Stood.SPAM,
    "rejected": Stood.REMOVED,
    "pending": Stood.PENDING,
    "held": Stood.PENDING,
}


def read_jsonl(source: Source, said: Mapping[str, str], now: datetime) -> Iterator[Read]:
    """All comments of the file, in its order.

    A line is ``{"article": …, "comment": …}`` as ``POST /v1/comments`` takes it, with ``status`` and ``reason`` beside
    them, or a flat object whose keys are found as the columns of a table are.
    """
    for line, text in source.lines():
        yield from source.odd
        source.odd.clear()
        if text.strip():
            yield from _line(text, line, said, now)
    yield from source.odd
    source.odd.clear()


def _line(text: str, line: int, said: Mapping[str, str], now: datetime) -> list[Read]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        return [Oddity(Odd.BAD_JSON, line)]
    if _word(document, "kind") in _OTHER:
        return [Aside(line)]
    if isinstance(document.get("comment"), dict):
        return _native(document, line, now)
    values = {str(name): _cell(value) for name, value in _flat(document)}
    try:
        mapping = mapping_of(list(values), {field: name for field, name in said.items() if name in values})
    except UnreadableFileError:
        return [Oddity(Odd.NOT_FITTING, line)]
    return finish(draft_of({field: values[name] for field, name in mapping.items()}, line), now)


def _flat(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Keys and values; those of an author or article within as ``author_name``."""
    for name, value in document.items():
        if isinstance(value, dict) and name in ("author", "article", "user"):
            prefix = "article" if name == "article" else "author"
            yield from ((f"{prefix}_{inner}", each) for inner, each in value.items())
        else:
            yield name, value


def _cell(value: Any) -> str:
    if value is None or isinstance(value, dict | list):
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _native(document: Mapping[str, Any], line: int, now: datetime) -> list[Read]:
    comment = {name: value for name, value in document["comment"].items() if value is not None}
    article = document.get("article")
    if isinstance(article, dict):
        article = {name: value for name, value in article.items() if value is not None}
    # Checked by the model of the API itself, but a text that is too long is ours to cut.
    checked = {**comment, "text": "."} if isinstance(comment.get("text"), str) else comment
    try:
        parsed = Submission.model_validate_json(json.dumps({"article": article, "comment": checked}))
    except ValidationError as error:
        at = ".".join(str(part) for part in error.errors()[0]["loc"])
        return [Oddity(Odd.NOT_FITTING, line, at[:100] if at.isascii() else "")]
    made, author = parsed.comment, parsed.comment.author
    draft = Draft(
        line=line,
        text=comment["text"],
        format=made.format,
        id=made.id or "",
        parent_id=made.parent_id or "",
        created_at=made.created_at.isoformat() if made.created_at else "",
        article_url=parsed.article.url,
        article_id=parsed.article.id or "",
        article_title=parsed.article.title or "",
        author_id=author.id or "",
        author_name=author.name or "",
        author_email=author.email or "",
        author_url=author.url or "",
        author_ip=author.ip or "",
        author_user_agent=author.user_agent or "",
        author_role=author.role or "",
        author_verified=author.verified,
    )
    _judge(draft, document)
    return finish(draft, now)


def _judge(draft: Draft, document: Mapping[str, Any]) -> None:
    """Where the comment stood; our own exports say besides whether a person ruled, and why they rejected."""
    status, reason = _word(document, "status"), _word(document, "reason")
    if document.get("status") is not None and status not in _STOOD:
        draft.note(Odd.UNKNOWN_STATUS)
    draft.stood = _STOOD.get(status, Stood.PENDING)
    if draft.stood is Stood.REMOVED and reason == RulingReason.SPAM:
        draft.stood = Stood.SPAM
    elif draft.stood is Stood.REMOVED and reason in set(RulingReason):
        draft.reason = RulingReason(reason)
    if document.get("ruled") is True or draft.reason is not None:
        draft.word = Word.PERSON
    elif draft.stood in (Stood.SPAM, Stood.REMOVED):
        draft.word = Word.LABEL
    draft.provenance = f"JSON Lines: {status if status in _STOOD else 'no status'}"


def _word(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name)
    return value if isinstance(value, str) else ""
