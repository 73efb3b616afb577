"""What the scores of a decision are made of, worked out again from what is stored of it."""

from __future__ import annotations

from typing import Final

from flask import Response

from classifier.domain import Action, Signal, Span, Status
from service.api.answers import accounts_of
from service.api.comments import facts
from service.api.operations import operation
from service.errors import Problem, refused
from service.moderation import ErasedError
from service.schemas_explained import ExplanationOut
from service.store import comments as store
from service.store.accounts import Site
from service.store.comments import AnyRow
from service.web import answer, web

#: Reasons that are no signals: the whole of a score, and what the site taught, which is worked out again.
_NO_SIGNALS: Final = ("model.", "site.")


@operation(
    "GET",
    "/v1/comments/{id}/explanation",
    scope="read",
    answers={200: ExplanationOut},
    problems=("not_found", "comment.erased", "explanation.unavailable"),
)
def explain_comment(site: Site, comment_id: str) -> Response:
    """Read what the scores of the current decision are made of.

    Worked out from the stored text by the model that decided, with the signals and rules that were recorded; so only as
    long as that model is in use. An approved comment's signals are not recorded, and stand as one amount. The policy's
    lines are told if it is still the policy that decided.
    """
    here = web()
    row = facts(here, site, comment_id)
    if row.status == Status.ERASED:
        raise refused(ErasedError("This comment was erased."))
    if not row.scores:
        raise Problem("explanation.unavailable", "No model has decided on this revision; there is nothing to explain.")
    with here.store.read() as connection:
        stored = store.text_of(connection, comment_id, row.revision)
        article = store.article_of(connection, row.article_id)
    if stored is None:
        raise Problem("not_found", "There is no such comment.")
    [policy] = here.policies.policies_for([(site.id, article)])
    lines = policy if policy.version == row.policy else None
    accounts = here.brain.explain_again(
        row.model, stored[0], signals=_signals(row), policy=lines, scores=row.scores, site_id=site.id
    )
    if accounts is None:
        raise Problem(
            "explanation.unavailable",
            f"The model {row.model}, which decided, is not in use any more; POST /v1/score explains what is said now.",
        )
    return answer(
        ExplanationOut.model_construct(
            id=row.id,
            revision=row.revision,
            action=Action(row.decision_action),
            model=row.model,
            policy=row.policy,
            accounts=accounts_of(accounts),
        )
    )


def _signals(row: AnyRow) -> list[Signal]:
    """The recorded reasons that were added to a score."""
    return [
        Signal(
            code=reason["code"],
            message=reason["message"],
            weight=reason["weight"],
            head=reason.get("head"),
            spans=tuple(Span(*span) for span in reason.get("spans", ())),
        )
        for reason in row.reasons
        if not reason["code"].startswith(_NO_SIGNALS)
    ]
