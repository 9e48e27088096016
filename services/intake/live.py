"""Whom a commit of intake is news for. A hint holds ids alone; see shared/contracts/live.py."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from services.intake.domain import case
from services.intake.projections.term_watch import TermWatch
from services.intake.streams import load_case
from shared.contracts.live import Hint, Topic
from shared.runtime.erasure import KeyDestroyed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.eventstore.store import Change
    from shared.runtime.calls import Parts
    from shared.runtime.live import Told


async def hints(parts: Parts, organisation: UUID, changes: Sequence[Change]) -> list[Told]:
    """A case's events are news for who holds it; those about its terms for its adviser's tasks."""
    told: dict[Told, None] = {}
    for change in changes:
        if isinstance(change.event, KeyDestroyed):
            # Which kind of stream it was, and whose, cannot be asked any more.
            told[Topic.TASKS, Hint(organisation=organisation)] = None
        elif not isinstance(change.event, case.Event):
            continue
        told[Topic.CASE, Hint(organisation=organisation, ref=change.stream)] = None
        for adviser in await _whose_tasks(parts, organisation, change):
            told[Topic.TASKS, Hint(organisation=organisation, subject=adviser)] = None
    return list(told)


async def _whose_tasks(parts: Parts, organisation: UUID, change: Change) -> tuple[str, ...]:
    event = change.event
    if isinstance(event, case.CaseHandedOver):
        return event.from_adviser, event.to_adviser
    if type(event).__name__ not in TermWatch.types:
        return ()
    if isinstance(event, case.MessageSent) and event.sender == "reporter":
        return ()  # it begins and ends no term
    if isinstance(event, case.CaseOpened):
        return (event.adviser_id,)
    state = await load_case(parts.store, organisation, change.stream)
    return () if state.opened is None else (state.adviser_id,)
