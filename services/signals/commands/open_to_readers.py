"""What is released is answered when its messages stand in the stream, and not before.

A database that is put back has lost what it drew since. What of that was published stands in the stream, and
is taken over; the rest is drawn again. So nobody may have seen what is in no message yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.runtime.calls import Parts


async def open_to_readers(parts: Parts, position: int) -> None:
    """Let readers see each organisation's log as far as all that leaves of it has left. `position`: up to
    there the stream holds every message.

    Of an organisation with one message that has not left nothing new is shown: a tick's draws are in
    several, and readers see of a tick all or nothing. A log gets its places up to the end of a
    transaction (relay_mark), so the same is true of what has none yet.
    """
    async with parts.pool.connection() as connection:
        await connection.execute(
            "INSERT INTO released_until AS seen (organisation, size)"
            " SELECT organisation, mark.size FROM relay_mark AS mark"
            " LEFT JOIN released_until AS known USING (organisation)"
            " WHERE mark.size > coalesce(known.size, 0) AND NOT EXISTS ("
            "  SELECT FROM relay_queue AS queued WHERE queued.position > %s"
            "  AND queued.organisation = mark.organisation)"
            # Another replica may have looked later, and been first.
            " ON CONFLICT (organisation) DO UPDATE SET size = greatest(seen.size, excluded.size)",
            (position,),
        )
