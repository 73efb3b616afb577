"""Rows of the queue as a page shows them: words instead of numbers, pieces of text instead of text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp
from typing import Any, Final

from classifier.triage import BAD_FROM, FINE_BELOW, Lane
from service.desk.reason_words import chip_words
from service.desk.severe_words import hide_severe
from service.desk.shown_text import Mark, Piece, Shown, at_a_glance, first_sentence, shown
from service.desk.words import Lazy, gettext, lazy_gettext, ngettext
from service.store.comments import AnyRow
from service.store.pages import APPEALED, View

#: From here on a comment has waited too long.
OLD: Final = timedelta(hours=24)
#: Texts of these kinds are shown only to whoever asks; a score from so much on makes one of them.
SEVERE_HEADS: Final = frozenset({"severe_toxicity", "threat", "identity_attack"})
SEVERE_CODES: Final = ("harm.", "threat.")
SEVERE_FROM: Final = 0.5
MOST_CHIPS: Final = 3

ADVICE: Final[dict[str, Lazy]] = {
    Lane.FINE: lazy_gettext("Probably fine"),
    Lane.UNCERTAIN: lazy_gettext("Uncertain"),
    Lane.BAD: lazy_gettext("Probably bad"),
}


@dataclass(frozen=True, slots=True)
class ReasonChip:
    """A reason in a few words."""

    code: str
    says: str


@dataclass(frozen=True, slots=True)
class RowShown:
    """One comment in the list."""

    id: str
    revision: int
    seen: str
    """The ruling that stands, if any: a decision names it, so that nothing is decided twice."""
    open: bool
    status: str
    author: str
    author_key: str | None
    opened_at: datetime
    age: str
    old: bool
    article_id: str
    article: str
    risk: int
    lane: str
    advice: str
    chips: tuple[ReasonChip, ...]
    glance: tuple[Piece, ...]
    first_sentence: str
    severe: bool
    language: str | None
    escalated: bool
    origin: str
    claimed_by: str | None
    """A colleague who looks at it."""
    not_mine: bool
    """Somebody else has to decide it."""
    campaign: str | None
    alike: int
    """How many wait that read alike, itself included."""
    view: str
    """The part of the queue that it is in, for whoever has not skipped it."""
    proposed: str | None
    proposed_reason: str | None
    proposed_by: str | None
    proposed_by_me: bool


def row_shown(row: AnyRow, *, me: str, now: datetime, alike: Mapping[str, int]) -> RowShown:
    """A row of ``service.store.pages`` for somebody at a moment."""
    text = shown(row.text, row.format)
    reasons = weighty(row.reasons or ())
    marks, severe = marks_of(row, text)
    codes = list(dict.fromkeys(reason["code"] for reason in reasons if speaks_against(reason))) or row.codes.split()
    claimed = row.claimed_by not in (None, me) and row.claimed_until is not None and row.claimed_until > now
    return RowShown(
        id=row.comment_id,
        revision=row.revision,
        seen=row.ruling_id if row.ruled and row.ruling_id else "",
        open=row.closed_at is None,
        status=row.status,
        author=row.author_name or gettext("Anonymous"),
        author_key=row.author_key,
        opened_at=row.opened_at,
        age=age_words(now - row.opened_at),
        old=now - row.opened_at > OLD,
        article_id=row.article_id,
        article=row.article_title or row.article_url,
        risk=round(100 * row.risk),
        lane=row.lane,
        advice=str(ADVICE.get(row.lane, ADVICE[Lane.UNCERTAIN])),
        chips=tuple(ReasonChip(code, chip_words(code)) for code in codes[:MOST_CHIPS]),
        glance=at_a_glance(text, marks),
        first_sentence="" if severe else first_sentence(text),
        severe=severe,
        language=row.language,
        escalated=row.escalated,
        origin=row.origin,
        claimed_by=row.claimed_name if claimed else None,
        not_mine=row.not_for == me,
        campaign=row.campaign,
        alike=alike.get(row.campaign, 0) if row.campaign else 0,
        view=_view(row),
        proposed=row.proposed_action,
        proposed_reason=row.proposed_reason,
        proposed_by=row.proposed_name,
        proposed_by_me=row.proposed_by == me,
    )


def _view(row: AnyRow) -> str:
    if row.proposed_action is not None:
        return View.SECOND_LOOK
    if row.origin in APPEALED:
        return View.APPEALS
    return View.ESCALATED if row.escalated else str(row.lane)


def weighty(reasons: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Reasons in the order of their weight; what forces a decision without weight comes first."""
    return sorted(reasons, key=lambda reason: (reason["weight"] != 0, -abs(reason["weight"])))


