"""What the commands on the organisation's advisers and officers share: one event is added to its stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.intake.streams import load_organisation, organisation_stream
from shared.contracts.rpc import Done
from shared.eventstore.store import Change

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from services.intake.domain.organisation import Event, Organisation
    from shared.runtime.calls import Call


async def add_to_organisation(
    call: Call, organisation: UUID, decide: Callable[[Organisation], Event], *, whom: str
) -> Done:
    """Load the organisation, let `decide` make the next event, commit it. `whom` it is about is the
    answer's id.
    """
    state = await load_organisation(call.parts.store, organisation)
    event = decide(state)
    return await call.commit(
        [Change(organisation_stream(organisation), state.version + 1, event)],
        Done(id=whom, position=0),
        organisation=organisation,
    )
