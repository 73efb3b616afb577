"""Keeps child processes alive: one thread, no framework, nothing imported that it does not need."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterable
from typing import Final

from service.process.children import WATCHED, Child, Spec
from service.process.log import Log

#: How long a stage of children may take to end by itself before it is killed.
PATIENCE: Final = 8.0


class StopRequested(Exception):  # noqa: N818 - not an error: somebody asked us to stop
    """SIGTERM, SIGINT or SIGHUP arrived."""


class Supervisor:
    """Starts children, restarts those that die, and ends all of them in the order of their stages.

    ``changed`` is called with the pids by name whenever they change.
    """

    def __init__(self, log: Log, changed: Callable[[dict[str, int]], None]) -> None:
        self._log = log
        self._changed = changed
        self._children: list[Child] = []
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # ignored by some parents; then the kernel would eat statuses
        # What was ignored when we were started stays so: nohup means that the terminal may go.
        self._watched = frozenset(number for number in WATCHED if signal.getsignal(number) is not signal.SIG_IGN)
        # Blocked signals queue up until we ask for them: no handlers, no races, no wake-up pipe.
        signal.pthread_sigmask(signal.SIG_BLOCK, self._watched)

    def keep(self, specs: Iterable[Spec]) -> None:
        """Start children and keep them running from now on."""
        started = [Child(spec) for spec in specs]
        self._children += started
        for child in started:
            self._start(child)

    def ends_of(self, name: str) -> int:
        """How often in a row a child has ended without settling."""
        return sum(child.failures for child in self._children if child.spec.name == name)

    def run_once(self, spec: Spec, timeout: float) -> int | None:
        """Run a child to its end beside the others; its status, or ``None`` if it took too long and was killed."""
        child = Child(spec)
        child.start()
        statuses: list[int] = []
        try:
            self.until(lambda: _note(child.reap(), statuses), timeout)
        finally:
            if not statuses:
                child.signal(signal.SIGKILL)
                while child.reap() is None:
                    time.sleep(0.01)
        return statuses[0] if statuses else None

    def until(self, condition: Callable[[], bool], timeout: float, pause: float = 0.05) -> bool:
        """Watch the children until a condition holds (True) or time is up (False).

        Raises:
            StopRequested: when asked to stop meanwhile.
        """
        deadline = time.monotonic() + timeout
        while not condition():
            if time.monotonic() >= deadline:
                return False
            self._turn(pause)
        return True

    def forever(self) -> None:
        """Watch the children until asked to stop, which raises ``StopRequested``."""
        while True:
            self._turn(60.0)

    def end_all(self) -> None:
        """End every child, a stage at a time: SIGTERM, then SIGKILL for what is still there after ``PATIENCE``.

        Asked a second time to stop, it kills at once.
        """
        began = time.monotonic()
        patience = PATIENCE
        for stage in sorted({child.spec.stage for child in self._children}):
            alive = [child for child in self._children if child.spec.stage == stage and child.pid]
            for child in alive:
                child.ask_to_end()
            deadline = time.monotonic() + patience
            while alive := [child for child in alive if child.reap() is None]:
                left = deadline - time.monotonic()
                if left <= 0:
                    self._log.warning("children.killed", children=",".join(child.spec.name for child in alive))
                    for child in alive:
                        child.signal(signal.SIGKILL)
                    deadline = time.monotonic() + 1.0
                    continue
                arrived = signal.sigtimedwait(self._watched, min(left, 0.25))
                again = arrived is not None and arrived.si_signo != signal.SIGCHLD
                if again and time.monotonic() - began > 0.5:  # one Ctrl-C may arrive twice, through make for instance
                    patience, deadline = 0.0, 0.0
        self._changed({})

    def _turn(self, longest: float) -> None:
        """Sleep until a signal, a due restart or at most ``longest``; then see to the children."""
        due = [child.restart_at for child in self._children if child.restart_at is not None]
        timeout = min([longest, *(max(0.0, moment - time.monotonic()) for moment in due)])
        arrived = signal.sigtimedwait(self._watched, timeout)
        if arrived is not None and arrived.si_signo != signal.SIGCHLD:
            raise StopRequested(signal.Signals(arrived.si_signo).name)
        for child in self._children:
            status = child.reap()
            if status is not None:
                delay = child.schedule_restart()
                self._log.warning("child.ended", child=child.spec.name, status=status, restart_in=delay)
            if child.restart_at is not None and child.restart_at <= time.monotonic():
                if child.spec.heal:
                    child.spec.heal(child.failures, child.last_status)
                self._start(child)

    def _start(self, child: Child) -> None:
        try:
            child.start()
        except OSError as error:
            delay = child.schedule_restart()
            self._log.warning("child.not_started", child=child.spec.name, error=error.strerror, restart_in=delay)
            return
        self._log.info("child.started", child=child.spec.name, pid=child.pid)
        self._changed({other.spec.name: other.pid for other in self._children if other.pid})


def _note(status: int | None, statuses: list[int]) -> bool:
    if status is not None:
        statuses.append(status)
    return bool(statuses)
