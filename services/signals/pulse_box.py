"""The box of a running round: who has answered, and what was answered, with nothing between them.

In one transaction a token is marked as used and a sheet is put into the box: neither without the other,
so a token that is used has an answer that counts. The box is one block of bytes for all sheets of a
round. Each answer opens it, puts its sheet in, shuffles and encrypts everything anew, so that nothing in
the table tells the order of the sheets; nothing of it stands in the log before the round is over, and
then all sheets go into the log together, without any token.

What that does not hide, from whom: docs/pulse.md.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, Final

import msgspec

from services.signals.domain.pulse import PulseSheet
from services.signals.streams import pulse_stream
from shared.contracts.errors import Code, Refusal

if TYPE_CHECKING:
    from uuid import UUID

    import psycopg

    from shared.runtime.calls import Parts

_KIND: Final = b"hoeksteen/pulse-box/v1"

_shuffle = random.SystemRandom().shuffle


async def put(
    parts: Parts, organisation: UUID, period: str, token_hash: bytes, sheet: PulseSheet
) -> None:
    """Use the token up and keep the sheet; both are durable when this returns.

    Raises Refusal PULSE_ANSWERED, PULSE_NOT_OPEN for a round that was closed a moment ago.
    """
    async with parts.pool.connection() as connection, connection.transaction():
        cursor = await connection.execute(
            "INSERT INTO pulse_used (organisation, period, hash) VALUES (%s, %s, %s)"
            " ON CONFLICT DO NOTHING",
            (organisation, period, token_hash),
        )
        if cursor.rowcount == 0:
            raise Refusal(Code.PULSE_ANSWERED)
        # A row to lock: of several who answer at once each opens what the other has put in.
        empty = await _sealed(parts, organisation, period, [])
        await connection.execute(
            "INSERT INTO pulse_box (organisation, period, closed, key_id, nonce, ciphertext)"
            " VALUES (%s, %s, false, %s, %s, %s) ON CONFLICT DO NOTHING",
            (organisation, period, *empty),
        )
        closed, sheets = await _opened(parts, connection, organisation, period)
        if closed:
            raise Refusal(Code.PULSE_NOT_OPEN)
        sheets.append(sheet)
        _shuffle(sheets)
        await connection.execute(
            "UPDATE pulse_box SET key_id = %s, nonce = %s, ciphertext = %s"
            " WHERE organisation = %s AND period = %s",
            (*await _sealed(parts, organisation, period, sheets), organisation, period),
        )


async def shut(parts: Parts, organisation: UUID, period: str) -> list[PulseSheet]:
    """Take no more answers, and give those that are in the box, in the random order of the box."""
    async with parts.pool.connection() as connection, connection.transaction():
        empty = await _sealed(parts, organisation, period, [])
        await connection.execute(
            "INSERT INTO pulse_box (organisation, period, closed, key_id, nonce, ciphertext)"
            " VALUES (%s, %s, true, %s, %s, %s)"
            " ON CONFLICT (organisation, period) DO UPDATE SET closed = true",
            (organisation, period, *empty),
        )
        _, sheets = await _opened(parts, connection, organisation, period)
    return sheets


async def throw_away(parts: Parts, organisation: UUID, period: str) -> None:
    """Remove box and used tokens of a round whose sheets are in the log."""
    async with parts.pool.connection() as connection, connection.transaction():
        for statement in (
            "DELETE FROM pulse_box WHERE organisation = %s AND period = %s",
            "DELETE FROM pulse_used WHERE organisation = %s AND period = %s",
        ):
            await connection.execute(statement, (organisation, period))


async def _sealed(
    parts: Parts, organisation: UUID, period: str, sheets: list[PulseSheet]
) -> tuple[UUID, bytes, bytes]:
    stream = pulse_stream(organisation, period)
    sealed = await parts.store.seal_beside(
        organisation, stream, _KIND, stream, 0, msgspec.json.encode(sheets)
    )
    return sealed.key_id, sealed.nonce, sealed.ciphertext


async def _opened(
    parts: Parts,
    connection: psycopg.AsyncConnection[Any],
    organisation: UUID,
    period: str,
) -> tuple[bool, list[PulseSheet]]:
    """Whether it is shut, and what is in it; locked until the caller's transaction ends."""
    cursor = await connection.execute(
        "SELECT closed, key_id, nonce, ciphertext FROM pulse_box"
        " WHERE organisation = %s AND period = %s FOR UPDATE",
        (organisation, period),
    )
    row = await cursor.fetchone()
    # One that was thrown away a moment ago: the round is over.
    over = await connection.execute(
        "SELECT FROM pulse_round WHERE organisation = %s AND period = %s AND status <> 'open'",
        (organisation, period),
    )
    if row is None or await over.fetchone() is not None:
        return True, []
    stream = pulse_stream(organisation, period)
    block = await parts.store.open_beside(organisation, stream, _KIND, stream, 0, *row[1:])
    return row[0], msgspec.json.decode(block, type=list[PulseSheet])
