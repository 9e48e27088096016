"""What a service keeps in memory of its store: keys, whose key is whose, and short streams.

Each of the three is bounded, so that a process takes as much memory at a million events as at ten
thousand. Nothing here is believed over the database: a decision that was made on a stream in memory
is written only if that stream has had no event since (`append`, seen_streams).
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from shared.eventstore.store import Recorded
    from shared.keys.case_key import CaseKey

_KEYS = 2_000
_STREAMS = 1_000
# A longer stream is read, or kept as a snapshot, but not held here.
_LONGEST = 50

V = TypeVar("V")


class _Recent(Generic[V]):
    """The `most` values that were used last."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[UUID, V] = OrderedDict()

    def get(self, name: UUID) -> V | None:
        value = self._values.get(name)
        if value is not None:
            self._values.move_to_end(name)
        return value

    def put(self, name: UUID, value: V) -> None:
        self._values[name] = value
        self._values.move_to_end(name)
        if len(self._values) > self._most:
            self._values.popitem(last=False)

    def drop(self, name: UUID) -> None:
        self._values.pop(name, None)


class Memory:
    """Shared by the sessions of one store."""

    def __init__(self) -> None:
        self.keys: _Recent[CaseKey] = _Recent(_KEYS)
        """Unwrapped case keys by key id."""
        self.key_of: _Recent[tuple[UUID, UUID]] = _Recent(_KEYS)
        """Organisation and key id of a stream: a stream never gets another key."""
        self._streams: _Recent[tuple[UUID, Sequence[Recorded]]] = _Recent(_STREAMS)

    def stream(self, organisation: UUID, stream: UUID) -> Sequence[Recorded] | None:
        """A stream as it was when this process last saw it."""
        held = self._streams.get(stream)
        return held[1] if held is not None and held[0] == organisation else None

    def saw(self, organisation: UUID, stream: UUID, recorded: Sequence[Recorded]) -> None:
        """All events of a stream were read."""
        if 0 < len(recorded) <= _LONGEST:
            self._streams.put(stream, (organisation, recorded))

    def added(self, recorded: Recorded) -> None:
        """An event was appended: a stream that is held, or that it begins, is held with it."""
        before = self.stream(recorded.organisation, recorded.stream) or ()
        if len(before) == recorded.version - 1:
            if recorded.version > _LONGEST:
                self.forget(recorded.stream)
            else:
                self._streams.put(recorded.stream, (recorded.organisation, (*before, recorded)))

    def forget(self, stream: UUID) -> None:
        """Something is not as it was held: read it again."""
        self._streams.drop(stream)

    def destroyed(self, stream: UUID, key_id: UUID) -> None:
        """A key is gone: nothing that it opened stays here."""
        self.keys.drop(key_id)
        self.key_of.drop(stream)
        self.forget(stream)
