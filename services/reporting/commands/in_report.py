"""What the commands on a report share: it is of the asker's organisation, and one event is added."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.own import own_report
from services.reporting.shapes import as_uuid
from shared.contracts.rpc import Done
from shared.eventstore.store import Change

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    from services.reporting.domain.report import Event, Report
    from shared.runtime.calls import Call

    Decide = Callable[[UUID, Report], Awaitable[tuple[Event, *tuple[Change, ...]]]]
    """The report's next event, and what is stored beside it."""


async def add_to_report(call: Call, report_id: str, decide: Decide) -> Done:
    """Load a report of the asker's organisation, let `decide` make the next event, commit it.

    Raises Refusal NOT_FOUND, INVALID_INPUT, and what `decide` refuses.
    """
    stream = as_uuid(report_id, "reportId")
    state = await own_report(call, stream)
    event, *beside = await decide(stream, state)
    return await call.commit(
        [Change(stream, state.version + 1, event), *beside], Done(id=str(stream), position=0)
    )
