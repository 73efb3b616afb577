"""Which lines of rejection a site's rulings prove for the model that decides on it now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Connection

from classifier.domain import HEADS, Action
from classifier.lessons import labels_for
from classifier.policy_document import parse
from classifier.policy_tables import PolicyDocument
from classifier.proof import Proof, prove
from service.models import shipped_version
from service.store import models
from service.store.rulings import ruled_on, waiting_scores


@dataclass(frozen=True, slots=True)
class Found:
    """What the rulings of a site come to: how many honest comments count, and a proof for each head that has one."""

    model: str
    honest: int
    proofs: Mapping[str, Proof]


def proofs_of(connection: Connection, site_id: str, *, limit: float, confidence: float) -> Found:
    """Look at every ruling on a text that this model judged before; a text that came several times counts once.

    Scores of other models say nothing of this one's, and a score given after people ruled on the text may have been
    learnt from them, so only those on record from before count.
    """
    model = model_on(connection, site_id)
    honest: list[Mapping[str, float]] = []
    rejected: dict[str, list[float]] = {head: [] for head in HEADS}
    seen: set[str] = set()
    for ruled in ruled_on(connection, site_id):
        text = " ".join(ruled.text.lower().split())
        if ruled.model != model or not ruled.scores or text in seen:
            continue
        seen.add(text)
        if ruled.action is Action.APPROVE:
            honest.append(ruled.scores)
        for head, value in labels_for(ruled.action, ruled.reason).items():
            if value >= 0.5:
                rejected[head].append(ruled.scores[head])
    waiting = waiting_scores(connection, site_id, model)
    proofs = {
        head: proof
        for head in HEADS
        if (
            proof := prove(
                [scores[head] for scores in honest],
                rejected[head],
                [scores[head] for scores in waiting],
                limit=limit,
                confidence=confidence,
            )
        )
    }
    return Found(model, len(honest), proofs)


def with_lines(fields: Mapping[str, Any], found: Found) -> PolicyDocument:
    """The site's document with the proved lines in it; a higher line for holding comes down to it.

    Raises:
        PolicyError.
    """
    heads = {head: dict(table) for head, table in fields.get("heads", {}).items()}
    for head, proof in found.proofs.items():
        table = heads.setdefault(head, {})
        table["reject_at"] = proof.line
        if isinstance(table.get("hold_at"), float) and table["hold_at"] > proof.line:
            table["hold_at"] = proof.line
    return parse({**fields, "heads": heads})


def evidence(head: str, proof: Proof, limit: float) -> str:
    """What proves a line, in a sentence."""
    waiting = f" ({proof.waiting} more wait for a ruling, and count as honest)" if proof.waiting else ""
    return (
        f"{head}: {proof.wrong} of {proof.honest:,} honest comments reach {proof.line:g}{waiting}, so at most "
        f"{proof.bound:.2%} do ({proof.confidence:g} sure; the limit is {limit:.2%}); it catches {proof.caught} that "
        f"people rejected for it"
    )


def model_on(connection: Connection, site_id: str) -> str:
    """The version that decisions on this site record now."""
    in_force = models.in_force(connection)
    shared = in_force.get(None)
    base = shared.version if shared is not None and shared.version is not None else shipped_version()
    own = in_force.get(site_id)
    adaptation = None if own is None or own.version is None else models.find_model(connection, own.version)
    return base if adaptation is None or adaptation.base != base else f"{base}+{adaptation.version}"
