"""Whether a comment has to do with the page it stands on: the article, and the comment it answers.

``relevance`` compares two ways in which a comment's words may have come about: as words of any comment, or some
of them from the topic. Violent words under an article about violence are no sign of abuse; a fluent compliment without
one word of the article is what a machine writes that has not read it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import exp, log, log1p
from typing import Final

from classifier.domain import Article, Context, Signal
from classifier.languages import language_of
from classifier.phrases import KINDS, KINDS_OF, terms
from classifier.text import Document, read, words_of
from classifier.usage import SURPRISE, topic_terms

#: Only the beginning of an article and of a parent comment is looked at.
ARTICLE_CHARS: Final = 4_000
PARENT_CHARS: Final = 2_000
#: From here on a comment is on the topic: of 1,211 news comments 34% reach it, under a wrong article 3%.
ON_TOPIC: Final = 2.0
#: What that may speak against spam, in logits. The title can be copied by anyone, so it is little.
MOST_ON_TOPIC: Final = 1.0
_PER_NAT: Final = 0.2
#: With fewer words of its own a page says nothing about what is off its topic.
FEWEST_TOPIC_WORDS: Final = 4
#: A compliment must be this fluent to be suspicious: "great article, thanks" is what people write.
FLUENT_WORDS: Final = 9
_MOST_PRAISE_WORDS: Final = 90
#: The most that the topic may speak for violent words, in logits.
MOST_MITIGATION: Final = 1.0
_ON_TOPIC_TOO: Final = 1 / 0.6

_FLATTERY: Final = KINDS.index("flattery")
_VIOLENCE: Final = KINDS.index("violence")
_YOU: Final = KINDS.index("you")
_HEADS: Final = {"toxicity": "abuse", "threat": "a threat"}

#: How much of a comment on the topic is made of the topic's words, and what a word of the title and one of the comment
#: answered count beside one of the article's text. The measured area moves by less than 0.01 over wide ranges of these.
_SHARE: Final = 0.07
_TITLE: Final = 2.0
_PARENT: Final = 0.5
#: The most that one shared word says, in nats: a rare name alone does not make a comment relevant.
_MOST_OF_A_WORD: Final = 8.0
_ODDS: Final = _SHARE / (1 - _SHARE)
_UNSHARED: Final = log(1 - _SHARE)


@dataclass(frozen=True, slots=True)
class Topic:
    """What a page is about."""

    terms: frozenset[str]
    violent: frozenset[str]
    language: str | None


def relevance(context: Context, document: Document) -> float | None:
    """How much likelier the comment's words are on this page than anywhere, in nats; ``None`` without a topic."""
    return _page_of(context, document).nats


@dataclass(frozen=True, slots=True)
class _Page:
    """What a comment was compared with, and how near it is to that."""

    article: Article
    parent_text: str | None
    topic: Topic
    parent: Topic
    nats: float | None


def _page_of(context: Context, document: Document) -> _Page:
    """The page of a comment; several checks ask for it, and changed contexts mostly keep it."""
    found: _Page | None = document.memo.get("page")
    if found is None or found.article is not context.article or found.parent_text is not context.parent_text:
        topic = topic_of(context.article)
        title = _topic(context.article.title) if context.article.title else _NOTHING
        parent = _topic(context.parent_text[:PARENT_CHARS]) if context.parent_text else _NOTHING
        nats = _nats(document, topic, title, parent)
        found = document.memo["page"] = _Page(context.article, context.parent_text, topic, parent, nats)
    return found


def _nats(document: Document, article: Topic, title: Topic, parent: Topic) -> float | None:
    total = len(article.terms) + (_TITLE - 1) * len(title.terms) + _PARENT * len(parent.terms)
    if not total:
        return None
    terms = topic_terms(document.words)
    found = _UNSHARED * len(terms)
    for term in (terms & article.terms) | (terms & parent.terms):
        weight = (term in article.terms) + (_TITLE - 1) * (term in title.terms) + _PARENT * (term in parent.terms)
        found += min(log1p(_ODDS * weight / total * exp(SURPRISE[term])), _MOST_OF_A_WORD)
    return found


