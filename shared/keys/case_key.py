"""The key of one case (or one report, or one set of facts): AES-256-GCM with key commitment."""

from __future__ import annotations

import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SUITE = 1
"""AES-256-GCM, 96-bit random nonce, key and commitment from HKDF-SHA512 (RFC 5869)."""

KEY_BYTES = 32
NONCE_BYTES = 12

_INFO = b"hoeksteen/case-key/v1"

# Plaintext is filled up to the smallest of these, so that a length says little. Bytes.
_BUCKETS = (256, 1024, 4096, 16384, 65536, 262144, 1048576)
_END = b"\x80"  # ISO/IEC 7816-4 padding: one 0x80, then zeros


class Unreadable(Exception):  # noqa: N818  what a reader meets, not a fault in the program
    """The ciphertext was not made with this key for this place, or it was changed."""


class CaseKey:
    """A 256-bit secret, its encryption key and its commitment.

    AES-GCM alone does not commit to its key: one ciphertext can be made that opens under two keys.
    The commitment (32 bytes, stored beside the wrapped key) makes the wrong key visible.
    """

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_BYTES:
            raise ValueError("a case key is 32 bytes")
        derived = HKDF(algorithm=SHA512(), length=64, salt=None, info=_INFO).derive(secret)
        self.secret = secret
        self.commitment = derived[32:]
        self._aead = AESGCM(derived[:32])

    def matches(self, commitment: bytes) -> bool:
        """Whether `commitment` (32 bytes) is this key's."""
        return hmac.compare_digest(self.commitment, commitment)

    def encrypt(self, nonce: bytes, plaintext: bytes, associated: bytes) -> bytes:
        """Pad and encrypt. `nonce`: 12 random bytes, never used before under this key."""
        if len(nonce) != NONCE_BYTES:
            raise ValueError("a nonce is 12 bytes")  # GCM would take others, and hash them down
        return self._aead.encrypt(nonce, pad(plaintext), associated)

    def decrypt(self, nonce: bytes, ciphertext: bytes, associated: bytes) -> bytes:
        """The plaintext. Raises Unreadable when key, place or bytes are not the original ones."""
        if len(nonce) != NONCE_BYTES:
            raise Unreadable
        try:
            return unpad(self._aead.decrypt(nonce, ciphertext, associated))
        except InvalidTag as error:
            raise Unreadable from error


def pad(plaintext: bytes) -> bytes:
    """Fill up to a bucket; above the largest bucket, to a multiple of it."""
    needed = len(plaintext) + len(_END)
    bucket = next((size for size in _BUCKETS if size >= needed), None)
    if bucket is None:
        bucket = -(-needed // _BUCKETS[-1]) * _BUCKETS[-1]
    return plaintext + _END + bytes(bucket - needed)


def unpad(padded: bytes) -> bytes:
    """Undo `pad`. Raises Unreadable when there is no padding."""
    plaintext, end, zeros = padded.rpartition(_END)
    if not end or zeros.strip(b"\x00"):
        raise Unreadable
    return plaintext
