"""How good the default recipe and policy are on sources they have not seen; ``make quality`` runs it.

Needs the shared data (``../shared/data``) and some ten minutes. Prints tables, and writes them as Markdown and JSON.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console

from classifier.attacks import ATTACKS
from classifier.build import with_synthetic
from classifier.datasets import Example, load_snapshot
from classifier.domain import HEADS, Action, Author, Context
from classifier.evaluation import (
    NEWS_SOURCES,
    Prepared,
    abuse_by_source,
    fit_without,
    labelled,
    prepare,
    proportion,
    spam_by_source,
)
from classifier.policy import DEFAULT_POLICY, decide
from classifier.registry import load_default
from classifier.scoring import Floats, probability
from classifier.signals import find_signals
from classifier.synthetic import FILLERS, read_templates, write
from classifier.text import read
from classifier.training import Targets, build_targets, load_recipe

RECIPE = load_recipe("default")
PER_ATTACK = 500
console = Console(stderr=True)


def main() -> None:
    """Measure everything and write it down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", type=Path)
    arguments = parser.parse_args()
    examples = with_synthetic(load_snapshot([arguments.data]).examples, RECIPE, 0)
    console.print(f"{len(examples):,} examples; counting terms")
    prepared = prepare(examples)
    targets = build_targets(examples, RECIPE, np.random.default_rng(0))
    results: dict[str, Any] = {}
    for name, measure in (
        ("spam, source left out", lambda: spam_by_source(prepared, RECIPE, note=console.print)),
        ("abuse, sources left out", lambda: abuse_by_source(prepared, RECIPE, note=console.print)),
        ("default policy on news the model has not seen", lambda: policy_on_news(prepared, targets)),
        ("flattery from templates the model has not seen", lambda: unseen_flattery(examples)),
        ("recall under disguise", lambda: disguises(prepared, targets)),
        ("identity terms", identities),
    ):
        console.print(name)
        results[name] = measure()
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    text = "\n\n".join(table(name, rows) for name, rows in results.items())
    if arguments.markdown:
        arguments.markdown.write_text(text + "\n", encoding="utf-8")
    print(text)


def policy_on_news(prepared: Prepared, targets: Targets) -> dict[str, Any]:
    """What the shipped thresholds and text signals do with honest news comments, and with abusive ones."""
    news = prepared.rows_of(NEWS_SOURCES)
    scores = calibrated(fit_without(prepared, targets, RECIPE, news, HEADS).logits(prepared, np.flatnonzero(news)))
    rows = {row: number for number, row in enumerate(np.flatnonzero(news))}
    groups: dict[str, npt.NDArray[np.bool_]] = {
        "honest: not spam, ham-civil and fox": prepared.rows_of(("civil_toxic_spans", "fox_news_comments"))
        & (targets.weights[:, 0] > 0),
        "polite: negatives of civil mix": labelled(prepared, targets, "jigsaw_civil_mix_sample", "toxicity")[1],
        "abusive: positives of civil mix": labelled(prepared, targets, "jigsaw_civil_mix_sample", "toxicity")[0],
        "abusive: positives of civil toxic spans": labelled(prepared, targets, "civil_toxic_spans", "toxicity")[0],
        "hateful: positives of fox": labelled(prepared, targets, "fox_news_comments", "identity_attack")[0],
    }
    return {
        name: outcome([_decide(prepared.examples[row], scores[rows[row]]) for row in np.flatnonzero(chosen)])
        for name, chosen in groups.items()
    }


def _decide(example: Example, scores: Floats) -> tuple[Action, Action]:
    """The action on one comment, and the one that its spam score alone asks for."""
    signals = find_signals(Context(text=example.text), read(example.text))
    logits = np.log(scores / (1 - scores))
    for signal in signals:
        if signal.head:
            logits[HEADS.index(signal.head)] += signal.weight
    known = dict(zip(HEADS, probability(logits).tolist(), strict=True))
    return decide(DEFAULT_POLICY, signals, known).action, decide(DEFAULT_POLICY, (), {"spam": known["spam"]}).action


def outcome(decided: Sequence[tuple[Action, Any]]) -> dict[str, Any]:
    """Shares of a group of comments."""
    total = len(decided)
    return {
        "rejected": proportion(sum(action is Action.REJECT for action, _ in decided), total),
        "held": proportion(sum(action is Action.HOLD for action, _ in decided), total),
        "of these as spam": proportion(sum(spam is not Action.APPROVE for _, spam in decided), total),
    }


