"""The types of event that a service knows, their versions, and the names under which they are stored.

Version 1 of a type is stored under the class's name, `CaseOpened`; version 2 as `CaseOpened.v2`, and
so on. The stored name is part of the leaf and of the associated data: an event can be brought to a
newer version when it is read, never in the store.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Upcast = Callable[[dict[str, Any]], dict[str, Any]]

_STORED_NAME = re.compile(r"(?P<base>[A-Za-z][A-Za-z0-9_]*)(?:\.v(?P<version>[1-9][0-9]*))?")


class UnknownEventType(Exception):  # noqa: N818  raised when code older than the data runs
    """An event of a type, or of a version of one, that this version of the service does not know."""


def stored_name(base: str, version: int) -> str:
    """The name under which a version of a type is stored; `version` counts from 1."""
    return base if version == 1 else f"{base}.v{version}"


@lru_cache(maxsize=1_000)  # the few names of a service, at every event
def split_name(name: str) -> tuple[str, int]:
    """Base name and version of a stored name. Raises UnknownEventType for what is none."""
    found = _STORED_NAME.fullmatch(name)
    if found is None or found["version"] == "1":
        raise UnknownEventType(name)
    return found["base"], int(found["version"] or 1)


class EventTypes:
    """The events of one service. A name is never given to another class, a version never to another
    form.
    """

    def __init__(
        self,
        classes: Iterable[type],
        *,
        versions: Mapping[type, int] | None = None,
        upcasts: Mapping[tuple[str, int], Upcast] | None = None,
    ) -> None:
        """`versions` has the present version of each class that is not at its first.

        `upcasts[name, n]` makes of the JSON object of version n that of version n + 1. It must not
        change what it is given only in part: what it answers is what version n + 1 would have
        stored.

        Raises ValueError, with a sentence, where a step is missing or leads nowhere.
        """
        self._by_name: dict[str, type] = {}
        self._versions: dict[str, int] = {}
        self._decoders: dict[str, msgspec.json.Decoder[Any]] = {}
        self.readers = self.reading({})
        present = dict(versions or {})
        for cls in classes:
            name = cls.__name__
            if name in self._by_name:
                raise ValueError(f"two event classes are called {name}")
            self._by_name[name] = cls
            self._versions[name] = present.pop(cls, 1)
            # Made here, so that a class that cannot be read back stops the start, not a replay.
            self._decoders[name] = msgspec.json.Decoder(cls)
        if present:
            strangers = ", ".join(sorted(cls.__name__ for cls in present))
            raise ValueError(f"a version is given for what is no event here: {strangers}")
        self._names = {
            cls: stored_name(name, self._versions[name]) for name, cls in self._by_name.items()
        }
        self._upcasts = dict(upcasts or {})
        needed = {
            (name, version)
            for name, newest in self._versions.items()
            for version in range(1, newest)
        }
        for name, newest in self._versions.items():
            if newest < 1:
                raise ValueError(f"{name} is at version {newest}; versions count from 1")
        for name, version in sorted(needed - self._upcasts.keys()):
            raise ValueError(
                f"{name} is at version {self._versions[name]}, but nothing brings version "
                f"{version} to version {version + 1}"
            )
        for name, version in sorted(self._upcasts.keys() - needed):
            raise ValueError(
                f"an upcast of {name} from version {version} leads to no version that there is"
            )

    @property
    def classes(self) -> tuple[type, ...]:
        """All classes."""
        return tuple(self._by_name.values())

    def name_of(self, event: object) -> str:
        """The name under which an event is stored; its class must be one of these."""
        name = self._names.get(type(event))
        if name is None:
            raise UnknownEventType(type(event).__name__)
        return name

    def stored_names(self, base: str) -> tuple[str, ...]:
        """The names under which events of one type may stand in the log, oldest version first.

        Raises UnknownEventType.
        """
        if base not in self._by_name:
            raise UnknownEventType(base)
        newest = self._versions[base]
        return tuple(stored_name(base, version) for version in range(1, newest + 1))

    def base_of(self, name: str) -> str:
        """The base name of a stored name. Raises UnknownEventType, also for a version that is newer
        than this code: it is never guessed what such an event says.
        """
        base, version = split_name(name)
        if version > self._versions.get(base, 0):
            raise UnknownEventType(name)
        return base

    def decode(self, name: str, encoded: bytes) -> Any:
        """The event that `encoded` (JSON) holds, stored as `name`, in its class's present form.

        Raises UnknownEventType, msgspec.DecodeError.
        """
        return self.readers[name](encoded)

    def reading(self, views: Mapping[str, type]) -> Mapping[str, Callable[[bytes], Any]]:
        """Stored name → `reader_of` it, with the view of its base name."""
        return _Readers(self, views)

    def reader_of(self, name: str, view: type | None = None) -> Callable[[bytes], Any]:
        """What `decode` does, of one stored name. Raises UnknownEventType.

        `view` has some of the event's fields under their names: nothing else is made of it then.
        """
        base = self.base_of(name)
        _, version = split_name(name)
        newest = self._versions[base]
        decoder = self._decoders[base] if view is None else msgspec.json.Decoder(view)
        present = decoder.decode
        if version == newest:
            return present

        def upcast(encoded: bytes) -> Any:
            body = msgspec.json.decode(encoded, type=dict[str, Any])
            for step in range(version, newest):
                body = self._upcasts[base, step](body)
            return present(msgspec.json.encode(body))

        return upcast


class _Readers(dict[str, "Callable[[bytes], Any]"]):
    """Stored name → how its events are read; made when it is first needed."""

    def __init__(self, types: EventTypes, views: Mapping[str, type]) -> None:
        super().__init__()
        self._types = types
        self._views = views

    def __missing__(self, name: str) -> Callable[[bytes], Any]:
        view = self._views.get(split_name(name)[0])
        reader = self[name] = self._types.reader_of(name, view)
        return reader
