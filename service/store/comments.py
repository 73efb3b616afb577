"""SQL about comments, their revisions, decisions and rulings: one function per question."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row, RowMapping

from classifier.domain import Article, Author, Context, Status, TextFormat
from service.store.tables import articles, comments, decisions, facts, idempotency_keys, revisions, rulings
from service.store.tables_hooks import HOOKED

# Statements that every comment needs are built once: building one costs several times what running it does.
Rows = list[dict[str, Any]]
AnyRow: TypeAlias = Row[*tuple[Any, ...]]

# SQLite takes at most 32,766 parameters in one statement.
CHUNK: Final = 500

_FACTS: Final = sa.select(
    comments.c.id,
    comments.c.external_id,
    comments.c.article_id,
    comments.c.revision,
    comments.c.status,
    comments.c.received_at,
    decisions.c.action.label("decision_action"),
    decisions.c.kind,
    decisions.c.scores,
    decisions.c.reasons,
    decisions.c.counterfactual,
    decisions.c.model,
    decisions.c.policy,
    decisions.c.decided_at,
    rulings.c.action.label("ruling_action"),
    rulings.c.reason.label("ruling_reason"),
    rulings.c.ruled_at,
).select_from(
    comments.outerjoin(decisions, comments.c.decision_id == decisions.c.id).outerjoin(
        rulings, comments.c.ruling_id == rulings.c.id
    )
)
_ONE_FACT: Final = _FACTS.where(comments.c.site_id == sa.bindparam("site_id"), comments.c.id == sa.bindparam("id"))


def facts_of(connection: Connection, site_id: str, comment_id: str) -> AnyRow | None:
    """Everything an answer says of one comment of this site."""
    return connection.execute(_ONE_FACT, {"site_id": site_id, "id": comment_id}).one_or_none()


_FACTS_BY_ID: Final = _FACTS.where(comments.c.id.in_(sa.bindparam("ids", expanding=True)))


def facts_by_id(connection: Connection, ids: Sequence[str]) -> dict[str, AnyRow]:
    """The same for comments of whatever site, by id; the caller knows whose they are."""
    return {row.id: row for row in connection.execute(_FACTS_BY_ID, {"ids": ids})}


def facts_of_all(connection: Connection, site_id: str, ids: Sequence[str]) -> dict[str, AnyRow]:
    """The same for many comments, by id."""
    found: dict[str, AnyRow] = {}
    for chunk in _chunks(ids):
        query = _FACTS.where(comments.c.site_id == site_id, comments.c.id.in_(chunk))
        found |= {row.id: row for row in connection.execute(query)}
    return found


def page(
    connection: Connection,
    site_id: str,
    *,
    status: Status | None,
    external_id: str | None,
    after: str | None,
    newest_first: bool,
    limit: int,
) -> list[AnyRow]:
    """One page by key, never by offset: the deepest costs what the first does."""
    query = _FACTS.where(comments.c.site_id == site_id)
    if status is not None:
        query = query.where(comments.c.status == status.value)
    if external_id is not None:
        query = query.where(comments.c.external_id == external_id)
    if after is not None:
        query = query.where(comments.c.id < after if newest_first else comments.c.id > after)
    order = comments.c.id.desc() if newest_first else comments.c.id.asc()
    return list(connection.execute(query.order_by(order).limit(limit)))


@dataclass(frozen=True, slots=True)
class Known:
    """A comment that was submitted before."""

    id: str
    external_id: str | None
    status: Status


_KNOWN: Final = sa.select(comments.c.id, comments.c.external_id, comments.c.status).where(
    comments.c.site_id == sa.bindparam("site_id"), comments.c.external_id.in_(sa.bindparam("ids", expanding=True))
)


def known_by_external_id(connection: Connection, site_id: str, external_ids: Iterable[str]) -> dict[str, Known]:
    """Comments of the site that already have one of these ids."""
    found: dict[str, Known] = {}
    for chunk in _chunks(sorted(set(external_ids))):
        rows = connection.execute(_KNOWN, {"site_id": site_id, "ids": chunk})
        found |= {row.external_id: Known(row.id, row.external_id, Status(row.status)) for row in rows}
    return found


def known_by_idempotency_key(connection: Connection, site_id: str, key: str) -> tuple[Known, str] | None:
    """The comment that was made with this key, and the digest of the body it came with."""
    row = connection.execute(
        sa.select(comments.c.id, comments.c.external_id, comments.c.status, idempotency_keys.c.body_digest)
        .join(idempotency_keys, idempotency_keys.c.comment_id == comments.c.id)
        .where(idempotency_keys.c.site_id == site_id, idempotency_keys.c.key == key)
    ).one_or_none()
    return None if row is None else (Known(row.id, row.external_id, Status(row.status)), row.body_digest)


def has_text(connection: Connection, comment_id: str, text: str, text_format: str) -> bool:
    """Whether any revision of the comment reads so."""
    rows = connection.execute(
        sa.select(revisions.c.text, revisions.c.format).where(revisions.c.comment_id == comment_id)
    )
    return any(row.text == text and row.format == text_format for row in rows)


def text_of(connection: Connection, comment_id: str, revision: int) -> tuple[str, str] | None:
    """Text and format of one revision."""
    row = connection.execute(
        sa.select(revisions.c.text, revisions.c.format).where(
            revisions.c.comment_id == comment_id, revisions.c.number == revision
        )
    ).one_or_none()
    return None if row is None else (row.text, row.format)


_ARTICLES_BY_KEY: Final = sa.select(articles).where(
    articles.c.site_id == sa.bindparam("site_id"), articles.c.key.in_(sa.bindparam("keys", expanding=True))
)


def find_articles(connection: Connection, site_id: str, keys: Collection[str]) -> dict[str, RowMapping]:
    """The site's articles with these keys."""
    found: dict[str, RowMapping] = {}
    for chunk in _chunks(sorted(keys)):
        rows = connection.execute(_ARTICLES_BY_KEY, {"site_id": site_id, "keys": chunk}).mappings()
        found |= {row["key"]: row for row in rows}
    return found


