"""At which position of the log a question about the past is answered.

Not at any position, but at that of the newest checkpoint at or below it
(docs/adr/0017-as-of-a-checkpoint.md): how many entries stand between two releases tells how many
cases came in, and whoever may ask for every position can count them. Checkpoints grow by whole tiles
of blank entries, and are public.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.contracts.errors import invalid

if TYPE_CHECKING:
    from shared.runtime.calls import Call


async def checkpoint_at(call: Call, as_of: int | None) -> int | None:
    """How many entries the log had at its newest checkpoint of at most `as_of`; None for the present.

    0 before the first checkpoint. Raises Refusal INVALID_INPUT for a number below zero, and for one
    beyond the newest checkpoint.
    """
    if as_of is None:
        return None
    if as_of < 0:
        raise invalid("asOf", "it cannot be below zero")
    async with call.parts.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT coalesce(max(size), 0),"
            " coalesce(max(size) FILTER (WHERE size <= %s::bigint), 0)"
            " FROM checkpoint_mark WHERE organisation = %s",
            (as_of, call.organisation),
        )
        row = await cursor.fetchone()
    newest, found = (0, 0) if row is None else (int(row[0]), int(row[1]))
    if as_of > newest:
        raise invalid("asOf", "the newest checkpoint of this log is at {newest}", newest=newest)
    return found
