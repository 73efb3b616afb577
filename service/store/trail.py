"""SQL that reads the history: acts as a search wants them, each with the evidence of its time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from service.act_search import ActSearch
from service.acts import Verb
from service.store.comments import AnyRow
from service.store.tables import articles, comments, decisions, revisions
from service.store.tables_desk import acts, review_items

#: Acts that rule on a comment, and can be reversed together.
RULINGS: Final = (Verb.APPROVE.value, Verb.REJECT.value, Verb.HOLD.value)
#: So much of a text is shown in a list.
EXCERPT: Final = 280
_undo: Final = acts.alias("taken_back")
_appeal: Final = acts.alias("appeal")
_UNDONE: Final = sa.exists().where(_undo.c.undoes == acts.c.id)
_APPEALED: Final = sa.exists().where(_appeal.c.comment_id == acts.c.comment_id, _appeal.c.verb == Verb.APPEAL.value)
_TEXT: Final = sa.and_(revisions.c.comment_id == acts.c.comment_id, revisions.c.number == acts.c.revision)
_STANDS: Final = sa.and_(comments.c.ruled, comments.c.ruling_id == acts.c.ruling_id)
_FROM: Final = (
    acts.outerjoin(comments, comments.c.id == acts.c.comment_id)
    .outerjoin(articles, articles.c.id == comments.c.article_id)
    .outerjoin(revisions, _TEXT)
    .outerjoin(decisions, decisions.c.id == acts.c.decision_id)
    .outerjoin(review_items, review_items.c.comment_id == acts.c.comment_id)
)
_ROWS: Final = sa.select(
    acts,
    _UNDONE.label("undone"),
    _STANDS.label("stands"),
    comments.c.external_id,
    comments.c.article_id,
    comments.c.status,
    comments.c.author_name,
    articles.c.title.label("article_title"),
    articles.c.url.label("article_url"),
    sa.func.substr(revisions.c.text, 1, EXCERPT).label("excerpt"),
    decisions.c.action.label("decision_action"),
    decisions.c.model,
    decisions.c.policy,
    decisions.c.reasons,
    decisions.c.scores,
    review_items.c.language,
).select_from(_FROM)


@dataclass(frozen=True, slots=True)
class Trail:
    """Some acts, newest first, and after which one it goes on, if there are more."""

    rows: list[AnyRow]
    following: str | None


def trail_of(
    connection: Connection, site_id: str, search: ActSearch, *, limit: int, after: str | None = None, people: bool
) -> Trail:
    """A page of what was done on a site, and of what was done about all sites; by key, so that nothing moves.

    Acts of a batch stand behind their batch, unless the search is about comments. ``people`` shows who gave whom
    rights on all sites, too.
    """
    query = _ROWS.where(*_conditions(search)).order_by(acts.c.id.desc()).limit(limit + 1)
    if after is not None:
        query = query.where(acts.c.id < after)
    found = list(connection.execute(query.where(acts.c.site_id == site_id)))
    if not search.about_comments:
        everywhere = acts.c.verb != Verb.PEOPLE.value if not people else sa.true()
        found += connection.execute(query.where(acts.c.site_id.is_(None), everywhere))
        found.sort(key=lambda row: str(row.id), reverse=True)
    shown = found[:limit]
    return Trail(shown, shown[-1].id if len(found) > limit else None)


def act_with_all(connection: Connection, site_id: str, act_id: str) -> AnyRow | None:
    """One act of a site or of all sites, with what was known when it was done."""
    query = _ROWS.where(acts.c.id == act_id, (acts.c.site_id == site_id) | acts.c.site_id.is_(None))
    return connection.execute(query).one_or_none()


def members_with_all(connection: Connection, batch_id: str, *, limit: int, after: str | None = None) -> Trail:
    """A page of a batch's acts, in the order in which they were done."""
    query = _ROWS.where(acts.c.batch_id == batch_id).order_by(acts.c.id).limit(limit + 1)
    if after is not None:
        query = query.where(acts.c.id > after)
    found = list(connection.execute(query))
    shown = found[:limit]
    return Trail(shown, shown[-1].id if len(found) > limit else None)


def size_of_batch(connection: Connection, batch_id: str) -> tuple[int, int]:
    """How many acts a batch has, and how many of them were taken back."""
    query = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(sa.case((_UNDONE, 1), else_=0)), 0))
    row = connection.execute(query.where(acts.c.batch_id == batch_id)).one()
    return int(row[0]), int(row[1])


