"""How much a new site gains from few labels: left-out sources play the new site.

Half of a source is the pool from which labels come, the other half is judged; near-duplicates never stand on both
sides. The global model has not seen the source nor its copies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from classifier.adapt import Indices, Kinship, Prior, area, fit, kinship, prior_of
from classifier.adaptation import Rows
from classifier.choosing import choose
from classifier.scoring import Floats

#: Labels are asked for in handfuls, with a new fit after each.
HANDFUL: Final = 10
#: Texts of a source that take part, and those of the pool that may be chosen.
MOST_TEXTS: Final = 1_600
FEW, MORE, MANY = 40, 80, 320


@dataclass(frozen=True, slots=True)
class NewSite:
    """Texts of a source that the global model has not seen, with its calibrated logits and the truth for one head."""

    name: str
    head: str
    rows: Rows
    logits: Floats
    truth: Floats
    groups: Indices


@dataclass(frozen=True, slots=True)
class Gain:
    """Areas under the curve on the judged half, one row per seed, by what was done."""

    name: str
    head: str
    areas: dict[str, Floats]

    def cut(self, what: str, at: Indices | None = None) -> float:
        """The share of 1 - area that is gone, with seeds drawn where asked."""
        chosen = slice(None) if at is None else at
        return float(1 - (1 - self.areas[what][chosen]).mean() / (1 - self.areas["global"][chosen]).mean())


def new_site_experiment(site: NewSite, seeds: Sequence[int], prior: Prior | None = None) -> Gain:
    """Adapt to one new site with 20 to 320 labels, random or chosen, beside the global and the site-only model."""
    prior = prior or prior_of(site.head)
    kin = kinship(site.rows)
    kernel = kin.kernel(prior, site.logits)
    alone = _alone(kin, prior)
    areas: dict[str, list[float]] = {}
    for seed in seeds:
        for name, value in _once(site, kernel, alone, prior, seed).items():
            areas.setdefault(name, []).append(value)
    return Gain(site.name, site.head, {name: np.array(values) for name, values in areas.items()})


def _alone(kin: Kinship, prior: Prior) -> tuple[Floats, Prior]:
    """The same model without any trust in the global one."""
    nothing = Prior(trust=0.0, loosens=1.0, slope=0.0, terms=prior.terms, dense=prior.dense)
    return kin.kernel(nothing, np.zeros(len(kin.terms))), nothing


def _once(site: NewSite, kernel: Floats, alone: tuple[Floats, Prior], prior: Prior, seed: int) -> dict[str, float]:
    rng = np.random.default_rng(seed)
    names = np.unique(site.groups)
    pool = np.flatnonzero(np.isin(site.groups, rng.permutation(names)[: len(names) // 2]))
    judged = np.setdiff1d(np.arange(len(site.truth)), pool)
    order = rng.permutation(pool)

    def measured(known: Indices, of: Floats = kernel, by: Prior = prior) -> float:
        return area(site.truth[judged], predicted(site, of, by, known)[judged])

    found = {"global": area(site.truth[judged], site.logits[judged])}
    for count in (20, FEW, MORE, MANY):
        known = order[:count]
        found[f"random {count}"] = measured(known)
        found[f"site only, random {count}"] = measured(known, *alone)
    at_once = pool[
        choose(kernel[np.ix_(pool, pool)], prior.trust * site.logits[pool], FEW, groups=site.groups[pool].tolist())
    ]
    found[f"chosen {FEW}, at once"] = measured(at_once)
    found |= {f"chosen {count}": measured(known) for count, known in _chosen(site, kernel, prior, pool).items()}
    return found


def _chosen(site: NewSite, kernel: Floats, prior: Prior, pool: Indices) -> dict[int, Indices]:
    """Labels chosen a handful at a time; all that can be chosen where the pool has no more."""
    inner = kernel[np.ix_(pool, pool)]
    groups = site.groups[pool].tolist()
    taken: list[int] = []
    thought = prior.trust * site.logits[pool]
    stages = {}
    while len(taken) < MORE:
        more = choose(inner, thought, HANDFUL, taken=taken, groups=groups)
        if not more:
            break
        taken += more
        thought = predicted(site, kernel, prior, pool[taken])[pool]
        if len(taken) in (20, FEW, MORE):
            stages[len(taken)] = pool[taken]
    return {count: stages.get(count, pool[taken]) for count in (20, FEW, MORE)}


def predicted(site: NewSite, kernel: Floats, prior: Prior, known: Indices) -> Floats:
    """What is thought of all texts once some labels are known; without both classes, what the global model thinks."""
    truth = site.truth[known]
    if truth.min() == truth.max():
        return site.logits
    found = fit(kernel[np.ix_(known, known)], prior, site.logits[known], truth)
    return np.asarray(found.trust * site.logits + kernel[:, known] @ found.weights)
