"""What is released is answered when its messages stand in the stream, and not before.

A database that is put back has lost what it drew since. What of that was published stands in the stream, and
is taken over; the rest is drawn again. So nobody may have seen what is in no message yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.contracts.live import Hint, Topic

if TYPE_CHECKING:
    from shared.runtime.calls import Parts

_TOLD: Final = {
    "SignalReleased": Topic.SIGNAL,
    "StatisticsReleased": Topic.STATISTICS,
    "TableReleased": Topic.STATISTICS,
}

# The new ends, and of those the organisations in which that shows readers something, and what.
_OPEN: Final = (
    "WITH moved AS ("
    "  SELECT organisation, coalesce(known.size, 0) AS before, mark.size FROM relay_mark AS mark"
    "  LEFT JOIN released_until AS known USING (organisation)"
    "  WHERE mark.size > coalesce(known.size, 0) AND NOT EXISTS ("
    "   SELECT FROM relay_queue AS queued WHERE queued.position > %s"
    "   AND queued.organisation = mark.organisation)"
    "), opened AS ("
    "  INSERT INTO released_until AS seen (organisation, size) SELECT organisation, size FROM moved"
    # Another replica may have looked later, and been first.
    "  ON CONFLICT (organisation) DO UPDATE SET size = greatest(seen.size, excluded.size)"
    ") SELECT DISTINCT moved.organisation, moved.size, split_part(event.type, '.', 1)"
    "  FROM moved JOIN event ON event.organisation = moved.organisation"
    "  AND event.leaf_index >= moved.before AND event.leaf_index < moved.size"
    "  WHERE split_part(event.type, '.', 1) = ANY (%s)"
)


async def open_to_readers(parts: Parts, position: int) -> None:
    """Let readers see each organisation's log as far as all that leaves of it has left. `position`: up to
    there the stream holds every message.

    Of an organisation with one message that has not left nothing new is shown: a tick's draws are in
    several, and readers see of a tick all or nothing. A log gets its places up to the end of a
    transaction (relay_mark), so the same is true of what has none yet.
    """
    async with parts.pool.connection() as connection:
        cursor = await connection.execute(_OPEN, (position, list(_TOLD)))
        opened = await cursor.fetchall()
    for organisation, size, shown in opened:
        parts.live.tell(_TOLD[shown], Hint(organisation=organisation), size - 1)