def reversible(connection: Connection, site_id: str, search: ActSearch, *, limit: int) -> list[AnyRow]:
    """All rulings that fit and were not taken back, those in batches among them; newest first."""
    query = _ROWS.where(acts.c.site_id == site_id, acts.c.verb.in_(RULINGS), ~_UNDONE, *_fitting(search))
    if "undone" in search.states:
        return []
    if search.verb is Verb.BATCH or "batch" in search.states:
        query = query.where(acts.c.batch_id.is_not(None))
    if search.verb is not None and search.verb is not Verb.BATCH:
        query = query.where(acts.c.verb == search.verb.value)
    return list(connection.execute(query.order_by(acts.c.id.desc()).limit(limit)))


def text_of_act(connection: Connection, act: AnyRow) -> AnyRow | None:
    """The whole text that an act was about, as it was then."""
    query = sa.select(revisions.c.text, revisions.c.format, revisions.c.received_at)
    return connection.execute(
        query.where(revisions.c.comment_id == act.comment_id, revisions.c.number == act.revision)
    ).one_or_none()


def decision_of_act(connection: Connection, act: AnyRow) -> AnyRow | None:
    """The decision that stood when an act was done, as it was recorded then."""
    if act.decision_id is not None:
        return connection.execute(sa.select(decisions).where(decisions.c.id == act.decision_id)).one_or_none()
    query = sa.select(decisions).where(
        decisions.c.comment_id == act.comment_id,
        decisions.c.revision == act.revision,
        decisions.c.decided_at <= act.at,
    )
    return connection.execute(query.order_by(decisions.c.id.desc()).limit(1)).one_or_none()


def _conditions(search: ActSearch) -> list[sa.ColumnElement[bool]]:
    found = _fitting(search)
    if "batch" in search.states:
        found.append(acts.c.verb == Verb.BATCH.value)
    elif not search.about_comments and (search.verb is None or search.verb.value not in RULINGS):
        found.append(acts.c.batch_id.is_(None))
    if "undone" in search.states:
        found.append(_UNDONE)
    if search.verb is not None:
        found.append(acts.c.verb == search.verb.value)
    return found


def _fitting(search: ActSearch) -> list[sa.ColumnElement[bool]]:
    """What holds for single acts, whatever they are shown under."""
    found: list[sa.ColumnElement[bool]] = []
    if search.author is not None:
        found.append(_has(comments.c.author_name, search.author))
    if search.domain is not None:
        domain = search.domain.lower()
        found.append(sa.cast(comments.c.link_domains, sa.Text).contains(f'"{domain}"', autoescape=True))
    if search.article is not None:
        named = comments.c.article_id == search.article
        found.append(named | _has(articles.c.title, search.article) | _has(articles.c.url, search.article))
    if search.rule is not None:
        found.append(_because(f"rule.{search.rule.removeprefix('rule.')}"))
    if search.reason is not None:
        codes = search.reason.split(",")
        found.append(sa.or_(*((acts.c.reason == code) | _because(code) for code in codes)))
    if search.by is not None:
        found.append(sa.func.lower(acts.c.actor) == search.by.lower())
    if search.lang is not None:
        found.append(review_items.c.language == search.lang.lower())
    if search.model is not None:
        adapted = decisions.c.model.startswith(f"{search.model}+", autoescape=True)
        found.append((decisions.c.model == search.model) | adapted)
    if search.before is not None:
        found.append(acts.c.at < search.before)
    if search.after is not None:
        found.append(acts.c.at >= search.after)
    if "appealed" in search.states:
        found.append(_APPEALED)
    found += [_has(revisions.c.text, word) for word in search.text]
    return found


def _has(column: sa.Column[Any], part: str) -> sa.ColumnElement[bool]:
    """Whether a text has a part. SQLite knows the case of ASCII letters only, so as it is written it counts, too."""
    return sa.func.lower(column).contains(part.lower(), autoescape=True) | column.contains(part, autoescape=True)


def _because(code: str) -> sa.ColumnElement[bool]:
    """Whether the decision of then gave this reason; a column of JSON is the text that was written."""
    return sa.cast(decisions.c.reasons, sa.Text).contains(f'"code": "{code}"', autoescape=True)
