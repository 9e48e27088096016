"""Words sealed to one reader (HPKE, RFC 9180).

The envelope, format 1::

    byte 0        0x01, the format; it fixes the suite below and the padding
    bytes 1-32    enc: the ephemeral X25519 public key (RFC 9180, section 4)
    bytes 33-end  AES-256-GCM ciphertext of the padded words, with its 16-byte tag

Suite: DHKEM(X25519, HKDF-SHA256) 0x0020, HKDF-SHA256 0x0001, AES-256-GCM 0x0002; base mode, one
message, empty aad. `info` is the concatenation of four fields, each as a 4-byte big-endian length
and its bytes: ``hoeksteen/sealed/v1``, the organisation's id, the case's id and the key's id (the
ids as 16 bytes). So an envelope moved to another case, organisation or adviser does not open.

Padding: the 4-byte big-endian length of the words' UTF-8, the words, and zero bytes up to the next
of 1, 4, 16 or 64 KiB. A server thus learns one of four sizes and nothing finer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from hoeksteen_client.statements import fields

MAX_WORDS_BYTES: Final = 60 * 1024
"""Longest text, in bytes of UTF-8."""
BUCKETS: Final = (1024, 4 * 1024, 16 * 1024, 64 * 1024)
"""Sizes of the padded words, in bytes."""

_FORMAT: Final = 1
_LABEL: Final = b"hoeksteen/sealed/v1"
_SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_ENC_BYTES: Final = 32
_TAG_BYTES: Final = 16


class SealingError(Exception):
    """Base of what can go wrong here; the text is for a person and holds no words and no key."""


class WordsTooLong(SealingError):  # noqa: N818  a limit, not a fault
    """The words are longer than `MAX_WORDS_BYTES`."""


class CannotOpen(SealingError):  # noqa: N818  what the person can or cannot do
    """An envelope or key file does not open: another key, case, organisation, or it was changed."""


def key_id_of(public_key: bytes) -> UUID:
    """The id of a public key: the first 16 bytes of the SHA-256 of its 32 raw bytes."""
    return UUID(bytes=hashlib.sha256(public_key).digest()[:16])


def seal(
    words: str,
    *,
    organisation: UUID | str,
    case: UUID | str,
    key_id: UUID | str,
    public_key: bytes,
) -> bytes:
    """Seal `words` to the adviser who holds the private key of `public_key` (32 raw bytes).

    `case` is the id of the case, or of the report or signal whose words are drafted. Raises
    WordsTooLong, and SealingError when the key is no X25519 key or `key_id` is not its id.
    """
    text = words.encode("utf-8")
    if len(text) > MAX_WORDS_BYTES:
        raise WordsTooLong(f"The text is too long: at most {MAX_WORDS_BYTES // 1024} KiB.")
    key_uuid = as_uuid(key_id)
    if len(public_key) != 32 or key_uuid != key_id_of(public_key):
        # Whoever answers with somebody else's key under the adviser's key id is caught here.
        raise SealingError("The adviser's public key does not belong to its key id.")
    info = _info(as_uuid(organisation), as_uuid(case), key_uuid)
    try:
        sealed = _SUITE.encrypt(_padded(text), X25519PublicKey.from_public_bytes(public_key), info)
    except ValueError as error:  # a point of small order: its shared secret is known to everybody
        raise SealingError("The adviser's public key is not a usable X25519 key.") from error
    return bytes([_FORMAT]) + sealed


def seal_to(
    words: str,
    readers: Iterable[tuple[UUID, bytes]],
    *,
    organisation: UUID | str,
    case: UUID | str,
) -> list[tuple[UUID, bytes]]:
    """Seal the same `words` to each reader (key id and public key): key id and envelope, in order.

    So are words sealed to an adviser, the recovery key and the reporter; and words that were opened,
    to a successor. Raises as `seal` does.
    """
    return [
        (
            key_id,
            seal(words, organisation=organisation, case=case, key_id=key_id, public_key=public),
        )
        for key_id, public in readers
    ]


def open_sealed(
    envelope: bytes,
    private: X25519PrivateKey,
    *,
    organisation: UUID | str,
    case: UUID | str,
) -> str:
    """The words in `envelope`; raises CannotOpen, with one sentence for every reason."""
    sizes = {1 + _ENC_BYTES + bucket + _TAG_BYTES for bucket in BUCKETS}
    if len(envelope) not in sizes or envelope[0] != _FORMAT:
        raise CannotOpen("This is not a sealed text of a format that this client knows.")
    key_id = key_id_of(private.public_key().public_bytes_raw())
    info = _info(as_uuid(organisation), as_uuid(case), key_id)
    try:
        padded = _SUITE.decrypt(envelope[1:], private, info)
    except (InvalidTag, ValueError) as error:
        raise CannotOpen(
            "This text does not open: it was sealed to another adviser, for another case or"
            " organisation, or it was changed."
        ) from error
    return _unpadded(padded)


def as_uuid(value: UUID | str) -> UUID:
    """An id as it is, or read from its text. Raises ValueError for another text."""
    return value if isinstance(value, UUID) else UUID(value)


def _info(organisation: UUID, case: UUID, key_id: UUID) -> bytes:
    return fields(_LABEL, organisation.bytes, case.bytes, key_id.bytes)


def _padded(text: bytes) -> bytes:
    body = len(text).to_bytes(4, "big") + text
    bucket = next(size for size in BUCKETS if size >= len(body))
    return body.ljust(bucket, b"\0")


def _unpadded(padded: bytes) -> str:
    length = int.from_bytes(padded[:4], "big")
    text, rest = padded[4 : 4 + length], padded[4 + length :]
    if len(text) != length or rest.strip(b"\0"):
        raise CannotOpen("This text was sealed by a program that does not keep to the format.")
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CannotOpen(
            "This text was sealed by a program that does not keep to the format."
        ) from error
