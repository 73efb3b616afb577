"""Codes from an app, recovery codes, and passwords: what fits, once, and what is kept of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from cryptography.fernet import InvalidToken

from service import passwords, second_factor

NOW = datetime(2026, 3, 1, 12, 0, 10, tzinfo=UTC)
APP = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
STEP = int(NOW.timestamp()) // 30


@pytest.mark.parametrize(("late", "fits"), [(-61, False), (-30, True), (0, True), (30, True), (61, False)])
def test_a_clock_may_be_half_a_minute_off(late: int, fits: bool):
    """A step before and one after the present are accepted, further ones are not."""
    code = pyotp.TOTP(APP).at(NOW + timedelta(seconds=late))

    assert (second_factor.matching_step(APP, code, NOW, None) is not None) is fits


def test_a_code_is_used_once():
    """Neither the same again, nor one from before it."""
    now, before, after = (pyotp.TOTP(APP).generate_otp(STEP + each) for each in (0, -1, 1))

    assert second_factor.matching_step(APP, f" {now[:3]} {now[3:]} ", NOW, None) == STEP
    assert second_factor.matching_step(APP, now, NOW, STEP) is None
    assert second_factor.matching_step(APP, before, NOW, STEP) is None
    assert second_factor.matching_step(APP, after, NOW, STEP) == STEP + 1


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "１２３４５６", "12345\x00"])
def test_what_is_no_code_fits_nothing(code: str):
    """Whatever somebody types."""
    assert second_factor.matching_step(APP, code, NOW, None) is None


def test_a_sealed_secret_opens_with_the_same_secret_only():
    """The database alone gives no codes away."""
    sealed = second_factor.seal(b"a" * 32, APP)

    assert APP not in sealed
    assert second_factor.unseal(b"a" * 32, sealed) == APP
    with pytest.raises(InvalidToken):
        second_factor.unseal(b"b" * 32, sealed)


def test_recovery_codes_forgive_how_they_are_typed():
    """Case, spaces and dashes; but they are one person's."""
    codes = second_factor.new_recovery_codes()
    digests = {second_factor.digest_recovery_code(b"s", "ada", code) for code in codes}

    assert len(digests) == len(codes) == 10
    typed = f" {codes[0].upper().replace('-', ' ')} "
    assert second_factor.digest_recovery_code(b"s", "ada", typed) in digests
    assert second_factor.digest_recovery_code(b"s", "bea", codes[0]) not in digests


@pytest.mark.parametrize(
    ("password", "will_do"),
    [
        ("short", False),
        ("x" * 201, False),
        ("aaaaaaaaaaaa", False),
        ("ababababab", False),
        ("Ada Lovelace", False),
        ("correct horse battery", True),
        ("日本語のパスワードはこれ", True),
    ],
)
def test_which_passwords_will_do(password: str, will_do: bool):
    """Long enough, not endless, not one letter again and again, not the name."""
    assert (passwords.problem_with(password, "ada lovelace") is None) is will_do


def test_nobody_has_the_password_of_nobody():
    """The hash that unknown names are held against lets nothing in, and is made like ours."""
    assert not passwords.is_right("slice of nobody", None)
    assert not passwords.is_outdated(passwords._OF_NOBODY)
    assert passwords.is_right("correct horse battery", passwords.hash_password("correct horse battery"))
