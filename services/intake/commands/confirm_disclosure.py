"""The second adviser agrees to a disclosure, or does not."""

from __future__ import annotations

from services.intake.commands.in_case import add_to_reviewed_case
from services.intake.domain import disclosure
from services.intake.sealed import as_uuid, from_bus
from services.intake.streams import load_organisation
from shared.contracts.rpc import ConfirmDisclosure, Done
from shared.runtime.calls import Call


async def confirm_disclosure(call: Call, request: ConfirmDisclosure) -> Done:
    """See ConfirmDisclosure. A case that does not name the asker looks like none."""
    organisation = await load_organisation(call.parts.store, call.organisation)
    return await add_to_reviewed_case(
        call,
        request.case_id,
        lambda state: disclosure.review(
            state,
            organisation,
            disclosure_id=as_uuid(request.disclosure_id, "disclosureId"),
            reviewer_id=call.principal.subject,
            agrees=request.agrees,
            remarks=from_bus(request.remarks),
            at=call.now,
        ),
    )