def find_article(connection: Connection, site_id: str, key: str) -> RowMapping | None:
    """The site's article with this key."""
    return find_articles(connection, site_id, [key]).get(key)


def insert_article(connection: Connection, row: Mapping[str, Any]) -> None:
    """Store an article seen for the first time."""
    connection.execute(sa.insert(articles), [dict(row)])


def update_article(connection: Connection, article_id: str, changes: Mapping[str, Any]) -> None:
    """Store what is new about an article."""
    connection.execute(sa.update(articles).where(articles.c.id == article_id).values(**changes))


_NEW_COMMENT: Final = sa.insert(comments)
_NEW_REVISION: Final = sa.insert(revisions)


def insert_comments(connection: Connection, new: Rows, texts: Rows) -> None:
    """Store new comments and their first revisions."""
    connection.execute(_NEW_COMMENT, new)
    connection.execute(_NEW_REVISION, texts)


def insert_revision(connection: Connection, row: Mapping[str, Any]) -> None:
    """Store an edit's text."""
    connection.execute(sa.insert(revisions), [dict(row)])


def insert_idempotency_key(connection: Connection, row: Mapping[str, Any]) -> None:
    """Remember which comment a key made."""
    connection.execute(sa.insert(idempotency_keys), [dict(row)])


@dataclass(frozen=True, slots=True)
class State:
    """What guards a change of a comment, what moves with it, and whether a webhook of its site is to be told."""

    id: str
    site_id: str
    revision: int
    status: Status
    held_late: bool
    ruled: bool
    author_key: str | None
    earns: bool
    domains: tuple[str, ...]
    received_at: datetime
    article_id: str
    decision_id: str | None
    ruling_id: str | None
    hooked: bool


_STATES: Final = (
    sa.select(
        comments.c.id,
        comments.c.site_id,
        comments.c.revision,
        comments.c.status,
        comments.c.held_late,
        comments.c.ruled,
        comments.c.author_key,
        comments.c.earns,
        comments.c.link_domains.label("domains"),
        comments.c.received_at,
        comments.c.article_id,
        comments.c.decision_id,
        comments.c.ruling_id,
        HOOKED,
    )
    .where(comments.c.id.in_(sa.bindparam("ids", expanding=True)))
    .order_by(comments.c.id)
    .with_for_update()
)


def lock_states(connection: Connection, ids: Sequence[str]) -> dict[str, State]:
    """Where comments stand now; nobody else can change them until this transaction ends."""
    rows = connection.execute(_STATES, {"ids": ids}).mappings()
    return {
        row["id"]: State(**{**row, "status": Status(row["status"]), "domains": tuple(row["domains"] or ())})
        for row in rows
    }


def update_comment(connection: Connection, comment_id: str, changes: Mapping[str, Any]) -> None:
    """Change one comment's row; callers hold its lock and have asked the lifecycle."""
    connection.execute(sa.update(comments).where(comments.c.id == comment_id).values(**changes))


