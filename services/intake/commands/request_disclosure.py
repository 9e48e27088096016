"""An adviser asks a second one to agree that confidentiality must be broken."""

from __future__ import annotations

from services.intake.commands.in_case import add_to_case
from services.intake.domain import disclosure
from services.intake.sealed import as_uuid, from_bus
from services.intake.streams import load_organisation
from shared.contracts.rpc import Done, RequestDisclosure
from shared.runtime.calls import Call


async def request_disclosure(call: Call, request: RequestDisclosure) -> Done:
    """See RequestDisclosure."""
    organisation = await load_organisation(call.parts.store, call.organisation)
    return await add_to_case(
        call,
        request.case_id,
        lambda state: disclosure.request(
            state,
            organisation,
            disclosure_id=as_uuid(request.disclosure_id, "disclosureId"),
            adviser_id=call.principal.subject,
            reviewer_id=request.reviewer_id,
            ground=request.ground,
            recipient=request.recipient,
            answers=[
                disclosure.ConditionAnswered(condition=one.condition, holds=one.holds)
                for one in request.answers
            ],
            reason=from_bus(request.reason),
            at=call.now,
        ),
    )
