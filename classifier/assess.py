"""The whole brain in one call: contexts in, verdicts out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from classifier.adaptation import Adaptation, taught_on, with_taught
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
#: What a site taught is a reason of its own from so many logits on.
_WORTH_SAYING: Final = 0.1
_FAILED: Final = Reason(
    code="classifier.failed", message="The model failed on this comment, so a person should look at it.", weight=0.0
)


def assess(
    contexts: Sequence[Context],
    scorer: Scorer | None,
    policy: Policy | Sequence[Policy],
    documents: Sequence[Document | None] | None = None,
    adaptations: Sequence[Adaptation | None] | None = None,
) -> list[Verdict]:
    """Judge a batch of comments under one policy, or each under its own; they are scored together all the same.

    ``documents`` are the comments' texts where the caller has read them already, ``adaptations`` what the moderators
    of each comment's own site taught. One that belongs to another model is left aside.

    Never raises for a comment's sake: when the batch fails, its comments are judged one by one, and one that fails
    alone is held. Without a model everything is held.
    """
    if not contexts:
        return []
    policies = [policy] * len(contexts) if isinstance(policy, Policy) else policy
    if scorer is None:
        return [_held(_MISSING, None, each) for each in policies]
    try:
        known = documents or [None] * len(contexts)
        return _assess(contexts, scorer, policies, known, adaptations or [None] * len(contexts))
    except Exception:  # noqa: BLE001  the promise above: whatever goes wrong, hold
        if len(contexts) == 1:
            return [_held(_FAILED, scorer.version, policies[0])]
        own = adaptations or [None] * len(contexts)
        return [
            verdict
            for context, each, adaptation in zip(contexts, policies, own, strict=True)
            for verdict in assess([context], scorer, each, None, [adaptation])
        ]


def _assess(
    contexts: Sequence[Context],
    scorer: Scorer,
    policies: Sequence[Policy],
    known: Sequence[Document | None],
    adaptations: Sequence[Adaptation | None],
) -> list[Verdict]:
    documents = [document or read(context.text) for context, document in zip(contexts, known, strict=True)]
    own = [each if each is not None and each.base == scorer.version else None for each in adaptations]
    plain = scorer.calibrated_logits(documents)
    taught = taught_on(scorer, documents, own, plain)
    logits = with_taught(plain, taught)
    weighed = [weigh(*each) for each in zip(contexts, documents, logits, policies, strict=True)]
    troubled = [at for at, each in enumerate(weighed) if each.action is not Action.APPROVE]
    cases = dict(zip(troubled, _cases([(weighed[at], own[at]) for at in troubled], scorer), strict=True))
    found = dict(zip(troubled, counterfactuals(list(cases.values()), scorer), strict=True)) if cases else {}
    return [
        _verdict(each, cases.get(at), found.get(at), taught[at], _version(scorer, own[at]))
        for at, each in enumerate(weighed)
    ]


def scores_of(
    texts: Sequence[str], scorer: Scorer, policy: Policy, adaptation: Adaptation | None = None
) -> list[Mapping[str, float]]:
    """The scores of texts as ``assess`` gives them to comments that are nothing but text; no more is worked out."""
    documents = [read(text) for text in texts]
    own = [adaptation if adaptation is not None and adaptation.base == scorer.version else None] * len(texts)
    plain = scorer.calibrated_logits(documents)
    logits = with_taught(plain, taught_on(scorer, documents, own, plain))
    cases = zip(texts, documents, logits, strict=True)
    return [weigh(Context(text=text), document, row, policy).scores for text, document, row in cases]


def _cases(troubled: Sequence[tuple[Weighed, Adaptation | None]], scorer: Scorer) -> list[Case]:
    """What was not approved, with what the words of each add to the scores acted on; long texts without."""
    short = [each.document for each, _ in troubled if len(each.document.raw) <= LONGEST_TRIED]
    heads = [head for head in HEADS if any(f"model.{head}" in each.codes for each, _ in troubled)]
    words = iter(weigh_words(scorer, short, heads) if short else ())
    return [
        Case(each, next(words) if len(each.document.raw) <= LONGEST_TRIED else None, adaptation)
        for each, adaptation in troubled
    ]


def _version(scorer: Scorer, adaptation: Adaptation | None) -> str:
    return scorer.version if adaptation is None else f"{scorer.version}+{adaptation.version}"


def _verdict(
    weighed: Weighed,
    case: Case | None,
    counterfactual: Counterfactual | None,
    taught: Mapping[str, float],
    model: str,
) -> Verdict:
    """What was weighed as it is answered: reasons of the model point at the words that speak most for them."""
    reasons = []
    words = case.words if case is not None else None
    for reason in weighed.ruled.reasons:
        if not reason.code.startswith("model."):
            reasons.append(reason)
            continue
        head = reason.head or ""
        reasons.append(reason if words is None else replace(reason, spans=words.telling(head)))
        amount = taught.get(head, 0.0)
        if abs(amount) >= _WORTH_SAYING:
            reasons.append(Reason(code="site.taught", message=_said(amount), weight=amount, head=head))
    return Verdict(
        action=weighed.action,
        scores=weighed.scores,
        reasons=tuple(reasons),
        model=model,
        policy=weighed.policy.version,
        counterfactual=counterfactual,
    )


def _said(amount: float) -> str:
    change = "raised" if amount > 0 else "lowered"
    return f"What this site's moderators taught {change} the score above; the words marked are the model's own."


def _held(reason: Reason, model: str | None, policy: Policy) -> Verdict:
    return Verdict(action=Action.HOLD, scores={}, reasons=(reason,), model=model, policy=policy.version)
