"""What two policies make of the same comments: scored once, weighed under each."""

from __future__ import annotations

from collections.abc import Sequence

from classifier.adaptation import Adaptation, taught_on, with_taught
from classifier.domain import Context
from classifier.policy import Policy
from classifier.scoring import Scorer
from classifier.text import read
from classifier.weighing import Weighed, weigh


def weigh_twice(
    contexts: Sequence[Context],
    scorer: Scorer,
    policies: Sequence[tuple[Policy, Policy]],
    adaptation: Adaptation | None = None,
) -> list[tuple[Weighed, Weighed]]:
    """Each comment under the one policy and under the other, in order.

    It costs a third of two judgements: the texts are read and scored once, and nobody asks what would have to be
    different.
    """
    documents = [read(context.text) for context in contexts]
    own = [adaptation if adaptation is not None and adaptation.base == scorer.version else None] * len(documents)
    plain = scorer.calibrated_logits(documents)
    logits = with_taught(plain, taught_on(scorer, documents, own, plain))
    return [
        (weigh(context, document, each, one), weigh(context, document, each, other))
        for context, document, each, (one, other) in zip(contexts, documents, logits, policies, strict=True)
    ]
