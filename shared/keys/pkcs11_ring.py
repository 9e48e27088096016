"""A key ring behind PKCS#11: its keys are wrapped by keys that never leave a hardware token."""

from __future__ import annotations

import hmac
import json
import os
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from shared.keys.data_keys import DataKeys, Fetched, KeyName, Keys
from shared.keys.file_ring import locked, replace_file, stamp_of
from shared.keys.ring import KeyRingAway, KeyRingProblem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from uuid import UUID

    from shared.keys.token import Token

_FORMAT = "hoeksteen/key-ring-pkcs11/v1"
_CHECK = b"hoeksteen/key-check/v1/"


@dataclass(frozen=True, slots=True)
class _Entry:
    """A key as the file holds it: which key of the token wraps it (RFC 3394, 40 bytes), and a check
    value, by which the unwrapped key proves to be the one of this name.
    """

    wrapping: str
    wrapped: bytes
    check: bytes


@dataclass(frozen=True, slots=True)
class _File:
    """`leaving` are keys of the token that wrap nothing any more and are to be destroyed."""

    entries: dict[KeyName, _Entry]
    leaving: tuple[str, ...] = ()

    @classmethod
    def read(cls, text: bytes, name: str) -> Self:
        """Raises KeyRingProblem."""
        try:
            outer: dict[str, Any] = json.loads(text)
            if outer["format"] != _FORMAT:
                raise KeyRingProblem(f"The key ring {name} is none of a PKCS#11 token.")
            return cls(
                {
                    KeyName.read(each): _Entry(
                        bytes.fromhex(found["wrapping"]).hex(),
                        bytes.fromhex(found["wrapped"]),
                        bytes.fromhex(found["check"]),
                    )
                    for each, found in outer["keys"].items()
                },
                tuple(bytes.fromhex(each).hex() for each in outer["leaving"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise KeyRingProblem(f"The key ring {name} is damaged.") from error

    def written(self) -> dict[str, Any]:
        return {
            "format": _FORMAT,
            "keys": {
                f"{name}": {
                    "wrapping": entry.wrapping,
                    "wrapped": entry.wrapped.hex(),
                    "check": entry.check.hex(),
                }
                for name, entry in self.entries.items()
            },
            "leaving": list(self.leaving),
        }


class Pkcs11KeyRing(DataKeys):
    """A file of wrapped keys, and a token whose keys unwrap them.

    Each version of a data key has a wrapping key of its own in the token. Destroying a version
    destroys that key, so that no copy of the file brings the version back. An organisation's
    pseudonym keys are wrapped with the newest version's.

    Several processes may use one file and one token.
    """

    def __init__(self, path: Path, token: Token) -> None:
        """Open the ring at `path`, or make an empty one. Raises KeyRingProblem."""
        super().__init__(path.name)
        self._path = path
        self._token = token
        self._stamp: tuple[int, int, int] | None = None
        self._file = _File({})
        # What the token has unwrapped: it is the same the next time.
        self._unwrapped: dict[_Entry, bytes] = {}
        with self._told():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with locked(path):
                if not path.exists():
                    self._token.destroy(())  # is it there at all?
                    replace_file(path, self._file.written())
                self._hold(self._fetch())

    def lapse(self) -> None:
        """See KeyRing."""
        super().lapse()
        self._unwrapped = {}

    def close(self) -> None:
        """See KeyRing. The token's process ends."""
        super().close()
        self._token.close()

    def _fetch(self) -> Fetched:
        """Unwraps what is new, and one key of each wrapping key, to see that it is still there."""
        with self._told():
            stamp = stamp_of(self._path)
            file = _File.read(self._path.read_bytes(), self.name)
        keys: Keys = {}
        unwrapped = self._unwrapped
        asked: dict[KeyName, _Entry] = {}
        proven: set[str] = set()
        for name, entry in file.entries.items():
            if entry.wrapping not in proven or entry not in unwrapped:
                proven.add(entry.wrapping)
                asked[name] = entry
        secrets = self._token.unwrap([(each.wrapping, each.wrapped) for each in asked.values()])
        fresh = dict(zip(asked, secrets, strict=True))
        gone = {asked[name].wrapping for name, secret in fresh.items() if secret is None}
        refused = set()
        for name, entry in file.entries.items():
            secret = fresh[name] if name in fresh else unwrapped[entry]
            if secret is None or entry.wrapping in gone:
                refused.add(name)
            elif not hmac.compare_digest(_check(name, secret), entry.check):
                raise KeyRingProblem(
                    f"The key ring {self.name} was changed: a key stands under another's name."
                )
            else:
                keys[name] = secret
        if refused and not keys:
            raise KeyRingProblem(
                f"The token does not hold the keys of the key ring {self.name}: it is another one."
            )
        if not file.entries:
            self._token.destroy(())  # an empty ring, and still: does it answer?
        return Fetched(
            keys,
            frozenset(refused),
            (stamp, file, {file.entries[name]: secret for name, secret in keys.items()}),
        )

    def _note(self, rest: tuple[tuple[int, int, int], _File, dict[_Entry, bytes]]) -> None:
        self._stamp, self._file, self._unwrapped = rest

    def _changed(self) -> bool:
        with self._told():
            return stamp_of(self._path) != self._stamp

    def _make(self, name: KeyName) -> None:
        with self._told(), locked(self._path):
            self._hold(self._fetch())  # another process may have made it meanwhile
            if name not in self._file.entries:
                self._add(name)

    def _add(self, name: KeyName) -> None:
        if name.actors:
            data_key = KeyName(name.organisation, 1)
            if name.organisation not in self._held:
                self._add(data_key)
            newest = KeyName(name.organisation, self._held[name.organisation][-1])
            wrapping = self._file.entries[newest].wrapping
        else:
            wrapping = self._token.make()
        self._write(
            replace(self._file, entries=self._file.entries | self._wrapped(wrapping, [name]))
        )

    def _add_version(self, organisation: UUID) -> int:
        with self._told(), locked(self._path):
            self._hold(self._fetch())
            version = self._held[organisation][-1] + 1
            wrapping = self._token.make()
            actors = {
                name: key
                for name, key in self._keys.items()
                if name.organisation == organisation and name.actors
            }
            entries = self._wrapped(wrapping, [KeyName(organisation, version)], actors)
            self._write(replace(self._file, entries=self._file.entries | entries))
            return version

    def _remove(self, name: KeyName) -> None:
        with self._told(), locked(self._path):
            self._hold(self._fetch())
            entries = {each: entry for each, entry in self._file.entries.items() if each != name}
            used = {entry.wrapping for entry in entries.values()}
            leaving = {entry.wrapping for entry in self._file.entries.values()} - used
            # The file first: what it names, the token must have. A crash between the two leaves a
            # key that wraps nothing, and the next removal destroys it.
            self._write(_File(entries, (*self._file.leaving, *leaving)))
            self._token.destroy(self._file.leaving)
            self._write(_File(entries))

    def _wrapped(
        self, wrapping: str, new: list[KeyName], known: Keys | None = None
    ) -> dict[KeyName, _Entry]:
        keys = {name: os.urandom(32) for name in new} | (known or {})
        wrapped = self._token.wrap(wrapping, list(keys.values()))
        entries = {
            name: _Entry(wrapping, each, _check(name, key))
            for (name, key), each in zip(keys.items(), wrapped, strict=True)
        }
        self._unwrapped |= {entries[name]: key for name, key in keys.items()}
        return entries

    def _write(self, file: _File) -> None:
        """Make `file` the ring's, durably, then hold its keys. The file's lock is held."""
        replace_file(self._path, file.written())
        known = self._unwrapped
        keys = {name: known[entry] for name, entry in file.entries.items() if entry in known}
        self._hold(
            Fetched(
                keys,
                frozenset(file.entries.keys() - keys.keys()),
                (stamp_of(self._path), file, known),
            )
        )

    @contextmanager
    def _told(self) -> Iterator[None]:
        """The file system's faults in a sentence. Raises KeyRingAway."""
        try:
            yield
        except OSError as error:
            raise KeyRingAway(f"The key ring {self.name} cannot be read or written.") from error


def _check(name: KeyName, key: bytes) -> bytes:
    """16 bytes that prove that a key is the one of this name, and tell nothing about it."""
    return hmac.digest(key, _CHECK + f"{name}".encode(), "sha256")[:16]