_MOVE: Final = (
    sa.update(comments)
    .where(comments.c.id == sa.bindparam("comment"))
    .values(
        status=sa.bindparam("to"),
        held_late=sa.bindparam("late"),
        decision_id=sa.bindparam("decision"),
        earns=sa.bindparam("earned"),
        link_domains=sa.bindparam("links"),
    )
)


def move_by_decision(connection: Connection, moves: Rows) -> None:
    """Give comments the status their decision leads to, and what was seen of them: earned, links.

    Each row names comment, to, late, decision, earned and links.
    """
    connection.execute(_MOVE, moves)


_DECIDED: Final = sa.select(decisions.c.comment_id, decisions.c.revision).where(
    decisions.c.comment_id.in_(sa.bindparam("ids", expanding=True)), decisions.c.kind == sa.bindparam("of_kind")
)
_NEW_DECISION: Final = sa.insert(decisions)


def decided_kinds(connection: Connection, ids: Sequence[str], kind: str) -> set[tuple[str, int]]:
    """Which revisions of these comments already have a decision of this kind."""
    rows = connection.execute(_DECIDED, {"ids": ids, "of_kind": kind})
    return {(row.comment_id, row.revision) for row in rows}


def insert_decisions(connection: Connection, rows: Rows) -> None:
    """Append decisions."""
    connection.execute(_NEW_DECISION, rows)


def decisions_on(connection: Connection, comment_id: str, revision: int) -> dict[str, AnyRow]:
    """What was decided on one revision, by kind."""
    query = sa.select(decisions).where(decisions.c.comment_id == comment_id, decisions.c.revision == revision)
    return {row.kind: row for row in connection.execute(query)}


@dataclass(frozen=True, slots=True)
class Undecided:
    """A comment that waits for the machine, with what the blog said of it."""

    id: str
    site_id: str
    article_id: str
    revision: int
    attempts: int
    waiting_since: datetime
    author_key: str | None
    parent_external_id: str | None
    context: Context


_WAITING: Final = (
    sa.select(
        comments.c.id,
        comments.c.site_id,
        comments.c.article_id,
        comments.c.revision,
        comments.c.attempts,
        comments.c.waiting_since,
        comments.c.author_key,
        comments.c.parent_external_id,
        comments.c.created_at,
        comments.c.author_external_id,
        comments.c.author_name,
        comments.c.author_email,
        comments.c.author_url,
        comments.c.author_ip,
        comments.c.author_user_agent,
        comments.c.author_role,
        comments.c.author_verified,
        comments.c.referrer,
        comments.c.honeypot,
        comments.c.form_seconds,
        revisions.c.text,
        revisions.c.format,
    )
    .join(revisions, sa.and_(revisions.c.comment_id == comments.c.id, revisions.c.number == comments.c.revision))
    .where(sa.or_(comments.c.status == Status.PENDING.value, comments.c.held_late))
    .where(comments.c.id.in_(sa.bindparam("ids", expanding=True)))
)
_ARTICLES: Final = sa.select(
    articles.c.id, articles.c.url, articles.c.title, articles.c.text, articles.c.published_at, articles.c.tags
).where(articles.c.id.in_(sa.bindparam("ids", expanding=True)))


def undecided(connection: Connection, ids: Sequence[str]) -> list[Undecided]:
    """Those of the comments that still need the machine's decision."""
    rows = list(connection.execute(_WAITING, {"ids": ids}))
    known = _articles(connection, {row.article_id for row in rows})
    return [Undecided(*row[:8], context=context_of(row, known[row.article_id])) for row in rows]


def article_of(connection: Connection, article_id: str) -> Article:
    """What is known of an article."""
    return _articles(connection, {article_id})[article_id]


def _articles(connection: Connection, ids: set[str]) -> dict[str, Article]:
    rows = connection.execute(_ARTICLES, {"ids": sorted(ids)})
    return {
        row.id: Article(
            url=row.url, title=row.title, text=row.text, published_at=row.published_at, tags=tuple(row.tags)
        )
        for row in rows
    }


def context_of(row: AnyRow, article: Article) -> Context:
    """What the blog said of a comment, from a row with all its columns, its text and format."""
    return Context(
        text=row.text,
        format=TextFormat(row.format),
        author=Author(
            id=row.author_external_id,
            name=row.author_name,
            email=row.author_email,
            url=row.author_url,
            ip=row.author_ip,
            user_agent=row.author_user_agent,
            role=row.author_role,
            verified=row.author_verified,
        ),
        article=article,
        created_at=row.created_at,
        referrer=row.referrer,
        honeypot=row.honeypot,
        form_seconds=row.form_seconds,
    )


