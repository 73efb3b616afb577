"""What may be different about a comment besides its text: each with the words that say so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from classifier.domain import Action, Author, AuthorRecord, Context, Identity, Signal
from classifier.history import MOST_TRUST
from classifier.owner import Demand, Source


@dataclass(frozen=True, slots=True)
class Fact:
    """Something known of a comment that signals speak of, and how to leave it out."""

    codes: tuple[str, ...]
    noun: str
    phrase: str
    change: Callable[[Context], Context]

    def removed(self, signals: Sequence[Signal]) -> list[Signal]:
        """The signals against the comment that go with this fact."""
        return [
            signal
            for signal in signals
            if signal.code in self.codes and (signal.weight > 0 or signal.forces is not None)
        ]


def _author(context: Context, **changes: str | None) -> Context:
    author: Author = replace(context.author, **changes)  # type: ignore[arg-type]
    return replace(context, author=author)


def _no_rejections(context: Context) -> Context:
    record = context.record
    return context if record is None else replace(context, record=replace(record, rejected=0, ruled_rejected=0))


_NAMES: Final = ("author.keyword_name", "author.name_is_link", "author.long_name")

FACTS: Final = (
    Fact(
        ("form.honeypot",),
        "the hidden form field",
        "Without an entry in the hidden form field",
        lambda all_: replace(all_, honeypot=None),
    ),
    Fact(
        ("form.too_fast",),
        "the haste of the form",
        "If the form had not been sent so fast",
        lambda all_: replace(all_, form_seconds=None),
    ),
    Fact(
        (*_NAMES, "author.trade_name", "author.disguised_name"),
        "the author's name",
        "Without the author's name",
        lambda all_: _author(all_, name=None),
    ),
    Fact(
        ("author.keyword_url", "author.cheap_domain", "author.odd_url", "author.praise_with_link"),
        "the author's web address",
        "Without the author's web address",
        lambda all_: _author(all_, url=None),
    ),
    Fact(
        ("author.disposable_mail", "author.keyword_mail", "author.keyword_mail_domain"),
        "the author's e-mail address",
        "Without the author's e-mail address",
        lambda all_: _author(all_, email=None),
    ),
    Fact(
        ("author.rejected_before",),
        "the author's past",
        "If no comment of the author had been rejected before",
        _no_rejections,
    ),
    Fact(
        ("velocity.author", "velocity.network", "velocity.site"),
        "the pace of comments",
        "If comments did not come so fast",
        lambda all_: replace(all_, rates=None),
    ),
    Fact(
        ("duplicate.same_text", "campaign.near_duplicate"),
        "its likeness to other comments",
        "If no other comment read like it",
        lambda all_: replace(all_, likeness=None),
    ),
)

#: What a known author gains at most: enough to see whether it is worth trying.
MOST_GAINED: Final = MOST_TRUST[Identity.SIGNED]
KNOWN_PHRASE: Final = "If the author were known (signed in, and many comments approved before)"
_MANY: Final = 50


def known(context: Context) -> Context:
    """The same from an author who has signed in for a year and whose many comments were approved."""
    now = context.now or context.created_at or datetime.now(UTC)
    record = AuthorRecord(
        identity=Identity.SIGNED,
        approved=_MANY,
        earned=_MANY,
        first_seen=now - timedelta(days=365),
        last_seen=now,
    )
    return replace(context, record=record, now=now)


#: What signals about the text point at.
_PASSAGES: Final = {
    "threat.direct": "the direct threat",
    "harm.self": "the call to self-harm",
    "privacy.address": "the address",
    "privacy.phone": "the telephone number",
}


def named(signal: Signal) -> str:
    """What a signal speaks of, in words that stand inside a sentence."""
    if signal.code in _PASSAGES:
        return _PASSAGES[signal.code]
    if signal.code.startswith("rule."):
        return f"the rule “{signal.code.removeprefix('rule.')}”"
    nouns = [fact.noun for fact in FACTS if signal.code in fact.codes]
    return nouns[0] if nouns else f"“{signal.message.rstrip('.')}”"


def without_demand(demand: Demand) -> str | None:
    """How to say that a wish of the owner is left out; nothing for one that speaks for the comment."""
    signal = demand.signal
    if signal.forces is Action.APPROVE or (signal.forces is None and signal.weight <= 0):
        return None
    if demand.source is Source.RULE:
        return f"Without {named(signal)}"
    if demand.source is Source.CLOSED:
        return "If comments on the article were open"
    if demand.source is Source.LIST:
        return f"Without the entry on the block list ({signal.code})"
    return _GATES.get(signal.code)


#: The gate for authors who were never approved is not here: a known author passes it.
_GATES: Final = {
    "premoderation.all": "If not every comment were looked at first",
    "premoderation.links": "If comments with links were not looked at first",
    "premoderation.old_article": "If comments on old articles were not looked at first",
    "premoderation.listed_author": "If the author were not on the list of those looked at first",
}
