"""Data keys in memory, and what services do with them. A key ring is this, and a place to keep them."""

from __future__ import annotations

import hmac
import os
import threading
from abc import ABC, abstractmethod
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.keys.case_key import Unreadable
from shared.keys.ring import MAGIC, KeyRingAway, KeyRingProblem

if TYPE_CHECKING:
    from collections.abc import Iterator

_NONCE = 12
_VERSION = len(MAGIC) + 4
_HEAD = _VERSION + _NONCE

# What was sealed before data keys had versions is bound to this, and has no version in front.
_UNVERSIONED = b"hoeksteen/key-ring/v1"
_BOUND = b"hoeksteen/data-key/v2"

# Pseudonyms kept in memory; above it they are computed anew.
_ACTORS = 1_000


@dataclass(frozen=True, slots=True)
class KeyName:
    """Which key: version `number` of an organisation's data key, or its pseudonym key of the year
    `number`.
    """

    organisation: UUID
    number: int
    actors: bool = False

    def __str__(self) -> str:
        if self.actors:
            return f"{self.organisation}/actors/{self.number}"
        # The first version is called as it was before there were versions.
        return f"{self.organisation}" + (f"/v{self.number}" if self.number > 1 else "")

    @classmethod
    def read(cls, text: str) -> Self:
        """Undo `str`. Raises ValueError."""
        organisation, *rest = text.split("/")
        match rest:
            case []:
                return cls(UUID(organisation), 1)
            case ["actors", year]:
                return cls(UUID(organisation), int(year), actors=True)
            case [version] if version.startswith("v"):
                return cls(UUID(organisation), int(version[1:]))
            case _:
                raise ValueError("no name of a key")


