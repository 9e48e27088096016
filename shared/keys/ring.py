"""The key ring: the organisations' keys, which wrap the case keys, and nothing else leaves it.

`FileKeyRing` is the local one: a file under a passphrase. Others (PKCS#11) stand behind the same
small interface.
"""

from __future__ import annotations

import fcntl
import hmac
import json
import os
from base64 import b64decode, b64encode
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from shared.keys.case_key import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from uuid import UUID

_FORMAT = "hoeksteen/key-ring/v1"
_NONCE = 12

# Pseudonyms kept in memory; above it they are computed anew.
_ACTORS = 1_000

# Argon2id, second choice of RFC 9106 section 4 (64 MiB, 3 passes, 4 lanes): a service opens its
# ring once, when it starts.
_PASSES = 3
_LANES = 4
_MEMORY_KIB = 64 * 1024


class KeyRingProblem(Exception):  # noqa: N818  its text is the sentence that an operator reads
    """The key ring cannot be used; the text says why, in an operator's words."""


class KeyRing(Protocol):
    """What services ask of a key ring. Every method is quick and may be called from the loop."""

    def seal(self, organisation: UUID, context: bytes, secret: bytes) -> bytes:
        """Wrap `secret` under the organisation's key, bound to `context`. Makes the key if new."""

    def open(self, organisation: UUID, context: bytes, sealed: bytes) -> bytes:
        """Undo `seal`. Raises Unreadable for another organisation, context or changed bytes."""

    def pseudonym(self, organisation: UUID, year: int, subject: str) -> bytes:
        """16 bytes that stand for an actor in the ledger during one year.

        HMAC-SHA256 under a random key per organisation and year, cut to 16 bytes; destroying that
        key unlinks them.
        """


class FileKeyRing:
    """A key ring in one file: AES-256-GCM under a key that Argon2id makes of a passphrase.

    Several processes may use one file: it is read again when it has changed, and written under a
    lock, to a new file that then takes the old one's place.
    """

    def __init__(self, path: Path, passphrase: bytes) -> None:
        """Open the ring at `path`, or make an empty one. Raises KeyRingProblem."""
        self._path = path
        self._passphrase = passphrase
        self._keys: dict[str, str] = {}
        self._seen: tuple[int, int, int] | None = None
        self._derived: dict[bytes, bytes] = {}
        # Made of `_keys`, and emptied with it: a cipher object costs more than what it seals.
        self._ciphers: dict[int, AESGCM] = {}
        self._actors: dict[tuple[int, int, str], bytes] = {}
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._locked():
                if path.exists():
                    self._read()
                else:
                    self._write({})
        except OSError as error:
            raise KeyRingProblem(f"The key ring {path.name} cannot be read or written.") from error

    def seal(self, organisation: UUID, context: bytes, secret: bytes) -> bytes:
        """See KeyRing."""
        nonce = os.urandom(_NONCE)
        aead = self._ciphers.get(organisation.int)
        if aead is None:
            # The key first: making it empties the caches.
            key = self._key(f"{organisation}")
            aead = self._ciphers[organisation.int] = AESGCM(key)
        return nonce + aead.encrypt(nonce, secret, _bound(organisation, context))

    def open(self, organisation: UUID, context: bytes, sealed: bytes) -> bytes:
        """See KeyRing."""
        aead = self._ciphers.get(organisation.int)
        if aead is None:
            key = self._find(f"{organisation}")
            if key is None:
                raise Unreadable
            aead = self._ciphers[organisation.int] = AESGCM(key)
        if len(sealed) < _NONCE:
            raise Unreadable
        try:
            return aead.decrypt(sealed[:_NONCE], sealed[_NONCE:], _bound(organisation, context))
        except InvalidTag as error:
            raise Unreadable from error

    def pseudonym(self, organisation: UUID, year: int, subject: str) -> bytes:
        """See KeyRing."""
        known = self._actors.get((organisation.int, year, subject))
        if known is None:
            key = self._key(f"{organisation}/actors/{year}")
            if len(self._actors) >= _ACTORS:
                self._actors.clear()
            known = hmac.digest(key, subject.encode(), "sha256")[:16]
            self._actors[organisation.int, year, subject] = known
        return known

    def _find(self, name: str) -> bytes | None:
        if name not in self._keys and self._changed():
            self._read()
        found = self._keys.get(name)
        return None if found is None else b64decode(found)

    def _key(self, name: str) -> bytes:
        found = self._find(name)
        if found is not None:
            return found
        with self._locked():
            self._read()  # another process may have made it meanwhile
            if name not in self._keys:
                self._write(self._keys | {name: b64encode(os.urandom(32)).decode()})
            return b64decode(self._keys[name])

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock = self._path.with_suffix(self._path.suffix + ".lock")
        descriptor = os.open(lock, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _changed(self) -> bool:
        return self._stamp() != self._seen

    def _stamp(self) -> tuple[int, int, int]:
        status = self._path.stat()
        return status.st_ino, status.st_size, status.st_mtime_ns

    def _file_key(self, salt: bytes) -> bytes:
        if salt not in self._derived:
            argon2 = Argon2id(
                salt=salt, length=32, iterations=_PASSES, lanes=_LANES, memory_cost=_MEMORY_KIB
            )
            self._derived = {salt: argon2.derive(self._passphrase)}
        return self._derived[salt]

    def _read(self) -> None:
        stamp = self._stamp()
        try:
            outer: dict[str, Any] = json.loads(self._path.read_bytes())
            if outer["format"] != _FORMAT:
                raise KeyRingProblem(f"The key ring {self._path.name} has an unknown format.")
            sealed = b64decode(outer["sealed"])
            key = self._file_key(b64decode(outer["salt"]))
            inner = AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], _FORMAT.encode())
        except InvalidTag as error:
            raise KeyRingProblem(
                f"The passphrase does not open the key ring {self._path.name}, or the file is damaged."
            ) from error
        except (ValueError, KeyError, TypeError) as error:
            raise KeyRingProblem(f"The key ring {self._path.name} is damaged.") from error
        self._hold(json.loads(inner), stamp)

    def _write(self, keys: dict[str, str]) -> None:
        """Make `keys` the ring's. They count once they are durable: a key that was used and then
        lost would take everything with it that was sealed under it.
        """
        salt = next(iter(self._derived), None) or os.urandom(16)
        nonce = os.urandom(_NONCE)
        inner = AESGCM(self._file_key(salt)).encrypt(
            nonce, json.dumps(keys).encode(), _FORMAT.encode()
        )
        outer = {
            "format": _FORMAT,
            "salt": b64encode(salt).decode(),
            "sealed": b64encode(nonce + inner).decode(),
        }
        new = self._path.with_suffix(self._path.suffix + ".new")
        descriptor = os.open(new, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(outer, file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)
        directory = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
        self._hold(keys, self._stamp())

    def _hold(self, keys: dict[str, str], stamp: tuple[int, int, int]) -> None:
        self._keys, self._seen = keys, stamp
        self._ciphers.clear()
        self._actors.clear()


def _bound(organisation: UUID, context: bytes) -> bytes:
    return _FORMAT.encode() + organisation.bytes + context
