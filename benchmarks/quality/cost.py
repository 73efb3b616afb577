"""What the model weighs on disk, and how long training takes."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.quality.figures import Figure
from classifier.registry import DEFAULT_MODEL

_MEGABYTE = 1_000_000


def sizes() -> list[Figure]:
    """The shipped model and the tables that it leans on."""
    files = [path for path in DEFAULT_MODEL.iterdir() if path.is_file()]
    files += [path for kind in ("*.bin", "*.npz") for path in DEFAULT_MODEL.parent.parent.glob(kind)]
    group = "Files of the shipped model and its tables, MB"
    total = sum(path.stat().st_size for path in files) / _MEGABYTE
    largest = max(files, key=lambda path: path.stat().st_size)
    return [
        Figure(group=group, name="together", value=total, of=len(files), at_most=30, kind="number"),
        Figure(
            group=group,
            name=f"largest ({largest.name})",
            value=largest.stat().st_size / _MEGABYTE,
            at_most=12,
            kind="number",
        ),
    ]


def training(data: Path) -> list[Figure]:
    """`sluice train` from beginning to end, calibration included, on two cores."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "service.cli", "train", "--data", str(data), "--out", f"{folder}/model"]
        subprocess.run(command, check=True, capture_output=True)
    minutes = (time.monotonic() - began) / 60
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024**2
    group = "Training of all heads on this machine, reading and calibration included"
    return [
        Figure(group=group, name="minutes", value=minutes, at_most=5, kind="number"),
        Figure(group=group, name="memory at the most, GB", value=memory, kind="number"),
    ]


def measure(data: Path | None) -> list[Figure]:
    """Sizes, and the time of training when there is data to train on."""
    return [*sizes(), *([] if data is None else training(data))]
