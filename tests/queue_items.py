"""Comments that wait for a moderator, without waiting for the model: stored and held by the service's own functions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import count
from typing import Any

from factories import a_submission, a_verdict, an_article, an_author
from sqlalchemy.engine import Connection

from classifier.campaigns import bands_of, fingerprints
from classifier.domain import HEADS, Action, Reason, Span
from classifier.text import read
from service import moderation
from service.pseudonyms import Pseudonyms
from service.reputation import Evidence
from service.rows import Keep
from service.schemas import ArticleIn
from service.store.campaigns import band_values, leaders_near
from service.store.engine import Store

KEEP = Keep(pseudonyms=Pseudonyms(b"a secret of the test suite, long enough"))
ARTICLE = an_article(
    id="harbour",
    text="The city wants a second bridge across the harbour. It would cost forty million and open in three years. "
    "The ferry would stop then, which not everybody likes.",
    published_at=datetime(2026, 3, 1, 8, 0, tzinfo=UTC),
)
_number = count(1)


def a_reason(code: str = "links.new_domain", message: str = "", weight: float = 1.0, **more: Any) -> Reason:
    """Why a comment is held; ``spans`` as pairs."""
    spans = tuple(Span(*pair) for pair in more.pop("spans", ()))
    return Reason(code=code, message=message or "A test says so.", weight=weight, spans=spans, **more)


def held(store: Store, site_id: str, text: str | None = None, **said: Any) -> str:
    """A comment that the machine holds; its id."""
    return store.write(lambda connection: hold(connection, site_id, text, **said))


def all_held(store: Store, site_id: str, comments: Iterable[dict[str, Any]]) -> list[str]:
    """Many of them in one transaction, which is much quicker."""
    return store.write(lambda connection: [hold(connection, site_id, **each) for each in comments])


def hold(
    connection: Connection,
    site_id: str,
    text: str | None = None,
    *,
    risk: float = 0.6,
    reasons: tuple[Reason, ...] | None = None,
    scores: dict[str, float] | None = None,
    action: Action = Action.HOLD,
    now: datetime | None = None,
    article: ArticleIn = ARTICLE,
    alike: bool = False,
    language: str | None = None,
    author: dict[str, Any] | None = None,
    **comment: Any,
) -> str:
    """The same in a transaction. ``alike`` remembers the text, so that others are found to be like it."""
    now = now or datetime.now(UTC)
    text = text or f"What about number {next(_number)}, is the ferry still going?"
    submission = a_submission(text, article=article, **{"author": an_author(**(author or {})), **comment})
    (accepted,) = moderation.submit(connection, site_id, [submission], now, keep=KEEP)
    assert isinstance(accepted, moderation.Accepted)
    verdict = a_verdict(
        action,
        scores={**dict.fromkeys(HEADS, 0.01), "spam": risk, **(scores or {})},
        reasons=(a_reason(),) if reasons is None else reasons,
    )
    fingerprint = _fingerprint(connection, site_id, accepted, text, now) if alike else None
    seen = {(accepted.id, 1): Evidence(fingerprint=fingerprint, language=language)}
    moderation.record_decisions(connection, {(accepted.id, 1): verdict}, now, seen=seen)
    return accepted.id


def _fingerprint(
    connection: Connection, site_id: str, accepted: moderation.Accepted, text: str, now: datetime
) -> dict[str, Any]:
    (found,) = fingerprints([read(text)])
    assert found is not None, "a text with fewer than eight words has no fingerprint"
    bands = bands_of(site_id, found.signature)
    leaders = leaders_near(connection, [bands])
    campaign = leaders[0].id if leaders else accepted.id
    return {
        "comment_id": accepted.id,
        "article_id": accepted.article_id,
        "poster": accepted.id,
        "campaign": campaign,
        "exact": found.exact,
        "signature": found.signature,
        "seen_at": now,
        **band_values(bands if campaign == accepted.id else None),
    }
