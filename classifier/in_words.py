"""The dense features in plain words: a sentence that a person can check by counting in the text.

A feature's value is a logarithm of a number, a share or a yes; each sentence is made of that value alone, so it says
what the model saw.
"""

from __future__ import annotations

from collections.abc import Callable
from math import expm1
from typing import Final

_Say = Callable[[float], str]

#: Disguises stand beside the other features with more voice, see ``dense``.
_LOUD: Final = 4.0


def in_words(feature: str, value: float) -> str:
    """What a feature's value says about the text, as a clause without a full stop."""
    known = _SAID.get(feature)
    if known is not None:
        return known(value)
    for start, say in _FAMILIES:
        if feature.startswith(start):
            return say(feature.removeprefix(start).replace("_", " "), value)
    return f"{feature.replace('_', ' ')} is {value:.3g}"


def _count(one: str, many: str, scale: float = 1.0) -> _Say:
    def say(value: float) -> str:
        number = round(expm1(value / scale))
        return f"1 {one}" if number == 1 else f"{number:,} {many}" if number else f"no {many}"

    return say


def _share(of: str) -> _Say:
    def say(value: float) -> str:
        return f"{value:.0%} of {of}" if value >= 0.005 or not value else f"{value:.1%} of {of}"

    return say


def _yes(yes: str, no: str) -> _Say:
    return lambda value: yes if value > 0.5 else no


_SAID: Final[dict[str, _Say]] = {
    "length": lambda value: f"{round(expm1(5 * value)):,} characters long",
    "words": lambda value: f"{round(expm1(5 * value)):,} words long",
    "word_length": lambda value: f"{10 * value:.1f} characters to a word",
    "capitals": _share("its characters are capitals"),
    "digits": _share("its characters are digits"),
    "punctuation": _share("its characters are punctuation"),
    "exclamations": _count("exclamation mark", "exclamation marks"),
    "questions": _count("question mark", "question marks"),
    "shouting": _count("word in capitals", "words in capitals"),
    "newlines": _count("line break", "line breaks"),
    "links": _count("link", "links"),
    "has_link": _yes("it has a link", "it has no link"),
    "hidden_links": _count("link behind other words", "links behind other words"),
    "shorteners": _yes("a link through a shortener or messenger", "no link through a shortener"),
    "link_share": _share("its characters are links"),
    "mail": _count("e-mail address", "e-mail addresses"),
    "handles": _count("@handle", "@handles"),
    "phones": _count("telephone number", "telephone numbers"),
    "amounts": _count("amount of money", "amounts of money"),
    "emoji": _count("emoji", "emoji"),
    "emoji_share": _share("its characters are emoji"),
    "foreign_share": _share("its characters are not Latin"),
    "unique_words": _share("its words stand in it for the first time"),
    "short": _yes("fewer than four words", "four words or more"),
    "ellipsis": _count("row of three dots", "rows of three dots"),
    "quotes": _count("quotation mark", "quotation marks"),
    "stretched": _count("streeetched word", "streeetched words"),
    "mixed_words": _count("word that mixes letters and digits", "words that mix letters and digits"),
    "unknown_share": _share("its words are in no dictionary of ours"),
    "title_share": _share("its characters begin a Capitalised word"),
    "numbers": _count("number", "numbers"),
    "late_link": _yes("it ends with a link", "it does not end with a link"),
    "sentences": _count("sentence end", "sentence ends"),
    "repetition": _share("its words are repetitions"),
    "starts_with_call": _yes("it begins like a call to do something", "it does not begin like a call to do something"),
    "starts_with_greeting": _yes("it begins with a greeting", "it does not begin with a greeting"),
    "link_and_call": _yes("a link and a call to act", "no link with a call to act"),
    "link_and_short": _yes("a link and fewer than 15 words", "no link in a few words"),
    "praise_without_argument": _yes("praise and no argument", "no praise, or an argument with it"),
    "phone_and_offer": _yes("a telephone number and an offer", "no telephone number with an offer"),
    "gambling_and_mixed": _yes(
        "gambling and a word that mixes letters and digits", "no gambling with words that mix letters and digits"
    ),
    "familiar_links": _count("link to a site that people cite", "links to sites that people cite"),
    "strange_links": _count("link to a site that is not widely known", "links to sites that are not widely known"),
    "invisible": _count("word with invisible characters", "words with invisible characters", _LOUD),
    "styled": _count("word in ornamental letters", "words in ornamental letters", _LOUD),
    "look_alike": _count(
        "word with look-alike letters of another script", "words with look-alike letters of another script", _LOUD
    ),
    "marks": _count("letter under a heap of marks", "letters under a heap of marks", _LOUD),
    "entities": _count("letter written as an HTML entity", "letters written as HTML entities", _LOUD),
    "leet": _count("word in l33t", "words in l33t", _LOUD),
    "spaced": _count("s p a c e d word", "s p a c e d words", _LOUD),
    "split": _count("word cut by signs", "words cut by signs", _LOUD),
    "disguised": _count("disguise of any kind", "disguises of any kind", _LOUD),
    "direct_profanity": _count("profane word said to a “you”", "profane words said to a “you”"),
}

_KINDS: Final = {
    "you": "“you”",
    "me": "“I”",
    "group": "“we” and “they”",
    "stop": "small words",
    "seo": "search engine marketing",
    "call": "calls to act",
    "direct": "words aimed at a person",
    "argument": "argument",
}
_SEVERITIES: Final = {"1": "mild profanity", "2": "strong profanity", "3": "severe profanity", "4": "other profanity"}


def _kind(kind: str, value: float) -> str:
    return _count("expression", "expressions")(value) + f" of {_KINDS.get(kind, kind)}"


def _kind_share(kind: str, value: float) -> str:
    return f"{value:.0%} of its words are {_KINDS.get(kind, kind)}"


def _profanity(severity: str, value: float) -> str:
    return f"{_count('word', 'words')(value)} of {_SEVERITIES.get(severity, 'profanity')}"


_FAMILIES: Final[tuple[tuple[str, Callable[[str, float], str]], ...]] = (
    ("kind_", _kind),
    ("share_", _kind_share),
    ("profanity_", _profanity),
)
