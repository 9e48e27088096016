"""Ed25519 for the domain, which knows no library of cryptography."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_PRIME = 2**255 - 19
# The y of the points whose order divides 8 (as libsodium's ge25519_has_small_order).
_SMALL_ORDER = frozenset(
    int.from_bytes(bytes.fromhex(y), "little") % _PRIME
    for y in (
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    )
)


def verifies(signing_key: bytes, signature: bytes, statement: bytes) -> bool:
    """See domain/statements.py, Verifies. False for what is no key and no signature, too, and
    for a key of small order: for it anybody makes signatures.
    """
    if int.from_bytes(signing_key, "little") % 2**255 % _PRIME in _SMALL_ORDER:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(signing_key).verify(signature, statement)
    except (InvalidSignature, ValueError):
        return False
    return True
