"""The signature of webhooks: the scheme's own vectors, two secrets, and everything that must not pass."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.sealing import UnsealedError, seal, unseal
from service.webhooks import SignatureError, fingerprint, headers, new_secret, sign, verify

#: The published example of Standard Webhooks.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE = ("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
NOW = 1614265330.0


def test_the_published_example_is_signed_as_published():
    """So every library of the scheme verifies what we send."""
    assert sign(SECRET, *MESSAGE) == SIGNATURE
    assert verify([SECRET], headers([SECRET], *MESSAGE), MESSAGE[2], NOW) == MESSAGE[0]


def test_the_vectors_in_the_guide_are_true():
    """A receiver that is built from the page works."""
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "webhooks.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(whsec_\S+)` \| `(\S+)` \| `(\d+)` \| `(.+)` \| `(v1,\S+)` \|$", page, re.MULTILINE)

    assert len(rows) >= 3
    for secret, message_id, timestamp, body, signature in rows:
        assert sign(secret, message_id, int(timestamp), body.encode()) == signature


def test_with_two_live_secrets_a_receiver_may_know_either():
    """That is what makes a rotation without an outage."""
    old, new, other = new_secret(), new_secret(), new_secret()
    sent = headers([new, old], *MESSAGE)

    assert len(sent["webhook-signature"].split(" ")) == 2
    for known in ([old], [new], [other, old]):
        assert verify(known, sent, MESSAGE[2], NOW) == MESSAGE[0]
    with pytest.raises(SignatureError, match="No signature"):
        verify([other], sent, MESSAGE[2], NOW)


@pytest.mark.parametrize("skew", [-301, 301, -1e9])
def test_a_recording_is_refused(skew: float):
    """Outside the tolerance, in either direction."""
    with pytest.raises(SignatureError, match="too far"):
        verify([SECRET], headers([SECRET], *MESSAGE), MESSAGE[2], NOW + skew)
    assert verify([SECRET], headers([SECRET], *MESSAGE), MESSAGE[2], NOW + skew, tolerance=abs(skew))


@pytest.mark.parametrize(
    "changes",
    [
        {"webhook-id": "msg_another"},
        {"webhook-timestamp": "1614265331"},
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": SIGNATURE.replace("v1", "v2")},
        {"webhook-signature": SIGNATURE + "é"},
        {"webhook-signature": ""},
        {"webhook-timestamp": "now"},
        {"webhook-timestamp": "²"},
        {"webhook-timestamp": "9" * 400},
        {"webhook-id": ""},
    ],
)
def test_whatever_was_changed_on_the_way_is_refused(changes: dict[str, str]):
    """Every header is signed, and odd ones are refused as such."""
    with pytest.raises(SignatureError):
        verify([SECRET], {**headers([SECRET], *MESSAGE), **changes}, MESSAGE[2], NOW)


@given(body=st.binary(max_size=200), at=st.integers(0, 199), bit=st.integers(0, 7))
def test_one_bit_of_the_body_is_enough(body: bytes, at: int, bit: int):
    """What was signed passes whatever its bytes, and anything else does not."""
    sent = headers([SECRET], "an-id", 1_700_000_000, body)
    assert verify([SECRET], sent, body, 1_700_000_000.0) == "an-id"

    changed = bytearray(body or b"\0")
    changed[at % len(changed)] ^= 1 << bit
    with pytest.raises(SignatureError):
        verify([SECRET], sent, bytes(changed), 1_700_000_000.0)


def test_secrets_are_long_and_their_marks_tell_them_apart():
    """32 random bytes, in the form that the scheme's libraries take."""
    secrets = {new_secret() for _ in range(50)}

    assert len({fingerprint(secret) for secret in secrets}) == len(secrets) == 50
    assert all(len(base64.b64decode(secret.removeprefix("whsec_"))) == 32 for secret in secrets)
    with pytest.raises(ValueError, match="base64"):
        sign("whsec_ö", *MESSAGE)


def test_sealed_secrets_open_only_with_the_same_key_and_for_the_same_purpose():
    """And what is stored says nothing."""
    sealed = seal(b"k" * 40, SECRET, "webhook")

    assert unseal(b"k" * 40, sealed, "webhook") == SECRET
    assert SECRET[6:] not in sealed
    assert sealed != seal(b"k" * 40, SECRET, "webhook")
    for key, text, purpose in (
        (b"x" * 40, sealed, "webhook"),
        (b"k" * 40, sealed, "another"),
        (b"k" * 40, sealed[:-4] + "AAA=", "webhook"),
    ):
        with pytest.raises(UnsealedError):
            unseal(key, text, purpose)
