"""The whole brain in one call: contexts in, verdicts out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from classifier.counterfactual import LONGEST_TRIED, Case, counterfactuals
from classifier.domain import HEADS, Action, Context, Counterfactual, Reason, Verdict
from classifier.explain import weigh_words
from classifier.policy import Policy
from classifier.scoring import Scorer
from classifier.text import Document, read
from classifier.weighing import Weighed, weigh

_MISSING: Final = Reason(
    code="classifier.missing", message="No model is loaded, so a person should look at this comment.", weight=0.0
)
_FAILED: Final = Reason(
    code="classifier.failed", message="The model failed on this comment, so a person should look at it.", weight=0.0
)


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
    weighed = [
        weigh(context, document, dict(zip(HEADS, row, strict=True)), policy)
        for context, document, row, policy in zip(contexts, documents, logits, policies, strict=True)
    ]
    troubled = [at for at, each in enumerate(weighed) if each.action is not Action.APPROVE]
    cases = dict(zip(troubled, _cases([weighed[at] for at in troubled], scorer), strict=True))
    found = dict(zip(troubled, counterfactuals(list(cases.values()), scorer), strict=True)) if cases else {}
    return [_verdict(each, cases.get(at), found.get(at), scorer.version) for at, each in enumerate(weighed)]


def _cases(troubled: Sequence[Weighed], scorer: Scorer) -> list[Case]:
    """What was not approved, with what the words of each add to the scores acted on; long texts without."""
    short = [each.document for each in troubled if len(each.document.raw) <= LONGEST_TRIED]
    heads = [head for head in HEADS if any(f"model.{head}" in each.codes for each in troubled)]
    words = iter(weigh_words(scorer, short, heads) if short else ())
    return [Case(each, next(words) if len(each.document.raw) <= LONGEST_TRIED else None) for each in troubled]


def _verdict(weighed: Weighed, case: Case | None, counterfactual: Counterfactual | None, model: str) -> Verdict:
    """What was weighed as it is answered: reasons of the model point at the words that speak most for them."""
    reasons = weighed.ruled.reasons
    words = case.words if case is not None else None
    if words is not None:
        reasons = tuple(
            replace(reason, spans=words.telling(reason.head or "")) if reason.code.startswith("model.") else reason
            for reason in reasons
        )
    return Verdict(
        action=weighed.action,
        scores=weighed.scores,
        reasons=reasons,
        model=model,
        policy=weighed.policy.version,
        counterfactual=counterfactual,
    )


def _held(reason: Reason, model: str | None, policy: Policy) -> Verdict:
    return Verdict(action=Action.HOLD, scores={}, reasons=(reason,), model=model, policy=policy.version)
