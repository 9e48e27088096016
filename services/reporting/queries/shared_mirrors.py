"""Mirrors of a half-year that their layers let others see."""

from __future__ import annotations

from services.reporting.mirror_shapes import to_others
from services.reporting.streams import load_mirrors
from shared.contracts.reporting_mirror import SharedMirrors, SharedMirrorsQuery
from shared.runtime.calls import Call
from shared.taxonomy.period import Period


async def shared_mirrors(call: Call, request: SharedMirrorsQuery) -> SharedMirrors:
    """See SharedMirrors."""
    half = str(Period.parse(request.period))
    found = await load_mirrors(call.parts.store, call.organisation, half)
    items = tuple(to_others(one) for one in found if one.is_open_to_others)
    if items:
        await call.record_access("mirrors")
    return SharedMirrors(items=items)
