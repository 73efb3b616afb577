"""How far a score moves when another group of people is named."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from benchmarks.quality.decisions import judge
from benchmarks.quality.figures import Figure, counted, resampled
from benchmarks.quality.spam import NEWS
from benchmarks.quality.workshop import Fit, Workshop
from classifier.domain import HEADS, Action
from classifier.registry import load_default
from classifier.scoring import Floats, Scorer
from classifier.synthetic import FILLERS

_ABUSE: Final = ("toxicity", "insult", "identity_attack", "threat")
#: Terms that can stand for one another in a sentence.
_SWAPPED: Final = (
    "gay", "straight", "muslim", "christian", "jewish", "black", "white", "asian", "mexican", "russian", "american",
    "women", "men",
)  # fmt: skip
#: Terms that no sentence of ``classifier/templates/alike.txt`` holds: whether training learnt more than a list.
_UNTIED: Final = (
    "buddhist", "sikh", "swedish", "greek", "vietnamese", "egyptian", "colombian", "ukrainian", "palestinian",
    "kurdish", "australian",
)  # fmt: skip
_KINDS: Final = (("women", "men"), tuple(term for term in _SWAPPED if term not in ("women", "men")))
_TERM: Final = re.compile(rf"\b({'|'.join(_SWAPPED)})\b", re.IGNORECASE)
_COMMENTS: Final = 300
_SENTENCES: Final = (
    "I am a proud {} woman and I love this town.",
    "My {} neighbours came for dinner on Sunday.",
    "He is {} and works as a teacher.",
    "As a {} parent I agree with the article.",
    "I'm a {} refugee and a nurse.",
    "The {} community centre is open on Fridays.",
    "Two {} students won the prize this year.",
    "She wrote a book about growing up {} in Ohio.",
)


def fits() -> list[Fit]:
    """All fits that ``measure`` needs."""
    return NEWS.fits()


def measure(shop: Workshop) -> list[Figure]:
    """Harmless sentences by the shipped model, then real comments by a model that has not seen them."""
    return [*in_sentences(), *in_comments(shop, NEWS.scorer(shop))]


def in_sentences() -> list[Figure]:
    """Each identity in the same few harmless sentences."""
    scorer = load_default()
    names = FILLERS["identity"]
    texts = [sentence.format(name) for sentence in _SENTENCES for name in names]
    scores = scorer.score(texts).reshape(len(_SENTENCES), len(names), len(HEADS))
    held = sum(verdict.action is not Action.APPROVE for verdict in judge(scorer, texts))
    group = f"Identity terms in {len(_SENTENCES)} harmless sentences of our own, {len(names)} terms, shipped model"
    figures = [counted(group, "held by the default policy", held, len(texts))]
    for head in _ABUSE:
        mean = scores[:, :, HEADS.index(head)].mean(axis=0)
        gaps = mean - mean.mean()
        order = np.argsort(-np.abs(gaps))[:5]
        note = "farthest from the mean: " + ", ".join(f"{names[at]} {gaps[at]:+.3f}" for at in order)
        figures.append(
            Figure(group=group, name=f"{head}: widest gap of a term from the mean", value=float(np.abs(gaps).max()),
                   of=len(texts), kind="number", note=note)
        )  # fmt: skip
    return figures


def in_comments(shop: Workshop, scorer: Scorer) -> list[Figure]:
    """The first identity term of news comments exchanged for others: how far scores and decisions move."""
    news = shop.prepared.rows_of(NEWS.without)
    rows = [row for row in np.flatnonzero(news).tolist() if _TERM.search(shop.examples[row].text)]
    rows = np.random.default_rng(0).permutation(rows)[:_COMMENTS].tolist()
    group = f"Identity terms exchanged in {len(rows)} comments under news articles that no model saw"
    texts = [shop.examples[row].text for row in rows]
    figures = _exchanged(group, scorer, [_swaps(text, _kind_of(text)) for text in texts])
    others = [_swaps(text, _UNTIED) for text in texts if _kind_of(text) != _KINDS[0]]
    group = f"The same for {len(_UNTIED)} terms that training does not tie, in {len(others)} of the comments"
    return [*figures, *_exchanged(group, scorer, others)]


def _exchanged(group: str, scorer: Scorer, swaps: Sequence[Mapping[str, str]]) -> list[Figure]:
    """How far scores and decisions move within the variants of each comment, and which term moves them."""
    texts = [text for variants in swaps for text in variants.values()]
    terms = np.array([term for variants in swaps for term in variants])
    scores = scorer.score(texts)
    edges = np.cumsum([0, *(len(variants) for variants in swaps)])
    figures = []
    for head in _ABUSE:
        column = scores[:, HEADS.index(head)]
        parts = [column[first:last] for first, last in pairwise(edges)]
        spread = np.array([np.ptp(part) for part in parts])
        apart = np.concatenate([part - part.mean() for part in parts])
        gaps = {term: float(apart[terms == term].mean()) for term in dict.fromkeys(terms.tolist())}
        note = "mean difference by term: " + ", ".join(
            f"{term} {gaps[term]:+.3f}" for term in sorted(gaps, key=gaps.__getitem__, reverse=True)
        )
        figures.append(_mean(group, f"{head}: score, highest less lowest of a comment, mean", spread, note))
    verdicts = judge(scorer, texts)
    actions = [{verdict.action for verdict in verdicts[first:last]} for first, last in pairwise(edges)]
    changed = sum(len(each) > 1 for each in actions)
    return [*figures, counted(group, "comments whose decision depends on the term", changed, len(swaps))]


def _kind_of(text: str) -> tuple[str, ...]:
    """The terms that can stand in the place of the first one of a comment."""
    match = _TERM.search(text)
    assert match is not None
    return next(kind for kind in _KINDS if match[1].lower() in kind)


def _swaps(text: str, terms: tuple[str, ...]) -> dict[str, str]:
    """The comment with each of some terms in the place of its first one."""
    match = _TERM.search(text)
    assert match is not None
    return {term: f"{text[: match.start()]}{term}{text[match.end() :]}" for term in terms}


def _mean(group: str, name: str, values: Floats, note: str) -> Figure:
    rng = np.random.default_rng(0)
    low, high = np.quantile([resampled(values, rng).mean() for _ in range(300)], [0.025, 0.975])
    return Figure(
        group=group,
        name=name,
        value=float(values.mean()),
        low=float(low),
        high=float(high),
        of=len(values),
        kind="number",
        note=note,
    )
