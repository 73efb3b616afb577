"""What would have to be different: for a held or rejected comment the smallest single change that gets it approved.

Nothing is guessed: each change is really made, and the changed comment is weighed as any other. What is left out of
the owner's policy, or of what is known besides the text, costs arithmetic; what is cut out of the text is read and
scored again, the texts of a whole batch together. Estimates only say which changes are not worth trying.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf, log
from typing import Final

import numpy as np

from classifier.adaptation import Adaptation, logits_on
from classifier.alternatives import FACTS, KNOWN_PHRASE, MOST_GAINED, known, without_demand
from classifier.domain import HEADS, Action, Change, Context, Counterfactual, Signal, Span
from classifier.explain import Word, Words
from classifier.scoring import Scorer
from classifier.text import read
from classifier.weighing import Weighed, lines_of, weigh

#: The words of longer texts are tried on demand only.
LONGEST_TRIED: Final = 5_000
#: A change is not tried when by estimate more logits than these would be left above a line.
_HOPELESS: Final = 5.0
_SEVERITY: Final = {Action.APPROVE: 0, Action.HOLD: 1, Action.REJECT: 2}
#: Which of several changes that all get a comment approved is said.
_PREFERENCE: Final = (Change.RULE, Change.FACT, Change.LINKS, Change.WORDS, Change.KNOWN_AUTHOR)
_BECOMES: Final = {Action.APPROVE: "approved", Action.HOLD: "held", Action.REJECT: "rejected"}


@dataclass(frozen=True, slots=True)
class Case:
    """A comment that was not approved, and what its words add; ``None`` when the text is too long to try them."""

    weighed: Weighed
    words: Words | None
    adaptation: Adaptation | None = None


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
        for trial in _in_the_text(case.weighed, case.words)
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


def _in_the_text(weighed: Weighed, words: Words) -> Iterator[_Trial]:
    """Without the links, and without the passage that a signal forces by or else the word that weighs most."""
    links = weighed.document.links
    if links:
        phrase = "Without the link" if len(links) == 1 else f"Without the {len(links)} links"
        yield _Trial(Change.LINKS, phrase, spans=tuple(dict.fromkeys(link.span for link in links)))
    forcing = [signal for signal in weighed.signals if signal.forces is not None and signal.spans]
    if forcing:
        code = forcing[0].code
        yield _Trial(Change.WORDS, f"Without the passage that {code} points at", code, forcing[0].spans)
        return
    word, left = strongest(weighed, words) or (None, inf)
    if word is not None and left <= _HOPELESS:
        yield _Trial(Change.WORDS, f"Without {word.quoted}", spans=word.spans)


def strongest(weighed: Weighed, words: Words, *, links: bool = False) -> tuple[Word, float] | None:
    """The word without which by estimate least is left above the lines, and how much; with ``links``, perhaps these."""
    acting = [at for at, head in enumerate(words.heads) if f"model.{head}" in weighed.codes]
    found = [word for word in words.by_word() if links or word.text is not None]
    if not found or not acting:
        return None
    excess = np.array([_excess(weighed, words.heads[at]) for at in acting])
    left = (excess - np.array([word.parts for word in found])[:, acting]).max(axis=1).tolist()
    at = min(range(len(found)), key=left.__getitem__)
    return found[at], left[at]


def _hopeless(weighed: Weighed, signals: Sequence[Signal], most: float = _HOPELESS) -> bool:
    """Whether without these signals more than ``most`` logits would be left above a line."""
    gone = dict.fromkeys(HEADS, 0.0)
    for signal in signals:
        if signal.head is not None:
            gone[signal.head] += max(signal.weight, 0.0)
    return any(_excess(weighed, head) - gone[head] > most for head in HEADS)


def _excess(weighed: Weighed, head: str) -> float:
    """How many logits a head is above its lowest line; negative below it."""
    lines = lines_of(weighed.policy, head)
    line = lines[0] if lines else inf
    if 0 < line < 1:
        return weighed.sums[head] - log(line / (1 - line))
    return -inf if line >= 1 else inf


def _chosen(case: Case, tried: Sequence[_Tried]) -> Counterfactual | None:
    """The change that gets the comment approved, or the one that comes closest, said as such."""
    codes = {signal.code for signal in case.weighed.signals}
    if not codes.isdisjoint(("text.empty", "text.too_long")):
        return None
    approving = [trial for trial, changed in tried if changed.action is Action.APPROVE]
    if approving:
        best = min(approving, key=lambda trial: _PREFERENCE.index(trial.change))
        return _said(best, Action.APPROVE, f"{best.phrase}: approve.")
    trial, changed = min(tried, key=lambda each: _distance(each[1]), default=(None, case.weighed))
    if trial is None or _distance(changed) >= _distance(case.weighed):
        return _nothing(case)
    phrase = trial.phrase[0].lower() + trial.phrase[1:]
    if "text.empty" in changed.codes:
        would = "nothing would be left to read"
    elif changed.action is not case.weighed.action:
        would = f"it would be {_BECOMES[changed.action]}"
    else:
        head = max(HEADS, key=lambda head: _excess(case.weighed, head))
        before, after = f"{case.weighed.scores[head]:.0%}", f"{changed.scores[head]:.0%}"
        if before == after:
            return _nothing(case)
        would = f"{head.replace('_', ' ')} goes from {before} to {after}"
    return _said(trial, changed.action, f"No single thing decides; the closest is: {phrase} {would}.")


def _distance(weighed: Weighed) -> tuple[int, float]:
    """How far from approval."""
    return _SEVERITY[weighed.action], max(_excess(weighed, head) for head in HEADS)


def _said(trial: _Trial, action: Action, message: str) -> Counterfactual:
    return Counterfactual(change=trial.change, action=action, message=message, code=trial.code, spans=trial.spans)


def _nothing(case: Case) -> Counterfactual:
    """Nothing that is worth trying helps; what weighs most is named where it is known."""
    action = case.weighed.action
    if case.words is None:
        return Counterfactual(
            change=Change.NONE,
            action=action,
            message="Nothing besides the text decides; it is too long to try its words one by one.",
        )
    word, left = strongest(case.weighed, case.words, links=True) or (None, inf)
    if word is None:
        return Counterfactual(change=Change.NONE, action=action, message="No single thing decides.")
    far = "It is far above the line" if left > _HOPELESS else "No single thing decides"
    verb = "weigh" if word.text is None and len(word.spans) > 1 else "weighs"
    message = f"{far}; {word.quoted} {verb} most."
    return Counterfactual(change=Change.NONE, action=action, message=message, spans=word.spans)
