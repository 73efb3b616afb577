"""Items that several threads write at once: stored together, failing alone; the same on every database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from service.store.engine import Store
from service.store.facts import read_fact
from service.store.tables import facts


def remember(connection: Connection, kind: str, items: list[str]) -> list[str]:
    """Store facts; the one named "poison" cannot be stored, and takes the statement of all with it."""
    connection.execute(sa.insert(facts), [{"name": f"{kind} {item}", "value": item} for item in items])
    if "poison" in items:
        raise ValueError("poison")
    return [f"stored {item}" for item in items]


def test_everybody_gets_his_own_answer(store: Store):
    """Two kinds, forty threads: every item is stored under its kind and answered to who brought it."""

    def bring(number: int) -> str:
        return store.write_each(remember, "even" if number % 2 == 0 else "odd", str(number))

    with ThreadPoolExecutor(40) as threads:
        answers = list(threads.map(bring, range(40)))

    assert answers == [f"stored {number}" for number in range(40)]
    with store.read() as connection:
        assert [read_fact(connection, f"even {number}") for number in range(0, 40, 2)] == [
            str(number) for number in range(0, 40, 2)
        ]


def test_one_that_cannot_be_stored_harms_no_other(store: Store):
    """What was brought together is tried alone when it fails together; only the poison is not stored."""

    def bring(item: str) -> str:
        try:
            return store.write_each(remember, "kind", item)
        except ValueError as error:
            return f"refused: {error}"

    items = [str(number) for number in range(15)] + ["poison"]
    with ThreadPoolExecutor(16) as threads:
        answers = dict(zip(items, threads.map(bring, items), strict=True))

    assert answers.pop("poison") == "refused: poison"
    assert answers == {item: f"stored {item}" for item in answers}
    with store.read() as connection:
        assert read_fact(connection, "kind poison") is None
        assert all(read_fact(connection, f"kind {item}") == item for item in answers)
