"""Work that many threads bring at the same time, done by one of them for all.

One commit costs the same for one comment and for fifty, and so does one round trip to Redis. The first thread to come
works at once, alone and in its own thread; who comes meanwhile waits, and one of those then does the work of all that
have gathered. There is no thread of its own that could die, and nobody waits for company.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final

GROUP_LIMIT: Final = 256


class Piece:
    """What one thread brings; the group's work sets ``answer`` or ``error``."""

    __slots__ = ("answer", "done", "error", "item", "wake")

    def __init__(self, item: Any) -> None:
        self.item = item
        self.answer: Any = None
        self.error: BaseException | None = None
        self.done = False
        self.wake = threading.Lock()
        self.wake.acquire()


class Together:
    """Calls ``work`` with the pieces that have gathered, never twice at the same time."""

    def __init__(self, work: Callable[[Sequence[Piece]], None]) -> None:
        self._work = work
        self._mutex = threading.Lock()
        self._waiting: deque[Piece] = deque()
        self._busy = False

    def do(self, item: Any) -> Any:
        """Bring an item; returns its answer or raises its error when its group's work is done."""
        piece = Piece(item)
        with self._mutex:
            self._waiting.append(piece)
            my_turn = not self._busy
            self._busy = True
        if not my_turn:
            piece.wake.acquire()
        if not piece.done:
            self._work_for_all()
        error, piece.error = piece.error, None  # else the error's traceback and the piece would hold each other
        if error is not None:
            raise error
        return piece.answer

    def _work_for_all(self) -> None:
        """Work for those at the head of the line, us among them; then wake them and whoever is at the head now."""
        with self._mutex:
            group = [self._waiting.popleft() for _ in range(min(GROUP_LIMIT, len(self._waiting)))]
        try:
            self._work(group)
        except BaseException as error:  # noqa: BLE001 - raised again in every thread that it concerns
            for piece in group:
                piece.error = piece.error or error
        with self._mutex:
            following = self._waiting[0] if self._waiting else None
            self._busy = following is not None
        if following is not None:
            following.wake.release()
        for piece in group:
            piece.done = True
            piece.wake.release()