Keys = dict[KeyName, bytes]


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a place holds: keys, and the names of keys that it has and does not give. `rest` is what
    the ring itself notes of it, once it is taken.
    """

    keys: Keys
    refused: frozenset[KeyName] = frozenset()
    rest: Any = None


class DataKeys(ABC):
    """A key ring whose keys are in memory, under a lock wherever they are looked up; sealing and
    opening under a key that was used before takes none.

    A subclass says where keys are kept. What it does with them is told by `name`, for sentences.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._lock = threading.RLock()
        self._keys: Keys = {}
        self._refused: frozenset[KeyName] = frozenset()
        self._held: dict[UUID, tuple[int, ...]] = {}
        # Marks of the data keys that this process has seen, also after it forgot the keys.
        self._seen: dict[KeyName, bytes] = {}
        self._lapsed = False
        self._taken = 0
        self.troubled = False
        # Made of `_keys`, and emptied with it: a cipher object costs more than what it seals.
        self._newest: dict[int, tuple[bytes, AESGCM, bytes]] = {}
        self._openers: dict[tuple[int, int], tuple[AESGCM, bytes]] = {}
        self._actors: dict[tuple[int, int, str], bytes] = {}

    # What services do -------------------------------------------------------------------------

    def seal(self, organisation: UUID, context: bytes, secret: bytes) -> bytes:
        """See KeyRing."""
        head, aead, bound = self._newest.get(organisation.int) or self._current(organisation)
        nonce = os.urandom(_NONCE)
        return head + nonce + aead.encrypt(nonce, secret, bound + context)

    def open(self, organisation: UUID, context: bytes, sealed: bytes) -> bytes:
        """See KeyRing."""
        newest = self._newest.get(organisation.int)
        if newest is not None and sealed.startswith(newest[0]) and len(sealed) >= _HEAD:
            try:
                return newest[1].decrypt(
                    sealed[_VERSION:_HEAD], sealed[_HEAD:], newest[2] + context
                )
            except InvalidTag:
                pass  # perhaps an old nonce that happens to begin so
        return self._open(organisation, context, sealed)

    def pseudonym(self, organisation: UUID, year: int, subject: str) -> bytes:
        """See KeyRing."""
        known = self._actors.get((organisation.int, year, subject))
        if known is None:
            with self._lock:
                key = self._key(KeyName(organisation, year, actors=True))
                if len(self._actors) >= _ACTORS:
                    self._actors.clear()
                known = hmac.digest(key, subject.encode(), "sha256")[:16]
                self._actors[organisation.int, year, subject] = known
        return known

    def _current(self, organisation: UUID) -> tuple[bytes, AESGCM, bytes]:
        with self._lock:
            if organisation not in self._held:
                # Perhaps another process has made it; if not, it is made.
                self._key(KeyName(organisation, 1))
            version = self._held[organisation][-1]
            aead, bound = self._opener(organisation, version)
            held = self._newest[organisation.int] = (_head(version), aead, bound)
            return held

    def _open(self, organisation: UUID, context: bytes, sealed: bytes) -> bytes:
        """With whichever key: one that is not the newest, or is used for the first time."""
        with self._lock:
            if sealed.startswith(MAGIC) and len(sealed) >= _HEAD:
                version = int.from_bytes(sealed[len(MAGIC) : _VERSION], "big")
                opened = self._try(organisation, version, context, sealed[_VERSION:])
                if opened is not None:
                    return opened
            opened = self._try(organisation, 0, context, sealed)
            if opened is None:
                raise Unreadable
            return opened

    def _try(self, organisation: UUID, version: int, context: bytes, sealed: bytes) -> bytes | None:
        """What `sealed` (nonce and ciphertext) holds, if this version opens it; 0: as it was done
        before there were versions.
        """
        try:
            aead, bound = self._opener(organisation, version)
        except LookupError:
            return None
        if len(sealed) < _NONCE:
            return None
        try:
            return aead.decrypt(sealed[:_NONCE], sealed[_NONCE:], bound + context)
        except InvalidTag:
            return None

    def _opener(self, organisation: UUID, version: int) -> tuple[AESGCM, bytes]:
        """Cipher and what it binds to. Raises LookupError."""
        held = self._openers.get((organisation.int, version))
        if held is None:
            key = self._find(KeyName(organisation, version or 1))
            if key is None:
                raise LookupError
            bound = _UNVERSIONED if not version else _BOUND + version.to_bytes(4, "big")
            held = AESGCM(key), bound + organisation.bytes
            self._openers[organisation.int, version] = held
        return held

    def close(self) -> None:
        """See KeyRing."""
        self.lapse()

    # Which keys there are ---------------------------------------------------------------------

    def look(self) -> None:
        """See KeyRing."""
        try:
            while not self._looked():
                pass
        except KeyRingProblem:
            self.troubled = True
            raise

    def _looked(self) -> bool:
        """False when something was taken meanwhile, by a key that was made: this would be older."""
        taken = self._taken
        fetched = self._fetch()
        with self._lock:
            if taken != self._taken:
                return False
            self._hold(fetched)
            self._lapsed = self.troubled = False
            return True

    def lapse(self) -> None:
        """See KeyRing."""
        with self._lock:
            self._lapsed = True
            self._keys, self._held = {}, {}
            self._forget()

    def versions(self, organisation: UUID) -> tuple[int, ...]:
        """See KeyRing."""
        with self._lock:
            self._usable()
            return self._held.get(organisation, ())

    def rotate(self, organisation: UUID) -> int:
        """See KeyRing."""
        with self._lock:
            self._usable()
            self._hold(self._fetch())
            if organisation not in self._held:
                raise LookupError("the organisation has no data key")
            return self._add_version(organisation)

    def destroy(self, organisation: UUID, version: int) -> None:
        """See KeyRing."""
        with self._lock:
            self._usable()
            self._hold(self._fetch())
            if version >= max(self._held.get(organisation, (0,))):
                raise ValueError("the newest version of a data key is never destroyed")
            self._remove(KeyName(organisation, version))

    def _key(self, name: KeyName) -> bytes:
        """The key, made if it is new."""
        found = self._find(name)
        if found is None:
            with self._asking():
                self._make(name)
            found = self._keys[name]
        return found

    def _find(self, name: KeyName) -> bytes | None:
        self._usable()
        if name not in self._keys:
            with self._asking():
                if self._changed():
                    self._hold(self._fetch())
        if name in self._refused:
            raise KeyRingProblem(f"The key ring {self.name} does not give a key that it has.")
        return self._keys.get(name)

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Ask the place itself, in the loop. After a problem nobody does, until a look finds it well:
        else everybody would wait for what does not answer.
        """
        if self.troubled:
            raise KeyRingAway(f"The key ring {self.name} does not answer.")
        try:
            yield
        except KeyRingProblem:
            self.troubled = True
            raise

    def _usable(self) -> None:
        if self._lapsed:
            raise KeyRingAway(f"The key ring {self.name} has not answered for too long.")

    def _hold(self, fetched: Fetched) -> None:
        """Take what was fetched. Raises KeyRingProblem when it cannot be this ring's."""
        held: dict[UUID, list[int]] = {}
        for name in (*fetched.keys, *fetched.refused):
            if not name.actors:
                held.setdefault(name.organisation, []).append(name.number)
        for name, mark in self._seen.items():
            key = fetched.keys.get(name)
            if max(held.get(name.organisation, (0,))) < name.number or (
                key is not None and _mark(name, key) != mark
            ):
                raise KeyRingProblem(
                    f"The key ring {self.name} does not hold keys that it held before: it is another"
                    " one, or an older copy."
                )
        for name, key in fetched.keys.items():
            if not name.actors and name not in self._seen:
                self._seen[name] = _mark(name, key)
        self._taken += 1
        self._note(fetched.rest)
        before, self._keys, self._refused = self._keys, fetched.keys, fetched.refused
        self._held = {each: tuple(sorted(numbers)) for each, numbers in held.items()}
        if before.items() <= fetched.keys.items():
            for name in fetched.keys.keys() - before.keys():
                self._newest.pop(name.organisation.int, None)
        else:
            self._forget()

    def _forget(self) -> None:
        self._newest.clear()
        self._openers.clear()
        self._actors.clear()

    # Where they are kept ----------------------------------------------------------------------

    @abstractmethod
    def _fetch(self) -> Fetched:
        """Everything that is kept, and proof that the place answers. Changes nothing here: it may
        run beside everything else. Raises KeyRingProblem.
        """

    @abstractmethod
    def _note(self, rest: Any) -> None:
        """What was fetched is taken; under the lock."""

    @abstractmethod
    def _changed(self) -> bool:
        """Whether it is worth fetching again. Raises KeyRingProblem."""

    @abstractmethod
    def _make(self, name: KeyName) -> None:
        """Make a key, unless another process has; hold what is then kept. A key counts once it is
        durable: one that was used and then lost would take everything with it that was sealed
        under it. Raises KeyRingProblem.
        """

    @abstractmethod
    def _add_version(self, organisation: UUID) -> int:
        """Make the version behind the newest, and hold it. Raises KeyRingProblem."""

    @abstractmethod
    def _remove(self, name: KeyName) -> None:
        """Destroy a key, and hold what is left. Raises KeyRingProblem."""


def _head(version: int) -> bytes:
    return MAGIC + version.to_bytes(4, "big")


def _mark(name: KeyName, key: bytes) -> bytes:
    """Tells a key from another without giving it away."""
    return hmac.digest(key, f"hoeksteen/key-mark/v1/{name}".encode(), "sha256")[:16]
