"""``sluice evaluate``: labelled comments judged by a model and a policy, counted and compared with a baseline.

The result is plain data (the JSON that the command writes); ``report`` makes a page of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from classifier.baseline import count_plainly, fit_plainly
from classifier.curves import calibration, cost_curve, histogram, precision_recall
from classifier.datasets import Example, data_files, digest_of, merge_copies, nothing_labelled, read_file
from classifier.domain import HEADS, Action, Article, Context
from classifier.evaluation import area, enough, proportion, share
from classifier.policy import Policy
from classifier.registry import load, read_manifest
from classifier.rows import RowError, read_row
from classifier.scoring import Floats
from classifier.slices import slices_of
from classifier.text import read
from classifier.weighing import Weighed, weigh

#: The baseline that needs no other model: fitted on the evaluated rows themselves, each judged by a fit without it.
PLAIN: Final = "plain"
SAMPLE: Final = 20_000
WORST: Final = 40
_FOLDS: Final = 5
_BATCH: Final = 512
_FEWEST: Final = 20
Rows = npt.NDArray[np.bool_]
Step = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Case:
    """One labelled comment and what the brain may look at when it judges it."""

    example: Example
    context: Context
    number: int


def read_cases(paths: Sequence[Path], sample: int, seed: int) -> tuple[list[Case], str, int]:
    """The labelled comments of some files, the digest of the files, and how many comments they hold.

    With more comments than ``sample`` (when that is not 0) as many are drawn.
    """
    files = data_files(paths)
    examples: list[Example] = []
    contexts: dict[str, Context] = {}
    for file in files:
        for row, example in read_file(file):
            contexts.setdefault(example.text, _context(row, example))
            examples.append(example)
    merged = merge_copies(examples)
    if not merged:
        raise nothing_labelled(paths)
    chosen = np.arange(len(merged))
    if sample and len(merged) > sample:
        chosen = np.sort(np.random.default_rng(seed).permutation(len(merged))[:sample])
    cases = [Case(merged[row], contexts[merged[row].text], row) for row in chosen.tolist()]
    return cases, digest_of(files), len(merged)


def _context(row: Mapping[str, Any], example: Example) -> Context:
    """What the row says; of a row with fields that ``sluice score`` would refuse only the text and its page."""
    try:
        return read_row(row)
    except RowError:
        return Context(text=example.text, article=Article(text=example.context))


def evaluate(
    model: Path,
    data: Sequence[Path],
    policy: Policy,
    *,
    baseline: str = PLAIN,
    sample: int = SAMPLE,
    seed: int = 0,
    texts: bool = True,
    step: Step = lambda _: None,
) -> dict[str, Any]:
    """Judge labelled comments and count; raises ``DataError`` or a ``ModelError``.

    ``baseline`` is ``plain`` or the folder of another model version. Only the worst errors quote comments, and with
    ``texts`` off not even those.
    """
    scorer, manifest = load(model), read_manifest(model)
    step("reading")
    cases, digest, found = read_cases(data, sample, seed)
    labels = _labels(cases)
    step("judging")
    weighed = judge([case.context for case in cases], scorer.calibrated_logits, policy)
    logits = np.array([[each.sums[head] for head in HEADS] for each in weighed])
    step("baseline")
    if baseline == PLAIN:
        beside = _cross_validated(cases, labels, seed)
        name = f"words and pieces of words (TF-IDF, logistic regression), fitted on these rows, {_FOLDS} folds"
    else:
        other = load(Path(baseline))
        judged = judge([case.context for case in cases], other.calibrated_logits, policy)
        beside = np.array([[each.sums[head] for head in HEADS] for each in judged])
        name = f"model {other.version}"
    step("counting")
    troubled = np.nanmax(labels, axis=1) >= 0.5
    actions = np.array([each.action.value for each in weighed])
    return {
        "model": scorer.version,
        "policy": policy.version,
        "baseline": name,
        "data": {"rows": len(cases), "labelled": found, "snapshot": digest, "files": [str(path) for path in data],
                 "trouble": int(troubled.sum()), "seed": seed},
        "seen_in_training": manifest.get("snapshot") == digest,
        "interval": "95%: Clopper-Pearson for shares, Hanley and McNeil for areas",
        "heads": {
            head: _head(labels[:, at], logits[:, at], beside[:, at], policy, head)
            for at, head in enumerate(HEADS)
            if _has_both(labels[:, at])
        },
        "decisions": _decisions(troubled, actions),
        "cost": {
            "model": cost_curve(_margin(logits, policy), troubled),
            "baseline": cost_curve(_margin(beside, policy), troubled),
            "policy": [float((actions != "approve").mean()), _rate(actions[troubled] == "approve")],
        },
        "slices": slices_of([case.example for case in cases], weighed, labels, troubled),
        "errors": _worst(cases, weighed, labels, troubled, _margin(logits, policy), texts=texts),
    }  # fmt: skip


def judge(contexts: Sequence[Context], score: Callable[[list[Any]], Floats], policy: Policy) -> list[Weighed]:
    """The decisions of a policy on some comments, without the search for what would change them."""
    weighed: list[Weighed] = []
    for at in range(0, len(contexts), _BATCH):
        batch = contexts[at : at + _BATCH]
        documents = [read(context.text) for context in batch]
        logits = score(list(documents)).tolist()
        weighed += [
            weigh(context, document, dict(zip(HEADS, row, strict=True)), policy)
            for context, document, row in zip(batch, documents, logits, strict=True)
        ]
    return weighed


def _labels(cases: Sequence[Case]) -> Floats:
    """One row per comment, one column per head, NaN where nobody gave a label."""
    table = np.full((len(cases), len(HEADS)), np.nan)
    for row, case in enumerate(cases):
        for head, value in case.example.labels.items():
            table[row, HEADS.index(head)] = value
    return table


def _has_both(labels: Floats) -> bool:
    known = labels[~np.isnan(labels)] >= 0.5
    return min(int(known.sum()), int((~known).sum())) >= _FEWEST


def _cross_validated(cases: Sequence[Case], labels: Floats, seed: int) -> Floats:
    """Logits of the plain model, each by a fit on the other folds; NaN for heads with too few labels."""
    counts = count_plainly([case.example.text for case in cases])
    groups = {
        pair: at for at, pair in enumerate(dict.fromkeys(case.example.pair or f"row {case.number}" for case in cases))
    }
    drawn = np.random.default_rng(seed).integers(0, _FOLDS, len(groups))
    folds = drawn[[groups[case.example.pair or f"row {case.number}"] for case in cases]]
    logits = np.full(labels.shape, np.nan)
    for column in range(len(HEADS)):
        known = ~np.isnan(labels[:, column])
        truth = labels[:, column] >= 0.5
        for fold in range(_FOLDS) if _has_both(labels[:, column]) else ():
            taught, asked = np.flatnonzero(known & (folds != fold)), np.flatnonzero(folds == fold)
            if len(asked) and 0 < truth[taught].sum() < len(taught):
                logits[asked, column] = fit_plainly(counts[taught], truth[taught]).logits(counts[asked])
    return logits


def _head(labels: Floats, logits: Floats, beside: Floats, policy: Policy, head: str) -> dict[str, Any]:
    """Everything about one head on the rows that have its label."""
    known = ~np.isnan(labels)
    truth, scores = labels[known] >= 0.5, 1 / (1 + np.exp(-logits[known]))
    thresholds = policy.heads.get(head)
    limits = {
        "hold_at": thresholds.hold_at if thresholds else None,
        "reject_at": thresholds.reject_at if thresholds else None,
    }
    plain = beside[known]
    compared = ~np.isnan(plain)
    return {
        "positive": int(truth.sum()),
        "negative": int((~truth).sum()),
        "area": area(logits[known][truth], logits[known][~truth]),
        "precision_recall": precision_recall(truth, scores),
        "calibration": calibration(truth, scores),
        "histogram": histogram(truth, scores),
        "thresholds": {
            name: {
                "at": limit,
                "caught": share(scores[truth], np.nextafter(limit, 0)),
                "false_alarms": share(scores[~truth], np.nextafter(limit, 0)),
                "precision": proportion(int((truth & (scores >= limit)).sum()), int((scores >= limit).sum())),
            }
            for name, limit in limits.items()
            if limit is not None
        },
        "baseline": None
        if not enough(plain[compared & truth], plain[compared & ~truth])
        else {
            "area": area(plain[compared & truth], plain[compared & ~truth]),
            "precision_recall": precision_recall(truth[compared], plain[compared]),
        },
    }


def _decisions(troubled: Rows, actions: npt.NDArray[np.str_]) -> dict[str, Any]:
    """What the policy did with comments that have a positive label, and with those that have none."""
    return {
        name: {
            action.value: proportion(int((actions[rows] == action.value).sum()), int(rows.sum())) for action in Action
        }
        for name, rows in (("trouble", troubled), ("fine", ~troubled))
    }


def _margin(logits: Floats, policy: Policy) -> Floats:
    """How far the worst head of each comment is above the line from which it is held, in logits."""
    columns, lines = [], []
    for head, thresholds in policy.heads.items():
        if (
            thresholds.hold_at is not None
            and 0 < thresholds.hold_at < 1
            and not np.isnan(logits[:, HEADS.index(head)]).all()
        ):
            columns.append(HEADS.index(head))
            lines.append(float(np.log(thresholds.hold_at / (1 - thresholds.hold_at))))
    if not columns:
        return np.zeros(len(logits))
    return np.asarray(np.nanmax(logits[:, columns] - np.array(lines), axis=1, initial=-30.0))


def _rate(hits: Rows) -> float:
    return float(hits.mean()) if len(hits) else 0.0


def _worst(
    cases: Sequence[Case],
    weighed: Sequence[Weighed],
    labels: Floats,
    troubled: Rows,
    margin: Floats,
    *,
    texts: bool,
) -> list[dict[str, Any]]:
    """The errors made with most conviction: half stopped without cause, half let through, if there are so many.

    Of the stopped only those count that somebody labelled for the head with the highest score.
    """
    stopped = np.array([each.action is not Action.APPROVE for each in weighed])
    highest = np.array([max(range(len(HEADS)), key=lambda at: each.scores[HEADS[at]]) for each in weighed])
    asked = ~np.isnan(labels[np.arange(len(labels)), highest])
    wrong = [np.flatnonzero(stopped & ~troubled & asked), np.flatnonzero(~stopped & troubled)]
    ordered = [rows[np.argsort(-np.abs(margin[rows]), kind="stable")].tolist() for rows in wrong]
    half = WORST // 2
    room = [max(half, WORST - len(other)) for other in reversed(ordered)]
    return [
        {
            "kind": kind,
            "action": weighed[row].action.value,
            "labels": {head: float(labels[row, at]) for at, head in enumerate(HEADS) if not np.isnan(labels[row, at])},
            "scores": {head: round(weighed[row].scores[head], 4) for head in HEADS},
            "reasons": [reason.message if texts else reason.code for reason in weighed[row].ruled.reasons][:5],
            "source": cases[row].example.source,
            "row": cases[row].number,
            **({"text": cases[row].example.text} if texts else {}),
        }
        for kind, rows, most in zip(("stopped", "leaked"), ordered, room, strict=True)
        for row in rows[:most]
    ]


def summary(evaluation: Mapping[str, Any]) -> str:
    """A few lines for the terminal."""
    rows, trouble = evaluation["data"]["rows"], evaluation["data"]["trouble"]
    lines = [f"{evaluation['model']} under {evaluation['policy']}: {rows:,} comments, {trouble:,} labelled as trouble"]
    if evaluation["seen_in_training"]:
        lines.append("The model was trained on these very comments, so every number flatters.")
    for name, found in evaluation["decisions"].items():
        if found["hold"]["of"]:
            said = ", ".join(f"{verb} {found[action]['share']:.1%}" for action, verb in _VERBS.items())
            lines.append(f"{name}: {said}")
    for head, found in evaluation["heads"].items():
        beside = f", baseline {found['baseline']['area']['auc']:.3f}" if found["baseline"] else ""
        area_ = found["area"]
        lines.append(f"{head}: AUC {area_['auc']:.3f} ± {area_['auc_plus_minus']:.3f}{beside}")
    return "\n".join(lines)


_VERBS: Final = {"approve": "approved", "hold": "held", "reject": "rejected"}
