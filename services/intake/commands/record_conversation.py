"""An adviser records a conversation and its sealed minutes."""

from __future__ import annotations

from services.intake.commands.in_case import add_to_case
from services.intake.domain import case
from services.intake.sealed import from_bus
from services.intake.signatures import verifies
from services.intake.streams import load_organisation
from shared.contracts.rpc import Done, RecordConversation
from shared.runtime.calls import Call


async def record_conversation(call: Call, request: RecordConversation) -> Done:
    """See RecordConversation."""
    organisation = await load_organisation(call.parts.store, call.organisation)
    minutes = from_bus(request.minutes)
    return await add_to_case(
        call,
        request.case_id,
        lambda state: case.record_conversation(
            state,
            organisation,
            mode=request.mode,
            minutes=minutes,
            at=call.now,
            signature=request.signature,
            verifies=verifies,
        ),
    )
