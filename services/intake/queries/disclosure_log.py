"""Every step of every disclosure, for the auditor: codes and weeks, no words and no case."""

from __future__ import annotations

from typing import Any

from services.intake.domain import disclosure
from services.intake.pages import check_first
from services.intake.queries.disclosures import answers_of
from shared.contracts.errors import invalid
from shared.contracts.rpc import DisclosureLog, DisclosureLogQuery, DisclosureStep
from shared.eventstore.store import Recorded
from shared.runtime.calls import Call

_MOST = 500
_LARGEST_INDEX = 2**63

_OF_THE_SECOND = frozenset({"DisclosureConfirmed", "DisclosureRefused"})

# The types stand in the text for the sake of the index on them (migrations/0003).
_STEPS = (
    "SELECT leaf_index, stream, type, week, actor FROM event"
    " WHERE organisation = %s AND leaf_index >= %s AND type IN ('DisclosureRequested',"
    " 'DisclosureConfirmed', 'DisclosureRefused', 'ReporterInformed', 'ReporterNotInformed')"
    " ORDER BY leaf_index LIMIT %s"
)


async def disclosure_log(call: Call, request: DisclosureLogQuery) -> DisclosureLog:
    """See DisclosureLog."""
    check_first(request.first, _MOST)
    if not 0 <= request.start < _LARGEST_INDEX:
        raise invalid("start", "it cannot be below zero")
    await call.record_access("disclosure_log")
    async with call.parts.pool.connection() as connection:
        cursor = await connection.execute(
            _STEPS, (call.organisation, request.start, request.first + 1)
        )
        rows = await cursor.fetchall()
    shown = rows[: request.first]
    recorded = await call.parts.store.load_many(call.organisation, list({row[1] for row in shown}))
    events = {one.index: one for one in recorded}
    return DisclosureLog(
        steps=tuple(_step(row, events) for row in shown),
        next=rows[request.first][0] if len(rows) > request.first else None,
    )


def _step(row: Any, events: dict[int, Recorded]) -> DisclosureStep:
    index, _, kind, week, actor = row
    event: disclosure.Event | None = events[index].event
    requested = event if isinstance(event, disclosure.DisclosureRequested) else None
    return DisclosureStep(
        index=index,
        week=week,
        kind=kind,
        by="second_adviser" if kind in _OF_THE_SECOND else "adviser",
        actor=actor,
        disclosure_id=None if event is None else str(event.disclosure_id),
        ground=None if requested is None else requested.ground,
        recipient=None if requested is None else requested.recipient,
        answers=() if requested is None else answers_of(requested),
        why_not=event.why if isinstance(event, disclosure.ReporterNotInformed) else None,
    )
