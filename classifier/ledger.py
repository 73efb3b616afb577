"""The full account of a judgement: for each head what was added to what, in an order that a person can add up.

Amounts are logits, rounded to four places; what is not listed one by one stands as "the rest", which takes the rounding
too, so the amounts of a head add up to its logit to the last place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import log
from typing import Any, Final

from classifier.adaptation import Adaptation, logits_on
from classifier.dense import DENSE
from classifier.documents import spans_document
from classifier.domain import HEADS, Context, Signal, Span
from classifier.explain import Explanation, Word, explain
from classifier.in_words import in_words
from classifier.policy import Policy, Thresholds
from classifier.scoring import Scorer
from classifier.text import Document, read
from classifier.weighing import chance, weigh

#: How many words and how many features are listed for a head.
MOST_WORDS: Final = 10
MOST_FEATURES: Final = 6
#: How many places are shown of one entry.
MOST_SPANS: Final = 20
_PLACES: Final = 4
#: Recorded scores have six places.
_SCORE_IS_ROUNDED: Final = 2e-6


class What(StrEnum):
    """Where an amount comes from."""

    START = "start"
    WORD = "word"
    FEATURE = "feature"
    SITE = "site"
    SIGNAL = "signal"
    UNRECORDED = "unrecorded"
    REST = "rest"


@dataclass(frozen=True, slots=True)
class Entry:
    """One amount; ``spans`` of the raw text where it comes from one, ``code`` for a signal or rule."""

    what: What
    says: str
    amount: float
    code: str | None = None
    spans: tuple[Span, ...] = ()

    def document(self) -> dict[str, Any]:
        """The entry as it is answered."""
        fields: dict[str, Any] = {"what": self.what.value, "says": self.says, "amount": self.amount}
        if self.code is not None:
            fields["code"] = self.code
        if self.spans:
            fields["spans"] = spans_document(self.spans)
        return fields


@dataclass(frozen=True, slots=True)
class Account:
    """What one head's logit is made of, its probability, and the lines of the policy, where they are known."""

    entries: tuple[Entry, ...]
    logit: float
    score: float
    thresholds: Thresholds | None

    def document(self) -> dict[str, Any]:
        """The account as it is answered."""
        lines = self.thresholds or Thresholds()
        return {
            "logit": self.logit,
            "score": self.score,
            "hold_at": lines.hold_at,
            "reject_at": lines.reject_at,
            "parts": [entry.document() for entry in self.entries],
        }


def ledger(
    context: Context, scorer: Scorer, policy: Policy, adaptation: Adaptation | None = None
) -> dict[str, Account]:
    """The accounts of a comment as it is judged now, on the site that taught the adaptation if there is one."""
    document = read(context.text)
    (logits,) = logits_on(scorer, [document], [adaptation])
    weighed = weigh(context, document, logits, policy)
    signals = (*weighed.signals, *(demand.signal for demand in weighed.demands))
    return accounts(scorer, document, signals, policy, logits=logits)


def accounts(
    scorer: Scorer,
    document: Document,
    signals: Sequence[Signal],
    policy: Policy | None,
    *,
    logits: Mapping[str, float] | None = None,
    scores: Mapping[str, float] | None = None,
) -> dict[str, Account]:
    """The accounts of a text with the signals that spoke about it.

    ``logits`` are the text's own where a site's experience has changed them. ``scores`` are those of a decision of
    before: what is missing to them was not recorded one by one, and is said to be missing.
    """
    explanation = explain(scorer, document)
    words = explanation.words.by_word()
    return {
        head: _account(
            head,
            explanation,
            words,
            signals=[signal for signal in signals if signal.head == head and signal.weight],
            lines=None if policy is None else policy.heads.get(head),
            own=None if logits is None else logits[head],
            score=None if scores is None else scores.get(head),
        )
        for head in HEADS
    }


def _account(
    head: str,
    explanation: Explanation,
    words: Sequence[Word],
    *,
    signals: Sequence[Signal],
    lines: Thresholds | None,
    own: float | None,
    score: float | None,
) -> Account:
    at = HEADS.index(head)
    model = float(explanation.total[at])
    own = model if own is None else own
    start = Entry(What.START, "before anything was read", _rounded(float(explanation.intercept[at])))
    strongest, more_words = _strongest([float(word.parts[at]) for word in words], MOST_WORDS)
    telling, more_features = _strongest(explanation.features[:, at].tolist(), MOST_FEATURES)
    entries = [start, *(_word(words[number], at) for number in strongest)]
    entries += [_feature(explanation, number, at) for number in telling]
    if abs(own - model) >= 10**-_PLACES:
        entries.append(Entry(What.SITE, "what this site's moderators have taught", _rounded(own - model)))
    entries += [Entry(What.SIGNAL, each.message, _rounded(each.weight), each.code, each.spans) for each in signals]
    logit = own + sum(signal.weight for signal in signals)
    if score is not None and abs(chance(logit) - score) > _SCORE_IS_ROUNDED:
        missing = _logit(score) - logit
        entries.append(Entry(What.UNRECORDED, "what was known then and was not recorded", _rounded(missing)))
        logit += missing
    logit = _rounded(logit)
    rest = _rounded(logit - sum(entry.amount for entry in entries))
    if rest or more_words or more_features:
        entries.append(Entry(What.REST, f"{more_words:,} more words and {more_features:,} more features", rest))
    return Account(tuple(entries), logit, round(chance(logit), 6), lines)


def _word(word: Word, at: int) -> Entry:
    return Entry(What.WORD, word.quoted, _rounded(float(word.parts[at])), spans=word.spans[:MOST_SPANS])


def _feature(explanation: Explanation, number: int, at: int) -> Entry:
    name, value = DENSE[number], float(explanation.values[number])
    spans: tuple[Span, ...] = ()
    if "link" in name or name == "shorteners":
        links = explanation.words.document.links
        spans = tuple(dict.fromkeys(link.span for link in links if link.hidden or name != "hidden_links"))
    amount = _rounded(float(explanation.features[number, at]))
    return Entry(What.FEATURE, in_words(name, value), amount, spans=spans[:MOST_SPANS])


def _strongest(amounts: Sequence[float], most: int) -> tuple[list[int], int]:
    """Which amounts matter most, and how many more add something."""
    speaking = [at for at, amount in enumerate(amounts) if abs(amount) >= 10**-_PLACES]
    speaking.sort(key=lambda at: -abs(amounts[at]))
    return speaking[:most], len(speaking[most:])


def _logit(score: float) -> float:
    clipped = min(max(score, _SCORE_IS_ROUNDED / 2), 1 - _SCORE_IS_ROUNDED / 2)
    return log(clipped / (1 - clipped))


def _rounded(amount: float) -> float:
    return round(amount, _PLACES) + 0.0
