"""Foreign values made storable: lengths, dates, addresses and characters that our tables and the API accept."""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from classifier.domain import MAX_TEXT_CHARS
from classifier.lessons import RulingReason
from service.imports.rows import Imported, ImportedArticle, ImportedAuthor, Odd, Oddity, Read, Stood, Word

LINE: Final = 1_000
LONG_LINE: Final = 2_000
ID: Final = 500
ROLE: Final = 100

_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")
_HTTP: Final = re.compile(r"https?://[^\s\x00-\x20]+", re.IGNORECASE)
_EPOCH: Final = re.compile(r"\d{9,10}(?:\.\d+)?|\d{12,13}")
_NO_DATE: Final = "0000-00-00"


@dataclass
class Draft:
    """The raw values of one comment, as a reader found them; ``finish`` makes the comment of them."""

    line: int
    text: str = ""
    format: Literal["text", "html"] = "html"
    id: str = ""
    parent_id: str = ""
    created_at: str = ""
    article_url: str = ""
    article_id: str = ""
    article_title: str = ""
    author_id: str = ""
    author_name: str = ""
    author_email: str = ""
    author_url: str = ""
    author_ip: str = ""
    author_user_agent: str = ""
    author_role: str = ""
    author_verified: bool = False
    stood: Stood = Stood.PENDING
    word: Word = Word.STANDING
    provenance: str = ""
    reason: RulingReason | None = None
    odd: list[Oddity] = field(default_factory=list)

    def note(self, what: Odd, detail: str = "") -> None:
        """Something about this comment is odd."""
        self.odd.append(Oddity(what, self.line, detail))


def finish(draft: Draft, now: datetime) -> list[Read]:
    """The comment of a draft, behind whatever is odd about it; only oddities when it has no text."""
    text = storable(draft.text)
    if not text.strip():
        draft.note(Odd.NO_TEXT)
        return list(draft.odd)
    if len(text) > MAX_TEXT_CHARS:
        draft.note(Odd.TEXT_CUT)
        text = text[:MAX_TEXT_CHARS]
    cut = _cutter(draft)
    created_at = moment(draft.created_at, now)
    if created_at is None and draft.created_at.strip() and not draft.created_at.strip().startswith(_NO_DATE):
        draft.note(Odd.BAD_DATE)
    article = _article(draft, cut)
    author = ImportedAuthor(
        id=cut(draft.author_id, ID),
        name=cut(draft.author_name, LINE),
        email=cut(draft.author_email, LINE),
        url=cut(draft.author_url, LONG_LINE),
        ip=_ip(draft),
        user_agent=cut(draft.author_user_agent, LONG_LINE),
        role=cut(draft.author_role, ROLE),
        verified=draft.author_verified,
    )
    external_id = cut(draft.id, ID)
    if external_id is None:
        draft.note(Odd.NO_ID)
        external_id = id_of_content(text, article, author, draft.created_at)
    made = Imported(
        external_id=external_id,
        article=article,
        text=text,
        format=draft.format,
        author=author,
        created_at=created_at,
        parent_id=cut(draft.parent_id, ID),
        stood=draft.stood,
        word=draft.word,
        provenance=storable(draft.provenance)[:200],
        line=draft.line,
        reason=draft.reason,
    )
    return [*draft.odd, made]


def storable(text: str) -> str:
    """The text without what no database takes: NUL, and halves of surrogate pairs."""
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def moment(written: str, now: datetime) -> datetime | None:
    """A date as systems write it: ISO 8601, with a space, or seconds since 1970; without a zone it is UTC."""
    text = written.strip()
    if not text or text.startswith(_NO_DATE):
        return None
    try:
        if _EPOCH.fullmatch(text):
            seconds = float(text)
            found = datetime.fromtimestamp(seconds if seconds < 1e11 else seconds / 1000, UTC)
        else:
            found = datetime.fromisoformat(text.removesuffix(" UTC"))
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    # A clock may be wrong by a zone; further ahead is no date of a comment.
    return found if found.year >= 1970 and found <= now + timedelta(days=1) else None


def id_of_content(text: str, article: ImportedArticle, author: ImportedAuthor, created_at: str) -> str:
    """An id for a comment that has none: the same row again has the same one."""
    parts = (article.url, article.id, author.id, author.name, author.email, created_at.strip(), text)
    digest = hashlib.sha256("\0".join(part or "" for part in parts).encode("utf-8", "replace"))
    return f"content-{digest.hexdigest()[:40]}"


Cut = Callable[[str, int], str | None]


def _cutter(draft: Draft) -> Cut:
    def cut(value: str, most: int) -> str | None:
        clean = storable(value).strip()
        if len(clean) > most:
            draft.note(Odd.VALUE_CUT)
            # Two long ids with one beginning must stay two.
            return clean[:most] if most != ID else f"{clean[:400]}-{hashlib.sha256(clean.encode()).hexdigest()[:40]}"
        return clean or None

    return cut


def _article(draft: Draft, cut: Cut) -> ImportedArticle:
    url = storable(draft.article_url).strip()
    if url and not (len(url) <= LONG_LINE and _HTTP.fullmatch(url)):
        draft.note(Odd.BAD_URL)
        url = ""
    return ImportedArticle(url=url, id=cut(draft.article_id, ID), title=cut(draft.article_title, LINE))


def _ip(draft: Draft) -> str | None:
    written = draft.author_ip.strip()
    if not written:
        return None
    try:
        address = ipaddress.ip_address(written.partition("%")[0])
    except ValueError:
        draft.note(Odd.BAD_IP)
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)
