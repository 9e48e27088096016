"""An adviser told something with consent."""

from __future__ import annotations

from services.intake.commands.in_case import add_as_either
from services.intake.domain import consent
from services.intake.sealed import as_uuid
from shared.contracts.rpc import Done, TellWithConsent
from shared.runtime.calls import Call


async def tell_with_consent(call: Call, request: TellWithConsent) -> Done:
    """See TellWithConsent."""
    return await add_as_either(
        call,
        request.case_id,
        lambda state, _by_reporter: consent.tell(
            state,
            consent_id=as_uuid(request.consent_id, "consentId"),
            at=call.now,
        ),
    )
