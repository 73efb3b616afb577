"""What goes wrong at the desk, in kind words on a page."""

from __future__ import annotations

from typing import Final

from flask import Response, render_template
from flask_wtf.csrf import CSRFError

from service.desk.words import Lazy, gettext, lazy_gettext
from service.errors import Problem
from service.roles import Right

_WORDS: Final[dict[int, tuple[Lazy, Lazy]]] = {
    400: (
        lazy_gettext("This could not be understood"),
        lazy_gettext("Go back, load the page again, and try once more. Nothing was changed."),
    ),
    403: (
        lazy_gettext("This is not yours to do"),
        lazy_gettext("An admin can give you the right. Nothing was changed."),
    ),
    404: (
        lazy_gettext("There is no such page"),
        lazy_gettext("It may be gone, or belong to a site that you do not moderate."),
    ),
    405: (
        lazy_gettext("This page is not used that way"),
        lazy_gettext("Go back and use the buttons of the page. Nothing was changed."),
    ),
    413: (
        lazy_gettext("That is too much at once"),
        lazy_gettext("Send less of it. Nothing was changed."),
    ),
    429: (
        lazy_gettext("A little slower, please"),
        lazy_gettext("Wait a minute, then try again."),
    ),
    503: (
        lazy_gettext("The database does not answer"),
        lazy_gettext("Comments are safe. Try again in a moment; nothing was changed."),
    ),
}
#: What each right lets people do, as the end of "Your role does not let you …".
_RIGHTS: Final[dict[Right, Lazy]] = {
    Right.VIEW: lazy_gettext("see this"),
    Right.RULE: lazy_gettext("decide about comments"),
    Right.NOTE: lazy_gettext("write notes"),
    Right.ESCALATE: lazy_gettext("escalate comments"),
    Right.CONFIRM: lazy_gettext("give second looks or take back what colleagues decided"),
    Right.BULK: lazy_gettext("decide about many comments at once"),
    Right.EXPORT: lazy_gettext("download tables"),
    Right.ERASE: lazy_gettext("erase comments"),
    Right.POLICY: lazy_gettext("change the policy"),
    Right.LEARN: lazy_gettext("train or change models"),
    Right.CONNECT: lazy_gettext("manage keys, webhooks and imports"),
    Right.USERS: lazy_gettext("manage people"),
}
_OURS: Final = (
    lazy_gettext("Something went wrong on our side"),
    lazy_gettext("Try again. If it stays, tell whoever runs Sluice the number below; it finds the cause in the log."),
)
_STALE: Final = (
    lazy_gettext("This page was open for too long"),
    lazy_gettext("You signed in or out since it was loaded, so the button did nothing. Load the page again."),
)


def error_page(error: Exception, problem: Problem) -> Response:
    """The page for an error that reached the app."""
    heading, sentence = _STALE if isinstance(error, CSRFError) else _WORDS.get(problem.status, _OURS)
    return _page(problem.status, heading, sentence, problem.headers)


def no_right_page(right: Right) -> Response:
    """The page for somebody who may see the site, but not do this."""
    heading, sentence = _WORDS[403]
    return _page(403, heading, f"{missing_words(right)} {sentence}", {})


def missing_words(right: Right) -> str:
    """What somebody's role does not let them do."""
    return gettext("Your role does not let you %(do)s.", do=str(_RIGHTS[right]))


def _page(status: int, heading: Lazy, sentence: Lazy | str, headers: dict[str, str]) -> Response:
    body = render_template("desk/error.html", status=status, heading=str(heading), sentence=str(sentence))
    return Response(body, status, headers)