def ids_waiting_since(connection: Connection, before: datetime, *, max_attempts: int, limit: int) -> list[str]:
    """Comments without a machine's decision that arrived before a moment, oldest first."""
    query = (
        sa.select(comments.c.id)
        .where(
            sa.or_(comments.c.status == Status.PENDING.value, comments.c.held_late),
            comments.c.waiting_since < before,
            comments.c.attempts < max_attempts,
        )
        .order_by(comments.c.waiting_since)
        .limit(limit)
    )
    return list(connection.execute(query).scalars())


def ids_pending_since(connection: Connection, before: datetime, limit: int) -> list[str]:
    """Pending comments that arrived before a moment, oldest first."""
    query = (
        sa.select(comments.c.id)
        # Said in full so that the partial index on undecided comments serves it.
        .where(sa.or_(comments.c.status == Status.PENDING.value, comments.c.held_late))
        .where(comments.c.status == Status.PENDING.value, comments.c.waiting_since < before)
        .order_by(comments.c.waiting_since)
        .limit(limit)
    )
    return list(connection.execute(query).scalars())


def ids_given_up(connection: Connection, max_attempts: int, limit: int) -> list[str]:
    """Comments that were tried so often that trying again would only do more harm."""
    query = (
        sa.select(comments.c.id)
        .where(sa.or_(comments.c.status == Status.PENDING.value, comments.c.held_late))
        .where(comments.c.attempts >= max_attempts)
        .limit(limit)
    )
    return list(connection.execute(query).scalars())


def count_attempt(connection: Connection, ids: Sequence[str]) -> None:
    """Note that these comments are handed to a worker once more."""
    for chunk in _chunks(ids):
        connection.execute(sa.update(comments).where(comments.c.id.in_(chunk)).values(attempts=comments.c.attempts + 1))


def forget_text(connection: Connection, comment_id: str) -> None:
    """Erase what people wrote about and in a comment: text, reasons, notes, idempotency key."""
    connection.execute(sa.delete(revisions).where(revisions.c.comment_id == comment_id))
    connection.execute(sa.delete(decisions).where(decisions.c.comment_id == comment_id))
    connection.execute(sa.update(rulings).where(rulings.c.comment_id == comment_id).values(note=None))


def forget_field(connection: Connection, field: str, before: datetime, limit: int) -> int:
    """Erase one personal field of comments received before a moment; how many rows changed."""
    old = (
        sa.select(comments.c.id)
        .where(comments.c.received_at < before, comments.c[field].is_not(None))
        .order_by(comments.c.received_at)
        .limit(limit)
    )
    return connection.execute(
        sa.update(comments).where(comments.c.id.in_(old.scalar_subquery())).values({field: None})
    ).rowcount


def forget_idempotency_keys(connection: Connection, before: datetime) -> int:
    """Drop keys too old for a retry to come."""
    return connection.execute(sa.delete(idempotency_keys).where(idempotency_keys.c.created_at < before)).rowcount


def count_by_status(connection: Connection) -> dict[str, int]:
    """How many comments stand where, over all sites."""
    rows = connection.execute(sa.select(comments.c.status, sa.func.count()).group_by(comments.c.status))
    return {row[0]: row[1] for row in rows}


def undecided_since(connection: Connection) -> tuple[int, datetime | None]:
    """How many comments wait for the machine (at most 10,000 are counted), and since when the oldest does."""
    waiting = (
        sa.select(comments.c.waiting_since)
        .where(sa.or_(comments.c.status == Status.PENDING.value, comments.c.held_late))
        .order_by(comments.c.waiting_since)
        .limit(10_000)
    )
    rows = list(connection.execute(waiting).scalars())
    return len(rows), rows[0] if rows else None


def _chunks(values: Sequence[str]) -> Iterable[list[str]]:
    return (list(values[start : start + CHUNK]) for start in range(0, len(values), CHUNK))


_SCRUB_DUE: Final = "scrub_due"


def ask_for_scrub(connection: Connection) -> None:
    """Note that deleted bytes are still in the files; upkeep sees to it if the caller cannot."""
    connection.execute(sa.delete(facts).where(facts.c.name == _SCRUB_DUE))
    connection.execute(sa.insert(facts).values(name=_SCRUB_DUE, value="1"))


def scrub_is_due(connection: Connection) -> bool:
    """Whether deleted bytes are still in the files."""
    return connection.execute(sa.select(facts.c.value).where(facts.c.name == _SCRUB_DUE)).first() is not None


def scrub_done(connection: Connection) -> None:
    """The bytes are gone."""
    connection.execute(sa.delete(facts).where(facts.c.name == _SCRUB_DUE))
