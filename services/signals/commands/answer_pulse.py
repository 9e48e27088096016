"""Somebody answers a pulse. It stands in no log while the round runs: not that they did, nor when."""

from __future__ import annotations

from services.signals import pulse_box
from services.signals.domain import pulse
from services.signals.streams import load_round
from shared.contracts.errors import Code, Refusal
from shared.contracts.rpc import AnswerPulse, Done
from shared.identity.pulse import stored_hash
from shared.runtime.calls import Call


async def answer_pulse(call: Call, request: AnswerPulse) -> Done:
    """See AnswerPulse. A token that nobody issued is told NOT_FOUND."""
    token_hash = stored_hash(call.principal.subject)
    async with call.parts.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT period FROM pulse_token JOIN pulse_round USING (organisation, period)"
            " WHERE organisation = %s AND hash = %s ORDER BY closes_on DESC LIMIT 1",
            (call.organisation, token_hash),
        )
        row = await cursor.fetchone()
    if row is None:
        raise Refusal(Code.NOT_FOUND)
    period: str = row[0]
    state = await load_round(call.parts.store, call.organisation, period)
    frozen = state.known
    if state.kept is not None or not pulse.is_open(frozen, call.now.date()):
        raise Refusal(Code.PULSE_NOT_OPEN)
    sheet = pulse.sheet_of(frozen, request.place, request.answers)
    await pulse_box.put(call.parts, call.organisation, period, token_hash, sheet)
    return Done(id=period, position=0)
