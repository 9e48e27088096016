"""An adviser records time spent, on a case or on other work."""

from __future__ import annotations

from services.intake.domain import time_spent
from services.intake.domain.case import owned_by
from services.intake.sealed import as_uuid
from services.intake.streams import load_case
from services.intake.time_sheets import load_sheet, sheet_stream
from shared.contracts.rpc import Done, RecordTime
from shared.eventstore.store import Change
from shared.runtime.calls import Call


async def record_time(call: Call, request: RecordTime) -> Done:
    """See RecordTime. The sheet does not know the case; a case's part of it goes with the case. That both
    were recorded at once, the log tells (docs/practice.md).
    """
    entry_id = as_uuid(request.entry_id, "entryId")
    case_id = None if request.case_id is None else as_uuid(request.case_id, "caseId")
    store, subject = call.parts.store, call.principal.subject
    half_year = time_spent.half_year_of(request.on)
    stream = sheet_stream(call.parts.ring, call.organisation, subject, half_year)
    sheet = await load_sheet(store, call.organisation, stream)
    event = time_spent.record(
        sheet,
        entry_id=entry_id,
        activity=request.activity,
        quarters=request.quarters,
        on=request.on,
        with_case=case_id is not None,
        at=call.now,
    )
    changes = [Change(stream, sheet.version + 1, event)]
    if case_id is not None:
        case = await load_case(store, call.organisation, case_id)
        owned_by(case, subject)
        spent = time_spent.CaseTimeRecorded(
            entry_id=entry_id, activity=event.activity, quarters=event.quarters, at=call.now
        )
        changes.append(Change(case_id, case.version + 1, spent))
    return await call.commit(changes, Done(id=str(entry_id), position=0))
