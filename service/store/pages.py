"""SQL about the queue as moderators see it: views with their counts, filters, sorts, pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from classifier.triage import Lane
from service.store.comments import AnyRow
from service.store.tables import articles, comments, decisions, fingerprints, revisions
from service.store.tables_desk import review_items, skips

#: Comments that read alike are a campaign from so many on.
CAMPAIGN_FROM: Final = 3
#: Readers' own ways into the queue.
APPEALED: Final = ("appeal", "report")


class View(StrEnum):
    """A part of the queue; what is in one of the last four is in none of the first three."""

    FINE = "fine"
    UNCERTAIN = "uncertain"
    BAD = "bad"
    ESCALATED = "escalated"
    APPEALS = "appeals"
    SECOND_LOOK = "second-look"
    SKIPPED = "skipped"
    ALL = "all"


class Sort(StrEnum):
    """In which order."""

    OLDEST = "oldest"
    RISKIEST = "riskiest"
    UNCERTAIN = "uncertain"
    KINDNESS = "kindness"
    """Who is probably fine and waits, first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to show; every filter that is set must fit."""

    view: View = View.ALL
    sort: Sort = Sort.OLDEST
    reason: str | None = None
    language: str | None = None
    article_id: str | None = None
    author_key: str | None = None
    author: str | None = None
    """Part of the author's name."""
    domain: str | None = None
    before: datetime | None = None
    """Opened before."""
    since: datetime | None = None
    risk_from: float | None = None
    risk_to: float | None = None
    text: str | None = None
    """Part of the comment's text."""
    campaign: str | None = None


@dataclass(frozen=True, slots=True)
class Load:
    """How much a view holds, and since when the oldest in it waits."""

    count: int
    oldest: datetime | None


_OPEN: Final = review_items.c.closed_at.is_(None)
_APPEALED: Final = review_items.c.origin.in_(APPEALED)
_PROPOSED: Final = review_items.c.proposed_action.is_not(None)


def _skipped(user_id: str) -> sa.ColumnElement[bool]:
    return sa.exists().where(skips.c.user_id == user_id, skips.c.comment_id == review_items.c.comment_id)


def view_of(user_id: str) -> sa.ColumnElement[str]:
    """In which view an open item is for somebody."""
    return sa.case(
        (_skipped(user_id), View.SKIPPED.value),
        (_PROPOSED, View.SECOND_LOOK.value),
        (_APPEALED, View.APPEALS.value),
        (review_items.c.escalated, View.ESCALATED.value),
        else_=review_items.c.lane,
    )


def loads(connection: Connection, site_id: str, user_id: str) -> dict[View, Load]:
    """All views of a site's queue with their loads."""
    name = view_of(user_id).label("name")
    query = (
        sa.select(name, sa.func.count(), sa.func.min(review_items.c.opened_at))
        .where(review_items.c.site_id == site_id, _OPEN)
        .group_by(name)
    )
    found = {View(row[0]): Load(row[1], row[2]) for row in connection.execute(query)}
    all_of_them = [load for load in found.values() if load.count]
    total = sum(load.count for load in all_of_them)
    found[View.ALL] = Load(total, min((load.oldest for load in all_of_them if load.oldest), default=None))
    return {view: found.get(view, Load(0, None)) for view in View}


def waiting_by_site(connection: Connection, site_ids: list[str]) -> dict[str, int]:
    """How many comments wait on each of these sites; one where nothing waits is not in it."""
    query = (
        sa.select(review_items.c.site_id, sa.func.count())
        .where(review_items.c.site_id.in_(site_ids), _OPEN)
        .group_by(review_items.c.site_id)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def campaign_load(connection: Connection, site_id: str) -> tuple[int, int]:
    """How many campaigns wait in a site's queue, and how many comments are in them."""
    sizes = (
        sa.select(sa.func.count().label("size"))
        .select_from(review_items.join(fingerprints, fingerprints.c.comment_id == review_items.c.comment_id))
        .where(review_items.c.site_id == site_id, _OPEN)
        .group_by(fingerprints.c.campaign)
        .having(sa.func.count() >= CAMPAIGN_FROM)
        .subquery()
    )
    row = connection.execute(sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(sizes.c.size), 0))).one()
    return row[0], int(row[1])


