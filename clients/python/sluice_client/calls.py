"""Each operation of the API as a value: what is asked, whether it may be asked twice, and how the answer is read.

Nothing here touches the network; ``Sluice`` and ``AsyncSluice`` carry these out.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, Literal, TypeVar
from urllib.parse import quote

from sluice_client import answers
from sluice_client.inputs import Article, NewComment, Seen, Submission, as_json
from sluice_client.reading import read

T = TypeVar("T")
Verdict = Literal["approve", "reject", "hold"]

#: What a call that waits for a decision is given beyond the wait itself.
WAIT_MARGIN_SECONDS: Final = 5.0
PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request; ``T`` is what its answer is read into."""

    method: str
    path: str
    reads: Callable[[Any], T]
    body: Any = None
    params: Mapping[str, str | int | float] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    repeatable: bool = True
    """Whether it may be sent again when nobody knows if it was carried out."""
    gone_is_done: bool = False
    """Whether 410 to a second try means that the first one worked."""
    wait: float = 0.0

    def content(self) -> bytes | None:
        """The body's bytes."""
        return None if self.body is None else json.dumps(as_json(self.body)).encode()


def submit(
    article: Article, comment: NewComment, *, wait: int | None, idempotency_key: str | None
) -> Call[answers.Comment]:
    """Without an id of yours or a key of yours, a key is made for this call, so that a retry stores nothing twice."""
    headers = _waiting(wait)
    if idempotency_key or comment.id is None:
        headers["Idempotency-Key"] = idempotency_key or str(uuid.uuid4())
    body = Submission(article, comment)
    return Call("POST", "/v1/comments", _reads(answers.Comment), body, headers=headers, wait=wait or 0)


def submit_batch(items: Sequence[Submission]) -> Call[tuple[answers.BatchResult, ...]]:
    """Only comments with ids of yours may be sent again: the same id is the same comment."""
    identified = all(item.comment.id is not None for item in items)
    reads = _reads(answers.Batch)
    return Call("POST", "/v1/comments/batch", lambda value: reads(value).results, list(items), repeatable=identified)


def read_comment(comment_id: str) -> Call[answers.Comment]:
    """Where one comment stands."""
    return Call("GET", _comment(comment_id), _reads(answers.Comment))


def list_comments(
    *, status: str | None, external_id: str | None, order: str | None, limit: int, cursor: str | None
) -> Call[answers.CommentPage]:
    """A page of comments."""
    params = _given(status=status, external_id=external_id, order=order, limit=limit, cursor=cursor)
    return Call("GET", "/v1/comments", _reads(answers.CommentPage), params=params)


def edit(comment_id: str, comment: NewComment, *, article: Article | None, wait: int | None) -> Call[answers.Comment]:
    """The same text again is no new revision, so it may be repeated."""
    body = {"comment": comment, "article": article}
    headers = _waiting(wait)
    return Call("PUT", _comment(comment_id), _reads(answers.Comment), body, headers=headers, wait=wait or 0)


def erase(comment_id: str) -> Call[None]:
    """Erase for good; that it is gone already at a second try is what was wanted."""
    return Call("DELETE", _comment(comment_id), lambda _: None, gone_is_done=True)


def explain(comment_id: str) -> Call[answers.Explanation]:
    """What the scores of a decision are made of."""
    return Call("GET", _comment(comment_id, "/explanation"), _reads(answers.Explanation))


def score(article: Article, comment: NewComment, *, explain: bool) -> Call[answers.Score]:
    """A judgement without storing anything."""
    body = {"article": article, "comment": comment, **({"explain": True} if explain else {})}
    return Call("POST", "/v1/score", _reads(answers.Score), body)


def score_batch(items: Sequence[Submission]) -> Call[tuple[answers.ScoreResult, ...]]:
    """Judgements without storing anything."""
    reads = _reads(answers.ScoreBatch)
    return Call("POST", "/v1/score/batch", lambda value: reads(value).results, list(items))


def put_article(article_id: str, article: Article) -> Call[answers.ArticleRecord]:
    """The id stands in the address, so the article's own one is not sent."""
    body = as_json(article)
    body.pop("id", None)
    return Call("PUT", f"/v1/articles/{_id(article_id)}", _reads(answers.ArticleRecord), body)


def rule(
    comment_id: str,
    action: Verdict,
    *,
    revision: int,
    reason: str | None,
    note: str | None,
    moderator: str | None,
) -> Call[answers.Comment]:
    """A key of its own makes it safe to repeat."""
    body = {"action": action, "revision": revision, "reason": reason, "note": note, "moderator": moderator}
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    return Call("POST", _comment(comment_id, "/rulings"), _reads(answers.Comment), body, headers=headers)


def rulings(comment_id: str) -> Call[tuple[answers.RulingRecord, ...]]:
    """All rulings on a comment."""
    reads = _reads(answers.Rulings)
    return Call("GET", _comment(comment_id, "/rulings"), lambda value: reads(value).items)


