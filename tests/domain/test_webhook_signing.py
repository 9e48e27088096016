"""Signatures of webhooks, by the specification's vector and another implementation."""

from __future__ import annotations

import time

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from services.webhooks.signing import headers, key_of, new_secret, signature

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


def test_a_secret_is_random_and_long_enough() -> None:
    """32 bytes, each time others; what is shorter, longer or no Base64 signs nothing."""
    assert 32 == len(key_of(new_secret()))
    assert new_secret() != new_secret()
    for wrong in ("", "whsec_", "whsec_c2hvcnQ=", SECRET.removeprefix("whsec_"), "whsec_%%%%"):
        with pytest.raises(ValueError, match="no secret"):
            key_of(wrong)
