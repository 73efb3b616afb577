"""Stateless scoring: previews and shadow use; nothing is stored, nothing is logged."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response

from classifier.domain import Context, Verdict
from service.api.answers import accounts_of, score_of
from service.api.comments import read_batch, spend_batch
from service.api.operations import operation
from service.errors import Problem
from service.preview import contexts_of
from service.schemas import MAX_BATCH_ITEMS, ScoreBatchOut, ScoreIn, ScoreOut, ScoreResult, Submission
from service.store.accounts import Site
from service.web import MAX_BATCH_BYTES, MAX_COMMENT_BYTES, answer, parse, read_bytes, request_id, web


@operation("POST", "/v1/score", scope="write", body=ScoreIn, answers={200: ScoreOut})
def score_comment(site: Site) -> Response:
    """Score a comment without storing anything.

    The same body as for submitting; the answer is what the machine would decide on it, with scores and reasons. What is
    stored of the article, and of the comment that `parent_id` names, is looked up and counts as it does for a decision.
    With `explain` it says as well what every score is made of.
    """
    submission = parse(ScoreIn, read_bytes(MAX_COMMENT_BYTES))
    here = web()
    [context] = contexts_of(here.store, site.id, [submission])
    [verdict] = _judged(site, [context])
    scored = score_of(verdict)
    if submission.explain and verdict.scores:
        [policy] = here.policies.policies_for([(site.id, context.article)])
        accounts = here.brain.explain(context, policy, site.id)
        if accounts is not None:
            scored.explanation = accounts_of(accounts)
    return answer(scored)


@operation(
    "POST",
    "/v1/score/batch",
    scope="write",
    batch_of=Submission,
    body_description=f"A JSON array, or one object a line (application/x-ndjson); at most {MAX_BATCH_ITEMS:,} items.",
    answers={200: ScoreBatchOut},
)
def score_batch(site: Site) -> Response:
    """Score up to 1,000 comments without storing anything."""
    here = web()
    items = read_batch(MAX_BATCH_BYTES)
    spend_batch(here, site, len(items))
    good = [index for index, item in enumerate(items) if isinstance(item, Submission)]
    contexts = contexts_of(here.store, site.id, [item for item in items if isinstance(item, Submission)])
    verdicts = _judged(site, contexts)
    results = [
        ScoreResult.model_construct(index=index, status=item.status, score=None, problem=item.out(request_id()))
        if isinstance(item, Problem)
        else ScoreResult.model_construct(index=index, status=200, score=None, problem=None)
        for index, item in enumerate(items)
    ]
    for index, verdict in zip(good, verdicts, strict=True):
        results[index].score = score_of(verdict)
    return answer(ScoreBatchOut.model_construct(results=results))


def _judged(site: Site, contexts: Sequence[Context]) -> list[Verdict]:
    """Verdicts under the policies of the site."""
    here = web()
    policies = here.policies.policies_for([(site.id, context.article) for context in contexts])
    return here.brain.judge(contexts, policies, sites=[site.id] * len(contexts))
