"""The client for code that waits: Flask, Django, scripts."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Literal, Self, TypeVar, Unpack

import httpx

from sluice_client import answers, calls
from sluice_client.answers import Status
from sluice_client.calls import Call, Verdict
from sluice_client.exchange import Exchange, checked_key, checked_url
from sluice_client.inputs import Article, NewComment, QueueFilters, Seen, Submission
from sluice_client.retries import Retries

T = TypeVar("T")


class Sluice:
    """One site of a Sluice service. One may be shared by all threads of a process.

    Use it in a ``with`` statement or call ``close``. What goes wrong on the way or at the service is a
    ``SluiceError``. What may be repeated is sent again after a lost connection, 429 or 5xx, as ``retries`` says.
    ``timeout`` is for connecting, and for each silence while reading. ``http`` is a client of your own (a proxy, a
    certificate authority); it stays yours to close.
    """

    def __init__(
        self,
        base_url: str,
        key: str,
        *,
        timeout: float = 10.0,
        retries: Retries | None = None,
        http: httpx.Client | None = None,
    ) -> None:
        self._base_url = checked_url(base_url)
        self._key = checked_key(key)
        self._timeout = timeout
        self._retries = retries or Retries()
        self._http = http or httpx.Client()
        self._ours = http is None

    def __repr__(self) -> str:
        return f"Sluice({self._base_url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        if self._ours:
            self._http.close()

    def submit(
        self, article: Article, comment: NewComment, *, wait: int | None = None, idempotency_key: str | None = None
    ) -> answers.Comment:
        """Submit a comment; with ``wait`` (seconds, at most 30) the answer has the decision if it is made by then."""
        return self._do(calls.submit(article, comment, wait=wait, idempotency_key=idempotency_key))

    def submit_batch(self, items: Sequence[Submission]) -> tuple[answers.BatchResult, ...]:
        """Submit up to 1,000 comments; each is accepted or refused on its own, and none is waited for."""
        return self._do(calls.submit_batch(items))

    def read(self, comment_id: str) -> answers.Comment:
        """Read where a comment stands."""
        return self._do(calls.read_comment(comment_id))

    def comments(
        self,
        *,
        status: Status | None = None,
        external_id: str | None = None,
        order: Literal["newest", "oldest"] | None = None,
        limit: int = calls.PAGE,
        cursor: str | None = None,
    ) -> answers.CommentPage:
        """A page of your comments; ``next_cursor`` leads to the next one."""
        return self._do(
            calls.list_comments(status=status, external_id=external_id, order=order, limit=limit, cursor=cursor)
        )

    def all_comments(
        self, *, status: Status | None = None, order: Literal["newest", "oldest"] | None = None
    ) -> Iterator[answers.Comment]:
        """All your comments, page by page."""
        cursor: str | None = None
        while True:
            page = self.comments(status=status, order=order, limit=200, cursor=cursor)
            yield from page.items
            cursor = page.next_cursor
            if cursor is None:
                return

    def edit(
        self, comment_id: str, comment: NewComment, *, article: Article | None = None, wait: int | None = None
    ) -> answers.Comment:
        """Change a comment; a new text is a new revision and decided again."""
        return self._do(calls.edit(comment_id, comment, article=article, wait=wait))

    def erase(self, comment_id: str) -> None:
        """Erase a comment for good."""
        self._do(calls.erase(comment_id))

    def explain(self, comment_id: str) -> answers.Explanation:
        """Take the scores of a comment's decision apart."""
        return self._do(calls.explain(comment_id))

    def score(self, article: Article, comment: NewComment, *, explain: bool = False) -> answers.Score:
        """Judge a comment without storing anything."""
        return self._do(calls.score(article, comment, explain=explain))

    def score_batch(self, items: Sequence[Submission]) -> tuple[answers.ScoreResult, ...]:
        """Judge up to 1,000 comments without storing anything."""
        return self._do(calls.score_batch(items))

    def put_article(self, article_id: str, article: Article) -> answers.ArticleRecord:
        """Keep an article under your id, so that its text need not travel with each comment."""
        return self._do(calls.put_article(article_id, article))

    def rule(
        self,
        comment_id: str,
        action: Verdict,
        *,
        revision: int,
        reason: str | None = None,
        note: str | None = None,
        moderator: str | None = None,
    ) -> answers.Comment:
        """Record a person's final word on the revision that they read."""
        return self._do(
            calls.rule(comment_id, action, revision=revision, reason=reason, note=note, moderator=moderator)
        )

    def rulings(self, comment_id: str) -> tuple[answers.RulingRecord, ...]:
        """All rulings on a comment, in the order they were made."""
        return self._do(calls.rulings(comment_id))

    def take_back(self, comment_id: str, ruling_id: str) -> answers.Comment:
        """Take the ruling that stands back."""
        return self._do(calls.take_back(comment_id, ruling_id))

    def rule_many(
        self, comments: Sequence[Seen], action: Verdict, *, reason: str | None = None, moderator: str | None = None
    ) -> answers.Many:
        """Rule on up to 1,000 comments as one act; what changed since it was seen is among ``conflicts``."""
        return self._do(calls.rule_many(comments, action, reason=reason, moderator=moderator))

    def undo(self, act_id: str, *, moderator: str | None = None) -> answers.Many:
        """Take an act back, at any age; one on many comments as a whole."""
        return self._do(calls.undo(act_id, moderator=moderator))

    def acts(
        self,
        *,
        comment: str | None = None,
        verb: str | None = None,
        moderator: str | None = None,
        limit: int = calls.PAGE,
        cursor: str | None = None,
    ) -> answers.ActPage:
        """A page of what anybody did, the newest first."""
        return self._do(calls.acts(comment=comment, verb=verb, moderator=moderator, limit=limit, cursor=cursor))

    def report(
        self, comment_id: str, reporter: str, *, reason: str | None = None, note: str | None = None
    ) -> answers.Comment:
        """Flag a comment for a reader; ``reporter`` tells one reader from another, and each counts once."""
        return self._do(calls.report(comment_id, reporter, reason=reason, note=note))

    def queue(
        self, *, limit: int = calls.PAGE, cursor: str | None = None, **filters: Unpack[QueueFilters]
    ) -> answers.QueuePage:
        """A page of what waits for a person; every filter that is given must fit."""
        return self._do(calls.queue(filters, limit=limit, cursor=cursor))

    def queue_item(self, comment_id: str) -> answers.QueueItem:
        """One comment as the queue shows it, also after it was decided."""
        return self._do(calls.queue_item(comment_id))

    def queue_views(self, *, moderator: str | None = None) -> answers.Views:
        """How much waits, view by view."""
        return self._do(calls.queue_views(moderator=moderator))

    def claim(self, comment_id: str, *, moderator: str | None = None) -> answers.QueueItem:
        """Say for 90 seconds that somebody looks at a comment; again renews it."""
        return self._do(calls.claim(comment_id, moderator=moderator))

    def release(self, comment_id: str, *, moderator: str | None = None) -> None:
        """Give a claim back."""
        self._do(calls.release(comment_id, moderator=moderator))

    def skip(self, comment_id: str, *, moderator: str | None = None) -> answers.QueueItem:
        """Leave a comment to others for now."""
        return self._do(calls.skip(comment_id, moderator=moderator))

    def escalate(self, comment_id: str, *, note: str | None = None, moderator: str | None = None) -> answers.QueueItem:
        """Ask for a more experienced eye."""
        return self._do(calls.escalate(comment_id, note=note, moderator=moderator))

    def write_note(self, comment_id: str, text: str, *, moderator: str | None = None) -> tuple[answers.Note, ...]:
        """Write a note for other moderators; answers all of them."""
        return self._do(calls.write_note(comment_id, text, moderator=moderator))

    def notes(self, comment_id: str) -> tuple[answers.Note, ...]:
        """The notes on a comment, the first one first."""
        return self._do(calls.notes(comment_id))

    def _do(self, call: Call[T]) -> T:
        exchange = Exchange(call, self._retries, self._timeout)
        while True:
            try:
                response = self._http.send(exchange.request(self._http, self._base_url, self._key))
            except httpx.RequestError as failure:
                pause = exchange.pause_after_failure(failure)
            else:
                again = exchange.pause_after_answer(response)
                if again is None:
                    return exchange.result(response)
                pause = again
            time.sleep(pause)
