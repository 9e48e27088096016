"""Sealed words, as far as a server knows them: who can open them, and bytes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from shared.contracts.errors import Code, Refusal, invalid

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from services.intake.domain.organisation import Organisation

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


def check_sealed_to(
    words: Sequence[SealedWords],
    organisation: Organisation,
    advisers: Iterable[str],
    *,
    reply_key: bytes | None = None,
    recoverable: bool = True,
    field: str,
) -> tuple[SealedWords, ...]:
    """`words`, if each of these advisers (at their current keys), the recovery key where there is one
    and the reporter, where a `reply_key` is given, can open them, and nobody else. What is not
    `recoverable` is sealed to no recovery key either.

    Raises Refusal: words that nobody can read are lost words.
    """
    named = [organisation.current_key(adviser_id) for adviser_id in advisers]
    current = {key.key_id for key in named if key is not None}
    recovery_key = organisation.recovery_key if recoverable else None
    recovery = set() if recovery_key is None else {recovery_key.key_id}
    reporter = set() if reply_key is None else {key_id_of(reply_key)}
    sealed = check_sealed(words, current | recovery | reporter, field=field)
    keys = {one.key_id for one in sealed}
    if None in named or not current <= keys:
        raise invalid(field, "they are not sealed to the current key of each who must read them")
    if not recovery <= keys:
        raise invalid(field, "they are not sealed to the recovery key")
    if not reporter <= keys:
        raise invalid(field, "they are not sealed to the reporter's key")
    return sealed
