"""Sealed words, as far as a server knows them: who can open them, and bytes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from shared.contracts.errors import Code, Refusal, invalid

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

LARGEST = 128 * 1024
"""Bytes of one sealed text; the client's largest bucket is 64 KiB."""

MOST_READERS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedWords:
    """Words sealed to the key `key_id`. Nothing on a server can open `ciphertext`."""

    key_id: UUID
    ciphertext: bytes


def key_id_of(public_key: bytes) -> UUID:
    """The id of a public key: the first 16 bytes of the SHA-256 of its 32 raw bytes."""
    return UUID(bytes=hashlib.sha256(public_key).digest()[:16])


def check_sealed(
    words: Sequence[SealedWords], keys: Collection[UUID], *, field: str
) -> tuple[SealedWords, ...]:
    """`words` if they are sealed to `keys`, which may read them, and to no other, and not too large.

    Raises Refusal INVALID_INPUT or TOO_LARGE.
    """
    if not words:
        raise invalid(field, "it is empty")
    if len(words) > MOST_READERS:
        raise Refusal(Code.TOO_LARGE, limit=MOST_READERS, unit="readers")
    for sealed in words:
        if sealed.key_id not in keys:
            raise invalid(field, "it is sealed to a key that may not read it")
        if not sealed.ciphertext:
            raise invalid(field, "it is empty")
        if len(sealed.ciphertext) > LARGEST:
            raise Refusal(Code.TOO_LARGE, limit=LARGEST, unit="bytes")
    return tuple(words)
