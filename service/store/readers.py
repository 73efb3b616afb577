"""SQL about what readers say: appeals, reports, and what a reader may know of where a comment stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from service.store.comments import AnyRow
from service.store.tables import articles, comments, decisions, rulings, sites
from service.store.tables_desk import appeals, reports


def insert_appeal(connection: Connection, row: Mapping[str, Any]) -> None:
    """Store an appeal."""
    connection.execute(sa.insert(appeals), [dict(row)])


def appeal_on(connection: Connection, comment_id: str) -> AnyRow | None:
    """The appeal about a comment, if there was one."""
    return connection.execute(sa.select(appeals).where(appeals.c.comment_id == comment_id)).one_or_none()


def insert_report(connection: Connection, row: Mapping[str, Any]) -> None:
    """Store a report, in the place of the same reader's on an earlier text."""
    same = reports.c.comment_id == row["comment_id"], reports.c.reporter == row["reporter"]
    connection.execute(sa.delete(reports).where(*same))
    connection.execute(sa.insert(reports), [dict(row)])


def reporters_of(connection: Connection, comment_id: str, revision: int) -> set[str]:
    """Who flagged this text."""
    query = sa.select(reports.c.reporter).where(reports.c.comment_id == comment_id, reports.c.revision == revision)
    return set(connection.execute(query).scalars())


def reports_on(connection: Connection, comment_id: str) -> list[AnyRow]:
    """What readers flagged, the first report first."""
    query = sa.select(reports).where(reports.c.comment_id == comment_id).order_by(reports.c.made_at)
    return list(connection.execute(query))


def forget_comment(connection: Connection, comment_id: str) -> None:
    """Erase what readers said of a comment."""
    for table in (appeals, reports):
        connection.execute(sa.delete(table).where(table.c.comment_id == comment_id))


def standing_for_reader(connection: Connection, comment_id: str) -> AnyRow | None:
    """What the reader's page tells: status, why, by whom (machine or person), whether there was an appeal."""
    query = (
        sa.select(
            comments.c.id,
            comments.c.site_id,
            comments.c.status,
            comments.c.ruled,
            comments.c.received_at,
            decisions.c.reasons,
            decisions.c.decided_at,
            rulings.c.reason.label("ruling_reason"),
            rulings.c.ruled_at,
            appeals.c.made_at.label("appealed_at"),
            articles.c.title.label("article_title"),
            articles.c.url.label("article_url"),
            sites.c.name.label("site_name"),
        )
        .join(sites, sites.c.id == comments.c.site_id)
        .join(articles, articles.c.id == comments.c.article_id)
        .outerjoin(decisions, decisions.c.id == comments.c.decision_id)
        .outerjoin(rulings, rulings.c.id == comments.c.ruling_id)
        .outerjoin(appeals, appeals.c.comment_id == comments.c.id)
        .where(comments.c.id == comment_id)
    )
    return connection.execute(query).one_or_none()
