"""The whole brain in one call: contexts in, verdicts out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from math import exp
from typing import Final

from classifier.domain import HEADS, Action, Context, Reason, Verdict
from classifier.explain import telling_spans
from classifier.owner import Demand
from classifier.policy import Policy, decide
from classifier.scoring import Scorer
from classifier.signals import find_signals
from classifier.text import Document, read

_MISSING: Final = Reason(
    code="classifier.missing", message="No model is loaded, so a person should look at this comment.", weight=0.0
)
_FAILED: Final = Reason(
    code="classifier.failed", message="The model failed on this comment, so a person should look at it.", weight=0.0
)


#: The words of longer texts are not weighed one by one.
_LONGEST_EXPLAINED: Final = 5_000


def assess(
    contexts: Sequence[Context],
    scorer: Scorer | None,
    policy: Policy | Sequence[Policy],
    documents: Sequence[Document | None] | None = None,
) -> list[Verdict]:
    """Judge a batch of comments under one policy, or each under its own; they are scored together all the same.

    ``documents`` are the comments' texts where the caller has read them already.

    Never raises for a comment's sake: when the batch fails, its comments are judged one by one, and one that fails
    alone is held. Without a model everything is held.
    """
    if not contexts:
        return []
    policies = [policy] * len(contexts) if isinstance(policy, Policy) else policy
    if scorer is None:
        return [_held(_MISSING, None, each) for each in policies]
    try:
        return _assess(contexts, scorer, policies, documents or [None] * len(contexts))
    except Exception:  # noqa: BLE001  the promise above: whatever goes wrong, hold
        if len(contexts) == 1:
            return [_held(_FAILED, scorer.version, policies[0])]
        return [
            verdict
            for context, each in zip(contexts, policies, strict=True)
            for verdict in assess([context], scorer, each)
        ]


def _assess(
    contexts: Sequence[Context], scorer: Scorer, policies: Sequence[Policy], known: Sequence[Document | None]
) -> list[Verdict]:
    documents = [document or read(context.text) for context, document in zip(contexts, known, strict=True)]
    logits = scorer.calibrated_logits(documents).tolist()
    return [
        _judge(context, document, dict(zip(HEADS, row, strict=True)), scorer, policy)
        for context, document, row, policy in zip(contexts, documents, logits, policies, strict=True)
    ]


def _judge(context: Context, document: Document, logits: dict[str, float], scorer: Scorer, policy: Policy) -> Verdict:
    """One comment: signals and rules about a head are added to its logit, then policy decides."""
    signals = find_signals(context, document)
    demands: Sequence[Demand] = ()
    if policy.wishes is not None:
        demands = policy.wishes.find(context, document, context.created_at or context.now or datetime.now(UTC))
        if policy.wishes.allows_links(document):
            signals = tuple(signal for signal in signals if not signal.code.startswith("links."))
    for signal in (*signals, *(demand.signal for demand in demands)):
        if signal.head is not None:
            logits[signal.head] += signal.weight
    scores = {head: round(_chance(logit), 6) for head, logit in logits.items()}
    ruled = decide(policy, signals, scores, demands)
    reasons = _pointed(ruled.reasons, document, scorer)
    return Verdict(action=ruled.action, scores=scores, reasons=reasons, model=scorer.version, policy=policy.version)


def _pointed(reasons: tuple[Reason, ...], document: Document, scorer: Scorer) -> tuple[Reason, ...]:
    """The reasons, those of the model with the words that speak most for them."""
    heads = [reason.code.removeprefix("model.") for reason in reasons if reason.code.startswith("model.")]
    if not heads or len(document.text) > _LONGEST_EXPLAINED:
        return reasons
    spans = telling_spans(scorer, document, heads)
    return tuple(
        replace(reason, spans=spans[reason.code.removeprefix("model.")]) if reason.code.startswith("model.") else reason
        for reason in reasons
    )


def _chance(logit: float) -> float:
    return 1.0 / (1.0 + exp(-min(max(logit, -60.0), 60.0)))


def _held(reason: Reason, model: str | None, policy: Policy) -> Verdict:
    return Verdict(action=Action.HOLD, scores={}, reasons=(reason,), model=model, policy=policy.version)
