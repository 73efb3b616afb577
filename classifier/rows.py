"""JSON Lines in, judged JSON Lines out: the work behind ``sluice score``."""

from __future__ import annotations

import gzip
import io
import json
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from itertools import islice
from math import isfinite
from pathlib import Path
from typing import Any, Final, TextIO

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from classifier.assess import assess
from classifier.documents import counterfactual_document, reason_document
from classifier.domain import Action, Article, Author, Context, Reason, TextFormat, Verdict
from classifier.ledger import ledger
from classifier.policy import DEFAULT_POLICY, Policy
from classifier.scoring import Scorer

_BATCH: Final = 512
_GZIP_MAGIC: Final = b"\x1f\x8b"
#: A longer line is not parsed: one comment, its context and its article fit many times over.
_MAX_LINE_BYTES: Final = 16 * 1024 * 1024


class RowError(ValueError):
    """A row that cannot be read as a comment; the message says why."""


@contextmanager
def open_lines(file: str) -> Iterator[Iterable[bytes]]:
    """The lines of a file or of standard input (``-``), unpacked when they are gzip."""
    with ExitStack() as stack:
        raw = sys.stdin.buffer if file == "-" else stack.enter_context(Path(file).open("rb"))
        buffered = raw if isinstance(raw, io.BufferedReader) else io.BufferedReader(raw)  # type: ignore[type-var]
        packed = buffered.peek(2)[:2] == _GZIP_MAGIC
        yield _lines_of((gzip.GzipFile(fileobj=buffered) if packed else buffered).readline)


def _lines_of(readline: Callable[[int], bytes]) -> Iterator[bytes]:
    """Line after line: of a too long one only the beginning; one more, unreadable, where the input is torn."""
    try:
        while line := readline(_MAX_LINE_BYTES + 1):
            rest = line
            while len(rest) > _MAX_LINE_BYTES and not rest.endswith(b"\n"):
                rest = readline(_MAX_LINE_BYTES + 1)
            yield line
    except (EOFError, OSError, zlib.error):
        yield b"torn input"


def score_lines(
    lines: Iterable[bytes],
    out: TextIO,
    log: TextIO,
    scorer: Scorer,
    policy: Policy = DEFAULT_POLICY,
    *,
    explained: bool = False,
) -> int:
    """Judge every line; writes exactly one line each, in order, and gives back their number."""
    columns = (SpinnerColumn(), TextColumn("{task.completed:,} comments judged"), TimeElapsedColumn())
    done = 0
    stream = iter(lines)
    with Progress(*columns, console=Console(file=log), transient=True) as progress:
        task = progress.add_task("score", total=None)
        while batch := list(islice(stream, _BATCH)):
            rows = score_batch(batch, scorer, policy, explained=explained)
            out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            done += len(batch)
            progress.update(task, completed=done)
    out.flush()
    return done


def score_batch(
    lines: list[bytes], scorer: Scorer | None, policy: Policy, *, explained: bool = False
) -> list[dict[str, Any]]:
    """Answers to some lines, in order; ``explained`` adds the full account of each score."""
    rows = [read_line(line) for line in lines]
    contexts = [context for _, context in rows if isinstance(context, Context)]
    verdicts = iter(assess(contexts, scorer, policy))
    answers = []
    for identity, found in rows:
        verdict = next(verdicts) if isinstance(found, Context) else _invalid(found)
        answer = _answer(identity, verdict)
        if explained and scorer is not None and verdict.scores and isinstance(found, Context):
            accounts = ledger(found, scorer, policy)
            answer["explanation"] = {head: account.document() for head, account in accounts.items()}
        answers.append(answer)
    return answers


def read_line(line: bytes) -> tuple[str | int | float | None, Context | RowError]:
    """The id of a row and its context, or what is wrong with it."""
    identity: Any = None
    try:
        row = _object(line)
        identity = identity_of(row.get("id"))
        return identity, read_row(row)
    except RowError as error:
        return identity, error
    except (ValueError, RecursionError):
        return identity, RowError("the line is not JSON")


def _object(line: bytes) -> dict[str, Any]:
    if len(line) > _MAX_LINE_BYTES:
        raise RowError("the line is too long")
    row = json.loads(line)
    if not isinstance(row, dict):
        raise RowError("the row is not an object")
    return row


def identity_of(value: Any) -> str | int | float | None:
    """The id of a row, if it is one."""
    return value if isinstance(value, str | int | float) else None


def read_row(row: Mapping[str, Any]) -> Context:
    """The context a row describes; raises ``RowError``. Null means absent, unknown keys are left alone."""
    text = row.get("text")
    if not isinstance(text, str):
        raise RowError("text is missing" if text is None else "text is not a string")
    author = _author(row)
    article = row.get("article")
    if article is not None and not isinstance(article, dict):
        raise RowError("article is not an object")
    context = _string(row, "context")
    title = _string(article or {}, "title")
    body = _string(article or {}, "text")
    published = Article(
        url=_string(article or {}, "url") or "",
        title=title,
        text=body or context,
        published_at=_moment(article or {}, "published_at"),
        tags=_strings(article or {}, "tags"),
    )
    return Context(
        text=text,
        format=TextFormat.HTML if row.get("format") == "html" else TextFormat.TEXT,
        author=author,
        article=published,
        parent_text=_string(row, "parent_text"),
        created_at=_moment(row, "created_at"),
        lang=_string(row, "lang"),
        referrer=_string(row, "referrer"),
        honeypot=_string(row, "honeypot"),
        form_seconds=_number(row, "form_seconds"),
    )


def _author(row: Mapping[str, Any]) -> Author:
    author = row.get("author")
    fields: Mapping[str, Any] = author if isinstance(author, dict) else {"name": author}
    return Author(
        id=_string(fields, "id"),
        name=_string(fields, "name"),
        url=_string(row, "author_url") or _string(fields, "url"),
        email=_string(row, "author_email") or _string(fields, "email"),
        ip=_string(fields, "ip"),
        user_agent=_string(fields, "user_agent"),
        role=_string(fields, "role"),
        verified=fields.get("verified") is True,
    )


def _string(fields: Mapping[str, Any], key: str) -> str | None:
    value = fields.get(key)
    if value is None or isinstance(value, str):
        return value
    raise RowError(f"{key} is not a string")


def _strings(fields: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = fields.get(key)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise RowError(f"{key} is not a list of strings")
    return tuple(value)


def _moment(fields: Mapping[str, Any], key: str) -> datetime | None:
    value = _string(fields, key)
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise RowError(f"{key} is not a time") from None
    if moment.tzinfo is None:
        raise RowError(f"{key} is a time without its offset")
    return moment


def _number(fields: Mapping[str, Any], key: str) -> float | None:
    value = fields.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise RowError(f"{key} is not a number")
    return float(value)


def _invalid(error: Any) -> Verdict:
    reason = Reason(code="input.invalid", message=f"This row cannot be judged: {error}.", weight=0.0)
    return Verdict(action=Action.HOLD, scores={}, reasons=(reason,), model=None, policy="")


def _answer(identity: Any, verdict: Verdict) -> dict[str, Any]:
    return {
        "id": identity,
        "action": verdict.action.value,
        "scores": dict(verdict.scores),
        "reasons": [reason_document(reason) for reason in verdict.reasons],
        "counterfactual": counterfactual_document(verdict.counterfactual),
    }
