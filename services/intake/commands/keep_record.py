"""An adviser keeps what is known of a case in codes."""

from __future__ import annotations

from services.intake.commands.in_case import add_to_case
from services.intake.domain import record
from services.intake.domain.tags import known_tags
from services.intake.records import record_from_bus
from services.intake.streams import load_strategy
from shared.contracts.rpc import Done, KeepRecord
from shared.runtime.calls import Call


async def keep_record(call: Call, request: KeepRecord) -> Done:
    """See KeepRecord."""
    strategy = await load_strategy(call.parts.store, call.organisation)
    known = known_tags(strategy, call.now.date())
    return await add_to_case(
        call,
        request.case_id,
        lambda state: record.keep_record(
            state, record=record_from_bus(request.record), known=known, at=call.now
        ),
    )
