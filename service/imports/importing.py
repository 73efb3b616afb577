"""The use case of an import: batch by batch, each committed with how far it came, so that nothing is done twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

from sqlalchemy.engine import Connection

import config.logs
from service.acts import Actor, Verb, act_row
from service.imports.aside import Aside
from service.imports.detect import Reader
from service.imports.rows import Imported, Odd, Read
from service.imports.source import Source
from service.imports.storing import Into, Prepared, prepare, store_batch
from service.imports.tally import Tally
from service.store import acts
from service.store import imports as store
from service.store.accounts import new_id
from service.store.engine import Store

log = config.logs.get("import")

#: Things read, and comments stored, in one transaction: long enough to be quick, short enough that others write in
#: between.
BATCH: Final = 500
#: Articles that a preview names.
_BUSIEST: Final = 5

Told = Callable[[int], None]
"""Is told after each batch how many comments were read."""


@dataclass(frozen=True, slots=True)
class Done:
    """What an import came to."""

    tally: Tally
    new: int
    known: int
    resumed_at: int
    orphans: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What an import would read."""

    tally: Tally
    articles: int
    repeated: int
    busiest: tuple[tuple[str, int], ...]


def digest_of(path: Path, reader: Reader) -> str:
    """Tells a file, and the way it is read, from any other."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    digest.update(json.dumps([reader.format, sorted(reader.said.items())]).encode())
    return digest.hexdigest()


def preview(source: Source, reader: Reader, into: Into, told: Told = lambda _: None) -> Preview:
    """Read everything and store nothing.

    Raises:
        UnreadableFileError.
    """
    tally = Tally()
    count = repeated = 0
    with closing(Aside()) as articles, closing(Aside()) as ids:
        for batch in _batches(reader.read(source, into.now)):
            for item in batch:
                tally.add(item)
                if isinstance(item, Imported):
                    count += articles.count(item.article.url or item.article.id or into.site.url)
                    repeated += not ids.count(item.external_id)
            told(tally.comments)
        return Preview(tally, count, repeated, tuple(articles.most(_BUSIEST)))


def run(
    database: Store,
    source: Source,
    reader: Reader,
    into: Into,
    *,
    digest: str,
    made_by: str,
    told: Told = lambda _: None,
) -> Done:
    """Store the comments of a file. One that was stopped goes on where it was; one that was done changes nothing.

    Raises:
        UnreadableFileError: what was read before stays stored.
    """
    checkpoint = database.write(lambda connection: _begin(connection, into, reader, digest, made_by))
    tally, position, begun_at = Tally(), 0, checkpoint.position
    new, known = checkpoint.new, checkpoint.known
    with closing(Aside()) as texts:
        for batch in _batches(reader.read(source, into.now)):
            items = [item for item in batch if isinstance(item, Imported)]
            originals = {item.external_id for item in items if texts.count(_words_of(item))}
            for item in batch:
                tally.add(item)
            position += len(batch)
            told(tally.comments)
            if position > begun_at:
                prepared = prepare(items, originals)
                new, known = database.write(_Step(checkpoint.id, into, prepared, position, new, known))
    counts = {"new": new, "known": known, "odd": {odd.name.lower(): count for odd, count in tally.odd.items()}}
    ends = _End(checkpoint.id, into, made_by, position, counts)
    orphans = database.write(ends)
    log.info("import.finished", site=into.site.id, comments=tally.comments, new=new, odd=sum(tally.odd.values()))
    return Done(tally, new, known, begun_at, orphans)


def damaged(tally: Tally) -> bool:
    """Whether the file could not be read to its end."""
    return bool(tally.odd[Odd.BROKEN] or tally.odd[Odd.TRUNCATED])


@dataclass(frozen=True, slots=True)
class _Checkpoint:
    id: str
    position: int
    new: int
    known: int


@dataclass(frozen=True, slots=True)
class _Step:
    """A batch and how far the import is with it, in one transaction."""

    import_id: str
    into: Into
    batch: list[Prepared]
    position: int
    new: int
    known: int

    def __call__(self, connection: Connection) -> tuple[int, int]:
        stored = store_batch(connection, self.batch, self.into)
        new, known = self.new + stored.new, self.known + stored.known
        changes = {"position": self.position, "counts": {"new": new, "known": known}, "updated_at": self.into.now}
        store.update_import(connection, self.import_id, changes)
        return new, known


def _begin(connection: Connection, into: Into, reader: Reader, digest: str, made_by: str) -> _Checkpoint:
    found = store.find_import(connection, into.site.id, digest)
    if found is not None and found.finished_at is None:
        return _Checkpoint(found.id, found.position, found.counts["new"], found.counts["known"])
    fresh: dict[str, Any] = {
        "position": 0,
        "counts": {"new": 0, "known": 0},
        "made_by": made_by,
        "started_at": into.now,
        "updated_at": into.now,
        "finished_at": None,
    }
    if found is not None:
        store.update_import(connection, found.id, fresh)
        return _Checkpoint(found.id, 0, 0, 0)
    made = new_id()
    row = {"id": made, "site_id": into.site.id, "digest": digest, "format": reader.format.value, **fresh}
    store.insert_import(connection, row)
    return _Checkpoint(made, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class _End:
    """An import is over, on record as one act; how many comments of the site answer one that is not there."""

    import_id: str
    into: Into
    made_by: str
    position: int
    counts: dict[str, Any]

    def __call__(self, connection: Connection) -> int:
        now, site_id = self.into.now, self.into.site.id
        changes = {"position": self.position, "counts": self.counts, "updated_at": now, "finished_at": now}
        store.update_import(connection, self.import_id, changes)
        detail = {"format": self.into.format, "new": self.counts["new"], "known": self.counts["known"]}
        act = act_row(Actor(self.made_by, "import"), Verb.IMPORT, now, site_id=site_id, detail=detail)
        acts.insert_acts(connection, [act])
        return store.count_orphans(connection, site_id)


def _words_of(item: Imported) -> str:
    """The same for texts that differ in case and white space only."""
    return hashlib.sha256(" ".join(item.text.lower().split()).encode()).hexdigest()[:32]


def _batches(items: Iterator[Read]) -> Iterator[list[Read]]:
    while batch := list(islice(items, BATCH)):
        yield batch
