"""Reasons and counterfactuals as plain values: as they are stored, answered and written to files."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from classifier.domain import Counterfactual, Reason, Span


def reason_document(reason: Reason) -> dict[str, Any]:
    """A reason; what is empty is left out."""
    document: dict[str, Any] = {"code": reason.code, "message": reason.message, "weight": round(reason.weight, 4)}
    if reason.head is not None:
        document["head"] = reason.head
    if reason.escalate:
        document["escalate"] = True
    if reason.spans:
        document["spans"] = spans_document(reason.spans)
    return document


def counterfactual_document(found: Counterfactual | None) -> dict[str, Any] | None:
    """What would have to be different; what is empty is left out."""
    if found is None:
        return None
    document: dict[str, Any] = {"change": found.change.value, "action": found.action.value, "message": found.message}
    if found.code is not None:
        document["code"] = found.code
    if found.spans:
        document["spans"] = spans_document(found.spans)
    return document


def spans_document(spans: Iterable[Span]) -> list[list[int]]:
    """Stretches of text as pairs of numbers."""
    return [[span.start, span.end] for span in spans]