_ROW: Final = (
    review_items,
    comments.c.external_id,
    comments.c.status,
    comments.c.ruling_id,
    comments.c.ruled,
    comments.c.decision_id,
    comments.c.author_name,
    comments.c.author_url,
    comments.c.author_key,
    comments.c.received_at,
    comments.c.parent_external_id,
    revisions.c.text,
    revisions.c.format,
    articles.c.title.label("article_title"),
    articles.c.url.label("article_url"),
    decisions.c.action.label("decision_action"),
    decisions.c.kind.label("decision_kind"),
    decisions.c.scores,
    decisions.c.reasons,
    decisions.c.counterfactual,
    fingerprints.c.campaign,
)
_ROWS: Final = (
    sa.select(*_ROW)
    .join(comments, comments.c.id == review_items.c.comment_id)
    .join(revisions, sa.and_(revisions.c.comment_id == comments.c.id, revisions.c.number == comments.c.revision))
    .join(articles, articles.c.id == comments.c.article_id)
    .outerjoin(decisions, decisions.c.id == comments.c.decision_id)
    .outerjoin(fingerprints, fingerprints.c.comment_id == comments.c.id)
)


def item_with_all(connection: Connection, site_id: str, comment_id: str) -> AnyRow | None:
    """One item, open or closed, with its comment, article and decision."""
    query = _ROWS.where(review_items.c.site_id == site_id, review_items.c.comment_id == comment_id)
    return connection.execute(query).one_or_none()


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, and the cursor that goes on after them, if there are more."""

    rows: list[AnyRow]
    following: str | None


def page_of(
    connection: Connection, site_id: str, wanted: Wanted, *, user_id: str, limit: int, cursor: str | None = None
) -> Page:
    """A page of the queue, by keyset: what comes or goes meanwhile moves nothing.

    Raises:
        ValueError: the cursor is none of ours.
    """
    order = _order(wanted.sort)
    ids = sa.select(review_items.c.comment_id, order.label("place")).where(*_conditions(site_id, wanted, user_id))
    ids = ids.select_from(_with_filters(review_items, wanted))
    if cursor is not None:
        place, after = _read_cursor(cursor, wanted.sort)
        ids = ids.where((order > place) | ((order == place) & (review_items.c.comment_id > after)))
    found = list(connection.execute(ids.order_by(order, review_items.c.comment_id).limit(limit + 1)))
    shown = found[:limit]
    rows = _rows_in_order(connection, [row.comment_id for row in shown])
    following = _cursor(shown[-1].place, shown[-1].comment_id) if len(found) > limit else None
    return Page(rows, following)


def all_of(connection: Connection, site_id: str, wanted: Wanted, *, user_id: str, limit: int) -> list[AnyRow]:
    """Ids, revisions, standing rulings and risks of everything that fits, at most ``limit``, the riskiest first."""
    query = (
        sa.select(
            review_items.c.comment_id,
            review_items.c.risk,
            review_items.c.article_id,
            review_items.c.language,
            comments.c.revision,
            sa.case((comments.c.ruled, comments.c.ruling_id), else_=None).label("seen"),
        )
        .join(comments, comments.c.id == review_items.c.comment_id)
        .where(*_conditions(site_id, wanted, user_id))
        .order_by(review_items.c.risk.desc(), review_items.c.comment_id)
        .limit(limit)
    )
    if wanted.text is not None:
        of_now = sa.and_(revisions.c.comment_id == comments.c.id, revisions.c.number == comments.c.revision)
        query = query.join(revisions, of_now)
    if wanted.campaign is not None:
        query = query.join(fingerprints, fingerprints.c.comment_id == comments.c.id)
    return list(connection.execute(query))


def risks_of(connection: Connection, site_id: str, wanted: Wanted, *, user_id: str) -> list[float]:
    """The risk of everything that fits, in no order; sorting it into bars here is quicker than in SQL."""
    query = sa.select(review_items.c.risk).select_from(_with_filters(review_items, wanted))
    return list(connection.execute(query.where(*_conditions(site_id, wanted, user_id))).scalars())


def facets(connection: Connection, site_id: str) -> dict[str, list[tuple[str, int]]]:
    """What there is to filter by in a site's queue, with counts, the most frequent first: reason, language, article."""
    where = review_items.c.site_id == site_id, _OPEN
    counted: dict[str, int] = {}
    for codes, count in connection.execute(
        sa.select(review_items.c.codes, sa.func.count()).where(*where).group_by(review_items.c.codes)
    ):
        for code in set(codes.split()):
            counted[code] = counted.get(code, 0) + count
    languages = sa.select(review_items.c.language, sa.func.count()).where(*where, review_items.c.language.is_not(None))
    by_article = sa.select(review_items.c.article_id, sa.func.count()).where(*where)
    return {
        "reason": sorted(counted.items(), key=lambda pair: (-pair[1], pair[0])),
        "language": _counted(connection, languages.group_by(review_items.c.language)),
        "article": _counted(connection, by_article.group_by(review_items.c.article_id)),
    }


