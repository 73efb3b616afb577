"""Gathers what a site knows for a batch of comments: a constant number of statements, whatever the batch's size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy.engine import Connection

from classifier.campaigns import Candidate, Fingerprint, bands_of, fingerprints, group
from classifier.domain import AuthorRecord, Context, Likeness, Rates
from classifier.domains import domains_of
from classifier.history import has_substance
from classifier.relevance import PARENT_CHARS, language_in
from classifier.text import Document, read
from service.pace import Arrival, Pace
from service.pseudonyms import Pseudonyms, identity_of
from service.reputation import Evidence
from service.store import campaigns
from service.store import reputation as store
from service.store.campaigns import Total
from service.store.comments import Undecided
from service.store.engine import Store
from service.store.threads import parents_of

#: Copies are looked for among the comments of so many days.
LIKENESS_DAYS: Final = 7


@dataclass(frozen=True, slots=True)
class Known:
    """A comment with all the brain may know of it, and what to keep of it beside the decision."""

    context: Context
    document: Document | None
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class _Text:
    """What is seen in one comment's text."""

    domains: tuple[str, ...]
    poster: str
    candidate: Candidate | None


class History:
    """Looks up authors, parents, domains, copies and the pace of comments."""

    def __init__(self, database: Store, pace: Pace, pseudonyms: Pseudonyms) -> None:
        self._store = database
        self._pace = pace
        self._pseudonyms = pseudonyms

    def gather(self, batch: Sequence[Undecided], now: datetime) -> list[Known]:
        """What is known of each comment, in order. A text that cannot be read is left to the brain, which holds it."""
        documents = [_read(comment) for comment in batch]
        networks = [self._pseudonyms.network(comment.site_id, comment.context.author.ip) for comment in batch]
        arrivals = [
            Arrival(comment.waiting_since, comment.site_id, comment.author_key, network)
            for comment, network in zip(batch, networks, strict=True)
        ]
        texts = _texts(batch, documents, networks)
        rates = self._pace.count(arrivals)
        with self._store.read() as connection:
            contexts = _contexts(connection, batch, texts, rates, now)
            alike = _likenesses(connection, batch, texts, now)
        known = []
        for context, document, text, (like, row) in zip(contexts, documents, texts, alike, strict=True):
            own = like is None or not like.similar
            earns = document is not None and own and has_substance(document)
            language = None if document is None else language_in(document)
            evidence = Evidence(earns, text.domains, row, language)
            known.append(Known(replace(context, likeness=like), document, evidence))
        return known


def _read(comment: Undecided) -> Document | None:
    try:
        return read(comment.context.text)
    except Exception:  # noqa: BLE001 - the brain reads it again, fails again and holds this comment alone
        return None


def _texts(
    batch: Sequence[Undecided], documents: Sequence[Document | None], networks: Sequence[str | None]
) -> list[_Text]:
    prints: list[Fingerprint | None] = [None] * len(batch)
    readable = [at for at, document in enumerate(documents) if document is not None]
    for at, found in zip(readable, fingerprints([d for d in documents if d is not None]), strict=True):
        prints[at] = found
    texts = []
    for comment, document, network, fingerprint in zip(batch, documents, networks, prints, strict=True):
        candidate = None
        if fingerprint is not None:
            candidate = Candidate(comment.id, fingerprint, bands_of(comment.site_id, fingerprint.signature))
        linked = domains_of(comment.context, document) if document is not None else ()
        texts.append(_Text(linked, comment.author_key or network or comment.id, candidate))
    return texts


def _contexts(
    connection: Connection,
    batch: Sequence[Undecided],
    texts: Sequence[_Text],
    rates: Sequence[Rates | None],
    now: datetime,
) -> list[Context]:
    authors = store.authors_by_key(connection, (comment.author_key for comment in batch if comment.author_key))
    pairs = [(comment.site_id, domain) for comment, text in zip(batch, texts, strict=True) for domain in text.domains]
    domains = store.domains_by_name(connection, pairs)
    answered = ((c.site_id, c.parent_external_id) for c in batch if c.parent_external_id is not None)
    parents = parents_of(connection, answered, PARENT_CHARS)
    return [
        replace(
            comment.context,
            record=_record(comment.author_key, authors),
            rates=rate,
            domains={d: domains[comment.site_id, d] for d in text.domains if (comment.site_id, d) in domains},
            parent_text=parents.get((comment.site_id, comment.parent_external_id or "")),
            now=now,
        )
        for comment, text, rate in zip(batch, texts, rates, strict=True)
    ]


def _record(key: str | None, authors: Mapping[str, AuthorRecord]) -> AuthorRecord | None:
    if key is None:
        return None
    return authors.get(key) or AuthorRecord(identity=identity_of(key))


def _likenesses(
    connection: Connection, batch: Sequence[Undecided], texts: Sequence[_Text], now: datetime
) -> list[tuple[Likeness | None, dict[str, Any] | None]]:
    """How each comment is like earlier ones, those before it in the batch among them, and the row to know it by."""
    candidates = [text.candidate for text in texts if text.candidate is not None]
    leaders = campaigns.leaders_near(connection, [candidate.bands for candidate in candidates])
    grouped = dict(zip((c.id for c in candidates), group(candidates, leaders), strict=True))
    known = {leader.id for leader in leaders}
    near = {leader for found in grouped.values() for leader in found.leaders if leader in known}
    exact = {candidate.fingerprint.exact for candidate in candidates} if near else set()
    since = now - timedelta(days=LIKENESS_DAYS)
    by_campaign: dict[str, list[tuple[int | None, Total]]] = {}
    for (campaign, text), total in campaigns.totals_of(connection, near, exact, since).items():
        by_campaign.setdefault(campaign, []).append((text, total))
    alike: list[tuple[Likeness | None, dict[str, Any] | None]] = []
    for comment, seen in zip(batch, texts, strict=True):
        if seen.candidate is None:
            alike.append((None, None))
            continue
        found = grouped[comment.id]
        mine = seen.candidate.fingerprint
        earlier = [each for leader in found.leaders for each in by_campaign.get(leader, ())]
        alike.append(
            (_likeness(earlier, mine.exact, seen.poster, comment.article_id), _row(comment, seen, now, found.campaign))
        )
        one = Total(1, 0, 0, (seen.poster, seen.poster), (comment.article_id, comment.article_id))
        by_campaign.setdefault(found.campaign, []).append((mine.exact, one))
    return alike


def _likeness(earlier: Sequence[tuple[int | None, Total]], exact: int, poster: str, article: str) -> Likeness:
    """What the totals come to; nothing when they are all the same author's under the same article."""
    posters = {name for _, total in earlier for name in total.posters}
    articles = {name for _, total in earlier for name in total.articles}
    if posters <= {poster} and articles <= {article}:
        return Likeness(days=LIKENESS_DAYS)
    return Likeness(
        same=sum(total.comments for text, total in earlier if text == exact),
        similar=sum(total.comments for _, total in earlier),
        rejected=sum(total.rejected for _, total in earlier),
        approved=sum(total.approved for _, total in earlier),
        days=LIKENESS_DAYS,
    )


def _row(comment: Undecided, seen: _Text, now: datetime, campaign: str) -> dict[str, Any] | None:
    if seen.candidate is None:
        return None
    return {
        "comment_id": comment.id,
        "article_id": comment.article_id,
        "poster": seen.poster,
        "campaign": campaign,
        "exact": seen.candidate.fingerprint.exact,
        "signature": seen.candidate.fingerprint.signature,
        "seen_at": now,
        **campaigns.band_values(seen.candidate.bands if campaign == comment.id else None),
    }
