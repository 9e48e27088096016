"""What the commands of the loop share: a known organisation, its state, and one event more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.domain.following import cited
from services.reporting.domain.recommending import Released
from services.reporting.loading import load_tables
from services.reporting.streams import (
    interventions_stream,
    load_interventions,
    load_loop,
    load_organisation,
    load_signals,
    load_strategy,
    load_tellings,
    loop_stream,
    tellings_stream,
)
from shared.contracts.rpc import Done
from shared.eventstore.store import Change

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from services.reporting.domain import interventions, loop, telling
    from services.reporting.domain.loop import CitedSignal
    from services.reporting.domain.organisation import OrganisationKnown
    from shared.runtime.calls import Call


async def known(call: Call) -> OrganisationKnown:
    """The asker's organisation. Raises Refusal NOT_FOUND before it has arrived here."""
    return (await load_organisation(call.parts.store, call.organisation)).known


async def cited_signals(call: Call) -> tuple[CitedSignal, ...]:
    """The signals of the asker's organisation that were told and not taken back."""
    return cited(await load_signals(call.parts.store, call.organisation))


async def released(call: Call) -> Released:
    """What a recommendation of the asker's organisation can refer to: signals that were not taken back,
    tables, and the policies that hold today.
    """
    register = await load_strategy(call.parts.store, call.organisation)
    return Released(
        signals={one.signal_id: one for one in await cited_signals(call)},
        tables=await load_tables(call.parts, call.organisation),
        policies=frozenset(
            entry.code for entry in register.of_kind("policy") if entry.holds(call.now.date())
        ),
    )


async def add_to_loop(
    call: Call, ref: UUID | None, decide: Callable[[loop.Loop], loop.Event]
) -> Done:
    """One event more about recommendations; `ref` is the id of what it is about."""
    organisation = (await known(call)).organisation_id
    state = await load_loop(call.parts.store, organisation)
    change = Change(loop_stream(organisation), state.version + 1, decide(state))
    return await call.commit([change], Done(id=str(ref or organisation), position=0))


async def add_to_tellings(
    call: Call, ref: UUID, decide: Callable[[telling.Tellings], telling.Event]
) -> Done:
    """One event more about what is told to staff."""
    organisation = (await known(call)).organisation_id
    state = await load_tellings(call.parts.store, organisation)
    change = Change(tellings_stream(organisation), state.version + 1, decide(state))
    return await call.commit([change], Done(id=str(ref), position=0))


async def add_to_interventions(
    call: Call,
    ref: UUID,
    decide: Callable[[interventions.Interventions, OrganisationKnown], interventions.Event],
) -> Done:
    """One event more about interventions."""
    organisation = await known(call)
    state = await load_interventions(call.parts.store, organisation.organisation_id)
    change = Change(
        interventions_stream(organisation.organisation_id),
        state.version + 1,
        decide(state, organisation),
    )
    return await call.commit([change], Done(id=str(ref), position=0))
