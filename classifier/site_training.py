"""``sluice train --site``: from what a site's moderators said to an adaptation of the model, and what it is worth.

Every head that has enough labels is judged by cross-validation, copies of a text kept together. A head that would
rank the site's own labels worse than the global model does is left alone; if none is left, nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from classifier.adapt import (
    Change,
    Indices,
    Kinship,
    area,
    change_of,
    fit,
    folds_of,
    kinship,
    platt,
    prior_of,
    widened,
)
from classifier.adaptation import Adaptation, rows_of, save_adaptation
from classifier.campaigns import Candidate, bands_of, fingerprints, group
from classifier.dense import DENSE
from classifier.domain import HEADS
from classifier.lessons import Lesson
from classifier.scoring import Floats, Scorer
from classifier.text import Document, read

#: Fewer labels of a head teach nothing that could be checked; of either kind there must be some.
FEWEST: Final = 20
FEWEST_OF_EACH: Final = 5
#: So many texts are learnt from, the newest; time grows with their cube.
MOST: Final = 1_200
_FOLDS: Final = 5
_DRAWS: Final = 400
#: A head is left alone when a gain is less likely than this, by the bootstrap over its labels.
_DOUBTFUL: Final = 0.05
#: Nor may its chances fit the labels worse by more than this, in nats.
_WORSE: Final = 0.05


class SiteTrainingError(Exception):
    """Nothing can be learnt for this site; the message says why in one sentence."""


@dataclass(frozen=True, slots=True)
class Labels:
    """What is known of one head: of which texts, what, and how much each label counts."""

    head: str
    known: Indices
    truth: Floats
    counts: Floats


@dataclass(frozen=True, slots=True)
class Judged:
    """A head before and after, on labels that the fit judged had not seen."""

    before: Floats
    after: Floats
    truth: Floats
    slope: float
    offset: float


def train_site(
    target: Path,
    scorer: Scorer,
    lessons: Sequence[Lesson],
    *,
    site: str,
    name: str,
    seed: int = 0,
    step: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Adapt the model to one site and write the adaptation to ``target``; its report, with its ``version``.

    The same lessons, model and seed give the same bytes. ``site`` is the site's id.

    Raises:
        SiteTrainingError: there are too few labels, or the adaptation would make things worse.
    """
    taught = [lesson for lesson in lessons if lesson.labels][-MOST:]
    _check_enough(taught)
    step("reading")
    documents = [read(lesson.text) for lesson in taught]
    rows, logits = rows_of(scorer, documents), scorer.calibrated_logits(documents)
    groups = copies_of(documents)
    step("comparing")
    kin = kinship(rows)
    columns = np.unique(rows.columns)
    changes: dict[str, Change] = {}
    report: dict[str, Any] = {}
    missing = lacking(taught)
    for head in HEADS:
        known = np.array([at for at, lesson in enumerate(taught) if head in lesson.labels], dtype=np.int64)
        truth = np.array([float(taught[at].labels[head] >= 0.5) for at in known])
        counts = np.array([taught[at].weight for at in known])
        if head in missing or not len(known):
            continue
        step(f"learning {head}")
        own = logits[:, HEADS.index(head)]
        labels = Labels(head, known, truth, counts)
        judged = cross_validated(kin, own, labels, groups, seed)
        report[head] = measure(judged, seed)
        if report[head]["adapted"]:
            kernel = kin.kernel(prior_of(head), own)[np.ix_(known, known)]
            learnt = widened(fit(kernel, prior_of(head), own[known], truth, counts), known, len(rows))
            change = change_of(learnt, rows, kin, own, columns)
            changes[head] = change.in_chances(judged.slope, judged.offset)
    if not changes:
        raise SiteTrainingError(_no_gain(report))
    adaptation = _assemble(scorer, site, columns, changes)
    found = {
        "labels": len(taught),
        "interval": f"95%, bootstrap over labels, {_FOLDS} folds",
        "heads": report,
        "not_learnt": missing,
    }
    about = {"name": name, "seed": seed, "rows": len(taught)}
    return {"version": save_adaptation(target, adaptation, about, found), **found}


def cross_validated(kin: Kinship, logits: Floats, labels: Labels, groups: Indices, seed: int) -> Judged:
    """Each label predicted by a fit that saw neither it nor copies of its text, made into chances."""
    prior, known, truth, counts = prior_of(labels.head), labels.known, labels.truth, labels.counts
    kernel = kin.kernel(prior, logits)[np.ix_(known, known)]
    own = logits[known]
    fitted = np.empty(len(known))
    for test in folds_of(truth, groups[known].tolist(), _FOLDS, seed):
        rest = np.setdiff1d(np.arange(len(known)), test)
        found = fit(kernel[np.ix_(rest, rest)], prior, own[rest], truth[rest], counts[rest])
        fitted[test] = found.trust * own[test] + kernel[np.ix_(test, rest)] @ found.weights
    slope, offset = platt(fitted, truth, prior.scale(float(counts.sum())), counts)
    return Judged(own, slope * fitted + offset, truth, slope, offset)


