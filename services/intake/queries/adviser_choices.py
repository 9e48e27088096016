"""Which advisers a reporter may turn to."""

from __future__ import annotations

from services.intake.streams import load_advisers, load_organisation
from shared.contracts.rpc import AdviserChoice, AdviserChoices, Empty
from shared.runtime.calls import Call


async def adviser_choices(call: Call, _request: Empty) -> AdviserChoices:
    """See AdviserChoices. That a reporter looked is recorded nowhere."""
    known = (await load_organisation(call.parts.store, call.organisation)).known
    advisers = await load_advisers(call.parts.store, call.organisation)
    today = call.now.date()
    items = []
    for seat in known.advisers:
        described = advisers.of(seat.id)
        items.append(
            AdviserChoice(
                adviser_id=seat.id,
                name=seat.name,
                languages=() if described is None else described.languages,
                expertise=() if described is None else described.expertise,
                availability=advisers.availability(seat.id, today),
            )
        )
    return AdviserChoices(items=tuple(items))
