"""An adviser's key pair, and the file in which it is locked.

The pair is two keys: X25519 opens what is sealed to the adviser, Ed25519 signs what the adviser
says. The file, format 2::

    bytes 0-7     "HSTNKEY2"
    bytes 8-19    Argon2id's memory in KiB, passes and lanes, 4 bytes each, big-endian
    bytes 20-35   Argon2id's salt
    bytes 36-47   nonce
    bytes 48-end  AES-256-GCM, under the key that Argon2id makes of the passphrase, of the raw
                  X25519 and the raw Ed25519 private key, 32 bytes each; bytes 0-35 are the aad

Format 1 ("HSTNKEY1") holds the X25519 key alone. Its files still load, and cannot sign.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from hoeksteen_client.sealing import CannotOpen, SealingError, as_uuid, key_id_of, open_sealed
from hoeksteen_client.statements import (
    Readers,
    adviser_key_statement,
    recovery_key_statement,
    words_statement,
)

_HEAD: Final = struct.Struct(">8sIII16s")
_MAGIC_1: Final = b"HSTNKEY1"
_MAGIC_2: Final = b"HSTNKEY2"
_NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32
_TAG_BYTES: Final = 16
_FRAME_BYTES: Final = _HEAD.size + _NONCE_BYTES + _TAG_BYTES
_FILE_BYTES: Final = {_MAGIC_1: _FRAME_BYTES + _KEY_BYTES, _MAGIC_2: _FRAME_BYTES + 2 * _KEY_BYTES}
# RFC 9106, section 4, second recommended option: 64 MiB, 3 passes, 4 lanes.
_MEMORY_KIB: Final = 64 * 1024
_PASSES: Final = 3
_LANES: Final = 4
# A file from elsewhere may not ask for more work than this: it would be a way to halt the machine.
_MOST_MEMORY_KIB: Final = 1024 * 1024
_MOST_PASSES: Final = 16
_MOST_LANES: Final = 16


class CannotSign(SealingError):  # noqa: N818  what the person can or cannot do
    """The key has no signing key: it is from a file of format 1, or a reporter's."""


@dataclass(frozen=True, slots=True)
class AdviserKey:
    """An adviser's private keys. They never leave the adviser's machine but in a locked file."""

    _private: X25519PrivateKey = field(repr=False)
    _signing: Ed25519PrivateKey | None = field(default=None, repr=False)

    @classmethod
    def generate(cls) -> Self:
        """A new pair from the operating system's randomness."""
        return cls(X25519PrivateKey.generate(), Ed25519PrivateKey.generate())

    @property
    def public(self) -> bytes:
        """The public key that words are sealed to, raw X25519, 32 bytes."""
        return self._private.public_key().public_bytes_raw()

    @property
    def key_id(self) -> UUID:
        """The id under which the organisation's directory holds the public key."""
        return key_id_of(self.public)

    @property
    def signing_public(self) -> bytes | None:
        """The public half of the signing key, raw Ed25519, 32 bytes; None where there is none."""
        return None if self._signing is None else self._signing.public_key().public_bytes_raw()

    def open(self, envelope: bytes, *, organisation: UUID | str, case: UUID | str) -> str:
        """The words in `envelope`; raises CannotOpen, with one sentence for every reason."""
        return open_sealed(envelope, self._private, organisation=organisation, case=case)

    def sign_words(self, readers: Readers, *, organisation: UUID | str, case: UUID | str) -> bytes:
        """The signature (64 bytes) to send beside words; `readers` in the order as sent.

        Raises CannotSign.
        """
        return self._sign(
            words_statement(readers, organisation=as_uuid(organisation), case=as_uuid(case))
        )

    def prove(self, *, organisation: UUID | str, adviser_id: str) -> bytes:
        """The signature (64 bytes) with which this key enters the directory. Raises CannotSign."""
        return self._sign(self._statement(organisation, adviser_id))

    def endorse(self, new: AdviserKey, *, organisation: UUID | str, adviser_id: str) -> bytes:
        """This key's signature on the `new` one, which takes its place. Raises CannotSign."""
        return self._sign(new._statement(organisation, adviser_id))

    def sign_recovery_key(
        self, public_key: bytes, *, digest: bytes, organisation: UUID | str
    ) -> bytes:
        """The signature (64 bytes) with which an adviser puts a recovery key in the directory.

        `public_key`: raw X25519, 32 bytes, and `digest`, 32 bytes, of the ceremony's record. Raises
        CannotSign.
        """
        place = as_uuid(organisation)
        return self._sign(
            recovery_key_statement(organisation=place, public_key=public_key, digest=digest)
        )

    def save(self, path: Path, passphrase: str) -> None:
        """Write the key to a new file that only its owner reads, locked with `passphrase`.

        A key without a signing key is written in format 1. Raises FileExistsError when the file is
        there: an overwritten key is lost words.
        """
        if not passphrase:
            raise SealingError("A key file needs a passphrase.")
        secret = self._private.private_bytes_raw()
        magic = _MAGIC_1
        if self._signing is not None:
            secret += self._signing.private_bytes_raw()
            magic = _MAGIC_2
        head = _HEAD.pack(magic, _MEMORY_KIB, _PASSES, _LANES, os.urandom(16))
        nonce = os.urandom(_NONCE_BYTES)
        locked = AESGCM(_file_key(head, passphrase)).encrypt(nonce, secret, head)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(head + nonce + locked)
            file.flush()
            os.fsync(file.fileno())

    @classmethod
    def load(cls, path: Path, passphrase: str) -> Self:
        """The key in that file; raises CannotOpen for a wrong passphrase or a changed file."""
        with path.open("rb") as file:
            data = file.read(max(_FILE_BYTES.values()) + 1)
        if _FILE_BYTES.get(data[: len(_MAGIC_1)]) != len(data):
            raise CannotOpen("This is not a key file that this client knows.")
        head, rest = data[: _HEAD.size], data[_HEAD.size :]
        try:
            key = _file_key(head, passphrase)
            secret = AESGCM(key).decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], head)
        except InvalidTag as error:
            raise CannotOpen(
                "The key file does not open: the passphrase is wrong or the file was changed."
            ) from error
        private, signing = secret[:_KEY_BYTES], secret[_KEY_BYTES:]
        return cls(
            X25519PrivateKey.from_private_bytes(private),
            Ed25519PrivateKey.from_private_bytes(signing) if signing else None,
        )

    def _statement(self, organisation: UUID | str, adviser_id: str) -> bytes:
        return adviser_key_statement(
            organisation=as_uuid(organisation),
            adviser_id=adviser_id,
            public_key=self.public,
            signing_key=self._signer.public_key().public_bytes_raw(),
        )

    def _sign(self, statement: bytes) -> bytes:
        return self._signer.sign(statement)

    @property
    def _signer(self) -> Ed25519PrivateKey:
        if self._signing is None:
            raise CannotSign("This key cannot sign: make a new one and publish it.")
        return self._signing


def _file_key(head: bytes, passphrase: str) -> bytes:
    _, memory, passes, lanes, salt = _HEAD.unpack(head)
    within = (
        8 * lanes <= memory <= _MOST_MEMORY_KIB
        and 1 <= passes <= _MOST_PASSES
        and 1 <= lanes <= _MOST_LANES
    )
    if not within:
        raise CannotOpen("The key file asks for more work than this client is willing to do.")
    kdf = Argon2id(salt=salt, length=32, iterations=passes, lanes=lanes, memory_cost=memory)
    return kdf.derive(passphrase.encode("utf-8"))
