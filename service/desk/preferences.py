"""What somebody wants the desk to be like, as it is kept with the person.

Kept as a plain mapping, in which other parts of the desk have keys of their own; ``settled`` reads what is here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

#: Whose hands the keys are for.
PRESETS: Final = ("wordpress", "coral", "osmod", "prodigy")


@dataclass(frozen=True, slots=True)
class Preferences:
    """What the account page asks."""

    preset: str = PRESETS[0]
    letters: bool = True
    """Whether single letters act (WCAG 2.1.4 wants a way to switch them off)."""


def settled(kept: Mapping[str, Any]) -> Preferences:
    """The preferences, defaults where nothing sensible was kept."""
    preset = kept.get("preset")
    return Preferences(
        preset=preset if preset in PRESETS else PRESETS[0],
        letters=kept.get("letters") is not False,
    )


def changed(kept: Mapping[str, Any], preset: str, *, letters: bool) -> dict[str, Any]:
    """What to keep after the account page was saved; what other parts keep stays."""
    return {**kept, "preset": preset if preset in PRESETS else PRESETS[0], "letters": letters}