def relevance_signals(context: Context, document: Document) -> Iterator[Signal]:
    """Words of the page, praise without them, words that the topic explains, and another language than the page's."""
    page = _page_of(context, document)
    near, topic, parent = page.nats, page.topic, page.parent
    if near is None:
        return
    words = document.words
    if near >= ON_TOPIC and not document.links:
        yield Signal(
            code="relevance.on_topic",
            message="The comment speaks of what the article, or the comment answered, is about.",
            weight=-round(min(_PER_NAT * near, MOST_ON_TOPIC), 4),
            head="spam",
        )
    if near < 0 and len(topic.terms) >= FEWEST_TOPIC_WORDS and _is_fluent_praise(document):
        yield Signal(
            code="relevance.off_topic_praise",
            message="A fluent compliment without one word of the article.",
            weight=0.8,
            head="spam",
        )
    weight = _mitigation(words, topic.violent | parent.violent)
    if near >= ON_TOPIC:
        weight = round(weight * _ON_TOPIC_TOO, 4)
    if weight:
        for head, of_what in _HEADS.items():
            yield Signal(
                code="relevance.topic_words",
                message=f"The article or the comment answered speaks of violence too: less a sign of {of_what}.",
                weight=-weight,
                head=head,
            )
    yield from _language(document, words, topic, parent)


def topic_of(article: Article) -> Topic:
    """What an article is about, from its title, tags and the beginning of its text."""
    return _topic_of(article.title or "", article.tags, (article.text or "")[:ARTICLE_CHARS])


@lru_cache(maxsize=512)
def _topic_of(title: str, tags: Sequence[str], text: str) -> Topic:
    return _topic("\n".join(part for part in (title, " ".join(tags), text) if part))


@lru_cache(maxsize=512)
def _topic(text: str) -> Topic:
    words = words_of(read(text).text)
    return Topic(frozenset(topic_terms(words)), frozenset(_violent(words)), language_of(text, words))


def _violent(words: list[str]) -> set[str]:
    return {_stem(word) for word in words if _is_violent(word)}


def _is_violent(word: str) -> bool:
    return word in _OF_WAR or _VIOLENCE in KINDS_OF.get(word, ())


_OF_WAR: Final = terms(
    "attack attacks attacked war wars bombing bombs bombed shooting shootings killing killings murdered murderer "
    "terror terrorist terrorists terrorism violence violent weapon weapons guns missile missiles drone drones "
    "assault raped rapist stabbed stabbing victims death deaths deadly suicide execution massacre genocide"
)


def _mitigation(words: list[str], topic: frozenset[str]) -> float:
    """How far the topic explains a comment's violent words; not at all when they stand near a "you"."""
    if not topic:
        return 0.0
    places = [place for place, word in enumerate(words) if _is_violent(word)]
    if not places or any(_YOU in KINDS_OF.get(word, ()) for at in places for word in words[max(0, at - 4) : at + 5]):
        return 0.0
    told = sum(_stem(words[place]) in topic for place in places) / len(places)
    return round(MOST_MITIGATION / _ON_TOPIC_TOO * max(told, 0.5 if len(topic) >= 2 else 0.0), 4)


def _stem(word: str) -> str:
    """Enough to make one of singular and plural, and of most forms of a verb."""
    for ending in ("ing", "ers", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word.removesuffix("e") if len(word) > 4 else word


def _is_fluent_praise(document: Document) -> bool:
    return FLUENT_WORDS <= len(document.words) <= _MOST_PRAISE_WORDS and document.kinds[_FLATTERY] >= 2


def _language(document: Document, words: list[str], topic: Topic, parent: Topic) -> Iterator[Signal]:
    if topic.language is None or len(words) < FLUENT_WORDS:
        return
    language = language_in(document)
    if language is not None and language not in (topic.language, parent.language):
        yield Signal(
            code="language.mismatch",
            message="The comment is in another language than the article.",
            weight=0.3,
            head="spam",
        )


def language_in(document: Document) -> str | None:
    """The language of a comment, if it is plain; worked out once."""
    if "language" not in document.memo:
        document.memo["language"] = language_of(document.visible, document.words)
    found: str | None = document.memo["language"]
    return found


_NOTHING: Final = Topic(frozenset(), frozenset(), None)
