"""SQL about campaigns as moderators see them: what of a wave of near copies waits, and what became of the rest."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from classifier.domain import Status
from service.store.comments import AnyRow
from service.store.pages import CAMPAIGN_FROM
from service.store.tables import comments, fingerprints
from service.store.tables_desk import review_items

_OPEN: Final = review_items.c.closed_at.is_(None)
_HOUR: Final = sa.func.substr(sa.cast(fingerprints.c.seen_at, sa.Text), 1, 13)


def waiting_waves(
    connection: Connection, site_id: str, *, limit: int, after: tuple[int, str] | None = None
) -> list[tuple[str, int]]:
    """Campaigns with enough comments in a site's queue, and how many those are; the largest first."""
    size = sa.func.count()
    query = (
        sa.select(fingerprints.c.campaign, size)
        .select_from(review_items.join(fingerprints, fingerprints.c.comment_id == review_items.c.comment_id))
        .where(review_items.c.site_id == site_id, _OPEN)
        .group_by(fingerprints.c.campaign)
        .having(size >= CAMPAIGN_FROM)
    )
    if after is not None:
        count, campaign = after
        query = query.having((size < count) | ((size == count) & (fingerprints.c.campaign > campaign)))
    found = connection.execute(query.order_by(size.desc(), fingerprints.c.campaign).limit(limit))
    return [(row[0], row[1]) for row in found]


def standings_of(connection: Connection, site_id: str, campaigns: Collection[str]) -> dict[str, dict[Status, int]]:
    """How many comments of campaigns stand how."""
    rows = connection.execute(
        sa.select(fingerprints.c.campaign, comments.c.status, sa.func.count())
        .join(comments, comments.c.id == fingerprints.c.comment_id)
        .where(fingerprints.c.campaign.in_(sorted(campaigns)), comments.c.site_id == site_id)
        .group_by(fingerprints.c.campaign, comments.c.status)
    )
    found: dict[str, dict[Status, int]] = {}
    for campaign, status, count in rows:
        found.setdefault(campaign, {})[Status(status)] = count
    return found


def spread_of(connection: Connection, campaigns: Collection[str]) -> dict[str, tuple[int, int]]:
    """By how many authors campaigns are, and under how many articles."""
    rows = connection.execute(
        sa.select(
            fingerprints.c.campaign,
            sa.func.count(fingerprints.c.poster.distinct()),
            sa.func.count(fingerprints.c.article_id.distinct()),
        )
        .where(fingerprints.c.campaign.in_(sorted(campaigns)))
        .group_by(fingerprints.c.campaign)
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def hours_of(connection: Connection, campaigns: Collection[str]) -> dict[str, list[tuple[datetime, int]]]:
    """How many comments of campaigns came in which hour, the first hour first."""
    rows = connection.execute(
        sa.select(fingerprints.c.campaign, _HOUR.label("hour"), sa.func.count())
        .where(fingerprints.c.campaign.in_(sorted(campaigns)))
        .group_by(fingerprints.c.campaign, sa.text("hour"))
    )
    found: dict[str, list[tuple[datetime, int]]] = {}
    for campaign, hour, count in rows:
        found.setdefault(campaign, []).append((datetime.strptime(hour, "%Y-%m-%d %H"), count))  # noqa: DTZ007
    return {campaign: sorted(hours) for campaign, hours in found.items()}


def links_of(connection: Connection, campaigns: Collection[str]) -> dict[str, dict[str, int]]:
    """To which domains the comments of campaigns link, with counts."""
    rows = connection.execute(
        sa.select(fingerprints.c.campaign, sa.cast(comments.c.link_domains, sa.Text).label("links"), sa.func.count())
        .join(comments, comments.c.id == fingerprints.c.comment_id)
        .where(fingerprints.c.campaign.in_(sorted(campaigns)), comments.c.link_domains.is_not(None))
        .group_by(fingerprints.c.campaign, sa.text("links"))
    )
    found: dict[str, dict[str, int]] = {}
    for campaign, links, count in rows:
        counted = found.setdefault(campaign, {})
        for domain in json.loads(links):
            counted[domain] = counted.get(domain, 0) + count
    return found


def members_of_wave(
    connection: Connection, site_id: str, campaign: str, statuses: Sequence[Status], *, until: datetime
) -> list[AnyRow]:
    """The comments of a campaign that stand so and were there before ``until``; held ones while they wait."""
    query = (
        sa.select(
            comments.c.id.label("comment_id"),
            comments.c.status,
            comments.c.revision,
            comments.c.article_id,
            sa.case((comments.c.ruled, comments.c.ruling_id), else_=None).label("seen"),
            fingerprints.c.signature,
            review_items.c.language,
        )
        .join(fingerprints, fingerprints.c.comment_id == comments.c.id)
        .outerjoin(review_items, review_items.c.comment_id == comments.c.id)
        .where(
            fingerprints.c.campaign == campaign,
            fingerprints.c.seen_at < until,
            comments.c.site_id == site_id,
            comments.c.status.in_([status.value for status in statuses]),
            (comments.c.status != Status.HELD.value) | _OPEN,
        )
        .order_by(comments.c.id)
    )
    return list(connection.execute(query))


def some_of_wave(connection: Connection, site_id: str, campaign: str, limit: int) -> list[str]:
    """Ids of some comments of a campaign, those that wait before the others."""
    query = (
        sa.select(comments.c.id)
        .join(fingerprints, fingerprints.c.comment_id == comments.c.id)
        .where(fingerprints.c.campaign == campaign, comments.c.site_id == site_id)
        .order_by(sa.case((comments.c.status == Status.HELD.value, 0), else_=1), comments.c.id)
        .limit(limit)
    )
    return list(connection.execute(query).scalars())


def signature_of(connection: Connection, comment_id: str) -> bytes | None:
    """How a comment reads, in numbers."""
    query = sa.select(fingerprints.c.signature).where(fingerprints.c.comment_id == comment_id)
    found = connection.execute(query).scalar_one_or_none()
    return None if found is None else bytes(found)
