"""A key ring in one file, under a passphrase: the local one."""

from __future__ import annotations

import fcntl
import json
import os
from base64 import b64decode, b64encode
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from shared.keys.data_keys import DataKeys, Fetched, KeyName, Keys
from shared.keys.ring import KeyRingAway, KeyRingProblem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from uuid import UUID

_FORMAT = "hoeksteen/key-ring/v2"
# The same without versions of data keys. It is read, and written again as the newer one, which a
# program that knows no versions refuses.
_BEFORE = "hoeksteen/key-ring/v1"
_NONCE = 12


class Work(NamedTuple):
    """How much work Argon2id makes of guessing a passphrase (RFC 9106, section 3.1)."""

    passes: int
    lanes: int
    memory_kib: int


STANDARD = Work(passes=3, lanes=4, memory_kib=64 * 1024)
"""The second choice of RFC 9106, section 4: a service opens its ring once, when it starts."""

# A file may not ask for more than this: it would be a way to halt the service.
_MOST = Work(passes=16, lanes=16, memory_kib=1024 * 1024)


class FileKeyRing(DataKeys):
    """A key ring in one file: AES-256-GCM under a key that Argon2id makes of a passphrase.

    Several processes may use one file: it is read again when it has changed, and written under a
    lock, to a new file that then takes the old one's place.
    """

    def __init__(self, path: Path, passphrase: bytes, work: Work = STANDARD) -> None:
        """Open the ring at `path`, or make an empty one that takes so much `work` to guess.

        Raises KeyRingProblem.
        """
        super().__init__(path.name)
        self._path = path
        self._passphrase = passphrase
        self._work = work
        self._stamp: tuple[int, int, int] | None = None
        self._derived: dict[tuple[bytes, Work], bytes] = {}
        with _told(self.name):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with locked(path):
                if path.exists():
                    self._hold(self._fetch())
                else:
                    self._write({})

    def lapse(self) -> None:
        """See KeyRing. The key made of the passphrase goes too."""
        super().lapse()
        self._derived = {}

    def _fetch(self) -> Fetched:
        with _told(self.name):
            stamp = stamp_of(self._path)
            text = self._path.read_bytes()
        return Fetched(self._opened(text), rest=stamp)

    def _note(self, rest: tuple[int, int, int]) -> None:
        self._stamp = rest

    def _changed(self) -> bool:
        with _told(self.name):
            return stamp_of(self._path) != self._stamp

    def _make(self, name: KeyName) -> None:
        with _told(self.name), locked(self._path):
            self._hold(self._fetch())  # another process may have made it meanwhile
            if name not in self._keys:
                self._write(self._keys | {name: os.urandom(32)})

    def _add_version(self, organisation: UUID) -> int:
        with _told(self.name), locked(self._path):
            self._hold(self._fetch())
            version = self._held[organisation][-1] + 1
            self._write(self._keys | {KeyName(organisation, version): os.urandom(32)})
            return version

    def _remove(self, name: KeyName) -> None:
        with _told(self.name), locked(self._path):
            self._hold(self._fetch())
            self._write({each: key for each, key in self._keys.items() if each != name})

    def _file_key(self, salt: bytes, work: Work) -> bytes:
        known = self._derived.get((salt, work))
        if known is None:
            argon2 = Argon2id(
                salt=salt,
                length=32,
                iterations=work.passes,
                lanes=work.lanes,
                memory_cost=work.memory_kib,
            )
            known = argon2.derive(self._passphrase)
            self._derived = {(salt, work): known}
        return known

    def _opened(self, text: bytes) -> Keys:
        try:
            outer: dict[str, Any] = json.loads(text)
            found = outer["format"]
            if found not in (_FORMAT, _BEFORE):
                raise KeyRingProblem(f"The key ring {self.name} has an unknown format.")
            sealed = b64decode(outer["sealed"])
            work = Work(*map(int, outer["argon2id"])) if found == _FORMAT else STANDARD
            if any(asked > most for asked, most in zip(work, _MOST, strict=True)):
                raise KeyRingProblem(
                    f"The key ring {self.name} asks for more work than a service will do."
                )
            key = self._file_key(b64decode(outer["salt"]), work)
            inner = AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], found.encode())
            return {KeyName.read(name): b64decode(each) for name, each in json.loads(inner).items()}
        except InvalidTag as error:
            raise KeyRingProblem(
                f"The passphrase does not open the key ring {self.name}, or the file is damaged."
            ) from error
        except (ValueError, KeyError, TypeError) as error:
            raise KeyRingProblem(f"The key ring {self.name} is damaged.") from error

    def _write(self, keys: Keys) -> None:
        """Make `keys` the ring's, durably, then hold them. The file's lock is held."""
        salt, work = next(iter(self._derived), None) or (os.urandom(16), self._work)
        nonce = os.urandom(_NONCE)
        inner = {f"{name}": b64encode(key).decode() for name, key in keys.items()}
        sealed = AESGCM(self._file_key(salt, work)).encrypt(
            nonce, json.dumps(inner).encode(), _FORMAT.encode()
        )
        replace_file(
            self._path,
            {
                "format": _FORMAT,
                "argon2id": work,
                "salt": b64encode(salt).decode(),
                "sealed": b64encode(nonce + sealed).decode(),
            },
        )
        self._hold(Fetched(keys, rest=stamp_of(self._path)))


def stamp_of(path: Path) -> tuple[int, int, int]:
    """Tells a file from the one that stood there before. Raises OSError."""
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep other processes from writing a ring's file, and from reading it in order to write.
    Raises OSError.
    """
    lock = path.with_suffix(path.suffix + ".lock")
    descriptor = os.open(lock, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def replace_file(path: Path, content: dict[str, Any]) -> None:
    """Put a new file in the place of the old one. Durable when this returns. Raises OSError."""
    new = path.with_suffix(path.suffix + ".new")
    descriptor = os.open(new, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


@contextmanager
def _told(name: str) -> Iterator[None]:
    """The file system's faults in a sentence. Raises KeyRingAway."""
    try:
        yield
    except OSError as error:
        raise KeyRingAway(f"The key ring {name} cannot be read or written.") from error
