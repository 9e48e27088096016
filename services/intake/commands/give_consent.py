"""A reporter consents that something is told."""

from __future__ import annotations

from services.intake.commands.in_case import add_as_either
from services.intake.domain import consent
from services.intake.records import statement_from_bus
from services.intake.sealed import as_uuid
from shared.contracts.rpc import Done, GiveConsent
from shared.runtime.calls import Call


async def give_consent(call: Call, request: GiveConsent) -> Done:
    """See GiveConsent."""
    return await add_as_either(
        call,
        request.case_id,
        lambda state, by_reporter: consent.give(
            state,
            consent_id=as_uuid(request.consent_id, "consentId"),
            matters=request.matters,
            recipient=request.recipient,
            until=request.until,
            by_reporter=by_reporter,
            how=request.how,
            statement=statement_from_bus(request.statement),
            at=call.now,
        ),
    )
