"""What the default policy does with comments that neither the model nor its thresholds have seen."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.quality.abuse import FOLD
from benchmarks.quality.figures import Figure, counted
from benchmarks.quality.spam import NEWS
from benchmarks.quality.workshop import HALVES, Fit, Rows, Workshop
from benchmarks.quality.worlds import SPAM, fold_scorer
from classifier import evaluate
from classifier.domain import HEADS, Action, Author, Context
from classifier.evaluation import WIKI_SOURCES
from classifier.policy import DEFAULT_POLICY
from classifier.registry import load_default
from classifier.scoring import Scorer
from classifier.synthetic import read_templates, write
from classifier.training import quantise
from classifier.weighing import Weighed

_HERE: Final = Path(__file__).parent
_ASKED: Final = 300
#: What a spammer puts where the name and the address stand.
_KEYWORDS: Final = (
    ("cheap nike outlet", "http://nike-outlet.example"),
    ("best essay writing service", "https://essay-writers.example"),
    ("Viagra Online", "http://viagra-pills.example"),
    ("online casino bonus", "https://casino-bonus.example"),
    ("payday loans", "http://payday-loans.example"),
    ("seo services delhi", "https://seo-services.example"),
)
_HALF_FITS: Final = tuple(Fit(heads=("spam",), half=half) for half in (0, 1))


def fits() -> list[Fit]:
    """All fits that ``measure`` needs."""
    return [*NEWS.fits(), FOLD, *_HALF_FITS]


def judge(scorer: Scorer, texts: Sequence[str], authors: Sequence[Author] | None = None) -> list[Weighed]:
    """The verdicts on some comments under the default policy, as the service gives them."""
    authors = authors or [Author()] * len(texts)
    contexts = [Context(text=text, author=author) for text, author in zip(texts, authors, strict=True)]
    return evaluate.judge(contexts, scorer.calibrated_logits, DEFAULT_POLICY)


def measure(shop: Workshop) -> list[Figure]:
    """News first, then what must be kept out, then what must be let in."""
    return [
        *on_news(shop), *on_held_out_rows(shop), *on_flattery(shop), *on_unseen_flattery(), *on_thanks(),
        *on_violent_words(),
    ]  # fmt: skip


def on_news(shop: Workshop) -> list[Figure]:
    """All comments under news articles, by a model and thresholds that saw none."""
    scorer = NEWS.scorer(shop)
    sources = shop.prepared.sources
    honest = shop.prepared.rows_of(("ham-civil-comments", "ham-fox-news-comments"))
    verdicts = dict(zip(np.flatnonzero(honest).tolist(), judge(scorer, _texts(shop, honest)), strict=True))
    group = "Default policy on honest news comments, all news left out of training and of the thresholds"
    figures = []
    for name, rows in (
        ("ham-civil and ham-fox", honest),
        ("ham-civil", honest & np.isin(sources, ("civil_toxic_spans", "ham-civil-comments"))),
        ("ham-fox", honest & np.isin(sources, ("fox_news_comments", "ham-fox-news-comments"))),
    ):
        some = [verdicts[row] for row in np.flatnonzero(rows).tolist()]
        spam = sum(verdict.action is Action.REJECT and _by_spam(verdict) for verdict in some)
        target = {"at_most": 0.0005} if rows is honest else {}
        figures.append(counted(group, f"{name}: rejected as spam", spam, len(some), **target))
        target = {"at_most": 0.001} if rows is honest else {}
        figures.append(_share(group, f"{name}: rejected for any cause", some, (Action.REJECT,), **target))
        figures.append(_share(group, f"{name}: held (chosen for toxicity: no target)", some, (Action.HOLD,)))
    toxic, polite = shop.labelled("toxicity", ("jigsaw_civil_mix_sample",))
    figures.append(
        _share(group, "polite, civil mix: held", judge(scorer, _texts(shop, polite)), (Action.HOLD,), at_most=0.1)
    )
    figures.append(_share(group, "toxic, civil mix: held", judge(scorer, _texts(shop, toxic)), (Action.HOLD,)))
    return figures


def on_held_out_rows(shop: Workshop) -> list[Figure]:
    """Rows of the held-out third; each half of it under thresholds made on the other half."""
    group = "Default policy on rows left out at random (other rows of the source were in training)"
    side = np.arange(len(shop.examples)) % 2 == 0
    scorers = [(half, fold_scorer(shop, FOLD, shop.fold & ~half, NEWS)) for half in (side, ~side)]

    def both(rows: Rows, some: int | None = None) -> list[Weighed]:
        chosen = rows & shop.fold
        if some is not None:
            drawn = np.random.default_rng(0).permutation(np.flatnonzero(chosen))[:some]
            chosen = np.zeros_like(chosen)
            chosen[drawn] = True
        return [verdict for half, scorer in scorers for verdict in judge(scorer, _texts(shop, chosen & half))]

    figures = []
    for source in WIKI_SOURCES[:2]:
        toxic, polite = shop.labelled("toxicity", (source,))
        verdicts = both(polite, 3000)
        figures.append(_share(group, f"polite, {source}: held", verdicts, (Action.HOLD,), at_most=0.1))
        figures.append(_share(group, f"polite, {source}: rejected", verdicts, (Action.REJECT,)))
        figures.append(_share(group, f"toxic, {source}: held", both(toxic, 1000), (Action.HOLD,)))
    spam, _ = shop.labelled("spam")
    figures.append(_share(group, "spam: approved", both(spam, 2000), (Action.APPROVE,)))
    return figures


def on_flattery(shop: Workshop) -> list[Figure]:
    """Flattery by templates that the model has not seen: the other half of ours."""
    shipped = load_default().weights
    verdicts: dict[bool, list[Weighed]] = {False: [], True: []}
    for half, fit in enumerate(_HALF_FITS):
        fitted = shop.fitted(fit)
        heads = np.zeros((fitted.coefficients.shape[0], len(HEADS)), dtype=np.float32)
        heads[:, SPAM] = fitted.coefficients[:, 0]
        intercept = np.full(len(HEADS), -9.0)  # the other heads have nothing to say here
        intercept[SPAM] = fitted.intercept[0]
        weights = quantise(heads, intercept, fitted.features.idf_, shop.recipe)
        scorer = Scorer(str(fit), replace(weights, slope=shipped.slope, offset=shipped.offset))
        templates = read_templates("spam.txt")["flattery"][1 - half :: 2]
        asked = write(templates, _ASKED, random.Random(HALVES[half]))
        for keyword in verdicts:
            verdicts[keyword] += judge(scorer, asked, _authors(len(asked), keyword=keyword))
    return _flattery("our templates that the model was not taught", verdicts)


def on_unseen_flattery() -> list[Figure]:
    """Flattery and spun comments of another hand, which no model was taught, by the shipped model."""
    scorer = load_default()
    texts = _lines("flattery.txt")
    return _flattery(
        "a list of our own that no training sees, shipped model",
        {keyword: judge(scorer, texts, _authors(len(texts), keyword=keyword)) for keyword in (False, True)},
    )


def on_thanks() -> list[Figure]:
    """What readers write when they liked something, by the shipped model: without and with an address of their own."""
    scorer = load_default()
    texts = _lines("thanks.txt")
    group = "Short honest thanks of readers, a list of our own that no training sees, shipped model"
    homepage = Author(name="Julia", url="https://julias-garden.example")
    return [
        _share(group, f"{name}: held", judge(scorer, texts, [author] * len(texts)), (Action.HOLD, Action.REJECT))
        for name, author in (("text alone", Author(name="Julia")), ("with the author's own homepage", homepage))
    ]


def on_violent_words() -> list[Figure]:
    """Harmless sentences with violent words, by the shipped model."""
    scorer = load_default()
    verdicts = judge(scorer, _lines("violent-words.txt"))
    group = "Harmless sentences with violent words, shipped model"
    return [
        _share(group, "rejected", verdicts, (Action.REJECT,), at_most=0.0),
        _share(group, "held", verdicts, (Action.HOLD,)),
    ]


def _flattery(name: str, verdicts: dict[bool, list[Weighed]]) -> list[Figure]:
    group = "Generic flattery and spun comments without a link, text unseen"
    return [
        _share(group, f"{name}: approved by text alone", verdicts[False], (Action.APPROVE,), at_most=0.3),
        _share(
            group, f"{name}: approved with a keyword on name and URL", verdicts[True], (Action.APPROVE,), at_most=0.02
        ),
    ]


def _authors(count: int, *, keyword: bool) -> list[Author]:
    if not keyword:
        return [Author(name="Julia")] * count
    return [
        Author(name=name, url=url if at % 3 else None) if at % 2 else Author(name="Julia", url=url)
        for at in range(count)
        for name, url in (_KEYWORDS[at % len(_KEYWORDS)],)
    ]


def _by_spam(verdict: Weighed) -> bool:
    reject_at = DEFAULT_POLICY.heads["spam"].reject_at
    return reject_at is not None and verdict.scores["spam"] >= reject_at


def _share(
    group: str, name: str, verdicts: Sequence[Weighed], actions: Sequence[Action], at_most: float | None = None
) -> Figure:
    return counted(group, name, sum(verdict.action in actions for verdict in verdicts), len(verdicts), at_most=at_most)


def _texts(shop: Workshop, rows: Rows) -> list[str]:
    return [shop.examples[row].text for row in np.flatnonzero(rows)]


def _lines(file: str) -> list[str]:
    lines = (_HERE / file).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]
