"""An adviser tells what the advisers did together in a period."""

from __future__ import annotations

from services.reporting.commands.in_loop import known
from services.reporting.domain import activities
from services.reporting.loop_shapes import words_or_none_from_bus
from services.reporting.streams import activities_stream, load_activities
from shared.contracts.reporting_loop import KeepActivities
from shared.contracts.rpc import Done
from shared.eventstore.store import Change
from shared.runtime.calls import Call


async def keep_activities(call: Call, request: KeepActivities) -> Done:
    """See KeepActivities."""
    organisation = (await known(call)).organisation_id
    state = await load_activities(call.parts.store, organisation)
    event = activities.keep(
        period=request.period,
        information_sessions=request.information_sessions,
        peer_consultations=request.peer_consultations,
        trainings=request.trainings,
        case_hours=request.case_hours,
        other_hours=request.other_hours,
        reach=words_or_none_from_bus(request.reach),
        first_talk=request.first_talk,
        on=call.now.date(),
    )
    change = Change(activities_stream(organisation), state.version + 1, event)
    return await call.commit([change], Done(id=event.period, position=0))
