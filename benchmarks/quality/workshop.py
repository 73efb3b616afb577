"""The material of all measures: examples with their terms counted once, and every fit made once and kept on disk.

What is kept depends on the data and on the code it came from: a run that was broken off goes on where it stopped, and a
run after a change of the code begins anew.
"""

from __future__ import annotations

import ast
import hashlib
import random
import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import sparse

import classifier
from benchmarks.quality import shelf
from classifier.baseline import Plain, count_plainly, fit_plainly
from classifier.build import with_synthetic
from classifier.datasets import Example, load_snapshot
from classifier.domain import HEADS
from classifier.evaluation import Fitted, Prepared, fit_without, prepare
from classifier.scoring import Floats
from classifier.synthetic import read_templates, write
from classifier.training import Recipe, Targets, build_targets

Rows = npt.NDArray[np.bool_]
#: Half of our flattery templates each, for models that were taught the other half.
HALVES: Final = ("quality-flattery-1", "quality-flattery-2")
_PRAISE: Final = ("synthetic-flattery", "synthetic-disguised")
#: One of so many rows is in the held-out part of a random split.
_PARTS: Final = 3
_CHUNK: Final = 20_000
_HOME: Final = Path(classifier.__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """One model to fit: what it must not have seen, and which heads it has."""

    without: tuple[str, ...] = ()
    heads: tuple[str, ...] = HEADS
    fold: bool = False
    """Whether the held-out part of a random split is left out too."""
    half: int | None = None
    """Taught flattery by this half of the templates only."""
    seed: int = 0
    plain: bool = False
    """The plain baseline instead of the recipe."""

    def __str__(self) -> str:
        parts = ["plain" if self.plain else "recipe", "all heads" if self.heads == HEADS else " ".join(self.heads)]
        parts += [f"without {' '.join(self.without)}"] if self.without else []
        parts += ["without the held-out third"] if self.fold else []
        parts += [f"flattery half {self.half + 1}"] if self.half is not None else []
        return ", ".join([*parts, f"seed {self.seed}"])


class Workshop:
    """Examples, counts and fits; ``note`` is told what is being done."""

    def __init__(self, data: Path, recipe: Recipe, cache: Path, note: Callable[[str], None], jobs: int = 2) -> None:
        self.recipe = recipe
        self.note = note
        self.jobs = jobs
        snapshot = load_snapshot([data])
        self.own = len(snapshot.examples)
        self.digest = snapshot.digest
        self.examples: tuple[Example, ...] = (
            *with_synthetic(snapshot.examples, recipe, 0), *_halves_of_flattery(recipe.synthetic_rows)
        )  # fmt: skip
        self._cache = cache
        self._folder = cache / _digest(snapshot.digest, recipe, _code_of("build", "features", "training", "synthetic"))
        plain = [(_HOME / name).read_bytes() for name in ("baseline.py", "datasets.py")]
        self._plain_folder = cache / f"plain-{_digest(snapshot.digest, plain)}"
        for folder in (self._folder, self._plain_folder):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for old in {path for path in cache.iterdir() if path.is_dir()} - {self._folder, self._plain_folder}:
            shutil.rmtree(old)
        self._fits: dict[Fit, Any] = {}
        #: Names data, recipe and code together.
        self.key = self._folder.name

    @cached_property
    def prepared(self) -> Prepared:
        """All examples with their terms counted."""
        counted = self._kept(self._folder, "counted terms", lambda: shelf.of_prepared(prepare(self.examples)))
        return shelf.prepared(counted, self.examples)

    @cached_property
    def plain_counts(self) -> sparse.csr_array:
        """The counts of the plain baseline, of the data files' rows."""

        def count() -> shelf.Arrays:
            texts = [example.text for example in self.examples[: self.own]]
            chunks = [texts[at : at + _CHUNK] for at in range(0, len(texts), _CHUNK)]
            with ProcessPoolExecutor(self.jobs, mp_context=get_context("spawn")) as pool:
                return shelf.of_matrix(sparse.vstack(list(pool.map(count_plainly, chunks)), format="csr"))

        return shelf.matrix(self._kept(self._plain_folder, "counted terms of the baseline", count))

    def prepare(self, *, plain: bool) -> None:
        """Count all terms now, those of the baseline too when it will be asked."""
        _ = self.prepared, self.fold, self.labels, self.languages
        if plain:
            _ = self.plain_counts

    def make(self, fits: Iterable[Fit], advance: Callable[[], None]) -> None:
        """Make all these fits, a few at a time."""

        def one(fit: Fit) -> None:
            self.fitted(fit)
            advance()

        with ThreadPoolExecutor(self.jobs) as pool:
            list(pool.map(one, dict.fromkeys(fits)))

    def fitted(self, fit: Fit) -> Any:
        """A fit, from memory, from disk or made now."""
        if fit not in self._fits:
            if fit.plain:
                arrays = self._kept(self._plain_folder, str(fit), lambda: shelf.of_plain(self._fit_plainly(fit)))
                self._fits[fit] = shelf.plain(arrays)
            else:
                arrays = self._kept(self._folder, str(fit), lambda: shelf.of_fitted(self._fit(fit)))
                self._fits[fit] = shelf.fitted(arrays, self.recipe.dense_scale)
        return self._fits[fit]

    def logits(self, fit: Fit, rows: Rows, head: str) -> Floats:
        """The logits of some rows for one head, by a fit that has it."""
        fitted, places = self.fitted(fit), np.flatnonzero(rows)
        if fit.plain:
            return np.asarray(fitted[head].logits(self.plain_counts[places]))
        return np.asarray(fitted.logits(self.prepared, places)[:, fit.heads.index(head)])

    def left_out(self, fit: Fit) -> Rows:
        """The rows that a fit must not see."""
        rows = self.prepared.rows_of(fit.without)
        return rows | self.fold if fit.fold else rows

    def targets(self, seed: int = 0, half: int | None = None) -> Targets:
        """What each head learns of each row; the halves of the flattery count only where one was asked for."""
        used = ~np.isin(self.prepared.sources, HALVES)
        if half is not None:
            used = (used & ~self.prepared.rows_of(_PRAISE)) | (self.prepared.sources == HALVES[half])
        rows = np.flatnonzero(used)
        some = build_targets([self.examples[row] for row in rows], self.recipe, np.random.default_rng(seed))
        values = np.zeros((len(self.examples), len(HEADS)), dtype=np.float32)
        weights = np.zeros_like(values)
        values[rows], weights[rows] = some.values, some.weights
        return Targets(values, weights)

    def labelled(self, head: str, sources: Sequence[str] | None = None) -> tuple[Rows, Rows]:
        """Rows of the data files that people labelled positive and negative for a head, of all sources or of some."""
        labels = self.labels[:, HEADS.index(head)]
        known = ~np.isnan(labels)
        if sources is not None:
            known &= np.isin(self.prepared.sources, list(sources))
        return known & (labels >= 0.5), known & (labels < 0.5)

    @cached_property
    def labels(self) -> Floats:
        """The labels of the data files, one column per head, NaN where there is none."""
        table = np.full((len(self.examples), len(HEADS)), np.nan)
        for row, example in enumerate(self.examples[: self.own]):
            for head, value in example.labels.items():
                table[row, HEADS.index(head)] = value
        return table

    @cached_property
    def languages(self) -> npt.NDArray[np.str_]:
        """The language of each row."""
        return np.array([example.lang for example in self.examples])

    @cached_property
    def fold(self) -> Rows:
        """The held-out third of a random split; contrast partners are never on both sides."""
        keys = [example.pair or example.text for example in self.examples]
        digests = [hashlib.blake2b(key.encode("utf-8", "replace"), digest_size=4).digest() for key in keys]
        return np.array([int.from_bytes(digest, "big") % _PARTS == 0 for digest in digests])

    def _fit(self, fit: Fit) -> Fitted:
        return fit_without(
            self.prepared, self.targets(fit.seed, fit.half), self.recipe, self.left_out(fit), list(fit.heads)
        )

    def _fit_plainly(self, fit: Fit) -> dict[str, Plain]:
        own = np.arange(len(self.examples)) < self.own
        fitted = {}
        for head in fit.heads:
            labels = self.labels[:, HEADS.index(head)]
            rows = np.flatnonzero(own & ~np.isnan(labels) & ~self.left_out(fit))
            fitted[head] = fit_plainly(self.plain_counts[rows], labels[rows] >= 0.5)
        return fitted

    def _kept(self, folder: Path, name: str, make: Callable[[], shelf.Arrays]) -> shelf.Arrays:
        file = folder / f"{_digest(name)}.npz"
        if file.exists():
            return shelf.read(file)
        began = time.monotonic()
        made = make()
        self.note(f"{time.monotonic() - began:6.1f} s  {name}")
        shelf.write(file, made)
        return made


def _halves_of_flattery(rows: int) -> list[Example]:
    templates = read_templates("spam.txt")["flattery"]
    return [
        Example(text=text, labels={"spam": 1.0}, source=source)
        for number, source in enumerate(HALVES)
        for text in write(templates[number::2], rows, random.Random(source))
    ]


def _digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def _code_of(*modules: str) -> str:
    """A digest of some modules of the brain, all that they import of it, and of the tables beside them."""
    seen: set[Path] = set()
    open_ends = [_HOME / f"{module}.py" for module in modules]
    while open_ends:
        file = open_ends.pop()
        if file in seen or not file.exists():
            continue
        seen.add(file)
        nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        imported = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
        open_ends += [_HOME / f"{name[11:]}.py" for name in imported if name.startswith("classifier.")]
    if _HOME / "build.py" in seen:
        seen |= {*_HOME.glob("*.bin"), *_HOME.glob("*.npz"), *(_HOME / "templates").iterdir()}
    digest = hashlib.sha256()
    for file in sorted(seen):
        digest.update(file.read_bytes())
    return digest.hexdigest()
