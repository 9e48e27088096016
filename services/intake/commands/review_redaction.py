"""The second adviser makes the document that the person gets, or returns the redaction."""

from __future__ import annotations

from services.intake.commands.in_case import add_to_reviewed_case
from services.intake.domain import subject_access
from services.intake.sealed import as_uuid, from_bus, parts_from_bus
from services.intake.streams import load_organisation
from shared.contracts.rpc import Done, ReviewRedaction
from shared.runtime.calls import Call


async def review_redaction(call: Call, request: ReviewRedaction) -> Done:
    """See ReviewRedaction. A case that does not name the asker looks like none."""
    organisation = await load_organisation(call.parts.store, call.organisation)
    return await add_to_reviewed_case(
        call,
        request.case_id,
        lambda state: subject_access.review(
            state,
            organisation,
            access_id=as_uuid(request.access_id, "accessId"),
            reviewer_id=call.principal.subject,
            document=parts_from_bus(request.document),
            remarks=from_bus(request.remarks),
            at=call.now,
        ),
    )
