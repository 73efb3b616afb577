"""The asynchronous client: every method of ``Sluice``, to be awaited."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
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


class AsyncSluice:
    """One site of a Sluice service. One may be shared by all tasks of a loop.

    Use it in a ``async with`` statement or call ``aclose``. What goes wrong on the way or at the service is a
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
        http: httpx.AsyncClient | None = None,
    ) -> None:
        self._base_url = checked_url(base_url)
        self._key = checked_key(key)
        self._timeout = timeout
        self._retries = retries or Retries()
        self._http = http or httpx.AsyncClient()
        self._ours = http is None

    def __repr__(self) -> str:
        return f"AsyncSluice({self._base_url!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        if self._ours:
            await self._http.aclose()

    async def submit(
        self, article: Article, comment: NewComment, *, wait: int | None = None, idempotency_key: str | None = None
    ) -> answers.Comment:
        """Submit a comment; with ``wait`` (seconds, at most 30) the answer has the decision if it is made by then."""
        return await self._do(calls.submit(article, comment, wait=wait, idempotency_key=idempotency_key))

    async def submit_batch(self, items: Sequence[Submission]) -> tuple[answers.BatchResult, ...]:
        """Submit up to 1,000 comments; each is accepted or refused on its own, and none is waited for."""
        return await self._do(calls.submit_batch(items))

    async def read(self, comment_id: str) -> answers.Comment:
        """Read where a comment stands."""
        return await self._do(calls.read_comment(comment_id))

    async def comments(
        self,
        *,
        status: Status | None = None,
        external_id: str | None = None,
        order: Literal["newest", "oldest"] | None = None,
        limit: int = calls.PAGE,
        cursor: str | None = None,
    ) -> answers.CommentPage:
        """A page of your comments; ``next_cursor`` leads to the next one."""
        return await self._do(
            calls.list_comments(status=status, external_id=external_id, order=order, limit=limit, cursor=cursor)
        )

    async def all_comments(
        self, *, status: Status | None = None, order: Literal["newest", "oldest"] | None = None
    ) -> AsyncIterator[answers.Comment]:
        """All your comments, page by page."""
        cursor: str | None = None
        while True:
            page = await self.comments(status=status, order=order, limit=200, cursor=cursor)
            for each in page.items:
                yield each
            cursor = page.next_cursor
            if cursor is None:
                return

    async def edit(
        self, comment_id: str, comment: NewComment, *, article: Article | None = None, wait: int | None = None
    ) -> answers.Comment:
        """Change a comment; a new text is a new revision and decided again."""
        return await self._do(calls.edit(comment_id, comment, article=article, wait=wait))

    async def erase(self, comment_id: str) -> None:
        """Erase a comment for good."""
        await self._do(calls.erase(comment_id))

    async def explain(self, comment_id: str) -> answers.Explanation:
        """Take the scores of a comment's decision apart."""
        return await self._do(calls.explain(comment_id))

    async def score(self, article: Article, comment: NewComment, *, explain: bool = False) -> answers.Score:
        """Judge a comment without storing anything."""
        return await self._do(calls.score(article, comment, explain=explain))

    async def score_batch(self, items: Sequence[Submission]) -> tuple[answers.ScoreResult, ...]:
        """Judge up to 1,000 comments without storing anything."""
        return await self._do(calls.score_batch(items))

    async def put_article(self, article_id: str, article: Article) -> answers.ArticleRecord:
        """Keep an article under your id, so that its text need not travel with each comment."""
        return await self._do(calls.put_article(article_id, article))

    async def rule(
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
        return await self._do(
            calls.rule(comment_id, action, revision=revision, reason=reason, note=note, moderator=moderator)
        )

    async def rulings(self, comment_id: str) -> tuple[answers.RulingRecord, ...]:
        """All rulings on a comment, in the order they were made."""
        return await self._do(calls.rulings(comment_id))

    async def take_back(self, comment_id: str, ruling_id: str) -> answers.Comment:
        """Take the ruling that stands back."""
        return await self._do(calls.take_back(comment_id, ruling_id))

    async def rule_many(
        self, comments: Sequence[Seen], action: Verdict, *, reason: str | None = None, moderator: str | None = None
    ) -> answers.Many:
        """Rule on up to 1,000 comments as one act; what changed since it was seen is among ``conflicts``."""
        return await self._do(calls.rule_many(comments, action, reason=reason, moderator=moderator))

    async def undo(self, act_id: str, *, moderator: str | None = None) -> answers.Many:
        """Take an act back, at any age; one on many comments as a whole."""
        return await self._do(calls.undo(act_id, moderator=moderator))

    async def acts(
        self,
        *,
        comment: str | None = None,
        verb: str | None = None,
        moderator: str | None = None,
        limit: int = calls.PAGE,
        cursor: str | None = None,
    ) -> answers.ActPage:
        """A page of what anybody did, the newest first."""
        return await self._do(calls.acts(comment=comment, verb=verb, moderator=moderator, limit=limit, cursor=cursor))

    async def report(
        self, comment_id: str, reporter: str, *, reason: str | None = None, note: str | None = None
    ) -> answers.Comment:
        """Flag a comment for a reader; ``reporter`` tells one reader from another, and each counts once."""
        return await self._do(calls.report(comment_id, reporter, reason=reason, note=note))

    async def queue(
        self, *, limit: int = calls.PAGE, cursor: str | None = None, **filters: Unpack[QueueFilters]
    ) -> answers.QueuePage:
        """A page of what waits for a person; every filter that is given must fit."""
        return await self._do(calls.queue(filters, limit=limit, cursor=cursor))

    async def queue_item(self, comment_id: str) -> answers.QueueItem:
        """One comment as the queue shows it, also after it was decided."""
        return await self._do(calls.queue_item(comment_id))

    async def queue_views(self, *, moderator: str | None = None) -> answers.Views:
        """How much waits, view by view."""
        return await self._do(calls.queue_views(moderator=moderator))

    async def claim(self, comment_id: str, *, moderator: str | None = None) -> answers.QueueItem:
        """Say for 90 seconds that somebody looks at a comment; again renews it."""
        return await self._do(calls.claim(comment_id, moderator=moderator))

    async def release(self, comment_id: str, *, moderator: str | None = None) -> None:
        """Give a claim back."""
        await self._do(calls.release(comment_id, moderator=moderator))

    async def skip(self, comment_id: str, *, moderator: str | None = None) -> answers.QueueItem:
        """Leave a comment to others for now."""
        return await self._do(calls.skip(comment_id, moderator=moderator))

    async def escalate(
        self, comment_id: str, *, note: str | None = None, moderator: str | None = None
    ) -> answers.QueueItem:
        """Ask for a more experienced eye."""
        return await self._do(calls.escalate(comment_id, note=note, moderator=moderator))

    async def write_note(self, comment_id: str, text: str, *, moderator: str | None = None) -> tuple[answers.Note, ...]:
        """Write a note for other moderators; answers all of them."""
        return await self._do(calls.write_note(comment_id, text, moderator=moderator))

    async def notes(self, comment_id: str) -> tuple[answers.Note, ...]:
        """The notes on a comment, the first one first."""
        return await self._do(calls.notes(comment_id))

    async def _do(self, call: Call[T]) -> T:
        exchange = Exchange(call, self._retries, self._timeout)
        while True:
            try:
                response = await self._http.send(exchange.request(self._http, self._base_url, self._key))
            except httpx.RequestError as failure:
                pause = exchange.pause_after_failure(failure)
            else:
                again = exchange.pause_after_answer(response)
                if again is None:
                    return exchange.result(response)
                pause = again
            await asyncio.sleep(pause)
