"""WordPress' export (WXR): RSS with elements of WordPress, of whatever version."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from service.imports.cleaning import Draft, finish
from service.imports.rows import Odd, Oddity, Read, Stood, Word
from service.imports.source import Source
from service.imports.xml_events import End, Start, elements

#: Any version: 1.0, 1.1, 1.2 and those to come differ in nothing that is read here.
_WP: Final = re.compile(r"https?://wordpress\.org/export/[0-9.]+/? (?P<name>\w+)")
#: What holds comments that readers do not write as comments.
_NOT_POSTS: Final = frozenset({"attachment", "nav_menu_item", "revision", "custom_css", "customize_changeset"})
_OF_READERS: Final = frozenset({"", "comment"})
_STOOD: Final = {
    "1": Stood.APPROVED,
    "approve": Stood.APPROVED,
    "approved": Stood.APPROVED,
    "0": Stood.PENDING,
    "hold": Stood.PENDING,
    "": Stood.PENDING,
    "spam": Stood.SPAM,
    "trash": Stood.REMOVED,
    "post-trashed": Stood.REMOVED,
}
_WORD: Final = {Stood.APPROVED: Word.STANDING, Stood.SPAM: Word.LABEL, Stood.REMOVED: Word.PERSON}
#: What Akismet keeps: only plain words are looked at; its history is PHP's own format and is never read.
_AKISMET: Final = ("akismet_result", "akismet_user_result")
_MEANS: Final = {"true": "spam", "false": "no spam"}


@dataclass
class _Post:
    """The item that is being read."""

    url: str = ""
    id: str = ""
    title: str = ""
    kind: str = "post"


@dataclass
class _Comment:
    """The comment that is being read: its elements, and what plugins noted."""

    line: int
    values: dict[str, str] = field(default_factory=dict)
    meta: dict[str, str] = field(default_factory=dict)
    meta_key: str = ""


def read_wxr(source: Source, now: datetime) -> Iterator[Read]:
    """All comments of the file, in its order.

    Raises:
        RefusedXmlError: the file is hostile.
    """
    post = _Post()
    comment: _Comment | None = None
    for event in elements(source):
        if isinstance(event, Oddity):
            yield event
            continue
        name = _name(event.name)
        if isinstance(event, Start):
            if name == "item":
                post = _Post()
            elif name == "wp:comment":
                comment = _Comment(event.line)
        elif name == "wp:comment" and comment is not None:
            yield from _comment(comment, post, now)
            comment = None
        elif comment is not None:
            _add(comment, name, event)
        else:
            _describe(post, name, event.text.strip())


def _name(name: str) -> str:
    """``wp:`` names for WordPress' elements of any version; RSS has no namespace."""
    found = _WP.fullmatch(name)
    return f"wp:{found['name']}" if found else name


def _describe(post: _Post, name: str, text: str) -> None:
    if name == "link":
        post.url = text
    elif name == "title":
        post.title = text
    elif name == "wp:post_id":
        post.id = text
    elif name == "wp:post_type":
        post.kind = text


def _add(comment: _Comment, name: str, event: End) -> None:
    if name == "wp:meta_key":
        comment.meta_key = event.text.strip()
    elif name == "wp:meta_value":
        if comment.meta_key in _AKISMET:
            comment.meta[comment.meta_key] = event.text.strip()[:20]
    else:
        comment.values[name.removeprefix("wp:comment_")] = event.text


def _comment(comment: _Comment, post: _Post, now: datetime) -> list[Read]:
    values = {name: text.strip() for name, text in comment.values.items()}
    if values.get("type", "") not in _OF_READERS:
        return [Oddity(Odd.NO_COMMENT_OF_READERS, comment.line, values["type"][:40])]
    if post.kind in _NOT_POSTS:
        return [Oddity(Odd.NO_POST, comment.line, post.kind)]
    user, parent = values.get("user_id", ""), values.get("parent", "")
    draft = Draft(
        line=comment.line,
        text=comment.values.get("content", ""),
        id=values.get("id", ""),
        parent_id="" if parent == "0" else parent,
        created_at=_date(values),
        article_url=post.url,
        article_id=post.id,
        article_title=post.title,
        author_id="" if user == "0" else user,
        author_name=values.get("author", ""),
        author_email=values.get("author_email", ""),
        author_url=values.get("author_url", ""),
        author_ip=values.get("author_IP", ""),
        author_user_agent=values.get("agent", ""),
    )
    _judge(draft, values.get("approved", ""), comment.meta)
    return finish(draft, now)


def _date(values: dict[str, str]) -> str:
    """The date in UTC; where that is missing or zero, the local one."""
    utc = values.get("date_gmt", "")
    return utc if utc and not utc.startswith("0000") else values.get("date", "")


def _judge(draft: Draft, approved: str, meta: dict[str, str]) -> None:
    """Where the comment stood, and whose word that was: a person's if they overruled or confirmed Akismet by hand."""
    if approved not in _STOOD:
        draft.note(Odd.UNKNOWN_STATUS, approved[:40] if approved.isascii() and approved.isprintable() else "")
    draft.stood = _STOOD.get(approved, Stood.PENDING)
    draft.word = _WORD.get(draft.stood, Word.STANDING)
    by_akismet, by_hand = (_MEANS.get(meta.get(key, ""), "") for key in _AKISMET)
    if by_hand == {Stood.SPAM: "spam", Stood.APPROVED: "no spam"}.get(draft.stood):
        draft.word = Word.PERSON
    said = [f"WordPress: {approved if approved in _STOOD else 'unknown'}"]
    said += [f"Akismet said {by_akismet}"] if by_akismet else []
    said += [f"a person said {by_hand}"] if by_hand else []
    draft.provenance = "; ".join(said)
