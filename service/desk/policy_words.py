"""A policy in sentences, as a moderator would say what the site asks for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from classifier.domain import HEADS
from classifier.owner import Mode
from classifier.policy_tables import PolicyDocument, ThresholdsTable
from service.desk.words import Lazy, gettext, lazy_gettext, ngettext

HEAD_NAMES: Final[dict[str, Lazy]] = {
    "spam": lazy_gettext("Spam"),
    "toxicity": lazy_gettext("Abuse"),
    "severe_toxicity": lazy_gettext("Severe abuse"),
    "insult": lazy_gettext("Insults"),
    "threat": lazy_gettext("Threats"),
    "identity_attack": lazy_gettext("Attacks on groups of people"),
    "obscene": lazy_gettext("Obscene words"),
    "sexual": lazy_gettext("Sexual content"),
}
MODE_NAMES: Final[dict[Mode, Lazy]] = {
    Mode.ALL: lazy_gettext("every comment"),
    Mode.FIRST_TIME_AUTHORS: lazy_gettext("comments of authors who have not proved themselves"),
    Mode.WITH_LINKS: lazy_gettext("comments with links"),
    Mode.OLD_ARTICLES: lazy_gettext("comments under old articles"),
    Mode.LISTED_AUTHORS: lazy_gettext("comments of listed authors"),
}
HARM_NAMES: Final[dict[str, Lazy]] = {
    "threat": lazy_gettext("Direct threats"),
    "doxing": lazy_gettext("Private addresses and numbers"),
    "self_harm": lazy_gettext("Calls to self-harm"),
    "group": lazy_gettext("Calls to kill a group of people"),
}
ACTION_NAMES: Final[dict[str, Lazy]] = {"hold": lazy_gettext("hold"), "reject": lazy_gettext("reject")}


def sentences(document: PolicyDocument) -> Iterator[str]:
    """What holds, the weightiest first."""
    for head in HEADS:
        said = _thresholds(str(HEAD_NAMES[head]), getattr(document.heads, head))
        if said:
            yield said
    harms = document.harm
    rejected = [str(name) for key, name in HARM_NAMES.items() if getattr(harms, key) == "reject"]
    if rejected:
        yield gettext("Rejected at once, whatever the scores: %(what)s.", what=", ".join(rejected))
    else:
        yield gettext("Direct threats, private addresses and calls to harm are held and shown first.")
    yield from _premoderation(document)
    yield from _closed(document)
    rules = [rule for rule in document.rules.values() if rule.enabled]
    if rules:
        yield ngettext("%(num)d rule about words.", "%(num)d rules about words.", len(rules))
    for name, table in ((gettext("Always let in"), document.allow), (gettext("Kept out"), document.block)):
        count = sum(len(getattr(table, kind)) for kind in ("domains", "emails", "names", "ips", "ids"))
        if count:
            yield ngettext("%(what)s: %(num)d entry.", "%(what)s: %(num)d entries.", count, what=name)


def _thresholds(name: str, table: ThresholdsTable) -> str:
    if table.hold_at is None and table.reject_at is None:
        return ""
    if table.reject_at is None:
        return gettext("%(what)s: held from %(hold)s on.", what=name, hold=percent(table.hold_at))
    if table.hold_at is None:
        return gettext("%(what)s: rejected from %(reject)s on.", what=name, reject=percent(table.reject_at))
    return gettext(
        "%(what)s: held from %(hold)s on, rejected from %(reject)s on.",
        what=name,
        hold=percent(table.hold_at),
        reject=percent(table.reject_at),
    )


def _premoderation(document: PolicyDocument) -> Iterator[str]:
    modes = document.premoderation.modes
    if modes:
        named = ", ".join(str(MODE_NAMES[mode]) for mode in modes)
        yield gettext("Waits for a person, however harmless: %(what)s.", what=named)


def _closed(document: PolicyDocument) -> Iterator[str]:
    closed = document.closed
    if closed.always:
        yield gettext("Closed: no comments are taken.")
    elif closed.after_days is not None:
        yield ngettext(
            "Articles take no comments after %(num)d day.",
            "Articles take no comments after %(num)d days.",
            closed.after_days,
        )


def percent(chance: float | None) -> str:
    """A line of the policy as people say it."""
    return "-" if chance is None else f"{chance * 100:g}\N{NO-BREAK SPACE}%"
