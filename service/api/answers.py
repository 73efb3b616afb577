"""Rows and verdicts as the API says them; never with an email or an IP."""

from __future__ import annotations

from datetime import datetime

from classifier.domain import Action, Status, Verdict
from classifier.lifecycle import ACTION_OF_STATUS
from service.rows import reason_document
from service.schemas import CommentOut, DecisionOut, ReasonOut, RulingOut, ScoreOut, Scores
from service.store.comments import AnyRow


def comment_of(row: AnyRow) -> CommentOut:
    """A stored comment."""
    status = Status(row.status)
    decided = row.decision_action is not None
    ruled = row.ruling_action is not None
    return CommentOut.model_construct(
        id=row.id,
        external_id=row.external_id,
        article_id=row.article_id,
        revision=row.revision,
        status=status,
        action=ACTION_OF_STATUS.get(status),
        scores=Scores.model_construct(**row.scores) if row.scores else None,
        reasons=[ReasonOut.model_construct(None, **reason) for reason in row.reasons or ()],
        decision=DecisionOut.model_construct(
            action=Action(row.decision_action), kind=row.kind, decided_at=row.decided_at
        )
        if decided
        else None,
        ruling=RulingOut.model_construct(
            action=Action(row.ruling_action), reason=row.ruling_reason, ruled_at=row.ruled_at
        )
        if ruled
        else None,
        model=row.model,
        policy=row.policy,
        received_at=row.received_at,
        decided_at=row.ruled_at or row.decided_at,
    )


def pending(comment_id: str, external_id: str | None, article_id: str, received_at: datetime) -> CommentOut:
    """A comment that was stored just now."""
    return CommentOut.model_construct(
        id=comment_id,
        external_id=external_id,
        article_id=article_id,
        revision=1,
        status=Status.PENDING,
        action=None,
        scores=None,
        reasons=[],
        decision=None,
        ruling=None,
        model=None,
        policy=None,
        received_at=received_at,
        decided_at=None,
    )


def score_of(verdict: Verdict) -> ScoreOut:
    """A judgement of which nothing was stored."""
    return ScoreOut.model_construct(
        action=verdict.action,
        scores=Scores.model_construct(None, **verdict.scores) if verdict.scores else None,
        reasons=[ReasonOut.model_construct(None, **reason_document(reason)) for reason in verdict.reasons],
        model=verdict.model,
        policy=verdict.policy,
    )