def measure(judged: Judged, seed: int) -> dict[str, Any]:
    """A head's areas and losses before and after with their intervals, and whether the adaptation is worth having."""
    rng = np.random.default_rng(seed)
    truth = judged.truth
    draws = [rng.integers(0, len(truth), len(truth)) for _ in range(_DRAWS)]
    draws = [draw for draw in draws if 0 < truth[draw].sum() < len(truth)]
    before = np.array([area(truth[draw], judged.before[draw]) for draw in draws])
    after = np.array([area(truth[draw], judged.after[draw]) for draw in draws])
    better = float((after >= before).mean())
    losses = [_loss(logits, truth) for logits in (judged.before, judged.after)]
    return {
        "labels": len(truth),
        "positive": int(truth.sum()),
        "auc_before": _with_interval(area(truth, judged.before), before),
        "auc_after": _with_interval(area(truth, judged.after), after),
        "auc_gain": _with_interval(area(truth, judged.after) - area(truth, judged.before), after - before),
        "loss_before": round(float(losses[0].mean()), 4),
        "loss_after": round(float(losses[1].mean()), 4),
        "adapted": better >= _DOUBTFUL and float(losses[1].mean()) <= float(losses[0].mean()) + _WORSE,
    }


def copies_of(documents: Sequence[Document]) -> Indices:
    """For each text the first one that reads nearly the same."""
    found = fingerprints(documents)
    candidates = [
        Candidate(str(at), each, bands_of("", each.signature)) for at, each in enumerate(found) if each is not None
    ]
    leaders = {each.id: int(to.campaign) for each, to in zip(candidates, group(candidates, []), strict=True)}
    return np.array([leaders.get(str(at), at) for at in range(len(documents))], dtype=np.int64)


def _assemble(scorer: Scorer, site: str, columns: Indices, changes: Mapping[str, Change]) -> Adaptation:
    terms = np.stack([change.terms for change in changes.values()], axis=1).astype(np.float32)
    used = np.flatnonzero(np.abs(terms).max(axis=1) > 0)
    dense = np.stack([change.dense for change in changes.values()], axis=1)
    return Adaptation(
        version="",
        base=scorer.version,
        site=site,
        heads=tuple(changes),
        columns=columns[used].astype(np.int32),
        terms=terms[used],
        dense=dense.reshape(len(DENSE), len(changes)),
        slope=np.array([change.slope for change in changes.values()]),
        intercept=np.array([change.intercept for change in changes.values()]),
    )


def _enough(truth: Floats) -> bool:
    positive = int(truth.sum())
    return len(truth) >= FEWEST and min(positive, len(truth) - positive) >= FEWEST_OF_EACH


def lacking(lessons: Sequence[Lesson]) -> dict[str, dict[str, int]]:
    """The heads that have labels, and too few of them or of one side only: how many, and how many for it."""
    found = {}
    for head in HEADS:
        truth = np.array([float(each.labels[head] >= 0.5) for each in lessons if head in each.labels])
        if len(truth) and not _enough(truth):
            found[head] = {"labels": len(truth), "positive": int(truth.sum())}
    return found


def lack_in_words(labels: int, positive: int) -> str:
    """What labels there are of a head that is not learnt."""
    negative = labels - positive
    sides = f"{positive} for it and {negative} against" if positive and negative else None
    sides = sides or ("none against" if positive else "none for it")
    return f"{labels} label{'' if labels == 1 else 's'}, {sides}"


def _check_enough(lessons: Sequence[Lesson]) -> None:
    missing = lacking(lessons)
    if {head for each in lessons for head in each.labels} - set(missing):
        return
    count = len(lessons)
    there = "There is 1 labelled comment" if count == 1 else f"There are {count or 'no'} labelled comments"
    heads = "; ".join(f"{head}: {lack_in_words(**each)}" for head, each in missing.items() if each["positive"])
    raise SiteTrainingError(
        f"{there}{f' ({heads})' if heads else ''}, and at least {FEWEST} on one head are needed, {FEWEST_OF_EACH} of "
        f"them for it and {FEWEST_OF_EACH} against. Rule on more comments, with a reason where you reject."
    )


def _no_gain(report: Mapping[str, Mapping[str, Any]]) -> str:
    heads = ", ".join(
        f"{head} (area {each['auc_before']['value']:.3f} before, {each['auc_after']['value']:.3f} after)"
        for head, each in report.items()
    )
    return f"Training on these labels would make the model worse, or no better: {heads}. Nothing was written."


def _loss(logits: Floats, truth: Floats) -> Floats:
    return np.asarray(np.logaddexp(0, logits) - truth * logits)


def _with_interval(value: float, draws: Floats) -> dict[str, float]:
    low, high = np.quantile(draws, [0.025, 0.975])
    return {"value": round(value, 4), "low": round(float(low), 4), "high": round(float(high), 4)}
