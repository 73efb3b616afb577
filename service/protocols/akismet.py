"""Akismet's protocol: is this comment spam, and who was wrong about it.

Refusals are 200 with a text, since most clients take any other status for a failure of the line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from flask import Flask, Response, request
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

import config.logs
from classifier.domain import Action, Status
from classifier.lessons import RulingReason
from service import callbacks, checks
from service.api.comments import retrying
from service.checks import BY_ADMINISTRATOR, Asked, Feedback
from service.errors import Problem
from service.hooks import rules_from
from service.preview import contexts_of
from service.protocols import akismet_reports as reports
from service.protocols.akismet_answers import (
    HAM,
    SPAM,
    THANKS,
    Told,
    invalid,
    is_administrator,
    is_test,
    plain,
    told_of_status,
    told_of_test,
)
from service.protocols.akismet_fields import Fields, read_fields, submission_of
from service.protocols.speaking import Protocol, read_body, spend
from service.rows import Keep
from service.schemas import Submission
from service.scopes import Scope
from service.store.accounts import Site
from service.waiting import PATIENCE, decided_within, seconds_left, standing
from service.web import MAX_COMMENT_BYTES, Web, now, web

log = config.logs.get("akismet")

#: Calls that name the key they are about as ``key``; others know ``api_key`` alone.
_NAME_A_KEY: Final = ("key", "api_key")
_KEY: Final = ("api_key",)

Answering = Callable[[Web, Site, Fields], Response]


@dataclass(frozen=True, slots=True)
class _Call:
    """One call of the API: who answers, where the key may be, and what it must be allowed to."""

    answering: Answering
    names: tuple[str, ...] = _KEY
    needs: Scope = Scope.SUBMIT


def check(here: Web, site: Site, fields: Fields) -> Response:
    """Whether a comment is spam. It is stored and decided, now or, when time is up, later."""
    spend(here.writes, site)
    guid = checks.new_guid()
    told = told_of_test(fields)
    if told is not None:
        return told.response(guid)
    submission = submission_of(fields, site.url)
    if is_test(fields) or fields.says_yes("akismet_pre_check"):
        return _told_of_preview(here, site, fields, submission).response(guid)
    told = _told_of_comment(here, site, fields, submission, guid)
    response = told.response(guid)
    # Counting is a write of its own, and nobody needs to wait for it.
    response.call_on_close(partial(_count, here, site, guid, told))
    callback = fields.get("callback")
    if callback and callbacks.is_of_site(callback, site, rules_from(here.settings)):
        response.call_on_close(partial(_remember_callback, here, site, callback, fields.get("api_key")))
    return response


def feedback(here: Web, site: Site, fields: Fields, action: Action) -> Response:
    """What a person says of a comment, which has the last word; the client is thanked whatever comes of it."""
    spend(here.writes, site)
    text = fields.raw("comment_content")
    guid = fields.get("guid")
    if is_test(fields) or not (text.strip() or guid):
        return plain(THANKS)
    reporter = fields.get("reporter")
    said = Feedback(
        submission=submission_of(fields, site.url),
        digest=checks.digest_of(here.settings.secret, site.id, text),
        action=action,
        moderator=reporter[:150] if reporter and "@" not in reporter else "akismet",
        reason=RulingReason.SPAM if action is Action.REJECT else None,
        guid=guid,
        told={"true": "spam", "false": "ham"}.get(fields.get("comment_check_response").lower()),  # type: ignore[arg-type]
    )
    moment = now()
    retrying(lambda: here.store.write(lambda connection: checks.learn(connection, site.id, said, moment, here.keep)))
    return plain(THANKS)


def submit_spam(here: Web, site: Site, fields: Fields) -> Response:
    """This is spam."""
    return feedback(here, site, fields, Action.REJECT)


def submit_ham(here: Web, site: Site, fields: Fields) -> Response:
    """This is not."""
    return feedback(here, site, fields, Action.APPROVE)


def verify_key(here: Web, site: Site, fields: Fields) -> Response:
    """Whether the key is one."""
    del here, site, fields
    return plain("valid")


def deactivate(here: Web, site: Site, fields: Fields) -> Response:
    """WordPress' plugin was switched off; the key goes on living."""
    del here, fields
    log.info("akismet.deactivated", site=site.id)
    return plain("deactivated")


def _told_of_preview(here: Web, site: Site, fields: Fields, submission: Submission) -> Told:
    """What would be decided, with nothing stored; a pingback whose page is still to be fetched is only refused."""
    [context] = contexts_of(here.store, site.id, [submission])
    policies = here.policies.policies_for([(site.id, context.article)])
    [verdict] = here.brain.judge([context], policies, sites=[site.id])
    if fields.says_yes("akismet_pre_check"):
        return SPAM if verdict.action is Action.REJECT else HAM
    status = {Action.APPROVE: Status.APPROVED, Action.HOLD: Status.HELD, Action.REJECT: Status.REJECTED}[verdict.action]
    return _mapped(site, fields, status, verdict.scores.get("spam"))


