"""What Sluice gives back: all that a site owns, or all that is stored of one person, as JSON Lines.

Only these two carry email and IP addresses, so they go into a private file that was not there before, and on record.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final, Literal

from sqlalchemy.engine import Connection, RowMapping

import config.logs
from classifier.domain import Status
from service.acts import Actor, Verb, act_row
from service.pseudonyms import Pseudonyms
from service.store import exports as store
from service.store.accounts import Site
from service.store.acts import insert_acts
from service.store.engine import Store
from service.store.exports import Person, Whole

log = config.logs.get("export")

FORMAT: Final = 1
Kind = Literal["site", "person"]

#: What is left out of rows on record about a comment: keys that mean nothing elsewhere, and other people's data.
_HIDDEN: Final[Mapping[str, tuple[str, ...]]] = {
    "acts": ("actor_id",),
    "notes": ("author_id",),
    "reports": ("reporter",),
}
_HIDDEN_FROM_READERS: Final[Mapping[str, tuple[str, ...]]] = {
    "rulings": ("moderator",),
    "acts": ("actor_id", "actor", "detail"),
    "notes": ("author_id", "author"),
    "reports": ("reporter", "note"),
}
_AUTHOR: Final = ("name", "email", "url", "ip", "user_agent", "role")


class ExportError(Exception):
    """An export cannot be made; the message says why in one sentence."""


def export_site(database: Store, site: Site, target: Path, *, made_by: str, now: datetime) -> int:
    """Write all that a site owns, as of one moment; how many comments there are.

    Raises:
        ExportError: the file is there already.
        OSError: it cannot be written.
    """

    def lines(connection: Connection) -> Iterator[dict[str, Any]]:
        yield {"kind": "site", "name": site.name, "url": site.url, "created_at": site.created_at}
        for row in store.policies_of(connection, site.id):
            yield {"kind": "policy", **_without(row, "site_id", "number")}
        for row in store.articles_of(connection, site.id):
            yield {"kind": "article", **_article(row), "updated_at": row["updated_at"]}
        for row in store.acts_of(connection, site.id):
            yield {"kind": "act", **_without(row, "site_id", "actor_id")}
        yield from (_comment(whole, _HIDDEN) for whole in store.comments_of(connection, site.id))

    return _export(database, site, target, "site", lines, made_by=made_by, now=now)


def export_person(
    database: Store,
    site: Site,
    target: Path,
    *,
    email: str | None,
    author_id: str | None,
    pseudonyms: Pseudonyms,
    made_by: str,
    now: datetime,
) -> int:
    """Write all that is stored of one person on a site; how many comments there are.

    Comments whose address was erased after its retention are found by the pseudonym that was made of it. The names of
    moderators, and what readers who flagged a comment wrote, are other people's data and left out.

    Raises:
        ExportError, OSError: as above.
    """
    given = [pseudonyms.author(site.id, author_id, None, verified=False)] if author_id else []
    given += [pseudonyms.author(site.id, None, email, verified=verified) for verified in (False, True) if email]
    person = Person(email and email.strip(), author_id, tuple(key for key in given if key is not None))

    def lines(connection: Connection) -> Iterator[dict[str, Any]]:
        for row in store.records_of(connection, person):
            yield {"kind": "record", **_without(row, "key", "site_id")}
        yield from (_comment(whole, _HIDDEN_FROM_READERS) for whole in store.comments_of(connection, site.id, person))

    return _export(database, site, target, "person", lines, made_by=made_by, now=now)


def record_export(
    connection: Connection, site_id: str, kind: Kind, *, comments: int, made_by: str, now: datetime
) -> None:
    """Put on record that personal data left, who took it and how much; about whom is not said."""
    detail = {"what": kind, "comments": comments}
    insert_acts(connection, [act_row(Actor(made_by, "cli"), Verb.EXPORT, now, site_id=site_id, detail=detail)])
    log.info("export.made", site=site_id, kind=kind, comments=comments, by=made_by)


def _export(
    database: Store,
    site: Site,
    target: Path,
    kind: Kind,
    lines: Callable[[Connection], Iterator[dict[str, Any]]],
    *,
    made_by: str,
    now: datetime,
) -> int:
    comments = 0
    with _private(target) as file:
        _write(file, {"kind": "export", "format": FORMAT, "what": kind, "site": site.name, "exported_at": now})
        with database.snapshot() as connection:
            for line in lines(connection):
                comments += "comment" in line
                _write(file, line)
        _write(file, {"kind": "end", "comments": comments})
        # On record before anybody has the file: when this fails, the file goes.
        database.write(
            lambda connection: record_export(connection, site.id, kind, comments=comments, made_by=made_by, now=now)
        )
    return comments


@contextmanager
def _private(target: Path) -> Iterator[IO[bytes]]:
    """A new file that only its owner reads; it does not stay unless it is whole."""
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        raise ExportError(f"There is already a file {target}; give another name.") from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def _write(file: IO[bytes], document: Mapping[str, Any]) -> None:
    file.write(json.dumps(document, ensure_ascii=False, default=_moment).encode() + b"\n")


def _moment(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot be exported.")


def _comment(whole: Whole, hidden: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """A line: the comment in the shape of the API, where it stands, and everything on record about it."""
    row = whole.comment
    if row["status"] == Status.ERASED.value:
        erased = {"kind": "erased", "id": row["id"], "external_id": row["external_id"]}
        return erased | {"received_at": row["received_at"]}
    current = whole.said["revisions"][-1]
    ruling = next((each for each in whole.said["rulings"] if each["id"] == row["ruling_id"]), None)
    return {
        "article": _article(whole.article, short=True),
        "comment": {
            "id": row["external_id"] or row["id"],
            "text": current["text"],
            "format": current["format"],
            "parent_id": row["parent_external_id"],
            "created_at": row["created_at"] or row["received_at"],
            "referrer": row["referrer"],
            "honeypot": row["honeypot"],
            "form_seconds": row["form_seconds"],
            "author": {
                "id": row["author_external_id"],
                **{name: row[f"author_{name}"] for name in _AUTHOR},
                "verified": row["author_verified"],
            },
        },
        "status": row["status"],
        "ruled": row["ruled"],
        "reason": ruling and ruling["reason"],
        "id": row["id"],
        "received_at": row["received_at"],
        "revision": row["revision"],
        **{
            name: [_without(each, "comment_id", "site_id", *hidden.get(name, ())) for each in rows]
            for name, rows in whole.said.items()
        },
    }


def _article(row: RowMapping, *, short: bool = False) -> dict[str, Any]:
    kind, _, name = row["key"].partition(":")
    said = {"id": name if kind == "id" else None, "url": row["url"], "title": row["title"]}
    if short:
        return said
    return said | {"text": row["text"], "published_at": row["published_at"], "tags": row["tags"]}


def _without(row: RowMapping, *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}
