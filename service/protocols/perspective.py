"""Perspective's protocol: scores of a text, and what they should have been.

``analyze`` judges where ``/v1/score`` does and keeps nothing, whatever ``doNotStore`` says; ``suggestscore`` makes
rulings of what people say.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

from flask import Flask, Response, request

from classifier.domain import Action, Context
from classifier.relevance import language_in
from classifier.text import Document, read
from service import checks
from service.api.comments import retrying
from service.checks import Feedback
from service.errors import Problem
from service.moderation import ErasedError, ExistsError
from service.protocols.akismet_fields import clean, is_address
from service.protocols.perspective_attributes import ATTRIBUTES, LANGUAGES, REASONS, Judged
from service.protocols.perspective_discovery import discovery_document
from service.protocols.perspective_requests import (
    GoogleError,
    Wanted,
    bad_key,
    document,
    flag,
    no_key,
    over_quota,
    read_request,
    refused,
    requested_attributes,
    suggested_scores,
)
from service.protocols.sentences import sentences, utf16_offsets
from service.protocols.speaking import Protocol, read_body
from service.schemas import ArticleIn, CommentIn, Submission
from service.scopes import Scope
from service.store.accounts import Site
from service.waiting import seconds_left
from service.web import KIB, Web, now, web

VERSION: Final = "v1alpha1"
#: The longest text, escaped letter by letter, with some context.
MAX_BODY_BYTES: Final = 512 * KIB
#: From this suggested score on, a person finds that the text should not appear.
REJECTED_FROM: Final = 0.5
MODERATOR: Final = "perspective"

Answering = Callable[[Web, Site, Wanted], Response]


def analyze(here: Web, site: Site, wanted: Wanted) -> Response:
    """The scores of a text."""
    thresholds = requested_attributes(wanted)
    if not here.brain.is_ready(seconds_left(here.settings.protocol_wait_seconds)):
        raise GoogleError("The service is currently unavailable.", 503, headers={"Retry-After": "1"})
    context = Context(text=wanted.text)
    [policy] = here.policies.policies_for([(site.id, context.article)])
    [verdict] = here.brain.judge([context], [policy], sites=[site.id])
    if not verdict.scores:
        raise GoogleError("Internal error encountered.", 500)
    whole = Judged(verdict.scores, read(wanted.text), policy)
    values = {name: ATTRIBUTES[name](whole) for name in thresholds}
    shown = {name: value for name, value in values.items() if value >= thresholds[name]}
    parts = _parts(here, site, wanted.text, whole) if flag(wanted, "spanAnnotations") and shown else []
    detected = _detected(site, whole.document)
    answer: dict[str, Any] = {
        "attributeScores": {name: _scores(name, value, parts) for name, value in shown.items()},
        "languages": list(wanted.languages) or [detected],
        "detectedLanguages": [detected],
    }
    return document(answer | _echoed(wanted))


def suggest_score(here: Web, site: Site, wanted: Wanted) -> Response:
    """What people say of a text is stored, with a ruling on it."""
    suggested = suggested_scores(wanted)
    name, value = max(suggested.items(), key=lambda item: item[1])
    action = Action.REJECT if value >= REJECTED_FROM else Action.APPROVE
    said = Feedback(
        submission=_submission(site, wanted),
        digest=checks.digest_of(here.settings.secret, site.id, wanted.text),
        action=action,
        moderator=MODERATOR,
        reason=REASONS[name] if action is Action.REJECT else None,
        note=_note(suggested, wanted),
    )
    _learn(here, site, said)
    detected = _detected(site, read(wanted.text))
    answer = {"detectedLanguages": [detected], "requestedLanguages": list(wanted.languages) or [detected]}
    return document(answer | _echoed(wanted))


def _learn(here: Web, site: Site, said: Feedback) -> None:
    moment = now()

    def learn(feedback: Feedback) -> None:
        retrying(lambda: here.store.write(lambda c: checks.learn(c, site.id, feedback, moment, here.keep)))

    try:
        learn(said)
    except ExistsError:  # the id had another text before; both are labels
        comment = said.submission.comment.model_copy(update={"id": None})
        learn(replace(said, submission=Submission(article=said.submission.article, comment=comment)))
    except ErasedError:
        return


def _parts(here: Web, site: Site, text: str, whole: Judged) -> list[tuple[int, int, Judged]]:
    """The sentences, each judged by itself, between their places in UTF-16 units."""
    found = sentences(text)
    at = utf16_offsets(text)
    if len(found) == 1:
        return [(0, at[-1], whole)]
    texts = [text[begin:end] for begin, end in found]
    scores = here.brain.scores(texts, whole.policy, site.id)
    return [
        (at[begin], at[end], Judged(each, read(part), whole.policy))
        for (begin, end), part, each in zip(found, texts, scores, strict=True)
    ]


def _scores(name: str, value: float, parts: list[tuple[int, int, Judged]]) -> dict[str, Any]:
    spans = [{"begin": begin, "end": end, "score": _score(ATTRIBUTES[name](part))} for begin, end, part in parts]
    return {**({"spanScores": spans} if spans else {}), "summaryScore": _score(value)}


def _score(value: float) -> dict[str, Any]:
    return {"value": round(value, 8), "type": "PROBABILITY"}


def _detected(site: Site, text: Document) -> str:
    """The text's language; the site's when it is not plain or one that we do not offer."""
    found = language_in(text)
    return found if found is not None and found in LANGUAGES else site.options.language


def _echoed(wanted: Wanted) -> dict[str, str]:
    token = wanted.token("clientToken")
    return {} if token is None else {"clientToken": token}


def _submission(site: Site, wanted: Wanted) -> Submission:
    """The text as a comment; Coral says in the context which one it is and where it stands."""
    known = _coral_context(wanted)
    token = clean(wanted.token("clientToken") or "")
    own = f"coral:{known['Coral_comment_id']}" if "Coral_comment_id" in known else f"perspective:{token}" * bool(token)
    parent = known.get("reply_to_id_Coral_comment_id")
    url = known.get("url", "")
    comment = CommentIn(
        id=own if 0 < len(own) <= 500 else None,
        text=wanted.text,
        parent_id=f"coral:{parent}" if parent and len(parent) < 490 else None,
    )
    return Submission(article=ArticleIn(url=url if is_address(url) else site.url), comment=comment)


def _coral_context(wanted: Wanted) -> Mapping[str, str]:
    for text in wanted.context_texts[:1]:
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            return {}
        if isinstance(found, dict):
            return {name: clean(value) for name, value in found.items() if isinstance(value, str) and value}
    return {}


def _note(suggested: Mapping[str, float], wanted: Wanted) -> str:
    """What was suggested, and on whose behalf."""
    parts = [f"{name} {value:g}" for name, value in suggested.items()]
    for label, name in (("community", "communityId"), ("session", "sessionId"), ("token", "clientToken")):
        value = clean(wanted.token(name) or "")
        if value:
            parts.append(f"{label} {value[:200]}")
    return "; ".join(parts)


def _route(answering: Answering, needs: Scope, **arguments: Any) -> Response:
    del arguments
    here = web()
    try:
        site = _site(here, needs)
        allowance = here.writes.spend(site.id)
        if not allowance.allowed:
            raise over_quota(allowance.headers(), here.settings.write_rate_per_second)
        return answering(here, site, read_request(_body()))
    except GoogleError as error:
        return error.response()


def _body() -> bytes:
    try:
        return read_body(MAX_BODY_BYTES)
    except Problem:
        raise refused("Comment text too long.", "COMMENT_TOO_LONG") from None


def _site(here: Web, needs: Scope) -> Site:
    key = request.args.get("key", "") or request.headers.get("X-Goog-Api-Key", "")
    if not key:
        raise no_key()
    site = here.keys.site_of(key.strip().lower(), needs)
    if site is None:
        here.keys.note_failure(request)
        raise bad_key()
    return site


def _discovery(**arguments: Any) -> Response:
    """What Google's clients make their methods from; without a key, or with a good one."""
    del arguments
    here = web()
    try:
        if request.args.get("key"):
            _site(here, Scope.SUBMIT)
    except GoogleError as error:
        return error.response()
    if request.args.get("version", VERSION) != VERSION:
        raise Problem("not_found", "There is no such version.")
    base = here.settings.public_url or request.host_url
    return document(discovery_document(base.rstrip("/") + "/"))


def _register(app: Flask) -> None:
    routes = (
        ("analyze", partial(_route, analyze, Scope.SUBMIT)),
        ("suggestscore", partial(_route, suggest_score, Scope.MODERATE)),
    )
    for prefix, label in (("", ""), ("/<path:prefix>", "_prefixed")):
        for method, view in routes:
            app.add_url_rule(
                f"{prefix}/{VERSION}/comments:{method}",
                endpoint=f"perspective_{method}{label}",
                view_func=view,
                methods=["POST"],
                provide_automatic_options=False,
            )
        app.add_url_rule(
            f"{prefix}/$discovery/rest",
            endpoint=f"perspective_discovery{label}",
            view_func=_discovery,
            methods=["GET"],
            provide_automatic_options=False,
        )


def _fault(problem: Problem) -> Response:
    return GoogleError(problem.detail, problem.status, headers=problem.headers).response()


def _owns(path: str) -> bool:
    return f"/{VERSION}/" in path or path.endswith("/$discovery/rest")


PERSPECTIVE: Final = Protocol("perspective", _owns, _register, _fault)