def _told_of_comment(here: Web, site: Site, fields: Fields, submission: Submission, guid: str) -> Told:
    digest = checks.digest_of(here.settings.secret, site.id, submission.comment.text)
    by_administrator = is_administrator(fields)
    asked = Asked(guid, digest, submission, BY_ADMINISTRATOR if by_administrator else None)
    comment_id = _known(here, site, asked) if fields.get("recheck_reason") else None
    if comment_id is None:
        comment_id = retrying(lambda: here.store.write_each(_ask_together, (site.id, here.keep), asked))
    row = standing(here, site, comment_id)
    if by_administrator:
        return HAM
    if row is not None and row.status == Status.PENDING:
        left = seconds_left(here.settings.protocol_wait_seconds)
        row = decided_within(here, site, comment_id, left, patience=PATIENCE) or row
    if row is None:
        return _mapped(site, fields, Status.PENDING, None)
    by_machine = row.ruling_action is None and row.decision_action == Action.REJECT
    return _mapped(site, fields, Status(row.status), (row.scores or {}).get("spam") if by_machine else None)


def _mapped(site: Site, fields: Fields, status: Status, machine_spam: float | None) -> Told:
    return told_of_status(
        status,
        site.options,
        machine_spam=machine_spam,
        user_agent=request.headers.get("User-Agent", ""),
        again=bool(fields.get("recheck_reason")),
    )


def _known(here: Web, site: Site, asked: Asked) -> str | None:
    """The comment that is asked about again."""
    with here.store.read() as connection:
        earlier = checks.find(connection, site.id, "", asked.digest, asked.submission.comment.author)
    if earlier is None:
        return None
    moment = now()
    here.store.write(lambda connection: checks.ask_again(connection, site.id, asked, earlier.comment_id, moment))
    return earlier.comment_id


def _ask_together(connection: Connection, kind: tuple[str, Keep], asked: list[Asked]) -> list[str]:
    site_id, keep = kind
    return checks.ask(connection, site_id, asked, now(), keep)


def _count(here: Web, site: Site, guid: str, told: Told) -> None:
    """Note the answer after it was given; a count that is lost with the database is no reason to fail."""
    moment = now()
    try:
        here.store.write(lambda connection: checks.answered(connection, site.id, guid, told.answer, moment))
    except SQLAlchemyError as error:
        log.warning("akismet.uncounted", error=type(error).__name__)


def _remember_callback(here: Web, site: Site, url: str, key: str) -> None:
    """Note where WordPress wants to be told, after it was answered; it says so again with the next check."""
    secret, moment = here.settings.secret, now()
    try:
        here.store.write(lambda c: callbacks.remember(c, site, url, key, secret=secret, now=moment))
    except SQLAlchemyError as error:
        log.warning("akismet.callback_forgotten", error=type(error).__name__)


def _route(call: _Call, **arguments: Any) -> Response:
    """Find the site by the key, wherever that is, and answer."""
    del arguments
    here = web()
    body = read_body(MAX_COMMENT_BYTES)
    fields = read_fields(request.headers.get("Content-Type", ""), body, request.query_string)
    key = (fields.one_of(*call.names) or _first_label(request.headers.get("Host", ""))).lower()
    try:
        site = here.keys.site_of(key, call.needs)
    except Problem as problem:
        return invalid(problem.detail)
    if site is None:
        here.keys.note_failure(request)
        revoked = bool(key) and here.keys.was_revoked(key)
        return invalid("The API key is missing, unknown or revoked.", revoked=revoked)
    return call.answering(here, site, fields.with_key(key))


def _first_label(host: str) -> str:
    return host.partition(".")[0].strip()


def _never(here: Web, site: Site, fields: Fields) -> Response:
    del here, site, fields
    return invalid("There are no accounts of WordPress.com here; use the API key of your site.")


def _nowhere(**arguments: Any) -> Response:
    del arguments
    raise Problem("not_found", "There is no such address.")


_CALLS: Final = {
    "1.1/verify-key": _Call(verify_key, _NAME_A_KEY),
    "1.1/comment-check": _Call(check),
    "1.1/submit-spam": _Call(submit_spam, needs=Scope.MODERATE),
    "1.1/submit-ham": _Call(submit_ham, needs=Scope.MODERATE),
    "1.1/deactivate": _Call(deactivate, _NAME_A_KEY),
    "1.1/token": _Call(reports.token, needs=Scope.READ),
    "1.1/get-subscription": _Call(reports.subscription, _NAME_A_KEY, Scope.READ),
    "1.1/get-stats": _Call(reports.stats, _NAME_A_KEY, Scope.READ),
    "1.1/get-key-stats": _Call(reports.stats, _NAME_A_KEY, Scope.READ),
    "1.1/verify-wpcom-key": _Call(_never),
    "1.2/usage-limit": _Call(reports.usage_limit, needs=Scope.READ),
    "1.2/key-sites": _Call(reports.key_sites, needs=Scope.READ),
}


def _register(app: Flask) -> None:
    for path, call in _CALLS.items():
        version, _, name = path.partition("/")
        app.add_url_rule(
            f"/{path}",
            endpoint=f"akismet_{name.replace('-', '_')}",
            view_func=partial(_route, call),
            methods=["POST"] if version == "1.1" else ["GET", "POST"],
            provide_automatic_options=False,
        )


def _fault(problem: Problem) -> Response:
    return plain(problem.detail, problem.headers, problem.status)


AKISMET: Final = Protocol("akismet", lambda path: path.startswith(("/1.1/", "/1.2/")), _register, _fault)
