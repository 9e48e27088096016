"""The record of one ledger entry, format `hoeksteen/leaf/v1`, and its RFC 6962 leaf hash.

The record holds what stands in clear in the event table and the hash of what does not. The append
function computes the same bytes in SQL; `docs/ledger.md` describes them for auditors.
"""

from __future__ import annotations

import hashlib
import re
import struct
from dataclasses import dataclass
from typing import Final
from uuid import UUID

FORMAT: Final = b"hoeksteen/leaf/v1"

FIRST_VERSION: Final = 1
"""The version of a stream's first event; each next one is one higher."""

KEY_DESTROYED: Final = "KeyDestroyed"
"""The type of the event after which a stream's ciphertexts may be gone."""

BLANK: Final = "Blank"
"""The type of an entry that fills a tile; nothing happened. Only the record tells it apart."""

SUITES: Final[dict[int, str]] = {1: "AES-256-GCM with key commitment"}
"""Every cipher suite that a leaf may name. A suite is never removed, or old logs stop verifying."""

LEAF_PREFIX: Final = b"\x00"
"""Domain separation of leaves from nodes, RFC 6962 section 2.1."""

MAX_TYPE_BYTES: Final = 200
"""Longer than any event type; keeps a damaged row from filling an auditor's screen."""

_WEEK = re.compile(r"[0-9]{4}-W(0[1-9]|[1-4][0-9]|5[0-3])", re.ASCII)
_MAX_INT: Final = 2**63 - 1  # PostgreSQL's bigint, where index and version are kept

# Everything but the type has a fixed length, so the record is one head, the type, and one tail.
_HEAD = struct.Struct(f">I{len(FORMAT)}s I16s IQ I16s IQ I")
_TAIL = struct.Struct(">I8s I16s IB I16s I12s I32s")
_HEAD_LENGTHS: Final = (len(FORMAT), 16, 8, 16, 8)
_TAIL_LENGTHS: Final = (8, 16, 1, 16, 12, 32)


class LeafError(ValueError):
    """Bytes or fields that are no leaf record. The text says which field, never its value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeafRecord:
    """What a ledger entry commits to. Raises LeafError for a field of the wrong length or form."""

    organisation: UUID
    """Whose log this is."""
    index: int
    """Place in the log, dense from 0."""
    stream: UUID
    """The aggregate (a case, a report, …) as a random id."""
    version: int
    """Place in the stream, dense from 1."""
    type: str
    """The event's type: printable, without white space, at most 200 bytes of UTF-8."""
    week: str
    """ISO 8601 week, as in `2026-W48`: the only time in clear."""
    actor: bytes
    """16 bytes: the pseudonym of who acted, under a key per organisation and year."""
    suite: int
    """Cipher suite, one byte; see SUITES."""
    key_id: UUID
    """Under which key the ciphertext stands."""
    nonce: bytes
    """12 bytes, never twice under one key."""
    ciphertext_sha256: bytes
    """32 bytes: SHA-256 of the ciphertext, never of the plaintext (which could be guessed)."""

    def __post_init__(self) -> None:
        if not 0 <= self.index <= _MAX_INT:
            raise LeafError("the index is out of range")
        if not 0 <= self.version <= _MAX_INT:
            raise LeafError("the version is out of range")
        if not 0 <= self.suite <= 255:
            raise LeafError("the suite does not fit one byte")
        if not self.type.isprintable() or any(c.isspace() for c in self.type):
            raise LeafError("the type holds white space or unprintable characters")
        if not 1 <= len(self.type.encode()) <= MAX_TYPE_BYTES:
            raise LeafError(f"the type is not 1 to {MAX_TYPE_BYTES} bytes long")
        if _WEEK.fullmatch(self.week) is None:
            raise LeafError("the week is not written as 2026-W48")
        if len(self.actor) != 16:
            raise LeafError("the actor is not 16 bytes long")
        if len(self.nonce) != 12:
            raise LeafError("the nonce is not 12 bytes long")
        if len(self.ciphertext_sha256) != 32:
            raise LeafError("the ciphertext hash is not 32 bytes long")

    def encode(self) -> bytes:
        """The record: each field as a 4-byte big-endian length and its bytes."""
        type_bytes = self.type.encode()
        head = _HEAD.pack(
            len(FORMAT), FORMAT,
            16, self.organisation.bytes,
            8, self.index,
            16, self.stream.bytes,
            8, self.version,
            len(type_bytes),
        )  # fmt: skip
        tail = _TAIL.pack(
            8, self.week.encode("ascii"),
            16, self.actor,
            1, self.suite,
            16, self.key_id.bytes,
            12, self.nonce,
            32, self.ciphertext_sha256,
        )  # fmt: skip
        return head + type_bytes + tail

    @classmethod
    def decode(cls, record: bytes) -> LeafRecord:
        """Undo `encode`. Refuses another format, a wrong length and trailing bytes (LeafError)."""
        if len(record) < _HEAD.size:
            raise LeafError("the record is too short")
        *head, type_length = _HEAD.unpack_from(record)
        if (head[0], head[1]) != (len(FORMAT), FORMAT):
            raise LeafError("this is not a record of format hoeksteen/leaf/v1")
        if tuple(head[0::2]) != _HEAD_LENGTHS:
            raise LeafError("a field has the wrong length")
        if len(record) != _HEAD.size + type_length + _TAIL.size:
            raise LeafError("the record is too short or has bytes at its end")
        tail = _TAIL.unpack_from(record, _HEAD.size + type_length)
        if tuple(tail[0::2]) != _TAIL_LENGTHS:
            raise LeafError("a field has the wrong length")
        try:
            type_ = record[_HEAD.size : _HEAD.size + type_length].decode()
            week = tail[1].decode("ascii")
        except UnicodeDecodeError:
            raise LeafError("the type or the week is not text") from None
        return cls(
            organisation=UUID(bytes=head[3]),
            index=head[5],
            stream=UUID(bytes=head[7]),
            version=head[9],
            type=type_,
            week=week,
            actor=tail[3],
            suite=tail[5],
            key_id=UUID(bytes=tail[7]),
            nonce=tail[9],
            ciphertext_sha256=tail[11],
        )

    def hash(self) -> bytes:
        """SHA-256(0x00 ‖ record), 32 bytes (RFC 6962 section 2.1)."""
        return leaf_hash(self.encode())


def leaf_hash(record: bytes) -> bytes:
    """SHA-256(0x00 ‖ record), 32 bytes (RFC 6962 section 2.1)."""
    return hashlib.sha256(LEAF_PREFIX + record).digest()
