"""`sluice up` after its options were read: a small process that starts everything and stays to watch.

Runs as ``python -m service.process.up PLAN`` in place of the command that made the plan, so that the settings library
(30 MB) is gone from the process that lives for months. Therefore nothing here imports ``config``.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import signal
import socket
import sys
import time
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Final

from service.process import redis_server, runfile
from service.process.children import Spec
from service.process.log import Log
from service.process.supervisor import StopRequested, Supervisor

READY_SECONDS: Final = 60.0
DEMO_SECONDS: Final = 120.0
#: Ends of the web process before it was ever ready, after which trying on is pointless.
HOPELESS: Final = 5
#: Quick ends of Redis after which its data is taken for unreadable.
UNREADABLE: Final = 3

#: In the run folder once the demo was shown or found unneeded.
DEMO_MARK: Final = "demo-shown"
#: In the run folder once there is somebody who can sign in at the desk.
DESK_MARK: Final = "desk-open"
#: In the run folder while the service runs: where, so that other commands can make links to it.
ADDRESS_FILE: Final = "address"

WEB_STAGE, WORK_STAGE, REDIS_STAGE = range(3)

#: One thread per numeric library and few memory arenas: our processes are many and each does one thing at a time.
CHILD_ENVIRONMENT: Final = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}


class CannotStartError(Exception):
    """A sentence for the operator about what is in the way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything `sluice up` decided, as plain values. It travels on the command line, so it holds no secret."""

    data_dir: str
    host: str
    port: int
    web: list[str]
    work: list[str]
    workers: int
    upkeep: list[str]
    demo: list[str] | None
    redis_program: str | None
    """None: Redis is outside."""
    redis_socket: str
    first_user: list[str] | None = None
    """Prints a link that makes the first admin, while there is nobody."""
    log_json: bool = False
    quiet: bool = False

    def to_json(self) -> str:
        """The form that ``from_json`` reads."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """The plan that ``to_json`` wrote."""
        return cls(**json.loads(text))

    @property
    def run_folder(self) -> Path:
        """Lock, list of processes, Redis' socket."""
        return Path(self.data_dir) / "run"

    @property
    def metrics_folder(self) -> Path:
        """Where web and workers count, so that /metrics can sum over them."""
        return self.run_folder / "metrics"

    @property
    def redis_folder(self) -> Path:
        """What Redis writes."""
        return Path(self.data_dir) / "redis"

    @property
    def url(self) -> str:
        """Where a client on this machine reaches the service."""
        return base_url(self.host, self.port)


