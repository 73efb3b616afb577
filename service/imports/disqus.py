"""Disqus' export: threads first, then posts that name their thread."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from service.imports.aside import Aside
from service.imports.cleaning import Draft, finish, storable
from service.imports.rows import Odd, Oddity, Read, Stood, Word
from service.imports.source import Source
from service.imports.xml_events import End, Start, elements

#: Disqus' ids are numbers, as WordPress' are; a site that moved once may have both.
PREFIX: Final = "disqus-"


@dataclass
class _Element:
    """A thread or post that is being read; names of an author's elements have ``author/`` in front."""

    kind: str
    line: int
    id: str
    values: dict[str, str] = field(default_factory=dict)
    thread: str = ""
    parent: str = ""


def read_disqus(source: Source, now: datetime) -> Iterator[Read]:
    """All posts of the file, in its order.

    Raises:
        RefusedXmlError: the file is hostile.
    """
    element: _Element | None = None
    in_author = False
    with closing(Aside()) as threads:
        for event in elements(source):
            if isinstance(event, Oddity):
                yield event
                continue
            name = event.name.rpartition(" ")[2]
            if isinstance(event, Start):
                if element is None:
                    element = _Element(name, event.line, _id(event)) if name in ("thread", "post") else None
                elif name == "author":
                    in_author = True
                elif name in ("thread", "parent"):
                    setattr(element, name, _id(event))
            elif element is None:
                continue
            elif name == "author":
                in_author = False
            elif name != element.kind:
                _add(element, name, event, in_author=in_author)
            elif name == "thread":
                threads.put(element.id, _said(element, "link"), _said(element, "title"))
                element = None
            else:
                yield from _post(element, threads, now)
                element = None


def _id(event: Start) -> str:
    """``dsq:id``, whatever namespace the prefix stands for."""
    return next((value for name, value in event.attributes.items() if name.rpartition(" ")[2] == "id"), "")


def _add(element: _Element, name: str, event: End, *, in_author: bool) -> None:
    if name not in ("thread", "parent"):
        element.values[f"author/{name}" if in_author else name] = event.text


def _said(element: _Element, name: str) -> str:
    return storable(element.values.get(name, "")).strip()


def _post(post: _Element, threads: Aside, now: datetime) -> list[Read]:
    link, title = threads.get(post.thread) or ("", "")
    anonymous = _said(post, "author/isAnonymous") == "true"
    draft = Draft(
        line=post.line,
        text=post.values.get("message", ""),
        id=f"{PREFIX}{post.id}" if post.id else "",
        parent_id=f"{PREFIX}{post.parent}" if post.parent else "",
        created_at=_said(post, "createdAt"),
        article_url=link,
        article_id=f"{PREFIX}{post.thread}" if post.thread else "",
        article_title=title,
        author_id="" if anonymous else _said(post, "author/username"),
        author_name=_said(post, "author/name"),
        author_email=_said(post, "author/email"),
        author_ip=_said(post, "ipAddress"),
    )
    if not link and threads.get(post.thread) is None:
        draft.note(Odd.ORPHAN_THREAD)
        draft.article_id = ""
    if _said(post, "isSpam") == "true":
        draft.stood, draft.word, draft.provenance = Stood.SPAM, Word.LABEL, "Disqus: spam"
    elif _said(post, "isDeleted") == "true":
        # Perhaps by the author: that is no moderator's word.
        draft.stood, draft.word, draft.provenance = Stood.REMOVED, Word.STANDING, "Disqus: deleted"
    else:
        draft.stood, draft.word, draft.provenance = Stood.APPROVED, Word.STANDING, "Disqus: published"
    return finish(draft, now)
