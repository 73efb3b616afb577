"""What one site's moderators taught: an addition to the model's logits, for the comments of that site only.

An adaptation is linear in the same terms and features as the model, so what it adds to a text is exact and can be
told apart from what the model says: adapted logit = logit + taught.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from classifier.dense import DENSE, dense_features
from classifier.domain import HEADS
from classifier.hashing import WORD_COLUMNS, Int64s, char_terms, word_pairs, word_terms
from classifier.registry import ModelDamagedError, ModelFormatError, check_sums, read_manifest, write_version
from classifier.scoring import FEATURE_VERSION, Floats, Scorer, sums, term_values
from classifier.text import Document, words_of

FORMAT: Final = 1
KIND: Final = "site"
ARRAYS: Final = "site.npz"
_NAMES: Final = ("columns", "terms", "dense", "slope", "intercept")


@dataclass(frozen=True, slots=True)
class Rows:
    """Texts in the model's features: terms with their TF-IDF values, text after text, and the dense features."""

    starts: Int64s
    columns: Int64s
    values: Floats
    dense: Floats

    def __len__(self) -> int:
        return len(self.dense)


def rows_of(scorer: Scorer, documents: Sequence[Document]) -> Rows:
    """The features of some texts, as the model sees them."""
    words = [words_of(document.text) for document in documents]
    pairs = [word_pairs(found) for found in words]
    dense = [dense_features(document) for document in documents]
    idf = scorer.weights.idf
    of_words, of_chars = word_terms(words, pairs), char_terms([document.text for document in documents])
    owners, columns, values = [], [], []
    for terms, base in ((of_words, 0), (of_chars, WORD_COLUMNS)):
        places = terms.columns + base
        columns.append(places)
        values.append(term_values(terms, idf[places].astype(np.float64)))
        owners.append(np.repeat(np.arange(len(documents)), np.diff(terms.starts)))
    owner = np.concatenate(owners)
    order = np.argsort(owner, kind="stable")
    return Rows(
        starts=np.searchsorted(owner[order], np.arange(len(documents) + 1)),
        columns=np.concatenate(columns)[order],
        values=np.concatenate(values)[order],
        dense=np.array(dense).reshape(len(documents), len(DENSE)),
    )


@dataclass(frozen=True, slots=True)
class Adaptation:
    """What a site's moderators taught about some heads.

    ``columns`` are sorted; ``terms``, ``dense``, ``slope`` and ``intercept`` have one column per head of ``heads``.
    """

    version: str
    base: str
    site: str
    heads: tuple[str, ...]
    columns: npt.NDArray[np.int32]
    terms: npt.NDArray[np.float32]
    dense: Floats
    slope: Floats
    intercept: Floats

    def taught(self, scorer: Scorer, documents: Sequence[Document], logits: Floats) -> Floats:
        """What is added to the calibrated logits of some texts; one row per text, one column per head of ``heads``."""
        rows = rows_of(scorer, documents)
        places = np.searchsorted(self.columns, rows.columns)
        places[places == len(self.columns)] = 0
        known = np.flatnonzero(self.columns[places] == rows.columns) if len(self.columns) else places[:0]
        given = rows.dense @ self.dense + self.intercept
        parts = rows.values[known, np.newaxis] * self.terms[places[known]]
        given += sums(parts, np.searchsorted(known, rows.starts))
        own = [HEADS.index(head) for head in self.heads]
        return np.asarray(given + (self.slope - 1.0) * logits[:, own])


def taught_on(
    scorer: Scorer, documents: Sequence[Document], adaptations: Sequence[Adaptation | None], logits: Floats
) -> list[dict[str, float]]:
    """What each text's own site taught about it, by head; those of one site are worked out together.

    Nothing for a text without an adaptation, or with one to another model.
    """
    found: list[dict[str, float]] = [{} for _ in documents]
    by_site: dict[int, list[int]] = {}
    for at, adaptation in enumerate(adaptations):
        if adaptation is not None and adaptation.base == scorer.version:
            by_site.setdefault(id(adaptation), []).append(at)
    for places in by_site.values():
        adaptation = adaptations[places[0]]
        if adaptation is not None:
            amounts = adaptation.taught(scorer, [documents[at] for at in places], logits[places])
            for at, row in zip(places, amounts.tolist(), strict=True):
                found[at] = dict(zip(adaptation.heads, row, strict=True))
    return found


def logits_on(
    scorer: Scorer, documents: Sequence[Document], adaptations: Sequence[Adaptation | None]
) -> list[dict[str, float]]:
    """The calibrated logits of texts, each with what its own site's moderators taught."""
    logits = scorer.calibrated_logits(documents)
    return with_taught(logits, taught_on(scorer, documents, adaptations, logits))


def with_taught(logits: Floats, taught: Sequence[Mapping[str, float]]) -> list[dict[str, float]]:
    """Both together, by head."""
    found = [dict(zip(HEADS, row, strict=True)) for row in logits.tolist()]
    for row, amounts in zip(found, taught, strict=True):
        for head, amount in amounts.items():
            row[head] += amount
    return found


def save_adaptation(path: Path, adaptation: Adaptation, about: Mapping[str, Any], report: Mapping[str, Any]) -> str:
    """Write an adaptation as a version's folder; its version string, which the content of the arrays gives."""
    manifest = {
        "format": FORMAT,
        "kind": KIND,
        "features": FEATURE_VERSION,
        "base": adaptation.base,
        "site": adaptation.site,
        "heads": {head: {} for head in adaptation.heads},
        **about,
    }

    def write(folder: Path) -> None:
        arrays = {name: getattr(adaptation, name) for name in _NAMES}
        np.savez_compressed(folder / ARRAYS, allow_pickle=False, **arrays)

    return write_version(path, write, manifest, report, files=(ARRAYS,))


def load_adaptation(path: Path) -> Adaptation:
    """Load and check an adaptation; raises a ``ModelError``."""
    manifest = read_manifest(path)
    if (manifest.get("kind"), manifest.get("format"), manifest.get("features")) != (KIND, FORMAT, FEATURE_VERSION):
        message = f"The model in {path} is no adaptation that this Sluice reads; run `sluice train --site` again."
        raise ModelFormatError(message)
    check_sums(path, manifest, (ARRAYS,))
    heads = tuple(str(head) for head in manifest["heads"])
    try:
        with np.load(path / ARRAYS, allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in _NAMES}
    except (OSError, ValueError, KeyError) as error:
        message = f"The arrays of the model in {path} are damaged; restore the folder or train again."
        raise ModelDamagedError(message) from error
    fits = found["terms"].shape == (len(found["columns"]), len(heads)) and found["dense"].shape == (
        len(DENSE),
        len(heads),
    )
    if not fits or not set(heads) <= set(HEADS):
        message = f"The arrays of the model in {path} do not fit its manifest; train again."
        raise ModelDamagedError(message)
    return Adaptation(str(manifest["version"]), str(manifest["base"]), str(manifest["site"]), heads, **found)
