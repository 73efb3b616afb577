"""Parts of the machine that some tests need: a skip says what to install, in CI a missing part is a failure."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def missing(part: str, sentence: str) -> NoReturn:
    """Skip with a sentence, or fail when SLUICE_TEST_REQUIRE names the part (as CI's does)."""
    if part in os.environ.get("SLUICE_TEST_REQUIRE", "").split(","):
        pytest.fail(f"SLUICE_TEST_REQUIRE names {part}: {sentence}")
    pytest.skip(sentence)
