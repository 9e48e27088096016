"""An administrator or coordinator keeps what an adviser can do, and until when a certificate holds."""

from __future__ import annotations

from typing import Any, Final

from services.intake.domain.adviser import AdviserDescribed, describe
from services.intake.organisations import organisation_of
from services.intake.streams import advisers_stream, load_advisers, load_organisation
from shared.contracts.rpc import DescribeAdviser, Done
from shared.contracts.shape import told_of
from shared.eventstore.store import Change
from shared.runtime.calls import Call

_PARTS: Final = (
    "external",
    "unit_id",
    "languages",
    "expertise",
    "hours_a_week",
    "certificate",
    "certificate_until",
    "takes_cases",
)


async def describe_adviser(call: Call, request: DescribeAdviser) -> Done:
    """See DescribeAdviser."""
    organisation = organisation_of(call, request.organisation_id)
    state = await load_advisers(call.parts.store, organisation)
    event = describe(
        await load_organisation(call.parts.store, organisation),
        on=call.now.date(),
        adviser_id=request.adviser_id,
        **_kept(state.of(request.adviser_id)) | told_of(request, "organisation_id", "adviser_id"),
    )
    return await call.commit(
        [Change(advisers_stream(organisation), state.version + 1, event)],
        Done(id=request.adviser_id, position=0),
        organisation=organisation,
    )


def _kept(before: AdviserDescribed | None) -> dict[str, Any]:
    """What stays unless it is told: what was kept, or of somebody new that they take cases, and no more."""
    if before is None:
        return dict.fromkeys(_PARTS) | {"languages": (), "expertise": (), "takes_cases": True}
    return {name: getattr(before, name) for name in _PARTS}