def main() -> int:
    """Run the plan given as the one argument; returns the exit status."""
    plan = Plan.from_json(sys.argv[1])
    log = Log(as_json=plan.log_json, quiet=plan.quiet)
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C before anything was started needs no traceback
    os.umask(0o077)  # comments and addresses of people are in every file that we or our children make
    try:
        _lock = prepare(plan, log)
        check_port(plan.host, plan.port)
    except (CannotStartError, runfile.AlreadyRunningError, redis_server.RedisUnavailableError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - the answer to the person who typed the command
        return 1
    return run(plan, log)


def prepare(plan: Plan, log: Log) -> int:
    """Make the folders, take the lock, and end what an earlier supervisor left behind; returns the lock's file.

    Raises:
        CannotStartError, AlreadyRunningError, RedisUnavailableError: with a sentence for the operator.
    """
    try:
        Path(plan.data_dir).mkdir(mode=0o700, parents=True, exist_ok=True)
        redis_server.private_folder(plan.run_folder)
        lock = runfile.lock(plan.run_folder, Path(plan.data_dir))
        orphans = runfile.end_orphans(plan.run_folder)
        if orphans:
            log.warning("orphans.ended", children=",".join(orphans))
        shutil.rmtree(plan.metrics_folder, ignore_errors=True)
        plan.metrics_folder.mkdir(mode=0o700)
        if plan.redis_program:
            _prepare_redis(plan, log)
    except OSError as error:
        raise CannotStartError(
            f"The data folder {plan.data_dir} cannot be used: {error.strerror} ({error.filename}); "
            "give another one with --data-dir, or make it writable."
        ) from None
    return lock


def _prepare_redis(plan: Plan, log: Log) -> None:
    place = Path(plan.redis_socket)
    redis_server.private_folder(place.parent)
    redis_server.private_folder(plan.redis_folder)
    if redis_server.end_leftover(place):
        log.warning("orphans.ended", children="redis")
    redis_server.link(plan.run_folder / "redis.sock", place)


def check_port(host: str, port: int) -> None:
    """Find out early and in plain words whether the web process could listen.

    Raises:
        CannotStartError: it could not.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        reason = "something else listens there" if error.errno == errno.EADDRINUSE else (error.strerror or str(error))
        raise CannotStartError(
            f"Cannot listen on {_authority(host, port)}: {reason}; give another --port or --host."
        ) from None


def run(plan: Plan, log: Log) -> int:
    """Start everything, show the demo on a first start, and watch until asked to stop; returns the exit status."""
    supervisor = Supervisor(log, partial(runfile.write_record, plan.run_folder))
    began = time.monotonic()
    try:
        if plan.redis_program:
            supervisor.keep([_redis(plan, log)])
            supervisor.until(lambda: redis_server.answers(Path(plan.redis_socket)), timeout=10.0, pause=0.02)
        supervisor.keep(_ours(plan))
        if not _wait_until_ready(plan, supervisor):
            _say(f"The web process ended {HOPELESS} times before it was ready; its own words are above.")
            return 1
        (plan.run_folder / ADDRESS_FILE).write_text(plan.url, encoding="utf-8")
        log.info("ready", seconds=round(time.monotonic() - began, 2))
        if plan.demo and not (plan.run_folder / DEMO_MARK).exists():
            supervisor.run_once(Spec(name="demo", argv=tuple(plan.demo)), DEMO_SECONDS)
        if (plan.run_folder / DESK_MARK).exists():
            _say(f"The moderators' desk is at {plan.url}/desk/")
        elif plan.first_user:
            supervisor.run_once(Spec(name="first-user", argv=tuple(plan.first_user)), DEMO_SECONDS)
        _say(f"Sluice is ready at {plan.url} (data in {plan.data_dir}; Ctrl-C stops it).")
        supervisor.forever()
    except StopRequested as request:
        log.info("stopping", signal=request)
    finally:
        (plan.run_folder / ADDRESS_FILE).unlink(missing_ok=True)
        supervisor.end_all()
    return 0


def _redis(plan: Plan, log: Log) -> Spec:
    folder = plan.redis_folder
    aside: list[Path] = []

    def heal(failures: int, status: int) -> None:
        """Redis that gives up by itself again and again cannot read its file; being killed says nothing of the kind."""
        if status > 0:
            log.warning("redis.gave_up", last_words=redis_server.last_words(folder))
            if failures >= UNREADABLE and not aside:
                aside.append(redis_server.set_aside(folder, time.time()))
                log.warning("redis.set_aside", folder=aside[0])

    command = redis_server.command_line(
        Path(str(plan.redis_program)), socket_path=Path(plan.redis_socket), folder=folder
    )
    return Spec(name="redis", argv=tuple(command), stage=REDIS_STAGE, heal=heal)


def _ours(plan: Plan) -> list[Spec]:
    environment = {name: os.environ.get(name, value) for name, value in CHILD_ENVIRONMENT.items()}
    environment["PROMETHEUS_MULTIPROC_DIR"] = str(plan.metrics_folder)
    spec = partial(Spec, environment=environment)
    return [
        spec(name="web", argv=tuple(plan.web), stage=WEB_STAGE),
        *(spec(name=f"work-{n}", argv=tuple(plan.work), stage=WORK_STAGE) for n in range(1, plan.workers + 1)),
        spec(name="upkeep", argv=tuple(plan.upkeep), stage=WORK_STAGE),
    ]


def _wait_until_ready(plan: Plan, supervisor: Supervisor) -> bool:
    """Wait for as long as it takes; False when the web process keeps ending instead."""
    ready = False

    def settled() -> bool:
        nonlocal ready
        ready = is_ready(plan.host, plan.port)
        return ready or supervisor.ends_of("web") >= HOPELESS

    while not supervisor.until(settled, READY_SECONDS):
        _say(f"Not ready after {READY_SECONDS:.0f} s; still trying. The lines above and `sluice doctor` may say why.")
    return ready


def is_ready(host: str, port: int, timeout: float = 2.0) -> bool:
    """Whether GET /readyz answers 200. (A dozen lines instead of http.client, which costs 6 MB here.)"""
    request = f"GET /readyz HTTP/1.1\r\nHost: {_authority(reachable(host), port)}\r\nConnection: close\r\n\r\n"
    try:
        with socket.create_connection((reachable(host), port), timeout) as connection:
            connection.sendall(request.encode("ascii"))
            return connection.recv(64).split(b" ")[1:2] == [b"200"]
    except OSError:
        return False


def base_url(host: str, port: int) -> str:
    """Where a client on this machine reaches a service that listens on ``host``."""
    return f"http://{_authority(reachable(host), port)}"


def reachable(host: str) -> str:
    """The address to connect to for a server that listens on ``host``."""
    return {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - not bound, compared


def _authority(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _say(sentence: str) -> None:
    with contextlib.suppress(OSError):  # a closed terminal must not end the service
        print(sentence, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
