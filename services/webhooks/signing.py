"""Signatures as https://www.standardwebhooks.com says (version 1.0.0): `v1`, HMAC-SHA256 under a secret
that the receiver has too, or `v1a`, Ed25519 (RFC 8032) under a key of which it has the public half.

What is signed is `<webhook-id>.<webhook-timestamp>.<body>`, byte for byte as it is sent.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PREFIX: Final = "whsec_"
PRIVATE_PREFIX: Final = "whsk_"
PUBLIC_PREFIX: Final = "whpk_"

_BYTES: Final = 32
_LEAST, _MOST = 24, 64


def new_secret() -> str:
    """A random secret of 32 bytes: `whsec_` and Base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def new_private_key() -> str:
    """The private half of a pair of keys: `whsk_` and Base64 of its 32 bytes. It is shown to nobody."""
    return PRIVATE_PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def successor_of(secret: str) -> str:
    """A new one of the same kind."""
    return new_private_key() if secret.startswith(PRIVATE_PREFIX) else new_secret()


def shown(secret: str) -> str:
    """What the receiver gets: the secret itself, or the public half, which is none."""
    if not secret.startswith(PRIVATE_PREFIX):
        return secret
    return PUBLIC_PREFIX + base64.b64encode(_pair(secret).public_key().public_bytes_raw()).decode()


def _pair(secret: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(
        base64.b64decode(secret.removeprefix(PRIVATE_PREFIX))
    )


def key_of(secret: str) -> bytes:
    """The bytes of a secret. Raises ValueError for what is none of 24 to 64 bytes."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not (secret.startswith(PREFIX) and _LEAST <= len(key) <= _MOST):
        raise ValueError("This is no secret of a webhook.")
    return key


def signature(secret: str, webhook_id: str, timestamp: int, body: bytes) -> str:
    """One signature: `v1,` or `v1a,`, and Base64. `timestamp` is the attempt's, in seconds since 1970."""
    signed = b".".join((webhook_id.encode(), str(timestamp).encode(), body))
    if secret.startswith(PRIVATE_PREFIX):
        return "v1a," + base64.b64encode(_pair(secret).sign(signed)).decode()
    return "v1," + base64.b64encode(hmac.digest(key_of(secret), signed, hashlib.sha256)).decode()


def headers(
    given: Sequence[str], *, webhook_id: str, timestamp: int, body: bytes
) -> dict[str, str]:
    """The three headers. While a secret is being replaced `given` holds both, the new one first."""
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(
            signature(secret, webhook_id, timestamp, body) for secret in given
        ),
    }
