"""After a round's last day: its sheets go from the box into the log, all together and shuffled."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from services.signals import pulse_box
from services.signals.domain.pulse import PulseSheetsKept, close
from services.signals.streams import load_round, pulse_stream
from shared.eventstore.damaged import DAMAGED
from shared.eventstore.store import Change, Conflict
from shared.runtime.service import TickFailed

if TYPE_CHECKING:
    from shared.runtime.calls import Parts

SYSTEM = "signals"
_SHEETS = 1_000
"""In one event."""


async def close_pulses(parts: Parts) -> bool:
    """Close what is over; answers whether anything was closed. What a crash left over is done again.

    Raises TickFailed, when all others are done, for rounds of which something cannot be read.
    """
    async with parts.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT organisation, period, status FROM pulse_round"
            " LEFT JOIN pulse_box USING (organisation, period)"
            " WHERE (status = 'open' AND closes_on < %s)"
            " OR (status <> 'open' AND pulse_box.organisation IS NOT NULL)",
            (parts.clock.now().date(),),
        )
        over: list[tuple[UUID, str, str]] = await cursor.fetchall()
    closed = False
    failed: dict[str, Exception] = {}
    for organisation, period, status in over:
        try:
            if status == "open":
                closed |= await _close(parts, organisation, period)
            else:
                await pulse_box.throw_away(parts, organisation, period)
        except DAMAGED as error:
            failed[f"{organisation}/pulse/{period}"] = error
    if failed:
        raise TickFailed(failed)
    return closed


async def _close(parts: Parts, organisation: UUID, period: str) -> bool:
    sheets = await pulse_box.shut(parts, organisation, period)
    pages = [sheets[start : start + _SHEETS] for start in range(0, len(sheets), _SHEETS)]
    kept = [
        Change(uuid4(), 1, PulseSheetsKept(period=period, sheets=tuple(page))) for page in pages
    ]
    state = await load_round(parts.store, organisation, period)
    event = close(state, [one.stream for one in kept], today=parts.clock.now().date())
    if event is None:
        return False
    changes = [*kept, Change(pulse_stream(organisation, period), state.version + 1, event)]
    try:
        appended = await parts.store.append(
            organisation, changes, actor=SYSTEM, at=parts.clock.now()
        )
    except Conflict:
        return False  # another replica was first
    await parts.projector.until(organisation, appended.last)
    await pulse_box.throw_away(parts, organisation, period)
    return True
