"""What a service keeps in memory of its store: unwrapped keys, and short streams with their states.

Both are bounded, so that a process takes as much memory at a million events as at ten thousand.
Nothing here is believed over the database: a decision that was made on a stream in memory is written
only if that stream has had no event since (`append`, seen_streams).
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from uuid import UUID

    from shared.eventstore.store import Recorded
    from shared.keys.case_key import CaseKey

_KEYS = 2_000
_STREAMS = 1_000

LONGEST = 50
"""Events of a stream that is held here. A longer one is read, or kept as a snapshot."""

V = TypeVar("V")


class _Recent(Generic[V]):
    """The `most` values that were used last. By the UUID's number, which is quicker to look up."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[int, V] = OrderedDict()

    def get(self, name: UUID) -> V | None:
        number = name.int
        value = self._values.get(number)
        if value is not None:
            self._values.move_to_end(number)
        return value

    def put(self, name: UUID, value: V) -> None:
        self._values[name.int] = value
        if len(self._values) > self._most:
            self._values.popitem(last=False)

    def drop(self, name: UUID) -> None:
        self._values.pop(name.int, None)

    def clear(self) -> None:
        self._values.clear()


class Stream:
    """What is known of one stream, with the key of its last event. It never gets another
    organisation; with a new key it is another of these.
    """

    __slots__ = ("key", "key_id", "newest", "organisation", "recorded", "states")

    def __init__(self, organisation: UUID, key_id: UUID, key: CaseKey) -> None:
        self.organisation = organisation
        self.key_id = key_id
        self.key = key
        self.recorded: list[Recorded] | None = None
        """All its events as this process last saw them, or None where it did not look, or where
        there are too many. The list is replaced, never changed: others may be reading it.
        """
        self.states: dict[str, Any] = {}
        """The Folded state of some of them, by the name of the Fold. It may be an older one."""
        self.newest = 0
        """The version of the last event that this process saw; 0 where it did not look."""

    def saw(self, recorded: list[Recorded]) -> None:
        """All events of the stream were read."""
        self.recorded = recorded if len(recorded) <= LONGEST else None
        self.newest = len(recorded)

    def added(self, recorded: Recorded) -> None:
        """An event was appended by this process."""
        self.newest = recorded.version
        if recorded.version == 1:
            self.recorded = [recorded]
        elif self.recorded is not None:
            if len(self.recorded) == recorded.version - 1 < LONGEST:
                self.recorded = [*self.recorded, recorded]
            else:
                self.forget()

    def looked(self, version: int) -> None:
        """The stream has so many events now: what was held may have been older."""
        self.newest = max(self.newest, version)
        if self.recorded is not None and len(self.recorded) < self.newest:
            self.recorded = None

    def forget(self) -> None:
        """It is not as it was held: read it again."""
        self.recorded = None
        self.states = {}
        self.newest = 0


class Memory:
    """Shared by the sessions of one store."""

    def __init__(self) -> None:
        self.keys: _Recent[CaseKey] = _Recent(_KEYS)
        """Unwrapped case keys by key id."""
        self.streams: _Recent[Stream] = _Recent(_STREAMS)

    def clear(self) -> None:
        """Nothing stays here."""
        self.keys.clear()
        self.streams.clear()

    def destroyed(self, stream: UUID, key_id: UUID) -> None:
        """A key is gone: nothing that it opened stays here."""
        self.keys.drop(key_id)
        self.streams.drop(stream)
