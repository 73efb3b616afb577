"""Policies in use: setting them, and finding the one that holds for a comment."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

import config.logs
from classifier.domain import Article
from classifier.owner import article_key
from classifier.policy import DEFAULT_POLICY, Policy, PolicyError
from classifier.policy_document import (
    DEFAULT_DOCUMENT,
    Fault,
    build,
    matches,
    merged,
    origins,
    parse,
    to_fields,
)
from classifier.policy_tables import PolicyDocument
from service.acts import Actor, Verb, act_row, actor_of
from service.moderation import ModerationError
from service.store import acts
from service.store import policies as store
from service.store.engine import Store

log = config.logs.get("policies")

#: How often a process looks whether a site's policies changed.
LOOK_SECONDS: Final = 1.0
#: Policies of one site kept ready; articles that have one of their own are many.
KEPT: Final = 256

#: Longest address of an article that has a policy of its own.
MAX_ADDRESS: Final = 600

SITE: Final = "site"
#: What holds where a stored document cannot be read.
_EVERYTHING_HELD: Final = parse({"premoderation": {"modes": ["all"]}})
_SECTION: Final = re.compile(r"section:([a-z0-9][a-z0-9_-]{0,23})")


class ScopeError(ModerationError):
    """There is no such scope."""

    code = "request.invalid"


class PolicyChangedError(ModerationError):
    """Somebody else set the policy meanwhile."""

    code = "policy.changed"


def read_scope(written: str) -> str:
    """A scope in the form in which it is stored: ``site``, ``section:NAME`` or ``article:PATH``.

    Raises:
        ScopeError.
    """
    if written == SITE or _SECTION.fullmatch(written):
        return written
    kind, _, url = written.partition(":")
    if kind != "article" or not url or len(url) > MAX_ADDRESS or "\0" in url:
        raise ScopeError(
            "Give site, section:NAME (lower-case letters, digits, - and _) "
            f"or article:ADDRESS (at most {MAX_ADDRESS} characters)."
        )
    return f"article:{article_key(url)}"


def check_scope(scope: str, document: PolicyDocument) -> None:
    """Refuse what a document says that its scope has no use for.

    Raises:
        PolicyError.
    """
    if not scope.startswith("section:") and "match" in document.model_fields_set:
        raise PolicyError([Fault(("match",), "Only the policy of a section says what it matches.")])


def set_policy(
    connection: Connection,
    site_id: str,
    scope: str,
    document: PolicyDocument,
    *,
    expected: int | None,
    made_by: str,
    note: str | None,
    now: datetime,
    actor: Actor | None = None,
) -> int:
    """Store a new version of a scope's document and return its number; the same document again is no new version.

    ``expected`` is the version that the caller saw, 0 for none; ``None`` sets whatever is there. ``actor`` is
    who acts, if ``made_by`` does not say it all.

    Raises:
        PolicyChangedError: the version is another one by now.
        PolicyError: the document does not suit the scope.
    """
    check_scope(scope, document)
    store.lock_site(connection, site_id)
    known = store.current(connection, site_id, scope)
    version = 0 if known is None else known.version
    if expected is not None and expected != version:
        raise PolicyChangedError(f"The policy is at version {version}; read it again before you change it.")
    fields = to_fields(document)
    if fields == (known.document if known is not None else {}):
        return version
    newest = store.newest_change(connection, site_id)
    row = {
        "site_id": site_id,
        "number": 1 if newest is None else newest[0] + 1,
        "scope": scope,
        "version": version + 1,
        "document": fields,
        "note": note,
        "made_by": made_by,
        "created_at": now,
    }
    store.insert_policy(connection, row)
    detail = {"scope": scope, "version": version + 1, "note": note}
    acts.insert_acts(
        connection, [act_row(actor or actor_of(made_by), Verb.POLICY, now, site_id=site_id, detail=detail)]
    )
    return version + 1


@dataclass(frozen=True, slots=True)
class Layer:
    """A scope's document as it is stored."""

    scope: str
    version: int
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Effective:
    """What holds: all documents laid over one another, the versions that were, and which of them said what."""

    document: PolicyDocument
    version: str
    origins: Mapping[str, str]


