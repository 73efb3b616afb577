"""SQL about fingerprints: which earlier comments read alike, and what became of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from classifier.campaigns import BANDS, Leader, bands_of
from classifier.domain import Status
from service.store.tables import comments, fingerprints

BAND_COLUMNS: Final = tuple(fingerprints.c[f"band_{band}"] for band in range(BANDS))
#: A batch has at most this many leaders to be compared with.
MOST_LEADERS: Final = 2_000


def leaders_near(connection: Connection, bands: Sequence[Sequence[int]]) -> list[Leader]:
    """Leaders that share a band with any of some comments' bands."""
    if not bands:
        return []
    shared = [column.in_(sorted({each[at] for each in bands})) for at, column in enumerate(BAND_COLUMNS)]
    found = connection.execute(
        sa.select(fingerprints.c.comment_id, fingerprints.c.signature, *BAND_COLUMNS)
        .where(sa.or_(*shared))
        .limit(MOST_LEADERS)
    )
    return [Leader(row[0], bytes(row[1]), tuple(row[2:])) for row in found]


@dataclass(frozen=True, slots=True)
class Total:
    """How many comments of a campaign there are, and by whom and where if that is one poster and one article."""

    comments: int
    rejected: int
    approved: int
    posters: tuple[str, str]
    articles: tuple[str, str]


_TOTALS: Final = (
    sa.func.count(),
    sa.func.coalesce(sa.func.sum(sa.case((comments.c.status == Status.REJECTED.value, 1), else_=0)), 0),
    sa.func.coalesce(
        sa.func.sum(sa.case((sa.and_(comments.c.status == Status.APPROVED.value, comments.c.ruled), 1), else_=0)), 0
    ),
    sa.func.min(fingerprints.c.poster),
    sa.func.max(fingerprints.c.poster),
    sa.func.min(fingerprints.c.article_id),
    sa.func.max(fingerprints.c.article_id),
)


def totals_of(
    connection: Connection, campaigns: Collection[str], exact: Collection[int], since: datetime
) -> dict[tuple[str, int | None], Total]:
    """Comments of campaigns since a moment, by campaign and, for the texts asked for, by exact text."""
    if not campaigns:
        return {}
    text = sa.case((fingerprints.c.exact.in_(sorted(exact)), fingerprints.c.exact), else_=None).label("text")
    rows = connection.execute(
        sa.select(fingerprints.c.campaign, text, *_TOTALS)
        .join(comments, comments.c.id == fingerprints.c.comment_id)
        .where(fingerprints.c.campaign.in_(sorted(campaigns)), fingerprints.c.seen_at >= since)
        .group_by(fingerprints.c.campaign, sa.text("text"))
    )
    return {
        (row[0], row[1]): Total(row[2], int(row[3]), int(row[4]), (row[5], row[6]), (row[7], row[8])) for row in rows
    }


def insert_fingerprints(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Remember the texts of comments."""
    if rows:
        connection.execute(sa.insert(fingerprints), rows)


def forget_fingerprint(connection: Connection, site_id: str, comment_id: str) -> None:
    """Forget a comment's text; if it led a campaign, the first of the others leads from now on."""
    connection.execute(sa.delete(fingerprints).where(fingerprints.c.comment_id == comment_id))
    heir = connection.execute(
        sa.select(fingerprints.c.comment_id, fingerprints.c.signature)
        .where(fingerprints.c.campaign == comment_id)
        .order_by(fingerprints.c.comment_id)
        .limit(1)
    ).one_or_none()
    if heir is None:
        return
    others = sa.update(fingerprints).where(fingerprints.c.campaign == comment_id)
    connection.execute(others.values(campaign=heir[0]))
    bands = band_values(bands_of(site_id, bytes(heir[1])))
    connection.execute(sa.update(fingerprints).where(fingerprints.c.comment_id == heir[0]).values(**bands))


def band_values(bands: Sequence[int] | None) -> dict[str, int | None]:
    """The band columns of a leader, or of a comment that follows one."""
    return {column.name: bands[at] if bands else None for at, column in enumerate(BAND_COLUMNS)}


def forget_old_fingerprints(connection: Connection, before: datetime, limit: int) -> int:
    """Forget texts seen before a moment, but not a leader whom others joined since; how many went."""
    follower = fingerprints.alias("follower")
    joined = sa.exists().where(follower.c.campaign == fingerprints.c.comment_id, follower.c.seen_at >= before)
    old = sa.select(fingerprints.c.comment_id).where(fingerprints.c.seen_at < before, ~joined).limit(limit)
    return connection.execute(
        sa.delete(fingerprints).where(fingerprints.c.comment_id.in_(old.scalar_subquery()))
    ).rowcount
