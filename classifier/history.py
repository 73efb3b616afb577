"""What a site's own experience says: the author's record, the pace of comments, copies, the domains they link to.

Trust is earned slowly and bounded. It belongs to an identity as strong as the one that earned it: a typed address
borrows next to nothing, while bad history counts in full whoever typed it. Only approved comments of substance that
are like no other earn any, and it fades when the author stays away.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from math import log2
from typing import Final

from classifier.domain import Action, AuthorRecord, Context, DomainRecord, Identity, Signal, Span
from classifier.domains import domain_of, domains_of
from classifier.text import Document
from classifier.vocabulary import is_common

#: After so long without a comment, half of an author's history is forgotten.
HALF_LIFE: Final = timedelta(days=180)
#: Trust cannot be earned in one sitting.
PROBATION: Final = timedelta(days=2)
#: How many earned comments make an author known.
EARNED_FROM: Final = 3
#: The most that trust may speak for a comment, in logits.
MOST_TRUST: Final = {Identity.SIGNED: 1.5, Identity.VERIFIED: 1.0, Identity.TYPED: 0.2}
#: With a link in the comment trust is worth no more than this: accounts are sold for their links.
MOST_TRUST_WITH_LINK: Final = 0.5
#: How many good comments may be set against bad ones under an address that anybody can type.
TYPED_EXCUSES: Final = 2.0
MOST_DISTRUST: Final = 2.5
#: Of so many good comments one may have been rejected before trust ends.
FORGIVEN: Final = 1 / 20

#: Words a comment must have, and different uncommon ones among them, to be more than a greeting.
SUBSTANCE_WORDS: Final = 15
SUBSTANCE_RARE_WORDS: Final = 6

#: Comments in ten minutes from which on it is unusual, and how many more add one logit.
AUTHOR_USUAL: Final = 8
NETWORK_USUAL: Final = 20
SITE_USUAL: Final = 60
SITE_FACTOR: Final = 8
#: When one network writes nearly all of a site's comments, the blog sends us its own proxy's address.
NETWORK_SHARE: Final = 0.8

KNOWN_DOMAIN_FROM: Final = 5
_UNSEEN: Final = DomainRecord()


def has_substance(document: Document) -> bool:
    """Whether a comment says enough to earn its author trust: sentences of its own, and no link."""
    words = document.words
    if document.links or len(words) < SUBSTANCE_WORDS:
        return False
    return len({word for word in words if len(word) > 3 and not is_common(word)} | _long(words)) >= SUBSTANCE_RARE_WORDS


def _long(words: list[str]) -> set[str]:
    return {word for word in words if len(word) > 6}


def is_known(record: AuthorRecord | None, *, typed: bool) -> bool:
    """Whether an author has proved themselves: by a comment of substance, or one that a person approved.

    Greetings that only the machine let through prove nothing. Nor does an address that anybody can type, unless it is
    asked for (``typed``).
    """
    if record is None or (record.identity is Identity.TYPED and not typed):
        return False
    return max(record.earned, record.ruled_approved) > record.rejected


def author_signals(context: Context, document: Document) -> Iterator[Signal]:
    """The author's earlier comments on this site."""
    record = context.record
    if record is None:
        return
    kept = _kept(record, context.now)
    bad = _bad(record) * kept
    if bad:
        good = (record.earned + record.ruled_approved) * kept
        excuses = min(good, TYPED_EXCUSES) if record.identity is Identity.TYPED else good
        weight = MOST_DISTRUST * bad / (bad + excuses + 1)
        if weight >= 0.05:
            yield Signal(code="author.rejected_before", message=_rejected(record), weight=round(weight, 4), head="spam")
    trust = _trust(record, context.now) * kept
    if document.links or context.author.url:
        trust = min(trust, MOST_TRUST_WITH_LINK)
    forgiven = 0.0 if record.identity is Identity.TYPED else record.earned * FORGIVEN
    if trust and bad <= forgiven:
        yield Signal(
            code="author.approved_before",
            message=f"{_comments(record.approved)} of this author {_were(record.approved)} approved before"
            f" ({_HOW[record.identity]}).",
            weight=-round(trust, 4),
            head="spam",
        )


_HOW: Final = {
    Identity.SIGNED: "signed in",
    Identity.VERIFIED: "verified e-mail address",
    Identity.TYPED: "typed e-mail address",
}


def _bad(record: AuthorRecord) -> float:
    """Rejections; those that a person made count twice."""
    return float(record.rejected + record.ruled_rejected)


def _trust(record: AuthorRecord, now: datetime | None) -> float:
    if record.earned < EARNED_FROM or not _was_on_probation(record, now):
        return 0.0
    earned = record.earned + min(record.ruled_approved, record.earned)
    return min(0.4 * log2(1 + earned), 1.5) / 1.5 * MOST_TRUST[record.identity]


def _was_on_probation(record: AuthorRecord, now: datetime | None) -> bool:
    return record.first_seen is not None and now is not None and now - record.first_seen >= PROBATION


def _kept(record: AuthorRecord, now: datetime | None) -> float:
    if record.last_seen is None or now is None or now <= record.last_seen:
        return 1.0
    return float(0.5 ** ((now - record.last_seen) / HALF_LIFE))


