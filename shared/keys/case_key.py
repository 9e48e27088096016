"""The key of one case (or one report, or one set of facts): AES-256-GCM with key commitment."""

from __future__ import annotations

import hmac
from bisect import bisect_left
from hashlib import sha512

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.hmac import HMAC

SUITE = 1
"""AES-256-GCM, 96-bit random nonce, key and commitment from HKDF-SHA512 (RFC 5869)."""

KEY_BYTES = 32
NONCE_BYTES = 12

_INFO = b"hoeksteen/case-key/v1"
_EXTRACTION = HMAC(bytes(64), SHA512())
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))
_BLOCK = 128  # bytes, of SHA-512

# Plaintext is filled up to the smallest of these, so that a length says little. Bytes.
_BUCKETS = (256, 1024, 4096, 16384, 65536, 262144, 1048576)
_END = b"\x80"  # ISO/IEC 7816-4 padding: one 0x80, then zeros
_ZEROS = bytes(4096)


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
        derived = _hkdf(secret)
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

    def encrypt_block(self, nonce: bytes, block: bytes, associated: bytes) -> bytes:
        """Encrypt what has the same length as all of its kind: it is not filled up."""
        if len(nonce) != NONCE_BYTES:
            raise ValueError("a nonce is 12 bytes")
        return self._aead.encrypt(nonce, block, associated)

    def decrypt_block(self, nonce: bytes, ciphertext: bytes, associated: bytes) -> bytes:
        """Undo `encrypt_block`. Raises Unreadable."""
        if len(nonce) != NONCE_BYTES:
            raise Unreadable
        try:
            return self._aead.decrypt(nonce, ciphertext, associated)
        except InvalidTag as error:
            raise Unreadable from error


def _hkdf(secret: bytes) -> bytes:
    """64 bytes by HKDF-SHA512 without salt (RFC 5869). A replay derives a key per case: the
    extraction goes on from a key that is set up once, and the expansion, whose key is used once,
    is written out (RFC 2104), since setting that up would cost more than the two hashes.
    """
    extraction = _EXTRACTION.copy()
    extraction.update(secret)
    block = extraction.finalize().ljust(_BLOCK, b"\x00")
    inner = sha512(block.translate(_INNER) + _INFO + b"\x01").digest()
    return sha512(block.translate(_OUTER) + inner).digest()


def pad(plaintext: bytes) -> bytes:
    """Fill up to a bucket; above the largest bucket, to a multiple of it."""
    needed = len(plaintext) + len(_END)
    place = bisect_left(_BUCKETS, needed)
    largest = _BUCKETS[-1]
    bucket = _BUCKETS[place] if place < len(_BUCKETS) else -(-needed // largest) * largest
    return (plaintext + _END).ljust(bucket, b"\x00")


def unpad(padded: bytes) -> bytes:
    """Undo `pad`. Raises Unreadable when there is no padding."""
    plaintext, end, filling = padded.rpartition(_END)
    # Compared as a whole: to strip them is a step for each byte, most of what an event holds.
    if not end or not (_ZEROS.startswith(filling) or filling == bytes(len(filling))):
        raise Unreadable
    return plaintext
