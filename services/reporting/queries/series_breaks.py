"""The breaks in the organisation's series that stand. They say nothing of a case."""

from __future__ import annotations

from services.reporting.streams import load_series_breaks
from shared.contracts.reporting_breaks import SeriesBreak, SeriesBreaks
from shared.contracts.rpc import Empty
from shared.runtime.calls import Call


async def series_breaks(call: Call, _request: Empty) -> SeriesBreaks:
    """See SeriesBreaks."""
    state = await load_series_breaks(call.parts.store, call.organisation)
    return SeriesBreaks(
        items=tuple(
            SeriesBreak(
                id=str(one.break_id),
                since=one.since,
                kind=one.kind,
                tables=one.tables,
                text_nl=one.text_nl,
                text_en=one.text_en,
            )
            for one in state.standing
        )
    )
