"""A reporter withdraws a consent."""

from __future__ import annotations

from services.intake.commands.in_case import add_as_either
from services.intake.domain import consent
from services.intake.sealed import as_uuid
from shared.contracts.rpc import Done, WithdrawConsent
from shared.runtime.calls import Call


async def withdraw_consent(call: Call, request: WithdrawConsent) -> Done:
    """See WithdrawConsent."""
    return await add_as_either(
        call,
        request.case_id,
        lambda state, by_reporter: consent.withdraw(
            state,
            consent_id=as_uuid(request.consent_id, "consentId"),
            by_reporter=by_reporter,
            how=request.how,
            at=call.now,
        ),
    )
