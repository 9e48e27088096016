"""Sealed words between the shapes on the bus and the domain."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING
from uuid import UUID

from services.intake.domain.hand_over import Resealed
from services.intake.domain.subject_access import SealedPart as Part
from services.intake.domain.words import SealedWords
from shared.contracts.errors import invalid
from shared.contracts.rpc import ResealedEntry, Sealed, SealedPart

if TYPE_CHECKING:
    from collections.abc import Iterable


def from_bus(words: Iterable[Sealed]) -> tuple[SealedWords, ...]:
    """What a client sent. Raises Refusal for a key id that is no UUID."""
    return tuple(
        SealedWords(key_id=as_uuid(one.key_id, "keyId"), ciphertext=one.ciphertext) for one in words
    )


def resealed_from_bus(entries: Iterable[ResealedEntry]) -> tuple[Resealed, ...]:
    """Entries that a client sealed anew."""
    return tuple(
        Resealed(version=one.version, words=from_bus(one.words), signature=one.signature)
        for one in entries
    )


def to_bus(words: Iterable[SealedWords]) -> tuple[Sealed, ...]:
    """What a client gets back, byte for byte."""
    return tuple(Sealed(key_id=str(one.key_id), ciphertext=one.ciphertext) for one in words)


def parts_from_bus(parts: Iterable[SealedPart]) -> tuple[Part, ...]:
    """The parts of a document that a client sent."""
    return tuple(Part(copies=from_bus(part.copies)) for part in parts)


def parts_to_bus(parts: Iterable[Part]) -> tuple[SealedPart, ...]:
    """What a client gets back, in order."""
    return tuple(SealedPart(copies=to_bus(part.copies)) for part in parts)


def as_uuid(text: str, field: str) -> UUID:
    """The UUID that `text` spells. Raises Refusal INVALID_INPUT."""
    try:
        return _uuid(text)
    except ValueError:
        raise invalid(field, "it is not a UUID") from None


# The same few keys stand at all words, and a case is asked for again and again.
_uuid = lru_cache(maxsize=1_000)(UUID)


def id_or_none(value: UUID | None) -> str | None:
    """An optional id as it stands on the bus."""
    return None if value is None else str(value)
