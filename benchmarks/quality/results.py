"""What was measured, on disk: a run of some measures keeps what an earlier run found of the others."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.quality.figures import Figure
from benchmarks.quality.page import markdown


class Results:
    """The figures of each measure in one file and one page; those of another model, recipe or data are dropped."""

    def __init__(self, folder: Path, made: Mapping[str, Any], measures: Sequence[str]) -> None:
        self._folder = folder
        self._made = dict(made)
        self._order = measures
        self._figures: dict[str, list[Figure]] = {}
        self._notes: dict[str, str] = {}
        found = self._read()
        if found.get("made") == self._made:
            self._notes = found["notes"]
            for name, figures in found["measures"].items():
                self._figures[name] = [Figure.from_json(fields) for fields in figures]

    def put(self, measure: str, figures: list[Figure], note: str) -> None:
        """Keep what one measure found, and write everything anew; ``note`` says how it was made."""
        self._figures[measure], self._notes[measure] = figures, note
        found = {
            "made": self._made,
            "notes": self._notes,
            "measures": {name: [each.as_json() for each in figures] for name, figures in self._figures.items()},
        }
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / "quality.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")

    def page(self, about: Sequence[str]) -> str:
        """The page of everything measured, as it is written too."""
        known = [name for name in self._order if name in self._figures]
        notes = [f"{name}: {self._notes[name]}" for name in known]
        figures = [figure for name in known for figure in self._figures[name]]
        text = markdown(figures, [*about, "", f"Measured ({'; '.join(notes)})."])
        (self._folder / "quality.md").write_text(text, encoding="utf-8")
        return text

    def _read(self) -> dict[str, Any]:
        try:
            found = json.loads((self._folder / "quality.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}
