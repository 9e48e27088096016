"""A leadership layer gives the one view that it agreed on, before the half-year's figures are known."""

from __future__ import annotations

from services.reporting.commands.in_mirror import add_to_mirror, pulse_of
from services.reporting.domain import mirror
from services.reporting.loading import load_tables
from services.reporting.streams import load_pulses
from shared.contracts.reporting_mirror import GiveLeadersView
from shared.contracts.rpc import Done
from shared.runtime.calls import Call
from shared.taxonomy.period import Period


async def give_leaders_view(call: Call, request: GiveLeadersView) -> Done:
    """See GiveLeadersView."""
    half = Period.parse(request.period)
    pulses = await load_pulses(call.parts.store, call.organisation)
    known = pulse_of(pulses, str(half)) is not None or any(
        one.figures.period in (str(half), str(half.year))
        for one in await load_tables(call.parts, call.organisation)
    )

    def decide(state: mirror.Mirror) -> mirror.Event:
        mirror.check_key(state, request.key)
        return mirror.give_view(
            state,
            answers=request.answers,
            expected=request.themes,
            effects=request.effects,
            present=request.present,
            figures_known=known,
            on=call.now.date(),
        )

    return await add_to_mirror(call, request.layer_id, request.period, decide)
