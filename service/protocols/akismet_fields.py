"""Parameters as Akismet's clients send them: forms in any charset, bare names, JSON; nothing of it is ever refused.

The raw body is parsed here, since Werkzeug reads forms as UTF-8 only and refuses large ones.
"""

from __future__ import annotations

import codecs
import ipaddress
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import unquote_plus

from classifier.domain import MAX_TEXT_CHARS
from service.schemas import ArticleIn, AuthorIn, CommentIn, Submission

#: WordPress sends some 300; what comes after so many is not looked at.
MOST_FIELDS: Final = 2_000
MOST_TAGS: Final = 50
_CONTEXT: Final = re.compile(r"comment_context(?:\[\d{0,4}\])?")
_CHARSET: Final = re.compile(r"charset\s*=\s*\"?([\w.:-]{1,40})", re.IGNORECASE)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
#: Python knows codecs that are no charsets of text, and some that are slow.
_CHARSETS: Final = re.compile(
    r"utf-8|ascii|iso8859-\d{1,2}|cp125\d|cp93[26]|cp949|koi8-[ru]|shift_jis|euc_(?:jp|kr)|gb(?:2312|k|18030)|big5"
)
_NO: Final = frozenset({"", "0", "false", "no", "off"})


@dataclass(frozen=True, slots=True)
class Fields:
    """What a client sent; a name that is not there is an empty value."""

    values: Mapping[str, str] = field(default_factory=dict)
    context: tuple[str, ...] = ()

    def get(self, name: str) -> str:
        """A value without white space around it."""
        return self.values.get(name, "").strip()

    def raw(self, name: str) -> str:
        """A value as it was sent."""
        return self.values.get(name, "")

    def with_key(self, key: str) -> Fields:
        """The same as if the key had been sent as ``api_key``."""
        return replace(self, values={**self.values, "api_key": key})

    def says_yes(self, name: str) -> bool:
        """Whether a flag is set."""
        return self.get(name).lower() not in _NO

    def one_of(self, *names: str) -> str:
        """The first of these that has a value."""
        return next(filter(None, map(self.get, names)), "")


def read_fields(content_type: str, body: bytes, query: bytes) -> Fields:
    """The parameters of a request; those of the body win over those of the query string."""
    pairs = _pairs(query, "utf-8")
    if "json" in content_type.lower():
        pairs += _of_json(body)
    else:
        pairs += _of_form(content_type, body)
    values: dict[str, str] = {}
    context: list[str] = []
    for name, value in pairs:
        if _CONTEXT.fullmatch(name):
            context.append(value)
        else:
            values[name] = value
    return Fields(values, tuple(context))


def submission_of(fields: Fields, site_url: str) -> Submission:
    """The comment and its article, as far as what was sent can be used; a text over the limit is whole."""
    trap = fields.get("honeypot_field_name")
    text = fields.raw("comment_content")
    comment = CommentIn(
        text=text[:MAX_TEXT_CHARS],
        format="html",
        parent_id=_cut(fields.get("comment_parent"), 500) if fields.says_yes("comment_parent") else None,
        created_at=moment_of(fields.get("comment_date_gmt")),
        referrer=_cut(fields.get("referrer"), 2_000),
        honeypot=_cut(fields.get(trap), 1_000) if trap else None,
        author=AuthorIn(
            name=_cut(fields.get("comment_author"), 1_000),
            email=_cut(fields.get("comment_author_email"), 1_000),
            url=_cut(fields.get("comment_author_url"), 2_000),
            ip=ip_of(fields.get("user_ip")),
            user_agent=_cut(fields.get("user_agent"), 2_000),
            role=_cut(fields.get("user_role"), 100),
        ),
    )
    if len(text) > MAX_TEXT_CHARS:
        comment = comment.model_copy(update={"text": text})  # unchecked, and held for its length
    tags = [tag for tag in map(str.strip, fields.context) if tag][:MOST_TAGS]
    article = ArticleIn(
        url=next(filter(is_address, (fields.get("permalink"), fields.get("blog"))), site_url),
        tags=tuple(tag[:100] for tag in tags),
    )
    return Submission(article=article, comment=comment)


def moment_of(written: str) -> datetime | None:
    """A time in any of the forms that clients send, without an offset in UTC; nothing for what cannot be read."""
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        return None
    found = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
    return found if 1970 <= found.year < 2200 else None


def ip_of(written: str) -> str | None:
    """An address in its usual form; nothing for what is none."""
    try:
        return str(ipaddress.ip_address(written.partition("%")[0]))
    except ValueError:
        return None


def is_address(url: str) -> bool:
    """Whether this can be an article's address."""
    scheme, separator, rest = url.partition("://")
    fits = separator and rest and scheme.lower() in ("http", "https") and len(url) <= 2_000
    return bool(fits) and not any(character.isspace() or character < " " for character in url)


def clean(text: str) -> str:
    """What a database can hold: without NUL and without halves of characters."""
    if text.isascii():
        return text.replace("\0", "\ufffd")
    return _SURROGATE.sub("\ufffd", text.replace("\0", "\ufffd"))


def _of_json(body: bytes) -> list[tuple[str, str]]:
    try:
        value = json.loads(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return []
    if not isinstance(value, dict):
        return []
    return [
        (clean(name), clean(_written(item)))
        for name, each in list(value.items())[:MOST_FIELDS]
        for item in (each if isinstance(each, list) else [each])
        if not isinstance(item, list | dict)
    ]


def _written(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _of_form(content_type: str, body: bytes) -> list[tuple[str, str]]:
    named = _CHARSET.search(content_type)
    charset = charset_of(named[1]) if named else None
    pairs = _pairs(body, charset or "utf-8")
    if charset is None:
        written = next((value for name, value in pairs if name == "blog_charset"), "")
        other = charset_of(written)
        if other not in (None, "utf-8", "ascii"):
            return _pairs(body, other or "utf-8")
    return pairs


def charset_of(name: str) -> str | None:
    """A charset that Python knows by this name and that forms are written in."""
    try:
        known = codecs.lookup(name.strip()).name
    except (LookupError, ValueError):
        return None
    return known if _CHARSETS.fullmatch(known) else None


def _pairs(body: bytes, charset: str) -> list[tuple[str, str]]:
    parts: Iterable[str] = body.decode(charset, "replace").split("&", MOST_FIELDS)[:MOST_FIELDS]
    split = (part.partition("=") for part in parts if part)
    return [(_unquoted(name, charset), _unquoted(value, charset)) for name, _, value in split]


def _unquoted(text: str, charset: str) -> str:
    return clean(unquote_plus(text, charset, "replace"))


def _cut(text: str, limit: int) -> str | None:
    return text[:limit] or None
