"""What was read of a file and what was odd, counted; a few examples are kept by line."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from service.imports.rows import Aside, Imported, Odd, Oddity, Read, Stood

#: So many examples of each oddity are named.
EXAMPLES: Final = 3


@dataclass
class Tally:
    """Counts that take the same room however long the file is."""

    stood: Counter[Stood] = field(default_factory=Counter)
    odd: Counter[Odd] = field(default_factory=Counter)
    examples: dict[Odd, list[Oddity]] = field(default_factory=dict)
    aside: int = 0
    """Lines of our own export that are no comments, as they should be."""
    oldest: datetime | None = None
    newest: datetime | None = None

    @property
    def comments(self) -> int:
        """How many comments were read."""
        return sum(self.stood.values())

    def add(self, item: Read) -> None:
        """Count what a reader yielded."""
        if isinstance(item, Aside):
            self.aside += 1
            return
        if isinstance(item, Oddity):
            self.odd[item.what] += 1
            examples = self.examples.setdefault(item.what, [])
            if len(examples) < EXAMPLES:
                examples.append(item)
            return
        self._add_comment(item)

    def _add_comment(self, item: Imported) -> None:
        self.stood[item.stood] += 1
        at = item.created_at
        if at is not None:
            self.oldest = at if self.oldest is None else min(at, self.oldest)
            self.newest = at if self.newest is None else max(at, self.newest)
