"""One comment with all that helps to decide it, as the page beside the list shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy.engine import Connection

from classifier.domain import Identity
from service.desk.presented import RowShown, age_words, marks_of, row_shown, speaks_against, weight_words, weighty
from service.desk.reason_words import (
    HEADS_SAID,
    chip_words,
    reader_reason,
    status_words,
    verb_words,
)
from service.desk.shown_text import MOST_SHOWN, Piece, as_it_is, as_seen, hides_anything, shown
from service.desk.words import Lazy, gettext, lazy_gettext, ngettext
from service.pseudonyms import identity_of
from service.store import acts, detail, readers, rulings
from service.store.comments import AnyRow
from service.store.review import notes_on

EXCERPT_CHARS: Final = 400
MOST_THREAD: Final = 8
MOST_ALIKE: Final = 3
MOST_OF_AUTHOR: Final = 5
MOST_REPORTS: Final = 10
_IDENTITIES: Final[dict[Identity, Lazy]] = {
    Identity.SIGNED: lazy_gettext("signed in"),
    Identity.VERIFIED: lazy_gettext("verified address"),
    Identity.TYPED: lazy_gettext("typed address"),
}


@dataclass(frozen=True, slots=True)
class Said:
    """Another comment, in short."""

    id: str
    author: str
    pieces: tuple[Piece, ...]
    status: str
    status_said: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Alike:
    """An earlier comment that reads like this one, and what became of it."""

    said: Said
    share: int
    decided: str


@dataclass(frozen=True, slots=True)
class Line:
    """A reason in the ledger."""

    code: str
    chip: str
    says: str
    weight: str
    against: bool
    """Speaks against the comment."""


@dataclass(frozen=True, slots=True)
class AuthorShown:
    """What the site remembers of an author; nothing of it says who they are."""

    key: str
    identity: str
    approved: int
    held: int
    rejected: int
    first_seen: datetime
    last: tuple[Said, ...]
    other_names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a comment."""

    at: datetime
    who: str
    says: str
    undone: bool = False


@dataclass(frozen=True, slots=True)
class Voice:
    """What a reader says about a comment: its author who appeals, or somebody who reports it."""

    reason: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DetailShown:
    """Everything beside the list."""

    row: RowShown
    age: str
    """Since the comment was written; its row says since when it waits."""
    article_url: str
    published_at: datetime | None
    excerpt: str
    under_article: int
    parent: Said | None
    thread: tuple[Said, ...]
    seen: tuple[Piece, ...]
    real: tuple[Piece, ...]
    hides: bool
    length: int
    cut: bool
    author_url: str | None
    advice: str
    against: str
    in_favour: str
    ledger: tuple[Line, ...]
    scores: tuple[tuple[str, int], ...]
    counterfactual: str
    alike: tuple[Alike, ...]
    disagree: bool
    author: AuthorShown | None
    timeline: tuple[Event, ...]
    notes: tuple[AnyRow, ...]
    appeal: Voice | None
    reports: tuple[Voice, ...]
    edited: bool
    most_likely_reason: str


def detail_shown(
    connection: Connection, site_id: str, row: AnyRow, *, me: str, now: datetime, whole: bool = False
) -> DetailShown:
    """Gather what is known of a comment, for somebody at a moment."""
    article = detail.article_with_text(connection, row.article_id, EXCERPT_CHARS)
    parent = detail.parent_of(connection, site_id, row.parent_external_id) if row.parent_external_id else None
    thread = detail.thread_before(connection, row.article_id, row.parent_external_id, row.comment_id, MOST_THREAD)
    found = detail.look_alikes(connection, site_id, row.comment_id, MOST_ALIKE)
    sizes = detail.open_in_campaigns(connection, site_id, {row.campaign} if row.campaign else set())
    text = shown(row.text, row.format)
    marks, _ = marks_of(row, text)
    most = text.length if whole else MOST_SHOWN
    real = as_it_is(row.text, text, marks, most)
    texts = detail.texts_of(connection, row.comment_id)
    appeal = readers.appeal_on(connection, row.comment_id)
    flagged = readers.reports_on(connection, row.comment_id)[:MOST_REPORTS]
    alike = tuple(_alike(*each) for each in found)
    reasons = weighty(row.reasons or ())
    return DetailShown(
        row=row_shown(row, me=me, now=now, alike=sizes),
        age=age_words(now - row.received_at),
        article_url=row.article_url,
        published_at=article.published_at if article else None,
        excerpt=" ".join((article.text or "").split()) if article else "",
        under_article=detail.count_under(connection, row.article_id),
        parent=_said(parent) if parent else None,
        thread=tuple(_said(each) for each in thread if parent is None or each.id != parent.id),
        seen=as_seen(text, marks, most),
        real=real,
        hides=hides_anything(real),
        length=text.length,
        cut=text.length > most,
        author_url=row.author_url,
        advice=_advice(connection, row.campaign, row.comment_id),
        against=next((str(each["message"]) for each in reasons if speaks_against(each)), ""),
        in_favour=next((str(each["message"]) for each in reasons if not speaks_against(each)), ""),
        ledger=tuple(_line(reason, row.scores) for reason in reasons),
        scores=_scores(row.scores or {}),
        counterfactual=(row.counterfactual or {}).get("message", ""),
        alike=alike,
        disagree={"approved", "rejected"} <= {each.said.status for each in alike},
        author=_author(connection, site_id, row),
        timeline=_timeline(connection, row, texts),
        notes=tuple(notes_on(connection, row.comment_id)),
        appeal=None if appeal is None else Voice(reader_reason(appeal.reason), appeal.text or "", appeal.made_at),
        reports=tuple(Voice(reader_reason(each.reason), each.note or "", each.made_at) for each in flagged),
        edited=len(texts) > 1,
        most_likely_reason=_most_likely(row.scores or {}),
    )


