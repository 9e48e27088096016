"""From an event to what is stored and back: encrypted, padded, bound to its place.

The library's own cipher binds nothing: two aggregates' ciphertexts can be swapped unnoticed. This
mapper's associated data names format, stream, version, type and key.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from eventsourcing.persistence import JSONTranscoder, Mapper, StoredEvent

from shared.keys.case_key import NONCE_BYTES, SUITE, CaseKey, Unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.eventstore.types import EventTypes

EVENT = b"hoeksteen/event/v1"
"""The format of an encrypted event."""


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """An event (a frozen dataclass of some `domain/`) at its place in a stream, and its key."""

    originator_id: UUID
    originator_version: int
    key_id: UUID
    event: Any


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the library calls state: suite, key id, nonce and ciphertext, in one run of bytes."""

    suite: int
    key_id: UUID
    nonce: bytes
    ciphertext: bytes

    def pack(self) -> bytes:
        """One byte suite, 16 bytes key id, 12 bytes nonce, ciphertext."""
        return bytes([self.suite]) + self.key_id.bytes + self.nonce + self.ciphertext

    @classmethod
    def unpack(cls, state: bytes) -> Envelope:
        """Undo `pack`. Raises Unreadable for what is too short."""
        if len(state) < 1 + 16 + NONCE_BYTES:
            raise Unreadable
        return cls(state[0], UUID(bytes=state[1:17]), state[17:29], state[29:])


class CaseMapper(Mapper[UUID]):
    """The library's mapper contract, with a key per case.

    `keys` holds the case keys that are unwrapped at the moment, by key id; the store fills it
    before it maps.
    """

    def __init__(self, types: EventTypes, keys: Mapping[UUID, CaseKey]) -> None:
        super().__init__(JSONTranscoder())
        self._types = types
        self._keys = keys

    def to_stored_event(self, domain_event: StreamEvent) -> StoredEvent:  # type: ignore[override]
        """Encode, pad and encrypt. `topic` is the event's type name."""
        stream, version = domain_event.originator_id, domain_event.originator_version
        key_id = domain_event.key_id
        name, nonce, ciphertext = encrypt_event(
            self._types, self._keys[key_id], stream, version, key_id, domain_event.event
        )
        return StoredEvent(stream, version, name, Envelope(SUITE, key_id, nonce, ciphertext).pack())

    def to_domain_event(self, stored_event: StoredEvent) -> StreamEvent:
        """Decrypt and decode. Raises Unreadable, UnknownEventType, msgspec.DecodeError."""
        envelope = Envelope.unpack(stored_event.state)
        stream = stored_event.originator_id
        if envelope.suite != SUITE or not isinstance(stream, UUID):
            raise Unreadable
        event = decrypt_event(
            self._types,
            self._keys[envelope.key_id],
            stream,
            stored_event.originator_version,
            stored_event.topic,
            envelope.key_id,
            envelope.nonce,
            envelope.ciphertext,
        )
        return StreamEvent(stream, stored_event.originator_version, envelope.key_id, event)


def encrypt_event(
    types: EventTypes, key: CaseKey, stream: UUID, version: int, key_id: UUID, event: object
) -> tuple[str, bytes, bytes]:
    """Type name, nonce (12 random bytes) and ciphertext of an event at its place."""
    name = types.name_of(event)
    nonce = os.urandom(NONCE_BYTES)
    associated = associated_data(EVENT, stream, version, name, key_id)
    return name, nonce, key.encrypt(nonce, _encode(event), associated)


def decrypt_event(
    types: EventTypes,
    key: CaseKey,
    stream: UUID,
    version: int,
    name: str,
    key_id: UUID,
    nonce: bytes,
    ciphertext: bytes,
) -> Any:
    """The event that was encrypted for this place. Raises Unreadable, UnknownEventType,
    msgspec.DecodeError.
    """
    associated = associated_data(EVENT, stream, version, name, key_id)
    return types.decode(name, key.decrypt(nonce, ciphertext, associated))


_encode = msgspec.json.Encoder().encode


def associated_data(format_: bytes, stream: UUID, version: int, name: str, key_id: UUID) -> bytes:
    """What a ciphertext is bound to. Each field stands behind its length (4 bytes, big-endian):
    format, suite (1 byte), stream (16), version (8), type name, key id (16).
    """
    before, after = around(format_, name)
    return before + stream.bytes + version_field(8, version) + after + key_id.bytes


@lru_cache(maxsize=1_000)
def around(format_: bytes, name: str) -> tuple[bytes, bytes]:
    """What of `associated_data` stands before the stream, and between `version_field` and key id."""
    head = _field(format_) + _field(bytes([SUITE])) + (16).to_bytes(4, "big")
    return head, _field(name.encode()) + (16).to_bytes(4, "big")


version_field = struct.Struct(">IQ").pack
"""A version in `associated_data`: its length, 8, and itself."""


def _field(value: bytes) -> bytes:
    return len(value).to_bytes(4, "big") + value
