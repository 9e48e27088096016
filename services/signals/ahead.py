"""What is counted and drawn when a day is closed, and revealed at the moment of its tick.

Counting takes as long as there are facts. If it were done at the moment itself, the time at which figures
leave would tell how many there are. So it is done before, and kept in the memory of this process alone:
nothing that is not revealed stands in the log, in a table or in an answer, and no budget is spent on it.
What is lost with the process is counted and drawn again; nobody has seen it. Nor is what is revealed seen
before its messages have left (commands/open_to_readers.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from shared.taxonomy.calendar import moment_of, revealed_at

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from uuid import UUID

    from shared.runtime.calls import Parts

    Key = tuple[str, UUID, str]
    """What kind of draw, whose, and of which day or period."""

Value = TypeVar("Value")

EVERY: Final = timedelta(minutes=1)
"""How often it is looked whether there is something to draw ahead, or to draw again."""

LONG_AGO: Final = timedelta(days=2)

COUNTED: Final = ["FactsKept", "FactsAmended", "SubjectsKept", "KeyDestroyed"]
"""The events that may change a count: what was drawn before them is drawn again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn(Generic[Value]):
    """A draw that is not revealed yet. `size` is the length of the organisation's log when it began to
    be counted, None for what nothing can change any more; `ready` when it was drawn.
    """

    organisation: UUID
    size: int | None
    ready: datetime
    value: Value


@dataclass(slots=True)
class Ahead:
    """What one process has drawn ahead. `waits`: figures that are ready only after the moment of their
    tick leave at the next whole hour; not where the clock is one that people move.
    """

    waits: bool = False
    whole: bool = False
    """Whether this look is at all closed days, and not only at ticks whose moment has come."""
    _drawn: dict[Key, Drawn[Any]] = field(default_factory=dict)
    _looked: datetime | None = None

    def begin(self, now: datetime) -> None:
        """A look begins."""
        self.whole = self._looked is None or not self._looked <= now < self._looked + EVERY
        if self.whole:
            self._looked = now

    def until(self, now: datetime) -> date:
        """The last day of which ticks are looked at."""
        if self.whole:
            return date.max
        return now.date() if now >= moment_of(now.date()) else now.date() - timedelta(days=1)

    def get(self, key: Key) -> Drawn[Any] | None:
        """What was drawn of it."""
        return self._drawn.get(key)

    def put(self, key: Key, drawn: Drawn[Any]) -> None:
        """Keep it until it is revealed."""
        self._drawn[key] = drawn

    def drop(self, key: Key) -> None:
        """It is revealed, or somebody else's draw was first."""
        self._drawn.pop(key, None)

    def waiting(self, kind: str, keys: Collection[Key], now: datetime) -> None:
        """These of a kind are what waits, as far as projections know. Others that were drawn long ago are
        forgotten: another replica revealed them.
        """
        for key, drawn in list(self._drawn.items()):
            if key[0] == kind and key not in keys and now - drawn.ready > LONG_AGO:
                del self._drawn[key]

    def may_leave(self, day: date, ready: datetime, now: datetime) -> bool:
        """Whether what was `ready` then may be revealed now, at the tick of `day`."""
        return now >= (revealed_at(day, ready) if self.waits else moment_of(day))

    async def forget_changed(self, parts: Parts) -> None:
        """Forget draws of organisations of which facts came, were changed or were erased since."""
        pairs = {
            (one.organisation, one.size) for one in self._drawn.values() if one.size is not None
        }
        if not pairs:
            return
        async with parts.pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT organisation, size FROM unnest(%s::uuid[], %s::bigint[])"
                " AS known (organisation, size) WHERE EXISTS (SELECT FROM event"
                "  WHERE event.organisation = known.organisation AND leaf_index >= known.size"
                "  AND type = ANY (%s))",
                ([one for one, _ in pairs], [size for _, size in pairs], COUNTED),
            )
            changed = set(await cursor.fetchall())
        for key, one in list(self._drawn.items()):
            if (one.organisation, one.size) in changed:
                del self._drawn[key]
