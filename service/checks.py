"""The use cases of other services' protocols: ask about a comment, and tell what should have been said of it.

Such protocols rarely name a comment by an id, so each check remembers a keyed digest of its text: feedback and repeated
questions find the comment by that and by who wrote it. Callers open the transaction and commit.
"""

from __future__ import annotations

import hmac
import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy.engine import Connection

from classifier.domain import Action, Reason, Verdict
from classifier.lessons import RulingReason
from service import moderation
from service.moderation import Accepted, ErasedError, ModerationError
from service.rows import Keep
from service.rulings import rule
from service.schemas import AuthorIn, Submission
from service.store import checks as store
from service.store import comments, rulings
from service.store.accounts import new_id
from service.store.checks import Earlier

Answer = Literal["spam", "ham"]

#: An administrator of the blog is never spam, whatever the text.
BY_ADMINISTRATOR: Final = Verdict(
    action=Action.APPROVE,
    scores={},
    reasons=(
        Reason(
            code="author.administrator", message="The blog says that an administrator of its own wrote this.", weight=0
        ),
    ),
    model=None,
    policy="akismet",
)
_TAG: Final = re.compile(r"<[^<>]*>")
_NOT_A_LETTER: Final = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Asked:
    """A comment that somebody asks about; ``verdict`` when there is nothing to decide."""

    guid: str
    digest: str
    submission: Submission
    verdict: Verdict | None = None


def new_guid() -> str:
    """What a client is told to call a check."""
    return new_id()


def digest_of(secret: bytes, site_id: str, text: str) -> str:
    """What two submissions of one text have in common, be it sent as HTML or as plain text, cut or spaced otherwise.

    Useless for guessing the text without the installation's secret.
    """
    letters = _NOT_A_LETTER.sub("", html.unescape(_TAG.sub(" ", text)).lower())
    said = letters or "".join(text.split())
    return hmac.digest(secret, f"check:{site_id}:{said}".encode("utf-8", "surrogatepass"), "sha256").hex()


def ask(connection: Connection, site_id: str, asked: Sequence[Asked], now: datetime, keep: Keep) -> list[str]:
    """Store comments that are asked about; their ids, in order."""
    outcomes = moderation.submit(connection, site_id, [each.submission for each in asked], now, keep=keep)
    ids = [_stored(outcome).id for outcome in outcomes]
    store.insert_checks(connection, [_row(site_id, *each, now) for each in zip(asked, ids, strict=True)])
    settled = {
        (comment_id, 1): each.verdict for each, comment_id in zip(asked, ids, strict=True) if each.verdict is not None
    }
    if settled:
        moderation.record_decisions(connection, settled, now)
    return ids


def ask_again(connection: Connection, site_id: str, asked: Asked, comment_id: str, now: datetime) -> None:
    """Remember that a comment is asked about once more, under another name."""
    store.insert_checks(connection, [_row(site_id, asked, comment_id, now)])


def find(connection: Connection, site_id: str, guid: str, digest: str, author: AuthorIn) -> Earlier | None:
    """The check that a client speaks of: by its name, else the newest of the same text by the likeliest author."""
    named = store.check_named(connection, site_id, guid) if guid else None
    if named is not None:
        return named
    who = {"name": author.name, "email": author.email, "ip": author.ip}
    known = {field: value for field, value in who.items() if value}
    alike = store.checks_alike(connection, site_id, digest, known)
    return max(alike, key=lambda each: _agreement(each, known), default=None)


def answered(connection: Connection, site_id: str, guid: str | None, answer: Answer, now: datetime) -> None:
    """Count an answer, and remember it with its check, if there is one."""
    if guid is not None:
        store.set_answer(connection, guid, answer)
    store.add_to_counts(connection, site_id, month_of(now), **{answer: 1})


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """What a person at the client's end says of a comment."""

    submission: Submission
    digest: str
    action: Action
    moderator: str
    reason: RulingReason | None = None
    note: str | None = None
    guid: str = ""
    told: Answer | None = None
    """What the client remembers that it was answered."""


def learn(connection: Connection, site_id: str, feedback: Feedback, now: datetime, keep: Keep) -> bool:
    """Make feedback a ruling, on the comment that was checked or on one that is stored for it; false if nothing is new.

    The same feedback again changes nothing, and an erased comment stays erased.
    """
    author = feedback.submission.comment.author
    earlier = find(connection, site_id, feedback.guid, feedback.digest, author)
    if earlier is None:
        asked = Asked(new_guid(), feedback.digest, feedback.submission)
        [comment_id] = ask(connection, site_id, [asked], now, keep)
    else:
        comment_id = earlier.comment_id
    try:
        state = moderation.locked(connection, site_id, comment_id)
    except ErasedError:
        return False
    if _stands_already(connection, state, feedback):
        return False
    rule(
        connection,
        site_id,
        comment_id,
        state.revision,
        feedback.action,
        moderator=feedback.moderator,
        now=now,
        reason=feedback.reason,
        note=feedback.note,
    )
    told = (earlier.answer if earlier is not None else None) or feedback.told
    mistake = {("ham", Action.REJECT): "missed_spam", ("spam", Action.APPROVE): "false_positives"}
    counter = mistake.get((told or "", feedback.action))
    if counter is not None:
        store.add_to_counts(connection, site_id, month_of(now), **{counter: 1})
    return True


def month_of(moment: datetime) -> str:
    """The month that a moment is counted in."""
    return f"{moment:%Y-%m}"


def _stands_already(connection: Connection, state: comments.State, feedback: Feedback) -> bool:
    """Whether the last person who ruled on this revision said the same."""
    if not state.ruled:
        return False
    made = [row for row in rulings.rulings_of(connection, state.id) if row.revision == state.revision]
    last = rulings.standing_of(made)
    return last is not None and last.action == feedback.action.value and last.reason == feedback.reason


def _agreement(earlier: Earlier, known: Mapping[str, str]) -> tuple[int, str]:
    """How many of the fields are the same; of equals, the newest is meant."""
    return sum(getattr(earlier, field) == value for field, value in known.items()), earlier.guid


def _stored(outcome: Accepted | ModerationError) -> Accepted:
    """What is asked about has no id of its own, or one that stands for its text: there is nothing to refuse."""
    if isinstance(outcome, ModerationError):
        raise outcome
    return outcome


def _row(site_id: str, asked: Asked, comment_id: str, now: datetime) -> dict[str, Any]:
    return {
        "guid": asked.guid,
        "site_id": site_id,
        "comment_id": comment_id,
        "digest": asked.digest,
        "checked_at": now,
    }
