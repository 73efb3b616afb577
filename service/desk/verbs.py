"""What was done, in the person's language."""

from __future__ import annotations

from typing import Any, Final

from service.acts import Verb
from service.desk.words import Lazy, gettext, lazy_gettext, ngettext
from service.store.comments import AnyRow

_DONE: Final[dict[Verb, Lazy]] = {
    Verb.APPROVE: lazy_gettext("approved a comment"),
    Verb.REJECT: lazy_gettext("rejected a comment"),
    Verb.HOLD: lazy_gettext("put a comment into the queue"),
    Verb.PROPOSE: lazy_gettext("proposed a ruling"),
    Verb.ESCALATE: lazy_gettext("escalated a comment"),
    Verb.SKIP: lazy_gettext("skipped a comment"),
    Verb.NOTE: lazy_gettext("wrote a note"),
    Verb.TAKE_OVER: lazy_gettext("took over from a colleague"),
    Verb.ERASE: lazy_gettext("erased a comment"),
    Verb.REPORT: lazy_gettext("reported a comment"),
    Verb.APPEAL: lazy_gettext("asked for another look"),
    Verb.BATCH: lazy_gettext("ruled on many"),
    Verb.UNDO: lazy_gettext("took an act back"),
    Verb.POLICY: lazy_gettext("changed the policy"),
    Verb.IMPORT: lazy_gettext("imported comments"),
    Verb.EXPORT: lazy_gettext("downloaded a table"),
    Verb.MODEL: lazy_gettext("changed the models"),
    Verb.PEOPLE: lazy_gettext("changed who may do what"),
    Verb.SETTING: lazy_gettext("changed a setting"),
}
#: What left, by what `Verb.EXPORT` keeps of it: tables from the desk, whole files from the command line.
_TABLES: Final[dict[str, Lazy]] = {
    "history": lazy_gettext("downloaded the history as a table"),
    "queue": lazy_gettext("downloaded the queue as a table"),
    "site": lazy_gettext("exported everything that the site owns"),
    "person": lazy_gettext("exported everything that is stored of one person"),
}
_KINDS: Final[dict[str, Lazy]] = {
    "selection": lazy_gettext("a selection"),
    "sweep": lazy_gettext("a sweep"),
    "campaign": lazy_gettext("a campaign"),
    "search": lazy_gettext("a search"),
}


def verb_words(act: AnyRow) -> str:
    """What an act did: "rejected a comment", "rejected 61 comments (a campaign)"."""
    verb, detail = Verb(act.verb), act.detail or {}
    if verb is Verb.BATCH:
        return _many(detail)
    if verb is Verb.UNDO and act.comment_id is None and "count" in detail:
        return ngettext("took back %(num)d ruling", "took back %(num)d rulings", int(detail["count"]))
    if verb is Verb.EXPORT and detail.get("what") in _TABLES:
        return _exported(detail)
    said = str(_DONE[verb])
    more = _more(verb, detail)
    return f"{said} ({more})" if more else said


def _many(detail: dict[str, Any]) -> str:
    count = int(detail.get("count", 0))
    kind = _KINDS.get(str(detail.get("kind")))
    match detail.get("action"):
        case "approve":
            said = ngettext("approved %(num)d comment", "approved %(num)d comments", count)
        case "reject":
            said = ngettext("rejected %(num)d comment", "rejected %(num)d comments", count)
        case _:
            said = ngettext("put %(num)d comment into the queue", "put %(num)d comments into the queue", count)
    return f"{said} ({kind})" if kind else said


def _exported(detail: dict[str, Any]) -> str:
    said = str(_TABLES[detail["what"]])
    if detail.get("format"):
        return f"{said} ({str(detail['format']).upper()})"
    if "comments" in detail:
        return f"{said} ({ngettext('%(num)d comment', '%(num)d comments', int(detail['comments']))})"
    return said


def _more(verb: Verb, detail: dict[str, Any]) -> str:
    """What it was about, where the verb alone does not say it."""
    if verb is Verb.POLICY and "version" in detail:
        return gettext("%(scope)s, version %(version)s", scope=detail.get("scope"), version=detail["version"])
    if verb is Verb.MODEL and "version" in detail:
        did = {
            "add": gettext("added %(model)s", model=detail["version"]),
            "promote": gettext("%(model)s decides now", model=detail["version"]),
            "remove": gettext("removed %(model)s", model=detail["version"]),
        }
        return did.get(str(detail.get("did")), str(detail["version"]))
    if verb is Verb.PEOPLE and "who" in detail:
        did = {
            "add": gettext("%(name)s is new here", name=detail["who"]),
            "role": gettext("%(name)s has no role any more", name=detail["who"]),
            "disable": gettext("%(name)s is let in no more", name=detail["who"]),
            "enable": gettext("%(name)s is let in again", name=detail["who"]),
            "reset": gettext("%(name)s begins anew", name=detail["who"]),
        }
        said = did.get(str(detail.get("did")), str(detail["who"]))
        return gettext("%(name)s is %(role)s", name=detail["who"], role=detail["role"]) if detail.get("role") else said
    if verb is Verb.PROPOSE and "action" in detail:
        return str(detail["action"])
    return ""
