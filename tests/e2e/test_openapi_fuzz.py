"""The API keeps every word of its own document, whatever is sent: requests made up from it by schemathesis."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from servers import Sluice

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
FEW = "2"
#: What is no broken promise: the comment was erased, the policy changed meanwhile; and what a schema cannot say: that
#: only a section's policy may have `match`, that a cursor is of the same order as before.
ANSWERS = '"2xx", "401", "403", "404", "409", "410", "412", "429"'
CONFIG = f"""
[checks.positive_data_acceptance]
expected-statuses = [{ANSWERS}]
[[operations]]
include-name = ["PUT /v1/policy", "GET /v1/queue"]
[operations.checks.positive_data_acceptance]
expected-statuses = [{ANSWERS}, "422"]
"""


@pytest.fixture(scope="module")
def live(start_sluice: Callable[..., Sluice]) -> Sluice:
    """A service whose limits do not end the run."""
    plenty = "1000000"
    return start_sluice(
        SLUICE_WRITE_RATE_PER_SECOND=plenty,
        SLUICE_WRITE_BURST=plenty,
        SLUICE_READ_RATE_PER_SECOND=plenty,
        SLUICE_READ_BURST=plenty,
        SLUICE_AUTH_FAILURES_PER_MINUTE=plenty,
    )


def test_nothing_is_found_by_requests_made_up_from_the_document(live: Sluice, tmp_path: Path):
    """Status codes, content types, headers and bodies are as promised, for valid requests and for nonsense.

    All checks are on, missing keys, unknown methods and other content types among them.
    """
    config = tmp_path / "schemathesis.toml"
    config.write_text(CONFIG)
    found = subprocess.run(
        [
            *(SCHEMATHESIS, "--config-file", config),
            *("run", f"{live.url}/openapi.json", "--header", f"Authorization: Bearer {live.key}"),
            *("--checks", "all", "--phases", "examples,coverage,fuzzing,stateful", "--mode", "all"),
            *("--max-examples", FEW, "--generation-deterministic", "--workers", "2"),
            *("--continue-on-failure", "--no-color", "--no-shrink", "--warnings", "off"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=800,
        check=False,
    )

    assert found.returncode == 0, found.stdout[-20_000:] + found.stderr[-2_000:]
    assert not any(re.search(r'"level": ?"error"|\[error', line) for line in live.said), "".join(live.said)[-5_000:]
