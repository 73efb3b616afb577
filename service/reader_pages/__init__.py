"""The page on which a reader sees where their comment stands, and may ask once for another look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, Response, current_app, g, redirect, render_template, request
from sqlalchemy.engine import Connection
from werkzeug.wrappers import Response as BaseResponse

from classifier.domain import Status
from service.desk import language
from service.desk.words import Lazy, gettext, iso, lazy_gettext, moment
from service.limits import Bucket
from service.moderation import ModerationError
from service.queue import connect
from service.reader_links import PREFIX, comment_of
from service.readers import MAX_APPEAL_CHARS, AppealReason, appeal
from service.store import readers as store
from service.store.comments import AnyRow
from service.web import now, web

#: Requests that one address may make, per second and at once.
RATE: Final = 2
BURST: Final = 60
_BUCKET: Final = "sluice-readers"

pages: Final = Blueprint("reader", __name__, url_prefix=PREFIX.rstrip("/"))

#: Why a comment is not published, by the beginning of a reason's code or by the reason of a ruling. Which rule or word
#: it was is not told: that would teach spammers most of all.
_WHY: Final[dict[str, Lazy]] = {
    "spam": lazy_gettext("It reads like advertising."),
    "abuse": lazy_gettext("It reads as hurtful to somebody."),
    "harm": lazy_gettext("It could harm somebody: a threat, or a call to hurt."),
    "privacy": lazy_gettext("It seems to give away private facts about somebody."),
    "off_topic": lazy_gettext("It is not about the article."),
    "duplicate": lazy_gettext("It was sent before."),
    "rules": lazy_gettext("This site has a rule about it."),
}
_OF_RULING: Final = {
    "spam": "spam",
    "threat": "harm",
    "privacy": "privacy",
    "off_topic": "off_topic",
    "duplicate": "duplicate",
    "exception": "rules",
    "other": "rules",
}
_OF_CODE: Final = (
    (("threat.", "harm.", "model.threat"), "harm"),
    (("privacy.",), "privacy"),
    (("model.spam", "links.", "author.", "phone.", "form.", "campaign.", "likeness.", "relevance."), "spam"),
    (("model.",), "abuse"),
)
REASONS: Final[dict[AppealReason, Lazy]] = {
    AppealReason.NOT_ADVERTISING: lazy_gettext("It is no advertising."),
    AppealReason.NOT_ABUSIVE: lazy_gettext("It hurts nobody."),
    AppealReason.MISUNDERSTOOD: lazy_gettext("It was misunderstood."),
    AppealReason.OTHER: lazy_gettext("Something else."),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page says."""

    heading: str
    sentence: str
    why: str | None = None
    by: str | None = None
    may_appeal: bool = False
    appeal: str | None = None


def register(app: Any) -> None:
    """Put the reader's pages into the app."""
    app.extensions[_BUCKET] = Bucket(connect(app.extensions["sluice"].settings.redis_address), "reader", RATE, BURST)
    app.register_blueprint(pages)


@pages.get("/<token>")
def standing(token: str) -> BaseResponse:
    """Where the comment stands."""
    return _limited() or _page(token)


@pages.post("/<token>")
def ask_again(token: str) -> BaseResponse:
    """Ask for another look; the page says so afterwards. The address is the permission, so no cookie is needed."""
    limited = _limited()
    if limited is not None:
        return limited
    here = web()
    comment_id = comment_of(here.settings.secret, token)
    row = None if comment_id is None else _row(comment_id)
    if comment_id is None or row is None:
        return _page(token)
    reason = next((each for each in AppealReason if each == request.form.get("reason")), AppealReason.OTHER)
    text = request.form.get("text", "").replace("\0", "").strip()[:MAX_APPEAL_CHARS] or None
    made_at = now()

    def work(connection: Connection) -> None:
        appeal(connection, row.site_id, comment_id, reason, text, now=made_at)

    try:
        here.store.write(work)
    except ModerationError:
        return _page(token)  # it says how things are now
    return redirect(f"{PREFIX}{token}", 303)


def _page(token: str) -> BaseResponse:
    comment_id = comment_of(web().settings.secret, token)
    row = None if comment_id is None else _row(comment_id)
    if row is None:
        heading = gettext("There is no such page")
        return _rendered(Shown(heading, gettext("Check the address: a letter may be missing.")), None, token, 404)
    shown = shown_of(row)
    return _rendered(shown, row, token, 410 if row.status == Status.ERASED else 200)


def _rendered(shown: Shown, row: AnyRow | None, token: str, status: int) -> BaseResponse:
    body = render_template(
        "reader/status.html",
        shown=shown,
        row=row,
        address=f"{PREFIX}{token}",
        reasons=REASONS,
        longest=MAX_APPEAL_CHARS,
        language=language.shown(),
        direction=language.direction(),
        moment=moment,
        iso=iso,
    )
    return Response(body, status, {"X-Robots-Tag": "noindex, nofollow"}, content_type="text/html; charset=utf-8")


def shown_of(row: AnyRow) -> Shown:
    """What to tell the author of a comment."""
    status = Status(row.status)
    appealed = row.appealed_at is not None
    if status is Status.ERASED:
        return Shown(gettext("Erased"), gettext("This comment was erased. Nothing of it is kept."))
    if status is Status.APPROVED:
        again = gettext("Somebody looked again, as you asked, and published it.") if appealed else None
        return Shown(gettext("Published"), gettext("Your comment is published."), appeal=again)
    if status in {Status.PENDING, Status.HELD}:
        return Shown(gettext("Waiting"), gettext("Your comment waits for a look. You need not send it again."))
    looked_again = appealed and row.ruled and row.ruled_at is not None and row.ruled_at > row.appealed_at
    said = None
    if looked_again:
        said = gettext("Another person looked again, as you asked. It stays unpublished.")
    elif appealed:
        said = gettext("You asked for another look. Another person will take it; this page will tell what came of it.")
    by = gettext("A moderator decided this.") if row.ruled else gettext("This was decided automatically.")
    return Shown(
        gettext("Not published"),
        gettext("Your comment was not published."),
        why=str(_WHY[_kind(row)]),
        by=by,
        may_appeal=not appealed,
        appeal=said,
    )


def _kind(row: AnyRow) -> str:
    if row.ruled and row.ruling_reason is not None:
        return _OF_RULING.get(row.ruling_reason, "abuse")
    for reason in row.reasons or ():
        for beginnings, kind in _OF_CODE:
            if reason["code"].startswith(beginnings):
                return kind
    return "rules"


def _row(comment_id: str) -> AnyRow | None:
    with web().store.read() as connection:
        return store.standing_for_reader(connection, comment_id)


def _limited() -> BaseResponse | None:
    bucket: Bucket = current_app.extensions[_BUCKET]
    allowance = bucket.spend(web().keys.address_digest(request, "reader"))
    if allowance.allowed:
        return None
    shown = Shown(gettext("A little slower, please"), gettext("Wait a moment, then load the page again."))
    response = _rendered(shown, None, "", 429)
    g.limit_headers = allowance.headers()
    return response