def take_back(comment_id: str, ruling_id: str) -> Call[answers.Comment]:
    """Take the ruling that stands back; a second time it stands no more."""
    params = {"ruling": ruling_id}
    return Call("DELETE", _comment(comment_id, "/rulings"), _reads(answers.Comment), params=params, repeatable=False)


def rule_many(
    comments: Sequence[Seen], action: Verdict, *, reason: str | None, moderator: str | None
) -> Call[answers.Many]:
    """One word on many comments; repeated, it would be a second act."""
    body = {"action": action, "reason": reason, "moderator": moderator, "comments": list(comments)}
    return Call("POST", "/v1/rulings", _reads(answers.Many), body, repeatable=False)


def undo(act_id: str, *, moderator: str | None) -> Call[answers.Many]:
    """Take an act back."""
    body = {"moderator": moderator}
    return Call("POST", f"/v1/acts/{_id(act_id)}/undo", _reads(answers.Many), body, repeatable=False)


def acts(
    *, comment: str | None, verb: str | None, moderator: str | None, limit: int, cursor: str | None
) -> Call[answers.ActPage]:
    """A page of what was done."""
    params = _given(comment=comment, verb=verb, moderator=moderator, limit=limit, cursor=cursor)
    return Call("GET", "/v1/acts", _reads(answers.ActPage), params=params)


def report(comment_id: str, reporter: str, *, reason: str | None, note: str | None) -> Call[answers.Comment]:
    """Each reader counts once, so it may be repeated."""
    body = {"reporter": reporter, "reason": reason, "note": note}
    return Call("POST", _comment(comment_id, "/reports"), _reads(answers.Comment), body)


def queue(filters: Mapping[str, Any], *, limit: int, cursor: str | None) -> Call[answers.QueuePage]:
    """A page of what waits for a person."""
    return Call("GET", "/v1/queue", _reads(answers.QueuePage), params=_given(**filters, limit=limit, cursor=cursor))


def queue_item(comment_id: str) -> Call[answers.QueueItem]:
    """One comment as the queue shows it."""
    return Call("GET", _item(comment_id), _reads(answers.QueueItem))


def queue_views(*, moderator: str | None) -> Call[answers.Views]:
    """The queue, counted."""
    return Call("GET", "/v1/queue/views", _reads(answers.Views), params=_given(moderator=moderator))


def claim(comment_id: str, *, moderator: str | None) -> Call[answers.QueueItem]:
    """A second one renews the first."""
    return Call("POST", _item(comment_id, "/claim"), _reads(answers.QueueItem), {"moderator": moderator})


def release(comment_id: str, *, moderator: str | None) -> Call[None]:
    """Give a lease back."""
    return Call("DELETE", _item(comment_id, "/claim"), lambda _: None, params=_given(moderator=moderator))


def skip(comment_id: str, *, moderator: str | None) -> Call[answers.QueueItem]:
    """Leave it to others."""
    body = {"moderator": moderator}
    return Call("POST", _item(comment_id, "/skip"), _reads(answers.QueueItem), body, repeatable=False)


def escalate(comment_id: str, *, note: str | None, moderator: str | None) -> Call[answers.QueueItem]:
    """Ask for a more experienced eye."""
    body = {"note": note, "moderator": moderator}
    return Call("POST", _item(comment_id, "/escalate"), _reads(answers.QueueItem), body, repeatable=False)


def write_note(comment_id: str, text: str, *, moderator: str | None) -> Call[tuple[answers.Note, ...]]:
    """A note for other moderators; repeated, it would stand there twice."""
    reads = _reads(answers.Notes)
    body = {"text": text, "moderator": moderator}
    return Call("POST", _comment(comment_id, "/notes"), lambda value: reads(value).items, body, repeatable=False)


def notes(comment_id: str) -> Call[tuple[answers.Note, ...]]:
    """The notes on a comment."""
    reads = _reads(answers.Notes)
    return Call("GET", _comment(comment_id, "/notes"), lambda value: reads(value).items)


def _reads(kind: type[T]) -> Callable[[Any], T]:
    return lambda value: read(kind, value)


def _waiting(wait: int | None) -> dict[str, str]:
    return {"Prefer": f"wait={wait}"} if wait else {}


def _given(**params: Any) -> dict[str, str | int | float]:
    return {name: as_json(value) for name, value in params.items() if value is not None}


def _id(value: str) -> str:
    if not value:
        raise ValueError("An id cannot be empty.")
    return quote(value, safe="").replace(".", "%2E")  # an id of dots is no step upwards


def _comment(comment_id: str, rest: str = "") -> str:
    return f"/v1/comments/{_id(comment_id)}{rest}"


def _item(comment_id: str, rest: str = "") -> str:
    return f"/v1/queue/{_id(comment_id)}{rest}"
