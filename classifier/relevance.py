"""Whether a comment has to do with the page it stands on: shared words with the article and with what it answers.

Violent words under an article about violence are no sign of abuse; a fluent compliment without one word of the
article is what a machine writes that has not read it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

from classifier.domain import Article, Context, Signal
from classifier.folding import FOLDED
from classifier.languages import language_of
from classifier.phrases import KINDS, KINDS_OF, terms
from classifier.text import Document, words_of

#: Only the beginning of an article and of a parent comment is looked at.
ARTICLE_CHARS: Final = 4_000
PARENT_CHARS: Final = 2_000
#: With fewer words of its own a page says nothing about what is off its topic.
FEWEST_TOPIC_WORDS: Final = 4
#: A compliment must be this fluent to be suspicious: "great article, thanks" is what people write.
FLUENT_WORDS: Final = 9
_MOST_PRAISE_WORDS: Final = 90
#: The most that the topic may speak for violent words, in logits.
MOST_MITIGATION: Final = 0.6

_FLATTERY: Final = KINDS.index("flattery")
_VIOLENCE: Final = KINDS.index("violence")
_STOP: Final = KINDS.index("stop")
_YOU: Final = KINDS.index("you")
#: Words about blogs themselves, which every page has.
_OF_ANY_PAGE: Final = terms(
    "article articles post posts blog website site page comment comments content information topic subject reader "
    "readers writing great really thanks thank sharing author write read reading"
)
_HEADS: Final = ("toxicity", "threat")


@dataclass(frozen=True, slots=True)
class Topic:
    """What a page is about."""

    words: frozenset[str]
    violent: frozenset[str]
    language: str | None


def relevance_signals(context: Context, document: Document) -> Iterator[Signal]:
    """Off-topic praise, words that the topic explains, and another language than the page's."""
    topic = topic_of(context.article)
    parent = _topic(context.parent_text[:PARENT_CHARS]) if context.parent_text else _NOTHING
    if not topic.words and not parent.words:
        return
    words = words_of(document.text)
    page = topic.words | parent.words
    praises = len(topic.words) >= FEWEST_TOPIC_WORDS and _is_fluent_praise(words)
    if praises and content_words(words).isdisjoint(page):
        yield Signal(
            code="relevance.off_topic_praise",
            message="A fluent compliment without one word of the article.",
            weight=0.8,
            head="spam",
        )
    weight = _mitigation(words, topic.violent | parent.violent)
    if weight:
        for head in _HEADS:
            yield Signal(
                code="relevance.topic_words",
                message="The article or the comment answered speaks of violence too.",
                weight=-weight,
                head=head,
            )
    yield from _language(document, words, topic, parent)


def topic_of(article: Article) -> Topic:
    """What an article is about, from its title, tags and the beginning of its text."""
    parts = (article.title or "", " ".join(article.tags), (article.text or "")[:ARTICLE_CHARS])
    return _topic("\n".join(part for part in parts if part))


def content_words(words: list[str]) -> frozenset[str]:
    """Stems of the words that carry meaning: long enough, no small words, none that every page has."""
    return frozenset(
        _stem(word)
        for word in words
        if len(word) > 3 and not word.isdigit() and word not in _OF_ANY_PAGE and _STOP not in KINDS_OF.get(word, ())
    )


@lru_cache(maxsize=512)
def _topic(text: str) -> Topic:
    words = words_of("".join([FOLDED[char] for char in text]) if not text.isascii() else text.lower())
    return Topic(content_words(words), frozenset(_violent(words)), language_of(text, words))


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
    return round(MOST_MITIGATION * max(told, 0.5 if len(topic) >= 2 else 0.0), 4)


def _stem(word: str) -> str:
    """Enough to make one of singular and plural, and of most forms of a verb."""
    for ending in ("ing", "ers", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word.removesuffix("e") if len(word) > 4 else word


def _is_fluent_praise(words: list[str]) -> bool:
    if not FLUENT_WORDS <= len(words) <= _MOST_PRAISE_WORDS:
        return False
    pairs = [f"{first} {second}" for first, second in pairwise(words)]
    return sum(_FLATTERY in KINDS_OF.get(term, ()) for term in (*pairs, *words)) >= 2


def _language(document: Document, words: list[str], topic: Topic, parent: Topic) -> Iterator[Signal]:
    if topic.language is None or len(words) < FLUENT_WORDS:
        return
    language = language_of(document.visible, words)
    if language is not None and language not in (topic.language, parent.language):
        yield Signal(
            code="language.mismatch",
            message="The comment is in another language than the article.",
            weight=0.3,
            head="spam",
        )


_NOTHING: Final = Topic(frozenset(), frozenset(), None)
