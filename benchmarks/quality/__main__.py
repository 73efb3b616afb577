"""Measure the decisions on the labelled data, whole sources left out; ``make quality`` runs it.

Needs the shared data (``../shared/data``), some 12 GB of memory and about twenty minutes on two cores. Fits are kept in
``--cache``, so a run that was broken off goes on where it stopped. Results go to ``--out`` as JSON and as Markdown;
with ``--only`` what was measured of the same model before is kept beside the new figures.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from sklearn.exceptions import ConvergenceWarning

from benchmarks.quality import abuse, cost, decisions, disguise, identity, site, spam, topic
from benchmarks.quality.figures import Figure
from benchmarks.quality.results import Results
from benchmarks.quality.workshop import Fit, Workshop
from classifier.registry import load_default
from classifier.training import load_recipe

SEEDS = (0, 1, 2)
MEASURES = ("spam", "abuse", "decisions", "disguise", "identity", "site", "topic", "cost")


def main() -> None:
    """Measure everything and write it down."""
    parser = argparse.ArgumentParser(prog="make quality", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of labelled comments")
    parser.add_argument("--recipe", default="default", help="name or path of the recipe to judge")
    parser.add_argument("--quick", action="store_true", help="one seed, and training is not timed")
    parser.add_argument("--only", nargs="+", choices=MEASURES, metavar="MEASURE", help=f"some of: {' '.join(MEASURES)}")
    parser.add_argument("--jobs", type=int, default=2, help="fits at the same time")
    parser.add_argument(
        "--cache", type=Path, default=Path("benchmarks/results/quality-cache"), help="where fits are kept"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("benchmarks/results"), help="folder for quality.json and quality.md"
    )
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", category=ConvergenceWarning)  # the baseline's fits, several at a time
    console = Console(stderr=True)
    began = time.monotonic()
    seeds = SEEDS[:1] if arguments.quick else SEEDS
    arguments.cache.mkdir(parents=True, exist_ok=True, mode=0o700)
    shop = Workshop(arguments.data, load_recipe(arguments.recipe), arguments.cache, console.print, arguments.jobs)
    measures: dict[str, tuple[list[Fit], Callable[[], list[Figure]]]] = {
        "spam": (spam.fits(seeds), lambda: spam.measure(shop, seeds)),
        "abuse": (abuse.fits(), lambda: abuse.measure(shop)),
        "decisions": (decisions.fits(), lambda: decisions.measure(shop)),
        "disguise": (disguise.fits(), lambda: disguise.measure(shop)),
        "identity": (identity.fits(), lambda: identity.measure(shop)),
        "site": (site.fits(), lambda: site.measure(shop)),
        "topic": ([], lambda: topic.measure(arguments.data)),
        "cost": ([], lambda: cost.measure(None if arguments.quick else arguments.data)),
    }
    chosen = arguments.only or list(measures)
    fits = list(dict.fromkeys(fit for name in chosen for fit in measures[name][0]))
    made = {"recipe": shop.recipe.name, "model": load_default().version, "data": shop.digest, "code": shop.key}
    results = Results(arguments.out, made, list(measures))
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        steps = progress.add_task("counting terms", total=len(fits) + len(chosen))
        if fits:
            shop.prepare(plain=any(fit.plain for fit in fits))
        for name in chosen:
            progress.update(steps, description=f"{name}, fitting")
            mine = [fit for fit in fits if fit in measures[name][0]]
            fits = [fit for fit in fits if fit not in mine]
            shop.make(mine, lambda: progress.advance(steps))
            progress.update(steps, description=name)
            since = time.monotonic()
            found = measures[name][1]()
            note = f"{len(seeds)} seeds" if name == "spam" else f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
            results.put(name, found, note)
            console.print(f"{time.monotonic() - since:6.1f} s  measured {name}")
            progress.advance(steps)
    console.print(f"{(time.monotonic() - began) / 60:.1f} minutes")
    print(results.page(_about(shop)))


def _about(shop: Workshop) -> list[str]:
    made = (
        f"Recipe `{shop.recipe.name}`, shipped model `{load_default().version}`, {shop.own:,} labelled texts "
        f"(snapshot `{shop.digest[:12]}`), Python {platform.python_version()} on {os.cpu_count()} cores."
    )
    how = (
        "Intervals are 95%: Clopper-Pearson for shares of a count, bootstrap over rows (and seeds) for the rest. A "
        "source that is left out is left out with its copies in other files, and thresholds come from models that did "
        "not see it either. *Within error* means that the value misses its target and its interval does not."
    )
    return [made, "", how]


if __name__ == "__main__":
    main()
