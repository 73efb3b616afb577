"""What travels with a model version for people to read: a short card and its terms."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

_KNOWN: Final[dict[str, dict[str, Any]]] = tomllib.loads(
    (Path(__file__).parent / "attributions.toml").read_text(encoding="utf-8")
)
#: What is behind ``words.bin`` and ``meaning.npz``, which every model leans on.
_LISTS: Final = (
    "Surge AI profanity list (MIT)",
    "LDNOOBW: List of Dirty, Naughty, Obscene, and Otherwise Bad Words (CC BY 4.0); only hashes of its words are kept",
    "all-MiniLM-L6-v2 of the sentence-transformers project (Apache-2.0): what it says of single words",
)


def licence(sources: Iterable[str]) -> str:
    """The terms of a model trained on these sources, with everyone who is to be named."""
    known = [_KNOWN[source] for source in sorted(set(sources)) if source in _KNOWN]
    terms = [
        "This folder holds numbers computed from labelled comments. No comment can be read back from them.",
        "",
    ]
    if any(entry.get("share_alike") for entry in known):
        terms += [
            "Some of the comments are under share-alike terms (CC BY-SA 3.0 and 4.0). Whether a statistical model",
            "derives from its texts is not settled; to be on the safe side these files, and these alone, are given",
            "under Creative Commons Attribution-ShareAlike 4.0 International (creativecommons.org/licenses/by-sa/4.0).",
            "The code of Sluice stays under Apache-2.0.",
            "",
        ]
    terms.append("Trained on:")
    terms += [f"- {entry['credit']}: {entry['terms']}" for entry in known]
    terms += [f"- {each}" for each in _LISTS]
    terms.append("Changes: texts were normalised, hashed and summed into weights.")
    return "\n".join(terms) + "\n"


def model_card(manifest: Mapping[str, Any], report: Mapping[str, Any]) -> str:
    """A page on what a model version is and how well it does, from its manifest and report."""
    lines = [f"# Model {manifest['name']}", "", f"{manifest['rows']:,} rows, seed {manifest['seed']}.", ""]
    for head, notes in manifest["heads"].items():
        if notes.get("weak"):
            lines.append(f"The head `{head}` is **weak**: {notes['note']}")
    for name, rows in report.items():
        if isinstance(rows, dict):
            lines += ["", f"## {name.replace('_', ' ').capitalize()}", ""]
            lines += _rows("", rows)
    return "\n".join(lines) + "\n"


def _rows(prefix: str, rows: Mapping[str, Any]) -> list[str]:
    lines = []
    for name, values in rows.items():
        if "auc" in values:
            counts = f"{values['positive']:,} positive, {values['negative']:,} negative"
            lines.append(f"- {prefix}{name}: AUC {values['auc']:.3f} ± {values['auc_plus_minus']:.3f} ({counts})")
        else:
            lines += _rows(f"{name}, ", values)
    return lines
