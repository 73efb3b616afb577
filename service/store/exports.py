"""SQL of exports: all that is stored of comments, in portions, as of one moment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from service.store.tables import articles, authors, comments, decisions, policies, revisions, rulings
from service.store.tables_desk import acts, appeals, notes, reports

#: Comments in memory at a time.
CHUNK: Final = 500


@dataclass(frozen=True, slots=True)
class Whole:
    """A comment with everything that was said of it."""

    comment: RowMapping
    article: RowMapping
    said: Mapping[str, Sequence[RowMapping]]
    """By table, in order."""


def articles_of(connection: Connection, site_id: str) -> Iterator[RowMapping]:
    """All articles of a site."""
    query = sa.select(articles).where(articles.c.site_id == site_id).order_by(articles.c.id)
    yield from connection.execute(query.execution_options(yield_per=CHUNK)).mappings()


def policies_of(connection: Connection, site_id: str) -> Iterator[RowMapping]:
    """All versions of all policies of a site."""
    query = sa.select(policies).where(policies.c.site_id == site_id).order_by(policies.c.number)
    yield from connection.execute(query).mappings()


def comments_of(connection: Connection, site_id: str, person: Person | None = None) -> Iterator[Whole]:
    """All comments of a site, or of one person on it, the oldest first."""
    after = ""
    query = sa.select(comments).where(comments.c.site_id == site_id).order_by(comments.c.id).limit(CHUNK)
    if person is not None:
        query = query.where(person.condition())
    while rows := list(connection.execute(query.where(comments.c.id > after)).mappings()):
        after = rows[-1]["id"]
        yield from _whole(connection, rows)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who commented: by address or the blog's id, and by the pseudonyms that stay when these are erased."""

    email: str | None
    author_id: str | None
    keys: tuple[str, ...]

    def condition(self) -> sa.ColumnElement[bool]:
        """Whether a comment is theirs."""
        found: list[sa.ColumnElement[bool]] = [comments.c.author_key.in_(self.keys)]
        if self.email is not None:
            found.append(sa.func.lower(comments.c.author_email) == self.email.lower())
        if self.author_id is not None:
            found.append(comments.c.author_external_id == self.author_id)
        return sa.or_(*found)


def records_of(connection: Connection, person: Person) -> list[RowMapping]:
    """The counters that are kept of a person."""
    return list(connection.execute(sa.select(authors).where(authors.c.key.in_(person.keys))).mappings())


def acts_of(connection: Connection, site_id: str) -> Iterator[RowMapping]:
    """What was done on a site that is not about one comment."""
    query = sa.select(acts).where(acts.c.site_id == site_id, acts.c.comment_id.is_(None)).order_by(acts.c.id)
    yield from connection.execute(query.execution_options(yield_per=CHUNK)).mappings()


#: What is on record about a comment, each table in the order of a column.
_SAID: Final = (
    (revisions, revisions.c.number),
    (decisions, decisions.c.id),
    (rulings, rulings.c.id),
    (acts, acts.c.id),
    (notes, notes.c.id),
    (appeals, appeals.c.made_at),
    (reports, reports.c.made_at),
)


def _whole(connection: Connection, rows: Sequence[RowMapping]) -> Iterator[Whole]:
    ids = [row["id"] for row in rows]
    found = {table.name: _by_comment(connection, table, ids, order) for table, order in _SAID}
    wanted = {row["article_id"] for row in rows}
    known = connection.execute(sa.select(articles).where(articles.c.id.in_(wanted))).mappings()
    of = {row["id"]: row for row in known}
    for row in rows:
        said = {name: each.get(row["id"], []) for name, each in found.items()}
        yield Whole(row, of[row["article_id"]], said)


def _by_comment(
    connection: Connection, table: sa.Table, ids: Sequence[str], order: sa.Column[Any]
) -> dict[str, list[RowMapping]]:
    found: dict[str, list[RowMapping]] = {}
    query = sa.select(table).where(table.c.comment_id.in_(ids)).order_by(table.c.comment_id, order)
    for row in connection.execute(query).mappings():
        found.setdefault(row["comment_id"], []).append(row)
    return found
