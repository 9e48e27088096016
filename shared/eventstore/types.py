"""The types of event that a service knows, and the names under which they are stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable


class UnknownEventType(Exception):  # noqa: N818  raised when code older than the data runs
    """An event of a type that this version of the service does not know."""


class EventTypes:
    """The names under which a service stores its events. A name is never given to another class."""

    def __init__(self, classes: Iterable[type]) -> None:
        self._by_name: dict[str, type] = {}
        self._decoders: dict[str, msgspec.json.Decoder[Any]] = {}
        for cls in classes:
            if cls.__name__ in self._by_name:
                raise ValueError(f"two event classes are called {cls.__name__}")
            self._by_name[cls.__name__] = cls
            # Made here, so that a class that cannot be read back stops the start, not a replay.
            self._decoders[cls.__name__] = msgspec.json.Decoder(cls)

    @property
    def classes(self) -> tuple[type, ...]:
        """All classes."""
        return tuple(self._by_name.values())

    def name_of(self, event: object) -> str:
        """The name of an event's class, which must be one of these."""
        name = type(event).__name__
        if self._by_name.get(name) is not type(event):
            raise UnknownEventType(name)
        return name

    def decode(self, name: str, encoded: bytes) -> Any:
        """The event that `encoded` (JSON) holds. Raises UnknownEventType, msgspec.DecodeError."""
        try:
            decoder = self._decoders[name]
        except KeyError:
            raise UnknownEventType(name) from None
        return decoder.decode(encoded)
