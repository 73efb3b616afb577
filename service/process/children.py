"""Child processes: what to run, how it is started so that it cannot outlive us, how its whole group is ended."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

#: Signals the supervisor waits for instead of handling; children start with them unblocked.
WATCHED: Final = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD})

FIRST_DELAY: Final = 0.25
LONGEST_DELAY: Final = 5.0
#: A child that lived this long had started well; its next end counts as the first.
SETTLED_SECONDS: Final = 20.0

_PR_SET_PDEATHSIG: Final = 1
_libc: Final = ctypes.CDLL(None, use_errno=True)


def delay_before_restart(failures: int) -> float:
    """Seconds to wait after that many ends in a row: a quarter of a second, doubling to five seconds."""
    return min(FIRST_DELAY * 2.0 ** max(0, min(failures, 32) - 1), LONGEST_DELAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One command line to keep alive."""

    name: str
    argv: tuple[str, ...]
    stage: int = 0
    """When we stop, children end in the order of their stages."""
    environment: Mapping[str, str] = field(default_factory=dict)
    heal: Callable[[int, int], None] | None = None
    """Called before each restart with the number of ends in a row and the last status."""


class Child:
    """A running child, or one that waits to be restarted.

    It leads a process group of its own: Ctrl-C in the terminal reaches only the supervisor, and what the child itself
    started (web workers) can be ended with it. It gets SIGTERM when the supervisor's main thread dies.
    """

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.failures = 0
        self.last_status = 0
        self.restart_at: float | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0

    @property
    def pid(self) -> int | None:
        """The process, while there is one."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start it. A program that is not there raises ``OSError``."""
        parent = os.getpid()

        def tie_to_parent() -> None:
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:  # it died before we asked to be told
                os._exit(1)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, WATCHED)

        self._process = subprocess.Popen(  # noqa: S603 - command lines of our own making, never a shell
            self.spec.argv,
            env={**os.environ, **self.spec.environment},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=tie_to_parent,  # noqa: PLW1509 - the supervisor has one thread
        )
        self._started = time.monotonic()
        self.restart_at = None

    def reap(self) -> int | None:
        """The exit status if the child has ended since we last asked (negative: the signal); else ``None``.

        What is left of its group is killed first, while the dead leader still keeps the group's number from being
        reused: orphaned web workers would hold the port, and any process of ours survives SIGKILL without loss.
        """
        if self._process is None:
            return None
        if os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            return None
        self.signal(signal.SIGKILL)
        self.last_status = self._process.wait()
        self._process = None
        return self.last_status

    def schedule_restart(self) -> float:
        """Note one more end and when to start again; returns the delay."""
        now = time.monotonic()
        self.failures = 1 if now - self._started >= SETTLED_SECONDS else self.failures + 1
        delay = delay_before_restart(self.failures)
        self.restart_at = now + delay
        return delay

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the whole group; harmless when it is gone."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def ask_to_end(self) -> None:
        """SIGTERM to the leader alone: it knows how to end what it started."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGTERM)


def group_members(leader: int) -> list[int]:
    """Living processes of a group, those that outlived their leader included."""
    members = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state, _parent, group = _status(int(process.name))[:3]
            if int(group) == leader and state != "Z":
                members.append(int(process.name))
    return members


def birth(pid: int) -> str | None:
    """When a living process started, in clock ticks since boot: with its number it names one process for certain."""
    try:
        status = _status(pid)
    except OSError:
        return None
    return None if status[0] == "Z" else status[19]


def _status(pid: int) -> list[str]:
    """/proc/PID/stat from the state on; the name before it may hold spaces and brackets."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
