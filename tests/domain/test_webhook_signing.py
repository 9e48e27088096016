"""Signatures of webhooks, by the specification's vector and another implementation."""

from __future__ import annotations

import time
from base64 import b64decode

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from services.webhooks.signing import (
    headers,
    key_of,
    new_private_key,
    new_secret,
    shown,
    signature,
    successor_of,
)

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_published_vector() -> None:
    """The vector of the Standard Webhooks libraries gives the published signature."""
    made = signature(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" == made


def test_another_implementation_takes_either_secret_while_one_is_replaced() -> None:
    """Two signatures, the new one first: who has either secret is satisfied, and nobody else."""
    old, new, body = new_secret(), new_secret(), '{"name":"Zuid-Île"}'.encode()
    made = headers((new, old), webhook_id="0b9e-1", timestamp=int(time.time()), body=body)
    for secret in (old, new):
        assert {"name": "Zuid-Île"} == Webhook(secret).verify(body, made)
    with pytest.raises(WebhookVerificationError, match="No matching"):
        Webhook(new_secret()).verify(body, made)
    with pytest.raises(WebhookVerificationError, match="No matching"):
        Webhook(new).verify(body + b" ", made)
    with pytest.raises(WebhookVerificationError, match="No matching"):
        Webhook(new).verify(body, made | {"webhook-id": "0b9e-2"})


def test_the_signature_ends_with_its_time() -> None:
    """What was sent six minutes ago is refused by the other implementation: it cannot be played again."""
    made = headers((SECRET,), webhook_id="1", timestamp=int(time.time()) - 360, body=b"{}")
    with pytest.raises(WebhookVerificationError, match="too old"):
        Webhook(SECRET).verify(b"{}", made)


def test_a_receiver_with_the_public_key_verifies_and_cannot_sign() -> None:
    """`v1a`: Ed25519 over the same bytes, verified here by the key that the receiver is shown alone."""
    private, body = new_private_key(), b'{"test": 2432232314}'
    assert shown(private).startswith("whpk_")
    assert private.removeprefix("whsk_") not in shown(private)
    public = Ed25519PublicKey.from_public_bytes(b64decode(shown(private).removeprefix("whpk_")))
    made = headers((private, SECRET), webhook_id="0b9e-1", timestamp=1614265330, body=body)
    asymmetric, symmetric = made["webhook-signature"].split(" ")
    assert symmetric == signature(SECRET, "0b9e-1", 1614265330, body)
    version, _, told = asymmetric.partition(",")
    assert "v1a" == version
    public.verify(b64decode(told), b"0b9e-1.1614265330." + body)
    with pytest.raises(InvalidSignature):
        public.verify(b64decode(told), b"0b9e-2.1614265330." + body)


def test_a_successor_is_of_the_same_kind() -> None:
    """A receiver that verifies one way is not given the other."""
    assert successor_of(SECRET).startswith("whsec_")
    assert SECRET == shown(SECRET)
    private = new_private_key()
    assert successor_of(private).startswith("whsk_")
    assert shown(private) != shown(successor_of(private))


def test_a_secret_is_random_and_long_enough() -> None:
    """32 bytes, each time others; what is shorter, longer or no Base64 signs nothing."""
    assert 32 == len(key_of(new_secret()))
    assert new_secret() != new_secret()
    for wrong in ("", "whsec_", "whsec_c2hvcnQ=", SECRET.removeprefix("whsec_"), "whsec_%%%%"):
        with pytest.raises(ValueError, match="no secret"):
            key_of(wrong)
