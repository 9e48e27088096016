"""Files sealed in chunks, and opened again, without ever being whole in memory.

A file gets a key of its own (256 random bits). Its bytes, after their metadata went (`metadata`),
are followed by zero bytes until they fill 1, 2, 4, 8 ... chunks of 64 KiB, and each chunk is
encrypted by itself (AES-256-GCM) after the STREAM construction of Hoang, Reyhanitabar, Rogaway and
Vizár (CRYPTO 2015)::

    nonce   7 random bytes of this file ‖ chunk number from 0, 4 bytes, big-endian ‖ 1 for the last
            chunk, else 0
    aad     four fields, each as a 4-byte big-endian length and its bytes:
            "hoeksteen/attachment/v1", organisation's id, case's id, attachment's id

so a chunk that is changed, left out, moved, added, or taken from another file, case or organisation
does not open. A chunk on its way has 64 KiB and 16 bytes; a server sees how many there are, which is
a power of two, and nothing finer.

The header is a text, sealed like words to each reader (`sealing.seal`), so what signs words signs it.
JSON, with these members and no others::

    {"format": 1, "key": base64, "nonce": base64, "chunks": n, "size": bytes, "digest": base64,
     "name": text, "type": media type}

`digest` is SHA-256 over the SHA-256 of each encrypted chunk, in order: the same number that the
server keeps. It ties the content to whoever sealed the header, also against another reader, who has
the key.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
import re
import secrets
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final, Self
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hoeksteen_client.metadata import stripped
from hoeksteen_client.sealing import CannotOpen, SealingError, as_uuid
from hoeksteen_client.statements import fields

CHUNK_BYTES: Final = 64 * 1024
"""Bytes of a file in one chunk; encrypted it has `TAG_BYTES` more."""
TAG_BYTES: Final = 16
MAX_FILE_BYTES: Final = 25 * 1024 * 1024
"""Largest file, in bytes of what is sealed; a server may set less."""
LONGEST_NAME: Final = 200
"""Longest name of a file, in bytes of UTF-8: with it a header fills the smallest bucket."""

_FORMAT: Final = 1
_LABEL: Final = b"hoeksteen/attachment/v1"
_PREFIX_BYTES: Final = 7
_LONGEST_TYPE: Final = 100
# Control signs, what a disk keeps for itself, what turns the direction of a text, lone surrogates.
_NOT_IN_NAMES: Final = re.compile(
    r'[\x00-\x1f\x7f-\x9f<>:"|?*\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]'
)
_MEMBERS: Final = {"format", "key", "nonce", "chunks", "size", "digest", "name", "type"}


class FileTooLarge(SealingError):  # noqa: N818  a limit, not a fault
    """The file is larger than the limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentHeader:
    """What a reader needs to open an attachment. `text` is sealed to each of them."""

    key: bytes = field(repr=False)
    nonce: bytes = field(repr=False)
    chunks: int
    size: int
    digest: bytes
    name: str = field(repr=False)
    media_type: str

    @property
    def text(self) -> str:
        """The header as it is sealed."""
        members = {
            "format": _FORMAT,
            "key": _base64(self.key),
            "nonce": _base64(self.nonce),
            "chunks": self.chunks,
            "size": self.size,
            "digest": _base64(self.digest),
            "name": self.name,
            "type": self.media_type,
        }
        return json.dumps(members, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def read(cls, text: str) -> Self:
        """The header in an opened envelope; raises CannotOpen for anything else."""
        try:
            members: dict[str, Any] = json.loads(text)
            header = cls(
                key=_bytes(members["key"], 32),
                nonce=_bytes(members["nonce"], _PREFIX_BYTES),
                chunks=members["chunks"],
                size=members["size"],
                digest=_bytes(members["digest"], 32),
                name=members["name"],
                media_type=members["type"],
            )
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise _not_ours() from error
        well_formed = (
            set(members) == _MEMBERS
            and members["format"] == _FORMAT
            and type(header.size) is int
            and header.size >= 0
            and type(header.chunks) is int
            and header.chunks == chunks_of(header.size)
            and isinstance(header.name, str)
            and header.name == plain_name(header.name)
            and isinstance(header.media_type, str)
            and header.media_type == _plain_type(header.media_type)
        )
        if not well_formed:
            raise _not_ours()
        return header


class AttachmentSealer:
    """Seals one file for one case.

    First take `chunks` to the end, sending each; then `header` is there to be sealed to the readers.
    """

    def __init__(
        self,
        *,
        organisation: UUID | str,
        case: UUID | str,
        attachment: UUID | str,
        name: str,
        media_type: str,
        most_bytes: int = MAX_FILE_BYTES,
    ) -> None:
        self._aad = _aad(as_uuid(organisation), as_uuid(case), as_uuid(attachment))
        self._name = plain_name(name)
        self._type = _plain_type(media_type)
        self._most = most_bytes
        self._key = secrets.token_bytes(32)
        self._nonce = secrets.token_bytes(_PREFIX_BYTES)
        self._header: AttachmentHeader | None = None
        self._begun = False

    def chunks(self, source: BinaryIO, *, keep_metadata: bool = False) -> Iterator[bytes]:
        """The encrypted chunks of the file, in order, each 64 KiB and 16 bytes long.

        Reads as it goes and holds a few chunks at most. Raises FileTooLarge when the limit is
        passed, and MetadataStays as `metadata.stripped` does; what was sent until then is of no use
        to anybody. A sealer seals once: a second file under one key would be readable.
        """
        if self._begun:
            raise SealingError("This sealer has sealed its file: make a new one.")
        pieces = stripped(source, media_type=self._type, keep_metadata=keep_metadata)
        self._begun = True
        return self._encrypted(pieces)

    @property
    def header(self) -> AttachmentHeader:
        """The header, once every chunk was taken. Raises SealingError before."""
        if self._header is None:
            raise SealingError("A header is there when all chunks were taken.")
        return self._header

    def _encrypted(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        cipher = AESGCM(self._key)
        hashes = hashlib.sha256()
        size = number = 0

        def encrypt(plain: bytes, *, last: bool) -> bytes:
            nonlocal number
            chunk = cipher.encrypt(_nonce(self._nonce, number, last=last), plain, self._aad)
            hashes.update(hashlib.sha256(chunk).digest())
            number += 1
            return chunk

        waiting = bytearray()
        for piece in pieces:
            size += len(piece)
            if size > self._most:
                raise FileTooLarge(
                    f"The file is too large: at most {self._most // (1024 * 1024)} MiB."
                )
            waiting += piece
            # The last full chunk waits: only at the end is it known whether it is the last.
            while len(waiting) > CHUNK_BYTES:
                yield encrypt(bytes(waiting[:CHUNK_BYTES]), last=False)
                del waiting[:CHUNK_BYTES]
        total = chunks_of(size)
        while number < total:
            plain = bytes(waiting).ljust(CHUNK_BYTES, b"\0")
            waiting.clear()
            yield encrypt(plain, last=number == total - 1)
        self._header = AttachmentHeader(
            key=self._key,
            nonce=self._nonce,
            chunks=total,
            size=size,
            digest=hashes.digest(),
            name=self._name,
            media_type=self._type,
        )


def open_attachment(
    header: AttachmentHeader,
    chunks: Iterable[bytes],
    *,
    organisation: UUID | str,
    case: UUID | str,
    attachment: UUID | str,
) -> Iterator[bytes]:
    """The file in pieces of at most 64 KiB, as its chunks arrive.

    Raises CannotOpen for a chunk that is changed, missing, moved, added or from elsewhere: the
    sentence names its number, from 1. What came before it is authentic but not the whole file, so
    show nothing of it until the iterator ends (`save_attachment` does it so).
    """
    aad = _aad(as_uuid(organisation), as_uuid(case), as_uuid(attachment))
    cipher = AESGCM(header.key)
    hashes = hashlib.sha256()
    left = header.size
    number = 0
    for chunk in chunks:
        if number == header.chunks:
            raise CannotOpen(
                f"The file goes on after its end: it has {header.chunks} chunks, and one more came."
            )
        nonce = _nonce(header.nonce, number, last=number == header.chunks - 1)
        number += 1
        try:
            plain = cipher.decrypt(nonce, chunk, aad)
        except InvalidTag as error:
            raise CannotOpen(
                f"Chunk {number} of the file does not open: it was changed, cut off or moved, or it"
                " is of another file, case or organisation."
            ) from error
        hashes.update(hashlib.sha256(chunk).digest())
        if len(plain) != CHUNK_BYTES:
            raise _not_ours()
        piece, padding = plain[:left], plain[left:]
        left -= len(piece)
        if padding.strip(b"\0"):
            raise _not_ours()
        if piece:
            yield piece
    if number < header.chunks:
        raise CannotOpen(
            f"The file ends too early: {number} of its {header.chunks} chunks are there."
        )
    if hashes.digest() != header.digest:
        raise CannotOpen("This is not the file that was sealed: another reader changed it.")


def save_attachment(
    header: AttachmentHeader,
    chunks: Iterable[bytes],
    path: Path,
    *,
    organisation: UUID | str,
    case: UUID | str,
    attachment: UUID | str,
) -> None:
    """Write the opened file to `path`, which only its owner may read, and only if it is whole.

    Raises CannotOpen as `open_attachment` does, and FileExistsError; then nothing is left behind.
    """
    # The name is taken first, by an empty file, so that nothing is ever replaced.
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    handle, temporary = tempfile.mkstemp(prefix=".attachment-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            for piece in open_attachment(
                header, chunks, organisation=organisation, case=case, attachment=attachment
            ):
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        os.unlink(path)
        raise


def chunks_of(size: int) -> int:
    """How many chunks a file of `size` bytes has: a power of two."""
    needed = max(1, -(-size // CHUNK_BYTES))
    return 1 << (needed - 1).bit_length()


def plain_name(name: str) -> str:
    """A file's name as it is sealed and accepted: no folder, nothing that misleads a screen or a disk.

    What stands before the last slash, of either kind, goes, then the signs of `_NOT_IN_NAMES`, then
    what is over `LONGEST_NAME`, and spaces and dots at both ends.
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    shown = _NOT_IN_NAMES.sub("", last).strip(" .")
    cut = shown.encode("utf-8")[:LONGEST_NAME].decode("utf-8", "ignore").strip(" .")
    return cut or "file"


def _plain_type(media_type: str) -> str:
    kept = "".join(sign for sign in media_type if "!" <= sign <= "~")[:_LONGEST_TYPE].lower()
    return kept if kept.count("/") == 1 else "application/octet-stream"


def _nonce(prefix: bytes, number: int, *, last: bool) -> bytes:
    return prefix + number.to_bytes(4, "big") + bytes([last])


def _aad(organisation: UUID, case: UUID, attachment: UUID) -> bytes:
    return fields(_LABEL, organisation.bytes, case.bytes, attachment.bytes)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _bytes(text: str, length: int) -> bytes:
    data = base64.b64decode(text, validate=True)
    if len(data) != length:
        raise binascii.Error
    return data


def _not_ours() -> CannotOpen:
    return CannotOpen("This attachment was sealed by a program that does not keep to the format.")