def _advice(connection: Connection, campaign: str | None, comment_id: str) -> str:
    """What people decided on other comments like this one; nothing when there are none."""
    approved, rejected = detail.likes_decided(connection, campaign, comment_id)
    total = approved + rejected
    if not total:
        return ""
    if approved >= rejected:
        return ngettext(
            "%(good)d of %(num)d like it was approved.",
            "%(good)d of %(num)d like it were approved.",
            total,
            good=approved,
        )
    return ngettext(
        "%(bad)d of %(num)d like it was rejected.", "%(bad)d of %(num)d like it were rejected.", total, bad=rejected
    )


def _line(reason: Mapping[str, Any], scores: Mapping[str, float] | None) -> Line:
    said, against = weight_words(reason, scores), speaks_against(reason)
    return Line(reason["code"], chip_words(reason["code"]), reason["message"], said, against)


def _scores(scores: Mapping[str, float]) -> tuple[tuple[str, int], ...]:
    """The heads that say something, highest first."""
    told = sorted(((score, head) for head, score in scores.items() if score >= 0.2), reverse=True)
    return tuple((str(HEADS_SAID.get(head, head)), round(100 * score)) for score, head in told[:4])


def _most_likely(scores: Mapping[str, float]) -> str:
    return max(scores, key=lambda head: scores[head]) if scores else "spam"


def _alike(row: AnyRow, share: float) -> Alike:
    if row.moderator is not None:
        decided = gettext("%(what)s by %(name)s", what=status_words(row.status), name=row.moderator)
    elif row.status in {"approved", "rejected"}:
        decided = gettext("%(what)s by Sluice", what=status_words(row.status))
    else:
        decided = status_words(row.status)
    return Alike(_said(row, at=row.ruled_at or row.decided_at), round(100 * share), decided)


def _said(row: AnyRow, at: datetime | None = None) -> Said:
    text = shown(row.text, row.format)
    cut = text.base[:300]
    pieces = (Piece(cut + ("…" if text.length > len(cut) else "")),)
    author = row.author_name or gettext("Anonymous")
    return Said(row.id, author, pieces, row.status, status_words(row.status), at or row.received_at)


def _author(connection: Connection, site_id: str, row: AnyRow) -> AuthorShown | None:
    if row.author_key is None:
        return None
    known = detail.author_of(connection, row.author_key)
    last = detail.last_comments_of(connection, site_id, row.author_key, row.comment_id, MOST_OF_AUTHOR)
    names = dict.fromkeys(each.author_name for each in last if each.author_name and each.author_name != row.author_name)
    return AuthorShown(
        key=row.author_key,
        identity=str(_IDENTITIES[identity_of(row.author_key)]),
        approved=known.approved if known else 0,
        held=known.held if known else 0,
        rejected=known.rejected if known else 0,
        first_seen=known.first_seen if known else row.received_at,
        last=tuple(_said(each) for each in last),
        other_names=tuple(names),
    )


def _timeline(connection: Connection, row: AnyRow, texts: list[AnyRow]) -> tuple[Event, ...]:
    done = acts.acts_on(connection, row.comment_id)
    undone = {act.undoes for act in done if act.undoes}
    told = {act.ruling_id for act in done if act.ruling_id}
    events = [
        Event(each.received_at, "", gettext("received") if each.number == 1 else gettext("edited by the author"))
        for each in texts
    ]
    for decision in detail.decisions_of(connection, row.comment_id):
        words = {"approve": gettext("approved"), "hold": gettext("held"), "reject": gettext("rejected")}
        events.append(Event(decision.decided_at, "Sluice", words.get(decision.action, decision.action)))
    for act in done:
        reason = reader_reason(act.reason)
        events.append(
            Event(
                act.at,
                act.actor,
                f"{verb_words(act.verb)} ({reason})" if reason else verb_words(act.verb),
                act.id in undone,
            )
        )
    of_all = rulings.rulings_of(connection, row.comment_id)
    taken_back = {each.undoes for each in of_all if each.undoes}
    for ruling in of_all:
        if ruling.id not in told and ruling.undoes is None:
            words_said = status_words({"approve": "approved", "reject": "rejected"}.get(ruling.action, "held"))
            events.append(Event(ruling.ruled_at, ruling.moderator, words_said, ruling.id in taken_back))
    return tuple(sorted(events, key=lambda event: event.at))
