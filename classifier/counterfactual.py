"""What would have to be different: for a held or rejected comment the smallest single change that gets it approved.

Nothing is guessed: each change is really made, and the changed comment is weighed as any other. What is left out of
the owner's policy, or of what is known besides the text, costs arithmetic; what is cut out of the text is read and
scored again, the texts of a whole batch together. Estimates only say which changes are not worth trying.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from math import inf, log
from typing import Final

import numpy as np

from classifier.adaptation import Adaptation, logits_on
from classifier.alternatives import FACTS, KNOWN_PHRASE, MOST_GAINED, known, named, without_demand
from classifier.domain import HEADS, Action, Change, Context, Counterfactual, Signal, Span
from classifier.explain import Word, Words
from classifier.languages import SMALL_WORDS
from classifier.policy import Thresholds
from classifier.scoring import Scorer
from classifier.text import read, words_of
from classifier.weighing import Weighed, lines_of, weigh

#: The words of longer texts are tried on demand only.
LONGEST_TRIED: Final = 5_000
#: A change is not tried when by estimate more logits than these would be left above a line.
_HOPELESS: Final = 5.0
#: Shorter words of Latin letters without accents, and shorter numbers, say nothing by themselves.
_SHORTEST: Final = 3
_SEVERITY: Final = {Action.APPROVE: 0, Action.HOLD: 1, Action.REJECT: 2}
#: Which of several changes that all get a comment approved is said.
_PREFERENCE: Final = (Change.RULE, Change.FACT, Change.LINKS, Change.WORDS, Change.KNOWN_AUTHOR)
_BECOMES: Final = {Action.APPROVE: "approved", Action.HOLD: "held", Action.REJECT: "rejected"}


@dataclass(frozen=True)
class Case:
    """A comment that was not approved, and what its words add; ``None`` when the text is too long to try them."""

    weighed: Weighed
    words: Words | None
    adaptation: Adaptation | None = None

    @cached_property
    def telling(self) -> list[Word]:
        """The links, and the words worth naming: those that say something by themselves."""
        return [] if self.words is None else [word for word in self.words.by_word() if _says_something(word.text)]

    @cached_property
    def strongest(self) -> tuple[Word, float] | None:
        """The word without which by estimate least is left above the lines, and how much; not the links."""
        words = [word for word in self.telling if word.text is not None]
        if not words or not self.acting or self.words is None:
            return None
        columns = [self.words.heads.index(head) for head in self.acting]
        excess = np.array([_excess(self.weighed, head) for head in self.acting])
        left = (excess - np.array([word.parts for word in words])[:, columns]).max(axis=1).tolist()
        at = min(range(len(words)), key=left.__getitem__)
        return words[at], left[at]

    @cached_property
    def acting(self) -> list[str]:
        """The heads whose scores the policy acts on here."""
        return [head for head in HEADS if f"model.{head}" in self.weighed.codes]


@dataclass(frozen=True, slots=True)
class _Trial:
    """One change, in words that stand before a colon."""

    change: Change
    phrase: str
    code: str | None = None
    spans: tuple[Span, ...] = ()


_Tried = tuple[_Trial, Weighed]


def counterfactuals(cases: Sequence[Case], scorer: Scorer) -> list[Counterfactual | None]:
    """One for each case; ``None`` where there is no text to speak of, or not all of it was read."""
    tried = [list(_beside_the_text(case.weighed)) for case in cases]
    trials = [
        (at, trial)
        for at, case in enumerate(cases)
        if case.words is not None and not any(_decides(each) for each in tried[at])
        for trial in _in_the_text(case)
    ]
    documents = [read(without(cases[at].weighed.document.raw, trial.spans)) for at, trial in trials]
    rows = logits_on(scorer, documents, [cases[at].adaptation for at, _ in trials])
    for (at, trial), document, logits in zip(trials, documents, rows, strict=True):
        weighed = cases[at].weighed
        changed = replace(weighed.context, text=document.raw)
        tried[at].append((trial, weigh(changed, document, logits, weighed.policy)))
    return [_chosen(case, each) for case, each in zip(cases, tried, strict=True)]


def without(text: str, spans: Sequence[Span]) -> str:
    """A text with some stretches cut out."""
    kept, position = [], 0
    for span in sorted(spans, key=lambda span: (span.start, span.end)):
        kept.append(text[position : span.start])
        position = max(position, span.end)
    return "".join(kept) + text[position:]


def _decides(tried: _Tried) -> bool:
    """Whether this change is the answer, so that none need be tried in the text."""
    return tried[1].action is Action.APPROVE and tried[0].change is not Change.KNOWN_AUTHOR


def _beside_the_text(weighed: Weighed) -> Iterator[_Tried]:
    """Without a wish of the owner, without what is known besides the text, or with a known author."""
    context = weighed.context
    for code, demand in {demand.signal.code: demand for demand in weighed.demands}.items():
        phrase = without_demand(demand)
        if phrase and not _hopeless(weighed, [demand.signal]):
            changed = weigh(context, weighed.document, weighed.logits, weighed.policy, without=code)
            yield _Trial(Change.RULE, phrase, code, demand.signal.spans), changed
    for fact in FACTS:
        gone = fact.removed(weighed.signals)
        if gone and not _hopeless(weighed, gone):
            yield _Trial(Change.FACT, fact.phrase, gone[0].code), _in_context(weighed, fact.change(context))
    trust = next((signal.weight for signal in weighed.signals if signal.code == "author.approved_before"), 0.0)
    gained = Signal(code="", message="", weight=MOST_GAINED + trust, head="spam")
    if gained.weight > 0 and not _hopeless(weighed, [gained], 0.0):
        yield _Trial(Change.KNOWN_AUTHOR, KNOWN_PHRASE), _in_context(weighed, known(context))


def _in_context(weighed: Weighed, context: Context) -> Weighed:
    """The same text in another context; the model looks at the text only."""
    return weigh(context, weighed.document, weighed.logits, weighed.policy)


def _in_the_text(case: Case) -> Iterator[_Trial]:
    """Without the links, and without the passages that signals force by or else the word that weighs most."""
    links = case.weighed.document.links
    if links:
        phrase = "Without the link" if len(links) == 1 else f"Without the {len(links)} links"
        yield _Trial(Change.LINKS, phrase, spans=tuple(dict.fromkeys(link.span for link in links)))
    passages = _passages(case.weighed)
    if passages:
        spans = tuple(dict.fromkeys(span for signal in passages for span in signal.spans))
        yield _Trial(Change.WORDS, f"Without {_listed(passages)}", passages[0].code, spans)
        return
    word, left = case.strongest or (None, inf)
    if word is not None and left <= _HOPELESS:
        yield _Trial(Change.WORDS, f"Without {word.quoted}", spans=word.spans)


def _gains(case: Case, links: Word) -> dict[str, float]:
    """What goes from each head with the links: what was read from them, and what signals say of them."""
    heads = () if case.words is None else case.words.heads
    gains = dict(zip(heads, links.parts.tolist(), strict=True))
    for signal in case.weighed.signals:
        if signal.head in gains and signal.code.startswith("links."):
            gains[signal.head] += signal.weight
    return gains


def _left(case: Case, gains: Mapping[str, float]) -> float:
    """How many logits stay above a line without something, by estimate."""
    return max(_excess(case.weighed, head) - gains.get(head, 0.0) for head in case.acting)


@lru_cache(maxsize=8_192)
def _says_something(word: str | None) -> bool:
    """Whether naming this word tells a person anything: signs, lone letters and digits, and small words do not."""
    if word is None:
        return True
    if word in SMALL_WORDS:
        return False
    pieces = (piece for piece in words_of(word) if piece not in SMALL_WORDS)
    return any(sum(map(str.isalnum, piece)) >= (_SHORTEST if piece.isascii() else 1) for piece in pieces)


def _forcing(weighed: Weighed) -> list[Signal]:
    """What asks for an action whatever the scores say, where the policy lets it."""
    harms = weighed.policy.harms
    return [
        signal
        for signal in (*weighed.signals, *(demand.signal for demand in weighed.demands))
        if signal.forces is not None
        and harms.get(signal.code, signal.forces) is not Action.APPROVE
        and signal.code in weighed.codes
    ]


def _passages(weighed: Weighed) -> list[Signal]:
    """Those of them that are a place in the text, which can be cut out."""
    return [signal for signal in _forcing(weighed) if signal.spans and signal in weighed.signals]


def _listed(signals: Sequence[Signal]) -> str:
    """Their names one after the other."""
    names = list(dict.fromkeys(map(named, signals)))
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _hopeless(weighed: Weighed, signals: Sequence[Signal], most: float = _HOPELESS) -> bool:
    """Whether without these signals more than ``most`` logits would be left above a line."""
    gone = dict.fromkeys(HEADS, 0.0)
    for signal in signals:
        if signal.head is not None:
            gone[signal.head] += max(signal.weight, 0.0)
    return any(_excess(weighed, head) - gone[head] > most for head in HEADS)


def _excess(weighed: Weighed, head: str) -> float:
    """How many logits a head is above its lowest line; negative below it."""
    return weighed.sums[head] - _lowest_line(weighed.policy.heads.get(head))


@lru_cache(maxsize=256)
def _lowest_line(thresholds: Thresholds | None) -> float:
    """The lowest score from which on a head is acted on, as a logit."""
    line = next(iter(lines_of(thresholds)), inf)
    if 0 < line < 1:
        return log(line / (1 - line))
    return inf if line >= 1 else -inf


def _chosen(case: Case, tried: Sequence[_Tried]) -> Counterfactual | None:
    """The change that gets the comment approved, or the one that comes closest, said as such."""
    codes = {signal.code for signal in case.weighed.signals}
    if not codes.isdisjoint(("text.empty", "text.too_long")):
        return None
    approving = [trial for trial, changed in tried if changed.action is Action.APPROVE]
    if approving:
        best = min(approving, key=lambda trial: _PREFERENCE.index(trial.change))
        return _said(best, Action.APPROVE, f"{best.phrase}: approve.")
    bare = next((each for each in tried if each[0].spans and not any(map(str.isalnum, each[1].document.text))), None)
    if bare is not None:
        return _said(bare[0], bare[1].action, f"{bare[0].phrase} nothing would be left to read.")
    return _closest(case, tried) or _nothing(case)


def _closest(case: Case, tried: Sequence[_Tried]) -> Counterfactual | None:
    """The change that leaves least above the lines, if what it changes is all that keeps the comment back."""
    trial, changed = min(tried, key=lambda each: _distance(each[1]), default=(None, case.weighed))
    if trial is None or _distance(changed) >= _distance(case.weighed):
        return None
    if changed.action is not case.weighed.action:
        would = f"it would be {_BECOMES[changed.action]}"
    else:
        head = max(HEADS, key=lambda head: _excess(case.weighed, head))
        before, after = f"{case.weighed.scores[head]:.0%}", f"{changed.scores[head]:.0%}"
        if before == after or _forcing(changed):
            return None
        would = f"{head.replace('_', ' ')} goes from {before} to {after}"
    phrase = trial.phrase[0].lower() + trial.phrase[1:]
    return _said(trial, changed.action, f"No single thing decides; the closest is: {phrase} {would}.")


def _distance(weighed: Weighed) -> tuple[int, float]:
    """How far from approval; a head under its line plays no part."""
    return _SEVERITY[weighed.action], max(0.0, *(_excess(weighed, head) for head in HEADS))


def _said(trial: _Trial, action: Action, message: str) -> Counterfactual:
    return Counterfactual(change=trial.change, action=action, message=message, code=trial.code, spans=trial.spans)


def _nothing(case: Case) -> Counterfactual:
    """Nothing that is worth trying helps; what keeps the comment back, or weighs most, is named where it is known."""
    action = case.weighed.action
    forcing = _forcing(case.weighed)
    by_force = not case.acting or len(forcing) > len(_passages(case.weighed))
    if forcing and by_force and action is Action.HOLD:
        spans = tuple(dict.fromkeys(span for signal in forcing for span in signal.spans))
        keep = "keeps" if len(set(map(named, forcing))) == 1 else "keep"
        message = f"No single thing decides; {_listed(forcing)} {keep} it held."
        return Counterfactual(change=Change.NONE, action=action, message=message, spans=spans)
    if case.words is None:
        return Counterfactual(
            change=Change.NONE,
            action=action,
            message="Nothing besides the text decides; it is too long to try its words one by one.",
        )
    weightiest = min(_weights(case), key=lambda each: each[0], default=None) if case.acting else None
    if weightiest is None or weightiest[0] >= _left(case, {}):
        return Counterfactual(change=Change.NONE, action=action, message="No single thing decides.")
    left, name, spans = weightiest
    far = "It is far above the line" if left > _HOPELESS else "No single thing decides"
    verb = "weigh" if name == "the links" else "weighs"
    return Counterfactual(change=Change.NONE, action=action, message=f"{far}; {name} {verb} most.", spans=spans)


def _weights(case: Case) -> Iterator[tuple[float, str, tuple[Span, ...]]]:
    """What would be left without the strongest word, the links, and each thing that signals speak of."""
    word, left = case.strongest or (None, inf)
    if word is not None:
        yield left, word.quoted, word.spans
    linked = next((each for each in case.telling if each.text is None), None)
    if linked is not None:
        yield _left(case, _gains(case, linked)), linked.quoted, linked.spans
    things: dict[str, list[Signal]] = {}
    for signal in (*case.weighed.signals, *(demand.signal for demand in case.weighed.demands)):
        if signal.weight > 0 and signal.head is not None and not (linked and signal.code.startswith("links.")):
            things.setdefault(named(signal), []).append(signal)
    for name, signals in things.items():
        gains = dict.fromkeys(HEADS, 0.0)
        for signal in signals:
            gains[signal.head or ""] += signal.weight
        yield _left(case, gains), name, tuple(dict.fromkeys(span for signal in signals for span in signal.spans))
