"""An adviser takes an entry of time back."""

from __future__ import annotations

from services.intake.domain import time_spent
from services.intake.domain.case import owned_by
from services.intake.sealed import as_uuid
from services.intake.streams import case_events, load_case
from services.intake.time_sheets import load_sheet, sheet_stream
from shared.contracts.errors import Code, Refusal
from shared.contracts.rpc import Done, WithdrawTime
from shared.eventstore.store import Change
from shared.runtime.calls import Call


async def withdraw_time(call: Call, request: WithdrawTime) -> Done:
    """See WithdrawTime."""
    entry_id = as_uuid(request.entry_id, "entryId")
    case_id = None if request.case_id is None else as_uuid(request.case_id, "caseId")
    store, subject = call.parts.store, call.principal.subject
    half_year = time_spent.half_year_of(request.on)
    stream = sheet_stream(call.parts.ring, call.organisation, subject, half_year)
    sheet = await load_sheet(store, call.organisation, stream)
    event = time_spent.withdraw(
        sheet,
        entry_id=entry_id,
        half_year=half_year,
        with_case=case_id is not None,
        at=call.now,
    )
    changes = [Change(stream, sheet.version + 1, event)]
    if case_id is not None:
        case = await load_case(store, call.organisation, case_id)
        owned_by(case, subject)
        recorded = await case_events(store, call.organisation, case_id)
        if not any(
            isinstance(one.event, time_spent.CaseTimeRecorded) and one.event.entry_id == entry_id
            for one in recorded
        ):
            raise Refusal(Code.NOT_FOUND)
        gone = time_spent.CaseTimeWithdrawn(entry_id=entry_id, at=call.now)
        changes.append(Change(case_id, case.version + 1, gone))
    return await call.commit(changes, Done(id=str(entry_id), position=0))
