"""A left-out source as a new site: what few labels bring, random or chosen, beside the global and the site-only model.

The global model has seen neither the source nor its copies, and the other left-out sources of its kind calibrate it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.quality.abuse import DAVIDSON, SURGE, WIKI
from benchmarks.quality.figures import Figure, drawn
from benchmarks.quality.spam import NEWS
from benchmarks.quality.workshop import Fit, Workshop
from classifier.adaptation import Rows
from classifier.calibration import SPAM_SHARE, platt
from classifier.evaluation import SPAM_SOURCES
from classifier.evaluation_site import FEW, MANY, MORE, MOST_TEXTS, Gain, NewSite, new_site_experiment
from classifier.scoring import Floats
from classifier.site_training import copies_of
from classifier.text import read
from classifier.training import TERM_COLUMNS

SEEDS: Final = tuple(range(6))
_GROUP: Final = "A left-out source as a new site: share of 1 - AUC that is gone"
_BESIDE: Final = "A left-out source as a new site: adapted less the better of global and site-only, AUC"
_NOTE: Final = (
    "half of the source is the pool that labels come from, the other half is judged, copies on one side; chosen ten at "
    "a time, with a new fit after each ten"
)


@dataclass(frozen=True, slots=True)
class Place:
    """A source that plays the new site."""

    name: str
    source: str
    head: str
    fit: Fit


PLACES: Final = (
    *(Place(source, source, "spam", NEWS.spam(source)) for source in SPAM_SOURCES),
    Place("civil cleaned", "civil_comments_cleaned", "toxicity", NEWS.main),
    Place("wiki", "jigsaw_toxic_train_partial", "toxicity", WIKI),
    Place("surge", "surge_toxicity", "toxicity", SURGE),
    Place("davidson", "davidson2017", "toxicity", DAVIDSON),
)


def fits() -> list[Fit]:
    """All fits that ``measure`` needs."""
    return list(dict.fromkeys(place.fit for place in PLACES))


def measure(shop: Workshop, seeds: Sequence[int] = SEEDS) -> list[Figure]:
    """The means over all places with intervals over seeds and places, then each place."""
    gains = []
    for site in sites(shop):
        gains.append(new_site_experiment(site, seeds))
        shop.note(f"new site {site.name}: {FEW} chosen labels take away {gains[-1].cut(f'chosen {FEW}'):.2f}")
    figures = [
        _mean(gains, f"chosen {FEW}", at_least=0.35),
        _mean(gains, f"chosen {FEW}, at once"),
        _mean(gains, f"random {FEW}"),
        _mean(gains, f"chosen {MORE}"),
        _mean(gains, f"random {MANY}"),
        _difference(gains, f"chosen {MORE}", f"random {MANY}"),
    ]
    figures += [_mean([gain], f"chosen {FEW}", name=f"chosen {FEW}: {gain.name}") for gain in gains]
    figures += [_beside(gain, count) for gain in gains for count in (FEW, MANY)]
    return figures


def sites(shop: Workshop) -> list[NewSite]:
    """All places as new sites."""
    raw = {place: _rows(shop, place) for place in PLACES}
    logits = {place: shop.fitted(place.fit).logits(shop.prepared, rows) for place, (rows, _) in raw.items()}
    own = {place: found[:, place.fit.heads.index(place.head)] for place, found in logits.items()}
    return [_site(shop, place, raw[place], _calibrated(place, own, raw)) for place in PLACES]


Labelled = tuple[np.ndarray, Floats]


def _rows(shop: Workshop, place: Place) -> Labelled:
    """Some labelled rows of a source, and the truth."""
    positive, negative = shop.labelled(place.head, (place.source,))
    rows = np.flatnonzero(positive | negative)
    rows = np.sort(np.random.default_rng(0).permutation(rows)[:MOST_TEXTS])
    return rows, positive[rows].astype(float)


def _calibrated(place: Place, logits: dict[Place, Floats], raw: dict[Place, Labelled]) -> Floats:
    """A place's logits, made chances by the other places of its kind."""
    others = [other for other in PLACES if other.head == place.head and other is not place]
    found = np.concatenate([logits[other] for other in others])
    truth = np.concatenate([raw[other][1] for other in others]).astype(np.float32)
    slope, offset = platt(found, truth, positive_share=SPAM_SHARE if place.head == "spam" else None)
    return logits[place] * slope + offset


def _site(shop: Workshop, place: Place, labelled: Labelled, logits: Floats) -> NewSite:
    rows, truth = labelled
    features = shop.fitted(place.fit).features
    terms = features.transform_counts(*shop.prepared.counts(rows))[:, :TERM_COLUMNS].tocsr()
    return NewSite(
        name=place.name,
        head=place.head,
        rows=Rows(
            terms.indptr.astype(np.int64),
            terms.indices.astype(np.int64),
            terms.data.astype(float),
            shop.prepared.dense[rows].astype(float),
        ),
        logits=logits,
        truth=truth,
        groups=copies_of([read(shop.examples[row].text) for row in rows]),
    )


def _resampled(gains: Sequence[Gain], statistic: Callable[[Gain, np.ndarray | None], float]) -> Callable[..., float]:
    """The mean over places, with places and seeds drawn where a generator is given."""

    def value(rng: np.random.Generator | None) -> float:
        if rng is None:
            return float(np.mean([statistic(gain, None) for gain in gains]))
        chosen = [gains[at] for at in rng.integers(0, len(gains), len(gains))] if len(gains) > 1 else gains
        draws = [rng.integers(0, len(gain.areas["global"]), len(gain.areas["global"])) for gain in chosen]
        return float(np.mean([statistic(gain, draw) for gain, draw in zip(chosen, draws, strict=True)]))

    return value


def _mean(gains: Sequence[Gain], what: str, *, name: str = "", at_least: float | None = None) -> Figure:
    value = _resampled(gains, lambda gain, draw: gain.cut(what, draw))
    note = _NOTE if at_least is not None else ""
    return drawn(_GROUP, name or what, value, kind="number", at_least=at_least, note=note)


def _difference(gains: Sequence[Gain], first: str, second: str) -> Figure:
    value = _resampled(gains, lambda gain, draw: gain.cut(first, draw) - gain.cut(second, draw))
    return drawn(_GROUP, f"{first} less {second}", value, kind="number", at_least=0.0)


def _beside(gain: Gain, count: int) -> Figure:
    """How much better the adapted model is than the better of the two that it is made of."""
    alone = f"site only, random {count}"
    better = max(("global", alone), key=lambda what: gain.areas[what].mean())
    difference = gain.areas[f"random {count}"] - gain.areas[better]
    value = _resampled([gain], lambda _, draw: float(difference[slice(None) if draw is None else draw].mean()))
    return drawn(_BESIDE, f"{gain.name}, {count} random labels", value, kind="number", at_least=0.0)
