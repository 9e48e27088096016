"""The signals that an adviser writes or reviews, and one. The look is recorded."""

from __future__ import annotations

from typing import Any

from services.signals.domain.signal import Signal, evolve
from services.signals.projections.signals import adviser_pseudonym
from services.signals.shapes import as_uuid, content_to_bus, sealed_to_bus
from services.signals.streams import load_signal
from shared.contracts.errors import Code, Refusal
from shared.contracts.rpc import (
    ById,
    Empty,
    SignalDraft,
    SignalDrafts,
    SignalDraftSummary,
)
from shared.runtime.calls import Call

_MOST = 200


async def signal_drafts(call: Call, _request: Empty) -> SignalDrafts:
    """See SignalDrafts. At most 200."""
    asker = adviser_pseudonym(call.parts.ring, call.organisation, call.principal.subject)
    async with call.parts.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT signal_id FROM signal_index WHERE organisation = %s"
            " AND (author = %s OR reviewer = %s OR author IS NULL)"
            " ORDER BY changed DESC LIMIT %s",
            (call.organisation, asker, asker, _MOST),
        )
        ids = [row[0] for row in await cursor.fetchall()]
    if ids:
        await call.record_access("signal_drafts")
    loaded: dict[Any, Signal] = {}
    for one in sorted(
        await call.parts.store.load_many(call.organisation, ids), key=lambda one: one.version
    ):
        loaded[one.stream] = evolve(loaded.get(one.stream, Signal()), one.event)
    return SignalDrafts(
        items=tuple(
            SignalDraftSummary(
                id=str(signal_id),
                status=loaded[signal_id].status.value,
                revision=loaded[signal_id].revision,
                author_id=loaded[signal_id].author_id,
                reviewer_id=loaded[signal_id].reviewer_id,
                theme=loaded[signal_id].known.theme,
                place_name=loaded[signal_id].known.place_name,
                period=loaded[signal_id].known.period,
                direction=loaded[signal_id].known.direction,
            )
            for signal_id in ids
        )
    )


async def signal_draft(call: Call, request: ById) -> SignalDraft:
    """See SignalDraft. Another adviser's looks like none."""
    signal_id = as_uuid(request.id, "id")
    state = await load_signal(call.parts.store, call.organisation, signal_id)
    content = state.known
    if state.author_id is not None and call.principal.subject not in (
        state.author_id,
        state.reviewer_id,
    ):
        raise Refusal(Code.NOT_FOUND)
    await call.record_access("signal_draft", signal_id)
    return SignalDraft(
        id=str(signal_id),
        status=state.status.value,
        revision=state.revision,
        author_id=state.author_id,
        reviewer_id=state.reviewer_id,
        content=content_to_bus(content),
        commitment=state.commitment,
        sealed=sealed_to_bus(state.sealed),
        remarks=sealed_to_bus(state.remarks),
        text=state.text,
    )
