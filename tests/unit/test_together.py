"""Work that many threads bring at once: done by one of them, for all, and nobody is forgotten."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from service.together import GROUP_LIMIT, Piece, Together


def start(together: Together, items: Sequence[object], outcomes: dict[object, object]) -> list[threading.Thread]:
    """A thread for each item; what it got or met is in ``outcomes`` under the item."""

    def bring(item: object) -> None:
        try:
            outcomes[item] = together.do(item)
        except ValueError as error:
            outcomes[item] = error

    threads = [threading.Thread(target=bring, args=(item,)) for item in items]
    for thread in threads:
        thread.start()
    return threads


def join(threads: list[threading.Thread]) -> None:
    """All end."""
    for thread in threads:
        thread.join(timeout=10)
    assert not any(thread.is_alive() for thread in threads)


def doubled(pieces: Sequence[Piece]) -> None:
    """Work that cannot fail."""
    for piece in pieces:
        piece.answer = piece.item * 2


def test_a_lone_thread_works_in_its_own_thread_at_once():
    """No other thread, no waiting for company."""
    seen = []

    def work(pieces: Sequence[Piece]) -> None:
        seen.append(threading.current_thread())
        doubled(pieces)

    assert Together(work).do(21) == 42
    assert seen == [threading.current_thread()]


def test_those_who_come_meanwhile_are_one_group():
    """While the first works, the others gather; then one of them works for all of them."""
    groups: list[list[object]] = []
    entered, go = threading.Event(), threading.Event()

    def work(pieces: Sequence[Piece]) -> None:
        groups.append(sorted(piece.item for piece in pieces))
        entered.set()
        assert go.wait(timeout=10)
        doubled(pieces)

    together = Together(work)
    outcomes: dict[object, object] = {}
    first = start(together, [0], outcomes)
    assert entered.wait(timeout=10)
    others = start(together, range(1, 9), outcomes)
    while len(together._waiting) < 8:
        pass
    go.set()
    join(first + others)

    assert groups == [[0], list(range(1, 9))]
    assert outcomes == {number: number * 2 for number in range(9)}


def test_everybody_is_answered_however_many_come():
    """More threads than fit into a group, again and again: nobody is lost and no two groups overlap."""
    busy = threading.Lock()

    def work(pieces: Sequence[Piece]) -> None:
        assert busy.acquire(blocking=False)
        assert len(pieces) <= GROUP_LIMIT
        doubled(pieces)
        busy.release()

    together = Together(work)
    outcomes: dict[object, object] = {}
    join(start(together, range(GROUP_LIMIT + 44), outcomes))

    assert outcomes == {number: number * 2 for number in range(GROUP_LIMIT + 44)}


def test_an_error_of_the_work_reaches_everybody_and_the_next_group_works():
    """The work as a whole failed: all of its group hear of it, the ones after them are not concerned."""

    def work(pieces: Sequence[Piece]) -> None:
        if any(piece.item == "poison" for piece in pieces):
            raise ValueError("poison")
        for piece in pieces:
            piece.answer = "done"

    together = Together(work)
    with pytest.raises(ValueError, match="poison"):
        together.do("poison")
    assert together.do("food") == "done"


def test_an_error_of_one_piece_is_its_own():
    """Work may fail a piece and do the others."""

    def work(pieces: Sequence[Piece]) -> None:
        for piece in pieces:
            if piece.item == 3:
                piece.error = ValueError("three")
            else:
                piece.answer = "done"

    together = Together(work)
    outcomes: dict[object, object] = {}
    join(start(together, range(6), outcomes))

    assert isinstance(outcomes.pop(3), ValueError)
    assert set(outcomes.values()) == {"done"}
