"""Words sealed to one adviser (HPKE, RFC 9180), and the adviser's key.

The envelope, format 1::

    byte 0        0x01, the format; it fixes the suite below and the padding
    bytes 1-32    enc: the ephemeral X25519 public key (RFC 9180, section 4)
    bytes 33-end  AES-256-GCM ciphertext of the padded words, with its 16-byte tag

Suite: DHKEM(X25519, HKDF-SHA256) 0x0020, HKDF-SHA256 0x0001, AES-256-GCM 0x0002; base mode, one
message, empty aad. `info` is the concatenation of four fields, each as a 4-byte big-endian length
and its bytes: ``hoeksteen/sealed/v1``, the organisation's id, the case's id and the key's id (the
ids as 16 bytes). So an envelope moved to another case, organisation or adviser does not open.

Padding: the 4-byte big-endian length of the words' UTF-8, the words, and zero bytes up to the next
of 1, 4, 16 or 64 KiB. A server thus learns one of four sizes and nothing finer.
"""

from __future__ import annotations

import hashlib
import os
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

MAX_WORDS_BYTES: Final = 60 * 1024
"""Longest text, in bytes of UTF-8."""
BUCKETS: Final = (1024, 4 * 1024, 16 * 1024, 64 * 1024)
"""Sizes of the padded words, in bytes."""

_FORMAT: Final = 1
_LABEL: Final = b"hoeksteen/sealed/v1"
_SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_ENC_BYTES: Final = 32
_TAG_BYTES: Final = 16

# The key file: magic, Argon2id's memory (KiB), passes and lanes, salt, nonce, then AES-256-GCM of the
# private key, with everything before the nonce as associated data.
_FILE_HEAD: Final = struct.Struct(">8sIII16s")
_FILE_MAGIC: Final = b"HSTNKEY1"
_NONCE_BYTES: Final = 12
_FILE_BYTES: Final = _FILE_HEAD.size + _NONCE_BYTES + 32 + _TAG_BYTES
# RFC 9106, section 4, second recommended option: 64 MiB, 3 passes, 4 lanes.
_MEMORY_KIB: Final = 64 * 1024
_PASSES: Final = 3
_LANES: Final = 4
# A file from elsewhere may not ask for more work than this: it would be a way to halt the machine.
_MOST_MEMORY_KIB: Final = 1024 * 1024
_MOST_PASSES: Final = 16
_MOST_LANES: Final = 16


class SealingError(Exception):
    """Base of what can go wrong here; the text is for a person and holds no words and no key."""


class WordsTooLong(SealingError):  # noqa: N818  a limit, not a fault
    """The words are longer than `MAX_WORDS_BYTES`."""


class CannotOpen(SealingError):  # noqa: N818  what the person can or cannot do
    """An envelope or key file does not open: another key, case, organisation, or it was changed."""


def key_id_of(public_key: bytes) -> UUID:
    """The id of a public key: the first 16 bytes of the SHA-256 of its 32 raw bytes."""
    return UUID(bytes=hashlib.sha256(public_key).digest()[:16])


def seal(
    words: str,
    *,
    organisation: UUID | str,
    case: UUID | str,
    key_id: UUID | str,
    public_key: bytes,
) -> bytes:
    """Seal `words` to the adviser who holds the private key of `public_key` (32 raw bytes).

    `case` is the id of the case, or of the report whose interpretation is drafted. Raises
    WordsTooLong, and SealingError when the key is no X25519 key or `key_id` is not its id.
    """
    text = words.encode("utf-8")
    if len(text) > MAX_WORDS_BYTES:
        raise WordsTooLong(f"The text is too long: at most {MAX_WORDS_BYTES // 1024} KiB.")
    key_uuid = _uuid(key_id)
    if len(public_key) != 32 or key_uuid != key_id_of(public_key):
        # Whoever answers with somebody else's key under the adviser's key id is caught here.
        raise SealingError("The adviser's public key does not belong to its key id.")
    info = _info(_uuid(organisation), _uuid(case), key_uuid)
    try:
        sealed = _SUITE.encrypt(_padded(text), X25519PublicKey.from_public_bytes(public_key), info)
    except ValueError as error:  # a point of small order: its shared secret is known to everybody
        raise SealingError("The adviser's public key is not a usable X25519 key.") from error
    return bytes([_FORMAT]) + sealed


