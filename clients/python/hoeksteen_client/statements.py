"""What is signed with an adviser's Ed25519 key (RFC 8032), byte for byte.

A statement is a list of fields, each as a 4-byte big-endian length and its bytes. The first field
names the kind of statement, so that a signature on one kind is worth nothing as another.

An adviser's key, as it is put in the directory::

    "hoeksteen/adviser-key/v1"
    organisation's id        16 bytes
    adviser's id             UTF-8
    public key               32 bytes, raw X25519
    signing key              32 bytes, raw Ed25519

signed by that signing key (the *proof*: whoever publishes it has it), and, where it follows an
earlier key of the same adviser, by the earlier signing key too (the *previous signature*).

Words of an adviser::

    "hoeksteen/words/v1"
    organisation's id        16 bytes
    case's id                16 bytes
    digest                   SHA-256 over the fields key id (16 bytes) and envelope of each reader,
                             in the order in which they are sent

A recovery key, which an adviser puts in the directory and a second person confirms::

    "hoeksteen/recovery-key/v1"
    organisation's id        16 bytes
    public key               32 bytes, raw X25519
    digest                   32 bytes, of the record of its ceremony (`RecoveryRecord.digest`)

A signature on words says who sealed these envelopes for this case. It does not say when, nor in
which place among the case's other words: order is the log's business.

`tests/vectors/hoeksteen` holds examples of each, for whoever writes this down again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

SIGNATURE_BYTES: Final = 64
SIGNING_KEY_BYTES: Final = 32

_ADVISER_KEY: Final = b"hoeksteen/adviser-key/v1"
_WORDS: Final = b"hoeksteen/words/v1"
_RECOVERY_KEY: Final = b"hoeksteen/recovery-key/v1"

Readers = Iterable[tuple[UUID, bytes]]
"""Sealed words: for each reader the id of their key and the envelope, in the order as sent."""


def fields(*parts: bytes) -> bytes:
    """Each part as a 4-byte big-endian length and its bytes, one after the other."""
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def adviser_key_statement(
    *, organisation: UUID, adviser_id: str, public_key: bytes, signing_key: bytes
) -> bytes:
    """What the new and the previous signing key sign when an adviser publishes a key.

    `adviser_id`: the subject of the adviser's token, as the directory holds it.
    """
    return fields(
        _ADVISER_KEY, organisation.bytes, adviser_id.encode("utf-8"), public_key, signing_key
    )


def words_statement(readers: Readers, *, organisation: UUID, case: UUID) -> bytes:
    """What an adviser signs beside words that are sealed to `readers`."""
    listed = b"".join(fields(key_id.bytes, envelope) for key_id, envelope in readers)
    digest = hashlib.sha256(listed).digest()
    return fields(_WORDS, organisation.bytes, case.bytes, digest)


def recovery_key_statement(*, organisation: UUID, public_key: bytes, digest: bytes) -> bytes:
    """What an adviser signs who puts a recovery key (raw X25519, 32 bytes) in the directory.

    `digest` (32 bytes) is that of its ceremony's record: a forged record would take a forged share.
    """
    return fields(_RECOVERY_KEY, organisation.bytes, public_key, digest)


def is_signed(statement: bytes, signature: bytes, signing_key: bytes) -> bool:
    """Whether `signature` (64 bytes) over `statement` is by `signing_key` (raw Ed25519, 32 bytes)."""
    try:
        Ed25519PublicKey.from_public_bytes(signing_key).verify(signature, statement)
    except (InvalidSignature, ValueError):  # ValueError: no Ed25519 key
        return False
    return True


def words_are_signed(
    readers: Readers, signature: bytes, *, organisation: UUID, case: UUID, signing_key: bytes
) -> bool:
    """Whether the holder of `signing_key` sealed exactly these envelopes for this case."""
    statement = words_statement(readers, organisation=organisation, case=case)
    return is_signed(statement, signature, signing_key)


def key_is_proven(
    *,
    organisation: UUID,
    adviser_id: str,
    public_key: bytes,
    signing_key: bytes,
    proof: bytes,
    previous: tuple[bytes, bytes] | None = None,
) -> bool:
    """Whether an entry of the directory proves itself.

    `proof` must be by `signing_key`; `previous`, where given, is the previous signing key and its
    signature, which must be good too. Without `previous` nothing says that the adviser of before
    put this key there: ask them, by another way.
    """
    statement = adviser_key_statement(
        organisation=organisation,
        adviser_id=adviser_id,
        public_key=public_key,
        signing_key=signing_key,
    )
    if previous is not None and not is_signed(statement, previous[1], previous[0]):
        return False
    return is_signed(statement, proof, signing_key)
