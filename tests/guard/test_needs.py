"""A missing part of the machine is a skip for a visitor and a failure in CI."""

from __future__ import annotations

import needs
import pytest


def test_a_visitor_is_told_what_to_install(monkeypatch):
    """Without SLUICE_TEST_REQUIRE the test is skipped with the sentence."""
    monkeypatch.delenv("SLUICE_TEST_REQUIRE", raising=False)

    with pytest.raises(pytest.skip.Exception, match="apt-get install postgresql"):
        needs.missing("postgres", "apt-get install postgresql")


def test_ci_does_not_skip(monkeypatch):
    """What CI names must be there; else a forgotten package would switch tests off in silence."""
    monkeypatch.setenv("SLUICE_TEST_REQUIRE", "postgres,chromium,node")

    for part in ("postgres", "chromium", "node"):
        with pytest.raises(pytest.fail.Exception, match="names"):
            needs.missing(part, "apt-get install it")
