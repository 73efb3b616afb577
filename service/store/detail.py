"""SQL about one comment with all that helps to decide it, and what a page of the queue needs beside its rows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from statistics import median
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from classifier.campaigns import SIZE, bands_of
from classifier.domain import Status
from service.acts import Verb
from service.store.campaigns import leaders_near
from service.store.comments import AnyRow
from service.store.tables import articles, authors, comments, decisions, fingerprints, revisions, rulings
from service.store.tables_desk import acts, review_items

#: Look-alikes are chosen among so many of the newest comments of the campaigns nearby.
_MOST_COMPARED: Final = 200
#: Longer than this between two decisions was a pause.
_PAUSE_SECONDS: Final = 120
_FEWEST_GAPS: Final = 8
_PACED: Final = (Verb.APPROVE.value, Verb.REJECT.value, Verb.SKIP.value, Verb.PROPOSE.value)

_OF_NOW: Final = sa.and_(revisions.c.comment_id == comments.c.id, revisions.c.number == comments.c.revision)
_SHORT: Final = (
    comments.c.id,
    comments.c.status,
    comments.c.ruled,
    comments.c.author_name,
    comments.c.received_at,
    sa.func.substr(revisions.c.text, 1, 600).label("text"),
    revisions.c.format,
)


def article_with_text(connection: Connection, article_id: str, most_chars: int) -> AnyRow | None:
    """An article with the beginning of its text."""
    query = sa.select(
        articles.c.title,
        articles.c.url,
        articles.c.published_at,
        sa.func.substr(articles.c.text, 1, most_chars).label("text"),
    ).where(articles.c.id == article_id)
    return connection.execute(query).one_or_none()


def parent_of(connection: Connection, site_id: str, external_id: str) -> AnyRow | None:
    """The comment that another one answers."""
    query = sa.select(*_SHORT).join(revisions, _OF_NOW)
    return connection.execute(
        query.where(comments.c.site_id == site_id, comments.c.external_id == external_id)
    ).one_or_none()


def thread_before(
    connection: Connection, article_id: str, parent_external_id: str | None, comment_id: str, limit: int
) -> list[AnyRow]:
    """What was said just before in the same place: answers to the same comment, else to the article; oldest first."""
    same = (
        comments.c.parent_external_id.is_(None)
        if parent_external_id is None
        else comments.c.parent_external_id == parent_external_id
    )
    query = (
        sa.select(*_SHORT)
        .join(revisions, _OF_NOW)
        .where(comments.c.article_id == article_id, same, comments.c.id < comment_id)
        .where(comments.c.status != Status.ERASED.value)
        .order_by(comments.c.id.desc())
        .limit(limit)
    )
    return list(connection.execute(query))[::-1]


def count_under(connection: Connection, article_id: str) -> int:
    """How many comments an article has."""
    return connection.execute(
        sa.select(sa.func.count()).select_from(comments).where(comments.c.article_id == article_id)
    ).scalar_one()


def look_alikes(connection: Connection, site_id: str, comment_id: str, limit: int) -> list[tuple[AnyRow, float]]:
    """Earlier comments that read most like this one, with the share of their fingerprints that is the same.

    Those that were decided come first, since only they tell something. Short texts have no fingerprint and no likes.
    """
    own = connection.execute(
        sa.select(fingerprints.c.campaign, fingerprints.c.signature).where(fingerprints.c.comment_id == comment_id)
    ).one_or_none()
    if own is None:
        return []
    near = {leader.id for leader in leaders_near(connection, [bands_of(site_id, bytes(own.signature))])}
    found = connection.execute(
        sa.select(fingerprints.c.comment_id, fingerprints.c.signature)
        .where(fingerprints.c.campaign.in_(sorted({own.campaign, *near})), fingerprints.c.comment_id < comment_id)
        .order_by(fingerprints.c.comment_id.desc())
        .limit(_MOST_COMPARED)
    )
    shares = {row.comment_id: _alike(bytes(own.signature), bytes(row.signature)) for row in found}
    rows = connection.execute(
        sa.select(
            *_SHORT,
            rulings.c.moderator,
            rulings.c.ruled_at,
            rulings.c.reason,
            decisions.c.decided_at,
        )
        .join(revisions, _OF_NOW)
        .outerjoin(rulings, sa.and_(rulings.c.id == comments.c.ruling_id, comments.c.ruled))
        .outerjoin(decisions, decisions.c.id == comments.c.decision_id)
        .where(comments.c.id.in_(sorted(shares)), comments.c.site_id == site_id)
        .where(comments.c.status != Status.ERASED.value)
    )
    decided = {Status.APPROVED.value, Status.REJECTED.value}
    ranked = sorted(rows, key=lambda row: (row.status not in decided, -shares[row.id], row.id))
    return [(row, shares[row.id]) for row in ranked[:limit]]


def likes_decided(connection: Connection, campaign: str | None, comment_id: str) -> tuple[int, int]:
    """How many others of a campaign people approved, and how many they rejected; what was taken back is neither."""
    if campaign is None:
        return 0, 0
    counted = connection.execute(
        sa.select(comments.c.status, sa.func.count())
        .join(fingerprints, fingerprints.c.comment_id == comments.c.id)
        .where(fingerprints.c.campaign == campaign, comments.c.ruled, comments.c.id != comment_id)
        .group_by(comments.c.status)
    )
    by_status = {row[0]: row[1] for row in counted}
    return by_status.get(Status.APPROVED.value, 0), by_status.get(Status.REJECTED.value, 0)


def author_of(connection: Connection, author_key: str) -> AnyRow | None:
    """What the site remembers of an author."""
    return connection.execute(sa.select(authors).where(authors.c.key == author_key)).one_or_none()


def last_comments_of(
    connection: Connection, site_id: str, author_key: str, comment_id: str, limit: int
) -> list[AnyRow]:
    """An author's other comments, the newest first."""
    query = (
        sa.select(*_SHORT)
        .join(revisions, _OF_NOW)
        .where(comments.c.site_id == site_id, comments.c.author_key == author_key, comments.c.id != comment_id)
        .where(comments.c.status != Status.ERASED.value)
        .order_by(comments.c.id.desc())
        .limit(limit)
    )
    return list(connection.execute(query))


