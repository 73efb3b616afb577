"""The entry of granian's worker processes."""

from __future__ import annotations

import ctypes
import os
import signal

from flask import Flask

from service.app import create_app

_PR_SET_PDEATHSIG = 1


def serve_app() -> Flask:
    """The app, in a process that does not outlive the server that started it: an orphan would keep the port."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() == 1:
        raise SystemExit(1)
    return create_app()
