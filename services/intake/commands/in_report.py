"""What the commands of an officer on an entry of the register share: one event is added."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.intake.sealed import as_uuid
from services.intake.streams import load_organisation, load_report
from shared.contracts.rpc import Done
from shared.eventstore.store import Change

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.intake.domain.organisation import Organisation
    from services.intake.domain.whistleblower_report import Event, WhistleblowerReport
    from shared.runtime.calls import Call


async def add_to_report(
    call: Call, report_id: str, decide: Callable[[WhistleblowerReport, Organisation], Event]
) -> Done:
    """Load the entry, let `decide` make the next event, commit it. `decide` refuses with NOT_FOUND who
    does not read the entry.
    """
    stream = as_uuid(report_id, "reportId")
    state = await load_report(call.parts.store, call.organisation, stream)
    event = decide(state, await load_organisation(call.parts.store, call.organisation))
    return await call.commit(
        [Change(stream, state.version + 1, event)], Done(id=str(stream), position=0)
    )
