"""A batch of imported comments as rows: prepared outside the transaction, written in it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy.engine import Connection

from classifier.domain import Action, Article, Author, Context, Status, TextFormat
from classifier.domains import domains_of
from classifier.history import has_substance
from classifier.text import read
from config import Settings
from service import reputation
from service.imports.rows import WEIGHTS, Imported, ImportedArticle, Stood, Word
from service.pseudonyms import Pseudonyms
from service.rows import Keep, new_row, revision_row
from service.schemas import AuthorIn, CommentIn
from service.store import comments as store
from service.store import imports as store_imports
from service.store import rulings
from service.store.accounts import Site, new_id
from service.store.comments import State

_STATUS: Final = {
    Stood.APPROVED: Status.APPROVED,
    Stood.SPAM: Status.REJECTED,
    Stood.REMOVED: Status.REJECTED,
    Stood.PENDING: Status.PENDING,
}


@dataclass(frozen=True, slots=True)
class Prepared:
    """A comment with what was seen of its text."""

    item: Imported
    domains: tuple[str, ...] = ()
    earns: bool = False


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of a batch: how many are new, and how many were there already."""

    new: int
    known: int


@dataclass(frozen=True, slots=True)
class Into:
    """Where comments are imported to, and which personal fields are kept there for how long."""

    site: Site
    settings: Settings
    format: str
    now: datetime

    def keep(self, received_at: datetime) -> Keep:
        """What is stored of a comment of that age: what upkeep would erase tomorrow is not stored today."""
        days = (self.now - received_at) / timedelta(days=1)
        return Keep(
            email=days < self.settings.retention_email_days,
            ip=days < self.settings.retention_ip_days,
            user_agent=days < self.settings.retention_user_agent_days,
            referrer=False,
        )


def prepare(items: Sequence[Imported], originals: Collection[str]) -> list[Prepared]:
    """Read the texts of comments that were decided: links and substance; the machine reads those that wait.

    ``originals`` are the ids of those whose text was not in the file before: a copy earns its author nothing.
    """
    return [_prepared(item, original=item.external_id in originals) for item in items]


def _prepared(item: Imported, *, original: bool) -> Prepared:
    if item.stood is Stood.PENDING:
        return Prepared(item)
    context = Context(
        text=item.text,
        format=TextFormat(item.format),
        author=Author(url=item.author.url),
        article=Article(url=item.article.url),
    )
    try:
        document = read(item.text)
        earns = original and item.stood is Stood.APPROVED and has_substance(document)
        return Prepared(item, domains_of(context, document), earns)
    except Exception:  # noqa: BLE001 - as in service.history: a text that cannot be read says nothing
        return Prepared(item)


def store_batch(connection: Connection, batch: Sequence[Prepared], into: Into) -> Stored:
    """Store those comments that the site does not have yet, with their rulings; authors and domains move with them.

    Safe to run twice: a comment is known by its id, and one that was erased stays so.
    """
    ids = [each.item.external_id for each in batch]
    # An export names a comment that has no id of the blog's by ours.
    known = {*store.known_by_external_id(connection, into.site.id, ids)}
    known |= store_imports.own_ids(connection, into.site.id, ids)
    fresh: dict[str, Prepared] = {}
    for each in batch:
        if each.item.external_id not in known:
            fresh.setdefault(each.item.external_id, each)
    if fresh:
        _insert(connection, list(fresh.values()), into)
    return Stored(len(fresh), len(batch) - len(fresh))


