"""The asker's own reports: those of their organisation that their role may see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting import policy
from services.reporting.streams import load_report
from shared.contracts.errors import Code, Refusal

if TYPE_CHECKING:
    from uuid import UUID

    from services.reporting.domain.report import Report
    from shared.runtime.calls import Call


async def own_report(call: Call, report_id: UUID, *, until: int | None = None) -> Report:
    """The report, if the asker may see it; with `until` as both were when the log had so many
    entries. Raises Refusal NOT_FOUND: absent and hidden are alike.
    """
    state = await load_report(call.parts.store, call.organisation, report_id, until=until)
    if not policy.visible(
        call.principal, organisation=state.known.organisation_id, audiences=state.audiences
    ):
        raise Refusal(Code.NOT_FOUND)
    return state
