"""``python -m benchmarks [--only NAME] [--rounds N] [--quick]``: measure, print a table, write JSON."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import report
from benchmarks.plan import Plan

BENCHMARKS = (
    "decisions",
    "waiting",
    "score",
    "scoring",
    "textpath",
    "growth",
    "outbox",
    "footprint",
    "desk",
    "bulk",
    "protocols",
)
RESULTS = Path(__file__).parent / "results"


def main() -> int:
    """Run what was asked for; 1 when a benchmark could not run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", choices=BENCHMARKS, help="may be given several times")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="small sizes: to see that all runs, not how fast")
    options = parser.parse_args()
    plan = Plan(options.rounds, options.quick)
    results: dict[str, dict[str, Any]] = {}
    failed = False
    about = {**report.machine(), "started": datetime.now(UTC).isoformat(timespec="seconds"), "rounds": plan.rounds}
    for name in options.only or BENCHMARKS:
        began = time.monotonic()
        print(f"{name} ...", file=sys.stderr, flush=True)
        try:
            results[name] = importlib.import_module(f"benchmarks.{name}").run(plan)
        except Exception:
            traceback.print_exc()
            results[name], failed = {"error": traceback.format_exc(limit=3)}, True
        print(f"{name} took {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    print(report.table(results))
    print(f"\nMedians (lowest-highest) of {plan.rounds} interleaved rounds; ratios are taken within a round.")
    print("Rate limits are raised to a million a second, so they are on the path but never in the way.")
    print(f"{about['cores']} cores, load {about['load_before']} before the run, commit {about['commit']}.")
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps({"about": about, "results": results}, indent=1))
    print(f"Written to {path}.")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
