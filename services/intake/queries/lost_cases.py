"""The running cases of an adviser without a key: for whoever asks for a recovery."""

from __future__ import annotations

from services.intake.queries.running import running_cases
from services.intake.streams import load_organisation
from shared.contracts.rpc import CaseIds, CasesOfAdviser
from shared.runtime.calls import Call


async def lost_cases(call: Call, request: CasesOfAdviser) -> CaseIds:
    """See CasesOfAdviser. None while the adviser has a key: how many cases they have is theirs."""
    state = await load_organisation(call.parts.store, call.organisation)
    keys = state.keys_of(request.adviser_id)
    if not keys or state.current_key(request.adviser_id) is not None:
        return CaseIds(ids=())
    found = await running_cases(call, request.adviser_id)
    await call.record_access("lost_cases")
    return CaseIds(ids=tuple(str(case_id) for case_id, _ in found))
