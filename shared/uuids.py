"""UUIDs made and spelled by msgspec, for what is done at every command and event.

Python's own class takes apart a number and a text in Python: four times as long.
"""

from __future__ import annotations

import os
from uuid import UUID

import msgspec

_BIN_16 = b"\xc4\x10"  # MessagePack: sixteen bytes follow

_decode = msgspec.msgpack.Decoder(UUID).decode


def uuid_of(value: bytes) -> UUID:
    """The UUID of these 16 bytes. Raises msgspec.DecodeError for another number of them."""
    return _decode(_BIN_16 + value)


def random_uuid() -> UUID:
    """As uuid.uuid4 (RFC 9562, section 5.4): version 4, of 122 random bits from the operating system."""
    value = bytearray(os.urandom(16))
    value[6] = value[6] & 0x0F | 0x40
    value[8] = value[8] & 0x3F | 0x80
    return _decode(_BIN_16 + value)


def text_of(value: UUID) -> str:
    """What `str` makes of it."""
    text: str = msgspec.to_builtins(value)
    return text
