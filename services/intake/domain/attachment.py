"""A file in a case, as far as a server knows it: how many chunks, and a hash over what it cannot open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from services.intake.domain.words import SealedWords
from shared.contracts.errors import Code, Refusal, invalid

CHUNK_BYTES = 64 * 1024 + 16
"""Bytes of a sealed chunk: 64 KiB and AES-GCM's tag. Every chunk is full; the last one is filled up."""

CHUNKS_A_MIB = 16
DIGEST_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class FileAttached:
    """A file is part of the case. `words` are its sealed header: key, name, type and size.

    `digest` is SHA-256 over the SHA-256 of each chunk as the client sealed it, in order.
    """

    attachment_id: UUID
    sender: Literal["reporter", "adviser"]
    chunks: int
    total_bytes: int
    digest: bytes
    words: tuple[SealedWords, ...]
    at: datetime
    signature: bytes | None = None
    signed_by: UUID | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is taken, in sealed chunks."""

    of_file: int
    of_case: int

    @classmethod
    def of(cls, *, file_mib: int, case_mib: int) -> Limits:
        """From MiB of plain file: a file is filled up to a power of two of chunks."""
        chunks = file_mib * CHUNKS_A_MIB
        return cls(1 << (chunks - 1).bit_length(), case_mib * CHUNKS_A_MIB)


def check_place(number: int, limits: Limits) -> None:
    """Whether a chunk can have this number. Raises Refusal."""
    if number < 0:
        raise invalid("number", "it cannot be below zero")
    if number >= limits.of_file:
        raise Refusal(Code.TOO_LARGE, limit=limits.of_file // CHUNKS_A_MIB, unit="MiB")


def check_whole(*, chunks: int, digest: bytes, there: int, found: bytes) -> None:
    """Whether what is attached is what was sent. Raises Refusal INVALID_INPUT.

    `there` chunks are here from number 0 on, without a gap, and `found` is the digest over them.
    """
    if chunks < 1 or chunks & (chunks - 1):
        raise invalid("chunks", "it is not a power of two")
    if there != chunks:
        raise invalid("chunks", "not all of them are here, or more")
    if len(digest) != DIGEST_BYTES or digest != found:
        raise invalid("digest", "it is not that of what was sent")
