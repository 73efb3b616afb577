"""The bare route: Flask, one row committed to SQLite with synchronous=FULL, and nothing else.

``python -m benchmarks.bare DATABASE HOST PORT PROCESSES THREADS`` serves it as `sluice serve` serves the API.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import threading
import time

from flask import Flask, Response, request
from granian.constants import Interfaces, RuntimeModes
from granian.log import LogLevels
from granian.server import Server


def create_app() -> Flask:
    """The app. One connection behind a lock: SQLite's own waiting for its lock would make the route slower."""
    app = Flask(__name__)
    connection = sqlite3.connect(os.environ["BARE_DATABASE"], isolation_level=None, check_same_thread=False, timeout=10)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("CREATE TABLE IF NOT EXISTS comments (id INTEGER PRIMARY KEY, text TEXT NOT NULL, at REAL)")
    store = _Writer(connection)

    @app.post("/comments")
    def post() -> Response:
        body = json.loads(request.get_data())
        number = store.insert(body["comment"]["text"])
        return Response(json.dumps({"id": number, "status": "stored"}), content_type="application/json")

    @app.get("/healthz")
    def healthz() -> str:
        return "ok"

    return app


class _Writer:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    def insert(self, text: str) -> int:
        with self._lock:
            cursor = self._connection.execute("INSERT INTO comments (text, at) VALUES (?, ?)", (text, time.time()))
            return int(cursor.lastrowid or 0)


def serve(database: str, host: str, port: str, processes: str, threads: str) -> None:
    """The same server with the same settings as service/commands/run.py."""
    os.environ["BARE_DATABASE"] = database
    Server(
        "benchmarks.bare:create_app",
        factory=True,
        interface=Interfaces.WSGI,
        address=host,
        port=int(port),
        workers=int(processes),
        blocking_threads=int(threads),
        blocking_threads_idle_timeout=600,
        runtime_mode=RuntimeModes.st,
        backlog=2048,
        websockets=False,
        log_level=LogLevels.warning,
    ).serve()


if __name__ == "__main__":
    serve(*sys.argv[1:])
