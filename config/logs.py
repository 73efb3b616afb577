"""Structured logs: events with keys, never comment text, email, IP, key or token."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog
from structlog.typing import EventDict, FilteringBoundLogger

# A second fence behind the rule "log events, not prose": these keys are cut out wherever they turn up.
FORBIDDEN = frozenset(
    {"text", "email", "ip", "key", "token", "secret", "authorization", "password", "name", "url", "user_agent", "body"}
)


def configure(level: str, log_format: str) -> None:
    """Send structlog's and the standard library's records to standard error in one form."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _redact,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, renderer]
        if log_format == "json"
        else [*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    # RQ logs each job at INFO, the doorbell among them: only its warnings are news.
    logging.basicConfig(format="%(message)s", stream=sys.stderr, level=logging.WARNING, force=True)


def get(name: str) -> FilteringBoundLogger:
    """A logger for one part of the program."""
    logger: FilteringBoundLogger = structlog.get_logger(part=name)
    return logger


def _redact(_logger: Any, _method: str, event: EventDict) -> EventDict:
    for key in FORBIDDEN & event.keys():
        event[key] = "[redacted]"
    return event
