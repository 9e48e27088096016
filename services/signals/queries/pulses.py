"""Which rounds are open or announced. Nobody's look is recorded: employees look before they answer."""

from __future__ import annotations

import msgspec

from services.signals.question import Question
from shared.contracts.rpc import Empty, Pulse, Pulses


async def pulses(question: Question, _request: Empty) -> Pulses:
    """See Pulses."""
    async with question.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT content FROM released_pulse_round WHERE organisation = %s",
            (question.organisation,),
        )
        rows = await cursor.fetchall()
    rounds = [msgspec.json.decode(content, type=Pulse) for (content,) in rows]
    today = question.now.date()
    return Pulses(
        items=tuple(
            sorted((one for one in rounds if one.closes_on >= today), key=lambda one: one.closes_on)
        )
    )
