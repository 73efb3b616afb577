"""Three decisions on a protocol that knows two: what an Akismet client is told, and in which headers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from flask import Response

from classifier.domain import Status
from service.checks import Answer
from service.protocols.akismet_fields import Fields
from service.site_options import SiteOptions

CONTENT_TYPE: Final = "text/plain; charset=utf-8"
GUID: Final = "X-akismet-guid"
PRO_TIP: Final = "X-akismet-pro-tip"
RECHECK_AFTER: Final = "X-akismet-recheck-after"
ALERT_CODE: Final = "X-akismet-alert-code"
ALERT_MESSAGE: Final = "X-akismet-alert-msg"
#: Akismet's code for a site that its owner took off the key.
REVOKED: Final = "10403"
DEBUG_HELP: Final = "X-akismet-debug-help"

THANKS: Final = "Thanks for making the web a better place."
#: WordPress keeps a comment pending for so long, 180 days, or until somebody decides.
PENDING_SECONDS: Final = 15_552_000
#: The first version of WordPress' plugin that knows what pending is.
_KNOWS_PENDING: Final = (5, 5)
_WORDPRESS: Final = re.compile(r"WordPress/\S{1,40} \| Akismet/(\d{1,3})\.(\d{1,3})")

SPAM_AUTHOR: Final = "viagra-test-123"
SPAM_NAME: Final = "akismet-guaranteed-spam"
SPAM_EMAIL: Final = "akismet-guaranteed-spam@example.com"


@dataclass(frozen=True, slots=True)
class Told:
    """An answer to a check."""

    answer: Answer
    discard: bool = False
    recheck_after: int | None = None

    def response(self, guid: str) -> Response:
        """As the client reads it."""
        headers = {GUID: guid}
        if self.discard:
            headers[PRO_TIP] = "discard"
        if self.recheck_after is not None:
            headers[RECHECK_AFTER] = str(self.recheck_after)
        return plain("true" if self.answer == "spam" else "false", headers)


HAM: Final = Told("ham")
SPAM: Final = Told("spam")
DISCARD: Final = Told("spam", discard=True)


def told_of_test(fields: Fields) -> Told | None:
    """The answer that certain values always get; nothing when there is none of them."""
    if fields.says_yes("is_test") and fields.says_yes("test_discard"):
        return DISCARD
    if is_administrator(fields):
        return HAM if fields.says_yes("is_test") or _markers(fields) else None
    return (None, SPAM, DISCARD)[_markers(fields)]


def is_test(fields: Fields) -> bool:
    """Whether nothing may be learned or counted, nor put before a moderator."""
    return fields.says_yes("is_test") or _markers(fields) > 0


def is_administrator(fields: Fields) -> bool:
    """Whether an administrator of the blog wrote this."""
    return "administrator" in (role.strip() for role in fields.get("user_role").lower().split(","))


def told_of_status(
    status: Status, options: SiteOptions, *, machine_spam: float | None, user_agent: str, again: bool
) -> Told:
    """What the client is told of a comment that stands so.

    ``machine_spam`` is the spam score by which the machine, and no person, rejected it. What has no decision yet is as
    if it were held. ``again``: the client asks a second time, and is never told to wait for another one.
    """
    if status is Status.APPROVED:
        return HAM
    if status is Status.REJECTED:
        limit = options.discard_above
        return DISCARD if limit is not None and machine_spam is not None and machine_spam >= limit else SPAM
    if options.hold_as == "ham":
        return HAM
    if options.hold_as == "pending" and not again and _knows_pending(user_agent):
        return Told("ham", recheck_after=PENDING_SECONDS)
    return SPAM


def plain(text: str, headers: Mapping[str, str] | None = None, status: int = 200) -> Response:
    """A bare text, which clients compare as a whole."""
    return Response(text, status, headers, content_type=CONTENT_TYPE)


def invalid(help_text: str, *, revoked: bool = False) -> Response:
    """A refusal; one client takes it for spam unless the reason stands beside it.

    That a key was ``revoked`` is the one thing of which the owner of a blog is told an alert, since only they can act.
    """
    alert = {ALERT_CODE: REVOKED, ALERT_MESSAGE: "This API key was revoked; enter the site's new one."}
    return plain("invalid", {DEBUG_HELP: help_text, **(alert if revoked else {})})


def _markers(fields: Fields) -> int:
    author = fields.get("comment_author").lower()
    by_author = SPAM_AUTHOR in author or author == SPAM_NAME
    return by_author + (fields.get("comment_author_email").lower() == SPAM_EMAIL)


def _knows_pending(user_agent: str) -> bool:
    found = _WORDPRESS.match(user_agent)
    return found is not None and (int(found[1]), int(found[2])) >= _KNOWS_PENDING
