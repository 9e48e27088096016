"""What people sign with their Ed25519 key (RFC 8032), byte for byte as their clients write it.

A statement is a list of fields, each as a 4-byte big-endian length and its bytes. The first one names
the kind of statement, so that a signature on one kind is worth nothing as another
(`hoeksteen_client.statements` says the same for clients).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from services.intake.domain.words import SealedWords

Verifies = Callable[[bytes, bytes, bytes], bool]
"""Whether a signing key (raw Ed25519, 32 bytes) made a signature (64 bytes) of a statement: given in
this order. Decisions take it as an argument, since the domain knows no library of cryptography.
"""

SIGNATURE_BYTES = 64


def adviser_key_statement(
    *, organisation_id: UUID, adviser_id: str, public_key: bytes, signing_key: bytes
) -> bytes:
    """What the new and the previous signing key sign when an adviser publishes a key pair."""
    return _fields(
        b"hoeksteen/adviser-key/v1",
        organisation_id.bytes,
        adviser_id.encode(),
        public_key,
        signing_key,
    )


def words_statement(*, organisation_id: UUID, case_id: UUID, words: Iterable[SealedWords]) -> bytes:
    """What an adviser signs beside sealed words: the copies of all readers, in their order."""
    copies = b"".join(_fields(one.key_id.bytes, one.ciphertext) for one in words)
    return _fields(
        b"hoeksteen/words/v1",
        organisation_id.bytes,
        case_id.bytes,
        hashlib.sha256(copies).digest(),
    )


def recovery_key_statement(*, organisation_id: UUID, public_key: bytes, digest: bytes) -> bytes:
    """What an adviser signs who puts a recovery key in the directory, with the record's digest."""
    return _fields(b"hoeksteen/recovery-key/v1", organisation_id.bytes, public_key, digest)


def _fields(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)
