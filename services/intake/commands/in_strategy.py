"""What the commands on the register of strategy share: one change, and the register told to the others."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from services.intake.domain import strategy
from services.intake.organisations import organisation_of
from services.intake.streams import load_organisation, load_strategy, strategy_stream
from shared.contracts.rpc import Done
from shared.eventstore.store import Change

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.runtime.calls import Call


async def change_strategy(
    call: Call,
    organisation_id: str | None,
    code: str,
    decide: Callable[[strategy.Strategy], strategy.Event],
) -> Done:
    """Load the register of the organisation, let `decide` make the next event, commit it together with
    the register that comes of it.
    """
    organisation = organisation_of(call, organisation_id)
    known = (await load_organisation(call.parts.store, organisation)).known
    state = await load_strategy(call.parts.store, known.organisation_id)
    event = decide(state)
    announced = strategy.announce(
        strategy.evolve(state, event), message_id=uuid4(), organisation_id=organisation
    )
    return await call.commit(
        [
            Change(strategy_stream(organisation), state.version + 1, event),
            Change(announced.message_id, 1, announced),
        ],
        Done(id=code, position=0),
        organisation=organisation,
    )
