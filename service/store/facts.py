"""Small facts of the installation, by name."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from service.store.tables import facts


def read_fact(connection: Connection, name: str) -> str | None:
    """The fact's value, if it is known."""
    return connection.execute(sa.select(facts.c.value).where(facts.c.name == name)).scalar()


def probe(connection: Connection) -> None:
    """Write something, to learn whether writing works."""
    connection.execute(sa.update(facts).where(facts.c.name == "probe").values(value=""))


def forget_fact(connection: Connection, name: str) -> None:
    """Note it no longer."""
    connection.execute(sa.delete(facts).where(facts.c.name == name))


def write_fact(connection: Connection, name: str, value: str) -> None:
    """Note a fact, replacing what was noted before."""
    forget_fact(connection, name)
    connection.execute(sa.insert(facts).values(name=name, value=value))
