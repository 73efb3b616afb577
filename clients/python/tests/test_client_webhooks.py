"""Verifying webhooks: the scheme's published vector and ours, two secrets, and everything that must not pass."""

from __future__ import annotations

import base64
import hmac
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice_client import SluiceError, verify
from sluice_client.webhooks import check

NOW = 1_764_349_200
SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
OTHER = "whsec_//79/Pv6+fj39vX08/Lx8O/u7ezr6uno5+bl5OPi4eA="
EVENT_ID = "01999999-99ff-7361-ab6f-a05254644ca0"
EVENT = {
    "id": EVENT_ID,
    "type": "comment.decided",
    "timestamp": "2026-11-28T17:00:00Z",
    "data": {
        "site_id": "s",
        "comment": {"id": "c", "external_id": "4711", "revision": 1, "status": "approved", "action": "approve"},
        "decision": {"kind": "machine"},
    },
}
#: The published example of Standard Webhooks, and those of Sluice's guide on webhooks.
VECTORS = [
    (
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        '{"test": 2432232314}',
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    ),
    (SECRET, EVENT_ID, NOW, '{"type":"comment.erased"}', "v1,oVLrtZUnLzwp1nOdDhpP1GDJN37fF68p5y+Oto9eJc4="),
    (OTHER, EVENT_ID, NOW, '{"title":"Grüße 👋"}', "v1,xrRk6WCTLQi0AqmqAhtRP8bZMyULl16tvh9BNjZ75S4="),
]


def signed(body: bytes, *secrets: str, timestamp: int = NOW) -> dict[str, str]:
    """The headers that Sluice sends with a body."""
    message = f"{EVENT_ID}.{timestamp}.".encode() + body
    keys = [base64.b64decode(secret.removeprefix("whsec_")) for secret in secrets]
    found = " ".join("v1," + base64.b64encode(hmac.digest(key, message, "sha256")).decode() for key in keys)
    return {"Webhook-Id": EVENT_ID, "Webhook-Timestamp": str(timestamp), "Webhook-Signature": found}


@pytest.mark.parametrize(("secret", "message_id", "timestamp", "body", "signature"), VECTORS)
def test_the_published_vectors_are_genuine(secret, message_id, timestamp, body, signature):
    """What any library of the scheme signs, this one verifies."""
    headers = {"webhook-id": message_id, "webhook-timestamp": str(timestamp), "webhook-signature": signature}

    check(secret, headers, body.encode(), now=timestamp, tolerance=300)
    with pytest.raises(SluiceError):
        check(secret, headers, body.encode() + b" ", now=timestamp, tolerance=300)


def test_an_event_says_how_the_comment_stands():
    """Names of headers in any case; the rest of what was said is in data."""
    body = json.dumps(EVENT).encode()
    event = verify(SECRET, signed(body, SECRET), body, now=NOW)

    assert (event.id, event.type, event.timestamp.hour) == (EVENT_ID, "comment.decided", 17)
    assert (event.comment.external_id, event.comment.may_be_published) == ("4711", True)
    assert event.data["decision"] == {"kind": "machine"}


@pytest.mark.parametrize(
    ("comment", "shown"),
    [
        ({"id": "c", "external_id": None}, False),
        ({"id": "c", "external_id": None, "status": "pending", "action": None, "revision": 2}, False),
        ({"id": "c", "external_id": None, "status": "held", "action": "hold", "revision": 2}, False),
    ],
)
def test_only_what_is_approved_may_be_shown(comment, shown):
    """Erased, pending and held comments are not."""
    body = json.dumps({**EVENT, "data": {"comment": comment}}).encode()

    assert verify(SECRET, signed(body, SECRET), body, now=NOW).comment.may_be_published is shown


def test_a_test_message_has_no_comment():
    """It is genuine, and about nothing."""
    body = json.dumps({**EVENT, "type": "webhook.test", "data": {"webhook_id": "w"}}).encode()

    assert verify(SECRET, signed(body, SECRET), body, now=NOW).comment is None


def test_either_of_two_secrets_is_enough():
    """On either side: that is what makes a rotation without an outage."""
    body = json.dumps(EVENT).encode()

    assert verify([OTHER, SECRET], signed(body, SECRET), body, now=NOW)
    assert verify(OTHER, signed(body, SECRET, OTHER), body, now=NOW)
    for secrets in ([], [OTHER]):
        with pytest.raises(SluiceError, match="No signature"):
            verify(secrets, signed(body, SECRET), body, now=NOW)


@pytest.mark.parametrize("skew", [-301, 301, 10**9])
def test_a_recording_is_refused(skew):
    """Five minutes either way, by the real clock when no other is given."""
    body = json.dumps(EVENT).encode()

    with pytest.raises(SluiceError, match="too far"):
        verify(SECRET, signed(body, SECRET), body, now=NOW + skew)
    with pytest.raises(SluiceError, match="too far"):
        verify(SECRET, signed(body, SECRET, timestamp=1_000_000_000), body)


@pytest.mark.parametrize(
    "changes",
    [
        {"Webhook-Id": "another"},
        {"Webhook-Id": ""},
        {"Webhook-Timestamp": str(NOW + 1)},
        {"Webhook-Timestamp": "now"},
        {"Webhook-Timestamp": "²"},
        {"Webhook-Timestamp": "9" * 400},
        {"Webhook-Signature": ""},
        {"Webhook-Signature": "v1,AAAA"},
        {"Webhook-Signature": "v1,é"},
        {"Webhook-Signature": " " * 1000},
    ],
)
def test_whatever_was_changed_on_the_way_is_refused(changes):
    """With one code, whatever it was."""
    body = json.dumps(EVENT).encode()

    with pytest.raises(SluiceError) as found:
        verify(SECRET, {**signed(body, SECRET), **changes}, body, now=NOW)
    assert found.value.code == "webhook.not_genuine"


@given(body=st.binary(max_size=100), at=st.integers(0, 99), bit=st.integers(0, 7))
def test_one_bit_of_the_body_is_enough(body, at, bit):
    """What was signed passes whatever its bytes, and anything else does not."""
    check(SECRET, signed(body, SECRET), body, now=NOW, tolerance=300)

    changed = bytearray(body or b"\0")
    changed[at % len(changed)] ^= 1 << bit
    with pytest.raises(SluiceError):
        check(SECRET, signed(body, SECRET), bytes(changed), now=NOW, tolerance=300)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'{"id": 1}', b"\xff", b'{"id":"a","type":"b","timestamp":"c"}'])
def test_genuine_but_no_event(body):
    """Signed with your secret by something that is not Sluice."""
    with pytest.raises(SluiceError) as found:
        verify(SECRET, signed(body, SECRET), body, now=NOW)
    assert found.value.code == "client.unreadable"


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_ö", "whsec_not base64"])
def test_a_secret_that_is_none_is_your_mistake(secret):
    """Not the sender's: it must not look like a forged message."""
    with pytest.raises(ValueError, match="whsec_"):
        verify(secret, signed(b"{}", SECRET), b"{}", now=NOW)