def texts_of(connection: Connection, comment_id: str) -> list[AnyRow]:
    """When each revision of a comment came."""
    query = sa.select(revisions.c.number, revisions.c.received_at).where(revisions.c.comment_id == comment_id)
    return list(connection.execute(query.order_by(revisions.c.number)))


def decisions_of(connection: Connection, comment_id: str) -> list[AnyRow]:
    """What the machine decided on a comment, all revisions."""
    query = sa.select(
        decisions.c.revision, decisions.c.kind, decisions.c.action, decisions.c.model, decisions.c.decided_at
    )
    return list(connection.execute(query.where(decisions.c.comment_id == comment_id).order_by(decisions.c.id)))


def open_in_campaigns(connection: Connection, site_id: str, campaigns: Collection[str]) -> dict[str, int]:
    """How many comments of each of these campaigns wait in the queue."""
    if not campaigns:
        return {}
    query = (
        sa.select(fingerprints.c.campaign, sa.func.count())
        .join(review_items, review_items.c.comment_id == fingerprints.c.comment_id)
        .where(fingerprints.c.campaign.in_(sorted(campaigns)))
        .where(review_items.c.site_id == site_id, review_items.c.closed_at.is_(None))
        .group_by(fingerprints.c.campaign)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def claims_on(connection: Connection, site_id: str, now: datetime) -> list[AnyRow]:
    """Who looks at what just now."""
    query = sa.select(review_items.c.comment_id, review_items.c.claimed_by, review_items.c.claimed_name).where(
        review_items.c.site_id == site_id, review_items.c.closed_at.is_(None), review_items.c.claimed_until > now
    )
    return list(connection.execute(query.order_by(review_items.c.comment_id)))


def acts_since(connection: Connection, site_id: str, act_id: str, limit: int) -> list[AnyRow]:
    """What anybody did on a site after an act, the first first."""
    query = sa.select(acts).where(acts.c.site_id == site_id, acts.c.id > act_id).order_by(acts.c.id).limit(limit)
    return list(connection.execute(query))


def newest_act(connection: Connection, site_id: str) -> str:
    """The id of the last act on a site; nothing sorts before it when there is none."""
    query = sa.select(acts.c.id).where(acts.c.site_id == site_id).order_by(acts.c.id.desc()).limit(1)
    return connection.execute(query).scalar() or ""


def seconds_a_comment(connection: Connection, site_id: str, since: datetime) -> float | None:
    """How long this site's moderators take over one comment, pauses left out; nothing when too few are known."""
    rows = connection.execute(
        sa.select(acts.c.actor_id, acts.c.at)
        .where(acts.c.site_id == site_id, acts.c.source == "desk", acts.c.batch_id.is_(None), acts.c.at >= since)
        .where(acts.c.verb.in_(_PACED))
        .order_by(acts.c.id.desc())
        .limit(400)
    )
    last: dict[str, datetime] = {}
    gaps: list[float] = []
    for row in rows:
        after = last.get(row.actor_id)
        if after is not None and 0 < (gap := (after - row.at).total_seconds()) <= _PAUSE_SECONDS:
            gaps.append(gap)
        last[row.actor_id] = row.at
    return median(gaps) if len(gaps) >= _FEWEST_GAPS else None


def _alike(first: bytes, second: bytes) -> float:
    numbers: Sequence[bool] = [first[at : at + 2] == second[at : at + 2] for at in range(0, 2 * SIZE, 2)]
    return sum(numbers) / SIZE
