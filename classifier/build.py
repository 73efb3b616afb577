"""``sluice train``: from data files to a model version on disk."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, TextIO

import numpy as np
import numpy.typing as npt
import scipy
import sklearn
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from sklearn.model_selection import KFold

from classifier.calibration import calibrate
from classifier.card import licence, model_card
from classifier.datasets import Example, load_snapshot
from classifier.domain import HEADS
from classifier.evaluation import (
    NEWS_SOURCES,
    SPAM_SOURCES,
    Prepared,
    abuse_areas,
    area,
    enough,
    fit_without,
    left_out_logits,
    prepare,
)
from classifier.registry import save
from classifier.scoring import Floats
from classifier.synthetic import disguise_some, synthesise
from classifier.training import Recipe, Targets, build_targets, load_recipe, quantise

#: Heads that rest on little evidence say so in the manifest.
WEAK_HEADS: Final = {"sexual": "One small source of talk with chatbots (157 positive rows)."}
_FOLDS: Final = 3
_ABUSE_HEADS: Final = HEADS[1:]


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Logits of rows by models that had not seen them.

    ``folds``: one column per head, other rows of the same source were in training. ``spam``: the row's whole source was
    left out (NaN where there is no spam label). ``news``: abuse heads with all comments under news articles left out.
    """

    folds: Floats
    spam: Floats
    news: Floats


def build_model(target: Path, *, recipe: str, data: Sequence[Path], seed: int, log: TextIO) -> str:
    """Train a model version and write it to ``target``; gives back its version string."""
    settings = load_recipe(recipe)
    columns = (TextColumn("{task.description:<32}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(file=log)) as progress:
        steps = progress.add_task("reading", total=_FOLDS + len(SPAM_SOURCES) + 5)

        def step(description: str) -> None:
            progress.update(steps, advance=1, description=description)

        snapshot = load_snapshot(data)
        examples = with_synthetic(snapshot.examples, settings, seed)
        step("counting terms")
        prepared = prepare(examples)
        targets = build_targets(examples, settings, np.random.default_rng(seed))
        step("fitting")
        with ThreadPoolExecutor(2) as pool:
            nothing = np.zeros(len(examples), dtype=bool)
            fitting = pool.submit(fit_without, prepared, targets, settings, nothing, HEADS)
            held_out = _hold_out(prepared, targets, settings, seed, pool=pool, step=step)
            fitted = fitting.result()
        step("calibrating")
        weights = quantise(fitted.coefficients, fitted.intercept, fitted.features.idf_, settings)
        weights = calibrate(weights, held_out.folds, held_out.spam, examples, targets)
        report = make_report(prepared, targets, held_out)
        about = manifest(snapshot.digest, len(examples), settings, seed)
        pages = {"LICENSE": licence(example.source for example in examples), "MODEL_CARD.md": model_card(about, report)}
        made = save(target, weights, about, report, pages)
        step("done")
    return made


def with_synthetic(examples: Sequence[Example], recipe: Recipe, seed: int) -> list[Example]:
    """Examples of data files, followed by our own."""
    written = synthesise(recipe.synthetic_rows, seed)
    return [*examples, *written, *disguise_some(written, recipe.disguised_rows, seed)]


def _hold_out(
    prepared: Prepared,
    targets: Targets,
    recipe: Recipe,
    seed: int,
    *,
    pool: ThreadPoolExecutor,
    step: Callable[[str], None],
) -> HeldOut:
    """Every row by models that had not seen it, or had not seen its source."""

    def without(name: str, sources: Sequence[str], heads: Sequence[str]) -> Floats:
        logits = left_out_logits(prepared, targets, recipe, prepared.rows_of(sources), heads)
        step(f"without {name}")
        return logits

    def without_fold(number: int, test: npt.NDArray[np.int64]) -> Floats:
        rows = np.zeros(len(prepared.examples), dtype=bool)
        rows[test] = True
        logits = left_out_logits(prepared, targets, recipe, rows, HEADS)
        step(f"cross-validation {number}/{_FOLDS}")
        return logits

    splits = KFold(_FOLDS, shuffle=True, random_state=seed).split(np.zeros(len(prepared.examples)))
    folds = [pool.submit(without_fold, number, test) for number, (_, test) in enumerate(splits, 1)]
    spam = [pool.submit(without, source, (source,), ("spam",)) for source in SPAM_SOURCES]
    spam.append(pool.submit(without, "news (spam)", NEWS_SOURCES, ("spam",)))
    news = pool.submit(without, "news (abuse)", NEWS_SOURCES, _ABUSE_HEADS)
    return HeldOut(
        folds=_overlay([fold.result() for fold in folds]),
        spam=_overlay([part.result()[:, 0] for part in spam]),
        news=news.result(),
    )


def _overlay(parts: Sequence[Floats]) -> Floats:
    """One column of several that are NaN outside their own rows."""
    whole = np.full_like(parts[0], np.nan)
    for part in parts:
        whole = np.where(np.isnan(part), whole, part)
    return whole


def manifest(digest: str, rows: int, recipe: Recipe, seed: int) -> dict[str, Any]:
    """What made a model version, and what its heads are worth."""
    return {
        "name": recipe.name,
        "heads": {head: {"weak": head in WEAK_HEADS, "note": WEAK_HEADS.get(head, "")} for head in HEADS},
        "recipe": asdict(recipe),
        "seed": seed,
        "snapshot": digest,
        "rows": rows,
        "synthetic": "Rows whose source begins with synthetic- were written by the templates in classifier/templates.",
        "libraries": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "scipy": scipy.__version__,
            "scikit-learn": sklearn.__version__,
            "mmh3": version("mmh3"),
        },
    }


def make_report(prepared: Prepared, targets: Targets, held_out: HeldOut) -> dict[str, Any]:
    """Areas under the curve with counts and intervals."""
    spam = {source: _split(prepared, targets, held_out.spam, "spam", source) for source in SPAM_SOURCES}
    return {
        "interval": "95%, Hanley and McNeil",
        "spam_source_left_out": {source: area(*split) for source, split in spam.items() if enough(*split)},
        "abuse_news_left_out": abuse_areas(prepared, targets, held_out.news, _ABUSE_HEADS),
        "out_of_fold": {
            head: _areas(prepared, targets, held_out.folds[:, column], head) for column, head in enumerate(HEADS)
        },
    }


def _areas(prepared: Prepared, targets: Targets, logits: Floats, head: str) -> dict[str, dict[str, Any]]:
    areas = {}
    for source in np.unique(prepared.sources):
        positive, negative = _split(prepared, targets, logits, head, str(source))
        if enough(positive, negative):
            areas[str(source)] = area(positive, negative)
    return areas


def _split(prepared: Prepared, targets: Targets, logits: Floats, head: str, source: str) -> tuple[Floats, Floats]:
    """Logits of the positive and of the negative rows of a source."""
    column = HEADS.index(head)
    rows = (prepared.sources == source) & (targets.weights[:, column] > 0)
    truth = targets.values[:, column] >= 0.5
    return logits[rows & truth], logits[rows & ~truth]