def speaks_against(reason: Mapping[str, Any]) -> bool:
    """Whether a reason speaks against its comment.

    A score of the model is named as a reason only once it reaches a line of the policy. Its weight is its logit, which
    is below zero where the line is below one half.
    """
    return reason["weight"] >= 0 or _is_score(reason)


def weight_words(reason: Mapping[str, Any], scores: Mapping[str, float] | None) -> str:
    """How much a reason weighs; a score whose logit is below zero says its share, which nobody takes for praise."""
    weight = float(reason["weight"])
    if not weight:
        return gettext("rule")
    if weight < 0 and _is_score(reason):
        share = (scores or {}).get(str(reason["code"]).partition(".")[2], 1 / (1 + exp(-weight)))
        return f"{round(100 * share)} %"
    return f"{weight:+.1f}".replace("-", "−")


def _is_score(reason: Mapping[str, Any]) -> bool:
    return str(reason["code"]).startswith("model.")


def marks_of(row: AnyRow, text: Shown) -> tuple[list[Mark], bool]:
    """What to mark in a comment, and whether it holds what should not be seen unasked."""
    marks: list[Mark] = []
    for reason in weighty(row.reasons or ()):
        severe = _is_severe(reason)
        marks += [Mark(start, end, reason["message"], severe) for start, end in reason.get("spans", ())]
    scores = row.scores or {}
    grave = any(scores.get(head, 0) >= SEVERE_FROM for head in SEVERE_HEADS)
    grave = grave or any(_is_severe(reason) for reason in row.reasons or ())
    if grave and not any(mark.severe for mark in marks):
        marks = [Mark(mark.start, mark.end, mark.why, severe=True) for mark in marks]
        if not marks:
            marks = [Mark(0, len(row.text), gettext("The whole text reads as severe."), severe=True)]
    if grave:
        marks = hide_severe(row.text, row.format, marks)
    return marks, grave and bool(text.base)


def _is_severe(reason: Mapping[str, Any]) -> bool:
    return speaks_against(reason) and (
        str(reason["code"]).startswith(SEVERE_CODES) or reason.get("head") in SEVERE_HEADS
    )


def age_words(age: timedelta) -> str:
    """How long ago, shortly."""
    minutes = max(0, int(age.total_seconds() // 60))
    if minutes < 1:
        return gettext("just now")
    if minutes < 60:
        return gettext("%(count)d min", count=minutes)
    if minutes < 48 * 60:
        return gettext("%(count)d h", count=minutes // 60)
    return ngettext("%(num)d day", "%(num)d days", minutes // (24 * 60))


def work_words(count: int, seconds_each: float) -> str:
    """How much work so many comments are."""
    minutes = count * seconds_each / 60
    if not count:
        return gettext("nothing to do")
    if minutes < 1:
        return gettext("under a minute")
    if minutes < 90:
        return gettext("about %(count)d min", count=round(minutes))
    return gettext("about %(count)d h", count=round(minutes / 60))


def risk_words(risk: int) -> str:
    """A risk for people who see no bar."""
    if risk >= 100 * BAD_FROM:
        return gettext("high risk, %(risk)d%%", risk=risk)
    if risk < 100 * FINE_BELOW:
        return gettext("low risk, %(risk)d%%", risk=risk)
    return gettext("middling risk, %(risk)d%%", risk=risk)