def _rejected(record: AuthorRecord) -> str:
    message = f"{_comments(record.rejected)} of this author {_were(record.rejected)} rejected before"
    if record.ruled_rejected:
        message += f", {record.ruled_rejected} by a moderator"
    return f"{message}."


def _comments(count: int) -> str:
    return "1 comment" if count == 1 else f"{count:,} comments"


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def rate_signals(context: Context, document: Document) -> Iterator[Signal]:
    """More comments than people write."""
    del document
    rates = context.rates
    if rates is None:
        return
    if rates.author is not None and rates.author > AUTHOR_USUAL:
        yield _fast("velocity.author", f"{rates.author} comments of this author", rates.author / AUTHOR_USUAL, 1.5)
    if rates.network is not None and rates.network > NETWORK_USUAL and not _is_own_proxy(rates.network, rates.site):
        yield _fast("velocity.network", f"{rates.network} comments from this network", rates.network / NETWORK_USUAL, 1)
    usual = rates.site_usual
    if rates.site is not None and usual is not None and rates.site > max(SITE_USUAL, SITE_FACTOR * usual):
        times = rates.site / max(usual, SITE_USUAL / SITE_FACTOR)
        yield _fast("velocity.site", f"{rates.site} comments on this site", times / SITE_FACTOR, 0.3)


def _fast(code: str, what: str, times: float, most: float) -> Signal:
    weight = min(0.3 + 0.4 * log2(max(times, 1)), most)
    return Signal(
        code=code, message=f"{what} in ten minutes, far more than usual.", weight=round(weight, 4), head="spam"
    )


def _is_own_proxy(network: int, site: int | None) -> bool:
    return site is not None and network >= NETWORK_SHARE * site


def domain_signals(context: Context, document: Document) -> Iterator[Signal]:
    """What the site knows of the domains that the comment, or the author's name, links to."""
    if context.domains is None:
        return
    found = domains_of(context, document)
    if not found:
        return
    spans: dict[str, list[Span]] = {}
    for link in document.links[:20]:
        spans.setdefault(domain_of(link.target) or "", []).append(link.span)
    records = {domain: context.domains.get(domain, _UNSEEN) for domain in found}
    bad = {domain: weight for domain, record in records.items() if (weight := _badness(record)) >= 0.2}
    new = [domain for domain, record in records.items() if not (record.approved or record.rejected)]
    if bad:
        worst = max(bad, key=bad.__getitem__)
        record = records[worst]
        yield Signal(
            code="links.bad_domain",
            message=f"{_comments(record.rejected)} with a link to {worst} {_were(record.rejected)} rejected before.",
            weight=round(bad[worst], 4),
            spans=tuple(spans.get(worst, ())),
            head="spam",
        )
    if new:
        yield Signal(
            code="links.new_domain",
            message=f"Nobody has linked to {new[0]} here before.",
            weight=0.3,
            spans=tuple(span for domain in new for span in spans.get(domain, ())),
            head="spam",
        )
    if not bad and not new and all(_is_known_domain(record, context.now) for record in records.values()):
        yield Signal(
            code="links.known_domain",
            message="All links lead where approved comments linked before.",
            weight=-0.4,
            spans=tuple(span for domain in found for span in spans.get(domain, ())),
            head="spam",
        )


def _badness(record: DomainRecord) -> float:
    """One machine's rejection alone says little; a person's says much, and approvals speak against it."""
    bad = record.rejected + 2 * record.ruled_rejected
    good = record.approved + 2 * record.ruled_approved
    return 3.0 * bad / (bad + 3.0 * good + 2.0) if bad > good else 0.0


def _is_known_domain(record: DomainRecord, now: datetime | None) -> bool:
    """Known by a person's approval, or by many of the machine's over time, so that a wave cannot vouch for itself."""
    if record.rejected:
        return record.approved >= 20 * record.rejected and record.ruled_approved > record.ruled_rejected
    if record.ruled_approved:
        return True
    old = record.first_seen is not None and now is not None and now - record.first_seen >= PROBATION
    return old and record.approved >= KNOWN_DOMAIN_FROM


def likeness_signals(context: Context, document: Document) -> Iterator[Signal]:
    """The same words, or nearly the same, from others or under other articles."""
    del document
    like = context.likeness
    if like is None or not like.similar:
        return
    share = like.rejected / like.similar
    welcome = like.approved > like.rejected and like.approved >= like.similar / 2
    outcome = f", {like.rejected:,} of them rejected" if like.rejected else ""
    if like.same:
        times = "once" if like.same == 1 else f"{like.same:,} times"
        weight = min(0.5 + 0.5 * log2(like.same), 2.0)
        yield Signal(
            code="duplicate.same_text",
            message=f"The same text was posted here {times} in {like.days} days{outcome}.",
            weight=round(weight * (0.3 if welcome else 1.0), 4),
            head="spam",
        )
    if like.similar - like.same >= 2 or like.rejected:
        comments = "1 comment" if like.similar == 1 else f"{like.similar:,} comments"
        weight = min(0.3 * log2(1 + like.similar), 1.5) + 1.5 * share
        yield Signal(
            code="campaign.near_duplicate",
            message=f"{comments} like this in {like.days} days{outcome}.",
            weight=round(weight * (0.3 if welcome else 1.0), 4),
            head="spam",
            forces=Action.HOLD if like.rejected >= 3 and share >= 0.5 else None,
        )
