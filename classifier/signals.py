"""Deterministic checks: named evidence from one comment's context alone, which holds what the site knows of it.

Each check looks at one thing and gives its signals. Weights are in logits towards trouble. No check decides by a word
list alone that a comment is rejected; those that ask for an action ask for a person's look.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b
from itertools import pairwise
from typing import Final

import re2

from classifier.commerce import COMMERCE, DISPOSABLE_MAIL, FREE_MAIL, SHORTENERS, STRONG_COMMERCE, WEAK_TLDS
from classifier.dense import host_of
from classifier.domain import MAX_TEXT_CHARS, Action, Context, Signal, Span
from classifier.harms import harm_signals
from classifier.history import author_signals, domain_signals, is_known, likeness_signals, rate_signals
from classifier.phrases import KINDS, terms
from classifier.relevance import ON_TOPIC, language_in, relevance, relevance_signals
from classifier.text import MAIL_MARK, Document, Link, link_words, read, words_of
from classifier.thanks import MOST_WORDS, THANKS, THANKS_WITH_LINK, is_mostly_praise, is_plain_thanks, praise
from classifier.vocabulary import FLAGS, SEVERITY_BITS

#: Only the beginning of the text was read.
UNREAD: Final = "text.too_long"


def find_signals(context: Context, document: Document) -> tuple[Signal, ...]:
    """All evidence beside the text model, in a fixed order."""
    found: list[Signal] = []
    for check in _CHECKS:
        found += check(context, document)
    speaking = {signal.code for signal in found if _speaks_of_spam(signal)}
    if not speaking:
        calm = not any(signal.head == "spam" and signal.weight > 0 for signal in found)
        found += _harmless(context, document, calm=calm)
    elif speaking == {_PRAISE_WITH_LINK} and len(document.words) <= MOST_WORDS:
        found.append(THANKS_WITH_LINK)
    return tuple(found)


def _speaks_of_spam(signal: Signal) -> bool:
    """Whether it is about what the comment sells, or a plain sign of a machine, and not about circumstances only."""
    if signal.head != "spam" or signal.weight <= 0:
        return False
    return signal.forces is not None or not signal.code.startswith(_CIRCUMSTANCES)


#: Haste, an author's past, copies and unknown domains happen to honest comments too: they may ask for a person's look,
#: and do not let a machine reject what offers nothing.
_CIRCUMSTANCES: Final = (
    "relevance.", "language.", "velocity.", "duplicate.", "campaign.", "form.too_fast", "author.rejected_before",
    "links.new_domain",
)  # fmt: skip


def _harmless(context: Context, document: Document, *, calm: bool) -> Iterator[Signal]:
    """What keeps the spam score in its place when nothing else speaks for spam.

    ``calm``: no circumstance (haste, copies, an author's past) speaks against it either.
    """
    if not offers(document):
        yield _NOTHING_OFFERED
        if calm and _has_nothing_to_gain(context) and is_plain_thanks(document.words):
            yield THANKS
        elif _says_little(document):
            yield _SHORT
    elif len(document.links) == 1 and not _offers_more_than_links(document) and not _calls(document):
        yield _ONE_LINK


_NOTHING_OFFERED: Final = Signal(
    code="offer.none",
    message="Nothing is offered (no link, address, number or word of trade), so a person decides.",
    weight=0.0,
    head="spam",
    caps=Action.HOLD,
)
_ONE_LINK: Final = Signal(
    code="offer.one_link",
    message="One plain link is all that is offered, so a person decides.",
    weight=0.0,
    head="spam",
    caps=Action.HOLD,
)
# A handful of ordinary words gives the model little to go by, and what it has learnt of short texts is chat spam.
_SHORT: Final = Signal(
    code="text.short", message="A few ordinary words that offer nothing and praise nothing.", weight=-3.0, head="spam"
)
_PRAISE_WITH_LINK: Final = "author.praise_with_link"
_FEW_WORDS: Final = 6
_CALL: Final = frozenset({KINDS.index("call")})
_TRADES: Final = frozenset(KINDS.index(kind) for kind in ("offer", "money", "gambling", "health", "adult", "seo"))


def offers(document: Document) -> bool:
    """Whether a text holds what spam is sent for: a link, an address, a number, a word of trade."""
    return bool(document.links) or _offers_more_than_links(document)


def _offers_more_than_links(document: Document) -> bool:
    return bool(MAIL_MARK in document.text or _gives_number(document) or _has_kind(document, _TRADES))


def _gives_number(document: Document) -> bool:
    """Whether there is a telephone number."""
    return _PHONE.search(document.visible) is not None or "<phone>" in document.visible


def _calls(document: Document) -> bool:
    return _has_kind(document, _CALL)


def _has_nothing_to_gain(context: Context) -> bool:
    """Whether nobody could follow the author anywhere, or the author is known here."""
    url = context.author.url
    return not (url and url.strip()) or is_known(context.record, typed=False)


def _says_little(document: Document) -> bool:
    text = document.text
    few = bool(text) and len(document.words) <= _FEW_WORDS
    return few and not any(map(str.isdigit, text)) and not praise(document) and not _calls(document)


def _has_kind(document: Document, kinds: frozenset[int]) -> bool:
    counts = document.kinds
    return any(counts[kind] for kind in kinds)


def _limits(context: Context, document: Document) -> Iterator[Signal]:
    if not document.text:
        yield Signal(code="text.empty", message="There is no readable text.", weight=0.0, forces=Action.HOLD)
    elif len(context.text) > MAX_TEXT_CHARS:
        yield Signal(
            code=UNREAD,
            message=f"The text is longer than {MAX_TEXT_CHARS:,} characters; only its beginning was read.",
            weight=0.0,
            forces=Action.HOLD,
        )


def _form(context: Context, document: Document) -> Iterator[Signal]:
    del document
    if context.honeypot and context.honeypot.strip():
        yield Signal(
            code="form.honeypot",
            message="A form field that people cannot see was filled in.",
            weight=4.0,
            head="spam",
            forces=Action.HOLD,
        )
    seconds = context.form_seconds
    if seconds is not None and 0 <= seconds < 3:
        yield Signal(
            code="form.too_fast",
            message=f"The form was sent {seconds:.1f} s after it was shown.",
            weight=2.0 if seconds < 1 else 1.0,
            head="spam",
        )


def _links(context: Context, document: Document) -> Iterator[Signal]:
    del context
    links = document.links
    if len(links) >= 3:
        yield _spam(
            "links.many", f"The comment has {len(links)} links.", min(0.4 * (len(links) - 2), 2.0), _spans(links)
        )
    hidden = [link for link in links if link.hidden and not _shows(document, link)]
    if hidden:
        yield _spam("links.hidden", "A link leads somewhere the text does not show.", 1.2, _spans(hidden))
    short = [link for link in links if host_of(link.target) in SHORTENERS]
    if short:
        yield _spam("links.shortener", "A link hides its target behind a shortener or messenger.", 1.2, _spans(short))
    odd = [link for link in links if _is_odd_host(host_of(link.target))]
    if odd:
        yield _spam("links.odd_host", "A link has a numeric or disguised host name.", 1.5, _spans(odd))
    selling = [link for link in links if _sells(link_words(link.target).split())]
    if selling:
        yield _spam("links.keywords", "A link's address is made of sales words.", 1.5, _spans(selling))


def _author_name(context: Context, document: Document) -> Iterable[Signal]:
    del document
    name = context.author.name
    if not name or not name.strip():
        return ()
    return _of_name(name[:400], with_link=bool(context.author.url))


#: What is said of names met before, by digest, so that no name is kept; emptied when it has grown large.
_NAMES: Final[dict[tuple[bytes, bool], tuple[Signal, ...]]] = {}
_REMEMBERED: Final = 4_096


def _of_name(name: str, *, with_link: bool) -> tuple[Signal, ...]:
    key = (blake2b(name.encode("utf-8", "surrogatepass"), digest_size=16).digest(), with_link)
    found = _NAMES.get(key)
    if found is None:
        if len(_NAMES) >= _REMEMBERED:
            _NAMES.clear()
        found = _NAMES[key] = tuple(_in_name(name, with_link=with_link))
    return found


def _in_name(name: str, *, with_link: bool) -> Iterator[Signal]:
    read_name = read(name)
    words = words_of(read_name.text)
    strength = _commerce(words)
    if strength >= 2:
        # Whatever such an author writes, it is written for the name's sake.
        message = "The author's name is a sales phrase."
        plain = _unmistakable(words)
        weight = 4.0 + min(strength, 4) / 2 if plain else 2.0
        yield _spam("author.keyword_name", message, weight, forces=Action.HOLD if plain else None)
    elif strength and _OF_ANY_NAME.isdisjoint(words) and (len(words) >= 3 or with_link):
        yield _spam("author.trade_name", "The author's name holds a word of trade.", 1.5)
    if read_name.links:
        yield _spam("author.name_is_link", "The author's name is a web address.", 2.5)
    elif len(words) >= 6:
        yield _spam("author.long_name", "The author's name is a sentence.", 1.5)
    if read_name.disguises.total:
        yield _spam("author.disguised_name", "The author's name uses disguised letters.", 1.0)


def _author_url(context: Context, document: Document) -> Iterator[Signal]:
    url = context.author.url
    if not url or not url.strip():
        return
    yield from _in_address(url[:2000], host_of(url))
    if _has_nothing_to_gain(context) and is_plain_thanks(document.words):
        return
    if is_mostly_praise(document) and ((near := relevance(context, document)) is None or near < ON_TOPIC):
        yield _spam(_PRAISE_WITH_LINK, "General praise, with a link on the author's name.", 2.5)


def _in_address(url: str, host: str) -> Iterator[Signal]:
    words = link_words(url).split()
    strength = max(_commerce(words), _commerce_inside(host))
    if strength >= 2:
        message = "The author's web address is made of sales words."
        plain = _unmistakable(words) or _commerce_inside(host) > 0
        weight = 2 + min(strength, 4) / 2 if plain else 1.5
        yield _spam("author.keyword_url", message, weight, forces=Action.HOLD if plain else None)
    if host.rsplit(".", 1)[-1] in WEAK_TLDS:
        yield _spam("author.cheap_domain", "The author's web address is in a zone that spam favours.", 1.0)
    if _is_odd_host(host) or host in SHORTENERS:
        yield _spam("author.odd_url", "The author's web address hides where it leads.", 1.5)


def _author_mail(context: Context, document: Document) -> Iterator[Signal]:
    del document
    mail = (context.author.email or "").strip().lower()
    if "@" not in mail:
        return
    local, _, domain = mail.rpartition("@")
    if domain in DISPOSABLE_MAIL:
        yield _spam("author.disposable_mail", "The e-mail address is a throw-away one.", 1.5)
    if _commerce(re.split(r"[^a-z]+", local)) >= 2:
        yield _spam("author.keyword_mail", "The e-mail address is made of sales words.", 1.5)
    if domain not in FREE_MAIL and _commerce_inside(domain) >= 2:
        yield _spam("author.keyword_mail_domain", "The e-mail domain is made of sales words.", 1.5)


# Few characters begin a match, so the standard engine is the quicker one.
_PHONE: Final = re.compile(r"[0-9][0-9() .\-]{8,17}[0-9]")
_HELPLINE: Final = re2.compile(
    r"\b(?:customer (?:care|service|support)|tech(?:nical)? support|support (?:number|phone|team|line)|"
    r"help ?(?:line|desk)|toll[ -]?free|hotline|contact number|phone number|call now|call us|whatsapp|wa me)\b"
)
# People pass on the number of a crisis line; that must not be lost to a machine.
_CRISIS: Final = re2.compile(
    r"suicid|samaritans|crisis|lifeline|self[- ]harm|domestic (?:violence|abuse)|childline|telefonseelsorge|selbstmord|"
    r"sos amitié|teléfono de la esperanza|centro de valorização|телефон доверия|самоуби"
)
_CRISIS_LINE: Final = Signal(
    code="phone.crisis_line",
    message="A number is given to people in need, so a person decides.",
    weight=-1.0,
    head="spam",
    caps=Action.HOLD,
)


def _support_scam(context: Context, document: Document) -> Iterator[Signal]:
    del context
    if not _gives_number(document):
        return
    match = _HELPLINE.search(document.text)
    if not document.links and _CRISIS.search(document.text) is not None:
        yield _CRISIS_LINE
    elif match is not None:
        yield _spam(
            "phone.helpline", "A phone number is offered as a helpline.", 2.5, (document.raw_span(*match.span()),)
        )


# Scripts in which we had no comment labelled for abuse: there the model's doubt is mostly about the script.
# Letters that are neither Latin nor Hangul; the standard engine counts single characters several times faster than re2.
_UNLEARNT: Final = re.compile(r"[^\W\d_A-Za-z\u00aa-\u024f\u1e00-\u1eff\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")


# Languages in Latin letters without such a comment whose smallest words ("un", "bir") the model takes for abuse. Others
# without one, such as French, Dutch and Polish, do not suffer: they would lose insults and gain nothing.
_MISREAD: Final = frozenset({"it", "tr"})
#: Letters of Turkish and its nearest relatives alone; several are needed, since one may be a disguise.
_TURKISH: Final = re.compile("[ığ]")
_FEWEST_TURKISH: Final = 2


def _language(context: Context, document: Document) -> Iterator[Signal]:
    del context
    text = document.text[:2000]
    if not text.isascii() and 2 * len(_UNLEARNT.findall(text)) > sum(map(str.isalpha, text)):
        what, weight = "script", -2.0
    elif _is_misread(document):
        what, weight = "language", -1.0
    else:
        return
    if not any(FLAGS[word] & SEVERITY_BITS for word in words_of(text)):
        yield Signal(
            code="language.unlearnt",
            message=f"The model has learnt what abuse is from no text in this {what}, so its doubt counts less.",
            weight=weight,
            head="toxicity",
        )


def _is_misread(document: Document) -> bool:
    language = language_in(document)
    if language is None:
        return len(_TURKISH.findall(document.visible[:2000].lower())) >= _FEWEST_TURKISH
    return language in _MISREAD


_Check = Callable[[Context, Document], Iterable[Signal]]


def _once(check: _Check) -> _Check:
    """A check of the text alone, done once for each text however often its context is changed."""

    def remembered(context: Context, document: Document) -> Iterable[Signal]:
        found: tuple[Signal, ...] | None = document.memo.get(check)
        if found is None:
            found = document.memo[check] = tuple(check(context, document))
        return found

    return remembered


_CHECKS: Final[tuple[_Check, ...]] = (
    _limits,
    _form,
    _once(_links),
    _author_name,
    _author_url,
    _author_mail,
    author_signals,
    rate_signals,
    likeness_signals,
    domain_signals,
    relevance_signals,
    _once(_support_scam),
    _once(harm_signals),
    _once(_language),
)


def _spam(code: str, message: str, weight: float, spans: tuple[Span, ...] = (), forces: Action | None = None) -> Signal:
    return Signal(code=code, message=message, weight=weight, spans=spans, head="spam", forces=forces)


def _spans(links: Sequence[Link]) -> tuple[Span, ...]:
    return tuple(link.span for link in links[:20])


def _shows(document: Document, link: Link) -> bool:
    """Whether the reader can see the host a link leads to."""
    return host_of(link.target) in document.visible.lower()


def _is_odd_host(host: str) -> bool:
    return host.startswith("xn--") or ".xn--" in host or not host.isascii() or host.replace(".", "").isdigit()


#: Surnames and slogans have them too.
_OF_ANY_NAME: Final = terms("real free best rich price top school auto")
#: Parts of addresses that say nothing about what is sold there.
_OF_ANY_ADDRESS: Final = terms("com www web site website blog info news video videos review reviews tips")


def _commerce(words: Sequence[str]) -> int:
    """How strongly words speak of trade: two points for an unmistakable word or pair, one for a common one."""
    pairs = [f"{first} {second}" for first, second in pairwise(words)]
    if COMMERCE.isdisjoint(words) and COMMERCE.isdisjoint(pairs):
        return 0
    found = {*words, *pairs} - _OF_ANY_ADDRESS
    return sum(2 if term in STRONG_COMMERCE else 1 for term in found if term in COMMERCE)


def _sells(words: Sequence[str]) -> bool:
    return _commerce(words) >= 3 or _unmistakable(words)


def _unmistakable(words: Sequence[str]) -> bool:
    return not STRONG_COMMERCE.isdisjoint({*words, *(f"{first} {second}" for first, second in pairwise(words))})


_INSIDE: Final = re2.compile("|".join(sorted(re.escape(term) for term in STRONG_COMMERCE if len(term) > 4)))


@lru_cache(maxsize=2_048)
def _commerce_inside(host: str) -> int:
    """Like ``_commerce``, for host names whose words are run together."""
    name = host.rsplit(".", 1)[0].encode("utf-8", "replace").decode()
    return 2 * len(set(_INSIDE.findall(name))) if _INSIDE.search(name) is not None else 0
