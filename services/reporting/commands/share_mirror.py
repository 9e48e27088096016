"""An adviser lets a leadership layer see its mirror; what it is compared with is frozen then."""

from __future__ import annotations

from services.reporting.commands.in_mirror import add_to_mirror, last_shared, pulse_of
from services.reporting.domain import mirror
from services.reporting.domain.blind_spots import shown_themes
from services.reporting.loading import load_tables
from services.reporting.shapes import as_uuid
from services.reporting.streams import load_pulses, load_signals
from shared.contracts.reporting_mirror import ShareMirror
from shared.contracts.rpc import Done
from shared.runtime.calls import Call
from shared.taxonomy.period import Period


async def share_mirror(call: Call, request: ShareMirror) -> Done:
    """See ShareMirror."""
    half = Period.parse(request.period)
    pulses = await load_pulses(call.parts.store, call.organisation)
    signals = await load_signals(call.parts.store, call.organisation)
    tables = await load_tables(call.parts, call.organisation)
    shown = shown_themes(tables, half, signals.standing)
    before = await last_shared(call, as_uuid(request.layer_id, "layerId"), half)

    def decide(state: mirror.Mirror) -> mirror.Event:
        return mirror.share(
            state,
            pulse=pulse_of(pulses, str(half)),
            shown=shown,
            before=before,
            on=call.now.date(),
        )

    return await add_to_mirror(call, request.layer_id, request.period, decide)
