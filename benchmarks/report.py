"""What a benchmark gives back, and how it is printed: medians with their range, ratios of one and the same round."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    what: str
    ours: str
    baseline: str = ""
    ratio: str = ""
    target: str = ""
    reached: bool | None = None


def spread(values: Sequence[float], unit: str = "") -> str:
    """Median, and from where to where."""
    numbers = [f"{value:,.{_digits(values)}f}" for value in (statistics.median(values), min(values), max(values))]
    return f"{numbers[0]}{unit} ({numbers[1]}-{numbers[2]})"


def versus(
    what: str,
    ours: Sequence[float],
    baseline: Sequence[float],
    unit: str,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    dream: float | None = None,
) -> Row:
    """Ours against the baseline, round by round."""
    ratios = [our / base for our, base in zip(ours, baseline, strict=True)]
    median = statistics.median(ratios)
    target, reached = "", None
    if at_least is not None:
        target, reached = f">= {at_least:g}x" + (f" (dream {dream:g}x)" if dream else ""), median >= at_least
    if at_most is not None:
        target, reached = f"<= {at_most:g}x", median <= at_most
    return Row(what, spread(ours, unit), spread(baseline, unit), spread(ratios, "x"), target, reached)


def alone(
    what: str, values: Sequence[float], unit: str, *, at_most: float | None = None, at_least: float | None = None
) -> Row:
    """A figure without a baseline."""
    middle = statistics.median(values)
    if at_most is not None:
        return Row(what, spread(values, unit), target=f"<= {at_most:g}{unit}", reached=middle <= at_most)
    if at_least is not None:
        return Row(what, spread(values, unit), target=f">= {at_least:,.0f}{unit}", reached=middle >= at_least)
    return Row(what, spread(values, unit))


def answer(rows: Sequence[Row], **measured: Any) -> dict[str, Any]:
    """What a benchmark function returns."""
    return {"rows": [asdict(row) for row in rows], **measured}


def table(results: dict[str, dict[str, Any]]) -> str:
    """All rows as a Markdown table."""
    header = ("What", "Sluice", "Baseline, same run", "Ratio", "Target", "Reached")
    lines = [header, tuple("---" for _ in header)]
    for result in results.values():
        for row in result.get("rows", []):
            reached = {True: "yes", False: "**no**", None: ""}[row["reached"]]
            lines.append((row["what"], row["ours"], row["baseline"], row["ratio"], row["target"], reached))
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    )


def machine() -> dict[str, Any]:
    """What was measured where."""
    memory = next(line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal"))
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return {
        "commit": commit.stdout.strip(),
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_mb": int(memory.split()[1]) // 1024,
        "load_before": Path("/proc/loadavg").read_text().split()[0],
    }


def _digits(values: Sequence[float]) -> int:
    return 0 if min(values) >= 100 else 1 if min(values) >= 10 else 2
