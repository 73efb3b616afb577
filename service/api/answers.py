"""Rows and verdicts as the API says them; never with an email or an IP."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import request

from classifier.documents import counterfactual_document, reason_document
from classifier.domain import Action, Change, Status, Verdict
from classifier.ledger import Account, What
from classifier.lifecycle import ACTION_OF_STATUS
from service.reader_links import PREFIX, token_of
from service.schemas import CommentOut, DecisionOut, ReasonOut, RulingOut, ScoreOut, Scores
from service.schemas_explained import AccountOut, AccountsOut, CounterfactualOut, PartOut
from service.store.comments import AnyRow
from service.web import web


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
        counterfactual=_counterfactual(row.counterfactual),
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
        status_page=status_page(row.id),
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
        counterfactual=None,
        decision=None,
        ruling=None,
        model=None,
        policy=None,
        received_at=received_at,
        decided_at=None,
        status_page=status_page(comment_id),
    )


def status_page(comment_id: str) -> str:
    """Where the comment's reader sees how it stands."""
    settings = web().settings
    base = settings.public_url.rstrip("/") or request.host_url.rstrip("/")
    return f"{base}{PREFIX}{token_of(settings.secret, comment_id)}"


def score_of(verdict: Verdict) -> ScoreOut:
    """A judgement of which nothing was stored."""
    return ScoreOut.model_construct(
        action=verdict.action,
        scores=Scores.model_construct(None, **verdict.scores) if verdict.scores else None,
        reasons=[ReasonOut.model_construct(None, **reason_document(reason)) for reason in verdict.reasons],
        counterfactual=_counterfactual(counterfactual_document(verdict.counterfactual)),
        model=verdict.model,
        policy=verdict.policy,
    )


def _counterfactual(document: dict[str, Any] | None) -> CounterfactualOut | None:
    if document is None:
        return None
    named = {"change": Change(document["change"]), "action": Action(document["action"])}
    return CounterfactualOut.model_construct(None, **{**document, **named})


def accounts_of(accounts: Mapping[str, Account]) -> AccountsOut:
    """What every score is made of."""
    return AccountsOut.model_construct(None, **{head: _account(account) for head, account in accounts.items()})


def _account(account: Account) -> AccountOut:
    document = account.document()
    parts = [PartOut.model_construct(None, **{**part, "what": What(part["what"])}) for part in document.pop("parts")]
    return AccountOut.model_construct(None, **document, parts=parts)
