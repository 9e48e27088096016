"""Ed25519 for the domain, which knows no library of cryptography."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def verifies(signing_key: bytes, signature: bytes, statement: bytes) -> bool:
    """See domain/statements.py, Verifies. False for what is no key and no signature, too."""
    try:
        Ed25519PublicKey.from_public_bytes(signing_key).verify(signature, statement)
    except (InvalidSignature, ValueError):
        return False
    return True
