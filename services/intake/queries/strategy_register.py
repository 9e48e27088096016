"""What the organisation says it stands for."""

from __future__ import annotations

from services.intake.organisations import organisation_of
from services.intake.streams import load_organisation, load_strategy
from shared.contracts.rpc import OfOrganisation, StrategyEntry, StrategyRegister
from shared.runtime.calls import Call


async def strategy_register(call: Call, request: OfOrganisation) -> StrategyRegister:
    """See StrategyRegister."""
    organisation = organisation_of(call, request.organisation_id)
    known = (await load_organisation(call.parts.store, organisation)).known
    state = await load_strategy(call.parts.store, known.organisation_id)
    return StrategyRegister(
        version=state.version,
        entries=tuple(
            StrategyEntry(
                code=entry.code,
                kind=entry.kind,
                en=entry.en,
                nl=entry.nl,
                valid_from=entry.valid_from,
                withdrawn_from=entry.withdrawn_from,
                common=entry.common,
                holds=entry.holds(call.now.date()),
                serves=entry.serves,
            )
            for entry in state.entries
        ),
    )
