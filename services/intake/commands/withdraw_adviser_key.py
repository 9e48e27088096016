"""The device with an adviser's key is lost, or stolen."""

from __future__ import annotations

from services.intake.domain.case import CaseKeyRenewed
from services.intake.domain.organisation import withdraw_key
from services.intake.queries.running import running_cases
from services.intake.sealed import as_uuid
from services.intake.streams import load_organisation, organisation_stream
from shared.contracts.rpc import Done, WithdrawAdviserKey
from shared.eventstore.store import Change
from shared.identity.roles import Role
from shared.runtime.calls import Call


async def withdraw_adviser_key(call: Call, request: WithdrawAdviserKey) -> Done:
    """See WithdrawAdviserKey. After a theft each running case of the adviser gets a new case key."""
    state = await load_organisation(call.parts.store, call.organisation)
    event = withdraw_key(
        state,
        adviser_id=call.principal.subject,
        key_id=as_uuid(request.key_id, "keyId"),
        reason=request.reason,
        on=call.now.date(),
        by_coordinator=call.principal.role is Role.COORDINATOR,
    )
    changes = [Change(organisation_stream(call.organisation), state.version + 1, event)]
    if event.reason == "stolen":
        renewed = CaseKeyRenewed(at=call.now)
        changes += [
            Change(case_id, case.version + 1, renewed, renew=True)
            for case_id, case in await running_cases(call, event.adviser_id)
        ]
    return await call.commit(changes, Done(id=request.key_id, position=0))