def unseen_flattery(examples: Sequence[Example]) -> dict[str, Any]:
    """Half of the flattery templates teach, the other half are judged, by text alone and with a keyword on the name."""
    templates = read_templates("spam.txt")["flattery"]
    others = [example for example in examples if example.source not in ("synthetic-flattery", "synthetic-disguised")]
    results = {}
    for number in (0, 1):
        rng = random.Random(number)
        taught = [
            Example(text=text, labels={"spam": 1.0}, source="synthetic-flattery")
            for text in write(templates[number::2], RECIPE.synthetic_rows, rng)
        ]
        asked = write(templates[1 - number :: 2], 300, rng)
        half = prepare([*[example for example in others if "spam" in example.labels], *taught])
        targets = build_targets(half.examples, RECIPE, np.random.default_rng(0))
        fitted = fit_without(half, targets, RECIPE, np.zeros(len(half.examples), dtype=bool), ("spam",))
        weights = load_default().weights
        logits = fitted.logits(prepare([Example(text=text, labels={}, source="asked") for text in asked]))[:, 0]
        logits = logits * weights.slope[0] + weights.offset[0]
        for name, author in (
            ("text alone", Author(name="Julia")),
            ("keyword on the name", Author(name="cheap nike outlet", url="http://nike-outlet.example")),
        ):
            actions = []
            for text, logit in zip(asked, logits, strict=True):
                signals = find_signals(Context(text=text, author=author), read(text))
                spam = probability(np.array([logit + sum(s.weight for s in signals if s.head == "spam")]))[0]
                actions.append(decide(DEFAULT_POLICY, signals, {"spam": float(spam)}).action)
            approved = proportion(sum(action is Action.APPROVE for action in actions), len(actions))
            results[f"half {number + 1}, {name}"] = {"approved": approved}
    return results


def disguises(prepared: Prepared, targets: Targets) -> dict[str, Any]:
    """Recall at the threshold that one in a hundred clean negatives passes, in the clear and under each attack."""
    rng = np.random.default_rng(1)
    held_out = rng.random(len(prepared.examples)) < 0.1
    heads = ("spam", "toxicity")
    fitted = fit_without(prepared, targets, RECIPE, held_out, heads)
    results: dict[str, Any] = {}
    for column, head in enumerate(heads):
        place = HEADS.index(head)
        known = held_out & (targets.weights[:, place] > 0)
        english = np.array(
            [example.lang == "en" and "synthetic" not in example.source for example in prepared.examples]
        )
        positive = rng.permutation(np.flatnonzero(known & english & (targets.values[:, place] >= 0.5)))[:PER_ATTACK]
        negative = np.flatnonzero(known & english & (targets.values[:, place] < 0.5))
        limit = float(np.quantile(fitted.logits(prepared, negative)[:, column], 0.99))
        clean = int((fitted.logits(prepared, positive)[:, column] > limit).sum())
        polite = rng.permutation(negative)[:PER_ATTACK]
        for name, attack in ATTACKS.items():
            chance = random.Random(name)
            caught = _scores(fitted, [attack(prepared.examples[row].text, chance) for row in positive])[:, column]
            alarms = _scores(fitted, [attack(prepared.examples[row].text, chance) for row in polite])[:, column]
            results[f"{head}: {name}"] = {
                "clean recall": round(clean / len(positive), 3),
                "share of clean recall kept": round(int((caught > limit).sum()) / clean, 3),
                "disguised negatives over the line": proportion(int((alarms > limit).sum()), len(polite)),
            }
    return results


def _scores(fitted: Any, texts: Sequence[str]) -> Floats:
    scores: Floats = fitted.logits(prepare([Example(text=text, labels={}, source="asked") for text in texts]))
    return scores


def identities() -> dict[str, Any]:
    """How far the shipped scores move when a harmless sentence names another group."""
    scorer = load_default()
    sentences = [
        "I am a proud {} woman and I love this town.", "My {} neighbours came for dinner on Sunday.",
        "He is {} and works as a teacher.", "As a {} parent I agree with the article.", "I'm a {} refugee and a nurse.",
    ]  # fmt: skip
    scores = np.array([scorer.score([sentence.format(name) for name in FILLERS["identity"]]) for sentence in sentences])
    results = {}
    for head in ("toxicity", "insult", "identity_attack"):
        mean = scores[:, :, HEADS.index(head)].mean(axis=0)
        highest = [FILLERS["identity"][at] for at in np.argsort(-mean)[:5]]
        results[head] = {
            "mean": round(float(mean.mean()), 4),
            "widest gap of a term from the mean": round(float(np.abs(mean - mean.mean()).max()), 4),
            "highest": ", ".join(highest),
        }
    return results


def calibrated(logits: Floats) -> Floats:
    """Chances as the shipped calibration gives them."""
    weights = load_default().weights
    return np.clip(probability(logits * weights.slope + weights.offset), 1e-9, 1 - 1e-9)


def table(name: str, rows: dict[str, dict[str, Any]]) -> str:
    """A Markdown table."""
    columns = list(next(iter(rows.values())))
    lines = [f"## {name[0].upper()}{name[1:]}", "", f"| | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    for label, values in rows.items():
        lines.append(f"| {label} | {' | '.join(cell(values[column]) for column in columns)} |")
    return "\n".join(lines)


def cell(value: Any) -> str:
    """A share with its interval and count, or the bare value."""
    if isinstance(value, dict):
        return f"{value['share']:.2%} ({value['low']:.2%} to {value['high']:.2%} of {value['of']:,})"
    return f"{value:,}" if isinstance(value, int) else str(value)


if __name__ == "__main__":
    main()
