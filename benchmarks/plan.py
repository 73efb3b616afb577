"""How much to measure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """Rounds, and whether sizes are the small ones."""

    rounds: int = 5
    quick: bool = False

    def size(self, full: int, quick: int) -> int:
        """A number of things to measure with."""
        return quick if self.quick else full
