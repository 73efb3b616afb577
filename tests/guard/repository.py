"""What is tracked in this repository."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: Folders that a checkout gathers and does not track.
UNTRACKED = {"data", "build", "dist", "reports", "results", "__pycache__"}


@lru_cache
def tracked() -> tuple[Path, ...]:
    """Every tracked file that is there; without git, every file that looks tracked."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode == 0:
        found = (ROOT / name for name in listed.stdout.decode().split("\0") if name)
        return tuple(path for path in found if path.is_file())
    return tuple(_walk(ROOT))


def texts() -> Iterator[tuple[str, str]]:
    """Name and content of every tracked file that is text."""
    for path in tracked():
        content = path.read_bytes()
        if b"\0" not in content[:8192]:
            yield str(path.relative_to(ROOT)), content.decode("utf-8", "replace")


def _walk(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            if path.name not in UNTRACKED and not path.name.endswith(".egg-info") and path.name[0] != ".":
                yield from _walk(path)
        else:
            yield path
