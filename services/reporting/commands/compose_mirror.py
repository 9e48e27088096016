"""An adviser composes the mirror of a leadership layer from what is released."""

from __future__ import annotations

from services.reporting.commands.in_mirror import add_to_mirror
from services.reporting.domain import mirror
from services.reporting.domain.blind_spots import shown_themes
from services.reporting.loading import load_tables
from services.reporting.streams import load_signals
from shared.contracts.reporting_mirror import ComposeMirror
from shared.contracts.rpc import Done
from shared.runtime.calls import Call
from shared.taxonomy.period import Period


async def compose_mirror(call: Call, request: ComposeMirror) -> Done:
    """See ComposeMirror."""
    tables = await load_tables(call.parts, call.organisation)
    signals = await load_signals(call.parts.store, call.organisation)
    shown = shown_themes(tables, Period.parse(request.period), signals.standing)

    def decide(state: mirror.Mirror) -> mirror.Event:
        return mirror.compose(
            state,
            chosen=request.themes,
            effects=request.effects,
            questions=request.questions,
            words=request.words,
            words_stand=request.words_stand,
            shown=shown,
            on=call.now.date(),
        )

    return await add_to_mirror(call, request.layer_id, request.period, decide)
