"""HR, the board or the works council says that it passed on what was told to staff."""

from __future__ import annotations

from services.reporting.commands.in_loop import add_to_tellings
from services.reporting.domain import telling
from services.reporting.shapes import as_uuid
from shared.contracts.reporting_loop import PassOnTelling
from shared.contracts.rpc import Done
from shared.runtime.calls import Call


async def pass_on_telling(call: Call, request: PassOnTelling) -> Done:
    """See PassOnTelling."""
    telling_id = as_uuid(request.telling_id, "tellingId")
    return await add_to_tellings(
        call,
        telling_id,
        lambda state: telling.pass_on(
            state, telling_id=telling_id, role=call.principal.role.value, on=call.now.date()
        ),
    )