@dataclass(frozen=True, slots=True)
class AdviserKey:
    """An adviser's private key. It never leaves the adviser's machine but in a locked file."""

    _private: X25519PrivateKey = field(repr=False)

    @classmethod
    def generate(cls) -> Self:
        """A new key from the operating system's randomness."""
        return cls(X25519PrivateKey.generate())

    @property
    def public(self) -> bytes:
        """The public key, raw X25519, 32 bytes."""
        return self._private.public_key().public_bytes_raw()

    @property
    def key_id(self) -> UUID:
        """The id under which the organisation's directory holds the public key."""
        return key_id_of(self.public)

    def open(self, envelope: bytes, *, organisation: UUID | str, case: UUID | str) -> str:
        """The words in `envelope`; raises CannotOpen, with one sentence for every reason."""
        sizes = {1 + _ENC_BYTES + bucket + _TAG_BYTES for bucket in BUCKETS}
        if len(envelope) not in sizes or envelope[0] != _FORMAT:
            raise CannotOpen("This is not a sealed text of a format that this client knows.")
        info = _info(_uuid(organisation), _uuid(case), self.key_id)
        try:
            padded = _SUITE.decrypt(envelope[1:], self._private, info)
        except (InvalidTag, ValueError) as error:
            raise CannotOpen(
                "This text does not open: it was sealed to another adviser, for another case or"
                " organisation, or it was changed."
            ) from error
        return _unpadded(padded)

    def save(self, path: Path, passphrase: str) -> None:
        """Write the key to a new file that only its owner reads, locked with `passphrase`.

        Raises FileExistsError when the file is there: an overwritten key is lost words.
        """
        if not passphrase:
            raise SealingError("A key file needs a passphrase.")
        head = _FILE_HEAD.pack(_FILE_MAGIC, _MEMORY_KIB, _PASSES, _LANES, os.urandom(16))
        nonce = os.urandom(_NONCE_BYTES)
        locked = AESGCM(_file_key(head, passphrase)).encrypt(
            nonce, self._private.private_bytes_raw(), head
        )
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(head + nonce + locked)
            file.flush()
            os.fsync(file.fileno())

    @classmethod
    def load(cls, path: Path, passphrase: str) -> Self:
        """The key in that file; raises CannotOpen for a wrong passphrase or a changed file."""
        with path.open("rb") as file:
            data = file.read(_FILE_BYTES + 1)
        if len(data) != _FILE_BYTES or not data.startswith(_FILE_MAGIC):
            raise CannotOpen("This is not a key file that this client knows.")
        head, rest = data[: _FILE_HEAD.size], data[_FILE_HEAD.size :]
        try:
            key = _file_key(head, passphrase)
            private = AESGCM(key).decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], head)
        except InvalidTag as error:
            raise CannotOpen(
                "The key file does not open: the passphrase is wrong or the file was changed."
            ) from error
        return cls(X25519PrivateKey.from_private_bytes(private))


def _file_key(head: bytes, passphrase: str) -> bytes:
    _, memory, passes, lanes, salt = _FILE_HEAD.unpack(head)
    within = (
        8 * lanes <= memory <= _MOST_MEMORY_KIB
        and 1 <= passes <= _MOST_PASSES
        and 1 <= lanes <= _MOST_LANES
    )
    if not within:
        raise CannotOpen("The key file asks for more work than this client is willing to do.")
    kdf = Argon2id(salt=salt, length=32, iterations=passes, lanes=lanes, memory_cost=memory)
    return kdf.derive(passphrase.encode("utf-8"))


def _info(organisation: UUID, case: UUID, key_id: UUID) -> bytes:
    fields = (_LABEL, organisation.bytes, case.bytes, key_id.bytes)
    return b"".join(len(part).to_bytes(4, "big") + part for part in fields)


def _padded(text: bytes) -> bytes:
    body = len(text).to_bytes(4, "big") + text
    bucket = next(size for size in BUCKETS if size >= len(body))
    return body.ljust(bucket, b"\0")


def _unpadded(padded: bytes) -> str:
    length = int.from_bytes(padded[:4], "big")
    text, rest = padded[4 : 4 + length], padded[4 + length :]
    if len(text) != length or rest.strip(b"\0"):
        raise CannotOpen("This text was sealed by a program that does not keep to the format.")
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CannotOpen(
            "This text was sealed by a program that does not keep to the format."
        ) from error


def _uuid(value: UUID | str) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)
