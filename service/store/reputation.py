"""SQL about what a site remembers of authors and of the domains that comments link to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from classifier.domain import AuthorRecord, DomainRecord
from service.pseudonyms import identity_of
from service.store.tables import authors, domains

#: Counters of both tables; those of authors have ``earned`` besides.
COUNTERS: Final = ("approved", "held", "rejected", "ruled_approved", "ruled_rejected")


def authors_by_key(connection: Connection, keys: Iterable[str]) -> dict[str, AuthorRecord]:
    """What is known of authors; one without a row has never been decided on."""
    wanted = sorted(set(keys))
    if not wanted:
        return {}
    found = connection.execute(sa.select(authors).where(authors.c.key.in_(wanted)))
    return {
        row.key: AuthorRecord(
            identity=identity_of(row.key),
            approved=row.approved,
            held=row.held,
            rejected=row.rejected,
            ruled_approved=row.ruled_approved,
            ruled_rejected=row.ruled_rejected,
            earned=row.earned,
            first_seen=row.first_seen,
            last_seen=row.last_seen,
        )
        for row in found
    }


def domains_by_name(connection: Connection, wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], DomainRecord]:
    """What sites know of domains, by site and domain."""
    pairs = sorted(set(wanted))
    if not pairs:
        return {}
    found = connection.execute(sa.select(domains).where(sa.tuple_(domains.c.site_id, domains.c.domain).in_(pairs)))
    return {
        (row.site_id, row.domain): DomainRecord(
            approved=row.approved,
            rejected=row.rejected,
            ruled_approved=row.ruled_approved,
            ruled_rejected=row.ruled_rejected,
            first_seen=row.first_seen,
        )
        for row in found
    }


def add_to_authors(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Add to the counters of authors, who are made if need be: key, site_id, counters, first_seen, last_seen."""
    if rows:
        connection.execute(_ADD[connection.dialect.name, "authors"], rows)


def add_to_domains(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """The same for domains: site_id, domain, counters, first_seen, last_seen."""
    if rows:
        connection.execute(_ADD[connection.dialect.name, "domains"], rows)


def forget_empty(connection: Connection, site_id: str, author_key: str | None, names: Sequence[str]) -> None:
    """Drop an author and domains of whom nothing is left to remember."""
    if author_key is not None:
        nothing = [authors.c[counter] == 0 for counter in (*COUNTERS, "earned")]
        connection.execute(sa.delete(authors).where(authors.c.key == author_key, *nothing))
    if names:
        nothing = [domains.c[counter] == 0 for counter in COUNTERS]
        connection.execute(
            sa.delete(domains).where(domains.c.site_id == site_id, domains.c.domain.in_(names), *nothing)
        )


def _adding(dialect: Any, table: sa.Table, counters: Iterable[str]) -> Any:
    statement = dialect.insert(table)
    new, old = statement.excluded, table.c
    changes = {counter: old[counter] + new[counter] for counter in counters}
    changes["first_seen"] = sa.case((new.first_seen < old.first_seen, new.first_seen), else_=old.first_seen)
    changes["last_seen"] = sa.case((new.last_seen > old.last_seen, new.last_seen), else_=old.last_seen)
    return statement.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=changes)


_ADD: Final = {
    (name, table.name): _adding(dialect, table, counters)
    for name, dialect in (("sqlite", sqlite), ("postgresql", postgresql))
    for table, counters in ((authors, (*COUNTERS, "earned")), (domains, COUNTERS))
}