@dataclass(slots=True)
class Shelf:
    """The documents of one site; ``load_shelf`` makes it."""

    site: Layer | None = None
    sections: list[tuple[Layer, PolicyDocument]] = field(default_factory=list)
    articles: dict[str, Layer] = field(default_factory=dict)
    _ready: dict[tuple[str, str], Policy] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether the site has said nothing."""
        return self.site is None and not self.sections and not self.articles

    def policy_for(self, article: Article) -> Policy:
        """The policy of a comment under this article."""
        if self.is_empty:
            return DEFAULT_POLICY
        section, own = self._section_of(article), self.articles.get(article_key(article.url))
        key = ("" if section is None else section.scope, "" if own is None else own.scope)
        policy = self._ready.get(key)
        if policy is None:
            if len(self._ready) >= KEPT:
                self._ready.clear()
            policy = self._ready[key] = self._made(section, own)
        return policy

    def effective_for(self, article: Article) -> Effective:
        """The same as a document, for people.

        Raises:
            PolicyError: a stored document cannot be read by this version any more.
        """
        return self._effective(self._section_of(article), self.articles.get(article_key(article.url)))

    def effective_of(self, scope: str) -> Effective:
        """What holds in a scope; for an article without looking at its tags.

        Raises:
            PolicyError.
        """
        if scope.startswith("article:"):
            return self.effective_for(Article(url=scope.removeprefix("article:")))
        section = next((row for row, _ in self.sections if row.scope == scope), None)
        return self._effective(section, None)

    def _section_of(self, article: Article) -> Layer | None:
        """The section that fits most closely; of equals the first by name."""
        best: Layer | None = None
        closest = -1
        for layer, document in self.sections:
            fit = matches(document, article)
            if fit is not None and fit > closest:
                best, closest = layer, fit
        return best

    def _made(self, section: Layer | None, own: Layer | None) -> Policy:
        try:
            effective = self._effective(section, own)
        except PolicyError as error:  # written by another version of Sluice; what it forbade must not slip through
            scopes = [row.scope for row in (self.site, section, own) if row is not None]
            log.error("policy.unreadable", scopes=scopes, faults=[str(fault) for fault in error.faults])
            effective = Effective(merged([DEFAULT_DOCUMENT, _EVERYTHING_HELD]), "unreadable@0", {})
        return build(effective.document, effective.version.partition("@")[0], effective.version)

    def _effective(self, section: Layer | None, own: Layer | None) -> Effective:
        rows = [row for row in (self.site, section, own) if row is not None]
        documents = [(row, parse(row.fields)) for row in rows]
        said = [(f"{_name(row, document)}@{row.version}", document) for row, document in documents]
        version = "+".join(label for label, _ in said) or DEFAULT_POLICY.version
        layers = [(DEFAULT_POLICY.version, DEFAULT_DOCUMENT), *said]
        return Effective(merged(document for _, document in layers), version, origins(layers))


class PolicyBook:
    """The policies of all sites, as one process holds them; a change is seen within a second."""

    def __init__(self, database: Store) -> None:
        self._store = database
        self._shelves: dict[str, tuple[float, tuple[int, str] | None, Shelf]] = {}
        self._lock = threading.Lock()

    def policies_for(self, wanted: Sequence[tuple[str, Article]]) -> list[Policy]:
        """The policy for each (site, article), in order."""
        shelves = {site_id: self._shelf(site_id) for site_id in {site_id for site_id, _ in wanted}}
        return [shelves[site_id].policy_for(article) for site_id, article in wanted]

    def _shelf(self, site_id: str) -> Shelf:
        known = self._shelves.get(site_id)
        if known is not None and time.monotonic() - known[0] < LOOK_SECONDS:
            return known[2]
        with self._lock:
            known = self._shelves.get(site_id)
            if known is None or time.monotonic() - known[0] >= LOOK_SECONDS:
                known = self._shelves[site_id] = self._look(site_id, known)
            return known[2]

    def _look(
        self, site_id: str, known: tuple[float, tuple[int, str] | None, Shelf] | None
    ) -> tuple[float, tuple[int, str] | None, Shelf]:
        looked = time.monotonic()
        try:
            with self._store.read() as connection:
                newest = store.newest_change(connection, site_id)
                if known is not None and known[1] == newest:
                    return looked, newest, known[2]
                return looked, newest, load_shelf(connection, site_id)
        except SQLAlchemyError as error:
            if known is None:
                raise
            log.warning("policies.unread", site=site_id, error=type(error).__name__)
            return looked, known[1], known[2]


def load_shelf(
    connection: Connection, site_id: str, instead: Mapping[str, dict[str, Any]] = MappingProxyType({})
) -> Shelf:
    """A site's documents; those that say nothing are as if they were not there.

    ``instead`` puts documents in the place of those of their scopes, to see what would hold with them.
    """
    layers = {
        row.scope: Layer(row.scope, row.version, row.document) for row in store.current_of_all(connection, site_id)
    }
    for scope, fields in instead.items():
        layers[scope] = Layer(scope, layers[scope].version + 1 if scope in layers else 1, fields)
    shelf = Shelf()
    for scope, layer in sorted(layers.items()):
        if not layer.fields:
            continue
        if scope == SITE:
            shelf.site = layer
        elif scope.startswith("section:"):
            try:
                shelf.sections.append((layer, parse({"match": layer.fields.get("match", {})})))
            except PolicyError:
                log.error("policy.unreadable", site=site_id, scope=scope)
        else:
            shelf.articles[scope.removeprefix("article:")] = layer
    return shelf


def _name(row: Layer, document: PolicyDocument) -> str:
    if document.name is not None:
        return document.name
    kind, _, rest = row.scope.partition(":")
    return rest if kind == "section" else kind
