"""The facts of windows that are due, as they count on the day: read at a tick, and nowhere else."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from services.signals.domain.window import FactsAmended, FactsKept, SubjectsKept, amended
from shared.ledger.leaf import KEY_DESTROYED

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from datetime import date

    from shared.eventstore.store import EventStore

# Streams that are loaded with one statement.
_PAGE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What one stream of facts gives: the facts themselves, and subjects that were named later."""

    organisation: UUID
    facts: FactsKept
    later: tuple[SubjectsKept, ...]


async def kept_facts(
    store: EventStore, streams: Mapping[UUID, UUID], due: Callable[[UUID], date]
) -> AsyncIterator[Counted]:
    """What these streams (stream → organisation) give in what is released of an organisation on its day
    `due`: with the corrections that had come by then, and without what was erased before the tick,
    whether or not that erasure has come to its end.

    Raises Unreadable, and what EventTypes.decode raises, for facts that cannot be read.
    """
    names = list(streams)
    for start in range(0, len(names), _PAGE):
        some = names[start : start + _PAGE]
        page = await store.load_across({stream: streams[stream] for stream in some})
        erased = {recorded.stream for recorded in page if recorded.type == KEY_DESTROYED}
        kept: dict[UUID, FactsKept] = {}
        later: dict[UUID, list[SubjectsKept]] = defaultdict(list)
        changed: dict[UUID, list[FactsAmended]] = defaultdict(list)
        for recorded in page:
            match recorded.event:
                case FactsKept():
                    kept[recorded.stream] = recorded.event
                case SubjectsKept():
                    later[recorded.stream].append(recorded.event)
                case FactsAmended():
                    changed[recorded.stream].append(recorded.event)
                case _:
                    pass
        for stream, facts in kept.items():
            if stream not in erased:
                organisation = streams[stream]
                yield Counted(
                    organisation=organisation,
                    facts=amended(facts, changed[stream], due(organisation)),
                    later=tuple(later[stream]),
                )