def _insert(connection: Connection, batch: Sequence[Prepared], into: Into) -> None:
    articles = _articles(connection, batch, into)
    rows: store.Rows = []
    texts: store.Rows = []
    ruled: store.Rows = []
    moves: list[tuple[State, State]] = []
    pseudonyms = Pseudonyms(into.settings.secret)
    for each in batch:
        item = each.item
        # No hash is made of what is never stored.
        email = item.author.email if into.settings.retention_email_days else None
        received_at = min(item.created_at or into.now, into.now)
        comment = _comment_in(item)
        comment_id, article_id = new_id(), articles[_key(item.article, into.site)]
        row = new_row(comment_id, article_id, into.site.id, comment, now=received_at, keep=into.keep(received_at))
        row |= {
            "waiting_since": into.now,
            "status": _STATUS[item.stood].value,
            "ruled": item.stood is not Stood.PENDING and item.word is Word.PERSON,
            "ruling_id": None,
            "author_key": pseudonyms.author(into.site.id, item.author.id, email, verified=item.author.verified),
            "earns": each.earns,
            "link_domains": list(each.domains) or None,
        }
        if item.stood is not Stood.PENDING:
            ruled.append(_ruling(comment_id, item, into))
            row["ruling_id"] = ruled[-1]["id"]
            moves.append(_move(row, each))
        rows.append(row)
        texts.append(revision_row(comment_id, 1, comment, received_at))
    store.insert_comments(connection, rows, texts)
    if ruled:
        rulings.insert_rulings(connection, ruled)
    reputation.move(connection, moves)


def _comment_in(item: Imported) -> CommentIn:
    """The comment as the API would have taken it; its model checks once more what the readers made."""
    author = item.author
    return CommentIn(
        id=item.external_id,
        text=item.text,
        format=item.format,
        parent_id=item.parent_id,
        created_at=item.created_at,
        author=AuthorIn(
            id=author.id,
            name=author.name,
            email=author.email,
            url=author.url,
            ip=author.ip,
            user_agent=author.user_agent,
            role=author.role,
            verified=author.verified,
        ),
    )


def _ruling(comment_id: str, item: Imported, into: Into) -> dict[str, Any]:
    """The status as a ruling that says where it comes from and how much it counts."""
    approved = item.stood is Stood.APPROVED
    reason = "spam" if item.stood is Stood.SPAM else item.reason and item.reason.value
    return {
        "id": new_id(),
        "comment_id": comment_id,
        "revision": 1,
        "action": (Action.APPROVE if approved else Action.REJECT).value,
        "reason": None if approved else reason,
        "note": item.provenance,
        "moderator": f"import:{into.format}",
        "ruled_at": into.now,
        "source": rulings.IMPORT,
        "undoes": None,
        "weight": WEIGHTS[item.word],
    }


def _move(row: dict[str, Any], each: Prepared) -> tuple[State, State]:
    """From a comment that counts for nothing to where it stands."""
    before = State(
        id=row["id"],
        site_id=row["site_id"],
        revision=1,
        status=Status.PENDING,
        held_late=False,
        ruled=False,
        author_key=row["author_key"],
        earns=each.earns,
        domains=each.domains,
        received_at=row["received_at"],
        article_id=row["article_id"],
        decision_id=None,
        ruling_id=None,
        hooked=False,  # the blog need not be told of its own history
    )
    return before, replace(before, status=Status(row["status"]), ruled=row["ruled"], ruling_id=row["ruling_id"])


def _key(article: ImportedArticle, site: Site) -> str:
    """By its address, as checks over other protocols name it; without one by its id, else the site's front page."""
    if article.url:
        return f"url:{article.url}"
    return f"id:{article.id}" if article.id else f"url:{site.url}"


def _articles(connection: Connection, batch: Sequence[Prepared], into: Into) -> dict[str, str]:
    """The ids of the articles commented on, by key; those not known yet are made."""
    said = {_key(each.item.article, into.site): each.item.article for each in batch}
    ids = {key: str(row["id"]) for key, row in store.find_articles(connection, into.site.id, said.keys()).items()}
    new: store.Rows = [
        {
            "id": new_id(),
            "site_id": into.site.id,
            "key": key,
            "url": article.url or into.site.url,
            "title": article.title,
            "text": None,
            "published_at": None,
            "tags": [],
            "updated_at": into.now,
        }
        for key, article in said.items()
        if key not in ids
    ]
    store_imports.insert_articles(connection, new)
    return ids | {row["key"]: row["id"] for row in new}
