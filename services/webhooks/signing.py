"""Signatures as https://www.standardwebhooks.com says (version 1.0.0): HMAC-SHA256, `v1`.

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

PREFIX: Final = "whsec_"

_BYTES: Final = 32
_LEAST, _MOST = 24, 64


def new_secret() -> str:
    """A random secret of 32 bytes: `whsec_` and Base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


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
    """One signature: `v1,` and Base64. `timestamp` is the attempt's, in seconds since 1970."""
    signed = b".".join((webhook_id.encode(), str(timestamp).encode(), body))
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
