"""What a site's owner asks for, whatever the model thinks: lists, rules, premoderation and closed articles.

Everything here is found before scoring, because a rule may add weight to a score. How demands and scores are weighed
against each other is ``policy.decide``'s business.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from classifier.domain import Action, Article, Author, Context, Identity, Signal
from classifier.history import is_known
from classifier.listing import Found, Listing, ListKind
from classifier.rules import Matcher, Rule
from classifier.text import Document


class Mode(StrEnum):
    """Which comments wait for a person however harmless they are."""

    ALL = "all"
    FIRST_TIME_AUTHORS = "first_time_authors"
    WITH_LINKS = "with_links"
    OLD_ARTICLES = "old_articles"
    LISTED_AUTHORS = "listed_authors"


class Source(StrEnum):
    """Who asks: a rule about words, a list, or a gate that looks at circumstances only."""

    RULE = "rule"
    LIST = "list"
    PREMODERATION = "premoderation"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """One thing the owner asks for; ``final`` leaves the model no say."""

    signal: Signal
    source: Source
    final: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Premoderation:
    """Which comments a person sees before they are published."""

    modes: frozenset[Mode] = frozenset()
    old_articles_days: int = 30
    authors: Listing = field(default_factory=Listing)
    typed_emails: bool = False
    """Whether an address that anybody could have typed makes its author known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """Which articles take no comments any more, and what becomes of those that come."""

    always: bool = False
    after_days: int | None = None
    articles: frozenset[str] = frozenset()
    action: Action = Action.REJECT


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """All that an owner can ask for beside thresholds."""

    premoderation: Premoderation = field(default_factory=Premoderation)
    closed: Closed = Closed()
    rules: tuple[Rule, ...] = ()
    #: The rules compiled; ``None`` when there are none.
    matcher: Matcher | None = field(default=None, compare=False, repr=False)
    allow: Listing = field(default_factory=Listing)
    block: Listing = field(default_factory=Listing)
    block_action: Action = Action.REJECT

    def __bool__(self) -> bool:
        return self != _NO_WISHES

    def find(self, context: Context, document: Document, moment: datetime) -> list[Demand]:
        """The demands that this comment meets; ``moment`` is when it was written."""
        found = [*self._rules(context, document), *self._lists(context.author, document)]
        found += self._premoderation(context, document, moment)
        closed = self._closed(context.article, moment)
        if closed is not None:
            found.append(Demand(signal=closed, source=Source.CLOSED, final=True))
        return found

    def allows_links(self, document: Document) -> bool:
        """Whether the text has links, and all of them lead to allowed domains."""
        links = document.links
        return bool(links and self.allow.domains) and all(self.allow.has_link(link) for link in links)

    def _rules(self, context: Context, document: Document) -> Iterator[Demand]:
        if self.matcher is None:
            return
        for hit in self.matcher.find(document, context.author):
            rule = hit.rule
            signal = Signal(
                code=rule.code,
                message=rule.message or f"The site's rule “{rule.name}” matches.",
                weight=rule.weight,
                head=rule.head if rule.weight else None,
                forces=rule.action,
                spans=hit.spans,
            )
            yield Demand(signal=signal, source=Source.RULE, final=rule.final)

    def _lists(self, author: Author, document: Document) -> Iterator[Demand]:
        for found in self.block.find(author, document) if self.block else ():
            what, code = _BLOCKED[found.kind]
            yield _listed(code, f"{what} is on the site's block list.", self.block_action, found, final=True)
        for found in self.allow.find(author, document) if self.allow else ():
            what, code = _ALLOWED.get(found.kind, ("", ""))
            if code and (
                found.kind in _VOUCHING or author.id is not None or (author.verified and found.kind in _PROVED)
            ):
                yield _listed(code, f"{what} is on the site's allow list.", Action.APPROVE, found)

    def _premoderation(self, context: Context, document: Document, moment: datetime) -> Iterator[Demand]:
        wanted, author = self.premoderation, context.author
        if Mode.ALL in wanted.modes:
            yield _premoderated("premoderation.all", "Every comment here is looked at before it is published.")
        if Mode.FIRST_TIME_AUTHORS in wanted.modes and not is_known(context.record, typed=wanted.typed_emails):
            typed = context.record is not None and context.record.identity is Identity.TYPED
            yield _premoderated("premoderation.first_time", _ONLY_TYPED if typed else _NO_EARLIER)
        if Mode.WITH_LINKS in wanted.modes and document.links and not self.allows_links(document):
            yield _premoderated("premoderation.links", "Comments with links are looked at before they are published.")
        if Mode.OLD_ARTICLES in wanted.modes:
            age = _age(context.article, moment)
            if age is not None and age >= timedelta(days=wanted.old_articles_days):
                yield _premoderated(
                    "premoderation.old_article", f"The article is older than {wanted.old_articles_days} days."
                )
        if Mode.LISTED_AUTHORS in wanted.modes and any(wanted.authors.find(author, document)):
            yield _premoderated(
                "premoderation.listed_author", "Comments of this author are looked at before they are published."
            )

    def _closed(self, article: Article, moment: datetime) -> Signal | None:
        closed = self.closed
        message = "Comments on this article are closed."
        if not closed.always and not (closed.articles and article_key(article.url) in closed.articles):
            age = None if closed.after_days is None else _age(article, moment)
            if age is None or closed.after_days is None or age < timedelta(days=closed.after_days):
                return None
            message = f"Comments on an article are closed after {closed.after_days} days."
        return Signal(code="article.closed", message=message, weight=0.0, forces=closed.action)


def article_key(url: str) -> str:
    """What tells two articles of one site apart: path and query, without host and closing slash."""
    parts = urlsplit(url if "//" in url or url.startswith("/") else f"/{url}")
    path = parts.path.rstrip("/") or "/"
    return f"{path}?{parts.query}" if parts.query else path


_NO_WISHES: Final = Wishes()

_BLOCKED: Final = {
    ListKind.DOMAIN: ("A web domain or mail domain of this comment", "block.domain"),
    ListKind.EMAIL: ("The author's e-mail address", "block.email"),
    ListKind.NAME: ("The author's name", "block.name"),
    ListKind.IP: ("The author's IP address", "block.ip"),
    ListKind.ID: ("The author", "block.id"),
}
#: A link to an allowed domain says nothing about its author: it is only not held against the comment.
_ALLOWED: Final = {
    ListKind.EMAIL: ("The author's e-mail address", "allow.email"),
    ListKind.NAME: ("The author's name", "allow.name"),
    ListKind.IP: ("The author's IP address", "allow.ip"),
    ListKind.ID: ("The author", "allow.id"),
}
#: What vouches for any author. What anyone can type does so for signed-in ones only, and an address once verified.
_VOUCHING: Final = frozenset({ListKind.ID, ListKind.IP})
_PROVED: Final = frozenset({ListKind.EMAIL})
_NO_EARLIER: Final = "No earlier comment of this author has earned trust."
_ONLY_TYPED: Final = "No earlier comment of this author has earned trust; the e-mail address was only typed."


def _listed(code: str, message: str, action: Action, found: Found, *, final: bool = False) -> Demand:
    signal = Signal(code=code, message=message, weight=0.0, forces=action, spans=found.spans)
    return Demand(signal=signal, source=Source.LIST, final=final)


def _premoderated(code: str, message: str) -> Demand:
    signal = Signal(code=code, message=message, weight=0.0, forces=Action.HOLD)
    return Demand(signal=signal, source=Source.PREMODERATION)


def _age(article: Article, moment: datetime) -> timedelta | None:
    return None if article.published_at is None else moment - article.published_at
