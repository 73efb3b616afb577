"""Perspective's attributes as far as we offer them: each is one of our scores, or derived from them or from the words.

What is derived, and how, stands in docs/reference/perspective.md; nothing here is a number without a meaning.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from classifier.languages import SMALL_WORDS
from classifier.lessons import RulingReason
from classifier.policy import Policy
from classifier.text import Document

#: Of Perspective's languages those in which our model knows abuse; in the others it would guess.
LANGUAGES: Final = frozenset({"cs", "de", "en", "es", "fr", "id", "it", "ko", "nl", "pl", "pt", "ru", "sv"})
#: So many different words that say something halve the chance that a text says nothing.
_HALVING: Final = 4
#: A word of so many letters says little; other scripts than Latin need fewer of them.
_SHORT: Final = {True: 3, False: 1}
_VOWELS: Final = frozenset("aeiouyæœøаеёиоуыэюяіїє")


@dataclass(frozen=True, slots=True)
class Judged:
    """What an attribute is worked out from: the scores of a text, its words, and the policy of its site."""

    scores: Mapping[str, float]
    document: Document
    policy: Policy


def likely_to_reject(judged: Judged) -> float:
    """The likeliest of the grounds on which the site's policy rejects; where it rejects on none, holds; else any."""
    heads = judged.policy.heads
    rejecting = [head for head, lines in heads.items() if lines.reject_at is not None]
    holding = [head for head, lines in heads.items() if lines.hold_at is not None]
    grounds = [judged.scores[head] for head in rejecting or holding if head in judged.scores]
    return max(grounds or judged.scores.values())


def unsubstantial(judged: Judged) -> float:
    """1 for a text without a word that says something, and half of that with every four different ones."""
    telling = {word for word in judged.document.words if word not in SMALL_WORDS and len(word) > _SHORT[word.isascii()]}
    return float(2 ** (-len(telling) / _HALVING))


def incoherent(judged: Judged) -> float:
    """The share of the words that nobody can pronounce."""
    words = judged.document.words
    return sum(map(_is_unspeakable, words)) / len(words) if words else 1.0


def _is_unspeakable(word: str) -> bool:
    """Four letters or more of Latin or Cyrillic without a vowel, or eight with fewer than one in eight."""
    letters = [letter for letter in unicodedata.normalize("NFD", word) if letter.isalpha()]
    if len(letters) < 4 or any(letter > "\u052f" for letter in letters):
        return False
    vowels = sum(letter in _VOWELS for letter in letters)
    return vowels == 0 or (len(letters) >= 8 and 8 * vowels < len(letters))


def _score(head: str) -> Callable[[Judged], float]:
    return lambda judged: judged.scores[head]


ATTRIBUTES: Final[dict[str, Callable[[Judged], float]]] = {
    "TOXICITY": _score("toxicity"),
    "SEVERE_TOXICITY": _score("severe_toxicity"),
    "IDENTITY_ATTACK": _score("identity_attack"),
    "INSULT": _score("insult"),
    "PROFANITY": _score("obscene"),
    "THREAT": _score("threat"),
    "SEXUALLY_EXPLICIT": _score("sexual"),
    "ATTACK_ON_AUTHOR": _score("insult"),
    "ATTACK_ON_COMMENTER": _score("insult"),
    "INCOHERENT": incoherent,
    "INFLAMMATORY": _score("toxicity"),
    "LIKELY_TO_REJECT": likely_to_reject,
    "OBSCENE": _score("obscene"),
    "SPAM": _score("spam"),
    "UNSUBSTANTIAL": unsubstantial,
}

#: Why a person rejects what they say has an attribute.
REASONS: Final = {
    "TOXICITY": RulingReason.TOXICITY,
    "SEVERE_TOXICITY": RulingReason.SEVERE_TOXICITY,
    "IDENTITY_ATTACK": RulingReason.IDENTITY_ATTACK,
    "INSULT": RulingReason.INSULT,
    "PROFANITY": RulingReason.OBSCENE,
    "THREAT": RulingReason.THREAT,
    "SEXUALLY_EXPLICIT": RulingReason.SEXUAL,
    "ATTACK_ON_AUTHOR": RulingReason.INSULT,
    "ATTACK_ON_COMMENTER": RulingReason.INSULT,
    "INCOHERENT": RulingReason.OTHER,
    "INFLAMMATORY": RulingReason.TOXICITY,
    "LIKELY_TO_REJECT": RulingReason.OTHER,
    "OBSCENE": RulingReason.OBSCENE,
    "SPAM": RulingReason.SPAM,
    "UNSUBSTANTIAL": RulingReason.OTHER,
}
