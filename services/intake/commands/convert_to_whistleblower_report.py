"""An adviser passes on what the reporter agreed to: a report of wrongdoing, in a register of its own."""

from __future__ import annotations

from services.intake.domain import conversion
from services.intake.domain.case import owned_by
from services.intake.sealed import as_uuid, from_bus
from services.intake.signatures import verifies
from services.intake.streams import load_case, load_organisation
from shared.contracts.errors import Code, Refusal
from shared.contracts.rpc import ConvertToWhistleblowerReport, Done
from shared.eventstore.store import Change
from shared.runtime.calls import Call


async def convert_to_whistleblower_report(
    call: Call, request: ConvertToWhistleblowerReport
) -> Done:
    """See ConvertToWhistleblowerReport. Case and register change together, or neither does."""
    case_id = as_uuid(request.case_id, "caseId")
    report_id = as_uuid(request.report_id, "reportId")
    state = await load_case(call.parts.store, call.organisation, case_id)
    owned_by(state, call.principal.subject)
    if call.parts.erasures.known(call.organisation, report_id):
        raise Refusal(Code.KEY_DESTROYED)  # also where an older database does not know it
    in_case, received = conversion.convert(
        state,
        await load_organisation(call.parts.store, call.organisation),
        report_id=report_id,
        consent_id=as_uuid(request.consent_id, "consentId"),
        officers=request.officers,
        words=from_bus(request.words),
        signature=request.signature,
        at=call.now,
        verifies=verifies,
    )
    changes = [
        Change(case_id, state.version + number, event) for number, event in enumerate(in_case, 1)
    ]
    return await call.commit(
        [*changes, Change(report_id, 1, received)], Done(id=str(case_id), position=0)
    )