def titles_of(connection: Connection, ids: list[str]) -> dict[str, str]:
    """What to call articles."""
    query = sa.select(articles.c.id, articles.c.title, articles.c.url).where(articles.c.id.in_(ids))
    return {row.id: row.title or row.url for row in connection.execute(query)}


def _counted(connection: Connection, query: Any) -> list[tuple[str, int]]:
    return sorted(((row[0], row[1]) for row in connection.execute(query)), key=lambda pair: (-pair[1], pair[0]))


def _rows_in_order(connection: Connection, ids: list[str]) -> list[AnyRow]:
    rows = {row.comment_id: row for row in connection.execute(_ROWS.where(review_items.c.comment_id.in_(ids)))}
    return [rows[each] for each in ids if each in rows]


def _conditions(site_id: str, wanted: Wanted, user_id: str) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = [review_items.c.site_id == site_id, _OPEN]
    if wanted.view is not View.ALL:
        found.append(view_of(user_id) == wanted.view.value)
    plain: Mapping[Any, Any] = {
        review_items.c.language: wanted.language,
        review_items.c.article_id: wanted.article_id,
        comments.c.author_key: wanted.author_key,
        fingerprints.c.campaign: wanted.campaign,
    }
    found += [column == value for column, value in plain.items() if value is not None]
    if wanted.reason is not None:
        found.append(review_items.c.codes.contains(f" {wanted.reason} ", autoescape=True))
    if wanted.author is not None:
        found.append(sa.func.lower(comments.c.author_name).contains(wanted.author.lower(), autoescape=True))
    if wanted.domain is not None:
        found.append(sa.cast(comments.c.link_domains, sa.Text).contains(f'"{wanted.domain}"', autoescape=True))
    if wanted.text is not None:
        found.append(sa.func.lower(revisions.c.text).contains(wanted.text.lower(), autoescape=True))
    if wanted.before is not None:
        found.append(review_items.c.opened_at < wanted.before)
    if wanted.since is not None:
        found.append(review_items.c.opened_at >= wanted.since)
    if wanted.risk_from is not None:
        found.append(review_items.c.risk >= wanted.risk_from)
    if wanted.risk_to is not None:
        found.append(review_items.c.risk <= wanted.risk_to)
    return found


def _with_filters(items: Any, wanted: Wanted) -> Any:
    """The items with those tables beside them that the filters ask."""
    if _needs_comment(wanted):
        items = items.join(comments, comments.c.id == review_items.c.comment_id)
    if wanted.text is not None:
        of_now = sa.and_(revisions.c.comment_id == review_items.c.comment_id, revisions.c.number == comments.c.revision)
        items = items.join(revisions, of_now)
    if wanted.campaign is not None:
        items = items.join(fingerprints, fingerprints.c.comment_id == review_items.c.comment_id)
    return items


def _needs_comment(wanted: Wanted) -> bool:
    return any(each is not None for each in (wanted.author_key, wanted.author, wanted.domain, wanted.text))


def _order(sort: Sort) -> sa.ColumnElement[Any]:
    """What a page is sorted by, ascending; the comment's id decides between equals, and ids sort by arrival."""
    if sort is Sort.RISKIEST:
        return -review_items.c.risk
    if sort is Sort.UNCERTAIN:
        return sa.func.abs(review_items.c.risk - 0.5)
    if sort is Sort.KINDNESS:
        return sa.case(
            (review_items.c.lane == Lane.FINE.value, 0), (review_items.c.lane == Lane.UNCERTAIN.value, 1), else_=2
        )
    return review_items.c.opened_at


def _cursor(place: Any, comment_id: str) -> str:
    said = place.isoformat() if isinstance(place, datetime) else repr(place)
    return f"{said}~{comment_id}"


def _read_cursor(cursor: str, sort: Sort) -> tuple[Any, str]:
    place, _, comment_id = cursor.partition("~")
    if sort is Sort.OLDEST:
        return datetime.fromisoformat(place), comment_id
    return (int(place) if sort is Sort.KINDNESS else float(place)), comment_id
